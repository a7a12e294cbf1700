"""Machines that really run: served by `millwright-plant`, reached over loopback sockets."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from millwright_labs.link.certificates import Keys

COMMAND = [sys.executable, "-m", "millwright_labs.link.app"]


@dataclass
class Served:
    """A plant that `millwright-plant run` serves, and the folder of its keys."""

    address: str
    keys: Keys
    process: subprocess.Popen

    @property
    def port(self) -> int:
        return int(self.address.split(":")[2].split("/")[0])


@contextlib.contextmanager
def served(folder: Path, station: str, *arguments: str, port: int = 0) -> Iterator[Served]:
    keys = Keys(folder)
    process = subprocess.Popen(
        [*COMMAND, "run", station, "--keys", str(folder), "--port", str(port), *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process:
        try:
            address = process.stdout.readline().removeprefix("address ").strip()
            assert address, "the plant did not start"
            yield Served(address, keys, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            process.terminate()
