"""From a student's file to a notebook that is safe to grade.

Nothing in a submitted notebook is trusted but the text of its cells: type, source, which
released cell it claims to be, cell id and pasted images are read, everything else
(metadata, tags, kernel, outputs, schema versions) is dropped.  Then the released cells are
laid over it: test and read-only cells are the course's own, each exactly once, in the
released order.
"""

import json
import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.corpus.words import generate_corpus_id

from millwright_grader.errors import UnreadableNotebookError
from millwright_grader.flags import Flag, flag, one_line
from millwright_grader.intake import open_regular
from millwright_grader.released import Released, ReleasedCell, ReleasedNotebook, new_cell

MAX_CELLS = 10_000
# How many other .ipynb files are opened in search of a renamed notebook.
MAX_CANDIDATES = 20

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # nbformat 4.5
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# Tags that nbclient and `split` obey; on a test cell they decide whether and where it runs.
_ACTIVE_TAGS = frozenset({"skip-execution", "raises-exception", "in-kernel"})


@dataclass
class StudentCell:
    """What is read of a cell.

    ``claim`` is the grade id that its metadata name, or an empty string.
    """

    cell_type: str
    source: str
    claim: str = ""
    id: str = ""
    tags: frozenset[str] = frozenset()
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)

    def node(self, taken: Container[str] = ()) -> NotebookNode:
        """Return the cell with nothing of the student's metadata.

        It keeps its id unless that is ``taken``.
        """
        kept = self.id if self.id not in taken else ""
        node = new_cell(self.cell_type, self.source, kept)
        if self.attachments and self.cell_type == "markdown":
            node.attachments = nbformat.from_dict(self.attachments)
        return node


@dataclass
class StudentNotebook:
    """What is read of a notebook; ``mended`` if characters had to be replaced."""

    cells: list[StudentCell]
    mended: bool = False

    @property
    def claims(self) -> set[str]:
        """All grade ids that cells claim."""
        return {cell.claim for cell in self.cells if cell.claim}


def read_notebook(path: Path, max_bytes: int) -> StudentNotebook:
    """Read a submitted notebook, or say in one clause why it cannot be read.

    Parameters
    ----------
    path : Path
    max_bytes : int
        Larger files are not read.

    Raises
    ------
    UnreadableNotebookError
        Whatever is wrong with the file.
    """
    try:
        with open_regular(path) as stream:
            content = stream.read(max_bytes + 1)
    except OSError as error:
        raise UnreadableNotebookError(str(error.strerror or error)) from None
    if len(content) > max_bytes:
        raise UnreadableNotebookError(f"it is larger than {max_bytes / 1e6:.0f} MB")
    try:
        page = json.loads(content)
    except json.JSONDecodeError as error:
        raise UnreadableNotebookError(
            f"not valid JSON at line {error.lineno}, column {error.colno} ({error.msg})"
        ) from None
    except UnicodeDecodeError:
        raise UnreadableNotebookError("not UTF-8 text") from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UnreadableNotebookError(one_line(reason, 80)) from None
    return _parse(page)


def grade_ready(
    folder: Path, notebook: ReleasedNotebook, released: Released, max_bytes: int
) -> tuple[NotebookNode, list[Flag]]:
    """Return one notebook of a submission, ready to be run, and what was noticed.

    Parameters
    ----------
    folder : Path
        The submission, past the door.
    notebook : ReleasedNotebook
        Which notebook of the assignment is wanted.
    released : Released
        The whole assignment, to recognise its other notebooks.
    max_bytes : int
        Larger files are not read.

    Returns
    -------
    NotebookNode
        Valid nbformat 4.5.  If nothing of the student's could be used, the notebook as
        released: every cell is there and scores 0.
    list of Flag
    """
    file = f"{notebook.name}.ipynb"
    student, flags = _find(folder, notebook, released, max_bytes)
    if student is None:
        cells = notebook.blank()
    else:
        if student.mended:
            flags.append(flag("characters", file=file))
        cells, noticed = restore(student.cells, notebook)
        flags += noticed
    node = NotebookNode(
        cells=_with_unique_ids(cells),
        metadata=NotebookNode(kernelspec=nbformat.from_dict(notebook.kernelspec)),
        nbformat=4,
        nbformat_minor=5,
    )
    return node, flags


def restore(
    student: list[StudentCell], notebook: ReleasedNotebook
) -> tuple[list[NotebookNode], list[Flag]]:
    """Lay the released cells over the student's.

    Parameters
    ----------
    student : list of StudentCell
    notebook : ReleasedNotebook

    Returns
    -------
    list of NotebookNode
        Each managed cell at most once, in released order; test, task and read-only cells
        as released; every other cell of the student stays behind the managed cell that it
        followed.
    list of Flag
    """
    owner, copies = _match(student, notebook)
    noticed: dict[str, list[str]] = {"edited": [], "tags": []}

    # Each managed cell leads a segment: itself and the student's own cells after it.
    head: list[NotebookNode] = []
    segments: dict[str, list[NotebookNode]] = {}
    segment = head
    for number, cell in enumerate(student):
        released = owner.get(number)
        if released is None:
            segment.append(cell.node(taken=notebook.by_id))
            continue
        if released.is_locked and _differs(cell.source, released.shown, released.source):
            noticed["edited"].append(released.name)
        author_tags = set(released.metadata.get("tags", []))
        if (cell.tags - author_tags) & _ACTIVE_TAGS:
            noticed["tags"].append(released.name)
        segment = segments[released.name] = [_laid_over(cell, released)]

    kept_order = [cell.name for cell in notebook.cells if cell.name in segments]
    moved = kept_order != list(segments)
    missing = [cell for cell in notebook.cells if cell.name not in segments]
    for gone in missing:
        # A missing answer cell stays away: its stub would undo an answer written elsewhere.
        if gone.is_grade or gone.is_task or gone.is_locked:
            segments[gone.name] = [gone.node()]
    cells = head + [node for cell in notebook.cells for node in segments.get(cell.name, [])]

    file = f"{notebook.name}.ipynb"
    put_back = [cell.name for cell in missing if cell.name in segments]
    lost = [cell.name for cell in missing if cell.name not in segments]
    flags = [
        flag(kind, file=file, cells=names)
        for kind, names in (
            ("deleted", put_back),
            ("answer-deleted", lost),
            ("copied", copies),
            ("edited", noticed["edited"]),
            ("tags", noticed["tags"]),
        )
        if names
    ]
    if moved:
        flags.append(flag("moved", file=file))
    if _unanswered(owner, student, notebook):
        flags.append(flag("unanswered", file=file))
    return cells, flags


def _parse(page: Any) -> StudentNotebook:
    if not isinstance(page, dict):
        raise UnreadableNotebookError("it is JSON, but not a notebook")
    if "worksheets" in page:
        try:
            page = nbformat.convert(nbformat.from_dict(page), 4)
        except Exception as error:  # whatever nbformat stumbles over in a student's file
            reason = f"it is an old notebook that nbformat cannot convert ({error})"
            raise UnreadableNotebookError(one_line(reason, 120)) from None
    raw_cells = page.get("cells")
    if not isinstance(raw_cells, list):
        raise UnreadableNotebookError("it is JSON, but has no list of cells")
    if len(raw_cells) > MAX_CELLS:
        raise UnreadableNotebookError(f"it has more than {MAX_CELLS} cells")
    notebook = StudentNotebook([])
    for raw in raw_cells:
        if isinstance(raw, dict):
            cell = _parse_cell(raw)
            source = _mend(cell.source)
            notebook.mended |= source != cell.source
            cell.source = source
            notebook.cells.append(cell)
    return notebook


def _parse_cell(raw: dict[Any, Any]) -> StudentCell:
    cell_type = raw.get("cell_type")
    source = raw.get("source")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    claim = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    tags = metadata.get("tags")
    cell_id = raw.get("id")
    return StudentCell(
        cell_type=cell_type if cell_type in ("code", "markdown") else "raw",
        source=source if isinstance(source, str) else "",
        claim=_mend(claim) if isinstance(claim, str) else "",
        id=cell_id if isinstance(cell_id, str) and _CELL_ID.fullmatch(cell_id) else "",
        tags=frozenset(tag for tag in tags if isinstance(tag, str))
        if isinstance(tags, list)
        else frozenset(),
        attachments=_images(raw.get("attachments")),
    )


def _images(raw: Any) -> dict[str, dict[str, str]]:
    """Return the pasted pictures among a cell's attachments."""
    if not isinstance(raw, dict):
        return {}
    images = {}
    for name, bundle in raw.items():
        if isinstance(bundle, dict):
            kept = {
                mime: data
                for mime, data in bundle.items()
                if mime in _IMAGES and isinstance(data, str) and data.isascii()
            }
            if kept:
                images[_mend(name)] = kept
    return images


def _mend(text: str) -> str:
    """Replace what neither a database nor a file can hold: NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _find(
    folder: Path, notebook: ReleasedNotebook, released: Released, max_bytes: int
) -> tuple[StudentNotebook | None, list[Flag]]:
    """Return the student's version of a notebook, under its name or another one."""
    path = folder / f"{notebook.name}.ipynb"
    reason = ""
    if not path.exists() or path.stat().st_size == 0:
        problem = flag("missing", file=path.name)
    else:
        try:
            student = read_notebook(path, max_bytes)
        except UnreadableNotebookError as error:
            reason = error.reason
            problem = flag("unreadable", file=path.name, reason=reason)
        else:
            if _recognised(student, notebook):
                return student, []
            other = released.looks_like(student.claims)
            looks_like = f"; it looks like one of {other}" if other else ""
            reason = f"it holds none of this assignment's cells{looks_like}"
            problem = flag("other-assignment", file=path.name, looks_like=looks_like)

    taken = {folder / f"{name}.ipynb" for name in released.notebooks}
    best: tuple[int, str, StudentNotebook] | None = None
    for candidate in _candidates(folder, taken):
        try:
            student = read_notebook(candidate, max_bytes)
        except UnreadableNotebookError:
            continue
        count = _recognised(student, notebook)
        if count and (best is None or count > best[0]):
            best = count, str(candidate.relative_to(folder)), student
    if best is None:
        return None, [problem]
    _, found, student = best
    if reason:
        return student, [flag("replaced", file=path.name, reason=reason, found=found)]
    return student, [flag("renamed", file=path.name, found=found)]


def _candidates(folder: Path, taken: set[Path]) -> Iterable[Path]:
    found = sorted(path for path in folder.rglob("*.ipynb") if path not in taken)
    return found[:MAX_CANDIDATES]


def _recognised(student: StudentNotebook, notebook: ReleasedNotebook) -> int:
    """Return how many managed cells of a notebook the student's file holds."""
    return len({cell.name for cell in _match(student.cells, notebook)[0].values()})


def _match(
    student: list[StudentCell], notebook: ReleasedNotebook
) -> tuple[dict[int, ReleasedCell], list[str]]:
    """Return which cell is which released one, and the names that occur more than once.

    By grade id; by cell id where an editor has lost the metadata.  Of several copies the
    last one counts, as in nbgrader.
    """
    places: dict[str, list[int]] = {}
    for number, cell in enumerate(student):
        if cell.claim in notebook.by_name:
            places.setdefault(cell.claim, []).append(number)
    for number, cell in enumerate(student):
        released = None if cell.claim else notebook.by_id.get(cell.id)
        if released and released.name not in places:
            places[released.name] = [number]
    owner = {numbers[-1]: notebook.by_name[name] for name, numbers in places.items()}
    return owner, [name for name, numbers in places.items() if len(numbers) > 1]


def _laid_over(cell: StudentCell, released: ReleasedCell) -> NotebookNode:
    node = released.node()
    if not released.is_locked:
        node.source = cell.source
        if cell.attachments and released.cell_type == "markdown":
            node.attachments = nbformat.from_dict(cell.attachments)
    return node


def _differs(source: str, *versions: str) -> bool:
    """Return whether text is none of the versions, spaces at line ends aside."""

    def plain(text: str) -> list[str]:
        return [line.rstrip() for line in text.strip().splitlines()]

    return all(plain(source) != plain(version) for version in versions)


def _unanswered(
    owner: dict[int, ReleasedCell], student: list[StudentCell], notebook: ReleasedNotebook
) -> bool:
    answers = [
        _differs(student[number].source, cell.shown)
        for number, cell in owner.items()
        if cell.is_solution
    ]
    return bool(answers) and not any(answers)


def _with_unique_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Give a cell that repeats an id a new one."""
    seen: set[str] = set()
    for cell in cells:
        while cell.id in seen:
            cell.id = generate_corpus_id()
        seen.add(cell.id)
    return cells
