"""Brokers and a published machine for the tests: real ones, on the loopback address."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
from millwright_labs.link import Made, make_station
from millwright_labs.link.broker import Broker
from millwright_labs.link.mqtt import Address
from millwright_labs.link.mqtt_gateway import MqttGateway
from millwright_labs.link.running import KEPT, Running

USER, PASSWORD = "lab", "s3cret"
USERS = {USER: PASSWORD}

#: Debian puts servers where only root looks.
MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")


def until(done: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until something is true; fail when it never is."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


class Published:
    """A station with its gateway, in a thread of its own."""

    def __init__(self, address: str | Address, station: str, speed: float, kept: int = KEPT):
        if isinstance(address, str):
            address = Address.parse(address, USER, PASSWORD)
        self._ready = threading.Event()
        self._error: Exception | None = None
        self._given = (address, station, speed, kept)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._error:
            raise self._error

    async def _serve(self) -> None:
        address, station, speed, kept = self._given
        self._loop = asyncio.get_running_loop()
        self.running = Running(make_station(Made(station, seed=4)), speed, kept)
        try:
            async with MqttGateway(self.running, address) as self.gateway:
                self._work = asyncio.ensure_future(self.running.run())
                self._ready.set()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._work
        except Exception as error:
            self._error = error
        finally:
            self._ready.set()

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._work.cancel)
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Listener:
    """A plain paho client that keeps every message. No code of ours is in it."""

    def __init__(self, port: int, topic: str = "spBv1.0/#"):
        self.messages: list[tuple[str, bytes]] = []
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(USER, PASSWORD)
        self.client.on_connect = lambda *_: self.client.subscribe(topic)
        self.client.on_message = lambda _, __, m: self.messages.append((m.topic, m.payload))
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert subscribed.wait(10.0)

    def of(self, kind: str) -> list[bytes]:
        return [data for topic, data in list(self.messages) if topic.split("/")[2] == kind]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Mosquitto:
    """A mosquitto of the system, as a school would run it."""

    def __init__(self, folder: Path, port: int = 0):
        with socket.create_server(("127.0.0.1", port)) as probe:
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        passwords = folder / "passwords"
        passwords.write_text(f"{USER}:{PASSWORD}\n")
        passwords.chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", passwords], check=True)
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            "user root\n"
        )
        self._process = subprocess.Popen(
            [str(MOSQUITTO), "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

        def listens() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return True
            return False

        until(listens)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def brokers(kind: str, folder: Path) -> Iterator[Callable[..., Broker | Mosquitto]]:
    """Yield what starts a broker of a kind; all are closed in the end."""
    started: list[Broker | Mosquitto] = []

    def start(port: int = 0) -> Broker | Mosquitto:
        broker = Broker(USERS, port) if kind == "amqtt" else Mosquitto(folder, port)
        started.append(broker)
        return broker

    yield start
    for broker in started:
        broker.close()


def has_mosquitto() -> bool:
    return MOSQUITTO is not None and shutil.which("mosquitto_passwd") is not None
