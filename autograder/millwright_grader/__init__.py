"""Honest, robust grading for any nbgrader course.

::

    # nbgrader_config.py
    from millwright_grader import configure

    c = get_config()
    configure(c)

`configure` sets nbgrader's own extension points, nothing is replaced behind its back:
``nbgrader`` on the command line, formgrader's buttons, the Assignment List of JupyterLab
and ``millwright-grade`` then all behave the same.  This package knows nbgrader and
Jupyter only; no course, plant or data set.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from millwright_grader.configuration import configure
    from millwright_grader.errors import GraderError
    from millwright_grader.receipts import verify_receipt

__all__ = ["GraderError", "configure", "verify_receipt"]

# Loaded when asked for: the processes that run student code need nothing of nbgrader, whose import
# takes longer than all of theirs.
_PLACES = {"configure": "configuration", "GraderError": "errors", "verify_receipt": "receipts"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
