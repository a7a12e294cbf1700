"""The reference of unit B5 against independent libraries, and its words against what is so."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import control as ct
import numpy as np
import pytest
from millwright_labs.apps import kalman_incubator
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

COURSE = Path(__file__).parents[2] / "courses" / "twins"
SOLVED = ["setup", "model", "step", "run", "nis", "tune", "record-of", "trial"]


@pytest.fixture(scope="module")
def unit() -> dict[str, Any]:
    """The names that a solved assignment defines."""
    text = (COURSE / "source/b05-kalman/b05-kalman.ipynb").read_text(encoding="utf-8")
    source = {cell["id"]: "".join(cell["source"]) for cell in json.loads(text)["cells"]}
    names: dict[str, Any] = {}
    for name in SOLVED:
        exec(source[f"b05-kalman-{name}"], names)
    return names


def a_system(rng: np.random.Generator, n: int, m: int) -> dict[str, np.ndarray]:
    A = rng.normal(size=(n, n))
    L, M = rng.normal(size=(n, n)), rng.normal(size=(m, m))
    return {
        "A": A * 0.95 / np.abs(np.linalg.eigvals(A)).max(),
        "B": rng.normal(size=(n, 2)),
        "C": rng.normal(size=(m, n)),
        "Q": L @ L.T,
        "R": M @ M.T + 0.1 * np.eye(m),
    }


@pytest.mark.parametrize(("n", "m", "lost"), [(1, 1, 0.0), (2, 1, 0.2), (3, 2, 0.3), (4, 3, 0.6)])
def test_reference_filters_as_statsmodels_does(
    unit: dict[str, Any], n: int, m: int, lost: float
) -> None:
    rng = np.random.default_rng(n)
    sys, N = a_system(rng, n, m), 80
    y, u = 3 * rng.normal(size=(N, m)), rng.normal(size=(N, 2))
    y[rng.random((N, m)) < lost] = np.nan
    x0, P0 = rng.normal(size=n), 5 * np.eye(n)

    peer = KalmanFilter(k_endog=m, k_states=n)
    peer.bind(y[1:].copy())
    peer["design"], peer["transition"], peer["selection"] = sys["C"], sys["A"], np.eye(n)
    peer["obs_cov"], peer["state_cov"] = sys["R"], sys["Q"]
    peer["state_intercept"] = np.vstack([u[1:] @ sys["B"].T]).T
    peer.initialize_known(sys["A"] @ x0 + sys["B"] @ u[0], sys["A"] @ P0 @ sys["A"].T + sys["Q"])
    expected = peer.filter()

    x, P, e, S = unit["kf_run"](y, u, **sys, x0=x0, P0=P0)
    assert np.allclose(x[1:], expected.filtered_state.T)
    assert np.allclose(P[1:], np.moveaxis(expected.filtered_state_cov, 2, 0))
    whole = ~np.isnan(y[1:]).any(axis=1)
    assert np.allclose(e[1:][whole], expected.forecasts_error.T[whole])
    assert np.allclose(S[1:][whole], np.moveaxis(expected.forecasts_error_cov, 2, 0)[whole])


def test_gain_of_the_box_is_the_one_that_the_task_prints(unit: dict[str, Any]) -> None:
    A, _, C = unit["box_model"](unit["BOX"], 3.0)
    Q, R = 1e-4 * np.eye(2), np.array([[0.0625]])
    L, P, _ = ct.dlqe(A, np.eye(2), C, Q, R)
    gain = np.linalg.solve(A, L)[:, 0]
    assert np.round(gain, 4).tolist() == [0.0216, 0.03]
    settled = P - np.outer(gain, C @ P)
    x, settled_too, *_ = unit["kf_step"](
        np.zeros(2), settled, np.ones(1), A, np.zeros((2, 1)), np.zeros(1), C, Q, R
    )
    assert np.allclose(x, gain)
    assert np.allclose(settled_too, settled)


def test_tuning_finds_the_maximum_of_the_likelihood(unit: dict[str, Any]) -> None:
    A, B, C = np.array([[0.97, 0.02], [0.03, 0.95]]), np.full((2, 1), 0.1), np.array([[0.0, 1.0]])
    ratios = [0.4, 0.004, 4.0, 0.04]
    y, u = unit["record_of"](A, B, C, q=0.02, r=0.5, N=200, seed=3)
    Q, R = unit["tune"](y, u, A, B, C, ratios)
    ratio, best_r = Q[0, 0] / R[0, 0], R[0, 0]
    assert np.array_equal(Q, Q[0, 0] * np.eye(2))
    assert np.isclose(ratio, 0.04)

    def likelihood(ratio: float, r: float) -> float:
        peer = KalmanFilter(k_endog=1, k_states=2)
        peer.bind(y[1:].copy())
        peer["design"], peer["transition"], peer["selection"] = C, A, np.eye(2)
        peer["obs_cov"], peer["state_cov"] = np.array([[r]]), ratio * r * np.eye(2)
        peer["state_intercept"] = (u[1:] @ B.T).T
        vague = 1e6 * r * np.eye(2)
        peer.initialize_known(B @ u[0], A @ vague @ A.T + ratio * r * np.eye(2))
        return float(peer.loglike())

    best = likelihood(ratio, best_r)
    assert all(likelihood(ratio, scale * best_r) < best for scale in (0.95, 1.05))
    for other in ratios:
        if not np.isclose(other, ratio):
            assert max(likelihood(other, r) for r in best_r * np.geomspace(0.1, 10, 41)) < best


def test_guide_knows_what_is_wrong_with_each_box(unit: dict[str, Any]) -> None:
    guide = (COURSE / "guides/b05-kalman.md").read_text(encoding="utf-8")
    listed = {
        kind: [
            int(n) for n in re.search(rf"^\| {kind}.*\| ([\d, ]+) \|$", guide, re.M)[1].split(",")
        ]
        for kind in ("sound", "lid", "fan")
    }
    assert sorted(n for numbers in listed.values() for n in numbers) == list(range(1, 61))
    A, B, C = unit["box_model"](unit["BOX"], 3.0)
    for kind, numbers in listed.items():
        for number in numbers:
            trial = unit["acceptance_trial"](number)
            x, P, e, S = unit["kf_run"](
                trial[["T_box"]].to_numpy(),
                trial[["heater", "T_room"]].to_numpy(),
                A,
                B,
                C,
                1e-4 * np.eye(2),
                np.array([[0.0625]]),
                np.full(2, 21.0),
                np.eye(2),
            )
            nis, _, _ = unit["nis_check"](e, S)
            error = np.abs(trial["T_heater"].to_numpy() - x[:, 0])
            coverage = np.mean(error <= 2 * np.sqrt(P[:, 0, 0]))
            assert (nis > 2) == (kind == "lid"), number
            assert (coverage > 0.75) == (kind == "sound"), number


def test_questions_about_the_app_have_the_answers_that_the_app_gives() -> None:
    text = tomllib.loads((COURSE / "lessons/text/b05-kalman.en.toml").read_text(encoding="utf-8"))[
        "check"
    ]
    open_lid = {c.name: c.value for c in kalman_incubator.CONTROLS} | {"lid": True}

    def noticed(**changes: float) -> float | None:
        found = kalman_incubator.show(open_lid | changes).fields["noticed"]
        return None if found is None else float(found)  # type: ignore[arg-type]

    later = noticed(missing=80.0)
    assert later == pytest.approx(text["app-1"]["answer"], abs=1)
    q = next(c for c in kalman_incubator.CONTROLS if c.name == "process")
    asleep = [stop for stop in q.stops if stop >= q.value and noticed(process=stop) is None]
    assert asleep[0] == text["app-2"]["answer"]
