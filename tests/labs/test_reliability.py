import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import reliability
from millwright_labs.errors import ReliabilityError
from scipy import integrate, optimize

# Lieblein & Zelen (1956), millions of revolutions; all 23 failed.
BEARINGS = [
    17.88, 28.92, 33.00, 41.52, 42.12, 45.60, 48.48, 51.84, 51.96, 54.12, 55.56, 67.80,
    68.64, 68.64, 68.88, 84.12, 93.12, 98.64, 105.12, 105.84, 127.92, 128.04, 173.40,
]  # fmt: skip

shapes = st.floats(1.2, 5.0)
scales = st.floats(0.1, 1e5)
ratios = st.floats(1.5, 50.0)


def test_the_ball_bearings_give_the_published_numbers():
    beta, eta = reliability.weibull_fit(BEARINGS, [True] * 23)
    assert beta == pytest.approx(2.102, abs=5e-4)
    assert eta == pytest.approx(81.88, abs=5e-3)
    assert reliability.b_life(10, beta, eta) == pytest.approx(28.07, abs=0.01)


@pytest.mark.parametrize(("ratio", "age", "saving"), [(5, 41.1, 0.30), (10, 27.7, 0.49)])
def test_the_ball_bearings_best_age(ratio, age, saving):
    best = reliability.optimal_age(2.102, 81.88, ratio)
    assert best == pytest.approx(age, abs=0.05)
    assert 1 - reliability.cost_rate(best, 2.102, 81.88, ratio) == pytest.approx(saving, abs=5e-3)


def test_the_fit_maximises_the_likelihood_of_censored_lives():
    rng = np.random.default_rng(5)
    lives = 100 * rng.weibull(2.5, 60)
    failed = lives < 90
    lives = np.minimum(lives, 90)
    beta, eta = reliability.weibull_fit(lives, failed)
    best = reliability.log_likelihood(beta, eta, lives, failed)
    search = optimize.minimize(
        lambda p: -reliability.log_likelihood(p[0], p[1], lives, failed),
        (1, 50),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-9},
    )
    assert (beta, eta) == pytest.approx(search.x, rel=1e-3)
    assert best >= -search.fun - 1e-6


def test_plotting_positions_of_complete_lives_are_bernards_median_ranks():
    ages, share = reliability.plotting_positions(BEARINGS[::-1], [True] * 23)
    assert ages.tolist() == sorted(BEARINGS)
    assert share == pytest.approx((np.arange(1, 24) - 0.3) / 23.4)


def test_plotting_positions_share_out_what_censored_lives_leave_open():
    # Worked by hand: ranks 1, then 1 + (6-1)/(1+3) = 2.25, then 2.25 + (6-2.25)/(1+1) = 4.125.
    lives, failed = [10, 20, 30, 40, 50], [True, False, True, False, True]
    ages, share = reliability.plotting_positions(lives, failed)
    assert ages.tolist() == [10, 30, 50]
    assert share == pytest.approx((np.array([1, 2.25, 4.125]) - 0.3) / 5.4)


def test_a_unit_censored_at_a_failures_age_outlived_it():
    assert (
        reliability.plotting_positions([10, 10], [False, True])[1].tolist()
        == reliability.plotting_positions([10, 11], [True, False])[1].tolist()
    )


@given(shapes, scales, ratios, st.floats(0.05, 3.0))
def test_the_cost_rate_is_renewal_theorys(beta, eta, ratio, age):
    age *= eta
    survival = lambda t: np.exp(-((t / eta) ** beta))  # noqa: E731
    lived, _ = integrate.quad(survival, 0, age)
    cost = survival(age) + ratio * (1 - survival(age))
    to_failure = ratio / reliability.mean_life(beta, eta)
    expected = cost / lived / to_failure
    assert reliability.cost_rate(age, beta, eta, ratio) == pytest.approx(expected, rel=1e-6)


@settings(deadline=None)
@given(shapes, scales, ratios)
def test_no_age_is_cheaper_than_the_best_one(beta, eta, ratio):
    best = reliability.optimal_age(beta, eta, ratio)
    ages = eta * np.geomspace(1e-3, 10, 400)
    rates = reliability.cost_rate(ages, beta, eta, ratio)
    least = 1.0 if best is None else float(reliability.cost_rate(best, beta, eta, ratio))
    assert least <= rates.min() + 1e-6


@given(shapes, ratios, st.floats(1e-3, 1e3))
def test_the_best_age_scales_with_the_unit(beta, ratio, factor):
    one = reliability.optimal_age(beta, 1.0, ratio)
    other = reliability.optimal_age(beta, factor, ratio)
    assert (one is None) == (other is None)
    assert one is None or other == pytest.approx(factor * one, rel=1e-9)


@pytest.mark.parametrize(("beta", "ratio"), [(0.5, 10), (1.0, 10), (2.0, 1.0), (1.01, 1.5)])
def test_where_nothing_is_won_there_is_no_best_age(beta, ratio):
    assert reliability.optimal_age(beta, 100.0, ratio) is None


@pytest.mark.parametrize(
    ("lives", "failed", "message"),
    [
        ([10, 20], [True, False], "two different ages of failure"),
        ([10, 10], [True, True], "two different ages of failure"),
        ([10, -1], [True, True], "positive number"),
        ([10, np.nan], [True, True], "positive number"),
        ([10, 20], [True], "one length"),
        ([], [], "one length"),
    ],
)
def test_lives_that_tell_nothing_are_refused(lives, failed, message):
    with pytest.raises(ReliabilityError, match=message):
        reliability.weibull_fit(lives, failed)
