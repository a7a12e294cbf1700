"""The feed axis with its drive: it goes where it is told, and its guard stops it where it must."""

import numpy as np
import pytest
from millwright_labs import link
from millwright_labs.link import PlantLink
from millwright_labs.link.stations.cnc_axis_drive import LAG, OVERSPEED, TRAVEL, unit


def started(seed: int = 3, **panel: float) -> PlantLink:
    plant = link.start("cnc_axis_drive", seed=seed)
    plant.write(**panel)
    return plant


def test_it_reaches_a_speed_and_needs_more_voltage_than_a_textbook_axis() -> None:
    plant = started(mode=1, Kv=0.1, Tv=0.05, ramp=400.0, speed_set=40.0)
    last = plant.wait(0.8).iloc[-300:]
    axis, extra = unit(3)
    assert last["speed"].mean() == pytest.approx(40.0, abs=0.05)
    textbook = axis.coulomb_plus + axis.B / (axis.Ka * axis.Kt) * 40.0
    assert last["u"].mean() == pytest.approx(
        textbook - extra["offset"] + 0.5 * extra["tight"], abs=0.02
    )


def test_it_goes_to_a_position_and_follows_at_feed_over_gain() -> None:
    plant = started(mode=2, Kv=0.2, Tv=0.02, Kp=50.0, feed=100.0, u_limit=6.0, target=60.0)
    table = plant.wait(1.2)
    assert table["set_point"].iloc[-1] == 60.0
    assert table["position"].iloc[-1] == pytest.approx(60.0, abs=0.03)
    assert table["following_error"].max() == pytest.approx(100.0 / 50.0, rel=0.02)
    assert np.abs(np.diff(table["set_point"])).max() <= 0.1001


def test_a_circle_is_traced_at_the_feed() -> None:
    plant = started(mode=2, Kv=0.2, Tv=0.02, Kp=50.0, feed=100.0, u_limit=6.0, radius=20.0)
    table = plant.wait(3.0)
    path = table["set_point"].to_numpy()
    assert (path.min(), path.max()) == pytest.approx((0.0, 40.0), abs=0.05)
    assert np.abs(np.diff(path)).max() == pytest.approx(0.1, rel=0.01)
    assert table["alarm"].max() == 0.0


@pytest.mark.parametrize(
    ("panel", "alarm"),
    [
        ({"mode": 1, "speed_set": 100.0, "Kv": 0.2, "u_limit": 10.0}, 1.0),
        # An integral far too quick: the speed shoots over.
        (
            {
                "mode": 1,
                "speed_set": 150.0,
                "Kv": 0.02,
                "Tv": 0.005,
                "u_limit": 6.0,
                "ramp": 2000.0,
            },
            2.0,
        ),
        # Too weak for the friction.
        ({"mode": 2, "target": 100.0, "u_limit": 0.3, "Kv": 0.2}, 3.0),
    ],
)
def test_the_guard_switches_off_and_can_be_acknowledged(panel: dict, alarm: float) -> None:
    plant = started(**panel)
    table = plant.wait(3.0)
    assert table["alarm"].iloc[-1] == alarm
    tripped = table[table["alarm"] > 0.0]
    assert (tripped["u"] == 0.0).all()
    before = table[table["alarm"] == 0.0]
    assert before["position"].abs().max() <= TRAVEL + 0.5
    assert before["speed"].abs().max() <= OVERSPEED + 5.0
    assert before["following_error"].abs().max() <= LAG + 0.5
    plant.write(mode=0)
    plant.wait(2.0)
    assert plant.read()["alarm"] == 0.0
    assert plant.read()["speed"] == pytest.approx(0.0, abs=0.2)


def test_a_powered_off_axis_stays_where_it_is() -> None:
    table = started().wait(1.0)
    assert table["position"].abs().max() < 0.01
    assert (table["u"] == 0.0).all()


def test_greed_costs_quiet() -> None:
    calm, greedy = (
        started(mode=1, Kv=Kv, Tv=0.02, ramp=400.0, speed_set=20.0).wait(0.6).iloc[-300:]["u"].std()
        for Kv in (0.1, 0.8)
    )
    assert greedy > 5.0 * calm


def test_machines_differ_and_each_stays_itself() -> None:
    axes = [unit(seed)[0] for seed in range(30)]
    for name in ("J", "B", "coulomb_plus", "coulomb_minus"):
        values = np.array([getattr(axis, name) for axis in axes])
        assert 0.08 < values.std() / values.mean() < 0.3
    assert unit(7) == unit(7)


def test_a_run_of_all_modes_replays_exactly() -> None:
    plant = started(mode=1, speed_set=30.0)
    plant.wait(0.3)
    plant.write(mode=0)
    plant.wait(0.2)
    plant.write(mode=2, target=20.0)
    plant.wait(0.3)
    plant.fault(friction_growth=0.5)
    plant.write(radius=10.0)
    plant.wait(0.3)
    assert plant.recording.differs() == ""
