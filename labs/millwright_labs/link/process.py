"""A plant in a process of its own, for as long as a link to it is open.

The plant gets throw-away keys, a free port of this computer, and a password that nobody needs to
know. It ends with the link, and with the kernel that started it, however that ends. Over MQTT it
has a broker of its own as well, in our process.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from millwright_labs.errors import LinkError
from millwright_labs.link.certificates import Keys
from millwright_labs.link.link import PlantLink
from millwright_labs.link.station import Made, make_station

#: How long a plant may take to end (s).
END_SECONDS = 5.0

#: How the line of `millwright-plant run` begins that says where the plant is.
ADDRESS = "address "

#: In the environment: the broker, if any, that a plant publishes to.
MQTT = "MILLWRIGHT_MQTT"


def start_opcua(made: Made, speed: float = 1.0) -> PlantLink:
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
    from millwright_labs.link.opcua import OpcUaLink

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


def start_mqtt(made: Made, speed: float = 1.0) -> PlantLink:
    """Start a plant and a broker beside this process and connect to it over MQTT.

    Parameters and errors are those of `start_opcua`.
    """
    from millwright_labs.link.broker import Broker
    from millwright_labs.link.mqtt import MqttLink

    user, password = "learner", secrets.token_urlsafe(12)
    broker = Broker({user: password})
    try:
        plant = _Process(made, speed, f"mqtt://{user}:{password}@{broker.address}")
    except BaseException:
        broker.close()
        raise

    def end() -> None:
        plant.end()
        broker.close()

    address = f"mqtt://{broker.address}/{made.station}"
    try:
        return MqttLink(address, user, password, whole=True, alive=plant.alive, ended=end)
    except BaseException:
        end()
        raise


class _Process:
    """`millwright-plant run`, from its start to its end."""

    def __init__(self, made: Made, speed: float, mqtt: str = ""):
        make_station(made)  # says at once what is wrong
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
                # Other people of this computer see arguments, not the environment.
                env=os.environ | {MQTT: mqtt},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # Whoever interrupts a cell means the cell, and Jupyter interrupts the group.
                start_new_session=True,
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
