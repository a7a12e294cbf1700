import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import reliability
from millwright_labs.errors import ReliabilityError
from millwright_labs.replacement import Costs, Cycle, expected_cycle

BETA, ETA = 2.102, 81.88
PLAN = np.linspace(5, 150, 60)


def weibull(n):
    """Lives at evenly spaced shares: a sample without chance."""
    share = (np.arange(n) + 0.5) / n
    return ETA * (-np.log1p(-share)) ** (1 / BETA)


def test_without_scrap_the_cost_is_the_closed_form_of_age_replacement():
    lives = weibull(20_000)
    never = np.full(len(lives), np.inf)
    cycle = expected_cycle(PLAN, lives, never, Costs(failure=5.0))
    relative = cycle.rate * reliability.mean_life(BETA, ETA) / 5.0
    assert relative == pytest.approx(reliability.cost_rate(PLAN, BETA, ETA, 5.0), rel=1e-3)
    best = PLAN[np.argmin(cycle.rate)]
    assert best == pytest.approx(reliability.optimal_age(BETA, ETA, 5.0), abs=PLAN[1] - PLAN[0])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 200), st.floats(0, 200), st.floats(0, 5)), min_size=1, max_size=12
    ).filter(lambda rows: sum(row[2] for row in rows) > 0.01),
    st.floats(0, 200),
)
def test_expectations_are_those_of_walking_through_each_history(rows, plan):
    costs = Costs(planned=2.0, failure=30.0, scrap=0.7)
    total, cost, good, failure = 0.0, 0.0, 0.0, 0.0
    for fails, spoils, weight in rows:
        end = min(fails, plan)
        total += weight
        failure += weight * (fails <= plan)
        cost += weight * (costs.failure if fails <= plan else costs.planned)
        cost += weight * costs.scrap * max(0.0, end - spoils)
        good += weight * min(end, spoils)
    fails, spoils, weights = map(np.array, zip(*rows, strict=True))
    cycle = expected_cycle([plan], fails, spoils, costs, weights)
    assert cycle.cost[0] == pytest.approx(cost / total, abs=1e-9)
    assert cycle.good[0] == pytest.approx(good / total, abs=1e-9)
    assert cycle.failure[0] == pytest.approx(failure / total, abs=1e-9)


def test_the_best_plan_loses_nothing_at_its_own_rate_and_all_others_lose():
    cycle = expected_cycle(PLAN, weibull(500), weibull(500) * 0.8, Costs(failure=8.0, scrap=0.1))
    loss = cycle.loss(cycle.rate.min())
    assert loss.min() == pytest.approx(0, abs=1e-12)
    assert np.argmin(loss) == np.argmin(cycle.rate)


def test_a_plan_without_good_work_has_no_finite_rate():
    cycle = expected_cycle([0.0, 10.0], [20.0], [np.inf], Costs())
    assert cycle.rate[0] == np.inf
    assert cycle.rate[1] == pytest.approx(0.1)
    assert isinstance(cycle, Cycle)


@pytest.mark.parametrize(
    ("plan", "fails", "spoils", "weights"),
    [
        ([-1.0], [1.0], [1.0], None),
        ([np.nan], [1.0], [1.0], None),
        ([1.0], [np.nan], [1.0], None),
        ([1.0], [1.0, 2.0], [1.0], None),
        ([1.0], [], [], None),
        ([1.0], [1.0], [1.0], [0.0]),
        ([1.0], [1.0], [1.0], [-1.0]),
        ([1.0], [1.0], [1.0], [1.0, 1.0]),
        ([[1.0]], [1.0], [1.0], None),
    ],
)
def test_times_and_weights_that_cannot_be_get_one_error(plan, fails, spoils, weights):
    with pytest.raises(ReliabilityError):
        expected_cycle(plan, fails, spoils, Costs(), weights)


@pytest.mark.parametrize(
    "costs", [{"planned": 0.0}, {"failure": -1.0}, {"scrap": -1.0}, {"planned": np.nan}]
)
def test_costs_are_not_negative(costs):
    with pytest.raises(ReliabilityError):
        Costs(**costs)
