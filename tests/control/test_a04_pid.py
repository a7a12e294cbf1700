"""Unit A4 says what the plant, the app and the assignment really do."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from millwright_labs import plants
from millwright_labs.apps import pid_furnace

COURSE = Path(__file__).resolve().parents[2] / "courses" / "control"
CHECKS = tomllib.loads((COURSE / "lessons/text/a04-pid.en.toml").read_text("utf-8"))["check"]


def says(check: str, value: float) -> bool:
    return bool(abs(CHECKS[check]["answer"] - value) <= CHECKS[check]["tolerance"])


@pytest.fixture(scope="module")
def solved() -> dict[str, Any]:
    """The names of the assignment after its reference solution, without the tests."""
    mpl.use("agg")
    names: dict[str, Any] = {}
    book = json.loads((COURSE / "source/a04-pid/a04-pid.ipynb").read_text("utf-8"))
    for cell in book["cells"]:
        role = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and role and not role["grade"]:
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    return names


def preset(name: str, **changes: Any) -> pid_furnace.Quality:
    controls: Any = pid_furnace.CONTROLS
    values = {control.name: control.value for control in controls}
    values |= pid_furnace.PRESETS[name] | changes
    run = pid_furnace.run(**values)
    return pid_furnace.quality(run, values["setpoint"], values["heater_limit"])


def test_predicted_offset_is_the_plants() -> None:
    P = plants.furnace_zone()
    _, _, y = plants.operating_point(P, Q1=100.0)
    gain = (y[0] - P.x0[0]) / 100.0
    assert says("recall-1", gain)
    assert says("predict-1", (60.0 - P.x0[0]) / (1 + gain * 4.0))


def test_predicted_spike_is_one_step_of_the_sensor() -> None:
    step = plants.furnace_zone().model.sensors["T1"].step
    assert says("predict-3", 8.0 * 20.0 * step / 2.0)


def test_app_answers_are_the_apps() -> None:
    assert says("app-1", preset("windup").overshoot - preset("windup", antiwindup=True).overshoot)
    limits = [
        limit
        for limit in range(30, 61)
        if preset("antiwindup", heater_limit=float(limit)).settling is not None
    ]
    assert limits == list(range(limits[0], 61)), "below its answer the zone never settles"
    assert says("app-2", limits[0])


def test_reference_setting_is_accepted_on_all_zones_that_students_get(
    solved: dict[str, Any],
) -> None:
    for number in range(100):
        result = solved["accept"](solved["setting"](), number)
        assert result["command"]
        for name, limit in solved["LIMITS"].items():
            assert result[name] <= limit, f"zone {number}: {name}"


GUIDE = (COURSE / "guides/a04-pid.md").read_text("utf-8")


@pytest.mark.parametrize("condition", ["sound", "heater gives 30 % less", "sensor 3 °C high"])
def test_guide_knows_the_condition_of_each_zone(solved: dict[str, Any], condition: str) -> None:
    row = re.search(rf"^\| {condition} \| ([\d, ]+) \|$", GUIDE, flags=re.M)
    assert row
    for number in map(int, row[1].split(",")):
        _, u_max, _ = solved["zone"](number)
        controller = solved["PID"](**solved["setting"](), u_max=u_max)
        record, drawing = solved["commission"](controller, number)
        cold = record["T1"].iloc[0] - drawing["room"]
        by_hand = record["T1"].loc[1000.0:1195.0].mean() - drawing["T1 at 60 % of the limit"]
        power = record["Q1"].loc[2700.0:].mean() - drawing["Q1 at the set point"]
        seen = {
            "sound": abs(cold) < 1 and abs(by_hand) < 2 and abs(power) < 3,
            "heater gives 30 % less": abs(cold) < 1 and by_hand < -2 and power > 3,
            "sensor 3 °C high": cold > 1 and by_hand > 2 and power < -3,
        }
        assert seen[condition], f"zone {number}"
        # The trap of the task: in automatic mode every zone shows its set point.
        assert abs(record["T1"].loc[2700.0:].mean() - drawing["set point"]) < 0.5


def test_guide_names_every_zone_once() -> None:
    rows = re.findall(r"^\| [^|]+ \| ((?:\d+, )+\d+) \|$", GUIDE, flags=re.M)
    assert sorted(int(n) for row in rows for n in row.split(",")) == list(range(100))
