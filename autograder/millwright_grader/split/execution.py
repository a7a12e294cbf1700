"""Run a submission in two processes, in the place of nbgrader's `Execute`.

The student's cells run in a sealed warm kernel. Test cells run in the checker, but for those that
their author has tagged to run in the student's kernel, between canaries. Cells that the author has
locked without grading them (imports, helpers, data) run in both, so that the tests see the author's
own.
"""

import ast
import json
import os
import queue
import select
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade, is_locked, is_solution
from traitlets import Bool, Dict, Integer, List, Unicode

from millwright_grader.errors import KernelStartError, LostProcessError
from millwright_grader.execution import MillwrightExecute
from millwright_grader.flags import flag
from millwright_grader.sandbox import Policy, Watch, missing, private_folder
from millwright_grader.sandbox.policy import MIB
from millwright_grader.warm.owner import ForkedProcess, ParentError, WarmParent, shared_parent
from millwright_grader.warm.provisioner import WarmProvisioner

from .canaries import TAG, canaries, forged_result
from .magics import without_magics
from .run import SERVE

# What the checker may take beyond the time of the student's code.
CHECKER_SECONDS = 20.0
# An interrupted function gets this long to end; meanwhile the kernel's life is looked after.
FREE_SECONDS = 5.0
LOOK_SECONDS = 0.5

# Set in the resources where a lost process means that nobody will try again.
LAST_TRY = "millwright_last_try"

FORKED_MODULES = ("millwright_grader.split.run", "millwright_grader.split.student")


class SealedProvisioner(WarmProvisioner):
    """Fork a kernel that is sealed before any student code runs; never start one unsealed."""

    seat = Dict(help="What makes the fork a student's kernel, see `WarmParent.fork`.")

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch the kernel; called by the kernel manager after `pre_launch`."""
        # What the kernel writes past its channels would reach the teacher's terminal.
        try:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
                kwargs |= {"stdout": nowhere.fileno(), "stderr": nowhere.fileno()}
                return await self._fork(cmd, **kwargs)
        except ParentError as error:
            raise RuntimeError(f"no sealed kernel could be had: {error}") from error

    def request(self) -> dict[str, Any]:
        """Return what makes the fork a student's kernel."""
        return dict(self.seat)


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
        cells = self._authors_cells(resources)
        self._students = frozenset[str]().union(
            *(bound_names(cell.source) for cell in cells if is_solution(cell))
        )
        self._modules = {
            name: module for cell in cells for name, module in imports(cell.source).items()
        }
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

    @contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Start both processes; end both."""
        self._epoch = 0
        self._checker: ForkedProcess | None = None
        self._line, theirs = socket.socketpair()
        self._theirs = theirs
        try:
            with super().setup_kernel(**kwargs), self._watched():
                yield
        finally:
            self._end_checker()
            self._line.close()
            self._theirs.close()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Count what the system does not, as long as the student's kernel lives."""
        self._watch: Watch | None = None
        process = getattr(getattr(self.km, "provisioner", None), "process", None)
        if not self.sandbox or process is None:
            yield
            return
        policy = Policy.from_dict(self._policy([self._folder, self._own], self._folder) or {})
        with Watch(process.pid, policy, process.kill) as self._watch:
            yield

    def _stop(
        self, kind: str, reason: str, cell: NotebookNode, index: int, **words: object
    ) -> None:
        if kind == "kernel-died" and self._watch and self._watch.exceeded:
            kind, words = "excess", {"what": self._watch.exceeded}
        super()._stop(kind, reason, cell, index, **words)

    def create_kernel_manager(self) -> KernelManager:
        """Create a manager whose kernel is forked, sealed and joined to a checker."""
        km = super().create_kernel_manager()
        assert km.kernel_spec is not None
        seat = {
            "entry": "millwright_grader.split.run:student",
            "inherited": [self._theirs.fileno()],
            "policy": self._policy([self._folder, self._own], sockets=self._folder),
        }
        km.kernel_spec.metadata["kernel_provisioner"] = {
            "provisioner_name": "millwright-sealed",
            "config": {"imports": [*self.imports, *FORKED_MODULES], "seat": seat},
        }
        return km

    def execute_cell(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> NotebookNode:
        """Run one cell where it belongs; called by `preprocess_cell` of the base classes."""
        role = cell.metadata.get("nbgrader", {})
        authors = bool(role.get("locked")) and not role.get("solution")
        graded = bool(role.get("grade"))
        if authors and graded and TAG in cell.metadata.get("tags", []):
            return self._check_in_kernel(cell, cell_index, **kwargs)
        if not (authors and graded):
            cell = super().execute_cell(cell, cell_index, **kwargs)
        if authors:
            outputs = self._check(cell)
            if graded:
                cell.outputs = outputs
        return cell

    def _check_in_kernel(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> NotebookNode:
        """Run a test in the student's kernel, as its author has asked, between canaries."""
        name = cell.metadata.nbgrader.grade_id
        if not any(found.kind == "in-kernel" for found in self._flags):
            self._flags.append(flag("in-kernel", file=self._file))
        unsound = self._unsound(cell, after=False)
        if not unsound:
            cell = super().execute_cell(cell, cell_index, **kwargs)
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
                asked = super().execute_cell(asked, 0, store_history=False)
                if not canary.is_sound(asked.outputs):
                    return canary.what
        finally:
            self.nb, self._display_id_map, self._used = page
        return ""

    def _check(self, cell: NotebookNode) -> list[NotebookNode]:
        """Run a cell in the checker while the student's kernel serves it."""
        assert self.kc is not None
        assert self.km is not None
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
        self._served = self.kc.execute(
            SERVE.format(epoch=self._epoch), silent=True, store_history=False, stop_on_error=False
        )
        answer: dict[str, Any] = {}
        try:
            answer = self._order(order, seconds + CHECKER_SECONDS, cell)
        finally:
            free = self._wait_until_free(is_late=bool(answer.get("overdue")))
        if answer.get("gone") or not run_sync(self.km.is_alive)():
            raise DeadKernelError("the Python process ended")
        if answer.get("overdue"):
            self._timed_out.append(str(role.get("grade_id")))
        if not free:
            self._stop("unresponsive", "an earlier cell could not be stopped", cell, self._epoch)
        return [nbformat.from_dict(output) for output in answer["outputs"]]

    def _wait_until_free(self, is_late: bool) -> bool:
        """Return whether the kernel is free again; it is interrupted where it is not."""
        assert self.km is not None
        for patiently in (True, False):
            if is_late and patiently:
                run_sync(self.km.interrupt_kernel)()
                continue
            limit = time.monotonic() + FREE_SECONDS
            while time.monotonic() < limit:
                if self._has_stopped_serving(LOOK_SECONDS):
                    return True
                if not run_sync(self.km.is_alive)():
                    return False
            if patiently:
                run_sync(self.km.interrupt_kernel)()
        return False

    def _has_stopped_serving(self, seconds: float) -> bool:
        """Return whether the kernel has answered the request to serve the checker."""
        assert self.kc is not None
        if self._served is None:
            return True
        try:
            message = run_sync(self.kc.get_shell_msg)(timeout=seconds)
        except queue.Empty:
            return False
        if message["parent_header"].get("msg_id") == self._served:
            self._served = None
        return self._served is None

    def _order(self, order: dict[str, Any], seconds: float, cell: NotebookNode) -> dict[str, Any]:
        checker = self._checker or self._start_checker()
        try:
            self._commands.sendall(json.dumps(order).encode() + b"\n")
            line = self._replies.readline() if self._has_answered(seconds) else ""
        except OSError:
            line = ""
        if not line and self._served is None and checker.poll() is None:
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
        while (left := limit - time.monotonic()) > 0:
            patience = LOOK_SECONDS if self._served else FREE_SECONDS
            if select.select([self._commands], [], [], min(patience, left))[0]:
                return True
            if self._served is None:
                return False
            self._has_stopped_serving(0.0)
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

    def _policy(
        self, own: list[str], sockets: str | None = None, readable: list[str] | None = None
    ) -> dict[str, Any] | None:
        if not self.sandbox:
            return None
        return Policy(
            own=tuple(own),
            sockets=sockets,
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

    def _authors_cells(self, resources: Any) -> list[NotebookNode]:
        """Return the code cells of the notebook as the author wrote it."""
        notebook = (resources.get("nbgrader") or {}).get("notebook")
        coursedir = self._coursedir()
        if not notebook or coursedir is None:
            return []
        source = (
            Path(coursedir.format_path(coursedir.source_directory, ".", coursedir.assignment_id))
            / f"{notebook}.ipynb"
        )
        if not source.exists():
            return []
        page = nbformat.read(source, as_version=4)
        return [cell for cell in page.cells if cell.cell_type == "code"]


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
