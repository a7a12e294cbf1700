"""What a kernel costs, beside one that is started cold.

`first_cell` is measured as JupyterLab sees it, from the request to the status "idle", but through
`jupyter_client`, which a Jupyter server uses too: the time that server and browser take is the same
for both and would hide the difference. `lesson_ready` adds the start: from asking for a kernel to
the end of its first cell.

Processor time is that of all processes together: whoever asks, the warm parent, and the kernel.
"""

import contextlib
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
from bench_apps import APPS, CHROMIUM, seconds_to_figure, server
from figure import Figure
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from millwright_grader.split.execution import SplitExecute
from millwright_grader.warm.owner import close_shared_parents
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.preprocessors import Execute
from playwright.sync_api import sync_playwright

COLD, WARM = "local-provisioner", "warm"
RUNS = 5
KERNELS = 4  # at once, for the memory of one more
MIB = 1 << 20
COMMAND = "make bench ARGS=kernels"

# What lessons begin with, and their first figure.
LESSON = """
import control
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import integrate, optimize, stats

t, y = control.step_response(control.tf([1], [50, 1]))
plt.plot(t, y)
plt.xlabel("t (s)");
"""


def family() -> list[psutil.Process]:
    """This process and all that descend from it."""
    here = psutil.Process()
    return [here, *here.children(recursive=True)]


def processor_seconds() -> float:
    """Return the processor time of the family so far, with that of those who have ended."""
    total = 0.0
    for process in family():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


@contextlib.contextmanager
def kernel(provisioner: str) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """A kernel that is ready."""
    KernelProvisionerFactory.instance().default_provisioner_name = provisioner
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run_lesson(client: BlockingKernelClient) -> int:
    """Run the first cell of a lesson; the number of its figures."""
    figures = []

    def notice(message: dict) -> None:
        if message["msg_type"] == "display_data":
            figures.append(message["content"]["data"]["image/png"])

    client.execute_interactive(LESSON, timeout=120, output_hook=notice)
    return len(figures)


def lesson(provisioner: str) -> tuple[float, float]:
    """Return the seconds of the first cell alone, and from asking for the kernel."""
    asked = time.monotonic()
    with kernel(provisioner) as (_, client):
        ready = time.monotonic()
        assert run_lesson(client) == 1
        return time.monotonic() - ready, time.monotonic() - asked


def notebook_without_cells(provisioner: str) -> float:
    """Return the processor time of starting and ending what runs a submission."""
    KernelProvisionerFactory.instance().default_provisioner_name = provisioner
    kind = SplitExecute if provisioner == WARM else Execute
    book = nbformat.v4.new_notebook()
    with tempfile.TemporaryDirectory() as folder:
        before = processor_seconds()
        kind().preprocess(book, ResourcesDict(metadata=ResourcesDict(path=folder)))
    # The end of a kernel is booked with its parent, a moment later.
    time.sleep(0.3)
    return processor_seconds() - before


def memory_of_one_more(provisioner: str) -> float:
    """Return the bytes by which one more kernel raises the whole, after a lesson's first cell.

    A page that several processes share counts once in the sum of their proportional set sizes.
    """
    with contextlib.ExitStack() as stack:
        for number in range(KERNELS):
            _, client = stack.enter_context(kernel(provisioner))
            run_lesson(client)
            if number == KERNELS - 2:
                before = sum(process.memory_full_info().pss for process in family())
        return sum(process.memory_full_info().pss for process in family()) - before


def in_turn(measure: Callable[[str], float]) -> tuple[float, float]:
    """Return the medians (warm, cold) of runs in turn."""
    pairs = [(measure(WARM), measure(COLD)) for _ in range(RUNS)]
    return statistics.median(w for w, _ in pairs), statistics.median(c for _, c in pairs)


def visits() -> tuple[float, float]:
    """Return the seconds to an app's first figure, ours and stock Voila's.

    Each app is opened twice in a row: the second visitor finds no kernel that waits.
    """
    here: list[float] = []
    there: list[float] = []
    with (
        sync_playwright() as playwright,
        server("millwright_labs.voila") as (ours, _),
        server("voila") as (stock, _),
        contextlib.closing(
            playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        ) as browser,
    ):
        for path in sorted(Path(APPS).glob("*.ipynb")):
            for seconds, address in ((here, ours), (there, stock)):
                for _ in range(2):
                    url = f"{address}/voila/render/{path.name}"
                    seconds.append(seconds_to_figure(browser, url))
    return statistics.median(here), statistics.median(there)


def measure() -> list[Figure]:
    """Measure kernels started in both ways, in turn."""
    lesson(WARM)  # the parent of these; a server starts it before anybody asks
    notebook_without_cells(WARM)
    lessons = [(lesson(WARM), lesson(COLD)) for _ in range(RUNS)]
    cell, ready = (
        tuple(statistics.median(pair[side][part] for pair in lessons) for side in (0, 1))
        for part in (0, 1)
    )
    fixed = in_turn(notebook_without_cells)
    more = memory_of_one_more(WARM) / MIB, memory_of_one_more(COLD) / MIB
    close_shared_parents()
    rows = [
        ("first_cell", cell, "s", "ipykernel, started cold"),
        ("lesson_ready", ready, "s from asking for a kernel", "ipykernel, started cold"),
        ("kernel_fixed_cpu", fixed, "s of processor time", "nbgrader 0.9.6, started cold"),
        ("kernel_unique_memory", more, "MiB for one more", "ipykernel, started cold"),
        ("voila_first_figure", visits(), "s, visitors in a row", "voila 0.5.13, the same apps"),
    ]
    return [
        Figure(name, here, unit, peer, there, "lower", COMMAND)
        for name, (here, there), unit, peer in rows
    ]
