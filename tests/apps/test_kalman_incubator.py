import control as ct
import numpy as np
import pandas as pd
import pytest
from millwright_labs import plants
from millwright_labs.apps import kalman_incubator as kalman
from millwright_labs.apps.kalman_incubator import PROCESS_NOISE, SAMPLE_TIME, SENSOR_NOISE
from scipy import linalg, stats

START = {control.name: control.value for control in kalman.CONTROLS}


def model():
    P = plants.incubator()
    sys = ct.c2d(P.linearize(P.x0, P.u0), SAMPLE_TIME)
    return np.asarray(sys.A), np.asarray(sys.B), np.asarray(sys.C)


def judged(name):
    values = {**START, **kalman.PRESETS[name]}
    lid_time = values["lid_time"] if values["lid"] else None
    record = kalman.record(lid_time)
    estimate = kalman.estimate(record, values["process"], values["sensor"], values["missing"])
    return kalman.quality(record, estimate, lid_time)


def by_matrices(record, Q, R, lost):
    """Return the same estimate by the textbook's matrices."""
    A, B, C = model()
    x = np.full(2, record.measured[0])
    P = np.diag(np.square(kalman.START_SPREAD))
    rows = []
    for k, drive in enumerate(record.drive):
        nis = np.nan
        if not lost[k]:
            S = C @ P @ C.T + R
            innovation = record.measured[k] - C @ x
            K = P @ C.T @ np.linalg.inv(S)
            nis = float(innovation @ np.linalg.inv(S) @ innovation)
            x = x + K @ innovation
            P = (np.eye(2) - K @ C) @ P
        rows.append([*x, np.sqrt(P[0, 0]), nis])
        x = A @ x + B @ [drive, kalman.ROOM]
        P = A @ P @ A.T + Q
    return np.array(rows).T


@pytest.mark.parametrize(
    ("process", "sensor", "missing"), [(1, 1, 0), (0.01, 100, 50), (1e4, 0.01, 95), (5.6, 3.2, 5)]
)
def test_the_filter_is_the_textbooks(process, sensor, missing):
    record = kalman.record(None)
    found = kalman.estimate(record, process, sensor, missing)
    heater, air, spread, nis = by_matrices(
        record, process * PROCESS_NOISE * np.eye(2), sensor * SENSOR_NOISE, np.isnan(found.nis)
    )
    assert found.heater == pytest.approx(heater, abs=1e-6)
    assert found.air == pytest.approx(air, abs=1e-6)
    assert found.spread == pytest.approx(spread, rel=1e-6)
    assert found.nis == pytest.approx(nis, rel=1e-4, abs=1e-6, nan_ok=True)


def test_the_spread_settles_where_riccati_says():
    A, _, C = model()
    Q, R = PROCESS_NOISE * np.eye(2), np.array([[SENSOR_NOISE]])
    before = linalg.solve_discrete_are(A.T, C.T, Q, R)
    gain = before @ C.T @ np.linalg.inv(C @ before @ C.T + R)
    after = (np.eye(2) - gain @ C) @ before
    found = kalman.estimate(kalman.record(None), 1.0, 1.0, 0.0)
    assert found.spread[-1] == pytest.approx(np.sqrt(after[0, 0]), rel=1e-6)


def test_a_filter_whose_model_is_true_is_honest():
    """On data that the model itself made, NIS lies in its band and the error in its own."""
    A, B, _ = model()
    rng = np.random.default_rng(3)
    t, drive, _ = kalman._hour()
    x, states = np.full(2, 21.0), []
    for heat in drive:
        states.append(x)
        x = A @ x + B @ [heat, kalman.ROOM] + np.sqrt(PROCESS_NOISE) * rng.standard_normal(2)
    heater, air = np.array(states).T
    measured = air + np.sqrt(SENSOR_NOISE) * rng.standard_normal(len(t))
    record = kalman.Record(t, drive, measured, air, heater)
    found = kalman.quality(record, kalman.estimate(record, 1.0, 1.0, 0.0), None)
    assert found.nis_low < found.nis < found.nis_high
    assert 88 < found.inside < 100


def test_each_preset_shows_its_case():
    tuned, guess, blind, nervous, gaps, lid = (judged(name) for name in kalman.PRESETS)
    assert tuned.nis_low < tuned.nis < tuned.nis_high
    assert tuned.inside > 90
    assert guess.nis > guess.nis_high
    assert blind.nis > blind.nis_high
    assert blind.inside < 30
    assert nervous.nis < nervous.nis_low
    assert gaps.nis_low < gaps.nis < gaps.nis_high
    assert lid.noticed is not None
    assert lid.noticed < 60


def test_the_question_tells_the_truth_about_a_nervous_filter():
    record = kalman.record(START["lid_time"])
    noticed = [
        kalman.quality(record, kalman.estimate(record, q, 1.0, 0.0), START["lid_time"]).noticed
        for q in (5.6, 100.0, 1000.0, 10_000.0)
    ]
    assert noticed[0] < noticed[1]
    assert noticed[2:] == [None, None]


def test_the_lid_changes_nothing_before_it_opens():
    closed, ajar = kalman.record(None), kalman.record(1800.0)
    before = closed.t <= 1800.0
    assert np.array_equal(closed.measured[before], ajar.measured[before])
    assert ajar.air[closed.t == 1800.0 + kalman.LID_OPEN] < 32 < closed.air[before][-1]


def test_the_pieces_of_a_run_with_the_lid_fit_together():
    record = kalman.record(1800.0)
    faults = {"lid_open": lambda t: kalman.LID_SEVERITY * (1800 <= t < 1800 + kalman.LID_OPEN)}
    t, drive, room = kalman._hour()
    whole = plants.record(
        plants.incubator(faults=faults), t, {"heater": drive, "T_room": room}, sensors=False
    )
    # The fault as a function of time is smeared over half a step at its edges.
    assert np.abs(record.air - whole["T_box"].to_numpy()).max() < 0.1


@pytest.mark.parametrize("missing", [0, 30, 99])
def test_the_windows_mean_is_pandas_rolling_mean_of_what_is_there(missing):
    rng = np.random.default_rng(1)
    nis = rng.chisquare(1, 400)
    nis[rng.random(400) < missing / 100] = np.nan
    there = pd.Series(nis).dropna()
    expected = there.rolling(kalman.WINDOW).mean().reindex(range(400)).to_numpy()
    assert kalman.window_mean(nis) == pytest.approx(expected, nan_ok=True)


def test_the_band_holds_19_of_20_means():
    low, high = kalman.nis_band(40)
    means = stats.chi2(1).rvs((4000, 40), random_state=2).mean(axis=1)
    assert np.mean((means > low) & (means < high)) == pytest.approx(0.95, abs=0.015)


def test_too_few_readings_are_not_judged():
    record = kalman.record(900.0)
    found = kalman.quality(record, kalman.estimate(record, 1.0, 1.0, 95.0), 900.0)
    assert found.nis is None
