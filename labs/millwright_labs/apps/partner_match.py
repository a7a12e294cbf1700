"""Partner matching: schools' competencies and places against enterprises' needs and projects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from millwright_labs import figures, matching, tables
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Choice, Control, Slider, Values
from millwright_labs.apps.files import Download, Files, Table
from millwright_labs.matching import Market, Matching, Partner, Scores, Weights

SEED = 44
OWN, REGION, SCARCE = "own", "region", "scarce"
SAMPLES = (REGION, SCARCE)
INDUSTRIES = ("cnc", "steel", "automobile", "aviation")
#: The samples' corner (degrees) and size (degrees): in the sea, where no school can be meant.
CORNER, SIZE = (-2.0, -2.0), (3.0, 4.0)
SCHOOLS, ENTERPRISES = 7, 9

CONTROLS: tuple[Control, ...] = (
    Choice("source", SAMPLES, REGION),
    Slider("level", 0.0, 10.0, 1.0, 5.0),
    Slider("distance", 0.0, 10.0, 1.0, 3.0),
    Slider("industry", 0.0, 10.0, 1.0, 2.0),
    Slider("least", 0.0, 100.0, 5.0, 30.0),
    Choice("method", tuple(matching.METHODS), "total"),
)
PRESETS: dict[str, dict[str, Any]] = {
    "total": {},
    "stable": {"method": "stable"},
    "near": {"level": 1.0, "distance": 10.0, "industry": 0.0},
    "skills": {"level": 10.0, "distance": 1.0, "industry": 0.0},
    "trade": {"level": 1.0, "distance": 1.0, "industry": 10.0},
    "strict": {"least": 75.0},
    "scarce": {"source": SCARCE},
}


@lru_cache(maxsize=len(SAMPLES))
def sample(name: str) -> bytes:
    """Return a sample as CSV; its partners are invented, and their names say so."""
    rng = np.random.default_rng(SEED)
    rows: list[list[object]] = []
    for kind, count in ((matching.SCHOOL, SCHOOLS), (matching.ENTERPRISE, ENTERPRISES)):
        for number in range(count):
            school = kind == matching.SCHOOL
            trades = rng.choice(INDUSTRIES, 2 if school else 1, replace=False)
            known = rng.choice(len(matching.COMPETENCIES), 8 if school else 4, replace=False)
            levels = np.zeros(len(matching.COMPETENCIES), dtype=int)
            levels[known] = rng.integers(1, matching.TOP_LEVEL + 1, len(known))
            at = np.array(CORNER) + rng.uniform(size=2) * SIZE
            places = int(rng.integers(1, 4) if school else rng.integers(1, 3))
            if school and name == SCARCE:
                places = 1
            letter = chr(ord("A") + number)
            rows.append(
                [
                    kind,
                    f"Invented {kind} {letter}",
                    "/".join(trades),
                    *(f"{degrees:.2f}" for degrees in at),
                    places,
                    *levels.tolist(),
                ]
            )
    return tables.write(matching.COLUMNS, rows)


@lru_cache(maxsize=len(SAMPLES))
def sample_market(name: str) -> Market:
    """Return a sample, read as a visitor's file is."""
    return matching.read(sample(name))


@dataclass(frozen=True)
class Match:
    """A matching under one setting of the controls.

    Attributes
    ----------
    made : ndarray
        The matching that is shown.
    best : float
        The highest sum of scores that there is.
    pairs : list of tuple
        Enterprise and school of each pair, in the order of the file.
    blocking : list of tuple
        Enterprises and schools that would both rather work with each other.
    """

    market: Market
    scores: Scores
    made: Matching
    best: float
    pairs: list[tuple[int, int]]
    blocking: list[tuple[int, int]]

    @property
    def total(self) -> float:
        """The sum of scores of the matching that is shown."""
        return float((self.scores.total * self.made).sum())


def match(values: Values, own: Market | None = None) -> Match:
    """Return the matching for one setting of the controls; `own` is the visitor's market."""
    market = own if values["source"] == OWN and own is not None else sample_market(_sample(values))
    weights = Weights(
        values["level"], values["distance"], values["industry"], values["least"] / 100
    )
    scores = matching.score(market, weights)
    made = matching.METHODS[values["method"]](market, scores)
    best = float((scores.total * matching.best_total(market, scores)).sum())
    pairs = [(int(e), int(s)) for e, s in zip(*np.nonzero(made), strict=True)]
    return Match(market, scores, made, best, pairs, matching.blocking_pairs(market, scores, made))


def _sample(values: Values) -> str:
    return values["source"] if values["source"] in SAMPLES else REGION


def _lines(found: Match, pairs: list[tuple[int, int]]) -> tuple[list[float], list[float]]:
    x: list[float] = []
    y: list[float] = []
    for e, s in pairs:
        one, other = found.market.enterprises[e], found.market.schools[s]
        x += [one.longitude, other.longitude, math.nan]
        y += [one.latitude, other.latitude, math.nan]
    return x, y


def _places(partners: tuple[Partner, ...]) -> tuple[list[float], list[float]]:
    return [p.longitude for p in partners], [p.latitude for p in partners]


def show(values: Values, own: Market | None = None) -> Shown:
    """Match and compute what the figure shows."""
    found = match(values, own)
    market, scores, made = found.market, found.scores, found.made
    projects = sum(partner.places for partner in market.enterprises)
    places = sum(partner.places for partner in market.schools)
    matched = int(made.sum())
    numbers = np.arange(1, len(found.pairs) + 1)
    e, s = (np.array([pair[k] for pair in found.pairs], dtype=int) for k in (0, 1))
    wish, reply = scores.enterprise[e, s], scores.school[e, s]

    def mean(what: np.ndarray) -> float | None:
        return float((what * made).sum() / matched) if matched else None

    met = mean(scores.met)
    return Shown(
        moves={
            "pairs": _lines(found, found.pairs),
            "blocking": _lines(found, found.blocking),
            "schools": _places(market.schools),
            "enterprises": _places(market.enterprises),
            "wish": (numbers, wish),
            "reply": (numbers, reply),
            "between": (
                np.column_stack([numbers, numbers, np.full(len(numbers), np.nan)]).ravel(),
                np.column_stack([wish, reply, np.full(len(numbers), np.nan)]).ravel(),
            ),
        },
        fields={
            **values,
            "schools": len(market.schools),
            "enterprises": len(market.enterprises),
            "projects": projects,
            "places": places,
            "matched": matched,
            "waiting": projects - matched,
            "met": None if met is None else 100 * met,
            "km": mean(scores.distance),
            "total": found.total,
            "best": found.best,
            "lost": found.best - found.total,
            "blocking": len(found.blocking),
            "stable": "yes" if not found.blocking else "no",
        },
        alt=(
            "chart",
            "matched" if matched else "nobody",
            "stable" if not found.blocking else "unstable",
            "scores",
        ),
    )


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (place, wishes) = plt.subplots(2, 1, figsize=(7.4, 6.4), height_ratios=(5, 3))
    (pairs,) = place.plot([], [], color="C0", linestyle="-", linewidth=1.8)
    (blocking,) = place.plot([], [], color="0.3", linestyle=(0, (2, 2)), linewidth=1.2, label="$B$")
    (enterprises,) = place.plot([], [], "D", color="C1", markersize=7, label="$e$")
    (schools,) = place.plot([], [], "o", color="C0", markersize=9, label="$s$")
    place.set(xlabel="$\\lambda$ (°)", ylabel="$\\varphi$ (°)")
    (between,) = wishes.plot([], [], color="0.5", linestyle="-", linewidth=1.0)
    (wish,) = wishes.plot([], [], "D", color="C1", markersize=6, label="$w_e$")
    (reply,) = wishes.plot([], [], "o", color="C0", markersize=7, label="$w_s$")
    wishes.set(xlabel="$k$", ylabel="$w$ (1)", ylim=(-0.05, 1.05))
    for axes in (place, wishes):
        legend_above(axes)
    set_axes(fig, sample_market(REGION))
    return fig, {
        "pairs": pairs, "blocking": blocking, "enterprises": enterprises, "schools": schools,
        "between": between, "wish": wish, "reply": reply,
    }  # fmt: skip


def set_axes(fig: Figure, market: Market) -> None:
    """Set the axes for a market."""
    place, wishes = fig.axes
    partners = (*market.schools, *market.enterprises)
    for given, limit in (
        ([p.longitude for p in partners], place.set_xlim),
        ([p.latitude for p in partners], place.set_ylim),
    ):
        pad = 0.06 * max(max(given) - min(given), 0.05)
        limit(min(given) - pad, max(given) + pad)
    most = min(sum(p.places for p in market.enterprises), sum(p.places for p in market.schools))
    wishes.set_xlim(0.4, most + 0.6)


class PartnerMatch(App):
    """The app; it holds the visitor's file while his page is open, and nowhere else."""

    def __init__(self, folder: Path | None = None) -> None:
        self._own: Market | None = None
        self._fig, moving = draw()
        super().__init__(
            "partner-match",
            CONTROLS,
            PRESETS,
            lambda: (self._fig, moving),
            lambda values: show(values, self._own),
            folder=folder,
            files=lambda text: Files(
                text, self.take, {"result": self.result, "sample": self.sample}
            ),
            tabulate=lambda shown: self._tabulated(match(self._values(), self._own)),
        )

    def take(self, name: str, data: bytes) -> str:
        """Match a visitor's file; a `TableError` leaves all as it was."""
        market = matching.read(data)
        # Shown once before anything changes: a file that cannot be shown leaves all as it was.
        show({**self._values(), "source": OWN}, market)
        self._own = market
        self.controls.renew(Choice("source", (*SAMPLES, OWN), REGION), source=OWN)
        self.changed(self._values())
        schools, enterprises = len(market.schools), len(market.enterprises)
        return self.text.format("files.read", name=name, schools=schools, enterprises=enterprises)

    def changed(self, values: Values) -> None:
        """Show another setting of the controls on the map of its market."""
        own = values["source"] == OWN and self._own is not None
        market = self._own if own else sample_market(_sample(values))
        assert market is not None
        set_axes(self._fig, market)
        super().changed(values)

    def result(self) -> Download:
        """Return pairs, what waits and what is free as CSV."""
        found = match(self._values(), self._own)
        head = [self.text[f"csv.{key}"] for key in self.text.keys("csv")]
        rows: list[list[object]] = []
        for e, s in found.pairs:
            enterprise, school = found.market.enterprises[e], found.market.schools[s]
            has, lacks = matching.reasons(enterprise, school)
            rows.append(
                [
                    enterprise.name,
                    school.name,
                    int(found.made[e, s]),
                    f"{100 * found.scores.met[e, s]:.0f}",
                    f"{found.scores.distance[e, s]:.0f}",
                    self._yes(found.scores.same[e, s]),
                    " ".join(has),
                    " ".join(f"{name} {have}/{need}" for name, have, need in lacks),
                    f"{found.scores.enterprise[e, s]:.3f}",
                    f"{found.scores.school[e, s]:.3f}",
                    f"{self._lost(found, e, s):.3f}",
                    "",
                ]
            )
        blank = [""] * 8
        for kind, name, count, why in self._left(found):
            names = [name, ""] if kind == matching.ENTERPRISE else ["", name]
            rows.append([*names, count, *blank, self.text[f"table.left.why.{kind}_{why}"]])
        return Download("partners.csv", "text/csv", tables.write(head, rows))

    def sample(self) -> Download:
        """Return the sample that is chosen, as a pattern for a file of one's own."""
        name = _sample(self._values())
        return Download(f"{name}.csv", "text/csv", sample(name))

    @property
    def _method(self) -> str:
        return str(self._values()["method"])

    def _lost(self, found: Match, e: int, s: int) -> float:
        return matching.without(found.market, found.scores, self._method, found.total, e, s)

    def _values(self) -> Values:
        return dict(self.controls.values)

    def _yes(self, value: object) -> str:
        return self.text["words.yes" if value else "words.no"]

    def _left(self, found: Match) -> list[tuple[str, str, int, str]]:
        """Return kind, name, number and reason of projects that wait and places that are free."""
        left = []
        for e, enterprise in enumerate(found.market.enterprises):
            if waiting := enterprise.places - int(found.made[e].sum()):
                why = matching.why_unmatched(found.scores, e)
                left.append((matching.ENTERPRISE, enterprise.name, waiting, why))
        for s, school in enumerate(found.market.schools):
            if free := school.places - int(found.made[:, s].sum()):
                left.append(
                    (matching.SCHOOL, school.name, free, matching.why_free(found.scores, s))
                )
        return left

    def _tabulated(self, found: Match) -> list[Table]:
        pairs = []
        for k, (e, s) in enumerate(found.pairs):
            enterprise, school = found.market.enterprises[e], found.market.schools[s]
            has, lacks = matching.reasons(enterprise, school)
            lost = self._lost(found, e, s)
            pairs.append(
                [
                    str(k + 1),
                    enterprise.name,
                    school.name,
                    str(int(found.made[e, s])),
                    f"{100 * found.scores.met[e, s]:.0f} %",
                    ", ".join(has) or "–",
                    ", ".join(f"{name} {have}/{need}" for name, have, need in lacks) or "–",
                    f"{found.scores.distance[e, s]:.0f} km",
                    self._yes(found.scores.same[e, s]),
                    f"{lost:.2f}".replace("-", "−"),
                ]
            )
        left = [
            [name, self.text.format(f"table.left.{kind}", count=count),
             self.text[f"table.left.why.{kind}_{why}"]]
            for kind, name, count, why in self._left(found)
        ]  # fmt: skip
        blocking = [
            [found.market.enterprises[e].name, found.market.schools[s].name,
             f"{found.scores.enterprise[e, s]:.2f}", f"{found.scores.school[e, s]:.2f}"]
            for e, s in found.blocking
        ]  # fmt: skip
        return [
            self._table("pairs", pairs),
            self._table("left", left),
            self._table("blocking", blocking),
        ]

    def _table(self, name: str, rows: list[list[str]]) -> Table:
        head = [
            self.text[f"table.{name}.head.{key}"] for key in self.text.keys(f"table.{name}.head")
        ]
        caption = self.text.format(f"table.{name}.caption", count=len(rows))
        return Table(caption, head, rows)


def app(folder: Path | None = None) -> PartnerMatch:
    """Return the app."""
    return PartnerMatch(folder)
