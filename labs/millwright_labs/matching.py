"""Partners for schools and enterprises: who works with whom, why, and whether it lasts.

Schools offer certified competencies (K1 to K12, levels 0 to 3) and free places, enterprises need
levels for a number of projects. `read` takes both from CSV, `score` weighs each pair, and two
matchings follow: `best_total` has the highest sum of scores, `stable` leaves no enterprise and no
school that would both rather work with each other. Wishes differ: an enterprise asks how well its
needs are met, a school how near the enterprise is and whether it is of its trade.

Sources: Kuhn 1955, Naval Res. Logist. Q. 2:83, as in scipy.optimize.linear_sum_assignment (best
total); Gale & Shapley 1962, Am. Math. Mon. 69:9 (deferred acceptance, blocking pairs).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from millwright_labs import tables
from millwright_labs.tables import Grid, problem

Floats = NDArray[np.float64]

COMPETENCIES = tuple(f"K{k}" for k in range(1, 13))
TOP_LEVEL = 3
#: Places and projects that are matched at once, on each side; places of one partner.
MOST, MOST_EACH = 200, 50
#: The distance (km) at which nearness has fallen to 1/e: two hours by road.
REACH = 150.0
EARTH = 6371.0  # km, mean radius

COLUMNS = ("kind", "name", "industry", "latitude", "longitude", "places", *COMPETENCIES)
SCHOOL, ENTERPRISE = "school", "enterprise"


@dataclass(frozen=True)
class Partner:
    """A school or an enterprise.

    Attributes
    ----------
    name : str
    industries : tuple of str
        In lower case; a school may serve several.
    latitude, longitude : float
        In degrees.
    places : int
        Free places of a school, projects of an enterprise.
    levels : tuple of int
        Certified or needed level of each of `COMPETENCIES`, 0 to 3.
    """

    name: str
    industries: tuple[str, ...]
    latitude: float
    longitude: float
    places: int
    levels: tuple[int, ...]


@dataclass(frozen=True)
class Market:
    """All schools and enterprises of a file."""

    schools: tuple[Partner, ...]
    enterprises: tuple[Partner, ...]


@dataclass(frozen=True)
class Weights:
    """What counts: the three weights, and the least share of the needs that must be met."""

    level: float
    distance: float
    industry: float
    least: float = 0.0


@dataclass(frozen=True)
class Scores:
    """What each pair is worth; arrays of shape (enterprises, schools).

    Attributes
    ----------
    met : ndarray
        Share of the needed levels that the school has, 0 to 1.
    distance : ndarray
        Great-circle distance (km).
    same : ndarray of bool
        Whether they share an industry.
    enterprise, school : ndarray
        The wishes: how much the one wants the other, 0 to 1. An enterprise weighs needs met,
        nearness and industry; a school only the last two, and if both weights are 0 it takes all
        alike.
    total : ndarray
        Mean of both wishes: what `best_total` adds up.
    possible : ndarray of bool
        Whether at least the least share is met; no other pair is ever made.
    """

    met: Floats
    distance: Floats
    same: NDArray[np.bool_]
    enterprise: Floats
    school: Floats
    total: Floats
    possible: NDArray[np.bool_]


#: How many projects each enterprise (row) has with each school (column).
Matching = NDArray[np.int_]


def read(data: bytes) -> Market:
    """Return the market in a CSV file with the columns `COLUMNS`, one partner a row.

    Raises
    ------
    TableError
        If a row cannot be used; the message names its line.
    """
    return market(tables.read(data))


def market(grid: Grid) -> Market:
    """Return the market in a table."""
    head = [name.strip().lower() for name in grid.rows[0]]
    twice = [name for name, count in Counter(head).items() if name and count > 1]
    if twice:
        raise problem("twice", line=grid.lines[0], column=twice[0])
    place: dict[str, int] = {}
    for column in COLUMNS:
        if column.lower() not in head:
            raise problem("no_column", column=column, columns=", ".join(COLUMNS))
        place[column] = head.index(column.lower())
    sides: dict[str, list[Partner]] = {SCHOOL: [], ENTERPRISE: []}
    names: set[str] = set()
    for row, line in zip(grid.rows[1:], grid.lines[1:], strict=True):
        kind = row[place["kind"]].lower()
        if kind not in sides:
            raise problem("bad_kind", line=line, text=row[place["kind"]][:40])
        partner = _partner(grid, row, line, place)
        if partner.name.lower() in names:
            raise problem("same_name", line=line, text=partner.name)
        names.add(partner.name.lower())
        if kind == ENTERPRISE and not any(partner.levels):
            raise problem("no_need", line=line, text=partner.name)
        sides[kind].append(partner)
    for kind, partners in sides.items():
        places = sum(partner.places for partner in partners)
        if not places:
            raise problem(f"no_{kind}")
        if places > MOST or len(partners) > MOST:
            raise problem("many_places", places=max(places, len(partners)), most=MOST)
    return Market(tuple(sides[SCHOOL]), tuple(sides[ENTERPRISE]))


def _partner(grid: Grid, row: list[str], line: int, place: dict[str, int]) -> Partner:
    def number(column: str, low: float, high: float, whole: bool) -> float:
        text = row[place[column]]
        if not text and column in COMPETENCIES:
            return 0.0
        value = grid.number(text)
        if value is None or not low <= value <= high or (whole and value != int(value)):
            kind = "bad_whole" if whole else "bad_number"
            raise problem(kind, line=line, column=column, text=text[:40], low=low, high=high)
        return value

    name = row[place["name"]]
    if not name:
        raise problem("no_name", line=line)
    trades = row[place["industry"]].lower().replace("/", "|").replace("+", "|").split("|")
    return Partner(
        name=name[:80],
        industries=tuple(trade.strip() for trade in trades if trade.strip()),
        latitude=number("latitude", -90, 90, whole=False),
        longitude=number("longitude", -180, 180, whole=False),
        places=int(number("places", 0, MOST_EACH, whole=True)),
        levels=tuple(int(number(k, 0, TOP_LEVEL, whole=True)) for k in COMPETENCIES),
    )


def score(of: Market, weights: Weights) -> Scores:
    """Return what each pair of enterprise and school is worth."""
    need = np.array([partner.levels for partner in of.enterprises], dtype=float)
    have = np.array([partner.levels for partner in of.schools], dtype=float)
    met = np.minimum(need[:, None, :], have[None, :, :]).sum(axis=2) / need.sum(axis=1)[:, None]
    here, there = (
        np.radians([[p.latitude, p.longitude] for p in side])
        for side in (of.enterprises, of.schools)
    )
    apart = here[:, None, :] - there[None, :, :]
    cosines = np.cos(here[:, None, 0]) * np.cos(there[None, :, 0])
    half = np.sin(apart[..., 0] / 2) ** 2 + cosines * np.sin(apart[..., 1] / 2) ** 2
    distance = 2 * EARTH * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    near = np.exp(-distance / REACH)
    same = np.array(
        [[bool({*e.industries} & {*s.industries}) for s in of.schools] for e in of.enterprises]
    )
    everything = weights.level + weights.distance + weights.industry
    shared = weights.distance * near + weights.industry * same
    ones = np.ones_like(met)
    enterprise = (weights.level * met + shared) / everything if everything > 0 else ones
    both = weights.distance + weights.industry
    school = shared / both if both > 0 else ones
    return Scores(
        met, distance, same, enterprise, school, (enterprise + school) / 2,
        (met >= weights.least - 1e-9) & (met > 0),
    )  # fmt: skip


def best_total(of: Market, scores: Scores) -> Matching:
    """Return the matching with the highest sum of `scores.total`."""
    projects, places = _slots(of.enterprises), _slots(of.schools)
    # Every possible pair is worth more than none, however low its score.
    worth = np.where(scores.possible, 1e-6 + scores.total, 0.0)[np.ix_(projects, places)]
    rows, columns = linear_sum_assignment(worth, maximize=True)
    matching = np.zeros(scores.met.shape, dtype=int)
    for row, column in zip(projects[rows], places[columns], strict=True):
        if scores.possible[row, column]:
            matching[row, column] += 1
    return matching


def stable(of: Market, scores: Scores) -> Matching:
    """Return a stable matching by deferred acceptance: projects ask, schools hold the best.

    Each project asks schools in the order of its enterprise's wish. Of all stable matchings it is
    the one that enterprises like best. Who comes first in the file wins a tie.
    """
    orders = np.argsort(-scores.enterprise, axis=1, kind="stable")
    wishes = [order[scores.possible[e, order]] for e, order in enumerate(orders)]
    held: list[list[int]] = [[] for _ in of.schools]
    asked: dict[int, int] = {}
    projects = _slots(of.enterprises)
    free = list(range(len(projects)))[::-1]
    while free:
        project = free.pop()
        e, turn = int(projects[project]), asked.get(project, 0)
        if turn >= len(wishes[e]):
            continue
        asked[project] = turn + 1
        s = int(wishes[e][turn])
        held[s].append(project)
        if len(held[s]) > of.schools[s].places:
            # The last of those that the school wants least.
            out = max(held[s], key=lambda p: (-scores.school[projects[p], s], p))
            held[s].remove(out)
            free.append(out)
    matching = np.zeros(scores.met.shape, dtype=int)
    for s, accepted in enumerate(held):
        for project in accepted:
            matching[projects[project], s] += 1
    return matching


def blocking_pairs(of: Market, scores: Scores, matching: Matching) -> list[tuple[int, int]]:
    """Return the pairs (enterprise, school) that would both rather work with each other.

    The enterprise has a project without a school, or with one that it wants less; the school has
    a free place, or one held by a project that it wants less.
    """
    pairs = []
    for e, enterprise in enumerate(of.enterprises):
        mine = matching[e] > 0
        idle = enterprise.places > matching[e].sum()
        worst_mine = -np.inf if idle else scores.enterprise[e][mine].min(initial=np.inf)
        for s, school in enumerate(of.schools):
            if not scores.possible[e, s] or scores.enterprise[e, s] <= worst_mine + 1e-12:
                continue
            theirs = matching[:, s] > 0
            room = school.places > matching[:, s].sum()
            worst = -np.inf if room else scores.school[theirs, s].min(initial=np.inf)
            if scores.school[e, s] > worst + 1e-12:
                pairs.append((e, s))
    return pairs


def without(of: Market, scores: Scores, method: str, now: float, e: int, s: int) -> float:
    """Return how much total score is lost if a pair may not work together.

    Parameters
    ----------
    method : {"total", "stable"}
        How the matching is made, with the pair and without it.
    now : float
        The sum of scores of the matching with the pair.
    e, s : int
        The pair: enterprise and school.
    """
    possible = scores.possible.copy()
    possible[e, s] = False
    other = Scores(
        scores.met, scores.distance, scores.same, scores.enterprise, scores.school, scores.total,
        possible,
    )  # fmt: skip
    return now - float((other.total * METHODS[method](of, other)).sum())


METHODS = {"total": best_total, "stable": stable}


def reasons(enterprise: Partner, school: Partner) -> tuple[list[str], list[tuple[str, int, int]]]:
    """Return the needed competencies that a school has, and those that it lacks.

    Those that it lacks come with the level that it has and the level needed.
    """
    has, lacks = [], []
    for name, need, have in zip(COMPETENCIES, enterprise.levels, school.levels, strict=True):
        if need and have >= need:
            has.append(name)
        elif need:
            lacks.append((name, have, need))
    return has, lacks


def why_unmatched(scores: Scores, e: int) -> str:
    """Return why an enterprise has a project without a school, as a word.

    ``none``: no school meets the least share of its needs; ``full``: those that do have no free
    place, for both matchings leave no place free that a waiting project could take.
    """
    return "full" if scores.possible[e].any() else "none"


def why_free(scores: Scores, s: int) -> str:
    """Return why a school has a free place, as a word.

    ``none``: it meets the least share of nobody's needs; ``served``: all whom it could help have
    schools for all their projects.
    """
    return "served" if scores.possible[:, s].any() else "none"


def _slots(partners: Sequence[Partner]) -> NDArray[np.int_]:
    """Return each partner's place in the list as often as it has places."""
    return np.repeat(np.arange(len(partners)), [partner.places for partner in partners])
