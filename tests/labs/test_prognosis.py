import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs.errors import PrognosisError
from millwright_labs.prognosis import asymmetric_score, conformal_margins


@pytest.mark.parametrize(("n", "coverage"), [(19, 0.9), (40, 0.9), (50, 0.8), (9, 0.5)])
def test_intervals_cover_as_often_as_asked_whatever_the_distribution(n, coverage):
    """On average over calibrations, at least the coverage and at most 2/(n + 1) more."""
    rng = np.random.default_rng(n)
    share = []
    for _ in range(1500):
        low, high = conformal_margins(rng.gumbel(3.0, 20.0, n), coverage)
        new = rng.gumbel(3.0, 20.0, 40)
        share.append(((new >= low) & (new <= high)).mean())
    slack = 4 * np.std(share) / math.sqrt(len(share))
    assert coverage - slack <= np.mean(share) <= coverage + 2 / (n + 1) + slack


@pytest.mark.parametrize(
    ("n", "coverage", "bounded"),
    [(18, 0.9, False), (19, 0.9, True), (38, 0.95, False), (39, 0.95, True), (1, 0.5, False)],
)
def test_too_few_machines_promise_nothing(n, coverage, bounded):
    low, high = conformal_margins(np.arange(n), coverage)
    assert math.isfinite(low) == math.isfinite(high) == bounded


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=20, max_size=60),
    st.floats(0.1, 0.6),
    st.floats(0, 0.3),
)
def test_more_coverage_never_narrows_an_interval(errors, coverage, more):
    low, high = conformal_margins(errors, coverage)
    wider = conformal_margins(errors, coverage + more)
    assert wider[0] <= low <= high <= wider[1]
    assert low in errors
    assert high in errors


@pytest.mark.parametrize(
    ("late", "score"),
    [
        ([0.0], 0.0),
        ([10.0], math.e - 1),
        ([-13.0], math.e - 1),
        ([10.0, -13.0, 0.0], 2 * (math.e - 1)),
        ([20.0], math.exp(2) - 1),
    ],
)
def test_the_score_is_that_of_the_challenge(late, score):
    assert asymmetric_score(late) == pytest.approx(score)


@given(st.floats(0.1, 200))
def test_late_costs_more_than_early(flights):
    assert asymmetric_score([flights]) > asymmetric_score([-flights]) > 0


@pytest.mark.parametrize("errors", [[], [np.nan], [np.inf], [[1.0]], "text", None])
def test_errors_that_are_none_get_one_error(errors):
    with pytest.raises(PrognosisError):
        conformal_margins(errors, 0.9)
    with pytest.raises(PrognosisError):
        asymmetric_score(errors)


@pytest.mark.parametrize("coverage", [0.0, 1.0, -1.0, 90, np.nan])
def test_a_coverage_is_a_share(coverage):
    with pytest.raises(PrognosisError, match="between 0 and 1"):
        conformal_margins([1.0, 2.0], coverage)
