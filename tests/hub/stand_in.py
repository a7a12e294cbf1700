"""A small course, for tests that ask about the hub and not about content."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}

SOLUTION = """\
def resistance(voltage, current):
    ### BEGIN SOLUTION
    return voltage / current
    ### END SOLUTION"""
VISIBLE = (
    "assert resistance(10.0, 2.0) == 5.0, 'Ohm: what does the resistance do as current grows?'"
)
HIDDEN = f"""\
{VISIBLE}
### BEGIN HIDDEN TESTS
assert abs(resistance(230.0, 10.0) - 23.0) < 1e-9, 'not for a heater on the mains'
### END HIDDEN TESTS"""


# What nbgrader's pages send for the assignment.
U1 = {"course_id": "ohm", "assignment_id": "u1"}


def marked(cell_id: str, source: str, **flags: object) -> nbformat.NotebookNode:
    """A code cell with nbgrader's metadata."""
    nbgrader = {"schema_version": 3, "grade": False, "locked": False, "solution": False}
    metadata = {"nbgrader": nbgrader | {"task": False, "grade_id": cell_id} | flags}
    return new_code_cell(source, id=cell_id, metadata=metadata)


def write(path: Path, cells: list[nbformat.NotebookNode]) -> None:
    """Save a notebook, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)


def make_course(courses: Path, name: str = "ohm") -> Path:
    """Write a course with one lesson and one assignment, `u1`."""
    course = courses / name
    lesson = [
        new_markdown_cell("# Ohm's law", id="head"),
        new_code_cell("print(6 * 7)", id="first"),
    ]
    write(course / "lessons" / "u1.ipynb", lesson)
    write(
        course / "source" / "u1" / "u1.ipynb",
        [
            new_markdown_cell("# Assignment", id="head"),
            marked("u1-resistance", SOLUTION, solution=True),
            marked("u1-resistance-test", HIDDEN, grade=True, locked=True, points=3),
        ],
    )
    config = f'c = get_config()\nc.CourseDirectory.course_id = "{name}"\n'
    (course / "nbgrader_config.py").write_text(config)
    return course
