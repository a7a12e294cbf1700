import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import matching as m
from millwright_labs import tables
from millwright_labs.errors import TableError

ROWS = [
    ["school", "Invented school A", "CNC/Steel", "0.0", "0.0", "2", *"320000000000"],
    ["school", "Invented school B", "aviation", "0.0", "1.0", "1", *"333000000000"],
    ["enterprise", "Invented works C", "steel", "0.0", "0.5", "2", *"310000000000"],
    ["enterprise", "Invented works D", "aviation", "1.0", "1.0", "1", *"003000000000"],
]


def csv(rows=ROWS, head=m.COLUMNS):
    return tables.write(head, rows)


def changed(row, place, value):
    rows = [list(fields) for fields in ROWS]
    rows[row][place] = value
    return csv(rows)


def random_market(seed, schools=3, enterprises=4, most=2):
    rng = np.random.default_rng(seed)

    def partner(name, places):
        levels = rng.integers(0, 4, 12) * (rng.uniform(size=12) < 0.4)
        levels[rng.integers(12)] = 2
        trade = str(rng.choice(["cnc", "steel"]))
        latitude, longitude = rng.uniform(-1, 1, 2)
        return m.Partner(name, (trade,), latitude, longitude, places, tuple(map(int, levels)))

    return m.Market(
        tuple(partner(f"s{k}", int(rng.integers(1, most + 1))) for k in range(schools)),
        tuple(partner(f"e{k}", int(rng.integers(1, most + 1))) for k in range(enterprises)),
    )


def every_matching(market, scores):
    """Yield every matching there is, by hand: each project takes a school or none."""
    projects = [e for e, partner in enumerate(market.enterprises) for _ in range(partner.places)]
    for choice in itertools.product(range(-1, len(market.schools)), repeat=len(projects)):
        made = np.zeros(scores.met.shape, dtype=int)
        for e, s in zip(projects, choice, strict=True):
            if s >= 0:
                made[e, s] += 1
        fits = all(made[:, s].sum() <= p.places for s, p in enumerate(market.schools))
        if fits and not made[~scores.possible].any():
            yield made


WEIGHTS = m.Weights(level=5, distance=3, industry=2, least=0.2)


def test_a_file_becomes_schools_and_enterprises():
    market = m.read(csv())
    assert [p.name for p in market.schools] == ["Invented school A", "Invented school B"]
    assert market.schools[0].industries == ("cnc", "steel")
    assert market.enterprises[1].levels == (0, 0, 3, *[0] * 9)


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
def test_it_is_read_in_any_encoding_and_order_of_columns(encoding):
    order = [3, 0, 1, 2, *range(4, len(m.COLUMNS))]
    rows = [[row[k] for k in order] for row in ROWS]
    rows[0][2] = "虚构学校"
    text = csv(rows, [m.COLUMNS[k] for k in order]).decode("utf-8-sig")
    market = m.read(text.encode(encoding))
    assert market.schools[0].name == "虚构学校"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (csv(head=[*m.COLUMNS[:-1], "K13"]), "The column “K12” is missing"),
        (csv(head=[*m.COLUMNS[:-1], "K1"]), "Line 1: the column “k1” stands in the head twice"),
        (changed(1, 0, "college"), "Line 3: “college” is neither school nor enterprise"),
        (changed(1, 1, ""), "Line 3: the name is empty"),
        (changed(1, 1, "invented school a"), "Line 3: “invented school a” stands in the file"),
        (changed(1, 3, "91"), "Line 3, column “latitude”: “91” must be a number from -90 to 90"),
        (changed(1, 4, ""), "Line 3, column “longitude”: “” must be a number"),
        (changed(2, 5, "1.5"), "Line 4, column “places”: “1.5” must be a whole number from 0"),
        (changed(2, 5, "-1"), "Line 4, column “places”"),
        (changed(3, 8, "4"), "Line 5, column “K3”: “4” must be a whole number from 0 to 3"),
        (changed(3, 8, "good"), "Line 5, column “K3”: “good”"),
        (changed(3, 8, "0"), "Line 5: “Invented works D” needs no competency at all"),
        (csv(ROWS[:2]), "names no enterprise"),
        (csv(ROWS[2:]), "names no school"),
        (csv([]), "names no school"),
        (csv([[*ROWS[0][:1], f"s{k}", *ROWS[0][2:5], 50, *ROWS[0][6:]] for k in range(5)]), "250"),
        (csv([*ROWS, ["school"]]), "Line 6 has 1 fields"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_named_by_its_line(data, message):
    with pytest.raises(TableError) as refused:
        m.read(data)
    assert message in str(refused.value)


def test_scores_by_hand():
    scores = m.score(m.read(csv()), m.Weights(level=2, distance=1, industry=1))
    # Works C needs K1 3 and K2 1: both schools have them.
    np.testing.assert_allclose(scores.met, [[1, 1], [0, 1]])
    # Half a degree and a degree along the equator and a meridian.
    degree = 2 * math.pi * 6371 / 360
    np.testing.assert_allclose(
        scores.distance, [[degree / 2, degree / 2], [math.sqrt(2) * degree, degree]], rtol=1e-4
    )
    assert scores.same.tolist() == [[True, False], [False, True]]
    near = math.exp(-degree / 150)
    assert scores.enterprise[1, 1] == pytest.approx((2 * 1 + near + 1) / 4)
    assert scores.school[1, 1] == pytest.approx((near + 1) / 2)
    assert scores.possible.tolist() == [[True, True], [False, True]]


@pytest.mark.parametrize("seed", range(6))
def test_no_matching_has_a_higher_sum(seed):
    market = random_market(seed, enterprises=3)
    scores = m.score(market, WEIGHTS)
    best = max((scores.total * made).sum() for made in every_matching(market, scores))
    assert (scores.total * m.best_total(market, scores)).sum() == pytest.approx(best)


@pytest.mark.parametrize("seed", range(6))
def test_the_stable_matching_is_the_one_that_enterprises_like_best(seed):
    """Against all stable matchings there are: no enterprise does better in any."""
    market = random_market(seed, enterprises=3)
    scores = m.score(market, WEIGHTS)
    ours = m.stable(market, scores)
    assert m.blocking_pairs(market, scores, ours) == []
    stable = [
        made
        for made in every_matching(market, scores)
        if not m.blocking_pairs(market, scores, made)
    ]
    assert any((made == ours).all() for made in stable)
    wish = (scores.enterprise * ours).sum(axis=1)
    for made in stable:
        assert (wish >= (scores.enterprise * made).sum(axis=1) - 1e-9).all()


def blocks(market, scores, made, e, s):
    """Say by the definition, project by project, whether a pair blocks."""
    if not scores.possible[e, s]:
        return False
    mine = [k for k in range(len(market.schools)) for _ in range(made[e, k])]
    mine += [None] * (market.enterprises[e].places - len(mine))
    theirs = [k for k in range(len(market.enterprises)) for _ in range(made[k, s])]
    theirs += [None] * (market.schools[s].places - len(theirs))
    wants = any(
        k is None or scores.enterprise[e, s] > scores.enterprise[e, k] + 1e-12 for k in mine
    )
    return wants and any(
        k is None or scores.school[e, s] > scores.school[k, s] + 1e-12 for k in theirs
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.tuples(*[st.integers(0, 10)] * 3), st.floats(0, 1), st.integers(1, 6)
)
def test_both_matchings_keep_the_rules_whatever_the_weights(seed, weights, least, schools):
    market = random_market(seed, schools, 5, most=3)
    scores = m.score(market, m.Weights(*weights, least=least))
    for method, make in m.METHODS.items():
        made = make(market, scores)
        assert (made.sum(axis=0) <= [p.places for p in market.schools]).all()
        assert (made.sum(axis=1) <= [p.places for p in market.enterprises]).all()
        assert not made[~scores.possible].any()
        pairs = itertools.product(range(5), range(schools))
        found = [pair for pair in pairs if blocks(market, scores, made, *pair)]
        assert m.blocking_pairs(market, scores, made) == found
        if method == "stable":
            assert found == []
        # Nobody waits while a school that suits him has a place.
        for e, partner in enumerate(market.enterprises):
            if made[e].sum() < partner.places and m.why_unmatched(scores, e) == "full":
                suited = np.flatnonzero(scores.possible[e])
                assert all(made[:, s].sum() == market.schools[s].places for s in suited)


def test_what_a_pair_is_worth_is_what_is_lost_without_it():
    market = random_market(3, enterprises=3)
    scores = m.score(market, WEIGHTS)
    made = m.best_total(market, scores)
    e, s = (int(k[0]) for k in np.nonzero(made))
    best = (scores.total * made).sum()
    other = max((scores.total * x).sum() for x in every_matching(market, scores) if not x[e, s])
    assert m.without(market, scores, "total", best, e, s) == pytest.approx(best - other)


def test_reasons_name_what_a_school_has_and_lacks():
    market = m.read(csv())
    assert m.reasons(market.enterprises[0], market.schools[0]) == (["K1", "K2"], [])
    assert m.reasons(market.enterprises[1], market.schools[0]) == ([], [("K3", 0, 3)])


def test_the_reasons_for_being_left_out():
    market = m.read(changed(1, 8, "1"))
    scores = m.score(market, m.Weights(1, 1, 1, least=0.9))
    made = m.best_total(market, scores)
    assert made.sum() == 2
    assert m.why_unmatched(scores, 1) == "none"
    assert [m.why_free(scores, s) for s in (0, 1)] == ["served", "served"]
