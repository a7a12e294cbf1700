"""Networks fail, computers hang, plants end: nothing is lost twice, and errors come once."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from conftest import Served, served
from millwright_labs import link
from millwright_labs.errors import LinkError
from millwright_labs.link import opcua
from millwright_labs.link.running import Running
from relay import Relay


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


def test_a_plant_that_hung_makes_up_for_it(tmp_path: Path) -> None:
    with (
        served(tmp_path, "dc_motor", "--speed", "5") as motor,
        link.connect(motor.address, keys=tmp_path) as here,
    ):
        here.wait(1.0)
        began, before = time.monotonic(), here.t
        os.kill(motor.process.pid, signal.SIGSTOP)
        time.sleep(1.0)
        os.kill(motor.process.pid, signal.SIGCONT)
        # Its clock has run on: what passed meanwhile is there, and in order.
        here.wait(5.0)
        assert here.t - before >= 5.0
        assert here.t - before <= 5.0 * (time.monotonic() - began) + 1.0
        steps = np.diff(here.recording.table.index.to_numpy())
        assert np.allclose(steps, 0.01)


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


def test_a_plant_that_was_started_anew_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    with served(tmp_path, "furnace_zone", "--speed", "100") as first:
        here = link.connect(first.address, keys=tmp_path)
        here.wait(10.0)
    with served(tmp_path, "furnace_zone", "--speed", "100", port=first.port):
        with pytest.raises(LinkError, match="started anew"):
            here.wait(1e6)
        kept = here.recording.table
        assert np.array_equal(np.diff(kept.index), np.ones(len(kept) - 1))
    here.close()


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


STARTS = """
import time
from millwright_labs import link
plant = link.start("furnace_zone", over="opcua")
print("started", flush=True)
time.sleep(600)
"""


def test_a_plant_ends_with_the_kernel_that_started_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS], stdout=subprocess.PIPE, text=True
    ) as kernel:
        assert kernel.stdout
        assert kernel.stdout.readline() == "started\n"
        plants = psutil.Process(kernel.pid).children()
        assert len(plants) == 1
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
