"""Answer files: right and wrong answers of a unit, kept as small Python files.

::

    '''Clamps the integrator (conditional integration).

    fails: a04-pid-bumpless
    '''
    # %% a04-pid-class
    class PID:
        ...

The docstring's first line says the idea, or the mistake.  A wrong answer names, after
``fails:``, exactly the graded cells that must lose points.  Each header names a solution
cell and is followed by that cell's whole content; solution cells that are not named keep
the reference solution.
"""

import ast
import copy
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme
from nbgrader.utils import is_grade, is_solution, is_task
from traitlets.config import PyFileConfigLoader

from millwright_grader.errors import AnswerError, GraderError

UNANSWERED = "unanswered"

_HEADER = re.compile(r"^# %% +(?P<name>[A-Za-z0-9_-]+) *$", re.MULTILINE)
_FAILS = re.compile(r"^fails: *(?P<names>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """An answer file.

    Attributes
    ----------
    path : Path
    title : str
        The idea, or the mistake.
    fails : frozenset of str
        Grade ids that must lose points; empty for a right answer.
    cells : dict of str
        Content by the grade id of the solution cell.
    """

    path: Path
    title: str
    fails: frozenset[str]
    cells: dict[str, str]


def read_answer(path: Path) -> Answer:
    """Read an answer file.

    Raises
    ------
    AnswerError
        It does not follow the format; the message says where.
    """
    text = path.read_text(encoding="utf-8")
    headers = list(_HEADER.finditer(text))
    if not headers:
        raise AnswerError(path, "no `# %% <grade_id>` header")
    try:
        docstring = ast.get_docstring(ast.parse(text[: headers[0].start()]))
    except SyntaxError as error:
        raise AnswerError(path, f"line {error.lineno} is not Python") from None
    if not docstring:
        raise AnswerError(path, "no docstring before the first header")

    cells: dict[str, str] = {}
    ends = [header.start() for header in headers[1:]] + [len(text)]
    for header, end in zip(headers, ends, strict=True):
        name, content = header["name"], text[header.end() : end].strip("\n")
        if name in cells:
            raise AnswerError(path, f"two headers for {name}")
        if not content.strip():
            raise AnswerError(path, f"nothing under the header {name}")
        cells[name] = content
    fails = _FAILS.search(docstring)
    names = frozenset(re.split(r"[,\s]+", fails["names"].strip(" ,"))) if fails else frozenset()
    return Answer(path, docstring.splitlines()[0].strip(), names, cells)


def apply_answer(source: NotebookNode, answer: Answer | None) -> NotebookNode:
    """Return the notebook that a student with this answer hands in.

    Parameters
    ----------
    source : NotebookNode
        The unit's source, with solutions and hidden tests.
    answer : Answer, optional
        Without one, the reference solution.

    Raises
    ------
    AnswerError
        The answer names a cell that is no solution cell of the notebook.
    """
    student = copy.deepcopy(source)
    given = dict(answer.cells) if answer else {}
    hide = [ClearHiddenTests(), ClearMarkScheme()]
    for cell in student.cells:
        if is_solution(cell):
            name = cell.metadata.nbgrader["grade_id"]
            cell.source = given.pop(name, None) or without_markers(cell.source)
        elif is_grade(cell) or is_task(cell):
            for remover in hide:
                remover.preprocess_cell(cell, {}, 0)
    if given and answer:
        raise AnswerError(answer.path, f"{', '.join(given)}: no solution cell of the notebook")
    return student


def answers_of(course_dir: Path, unit: str) -> dict[str, Answer]:
    """Return a unit's answers by the name of the student that will hand them in.

    Names are ``accept-<file>`` and ``reject-<file>``.

    Raises
    ------
    AnswerError
        A file does not follow the format, an accepted answer names cells that fail, or a
        rejected one does not.
    """
    answers = {}
    for verdict in ("accept", "reject"):
        for path in sorted((course_dir / "answers" / unit / verdict).glob("*.py")):
            answer = read_answer(path)
            if verdict == "accept" and answer.fails:
                raise AnswerError(path, "an accepted answer with a `fails:` line")
            if verdict == "reject" and not answer.fails:
                raise AnswerError(path, "a rejected answer without a `fails:` line")
            answers[f"{verdict}-{path.stem}"] = answer
    return answers


_CONFIG = """from millwright_grader import configure

c = get_config()
configure(c)
"""


def class_from_answers(course_dir: Path, unit: str, destination: Path) -> dict[str, Answer | None]:
    """Lay out a course in which every answer of a unit has been handed in by one student.

    Nothing is written into the real course.

    Parameters
    ----------
    course_dir : Path
        A course folder with ``source/<unit>/`` and ``answers/<unit>/``.
    unit : str
    destination : Path
        A new folder; it becomes a course folder with the unit released and submitted.

    Returns
    -------
    dict of Answer
        By student; the student ``unanswered``, who hands the release in as it is, has none.
    """
    source = destination / "source" / unit
    shutil.copytree(course_dir / "source" / unit, source)
    config = course_dir / "nbgrader_config.py"
    (destination / config.name).write_text(
        config.read_text(encoding="utf-8") if config.exists() else _CONFIG, encoding="utf-8"
    )
    release = _release(destination, unit)
    notebooks = {
        path.name: nbformat.read(path, as_version=4) for path in sorted(source.glob("*.ipynb"))
    }
    answers: dict[str, Answer | None] = {UNANSWERED: None, **answers_of(course_dir, unit)}
    for student, answer in answers.items():
        folder = destination / "submitted" / student / unit
        shutil.copytree(release, folder)
        if answer:
            for name, node in _applied(notebooks, answer):
                nbformat.write(node, folder / name)
    return answers


def _applied(
    notebooks: dict[str, NotebookNode], answer: Answer
) -> Iterator[tuple[str, NotebookNode]]:
    """Apply an answer to a unit of one or several notebooks."""
    theirs = {
        name: {cell.metadata.nbgrader["grade_id"] for cell in notebook.cells if is_solution(cell)}
        for name, notebook in notebooks.items()
    }
    unknown = answer.cells.keys() - set().union(*theirs.values())
    if unknown:
        raise AnswerError(answer.path, f"{', '.join(sorted(unknown))}: no solution cell")
    for name, notebook in notebooks.items():
        part = {cell: text for cell, text in answer.cells.items() if cell in theirs[name]}
        yield name, apply_answer(notebook, Answer(answer.path, "", frozenset(), part))


def _release(course: Path, unit: str) -> Path:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    config.CourseDirectory.root = str(course)
    # nbgrader looks into the exchange before anything else, and makes one.
    config.Exchange.root = str(course / "exchange")
    made = NbGraderAPI(config=config).generate_assignment(unit)
    if not made["success"]:
        raise GraderError(
            f"{unit} cannot be released: {made['error'].strip().splitlines()[-1]}. "
            f"Run `nbgrader generate_assignment {unit}` in the course folder."
        )
    return course / "release" / unit


def without_markers(source: str) -> str:
    """Return a solution cell's source as a student would have written it."""
    return "\n".join(
        line
        for line in source.split("\n")
        if "BEGIN SOLUTION" not in line and "END SOLUTION" not in line
    )
