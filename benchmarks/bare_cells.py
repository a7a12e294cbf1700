"""What the cells of one submission take by themselves: a limit for every grader.

``python bare_cells.py <submitted notebook> <author's notebook>`` runs the student's cells, and the
author's in the place of the locked ones, one after the other in this process, without sandbox,
kernel or notebook. It does so until everything is loaded and warm, and prints the processor time
(s) of the last round.
"""

import contextlib
import io
import os
import sys
import time
from pathlib import Path

import matplotlib as mpl
import nbformat
from millwright_grader.split.magics import without_magics
from nbgrader.utils import is_locked

ROUNDS = 3


def seconds_of(sources: list[str]) -> float:
    """Run cells as one program; return processor time (s). What a cell raises is its own affair."""
    began, names = time.process_time(), {"__name__": "__main__"}
    for source in sources:
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, "<cell>", "exec"), names)
    return time.process_time() - began


def main(submitted: str, authors: str) -> None:
    """Print the time of the last of some rounds."""
    mpl.use("agg")
    page, source = (nbformat.read(path, as_version=4) for path in (submitted, authors))
    locked = {c.metadata.nbgrader.grade_id: c.source for c in source.cells if is_locked(c)}
    cells = [
        without_magics(
            locked.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source), every=True
        )
        for cell in page.cells
        if cell.cell_type == "code"
    ]
    os.chdir(Path(submitted).parent)
    print([seconds_of(cells) for _ in range(ROUNDS)][-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
