"""Run a submission in two processes, in the place of nbgrader's `Execute`.

The student's cells run in a sealed warm kernel. Test cells run in the checker, but for those that
their author has tagged to run in the student's kernel, between canaries. Cells that the author has
locked without grading them (imports, helpers, data) run in both, so that the tests see the author's
own.
"""

import ast
import json
import os
import platform
import queue
import select
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade, is_locked, is_solution
from traitlets import Bool, Integer, List, Unicode

from millwright_grader.errors import KernelStartError, LostProcessError
from millwright_grader.execution import MillwrightExecute
from millwright_grader.flags import flag
from millwright_grader.sandbox import Policy, Watch, missing, private_folder
from millwright_grader.sandbox.policy import MIB
from millwright_grader.warm.owner import (
    ForkedProcess,
    ParentError,
    WarmParent,
    is_ipykernel,
    shared_parent,
)

from .canaries import TAG, canaries, forged_result
from .magics import without_magics
from .seat import Seat, is_readable

# What the checker may take beyond the time of the student's code.
CHECKER_SECONDS = 20.0
# An interrupted function gets this long to end; meanwhile the kernel's life is looked after.
FREE_SECONDS = 5.0

# What a cell shows; all else that a kernel says is about itself.
SHOWN = frozenset(
    ("stream", "display_data", "update_display_data", "execute_result", "error", "clear_output")
)

# What an IPython kernel says of its language. To ask one means to load it, which the processes that
# are forked have done and this one can save.
LANGUAGE = {
    "name": "python",
    "version": platform.python_version(),
    "mimetype": "text/x-python",
    "codemirror_mode": {"name": "ipython", "version": sys.version_info.major},
    "pygments_lexer": f"ipython{sys.version_info.major}",
    "nbconvert_exporter": "python",
    "file_extension": ".py",
}

# Set in the resources where a lost process means that nobody will try again.
LAST_TRY = "millwright_last_try"

FORKED_MODULES = ("millwright_grader.split.kernel", "millwright_grader.split.run:prepare")


class SplitExecute(MillwrightExecute):
    """Run the cells of one notebook in two processes."""

    # nbclient's: where outputs are laid down.
    nb: NotebookNode
    _display_id_map: dict[str, Any]

    imports = List(
        Unicode(),
        ["numpy", "scipy", "pandas", "matplotlib.pyplot", "control", "sympy"],
        help="Modules that kernels and checkers find imported. They must not start threads.",
    ).tag(config=True)

    sandbox = Bool(
        True,
        help="Seal the kernel. Without, student code runs with the rights of whoever grades.",
    ).tag(config=True)

    memory = Integer(2048, help="MiB that a submission may take beyond the imports.").tag(
        config=True
    )

    def prepare(self) -> None:
        """Start what processes that this one forks will share."""
        self._parent().start()

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict | None = None, km: Any = None
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Run every code cell, as `MillwrightExecute` promises."""
        if self.sandbox and (reason := missing()):
            raise KernelStartError(self.kernel_name or "python3", reason)
        resources = resources or ResourcesDict()
        metadata = resources.setdefault("metadata", ResourcesDict())
        path = metadata.get("path") or "."
        # The checker works where the assignment's files are as they came; what student code writes
        # or changes stays in a copy, in which no notebook shows it a test.
        self._given = str(Path(path).resolve())
        self._students, self._modules = self._authors_names(resources)
        with private_folder() as folder:
            self._own = str(folder / "work")
            shutil.copytree(path, self._own, ignore=shutil.ignore_patterns("*.ipynb"))
            metadata["path"] = self._own
            self._last_try = bool(resources.get(LAST_TRY))
            parent, pid = self._parent(), None
            try:
                parent.start()
                pid = parent.pid
                done = super().preprocess(nb, resources, km)
                if parent.pid != pid:
                    # It took the kernels with it; no cell that was not run is the student's fault.
                    raise LostProcessError("the process that kernels are forked from has ended")
                return done
            except (KernelStartError, ParentError, DeadKernelError) as error:
                if pid and parent.pid != pid:
                    raise LostProcessError(str(error)) from error
                if isinstance(error, KernelStartError):
                    raise
                raise KernelStartError(self.kernel_name or "python3", str(error)) from error
            finally:
                metadata["path"] = path

    def _run(
        self, nb: NotebookNode, resources: ResourcesDict, km: Any
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Run every cell with `preprocess_cell`; where nbclient would start a kernel and talk."""
        NotebookClient.__init__(self, nb)
        self.reset_execution_trackers()
        self._check_assign_resources(resources)
        nb.metadata["language_info"] = nbformat.from_dict(LANGUAGE)
        with self._seated():
            for index, cell in enumerate(nb.cells):
                self.preprocess_cell(cell, resources, index)
        return nb, resources

    @contextmanager
    def _seated(self) -> Iterator[None]:
        """Start the student's process; end it, and the checker, in the end."""
        self._epoch = 0
        self._checker: ForkedProcess | None = None
        self._line, theirs = socket.socketpair()
        with private_folder() as folder, self._line:
            self._folder = str(folder)
            with theirs:  # closed here, so that the checker notices when the process ends
                self._seat = self._take_seat(theirs)
            try:
                self._deadline = time.monotonic() + self.budget
                with self._watched():
                    yield
            finally:
                self._seat.close()
                self._end_checker()

    def _take_seat(self, line: socket.socket) -> Seat:
        """Fork the student's process, which seals itself before any student code runs."""
        spec = kernel_spec(self.kernel_name or "python3")
        parent = shared_parent(spec.argv[0], [*self.imports, *FORKED_MODULES])
        ours, theirs = socket.socketpair()
        # What it writes past its channels would reach the teacher's terminal.
        with theirs, open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
            parent.start()
            process = parent.fork(
                ["student", *self.extra_arguments],
                self._environment() | {"IPYTHONDIR": f"{self._folder}/i"} | spec.env,
                self._own,
                nowhere.fileno(),
                nowhere.fileno(),
                inherited=[line.fileno(), theirs.fileno()],
                entry="millwright_grader.split.run:student",
                history=self.ipython_hist_file,
                policy=self._policy([self._folder, self._own]),
            )
        seat = Seat(process, ours)
        try:
            seat.next(self.startup_timeout)  # it says that it is ready
        except (DeadKernelError, queue.Empty):
            seat.close()
            name = self.kernel_name or "python3"
            raise KernelStartError(name, "the sealed process did not start") from None
        return seat

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Count what the system does not, as long as the student's kernel lives."""
        self._watch: Watch | None = None
        if not self.sandbox:
            yield
            return
        process = self._seat.process
        policy = Policy.from_dict(self._policy([self._folder, self._own]) or {})
        with Watch(process.pid, policy, process.kill) as self._watch:
            yield

    def _stop(
        self, kind: str, reason: str, cell: NotebookNode, index: int, **words: object
    ) -> None:
        if kind == "kernel-died" and self._watch and self._watch.exceeded:
            kind, words = "excess", {"what": self._watch.exceeded}
        super()._stop(kind, reason, cell, index, **words)

    def execute_cell(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> NotebookNode:
        """Run one cell where it belongs; called by `preprocess_cell` of the base classes."""
        role = cell.metadata.get("nbgrader", {})
        authors = bool(role.get("locked")) and not role.get("solution")
        graded = bool(role.get("grade"))
        if authors and graded and TAG in cell.metadata.get("tags", []):
            return self._check_in_kernel(cell, cell_index, **kwargs)
        if not (authors and graded):
            self._execute(cell, cell_index, **kwargs)
        if authors:
            outputs = self._check(cell)
            if graded:
                cell.outputs = outputs
        return cell

    def _execute(self, cell: NotebookNode, index: int, store_history: bool = True) -> None:
        """Run a cell in the student's process, as nbclient does with a kernel."""
        tags = cell.metadata.get("tags", [])
        if self.skip_cells_with_tag in tags:
            return
        cell.outputs = []
        self.clear_before_next_output = False
        self.code_cells_executed += 1
        limit = time.monotonic() + self._get_timeout(cell)
        self._seat.order(code=cell.source, store_history=store_history)
        reply = self._reply(cell, index, limit)
        self.on_cell_executed(cell=cell, cell_index=index, execute_reply=reply)
        _coalesce(cell)

    def _reply(self, cell: NotebookNode, index: int, limit: float) -> dict[str, Any]:
        """Take in what a cell shows until it is answered; interrupt it where it takes too long."""
        while True:
            left = limit - time.monotonic()
            try:
                message = self._seat.next(left) if left > 0 else None
            except queue.Empty:
                message = None
            if message is None:
                self._seat.interrupt()
                if not self._seat.wait_until_free(FREE_SECONDS):
                    self._stop("unresponsive", "an earlier cell could not be stopped", cell, index)
                return {"content": {"status": "error", **self.error_on_timeout}}
            if message["msg_type"] == "execute_reply":
                cell.execution_count = message["content"].get("execution_count")
                return message
            if message["msg_type"] in SHOWN:
                self.process_message(message, cell, index)

    def _check_in_kernel(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> NotebookNode:
        """Run a test in the student's kernel, as its author has asked, between canaries."""
        name = cell.metadata.nbgrader.grade_id
        if not any(found.kind == "in-kernel" for found in self._flags):
            self._flags.append(flag("in-kernel", file=self._file))
        unsound = self._unsound(cell, after=False)
        if not unsound:
            self._execute(cell, cell_index, **kwargs)
            unsound = forged_result(cell) or self._unsound(cell, after=True)
        if unsound:
            self._flags.append(flag("tampered", file=self._file, cell=name, what=unsound))
            message = f"this test does not count: the kernel's answer was forged ({unsound})"
            failed = {"ename": "Tampered", "evalue": message, "traceback": [message]}
            cell.outputs = [nbformat.from_dict({"output_type": "error", **failed})]
        return cell

    def _unsound(self, cell: NotebookNode, after: bool) -> str:
        """Return what the student's kernel does not tell the truth about; empty if nothing."""
        authors = [one for one in self.nb.cells if one.cell_type == "code" and is_locked(one)]
        modules = {
            name: module for one in authors for name, module in imports(one.source).items()
        } | self._modules
        helpers = "\n".join(one.source for one in authors if not is_grade(one))
        page = self.nb, self._display_id_map, self._used
        try:
            for canary in canaries(cell.source, helpers, modules, self._students, after):
                asked = nbformat.v4.new_code_cell(canary.source)
                asked.metadata.nbgrader = cell.metadata.nbgrader
                # What it shows is no part of the notebook.
                self.nb = nbformat.v4.new_notebook(cells=[asked])
                self._display_id_map, self._used = {}, {}
                self._execute(asked, 0, store_history=False)
                if not canary.is_sound(asked.outputs):
                    return canary.what
        finally:
            self.nb, self._display_id_map, self._used = page
        return ""

    def _check(self, cell: NotebookNode) -> list[NotebookNode]:
        """Run a cell in the checker while the student's kernel serves it."""
        self._epoch += 1
        seconds = float(self._get_timeout(cell))
        role = cell.metadata.get("nbgrader", {})
        order = {
            "source": without_magics(cell.source, every=not role.get("grade")),
            "name": f"<{role.get('grade_id', 'cell')}>",
            "seconds": seconds,
            "epoch": self._epoch,
            "graded": bool(role.get("grade")),
        }
        self._seat.order(serve=self._epoch)
        answer: dict[str, Any] = {}
        try:
            answer = self._order(order, seconds + CHECKER_SECONDS, cell)
        finally:
            free = self._wait_until_free(is_late=bool(answer.get("overdue")))
        if answer.get("gone") or not self._seat.is_alive():
            raise DeadKernelError("the Python process ended")
        if answer.get("overdue"):
            self._timed_out.append(str(role.get("grade_id")))
        if not free:
            self._stop("unresponsive", "an earlier cell could not be stopped", cell, self._epoch)
        return [nbformat.from_dict(output) for output in answer["outputs"]]

    def _wait_until_free(self, is_late: bool) -> bool:
        """Return whether the kernel is free again; it is interrupted where it is not."""
        try:
            if not is_late and self._seat.wait_until_free(FREE_SECONDS):
                return True
            self._seat.interrupt()
            return self._seat.wait_until_free(FREE_SECONDS)
        except DeadKernelError:
            return False

    def _order(self, order: dict[str, Any], seconds: float, cell: NotebookNode) -> dict[str, Any]:
        checker = self._checker or self._start_checker()
        try:
            self._commands.sendall(json.dumps(order).encode() + b"\n")
            line = self._replies.readline() if self._has_answered(seconds) else ""
        except OSError:
            line = ""
        if not line and not self._seat.is_busy and checker.poll() is None:
            # The kernel says that it has served, and the checker waits for it all the same.
            self._end_checker()
            self._stop("unresponsive", "the kernel did not serve the tests", cell, self._epoch)
            message = "the kernel did not serve the tests"
            failed = {"ename": "NotRun", "evalue": message, "traceback": [message]}
            return {"outputs": [{"output_type": "error", **failed}]}
        if not line:
            self._end_checker()
            if not self._last_try:
                raise LostProcessError("the process that runs the tests ended or took too long")
            # It may be the student's answers that it cannot bear. A person must look.
            message = "the tests could not be run to their end"
            self._stop("checker", message, cell, self._epoch)
            failed = {"ename": "NotRun", "evalue": message, "traceback": [message]}
            return {"outputs": [{"output_type": "error", **failed}]}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _has_answered(self, seconds: float) -> bool:
        """Wait for the checker's answer, no longer than somebody serves it."""
        limit = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._commands, select.POLLIN)
        poll.register(self._seat.sock, select.POLLIN)
        while (left := limit - time.monotonic()) > 0:
            ready = {found for found, _ in poll.poll(1000 * left)}
            if self._commands.fileno() in ready:
                return True
            if not self._seat.is_busy:
                # It has served; the checker needs a moment to end the cell.
                return is_readable(self._commands, min(FREE_SECONDS, left))
            try:
                # What student code shows meanwhile is no part of the page.
                self._seat.wait_until_free(0.0)
            except DeadKernelError:
                return is_readable(self._commands, min(FREE_SECONDS, left))
        return False

    def _parent(self) -> WarmParent:
        return shared_parent(sys.executable, [*self.imports, *FORKED_MODULES])

    def _start_checker(self) -> ForkedProcess:
        parent = self._parent()
        ours, theirs = socket.socketpair()
        with theirs, open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
            parent.start()
            self._checker = parent.fork(
                ["checker"],
                self._environment() | {"MPLBACKEND": "agg", "IPYTHONDIR": self._folder},
                self._given,
                nowhere.fileno(),
                nowhere.fileno(),
                inherited=[self._line.fileno(), theirs.fileno()],
                entry="millwright_grader.split.run:checker",
                students=sorted(self._students),
                modules=self._modules,
                policy=self._policy([], readable=[self._given]),
            )
        self._commands = ours
        self._replies = ours.makefile("r", encoding="utf-8")
        return self._checker

    def _end_checker(self) -> None:
        if self._checker is not None:
            self._replies.close()
            self._commands.close()
            self._checker.kill()
            self._checker.wait(timeout=FREE_SECONDS)
            self._checker = None

    def _policy(self, own: list[str], readable: list[str] | None = None) -> dict[str, Any] | None:
        if not self.sandbox:
            return None
        return Policy(
            own=tuple(own),
            readable=tuple(readable or ()),
            memory_bytes=self.memory * MIB,
            cpu_seconds=max(1, int(self.budget)),
        ).as_dict()

    def _coursedir(self) -> CourseDirectory | None:
        """Return the course folder of whatever this is a part of."""
        holder: Any = self.parent
        while holder is not None:
            if isinstance(found := getattr(holder, "coursedir", None), CourseDirectory):
                return found
            holder = getattr(holder, "parent", None)
        return None

    def _authors_names(self, resources: Any) -> tuple[frozenset[str], dict[str, str]]:
        """Return what `authors_names` finds in the author's version of the notebook."""
        notebook = (resources.get("nbgrader") or {}).get("notebook")
        coursedir = self._coursedir()
        if not notebook or coursedir is None:
            return frozenset(), {}
        source = (
            Path(coursedir.format_path(coursedir.source_directory, ".", coursedir.assignment_id))
            / f"{notebook}.ipynb"
        )
        if not source.exists():
            return frozenset(), {}
        found = source.stat()
        return authors_names(source, (found.st_mtime_ns, found.st_size, found.st_ino))


@lru_cache(maxsize=32)
def authors_names(path: Path, version: object) -> tuple[frozenset[str], dict[str, str]]:
    """Return the names that the author's solution binds, and the modules that any cell imports.

    Parameters
    ----------
    path
        The notebook as the author wrote it.
    version
        What changes with the file, so that a later one is read anew.
    """
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    students = [bound_names(cell.source) for cell in cells if is_solution(cell)]
    modules = [imports(cell.source) for cell in cells]
    return frozenset[str]().union(*students), {k: v for found in modules for k, v in found.items()}


@lru_cache(maxsize=8)
def kernel_spec(name: str) -> KernelSpec:
    """Return the kernel that a notebook asks for.

    Raises
    ------
    KernelStartError
        There is none of the name, or it is no IPython kernel.
    """
    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel as error:
        raise KernelStartError(name, str(error)) from error
    if not is_ipykernel(spec.argv):
        raise KernelStartError(name, "only IPython kernels can be sealed")
    # As jupyter_client reads it: a bare name is this very interpreter.
    version = sys.version_info
    if spec.argv[0] in ("python", f"python{version[0]}", f"python{version[0]}.{version[1]}"):
        spec.argv[0] = sys.executable
    return spec


def _coalesce(cell: NotebookNode) -> None:
    """Join what was printed in several pieces."""
    joined: list[NotebookNode] = []
    for output in cell.outputs:
        last = joined[-1] if joined else None
        if (
            last is not None
            and output.output_type == last.output_type == "stream"
            and output.name == last.name
        ):
            last.text += output.text
        else:
            joined.append(output)
    cell.outputs = joined


@lru_cache(maxsize=1000)
def imports(source: str) -> dict[str, str]:
    """Return the modules that a cell imports, by the names that it gives them."""
    try:
        tree = ast.parse(without_magics(source, every=True))
    except SyntaxError:
        return {}
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


@lru_cache(maxsize=1000)
def bound_names(source: str) -> set[str]:
    """Return the names that a cell binds at its top level, imports aside."""
    try:
        body = ast.parse(without_magics(source, every=True)).body
    except SyntaxError:
        return set()
    found: set[str] = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif not isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {
                name.id
                for name in ast.walk(node)
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
    return found
