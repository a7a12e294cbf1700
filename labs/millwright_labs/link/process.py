"""A plant in a process of its own, for as long as a link to it is open.

The plant gets throw-away keys, a free port of this computer, and a password that nobody needs to
know. It ends with the link, and with the kernel that started it, however that ends.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from millwright_labs.errors import LinkError
from millwright_labs.link.certificates import Keys
from millwright_labs.link.opcua import OpcUaLink
from millwright_labs.link.station import Made, make_station

#: How long a plant may take to end (s).
END_SECONDS = 5.0

#: How the line of `millwright-plant run` begins that says where the plant is.
ADDRESS = "address "


def start_process(made: Made, speed: float = 1.0) -> OpcUaLink:
    """Start a plant beside this process and connect to it over OPC UA.

    Parameters
    ----------
    made : Made
        The machine.
    speed : float
        Plant seconds in a second.

    Raises
    ------
    LinkError
        There is no such machine, or it did not start.
    """
    make_station(made)  # says at once what is wrong
    plant = _Process(made, speed)
    try:
        return OpcUaLink(
            plant.address,
            password=plant.keys.password,
            keys=plant.keys,
            whole=True,
            alive=plant.alive,
            ended=plant.end,
        )
    except BaseException:
        plant.end()
        raise


class _Process:
    def __init__(self, made: Made, speed: float):
        self._folder = tempfile.TemporaryDirectory(prefix="millwright-plant-")
        self.keys = Keys(self._folder.name)
        log = Path(self._folder.name) / "log"
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "millwright_labs.link.app", "run", made.station),
                    *("--seed", str(made.seed), "--case", made.case, "--speed", str(speed)),
                    *("--port", "0", "--keys", self._folder.name, "--until-input-ends"),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout
        lines = (line for line in self._process.stdout if line.startswith(ADDRESS))
        self.address = next(lines, "").removeprefix(ADDRESS).strip()
        if not self.address:
            reason = log.read_text(errors="replace").strip().splitlines()[-1:]
            self.end()
            raise LinkError(f"The plant {made.station} did not start: {' '.join(reason)}")

    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        # Its input ends with us, and it with its input.
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]
        self._folder.cleanup()
