"""Machine, twin and operator in three processes, joined over OPC UA or MQTT."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from millwright_labs import link
from millwright_labs.link.broker import Broker

SPEED = 1500.0  # plant seconds in a second
HOUR = 3600.0  # s


@pytest.fixture(params=["opcua", "mqtt"])
def plant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A live incubator: its address for the twin, and the keys of both."""
    command = [sys.executable, "-m", "millwright_labs.link.app", "run", "incubator_live"]
    options = ["--seed=5", f"--speed={SPEED}", "--port=0", f"--keys={tmp_path}"]
    with Broker({"learner": "s3cret"}) as broker:
        published = f"mqtt://learner:s3cret@{broker.address}"
        env = os.environ | ({"MILLWRIGHT_MQTT": published} if request.param == "mqtt" else {})
        with subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, text=True, env=env
        ) as process:
            assert process.stdout is not None
            try:
                lines = (row for row in process.stdout if row.startswith("address"))
                address = next(lines).split()[1]
                mqtt = f"{published}/incubator_live"
                yield mqtt if request.param == "mqtt" else address, tmp_path
            finally:
                process.terminate()


@pytest.mark.slow
def test_a_twin_in_its_own_process_is_commissioned_and_notices_a_lid(
    plant: tuple[str, Path],
) -> None:
    address, keys = plant
    command = [sys.executable, "-m", "millwright_labs.twin", address, f"--keys={keys}"]
    options = ["--commission", "--every=300", "--json"]
    reports: list[dict[str, Any]] = []
    before = after = None
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as twin:
        assert twin.stdout is not None
        try:
            for row in twin.stdout:
                report = json.loads(row)
                reports.append(report)
                # The error is that of the last hour, in which the twin should know the machine.
                if before is None and report["t"] > reports[0]["t"] + HOUR:
                    assert report["nrmse_free"] < 0.05
                    with link.connect(address, keys=keys) as operator:
                        before = operator.t
                        operator.fault(lid_open=1.0)
                        after = operator.t
                if report["anomalies"]:
                    break
                assert report["t"] < 100_000, "the lid was not noticed"
        finally:
            twin.terminate()
    assert any("calibrated" in event for report in reports for event in report["events"])
    assert all(report["gaps"] == 0 for report in reports)
    (noticed,) = (event for event in reports[-1]["events"] if "anomaly" in event)
    assert before is not None
    assert after is not None
    assert before < float(noticed.split()[2]) <= after + 60


@pytest.mark.slow
def test_the_twin_of_another_machine_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "millwright_labs.link.app", "run", "dc_motor"]
    options = ["--port=0", f"--keys={tmp_path}"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = next(row.split()[1] for row in process.stdout if row.startswith("address"))
        twin = subprocess.run(
            [sys.executable, "-m", "millwright_labs.twin", address, f"--keys={tmp_path}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        process.terminate()
    assert twin.returncode == 2
    assert "twin of 'incubator_live'" in twin.stderr
    assert "Traceback" not in twin.stderr
