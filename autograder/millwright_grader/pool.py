"""Processes that mark submissions side by side, and what happens when one of them is lost.

`marked` gives work to any `concurrent.futures.Executor` and yields what comes back, in the order
in which it is ready. Two executors are at hand: processes of this machine (`LocalPool`), and a Dask
cluster (`dask_pool`), whose workers must see the course folder.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from millwright_grader.errors import MissingExtraError, NoClusterError
from millwright_grader.submission import Marked, Work, mark

PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Marks students, given the states of their last gradings.
Marking = Callable[[Sequence[str], dict[str, str]], Iterator[Marked]]

LOST = "the process that marked it ended, perhaps for lack of memory; grade it again"


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


class LocalPool:
    """Processes of this machine.

    They are forks, so that they have all that this process has imported, and end with it.

    Parameters
    ----------
    work : Work
    workers : int
    """

    def __init__(self, work: Work, workers: int) -> None:
        self._work, self._workers = work, workers

    def executor(self, workers: int | None = None) -> ProcessPoolExecutor:
        """Return new processes."""
        return ProcessPoolExecutor(
            workers or self._workers,
            mp_context=get_context("fork"),
            initializer=_begin,
            initargs=(self._work, os.getpid()),
        )

    def marked(self, students: Sequence[str], stored: dict[str, str]) -> Iterator[Marked]:
        """Mark submissions; yield each as soon as it is ready.

        Where a process is lost, the submissions that it may have had are marked again, one by one
        in a process of their own: whoever loses that too is given up, and nobody else.
        """
        left = list(students)
        suspects: list[str] = []
        while left:
            executor = self.executor()
            futures = {
                executor.submit(_mark_here, student, stored.get(student, "")): student
                for student in left
            }
            try:
                for future in as_completed(futures):
                    yield future.result()
                    left.remove(futures[future])
            except BrokenProcessPool:
                running = [s for f, s in futures.items() if s in left and not _was_waiting(f)]
                suspects = running or left[: self._workers]
            finally:
                end(executor)
            for student in suspects:
                yield self._alone(student, stored.get(student, ""))
                left.remove(student)
            suspects = []

    def _alone(self, student: str, stored: str) -> Marked:
        executor = self.executor(1)
        try:
            return executor.submit(_mark_here, student, stored).result()
        except BrokenProcessPool:
            return Marked(student, failure=LOST)
        finally:
            end(executor)


def cluster_marked(
    executor: Executor, work: Work, students: Sequence[str], stored: dict[str, str]
) -> Iterator[Marked]:
    """Mark submissions with any executor; yield each as soon as it is ready."""
    futures: dict[Future[Marked], str] = {
        executor.submit(mark, work, student, stored.get(student, "")): student
        for student in students
    }
    for future in as_completed(futures):
        try:
            yield future.result()
        except Exception as error:
            yield Marked(futures[future], failure=f"{LOST} ({type(error).__name__})")


@contextlib.contextmanager
def dask_pool(address: str) -> Iterator[Executor]:
    """An executor of a Dask cluster.

    Raises
    ------
    MissingExtraError, NoClusterError
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise MissingExtraError("distributed", "cluster") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoClusterError(address, str(error)) from error
    with client:
        yield client.get_executor()


def end(executor: ProcessPoolExecutor) -> None:
    """End an executor's processes now, whatever they are doing."""
    processes = list((getattr(executor, "_processes", None) or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def _was_waiting(future: Future[Any]) -> bool:
    return future.cancelled() or not (future.running() or future.done())


_work: Work | None = None


def _begin(work: Work, parent: int) -> None:
    """Prepare a process of the pool."""
    global _work
    _work = work
    # Ctrl-C is for the process that started this one; if that is killed, this one goes too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _mark_here(student: str, stored: str) -> Marked:
    assert _work is not None
    return mark(_work, student, stored)
