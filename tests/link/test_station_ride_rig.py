"""The ride rig: what its damper shows, what the rule and the guard do."""

import math

import numpy as np
import pandas as pd
import pytest
from millwright_labs.errors import FaultError, SignalError
from millwright_labs.link import InProcessLink, Made
from millwright_labs.link.stations.ride_rig import ROOM, friction, skyhook, unit


def rig(seed: int = 3) -> InProcessLink:
    return InProcessLink(Made("ride_rig", seed))


def shaken(seed: int, seconds: float, **settings: float) -> pd.DataFrame:
    plant = rig(seed)
    plant.write(**settings)
    plant.wait(2.0)
    return plant.wait(seconds)


def rms(values: pd.Series) -> float:
    return math.sqrt(float((values**2).mean()))


def test_nothing_moves_until_the_shaker_is_told_to() -> None:
    table = shaken(3, 2.0, current=1.0)
    assert table["travel"].abs().max() < 5e-4
    assert table["tyre"].abs().max() < 5e-4
    assert table["I"].iloc[-1] == pytest.approx(1.0, abs=0.01)


def test_the_same_seed_is_the_same_rig_and_another_seed_another() -> None:
    runs = [shaken(seed, 1.0, shaker=2, current=0.3) for seed in (3, 3, 4)]
    assert runs[0].equals(runs[1])
    assert rms(runs[0]["travel"]) != pytest.approx(rms(runs[2]["travel"]), rel=1e-3)


def test_more_current_gives_more_friction_but_ever_less_of_it() -> None:
    d = unit(3)[1]
    steps = np.diff([friction(d, current) for current in (0.0, 0.5, 1.0, 1.5, 2.0)])
    assert (steps > 0.0).all()
    assert (np.diff(steps) < 0.0).all()
    assert friction(d, 1.0, 80.0) < friction(d, 1.0, ROOM)


def test_the_force_lags_the_speed_and_is_smaller_in_compression() -> None:
    table = shaken(3, 4.0, shaker=1, frequency=1.5, amplitude=0.01, current=1.0)
    v = np.gradient(table["travel"].to_numpy(), 0.005)
    F = table["F_damper"].to_numpy()
    lags = [np.corrcoef(v[50:-50], np.roll(F, -k)[50:-50])[0, 1] for k in range(-4, 6)]
    assert int(np.argmax(lags)) - 4 >= 1
    assert F.max() > -1.04 * F.min()


def test_oil_warms_and_the_force_fades() -> None:
    plant = rig()
    plant.write(shaker=1, frequency=8.0, amplitude=0.006, current=1.0)
    plant.wait(2.0)
    cold = plant.wait(2.0)
    plant.wait(30.0)
    warm = plant.wait(2.0)
    assert warm["T_oil"].mean() > cold["T_oil"].mean() + 5.0
    damping = [rms(t["F_damper"]) / rms(t["travel"]) for t in (cold, warm)]
    assert damping[1] < 0.99 * damping[0]


def test_the_road_begins_anew() -> None:
    plant = rig()
    plant.write(shaker=2, current=2.0)
    first = plant.wait(4.0)["travel"].to_numpy()
    plant.write(shaker=0)
    plant.wait(5.0)
    plant.write(shaker=2)
    second = plant.wait(4.0)["travel"].to_numpy()
    assert np.corrcoef(first[200:], second[200:])[0, 1] > 0.95


@pytest.mark.parametrize("seed", [0, 13])
def test_skyhook_rides_softer_with_the_same_grip(seed: int) -> None:
    fixed = shaken(seed, 10.0, shaker=2, current=0.2)
    sky = shaken(seed, 10.0, shaker=2, rule=1, c_sky=8000, I_high=1.2, c_hat=650)
    assert rms(sky["a_body"]) < 0.92 * rms(fixed["a_body"])
    assert rms(sky["tyre"]) < 1.06 * rms(fixed["tyre"])


def test_the_rule_gives_current_only_where_a_damper_can_help() -> None:
    panel = {"I_low": 0.1, "I_high": 1.2, "c_sky": 2000.0, "c_hat": 500.0}
    panel |= {"f0_hat": 100.0, "f1_hat": 1000.0, "v0_hat": 0.03}
    assert skyhook(0.3, -0.2, panel) == 0.1
    assert skyhook(0.3, 0.2, panel) == pytest.approx(0.4, abs=0.01)
    assert skyhook(-0.3, -0.2, panel) == skyhook(0.3, 0.2, panel)
    assert skyhook(3.0, 0.2, panel) == 1.2


def test_wheel_hop_with_too_much_amplitude_trips_the_guard() -> None:
    plant = rig()
    plant.write(shaker=1, frequency=9.0, amplitude=0.03, current=0.0)
    table = plant.wait(5.0)
    assert table["alarm"].iloc[-1] in (1.0, 3.0)
    assert table["travel"].iloc[-100:].abs().max() < 0.03, "the shaker comes to rest"
    plant.write(shaker=0, amplitude=0.001)
    plant.wait(1.0)
    plant.write(shaker=1)
    assert plant.wait(2.0)["alarm"].iloc[-1] == 0.0


def test_a_soft_tyre_and_lost_gas_show() -> None:
    plant = rig()
    plant.write(shaker=2, current=0.5)
    sound = plant.wait(6.0)
    plant.write(shaker=0)
    plant.wait(4.0)
    plant.fault(gas_lost=1.0, tyre_leak=1.0)
    plant.write(shaker=2)
    ill = plant.wait(6.0)
    assert rms(ill["F_damper"]) < 0.85 * rms(sound["F_damper"])
    assert rms(ill["tyre"]) > 1.1 * rms(sound["tyre"])


def test_bad_commands_leave_the_rig_alone() -> None:
    plant = rig()
    with pytest.raises(FaultError):
        plant.fault(flat_spot=1.0)
    with pytest.raises(SignalError):
        plant.write(curent=1.0)
    plant.write(current=9.0)
    plant.step()
    assert plant.recording.table["current"].iloc[-1] == 2.0


def test_a_recording_is_proved_by_its_replay() -> None:
    plant = rig()
    plant.write(shaker=2, rule=1, c_sky=3000)
    plant.wait(3.0)
    assert plant.recording.differs() == ""
