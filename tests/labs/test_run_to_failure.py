"""Fleets of plants that are used until they fail: seeded, censored, the same in any parts."""

import math

import numpy as np
import pandas as pd
import pytest
from millwright_labs import plants, reliability, wear

TIMES = np.arange(0.0, 0.5, 0.05)
GROWTH = {"friction_growth": wear.Growth(life=40.0)}


def fleet(machines=20, seed=4, P=None, t=TIMES, growth=GROWTH, **more):
    P = P or plants.dc_motor()
    return wear.run_to_failure(P, t, {"V": 6.0}, growth, machines, seed, **more)


def test_a_fleet_in_parts_is_the_fleet():
    whole = fleet(range(6), spread={"J": 0.1}, withdrawal=0.01, truth=True)
    parts = [
        fleet(part, spread={"J": 0.1}, withdrawal=0.01, truth=True)
        for part in (range(2), range(2, 6))
    ]
    for name in ("histories", "lives"):
        joined = pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(joined, getattr(whole, name))
    assert not fleet(3, seed=5).lives.equals(fleet(3, seed=6).lives)


def test_each_history_ends_with_its_machine():
    histories, lives = fleet(truth=True)
    last = histories.groupby("machine").tail(1)
    assert (last["cycle"].to_numpy() == lives["cycles"].to_numpy()).all()
    assert (last["rul"] == 0).all()
    assert lives["failed"].all()
    np.testing.assert_array_equal(last["friction_growth"], 1.0)
    for _, one in histories.groupby("machine"):
        assert one["friction_growth"].is_monotonic_increasing
    assert histories.attrs["units"]["speed"] == "rad/s"
    assert set(histories.attrs["units"]) == set(histories.columns)


def test_features_are_what_the_worn_machine_shows_through_its_sensors():
    histories, _ = fleet(3, truth=True)
    row = histories.iloc[len(histories) // 2]
    P = plants.dc_motor(faults={"friction_growth": row["friction_growth"]})
    true = plants.record(P, TIMES, {"V": 6.0}, sensors=False)["speed"].mean()
    assert row["speed"] == pytest.approx(true, abs=0.002)
    assert row["speed"] != pytest.approx(true, abs=1e-9)


def test_lives_have_the_law_that_was_asked_for():
    law = wear.Growth(life=60.0, life_scatter=0.25, exponent=3.0, unevenness=0.5)
    rng = np.random.default_rng(1)
    lives = [len(wear.severity_path(law, rng)) for _ in range(4000)]
    assert np.median(lives) == pytest.approx(60, rel=0.03)
    assert np.std(np.log(lives)) == pytest.approx(0.25, rel=0.1)


def test_a_limit_ends_a_machine_before_its_fault_does():
    true_end = fleet().lives
    limited = fleet(limits={"speed": (0.08, math.inf)})
    assert (limited.lives["cause"] == "speed").all()
    assert (limited.lives["cycles"] < true_end["cycles"]).all()
    fine = {"slowest": ("rad/s", lambda run: run["speed"][:, -1])}
    own = fleet(features=fine, limits={"slowest": (0.15, 9.0)})
    assert list(own.histories.columns) == ["machine", "cycle", "slowest"]


def test_censored_lives_still_tell_the_distribution():
    whole, cut = fleet(60), fleet(60, last=42, withdrawal=0.005)
    assert 10 < (~cut.lives["failed"]).sum() < 50
    assert cut.lives["cycles"].max() == 42
    fits = [
        reliability.weibull_fit(f.lives["cycles"], f.lives["failed"].to_numpy(dtype=bool))
        for f in (whole, cut)
    ]
    assert fits[1][1] == pytest.approx(fits[0][1], rel=0.15)


def test_a_bar_is_shown_when_asked_for(capsys):
    fleet(3, progress=True)
    assert "3/3" in capsys.readouterr().err
    fleet(3)
    wear.turbofan_fleet(3, seed=1)
    assert capsys.readouterr().err == ""
    wear.turbofan_fleet(3, seed=1, progress=True)
    assert "3/3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"growth": {"rust": wear.Growth()}}, wear.FaultError, "no fault 'rust'"),
        ({"growth": {}}, wear.FaultError, "no fault to grow"),
        ({"growth": {"friction_growth": 0.5}}, wear.FaultError, "is a Growth"),
        (
            {"P": plants.dc_motor(faults={"magnet_loss": lambda t: t})},
            wear.FaultError,
            "function of time",
        ),
        ({"machines": 0}, wear.SignalError, "machines must be"),
        ({"machines": 2.5}, wear.SignalError, "machines must be"),
        ({"t": [0.0]}, wear.SignalError, "times t must be"),
        ({"last": 0}, wear.SignalError, "last cycle"),
        ({"withdrawal": 1.0}, wear.SignalError, "probability below 1"),
        ({"limits": {"w": (0, 1)}}, wear.SignalError, "no feature 'w' to limit"),
        ({"limits": {"speed": (5.0, 6.0)}}, wear.SignalError, "when new has speed = 0"),
        ({"features": {"x": ("1", lambda run: run["w"])}}, wear.SignalError, "failed: KeyError"),
        ({"features": {"x": ("1", lambda run: run["i"])}}, wear.SignalError, "one number for each"),
        ({"spread": {"rust": 0.1}}, wear.ParameterError, "no parameter 'rust'"),
        ({"spread": {"J": -1.0}}, wear.ParameterError, "spread of J must be"),
        ({"seed": -1}, wear.SignalError, "seed must be a whole number"),
    ],
)  # fmt: skip
def test_what_makes_no_fleet_gets_one_clear_error(change, error, message):
    with pytest.raises(error, match=message):
        fleet(**({"machines": 2} | change))
