"""The filter is the textbook's: checked against Riccati's equation, statsmodels and differences."""

import numpy as np
import pytest
from millwright_labs.twin import Box, Tuning
from millwright_labs.twin.estimator import TRACK, predict, track
from scipy import linalg
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

BOX, TUNING = Box(), Tuning(threshold=np.inf, threshold_differs=np.inf)
PLACE = {name: i for i, name in enumerate(TRACK)}


def filtered(y, heater, room, x0=(30.0, 28.0, 1.0, 1.0), sd=(3.0, 0.5, 0.05, 0.1), tuning=TUNING):
    x, P = np.array(x0), np.diag(np.square(sd))
    out = np.empty((len(y), len(TRACK)))
    used = track(
        x, P, np.zeros(2), np.zeros(2), heater, room, y, np.array([True, True]), (0.0, 0.1),
        3.0, BOX.numbers(), tuning.numbers(), out,
    )  # fmt: skip
    return x, P, out[:used]


def record(n, seed=1, start=(30.0, 28.0, 1.0, 1.0)):
    """Make readings with the filter's own equations and noise."""
    rng = np.random.default_rng(seed)
    heater = np.repeat(rng.integers(0, 2, n // 10 + 1), 10)[:n].astype(float)
    room = np.full(n, 21.0)
    x, states = np.array(start), []
    for k in range(n):
        x = predict(x, 3.0, heater[k], room[k], BOX.numbers())[0]
        x[:2] += (TUNING.heater, TUNING.air) * rng.standard_normal(2)
        states.append(x)
    states = np.array(states)
    return states[:, [1]] + TUNING.reading * rng.standard_normal((n, 2)), heater, room, states


@pytest.mark.parametrize("x", [(40.0, 30.0, 0.9, 1.2), (25.0, 38.0, 0.3, 25.0)])
def test_the_jacobian_is_the_difference_quotient(x) -> None:
    x = np.array(x)
    _, F = predict(x, 3.0, 1.0, 20.0, BOX.numbers())
    step = np.diag(np.maximum(1e-5 * np.abs(x), 1e-6))
    quotient = np.column_stack(
        [
            (predict(x + d, 3.0, 1.0, 20.0, BOX.numbers())[0] -
             predict(x - d, 3.0, 1.0, 20.0, BOX.numbers())[0]) / (2 * d.sum())
            for d in step
        ]
    )  # fmt: skip
    # The column of `loss` takes the air's mean over the sample, good to second order.
    assert F[:, :3] == pytest.approx(quotient[:, :3], abs=1e-8)
    assert F[:, 3] == pytest.approx(quotient[:, 3], rel=1e-2, abs=2e-4)


def linear():
    """Return the model with its factors held: A, Q, C, R and a tuning that holds them."""
    held = Tuning(power=0.0, loss=0.0, threshold=np.inf, threshold_differs=np.inf)
    _, F = predict(np.array([30.0, 28.0, 1.0, 1.0]), 3.0, 0.0, 21.0, BOX.numbers())
    Q = np.diag([held.heater**2, held.air**2])
    return F[:2, :2], Q, np.array([[0.0, 1.0], [0.0, 1.0]]), held.reading**2 * np.eye(2), held


def test_the_covariance_settles_where_riccati_says() -> None:
    A, Q, C, R, held = linear()
    y, heater, room, _ = record(3000)
    _, P, _ = filtered(y, heater, room, sd=(3.0, 0.5, 0.0, 0.0), tuning=held)
    before = linalg.solve_discrete_are(A.T, C.T, Q, R)
    K = before @ C.T @ np.linalg.inv(C @ before @ C.T + R)
    assert P[:2, :2] == pytest.approx((np.eye(2) - K @ C) @ before, rel=1e-6)


def test_states_agree_with_statsmodels_with_lost_readings() -> None:
    A, Q, C, R, held = linear()
    y, heater, room, _ = record(400)
    rng = np.random.default_rng(3)
    y[rng.random(y.shape) < 0.3] = np.nan
    y[100:130] = np.nan
    x, _, out = filtered(y, heater, room, sd=(3.0, 0.5, 0.0, 0.0), tuning=held)
    judge = KalmanFilter(k_endog=2, k_states=2)
    judge.bind(y)
    judge["design"], judge["transition"], judge["obs_cov"] = C, A, R
    judge["selection"], judge["state_cov"] = np.eye(2), Q
    zero = np.array([0.0, 0.0, 1.0, 1.0])
    drive = [predict(zero, 3.0, u, r, BOX.numbers())[0][:2] for u, r in zip(heater, room)]  # noqa: B905
    # statsmodels predicts after each update; its input of step k carries state k to k + 1.
    judge["state_intercept"] = np.array([*drive[1:], [0.0, 0.0]]).T
    first = A @ np.array([30.0, 28.0]) + drive[0]
    judge.initialize_known(first, A @ np.diag([9.0, 0.25]) @ A.T + Q)
    found = judge.filter()
    assert out[:, :2] == pytest.approx(found.filtered_state.T, abs=1e-8)
    assert x[:2] == pytest.approx(found.filtered_state[:, -1], abs=1e-8)
    assert out[130, PLACE["T_heater_sd"]] == pytest.approx(
        np.sqrt(found.filtered_state_cov[0, 0, 130]), rel=1e-8
    )


def test_on_its_own_equations_it_is_honest_and_finds_both_factors() -> None:
    y, heater, room, states = record(6000, start=(30.0, 28.0, 0.8, 1.3))
    _, P, out = filtered(y, heater, room, sd=(3.0, 0.5, 0.2, 0.3))
    assert np.nanmean(out[:, PLACE["nis"]]) == pytest.approx(2.0, abs=0.1)
    assert out[-1, 2] == pytest.approx(0.8, abs=4 * np.sqrt(P[2, 2]))
    assert out[-1, 3] == pytest.approx(1.3, abs=4 * np.sqrt(P[3, 3]))
    inside = np.abs(out[500:, 0] - states[500:, 0]) < 2 * out[500:, PLACE["T_heater_sd"]]
    assert inside.mean() > 0.85


def test_without_readings_it_predicts_and_knows_less_and_less() -> None:
    y, heater, room, _ = record(400)
    y[200:] = np.nan
    _, P, out = filtered(y, heater, room)
    spread = out[200:, PLACE["T_air_sd"]]
    assert np.all(np.diff(spread) > 0)
    assert np.isnan(out[200:, PLACE["z"]]).all()
    assert np.linalg.eigvalsh(P).min() > 0
    assert np.array_equal(P, P.T)
