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

from millwright_grader.configuration import configure
from millwright_grader.errors import GraderError
from millwright_grader.receipts import verify_receipt

__all__ = ["GraderError", "configure", "verify_receipt"]
