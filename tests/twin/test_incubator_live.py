"""The live incubator: a box with richer physics than the twin's, that runs by itself."""

import math

import numpy as np
import pytest
from millwright_labs import link
from millwright_labs.errors import FaultError, SignalError
from millwright_labs.link.stations import incubator_live as live
from millwright_labs.link.stations.incubator_live import LiveIncubator
from scipy.integrate import solve_ivp


def test_a_day_in_one_call_is_the_day_sample_by_sample() -> None:
    set_point = np.repeat([35.0, 31.0], 150)
    lid = (np.arange(300) > 200) * 0.3
    outputs, states = live.simulate(5, set_point, {"lid_open": lid})
    station = live.IncubatorLive(link.Made("incubator_live", 5))
    for k in range(300):
        station.write(set_point=set_point[k])
        station.fault(lid_open=lid[k])
        sample = station.step()
        assert list(sample.outputs.values()) == pytest.approx(list(outputs[k + 1]), nan_ok=True)
    assert list(station.x.values()) == list(states[-1])


def test_temperatures_agree_with_an_adaptive_solver() -> None:
    """Heater on from cold, no wander: Runge-Kutta in 0.75 s steps against LSODA at 1e-10."""
    box = LiveIncubator(wander=0.0, swing=0.0, noise=0.0, lost=0.0)
    p = live.numbers(box)
    n = 10  # 30 s: the first pulse of the thermostat
    _, states = live.simulate(1, np.full(n, 42.0), {"lid_open": np.full(n, 0.2)}, box)
    exact = solve_ivp(
        lambda t, x: live.heat_flows.py_func(*x, 1.0, box.T_room, p, 0.2, 1.0, 0.0),
        (0.0, n * live.SAMPLE_TIME),
        [box.T_room] * 3,
        method="LSODA",
        rtol=1e-10,
        atol=1e-10,
    )
    assert states[-1, :3] == pytest.approx(exact.y[:, -1], abs=1e-6)


def test_no_heat_is_made_or_lost_on_the_way() -> None:
    p = live.numbers(LiveIncubator())
    Th, Ta, Tw, room = 55.0, 38.0, 33.0, 20.0
    rates = live.heat_flows.py_func(Th, Ta, Tw, 1.0, room, p, 0.1, 0.8, 0.5)
    stored = p.C_heater * rates[0] + p.C_air * rates[1] + p.C_wall * rates[2]
    made = 0.8 * p.P_heater / (1 + p.copper * (Th - 40))
    out = p.G_outer * 1.3**p.convection * (Tw - room) + (p.G_leak + 1.5) * (Ta - room)
    assert stored == pytest.approx(made - out)


def test_it_keeps_its_set_point_and_every_unit_is_another() -> None:
    boxes = [live.unit(seed) for seed in range(5)]
    assert len({box.C_air for box in boxes}) == 5
    for seed in range(5):
        outputs, _ = live.simulate(seed, np.full(4800, 36.0))
        late = np.nanmean(outputs[2400:, :2], axis=1)
        assert 34.5 < np.nanmean(late) < 36.5
        assert np.nanstd(late) < 1.0


def test_the_twins_model_is_not_the_machines() -> None:
    """The best two masses with one loss cannot follow it to its sensors' noise."""
    from millwright_labs.twin import COMMISSION, Box, Window
    from millwright_labs.twin.calibration import calibrate
    from millwright_labs.twin.model import follow

    outputs, _ = live.simulate(2, np.repeat([40.0, 30.0, 40.0], 1200))
    T = np.nanmean(outputs[1:, :2], axis=1)
    room = np.where(np.isnan(outputs[1:, 2]), 21.0, outputs[1:, 2])
    outcome = calibrate(Box(), Window(outputs[1:, 3], room, T, 3.0), COMMISSION)
    rest = follow(T[0], T[0], outputs[1:, 3], room, 3.0, outcome.box.numbers())[:, 1] - T
    assert np.nanstd(rest) > 2 * 0.06


@pytest.mark.parametrize("station", ["incubator_live"])
def test_commands_are_clipped_or_refused(station: str) -> None:
    plant = link.start(station, over="here")
    plant.write(set_point=99.0)
    assert plant.wait(3.0)["set_point"].iloc[-1] == 42.0
    for wrong in (math.nan, "warm", None):
        with pytest.raises(SignalError):
            plant.write(set_point=wrong)
    with pytest.raises(SignalError):
        plant.write(setpoint=30.0)
    with pytest.raises(FaultError):
        plant.fault(lid=1.0)
    with pytest.raises(FaultError):
        plant.fault(lid_open=1.1)
    assert plant.wait(3.0)["set_point"].iloc[-1] == 42.0


def test_what_a_fault_does() -> None:
    def air(**faults: float) -> np.ndarray:
        given = {name: np.full(1200, severity) for name, severity in faults.items()}
        return live.simulate(3, np.full(1200, 38.0), given)[0]

    sound = air()
    assert np.nanmax(air(lid_open=1.0)[:, 0]) < 25
    assert np.nanmean(air(heater_wear=0.5)[-300:, 0]) < np.nanmean(sound[-300:, 0]) - 3
    apart = air(T_1_drift=1.0)
    assert np.nanmean((apart - sound)[-20:, 0] - (apart - sound)[-20:, 1]) == pytest.approx(2, 0.2)
    assert np.isnan(air(dropout=0.5)[:, :3]).mean() == pytest.approx(0.5, abs=0.03)
    assert np.nanstd(np.diff(air(fan_wear=1.0)[:, 0])) > 2 * np.nanstd(np.diff(sound[:, 0]))
