"""A progress bar for calls that take a while; quiet where nobody watches."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm.auto import tqdm

Item = TypeVar("Item")


def watched(items: Iterable[Item], total: int, progress: bool | None) -> Iterator[Item]:
    """Go through `items` with a bar: if asked for, or on a terminal or in a notebook."""
    if progress is None:
        progress = sys.stderr.isatty() or _in_notebook()
    yield from tqdm(items, total=total, disable=not progress)


def _in_notebook() -> bool:
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
