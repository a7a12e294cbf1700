"""Running one submission: the only step in which a student's code gets a processor.

`MillwrightExecute` stands in nbgrader's list of preprocessors in the place of `Execute`
and obeys the same options (``c.Execute.timeout`` and so on).  It promises that every code
cell comes back with its outputs or with an error that says why it was not run: a cell
without outputs would get full points from nbgrader.  Another way of running notebooks takes this
class's place in that list and keeps the same promise.

In this class the student's code runs with the rights of whoever grades; `split.execution` is the
other way.
"""

import math
import os
import queue
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import zmq
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import KernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from traitlets import Enum, Integer, List, Unicode

from millwright_grader.errors import KernelStartError
from millwright_grader.flags import Flag, flag
from millwright_grader.messages import NONE, StuckError, WarySession
from millwright_grader.sandbox import private_folder

# A Unix socket's path holds 107 bytes (unix(7)); jupyter_client appends "-<number>".
_LONGEST_FOLDER = 90

# What decides a score must never be dropped: nbgrader reads a number (partial credit) from
# the first result, and takes anything on stderr for a failure.
_RESULT_BYTES = 10_000
_RESULTS = 100
_STDERR_BYTES = 100_000
_ERROR_CHARACTERS = 10_000


class MillwrightExecute(Execute):
    """Run the cells of one notebook in a fresh kernel, within a budget."""

    budget = Integer(600, help="Seconds that the cells of one notebook may take in all.").tag(
        config=True
    )

    max_output = Integer(1_000_000, help="Bytes of output kept per cell; the rest is dropped.").tag(
        config=True
    )

    shutdown_kernel = Enum(
        ["graceful", "immediate"],
        "immediate",
        help="Whether a kernel is asked before it ends; asking costs 0.1 s of processor time.",
    ).tag(config=True)

    iopub_timeout = Integer(
        10, help="Seconds to wait for output; a cell may print faster than it can be read."
    ).tag(config=True)

    environment = List(
        Unicode(),
        [
            *("PATH", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "HOME", "USER", "LOGNAME"),
            *("PYTHON*", "VIRTUAL_ENV", "CONDA_*", "LD_LIBRARY_PATH", "JUPYTER_PATH"),
            *("OMP_*", "OPENBLAS_*", "MKL_*", "NUMEXPR_*", "MPL*"),
            *("NBGRADER_EXECUTION", "MILLWRIGHT_*"),
        ],
        help="Patterns of the environment variables that student code may see.",
    ).tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict | None = None, km: Any = None
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Run every code cell; the module says what is promised.

        The flags and the seconds that it took are added to ``nb.metadata.millwright``.

        Raises
        ------
        KernelStartError
            The kernel itself could not be started.
        """
        resources = resources or ResourcesDict()
        notebook = (resources.get("nbgrader") or {}).get("notebook", "notebook")
        self._file = f"{notebook}.ipynb"
        self._not_run_because = ""
        self._deadline = float("inf")
        self._flags: list[Flag] = []
        self._timed_out: list[str] = []
        self._used: dict[tuple[int, str], int] = {}
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = []
                cell.execution_count = None

        begin = time.monotonic()
        nb, resources = self._run(nb, resources, km)
        self._report(nb, time.monotonic() - begin)
        return nb, resources

    def _run(
        self, nb: NotebookNode, resources: ResourcesDict, km: Any
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Run every cell with `preprocess_cell`."""
        return super().preprocess(nb, resources, km)

    @contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Start a kernel that sees a clean IPython folder and none of the grader's secrets."""
        parent = tempfile.gettempdir()
        with private_folder(
            parent=parent if len(parent) <= _LONGEST_FOLDER - 12 else "/tmp"
        ) as folder:
            self._folder = str(folder)
            kwargs.setdefault("env", self._environment() | {"IPYTHONDIR": f"{self._folder}/i"})
            started = False
            try:
                with super().setup_kernel(**kwargs):
                    started = True
                    self._deadline = time.monotonic() + self.budget
                    yield
            except (NoSuchKernel, RuntimeError, OSError) as error:
                if started:
                    raise
                raise KernelStartError(self.kernel_name or "python3", str(error)) from error

    def create_kernel_manager(self) -> KernelManager:
        """Create a manager that talks to its kernel through sockets in a private folder."""
        km = super().create_kernel_manager()
        km.transport = "ipc"
        # The default prefix is relative, and the kernel has another working directory.
        km.ip = f"{self._folder}/k"
        km.connection_file = f"{self._folder}/c.json"
        km.session = WarySession(parent=km)
        km.client_class = "millwright_grader.messages.WaryClient"
        return km

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Run one cell, or mark it as not run if running has come to an end."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        if not self._not_run_because and time.monotonic() >= self._deadline:
            self._stop("budget", "the time for this notebook was used up", cell, index)
        if self._not_run_because:
            _mark_not_run(cell, self._not_run_because)
            return cell, resources
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._stop("kernel-died", "the Python process ended", cell, index)
            _mark_not_run(cell, self._not_run_because)
        except (zmq.Again, StuckError):
            self._stop("unresponsive", "the Python process took no more orders", cell, index)
            _mark_not_run(cell, self._not_run_because)
        except CellTimeoutError:
            _mark_not_run(cell, "it did not end in time")
            self._timed_out.append(_name(cell, index))
            if not self._is_free():
                self._stop("unresponsive", "an earlier cell could not be stopped", cell, index)
        _cap_credit(cell)
        return cell, resources

    def on_cell_executed(self, **kwargs: Any) -> None:
        """Record an error that the kernel hid, as nbgrader does, and remember timeouts."""
        content = kwargs["execute_reply"]["content"]
        _shorten_error(content)
        super().on_cell_executed(**kwargs)
        if content["status"] == "error" and content["ename"] == "CellTimeoutError":
            self._timed_out.append(_name(kwargs["cell"], kwargs["cell_index"]))

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Take in a message of the kernel as long as the cell's output stays in bounds."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == NONE or kind.startswith("comm"):
            # A widget may catch or rewrite the outputs of cells; nothing of it is needed.
            return None
        if kind == "error":
            _shorten_error(content)
        elif kind in ("stream", "display_data", "update_display_data", "execute_result"):
            channel = "stderr" if content.get("name") == "stderr" else "output"
            limit = _STDERR_BYTES if channel == "stderr" else self.max_output
            size = _size(content)
            if kind == "execute_result" and size <= _RESULT_BYTES:
                channel, limit, size = "results", _RESULTS, 1
            used = self._used.get((cell_index, channel), 0)
            self._used[cell_index, channel] = used + size
            if used > limit:
                return None
            if used + size > limit:
                _shorten(content, limit - used)
        return super().process_message(msg, cell, cell_index)

    def _get_timeout(self, cell: NotebookNode | None) -> int:
        """Return the seconds for a cell: what the course says, within what is left of the budget.

        nbclient asks here for each cell; a `timeout_func` of our own would be lost, because
        nbconvert reads the configuration again when it begins with a notebook.
        """
        left = max(1, int(self._deadline - time.monotonic()))
        seconds: int | None = super()._get_timeout(cell)
        return min(seconds, left) if seconds else left

    def _is_free(self) -> bool:
        """Return whether the kernel takes requests again."""
        assert self.kc is not None
        try:
            self.kc.kernel_info()
            run_sync(self.kc.get_shell_msg)(timeout=5)
        except (queue.Empty, zmq.Again):
            return False
        return True

    def _environment(self) -> dict[str, str]:
        return {
            name: value
            for name, value in os.environ.items()
            if any(fnmatchcase(name, pattern) for pattern in self.environment)
        }

    def _stop(
        self, kind: str, reason: str, cell: NotebookNode, index: int, **words: object
    ) -> None:
        self._not_run_because = reason
        self._flags.append(
            flag(kind, file=self._file, cell=_name(cell, index), seconds=self.budget, **words)
        )

    def _report(self, nb: NotebookNode, seconds: float) -> None:
        if self._timed_out:
            self._flags.append(
                flag("timeout", file=self._file, cells=self._timed_out, seconds=self.timeout)
            )
        limits = {"output": self.max_output, "stderr": _STDERR_BYTES, "results": _RESULTS}
        cut = {index for (index, channel), used in self._used.items() if used > limits[channel]}
        if cut:
            names = [_name(nb.cells[index], index) for index in sorted(cut)]
            kilobytes = self.max_output // 1000
            self._flags.append(flag("output", file=self._file, cells=names, kilobytes=kilobytes))
        record = nb.metadata.setdefault("millwright", NotebookNode())
        record.seconds = round(seconds, 2)
        record.flags = [*record.get("flags", []), *(item.to_dict() for item in self._flags)]


def _name(cell: NotebookNode, index: int) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or f"number {index + 1}")


def _mark_not_run(cell: NotebookNode, reason: str) -> None:
    """Give a cell the error without which nbgrader would take it for right."""
    cell.outputs = [new_output("error", ename="NotRun", evalue=reason, traceback=[reason])]


def _cap_credit(cell: NotebookNode) -> None:
    """Keep partial credit within the cell's points, beyond which nbgrader fails.

    A test gives partial credit by the value of its last line, in which a student's answer may have
    a part. nbgrader takes what is no number, and less than nothing, for full points.
    """
    role = cell.metadata.get("nbgrader", {})
    if not role.get("grade") or role.get("solution"):
        return
    for output in cell.outputs:
        if output.output_type == "execute_result":
            try:
                credit = float(output.data.get("text/plain", ""))
            except ValueError:
                continue
            most = float(role.get("points", 0))
            capped = 0.0 if math.isnan(credit) else min(max(credit, 0.0), most)
            if capped != credit:
                output.data = {"text/plain": str(capped)}


def _size(content: dict[str, Any]) -> int:
    envelope = 100  # what storing one more output costs besides its text
    if "text" in content:
        return envelope + len(content["text"])
    return envelope + sum(len(str(value)) for value in content.get("data", {}).values())


def _shorten(content: dict[str, Any], keep: int) -> None:
    note = "… more output was dropped …"
    if "text" in content:
        content["text"] = f"{content['text'][:keep]}\n{note}\n"
    else:
        content["data"] = {"text/plain": note}
        content["metadata"] = {}


def _shorten_error(content: dict[str, Any]) -> None:
    if content.get("status", "error") == "error":
        content["evalue"] = str(content.get("evalue", ""))[:_ERROR_CHARACTERS]
        content["traceback"] = [
            str(line)[:_ERROR_CHARACTERS] for line in content.get("traceback", [])
        ]
