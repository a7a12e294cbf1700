"""Trials: a unit's own notebook with other code in its solution cells, run and marked by its tests.

A trial runs as a submission of the course does, with the author's test cells as they are in
``source/``. Taking in, gradebook and files are left out: nothing here comes from a student and
nothing is kept.
"""

import copy
import ctypes
import os
import shutil
import signal
import tempfile
import time
import types
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NBFormatError, NotebookNode, ValidationError
from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade, is_grade, is_solution
from traitlets.utils.importstring import import_item

from millwright_grader.answers import without_markers
from millwright_grader.errors import GraderError, ProcessLostError, UnreadableNotebookError
from millwright_grader.flags import one_line
from millwright_grader.pool import PR_SET_PDEATHSIG, end


@dataclass(frozen=True)
class Trial:
    """One run of one notebook.

    Attributes
    ----------
    notebook : str
        Name, without suffix.
    cells : mapping of str
        Code by the grade id of its solution cell; the others keep the reference.
    seconds : int, optional
        For one cell; without, what the course gives to students.
    to_first_loss : bool
        Whether to stop as soon as a test has taken points off.
    """

    notebook: str
    cells: Mapping[str, str]
    seconds: int | None = None
    to_first_loss: bool = False


@dataclass(frozen=True)
class Outcome:
    """What the tests said.

    Attributes
    ----------
    lost : tuple of str
        Grade ids of the tests that took points off, in the order of the notebook.
    error : str
        The name of what the first of them raised; empty where it gave part of its points.
    slowest : float
        Seconds of the slowest cell.
    failure : str
        Why there is no verdict; empty where there is one.
    """

    lost: tuple[str, ...] = ()
    error: str = ""
    slowest: float = 0.0
    failure: str = ""


class Trials:
    """A place to run trials of one unit.

    Parameters
    ----------
    app : NbGrader
        An application with the course's configuration.
    folder : Path
        A course folder with the unit's source, to be written into.
    unit : str
    """

    def __init__(self, app: NbGrader, folder: Path, unit: str) -> None:
        self._app = NbGrader(config=app.config, log=app.log)
        coursedir = CourseDirectory(parent=self._app, root=str(folder), assignment_id=unit)
        self._app.coursedir = coursedir
        source = source_of(coursedir, unit)
        self.scratch = folder / "t"  # short, for the sockets of kernels lie in it
        self.scratch.mkdir()
        # As a student gets it, without the notebook that holds the tests.
        self._files = folder / "handed-in"
        shutil.copytree(
            source, self._files, ignore=shutil.ignore_patterns("*.ipynb"), dirs_exist_ok=True
        )
        self._notebooks = notebooks_of(source)
        steps = Autograde(coursedir=coursedir, parent=self._app).autograde_preprocessors
        kinds = [import_item(step) if isinstance(step, str) else step for step in steps]
        self._execute = types.new_class(
            "TrialExecute", (_Watched, next(kind for kind in kinds if issubclass(kind, Execute)))
        )

    def run(self, trial: Trial) -> Outcome:
        """Run the cells, and mark the tests among them."""
        page = copy.deepcopy(self._notebooks[trial.notebook])
        for cell in page.cells:
            if cell.cell_type == "code" and is_solution(cell):
                given = trial.cells.get(cell.metadata.nbgrader["grade_id"])
                cell.source = without_markers(cell.source) if given is None else given
        config = copy.deepcopy(self._app.config)
        if trial.seconds:
            # By configuration, which nbconvert reads again when it begins with a notebook.
            mine = config[self._execute.__name__]
            mine.timeout, mine.timeout_func = trial.seconds, None
        execute = self._execute(parent=self._app, config=config)
        execute.watch(page, trial.to_first_loss)
        resources = ResourcesDict(
            metadata=ResourcesDict(name=trial.notebook, path=str(self._files)),
            nbgrader={"notebook": trial.notebook},
        )
        try:
            execute.preprocess(page, resources)
        except GraderError as error:
            return Outcome(failure=str(error))
        return Outcome(tuple(execute.lost), execute.error, execute.slowest)


def source_of(coursedir: CourseDirectory, unit: str) -> Path:
    """Return the folder of a unit's source."""
    return Path(coursedir.format_path(coursedir.source_directory, ".", unit))


def notebooks_of(folder: Path) -> dict[str, NotebookNode]:
    """Return the notebooks of a folder by name.

    Raises
    ------
    UnreadableNotebookError
    """
    notebooks = {}
    for path in sorted(folder.glob("*.ipynb")):
        try:
            notebooks[path.stem] = nbformat.read(path, as_version=4)
        except (OSError, ValueError, AttributeError, ValidationError, NBFormatError) as error:
            what = one_line(str(error), 80)
            raise UnreadableNotebookError(
                f"{path} is no notebook ({what}). Open and save it in JupyterLab."
            ) from None
    return notebooks


def is_test(cell: NotebookNode) -> bool:
    """Tell whether a cell's points are given by running it."""
    return bool(cell.cell_type == "code" and is_grade(cell) and not is_solution(cell))


class _Watched:
    """Marks each test as soon as it has run, and stops where there is no more to learn.

    To be mixed into a preprocessor that executes notebooks.
    """

    def watch(self, page: NotebookNode, to_first_loss: bool) -> None:
        """Begin with a notebook."""
        self._to_first_loss = to_first_loss
        self._open = sum(is_test(cell) for cell in page.cells)
        self.lost: list[str] = []
        self.error = ""
        self.slowest = 0.0

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Run one cell unless all is known."""
        if not self._open or (self.lost and self._to_first_loss):
            return cell, resources
        begin = time.monotonic()
        cell, resources = super().preprocess_cell(cell, resources, index)  # type: ignore[misc]
        self.slowest = max(self.slowest, time.monotonic() - begin)
        if is_test(cell):
            self._open -= 1
            score, most = determine_grade(cell)
            if score is not None and score < most:
                if not self.lost:
                    self.error = next(
                        (str(out.ename) for out in cell.outputs if "ename" in out), ""
                    )
                self.lost.append(str(cell.metadata.nbgrader["grade_id"]))
        return cell, resources


class TrialPool:
    """Processes that run trials side by side; a context manager.

    They are forks, so that they have all that this process has imported, and end with it.

    Parameters
    ----------
    trials : Trials
    workers : int
        Number of processes.
    """

    def __init__(self, trials: Trials, workers: int) -> None:
        self._pool = ProcessPoolExecutor(
            workers,
            mp_context=get_context("fork"),
            initializer=_begin,
            initargs=(trials, os.getpid()),
        )

    def __enter__(self) -> "TrialPool":
        return self

    def __exit__(self, *raised: Any) -> None:
        end(self._pool)

    def run(self, trials: Sequence[Trial]) -> Iterator[tuple[int, Outcome]]:
        """Yield outcomes as they come, each with its trial's place in the list.

        Raises
        ------
        ProcessLostError
            A process has ended before its trial.
        """
        try:
            running: dict[Future[Outcome], int] = {
                self._pool.submit(_run, trial): place for place, trial in enumerate(trials)
            }
            for done in as_completed(running):
                yield running[done], done.result()
        except BrokenProcessPool:
            raise ProcessLostError from None


_here: Trials | None = None


def _begin(trials: Trials, parent: int) -> None:
    """Prepare a process of the pool."""
    global _here
    _here = trials
    # Ctrl-C is for the process that started this one; if that is killed, this one goes too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    # What is left here by a process that is ended goes with the folder.
    tempfile.tempdir = str(trials.scratch)


def _run(trial: Trial) -> Outcome:
    assert _here is not None
    return _here.run(trial)
