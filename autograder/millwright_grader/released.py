"""What the course released: the only source of truth about an assignment's cells.

The gradebook holds every cell that nbgrader manages, with hidden tests;
``release/<assignment>/`` holds the pages as the students got them.  Nothing in here comes
from a student.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.corpus.words import generate_corpus_id
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.api import Notebook as NotebookRow
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme
from traitlets.config import Config

from millwright_grader.errors import UnknownAssignmentError

PYTHON = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def new_cell(cell_type: str, source: str, cell_id: str = "") -> NotebookNode:
    """Return a cell without metadata.

    nbformat's own functions look whether each cell is valid, which takes longer than the rest of
    what is done to it; the whole notebook is looked at when it is written.
    """
    node = NotebookNode(
        id=cell_id or generate_corpus_id(),
        cell_type=cell_type,
        metadata=NotebookNode(),
        source=source,
    )
    if cell_type == "code":
        node.update(execution_count=None, outputs=[])
    return node


@dataclass(frozen=True)
class ReleasedCell:
    """A cell that nbgrader manages.

    Attributes
    ----------
    name : str
        Its grade id.
    id : str
        Its cell id in the released notebook, or its name.
    cell_type : str
        ``"code"`` or ``"markdown"``.
    source : str
        As the grader runs it: hidden tests included, solutions cleared.
    shown : str
        As the students got it.
    metadata : dict
        The author's cell metadata; its ``nbgrader`` part as nbgrader's schema wants it.
    """

    name: str
    id: str
    cell_type: str
    source: str
    shown: str
    metadata: dict[str, Any]

    @property
    def is_grade(self) -> bool:
        """Whether points are given for the cell."""
        return bool(self.metadata["nbgrader"]["grade"])

    @property
    def is_solution(self) -> bool:
        """Whether the student writes into the cell."""
        return bool(self.metadata["nbgrader"]["solution"])

    @property
    def is_task(self) -> bool:
        """Whether the cell sets a task that is marked by hand."""
        return bool(self.metadata["nbgrader"]["task"])

    @property
    def is_test(self) -> bool:
        """Whether running the cell decides points."""
        return self.is_grade and not self.is_solution

    @property
    def is_locked(self) -> bool:
        """Whether the student may not change the cell (nbgrader's rule)."""
        if self.is_solution:
            return False
        return self.is_grade or bool(self.metadata["nbgrader"]["locked"])

    def node(self) -> NotebookNode:
        """Return the cell as the grader runs it."""
        node = new_cell(self.cell_type, self.source, self.id)
        node.metadata = nbformat.from_dict(json.loads(json.dumps(self.metadata)))
        return node


@dataclass(frozen=True)
class ReleasedNotebook:
    """A notebook of an assignment: its managed cells in order, and the page around them."""

    name: str
    kernelspec: dict[str, Any]
    cells: tuple[ReleasedCell, ...]
    page: tuple[NotebookNode, ...]

    @cached_property
    def by_name(self) -> dict[str, ReleasedCell]:
        """The managed cells by grade id."""
        return {cell.name: cell for cell in self.cells}

    @cached_property
    def by_id(self) -> dict[str, ReleasedCell]:
        """The managed cells by the cell id they were released with."""
        return {cell.id: cell for cell in self.cells}

    def blank(self) -> list[NotebookNode]:
        """Return the cells of a notebook in which nothing was answered."""
        names = {cell.id: cell for cell in self.cells}
        if not self.page:
            return [cell.node() for cell in self.cells]
        return [names[node.id].node() if node.id in names else _copy(node) for node in self.page]


@dataclass(frozen=True)
class Released:
    """An assignment as released."""

    name: str
    notebooks: dict[str, ReleasedNotebook]
    grade_ids_of: dict[str, frozenset[str]]

    @cached_property
    def version(self) -> str:
        """Digest of everything that decides scores; changes when a test changes."""
        text = json.dumps(
            [
                [notebook.name, notebook.kernelspec]
                + [[cell.name, cell.source, cell.metadata["nbgrader"]] for cell in notebook.cells]
                for notebook in self.notebooks.values()
            ],
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def looks_like(self, grade_ids: set[str]) -> str:
        """Return the other assignment of this course that these grade ids belong to, or ''."""
        found = {
            assignment: len(grade_ids & theirs)
            for assignment, theirs in self.grade_ids_of.items()
            if assignment != self.name and grade_ids & theirs
        }
        return max(found, key=lambda assignment: found[assignment]) if found else ""


def load(coursedir: CourseDirectory, assignment: str, config: Config | None = None) -> Released:
    """Read an assignment from the gradebook and ``release/``.

    Parameters
    ----------
    coursedir : CourseDirectory
    assignment : str
    config : Config, optional
        For nbgrader's own delimiters of hidden tests and mark schemes.

    Raises
    ------
    UnknownAssignmentError
    """
    release = Path(coursedir.format_path(coursedir.release_directory, ".", assignment))
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        try:
            row = gradebook.find_assignment(assignment)
        except MissingEntry:
            known = sorted(row.name for row in gradebook.assignments)
            raise UnknownAssignmentError(assignment, known) from None
        notebooks = {
            notebook.name: _notebook(notebook, release / f"{notebook.name}.ipynb", config)
            for notebook in row.notebooks
        }
        grade_ids_of = {
            other.name: frozenset(
                cell.name for notebook in other.notebooks for cell in notebook.source_cells
            )
            for other in gradebook.assignments
        }
    if not notebooks:
        raise UnknownAssignmentError(assignment, [])
    return Released(assignment, notebooks, grade_ids_of)


def _notebook(row: NotebookRow, released: Path, config: Config | None) -> ReleasedNotebook:
    page: tuple[NotebookNode, ...] = ()
    if released.exists():
        node = nbformat.read(released, as_version=4)
        if node.nbformat_minor < 5:
            node = nbformat.v4.upgrade(node)
        page = tuple(node.cells)
    nodes = {
        node.metadata["nbgrader"]["grade_id"]: node
        for node in page
        if node.metadata.get("nbgrader", {}).get("grade_id")
    }
    points = {cell.name: cell.max_score for cell in [*row.grade_cells, *row.task_cells]}
    grades = {cell.name for cell in row.grade_cells}
    solutions = {cell.name for cell in row.solution_cells}
    tasks = {cell.name for cell in row.task_cells}

    cells = []
    for source in row.source_cells:
        name = source.name
        nbgrader = {
            "schema_version": SCHEMA_VERSION,
            "grade_id": name,
            "grade": name in grades,
            "solution": name in solutions,
            "task": name in tasks,
            "locked": source.locked,
            "cell_type": source.cell_type,
            "checksum": source.checksum,
        }
        if name in points:
            nbgrader["points"] = points[name]
        page_node = nodes.get(name)
        metadata = dict(page_node.metadata) if page_node else {}
        cell = ReleasedCell(
            name=name,
            id=page_node.id if page_node else name[:64],
            cell_type=source.cell_type,
            source=source.source,
            shown=page_node.source if page_node else "",
            metadata=metadata | {"nbgrader": nbgrader},
        )
        if not page_node:
            cell = ReleasedCell(**vars(cell) | {"shown": _without_tests(cell, config)})
        cells.append(cell)
    # The order of the page is the author's; the gradebook keeps none of its own.
    place = {name: number for number, name in enumerate(nodes)}
    cells.sort(key=lambda cell: place.get(cell.name, len(place)))
    kernelspec = json.loads(row.kernelspec or "null") or PYTHON
    return ReleasedNotebook(row.name, kernelspec, tuple(cells), page)


def _without_tests(cell: ReleasedCell, config: Config | None) -> str:
    node = cell.node()
    for remover in (ClearHiddenTests(config=config), ClearMarkScheme(config=config)):
        remover.enforce_metadata = False
        node, _ = remover.preprocess_cell(node, {}, 0)
    return str(node.source)


def _copy(node: NotebookNode) -> NotebookNode:
    return nbformat.from_dict(json.loads(json.dumps(node)))
