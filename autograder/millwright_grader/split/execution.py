"""Run a submission in two processes, in the place of nbgrader's `Execute`.

The student's cells run in a sealed warm kernel. Test cells run in the checker. Cells that the
author has locked without grading them (imports, helpers, data) run in both, so that the tests see
the author's own.
"""

import ast
import json
import queue
import shutil
import socket
import sys
import tempfile
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
from traitlets import Bool, Dict, Integer, List, Unicode

from millwright_grader.errors import KernelStartError
from millwright_grader.execution import MillwrightExecute
from millwright_grader.sandbox import Policy, missing
from millwright_grader.sandbox.policy import MIB
from millwright_grader.warm.owner import ForkedProcess, ParentError, WarmParent, shared_parent
from millwright_grader.warm.provisioner import WarmProvisioner

from .run import SERVE

# What the checker may take beyond the time of the student's code.
CHECKER_SECONDS = 20.0
# An interrupted function gets this long to end; meanwhile the kernel's life is looked after.
FREE_SECONDS = 5.0
LOOK_SECONDS = 0.5

FORKED_MODULES = ("millwright_grader.split.run", "millwright_grader.split.student")


class SealedProvisioner(WarmProvisioner):
    """Fork a kernel that is sealed before any student code runs; never start one unsealed."""

    seat = Dict(help="What makes the fork a student's kernel, see `WarmParent.fork`.")

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch the kernel; called by the kernel manager after `pre_launch`."""
        try:
            return await self._fork(cmd, **kwargs)
        except ParentError as error:
            raise RuntimeError(f"no sealed kernel could be had: {error}") from error

    def request(self) -> dict[str, Any]:
        """Return what makes the fork a student's kernel."""
        return dict(self.seat)


class SplitExecute(MillwrightExecute):
    """Run the cells of one notebook in two processes."""

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
        self._students = self._names_of_solutions(resources)
        with tempfile.TemporaryDirectory(prefix="mw-") as folder:
            self._own = str(Path(folder) / "work")
            shutil.copytree(path, self._own, ignore=shutil.ignore_patterns("*.ipynb"))
            metadata["path"] = self._own
            try:
                return super().preprocess(nb, resources, km)
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
            with super().setup_kernel(**kwargs):
                yield
        finally:
            self._end_checker()
            self._line.close()
            self._theirs.close()

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
        if not (authors and graded):
            cell = super().execute_cell(cell, cell_index, **kwargs)
        if authors:
            outputs = self._check(cell)
            if graded:
                cell.outputs = outputs
        return cell

    def _check(self, cell: NotebookNode) -> list[NotebookNode]:
        """Run a cell in the checker while the student's kernel serves it."""
        assert self.kc is not None
        assert self.km is not None
        self._epoch += 1
        seconds = float(self._seconds_for(cell))
        role = cell.metadata.get("nbgrader", {})
        order = {
            "source": cell.source,
            "name": f"<{role.get('grade_id', 'cell')}>",
            "seconds": seconds,
            "epoch": self._epoch,
            "graded": bool(role.get("grade")),
        }
        request = self.kc.execute(
            SERVE.format(epoch=self._epoch), silent=True, store_history=False, stop_on_error=False
        )
        try:
            answer = self._order(order, seconds + CHECKER_SECONDS)
        finally:
            free = self._wait_for(request)
        if answer.get("gone") or not run_sync(self.km.is_alive)():
            raise DeadKernelError("the Python process ended")
        if answer.get("overdue"):
            self._timed_out.append(str(role.get("grade_id")))
        if not free:
            self._stop("unresponsive", "an earlier cell could not be stopped", cell, self._epoch)
        return [nbformat.from_dict(output) for output in answer["outputs"]]

    def _wait_for(self, request: str) -> bool:
        """Return whether the kernel is free again; it is interrupted where it is not."""
        assert self.kc is not None
        assert self.km is not None
        for _ in range(2):
            limit = time.monotonic() + FREE_SECONDS
            while time.monotonic() < limit:
                try:
                    message = run_sync(self.kc.get_shell_msg)(timeout=LOOK_SECONDS)
                except queue.Empty:
                    if not run_sync(self.km.is_alive)():
                        return False
                    continue
                if message["parent_header"].get("msg_id") == request:
                    return True
            run_sync(self.km.interrupt_kernel)()
        return False

    def _order(self, order: dict[str, Any], seconds: float) -> dict[str, Any]:
        if self._checker is None:
            self._start_checker()
        self._commands.settimeout(seconds)
        try:
            self._commands.sendall(json.dumps(order).encode() + b"\n")
            line = self._replies.readline()
        except OSError:
            line = ""
        if not line:
            # It was killed, or a test itself took too long; the student is not to blame.
            self._end_checker()
            message = "the checker ended or took too long; grade this submission again"
            failed = {"ename": "CheckerError", "evalue": message, "traceback": [message]}
            return {"outputs": [{"output_type": "error", **failed}]}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _parent(self) -> WarmParent:
        return shared_parent(sys.executable, [*self.imports, *FORKED_MODULES])

    def _start_checker(self) -> None:
        parent = self._parent()
        ours, theirs = socket.socketpair()
        with theirs:
            parent.start()
            self._checker = parent.fork(
                ["checker"],
                self._environment() | {"MPLBACKEND": "agg", "IPYTHONDIR": self._folder},
                self._given,
                inherited=[self._line.fileno(), theirs.fileno()],
                entry="millwright_grader.split.run:checker",
                students=sorted(self._students),
                policy=self._policy([], readable=[self._given]),
            )
        self._commands = ours
        self._replies = ours.makefile("r", encoding="utf-8")

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

    def _names_of_solutions(self, resources: Any) -> frozenset[str]:
        """Return the names that the author's own solution binds."""
        notebook = (resources.get("nbgrader") or {}).get("notebook")
        coursedir = self._coursedir()
        if not notebook or coursedir is None:
            return frozenset()
        source = (
            Path(coursedir.format_path(coursedir.source_directory, ".", coursedir.assignment_id))
            / f"{notebook}.ipynb"
        )
        if not source.exists():
            return frozenset()
        found: set[str] = set()
        for cell in nbformat.read(source, as_version=4).cells:
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
                found |= bound_names(cell.source)
        return frozenset(found)


def bound_names(source: str) -> set[str]:
    """Return the names that a cell binds at its top level, imports aside."""
    try:
        body = ast.parse(source).body
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
