"""Networks fail, computers hang, plants end: nothing is lost twice, and errors come once."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from millwright_labs import link
from millwright_labs.errors import LinkError
from millwright_labs.link import opcua
from millwright_labs.link.certificates import Keys
from millwright_labs.link.opcua_server import OpcUaServer
from millwright_labs.link.running import Running
from relay import Relay
from served import Served


def test_what_an_outage_hid_is_fetched(plant: Served, relay: Relay) -> None:
    address = f"opc.tcp://127.0.0.1:{relay.port}/millwright"
    with link.connect(address, keys=plant.keys.folder) as furnace:
        furnace.write(Q1=40.0)
        commanded = furnace.t
        for _ in range(2):
            relay.cut()
            with pytest.raises(LinkError, match=r"not given|whether it took"):
                furnace.write(Q1=90.0)
            before = furnace.t
            relay.mend()
            table = furnace.wait(300.0)
            assert table.index[-1] >= before + 300.0
        times = furnace.recording.table.index.to_numpy()
        assert np.array_equal(np.diff(times), np.ones(len(times) - 1))
        assert (furnace.recording.table["Q1"].loc[commanded + 1.0 :] == 40.0).all()
        furnace.write(Q1=0.0)
        assert (furnace.wait(5.0)["Q1"] == 0.0).all()


def test_a_plant_that_hung_makes_up_for_it(plant: Served) -> None:
    with link.connect(plant.address, keys=plant.keys.folder) as here:
        before = here.t
        os.kill(plant.process.pid, signal.SIGSTOP)
        time.sleep(1.0)
        os.kill(plant.process.pid, signal.SIGCONT)
        # Its clock has run on at a hundred times ours; what passed is there, and in order.
        here.wait(50.0)
        while here.t < before + 100.0:
            here.wait(10.0)
        assert (np.diff(here.recording.table.index) == 1.0).all()


def test_a_plant_remembers_its_newest_samples() -> None:
    running = Running(link.make_station(link.Made("dc_motor")), speed=1000.0, kept=100)

    async def run() -> None:
        task = asyncio.create_task(running.run())
        while running.last < 1000:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(run())
    block = running.samples(0, 10_000)
    assert block.first == running.last - 99
    assert len(block.values) == 100 * 4


def test_a_plant_that_ended_is_reported_once_and_at_once() -> None:
    before = {each.pid for each in psutil.Process().children()}
    furnace = link.start("furnace_zone", over="opcua", speed=100.0)
    furnace.wait(10.0)
    kept = len(furnace.recording)
    (child,) = [each for each in psutil.Process().children() if each.pid not in before]
    child.kill()
    with pytest.raises(LinkError, match="has ended"):
        furnace.wait(1e6)
    with pytest.raises(LinkError, match="has ended"):
        furnace.write(Q1=1.0)
    assert len(furnace.recording) >= kept
    assert furnace.recording.differs() == ""
    furnace.close()


@contextlib.asynccontextmanager
async def serving(keys: Keys, port: int = 0) -> AsyncIterator[OpcUaServer]:
    running = Running(link.make_station(link.Made("dc_motor")))
    async with OpcUaServer(running, keys, port=port) as server:
        work = asyncio.create_task(running.run())
        yield server
        work.cancel()


def test_a_plant_that_was_started_anew_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    keys = Keys(tmp_path)

    async def restart() -> link.PlantLink:
        async with serving(keys) as first:
            here = await asyncio.to_thread(link.connect, first.address, keys=tmp_path)
            await asyncio.to_thread(here.wait, 0.1)
        async with serving(keys, first.port):
            with pytest.raises(LinkError, match="started anew"):
                await asyncio.to_thread(here.wait, 1e6)
        return here

    with asyncio.run(restart()) as here:
        assert here.recording.gaps()[1:] == []
        with pytest.raises(LinkError, match="started anew"):
            here.write(V=1.0)


def test_patience_ends(plant: Served, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opcua, "PATIENCE", 0.5)
    address = f"opc.tcp://127.0.0.1:{relay.port}/millwright"
    with link.connect(address, keys=plant.keys.folder) as furnace:
        relay.cut()
        with pytest.raises(LinkError, match="no sample for"):
            furnace.wait(1e6)
        relay.mend()
        monkeypatch.setattr(opcua, "PATIENCE", 60.0)
        furnace.wait(10.0)
        assert (np.diff(furnace.recording.table.index) == 1.0).all()


NOTEBOOK = """
import time
from millwright_labs import link
plant = link.start("furnace_zone")
plant.wait(100.0)
print(type(plant).__name__, flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    plant.wait(100.0)
    print("alive", flush=True)
time.sleep(600)
"""


def test_a_live_plant_outlives_an_interrupt_and_ends_with_its_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MILLWRIGHT_LINK")
    monkeypatch.setenv("MILLWRIGHT_SPEED", "100")
    with subprocess.Popen(
        [sys.executable, "-c", NOTEBOOK],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as kernel:
        assert kernel.stdout
        assert kernel.stdout.readline() == "OpcUaLink\n"
        plants = psutil.Process(kernel.pid).children()
        assert len(plants) == 1
        os.killpg(kernel.pid, signal.SIGINT)  # as Jupyter does
        assert kernel.stdout.readline() == "alive\n"
        kernel.kill()
    assert psutil.wait_procs(plants, timeout=30)[1] == []


def test_a_link_that_is_thrown_away_ends(plant: Served) -> None:
    def links() -> int:
        return sum(each.name.startswith("link to") for each in threading.enumerate())

    before = links()
    here = link.connect(plant.address, keys=plant.keys.folder)
    assert links() == before + 1
    del here
    assert links() == before
