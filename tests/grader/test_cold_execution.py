"""Running cells in one cold kernel: every cell comes back with outputs or with a reason."""

import os
from typing import Any

import nbformat
import pytest
from millwright_grader.errors import KernelStartError
from millwright_grader.execution import MillwrightExecute
from nbformat import NotebookNode

pytestmark = pytest.mark.slow


def run(*sources: str, **options: Any) -> NotebookNode:
    """Run cells; the result's metadata say what was noticed."""
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])
    node.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    execute = MillwrightExecute(**options)
    node, _ = execute.preprocess(node, {"metadata": {"path": "."}, "nbgrader": {"notebook": "a"}})
    return node


def kinds(node: NotebookNode) -> list[str]:
    return [found["kind"] for found in node.metadata.millwright.flags]


def errors(node: NotebookNode) -> list[str]:
    """The last error of each cell, or an empty string."""
    found = []
    for cell in node.cells:
        names = [out.ename for out in cell.outputs if out.output_type == "error"]
        found.append(names[-1] if names else "")
    return found


def test_a_kernel_that_ends_takes_the_later_cells_with_it() -> None:
    node = run("1", "import os; os._exit(0)", "2", "", "3")
    assert errors(node) == ["", "NotRun", "NotRun", "", "NotRun"]
    assert kinds(node) == ["kernel-died"]


def test_a_loop_is_stopped_and_the_next_cell_runs() -> None:
    node = run("while True: pass", "3", timeout=1)
    assert errors(node) == ["CellTimeoutError", ""]
    assert kinds(node) == ["timeout"]


def test_a_loop_that_cannot_be_stopped_ends_the_notebook() -> None:
    deaf = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    node = run("1", deaf, "3", timeout=1, iopub_timeout=1)
    assert errors(node) == ["", "NotRun", "NotRun"]
    assert kinds(node) == ["unresponsive", "timeout"]


def test_the_whole_notebook_has_a_budget() -> None:
    node = run("import time", *["time.sleep(1)"] * 6, budget=2)
    assert errors(node)[0] == ""
    assert errors(node)[-1] == "NotRun"
    assert "budget" in kinds(node)


def test_output_is_cut_but_what_decides_a_score_is_not() -> None:
    loud = (
        "import sys\nprint('x' * 3_000_000)\nprint('careful', file=sys.stderr)\n"
        "for _ in range(9): display({'text/plain': 'y' * 400_000}, raw=True)\n0.5"
    )
    node = run(loud, max_output=1_000_000)
    assert len(nbformat.writes(node)) < 1_500_000
    assert node.cells[0].outputs[-1].data["text/plain"] == "0.5"
    assert any(out.get("name") == "stderr" for out in node.cells[0].outputs)
    assert kinds(node) == ["output"]


def test_an_endless_message_of_an_error_is_cut() -> None:
    node = run("raise ValueError('x' * 5_000_000)")
    assert errors(node) == ["ValueError"]
    assert len(nbformat.writes(node)) < 100_000


def test_student_code_sees_none_of_the_graders_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTERHUB_API_TOKEN", "DATABASE_PASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "do-not-tell")
    monkeypatch.setenv("MILLWRIGHT_LANGUAGE", "en")
    node = run("import os; dict(os.environ)")
    seen = node.cells[0].outputs[0].data["text/plain"]
    assert "do-not-tell" not in seen
    assert "MILLWRIGHT_LANGUAGE" in seen
    assert "do-not-tell" in os.environ.values()


def test_a_kernel_that_cannot_start_is_the_graders_trouble() -> None:
    with pytest.raises(KernelStartError, match="no-such-kernel"):
        run("1", kernel_name="no-such-kernel")
