"""Every lesson and every solved assignment runs as its reader will run it."""

import os
import re
import shutil
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from rules import Unit, is_manual, labs, role, units

pytestmark = pytest.mark.slow

UNITS = units()
ASSIGNMENTS = [*UNITS, *labs()]
LESSON_SECONDS = 90
ASSIGNMENT_SECONDS = 60


def run(path: Path, folder: Path, seconds: float) -> tuple[nbformat.NotebookNode, float]:
    """Execute a notebook in `folder` with an empty home and without a data mirror."""
    book = nbformat.read(path, as_version=4)
    env = {k: v for k, v in os.environ.items() if not k.startswith("MILLWRIGHT_")}
    env |= {"HOME": str(folder), "PYTHONWARNINGS": "default", "MPLCONFIGDIR": str(folder / ".mpl")}
    # A lab's machine lives in the notebook's process, as where it is graded: no time is waited for.
    env["MILLWRIGHT_LINK"] = "here"
    client = NotebookClient(
        book, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    began = time.monotonic()
    client.execute(env=env)
    return book, time.monotonic() - began


def complaints(book: nbformat.NotebookNode) -> list[str]:
    """Return what a reader should never see: warnings, errors, figures without alt text."""
    found = []
    for cell in book.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"{cell.id}: {output.text.strip()[:300]}")
            data = output.get("data", {})
            html = "".join(data.get("text/html", ""))
            if "image/png" in data and "<img" not in html:
                found.append(f"{cell.id}: a figure without alt text")
            for tag in re.findall(r"<img\b[^>]*>", html):
                if not re.search(r'\balt="[^"]{20,}"', tag):
                    found.append(f"{cell.id}: an image without alt text")
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_lesson_runs(unit: Unit, tmp_path: Path) -> None:
    shutil.copytree(unit.folder / "lessons", tmp_path / "lessons")
    book, seconds = run(unit.lesson, tmp_path / "lessons", LESSON_SECONDS)
    assert complaints(book) == []
    assert seconds < LESSON_SECONDS


@pytest.mark.parametrize("unit", ASSIGNMENTS, ids=lambda unit: unit.name)
def test_solved_assignment_runs(unit: Unit, tmp_path: Path) -> None:
    shutil.copytree(unit.source.parent, tmp_path / unit.name)
    book, seconds = run(unit.source, tmp_path / unit.name, ASSIGNMENT_SECONDS)
    assert complaints(book) == []
    assert seconds < ASSIGNMENT_SECONDS


@pytest.mark.parametrize("unit", ASSIGNMENTS, ids=lambda unit: unit.name)
def test_every_answer_can_be_reached_from_an_empty_notebook(unit: Unit) -> None:
    for cell in unit.source_cells:
        if role(cell).get("solution") and not is_manual(cell):
            begin, end = cell.source.index("### BEGIN SOLUTION"), cell.source.index("### END")
            assert cell.source[begin:end].count("\n") > 1, f"{cell.id} asks for nothing"
