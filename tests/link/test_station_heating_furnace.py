"""The furnace zone with its PID on board: heat balance, controller, meter and guard."""

import numpy as np
import pytest
from millwright_labs.link import InProcessLink, Made
from millwright_labs.link.stations import heating_furnace
from millwright_labs.link.stations.heating_furnace import RATED_POWER, Zone, _rhs, delivered
from millwright_labs.plants import Plant, Rig


def zone(seed: int = 3) -> InProcessLink:
    return InProcessLink(Made("heating_furnace", seed))


def automatic(plant: InProcessLink, **panel: float) -> None:
    plant.write(**({"T_set": 55.0, "Kp": 8.0, "Ti": 110.0, "Q_max": 84.0, "auto": 1} | panel))


def test_heat_in_is_heat_out_at_rest_and_radiation_bends_the_line() -> None:
    P = Plant(heating_furnace.MODEL, Zone())
    rest = []
    for Q in (30.0, 60.0, 90.0):
        rig = Rig(P, dt=60.0, sensors=False)
        for _ in range(600):
            rig.step(Q=Q)
        assert np.allclose(
            _rhs(0.0, rig.x, [Q, 0.0, 21.0], P.parameters, P.severities()), 0, atol=1e-5
        )
        rest.append(rig.x[0] - 21.0)
    assert rest[1] < 2.0 * rest[0] * 0.99
    assert rest[2] < 3.0 * rest[0] * 0.98


def test_zone_starts_at_the_temperature_of_its_room() -> None:
    for seed in (0, 40):
        plant = zone(seed)
        plant.wait(120)
        assert plant.recording.table["T"].to_numpy() == pytest.approx(
            delivered(seed)[1].at(0.0), abs=0.6
        )


def test_pid_holds_the_set_point_without_windup_and_takes_the_door() -> None:
    plant = zone()
    automatic(plant)
    heat = plant.wait(1200)
    assert heat["T"].max() < 56.0, "the integral did not wind up while the heater was at its limit"
    assert heat["T"].iloc[-200:].mean() == pytest.approx(55.0, abs=0.2)
    assert heat["power"].max() == pytest.approx(0.84 * RATED_POWER, abs=1e-5)
    hold = heat["power"].iloc[-200:].mean()
    plant.write(door=1)
    door = plant.wait(60)
    assert door["T"].min() < 54.2
    assert door["power"].mean() > 1.1 * hold
    plant.write(door=0)
    assert plant.wait(500)["T"].iloc[-100:].mean() == pytest.approx(55.0, abs=0.3)


def test_from_hand_to_automatic_the_heater_does_not_jump() -> None:
    plant = zone()
    plant.write(Q_hand=50.0, Kp=5.0, Ti=200.0)
    plant.wait(1500)
    plant.write(T_set=plant.read()["T"])
    hand = plant.wait(10)["power"].iloc[-1]
    plant.write(auto=1)
    jump = abs(plant.wait(1)["power"].iloc[-1] - hand) / RATED_POWER * 100.0
    assert jump <= 5.0 * 0.3223 * 1.05, "at most one step of the thermometer, times Kp"


def test_derivative_acts_on_the_measurement_only() -> None:
    runs = []
    for Td in (0.0, 20.0):
        plant = zone()
        automatic(plant, Td=Td, Kp=2.0)
        plant.wait(3)
        runs.append(plant.wait(60)["power"].to_numpy())
    assert runs[1].mean() < runs[0].mean(), "a zone that climbs gets less heat with a derivative"
    assert runs[1][0] == pytest.approx(runs[0][0], abs=0.3)


def test_meter_adds_up_and_the_guard_switches_off_until_it_is_cool() -> None:
    plant = zone(14)
    plant.write(Q_hand=100.0)
    plant.wait(900)
    table = plant.recording.table
    assert table["energy"].iloc[-1] == pytest.approx(table["power"].iloc[1:].sum(), abs=0.01)
    assert table["tripped"].max() == 1.0
    assert table["T"].max() < 95.0
    assert (table.loc[(table["tripped"] == 1.0).idxmax() :, "power"].iloc[1:60] == 0.0).all()
    plant.write(Q_hand=0.0)
    plant.wait(300)
    assert plant.read()["tripped"] == 0.0


def test_faults_act_and_a_recording_repeats_itself() -> None:
    plant = zone(9)
    plant.write(Q_hand=40.0)
    plant.wait(300)
    plant.fault(heater_wear=0.5)
    plant.write(door=1)
    plant.wait(300)
    plant.fault(T_dropout=0.3)
    automatic(plant, Td=5.0)
    plant.wait(200)
    assert plant.recording.differs() == ""
    worn = zone(9)
    worn.fault(heater_wear=0.5)
    worn.write(Q_hand=40.0)
    assert worn.wait(300)["T"].iloc[-1] < plant.recording.table["T"].loc[300.0] - 5.0
