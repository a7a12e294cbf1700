"""Health check: are a machine's sensor data plausible, when do they change, when reach a limit?"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp

from millwright_labs import figures, healthcheck, plants, tables
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Choice, Control, Number, Slider, Switch, Values
from millwright_labs.apps.files import Download, Files, Table
from millwright_labs.healthcheck import Findings, Record, Times, Trend

SEED = 7
HOUR, DAY = 3600.0, 86400.0
KELVIN = 273.15
# The samples: a pump's log, a row every five minutes for two days and a half.
STEP, END = 300.0, 60 * HOUR
START = pd.Timestamp("2026-03-02 06:00")
#: Standard deviations of the sensors' noise (°C, °C, m³/h) and their resolution.
NOISE, RESOLUTION = (0.4, 0.2, 1.5), (0.1, 0.1, 0.1)
COLUMNS = (("T_bearing", "°C"), ("T_oil", "°C"), ("Q", "m³/h"))
LIMIT = 97.0  # °C: where the pump's radial bearing is due (`plants.pump_wear`: 370 K)

OWN = "own"
SAMPLES = ("bearing", "sound", "day", "leak", "stuck", "spikes", "clock")
THRESHOLD, PRICE = 6.0, 3.0
#: How far the lower chart reaches (robust deviations), and the most points of a line.
DEVIATIONS, POINTS = 16.0, 1500
#: Figures of what the visitor or the file gave, which must be found again.
EXACT = 7
#: The most events that the page lists.
EVENTS = 25

CONTROLS: tuple[Control, ...] = (
    Choice("source", SAMPLES, SAMPLES[0]),
    Choice("column", ("1", "2", "3"), "1", labels=tuple(f"{n} ({u})" for n, u in COLUMNS)),
    Number("limit", LIMIT, unit="°C"),
    Slider("threshold", 3.0, 12.0, 0.5, THRESHOLD),
    Slider("price", 0.5, 10.0, 0.5, PRICE),
    Switch("since", True),
)
PRESETS: dict[str, dict[str, Any]] = {
    "bearing": {},
    "sound": {"source": "sound"},
    "day": {"source": "day"},
    "leak": {"source": "leak", "column": "3", "limit": 350.0},
    "stuck": {"source": "stuck"},
    "spikes": {"source": "spikes"},
    "clock": {"source": "clock"},
}


@lru_cache(maxsize=len(SAMPLES))
def sample(name: str) -> bytes:
    """Return a sample as the CSV file that a logger would have written.

    The pump is `plants.pump_wear`; in ``bearing`` its radial bearing wears from hour 20 on, in
    ``leak`` its seal gives way at hour 38, in ``day`` the hall is warm by day. In ``stuck``,
    ``spikes`` and ``clock`` the pump is sound, and the logger or a sensor is not.
    """
    rng = np.random.default_rng([SEED, SAMPLES.index(name)])
    t = np.arange(0.0, END + 1, STEP)
    true = _pump(name, t)
    values = true + rng.normal(size=true.shape) * NOISE
    values = np.round(values / RESOLUTION) * RESOLUTION
    text = [[f"{value:.1f}" for value in row] for row in values]
    if name == "stuck":
        for row in text[330:450]:
            row[0] = text[329][0]
        for k in (100, 101, 102, 520, 611):
            text[k][0] = "-9999"
        for k in range(200, 224):
            text[k][1] = ""
    elif name == "spikes":
        for k in rng.choice(len(t), 14, replace=False):
            text[k][0] = f"{values[k, 0] + rng.choice((-1, 1)) * rng.uniform(6, 25):.1f}"
    stamps = (START + pd.to_timedelta(t, unit="s")).strftime("%Y-%m-%d %H:%M:%S").tolist()
    rows = [[stamp, *row] for stamp, row in zip(stamps, text, strict=True)]
    if name == "clock":
        # An hour sent twice, a clock set back, a night not recorded.
        rows = rows[:120] + rows[108:400] + rows[388:520] + rows[580:]
        rows[30:60] = [row for row in rows[30:60] for _ in (0, 1)]
    head = ["time", *(f"{label} ({unit})" for label, unit in COLUMNS)]
    return tables.write(head, rows)


def _pump(name: str, t: np.ndarray) -> np.ndarray:
    """Return bearing and oil temperature (°C) and flow (m³/h) of the pump, shape (n, 3)."""
    faults: dict[str, Any] = {}
    if name == "bearing":
        faults["radial_bearing_wear"] = lambda now: min(max(0.0, now - 20 * HOUR) / (120 * HOUR), 1)
    elif name == "leak":
        faults["seal_leak"] = lambda now: float(now > 38 * HOUR)
    # Only the fault wears: the model's own wear would take a hundred hours.
    P = plants.pump_wear(plants.PumpWear(w_A=0.0, w_thrust=0.0, w_radial=0.0), faults=faults)
    place = P.input_labels.index("T_room")

    def inputs(now: float) -> np.ndarray:
        u = np.array(P.u0, dtype=float)
        if name == "day":
            u[place] += 4.0 * math.sin(2 * math.pi * now / DAY)
        return u

    # The pump has run warm before the log begins.
    before = -10 * HOUR
    found = solve_ivp(
        lambda now, x: np.asarray(P.dynamics(now, x, inputs(now)), dtype=float),
        (before, float(t[-1])),
        np.array(P.x0, dtype=float),
        method="LSODA",
        t_eval=t,
        max_step=HOUR,
    )
    outputs = [P.output_labels.index(label) for label in ("T_radial", "T_oil", "Q_out")]
    y = np.array(
        [
            np.asarray(P.output(now, x, inputs(now)))[outputs]
            for now, x in zip(t, found.y.T, strict=True)
        ]
    )
    return y * (1.0, 1.0, 3600.0) - (KELVIN, KELVIN, 0.0)


@lru_cache(maxsize=len(SAMPLES))
def sample_record(name: str) -> Record:
    """Return a sample, read as a visitor's file is."""
    return healthcheck.read(sample(name))


@lru_cache(maxsize=64)
def findings(record: Record, column: int, threshold: float, price: float) -> Findings:
    """Return what a column shows."""
    return healthcheck.check(record, column, threshold, price)


def trend(found: Findings, limit: float, since: bool) -> Trend:
    """Return a column's trend, since its last change or over the whole time."""
    begin = float(found.changes[-1]) if since and len(found.changes) else -math.inf
    return healthcheck.trend(found.blocks_t, found.blocks, limit, begin)


def suggested_limit(record: Record, column: int) -> float:
    """Return a limit to begin with: as far above the data as they reach, two figures long."""
    found = findings(record, column, THRESHOLD, PRICE)
    low, high = _range(found)
    return float(f"{high + max(high - low, 0.05 * abs(high), 1e-6):.2g}")


@dataclass(frozen=True)
class View:
    """One column under one setting of the controls, and what the axes hold."""

    record: Record
    column: int
    found: Findings
    trend: Trend
    unit: tuple[str, float]
    x: tuple[float, float]
    y: tuple[float, float]


def view(values: Values, own: Record | None = None) -> View:
    """Return what the page shows; `own` is the visitor's record."""
    source = values["source"]
    record = own if source == OWN and own is not None else sample_record(_sample(source))
    column = min(int(values["column"]), len(record.names)) - 1
    found = findings(record, column, values["threshold"], values["price"])
    line = trend(found, values["limit"], values["since"])
    begin, end = float(found.t[0]), float(found.t[-1])
    unit = _unit(end - begin)
    last = max(end, line.crossing + 0.1 * (end - begin)) if line.crossing is not None else end
    low, high = _range(found)
    room = max(high - low, 1e-9 * max(abs(high), 1e-300))
    # A limit far away would leave a flat line; the numbers tell of it all the same.
    if low - 3 * room <= values["limit"] <= high + 3 * room:
        low, high = min(low, values["limit"]), max(high, values["limit"])
    pad = 0.08 * max(high - low, 1e-9 * max(abs(high), 1e-300))
    # All settings of the sliders share their axes: a new background takes a tenth of a second.
    return View(
        record, column, found, line, unit,
        (begin / unit[1], last / unit[1]), (low - pad, high + pad),
    )  # fmt: skip


def _sample(source: str) -> str:
    return source if source in SAMPLES else SAMPLES[0]


def _range(found: Findings) -> tuple[float, float]:
    good = found.y[~(found.absent | found.impossible)]
    return (float(good.min()), float(good.max())) if len(good) else (0.0, 1.0)


def _unit(span: float) -> tuple[str, float]:
    for name, seconds in (("d", DAY), ("h", HOUR), ("min", 60.0)):
        if span > 4 * seconds:
            return name, seconds
    return "s", 1.0


def _figures(value: float, figures: int = 3) -> str:
    """Return a number with so many figures and no exponent."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞"
    return np.format_float_positional(float(f"{value:.{figures}g}"), trim="-").replace("-", "−")


def _with(value: float, unit: str, figures: int = 3) -> str:
    return f"{_figures(value, figures)} {unit}".strip()


def when(record: Record, t: float) -> str:
    """Return a time as the file tells it: a date, or a span since its first row."""
    if record.start is not None:
        try:
            return f"{record.start + pd.Timedelta(seconds=round(t)):%Y-%m-%d %H:%M}"
        except (OverflowError, pd.errors.OutOfBoundsDatetime, pd.errors.OutOfBoundsTimedelta):
            pass
    name, seconds = _unit(float(record.t.max() - record.t.min()))
    return f"{_figures(t / seconds)} {name}"


def span(seconds: float) -> str:
    """Return a length of time in a unit that fits it."""
    for name, length in (("d", DAY), ("h", HOUR), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{_figures(seconds / length)} {name}"
    return f"{_figures(seconds)} s"


def runs(flags: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and last place of each run of marked samples."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    for begin, end in edges.reshape(-1, 2):
        yield int(begin), int(end) - 1


def events(shown: View) -> list[tuple[float, str, float]]:
    """Return time (s), kind and value of all that happened in a column, in order of time."""
    found = shown.found
    seen = [
        (float(t), "change", float(np.interp(t, found.blocks_t, found.blocks)))
        for t in found.changes
    ]
    for kind in ("spike", "impossible", "stuck", "absent"):
        for begin, _ in runs(getattr(found, kind)):
            seen.append((float(found.t[begin]), kind, float(found.y[begin])))
    return sorted(seen, key=lambda event: event[:2])


def _thinned(t: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return so many points that no peak is lost: the least and the largest of each stretch."""
    if len(t) <= POINTS:
        return t, y
    length = -(-len(t) // (POINTS // 2))
    chosen = []
    for begin in range(0, len(t), length):
        part = y[begin : begin + length]
        if np.isnan(part).all():
            chosen.append(begin)
            continue
        chosen += sorted({begin + int(np.nanargmin(part)), begin + int(np.nanargmax(part))})
    return t[chosen], y[chosen]


def show(values: Values, own: Record | None = None) -> Shown:
    """Check one column and compute what the figure shows."""
    shown = view(values, own)
    record, found, line = shown.record, shown.found, shown.trend
    seconds = shown.unit[1]
    t = found.t / seconds
    y = np.where(found.absent | found.impossible, np.nan, found.y)
    off = np.clip((y - found.usual) / found.scale, -DEVIATIONS, DEVIATIONS)
    stamps = healthcheck.check_times(record.t)
    wrong_times = stamps.duplicate + stamps.backward + stamps.gaps
    ends = np.array([line.since, line.until if line.crossing is None else line.crossing])
    nothing: tuple[list[float], list[float]] = ([], [])
    bars = [[c / seconds, c / seconds, math.nan] for c in found.changes]
    xs = [x for bar in bars for x in bar]
    crossed = line.crossing is not None
    unit = record.units[shown.column]
    fields: dict[str, Any] = {
        **values,
        "limit_text": _with(values["limit"], unit, EXACT),
        "label": record.label(shown.column),
        "rows": len(record.t),
        "begin": when(record, float(found.t[0])),
        "end": when(record, float(found.t[-1])),
        "step": span(stamps.step),
        "times": wrong_times,
        "absent": int(found.absent.sum()),
        "impossible": int(found.impossible.sum()),
        "stuck": int(found.stuck.sum()),
        "spikes": int(found.spike.sum()),
        "left_out": int((~found.good).sum()),
        "plausible": 100 * float(found.good.mean()),
        "changes": len(found.changes),
        "last": when(record, float(found.changes[-1])) if len(found.changes) else None,
        "width": span(found.width),
        "slope": _with(line.slope * DAY, unit) if line.verdict != "short" else None,
        "slope_low": _figures(line.slope_low * DAY),
        "slope_high": _figures(line.slope_high * DAY),
        "since_text": when(record, line.since),
        "crossing": when(record, line.crossing) if line.crossing is not None else line.verdict,
        "earliest": when(record, line.earliest) if line.earliest is not None else "",
        "latest": when(record, line.latest) if line.latest is not None else "",
        "confidence": 100 * healthcheck.CONFIDENCE,
    }
    dy = DEVIATIONS
    return Shown(
        moves={
            "y": _thinned(t, y),
            "usual": (found.blocks_t / seconds, found.blocks),
            "spikes": (t[found.spike], found.y[found.spike]),
            "stuck": (t[found.stuck], found.y[found.stuck]),
            "changes": (xs, [v for _ in bars for v in (*shown.y, math.nan)]),
            "changes_below": (xs, [v for _ in bars for v in (-dy, dy, math.nan)]),
            "trend": (ends / seconds, line.level + line.slope * (ends - line.until))
            if line.shown
            else nothing,
            "limit": (list(shown.x), [values["limit"]] * 2),
            "crossing": ([line.crossing / seconds], [values["limit"]])
            if line.crossing is not None
            else nothing,
            "interval": (
                np.array([line.earliest, line.latest]) / seconds,
                [values["limit"]] * 2,
            )
            if line.earliest is not None and line.latest is not None
            else nothing,
            "off": _thinned(t, off),
            "high": (list(shown.x), [values["threshold"]] * 2),
            "low": (list(shown.x), [-values["threshold"]] * 2),
        },
        fields=fields,
        alt=(
            "chart",
            "implausible" if fields["left_out"] else "plausible",
            *(("times",) if wrong_times else ()),
            "changed" if len(found.changes) else "unchanged",
            "crossing" if crossed else line.verdict,
        ),
    )


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (data, off) = plt.subplots(2, 1, figsize=(7.4, 5.6), sharex=True, height_ratios=(5, 3))
    (y,) = data.plot([], [], color="0.45", linestyle="-", linewidth=0.9, label="$y$")
    (usual,) = data.plot([], [], color="C0", linestyle="-", linewidth=1.6, label="$\\tilde{y}$")
    (changes,) = data.plot([], [], color="0.2", linestyle="-", linewidth=1.0)
    (line,) = data.plot([], [], color="C1", linestyle=(0, (6, 2)), label="$\\hat{y}$")
    (limit,) = data.plot([], [], color="0.2", linestyle=":", label="$y_{max}$")
    (interval,) = data.plot([], [], color="C1", linestyle="-", linewidth=5, alpha=0.5)
    (crossing,) = data.plot([], [], "D", color="C1", markersize=7, label="$t^*$")
    (spikes,) = data.plot([], [], "x", color="0.05", markersize=7)
    (stuck,) = data.plot([], [], "s", color="C4", markersize=4)
    (below,) = off.plot([], [], color="0.45", linestyle="-", linewidth=0.9, label="$r$")
    (high,) = off.plot([], [], color="0.2", linestyle=":", linewidth=1.2, label="$\\pm h$")
    (low,) = off.plot([], [], color="0.2", linestyle=":", linewidth=1.2)
    (changes_below,) = off.plot([], [], color="0.2", linestyle="-", linewidth=1.0)
    off.set(ylabel="$r/\\sigma$", ylim=(-DEVIATIONS, DEVIATIONS))
    for axes in (data, off):
        legend_above(axes)
    start = {control.name: control.value for control in CONTROLS if hasattr(control, "value")}
    set_axes(fig, view(start))
    return fig, {
        "y": y, "usual": usual, "changes": changes, "trend": line, "limit": limit,
        "interval": interval, "crossing": crossing, "spikes": spikes, "stuck": stuck,
        "off": below, "high": high, "low": low, "changes_below": changes_below,
    }  # fmt: skip


def set_axes(fig: Figure, shown: View) -> bool:
    """Set the axes for what is shown; return whether a label changed."""
    data, off = fig.axes
    unit = shown.record.units[shown.column]
    # The fonts on the server may lack a stranger's signs; the words under the chart have them.
    unit = unit if unit.isprintable() and all(ord(sign) < 0x2200 for sign in unit) else ""
    unit = unit.replace("\\", "").replace("$", r"\$")
    labels = (f"$t$ ({shown.unit[0]})", f"$y$ ({unit})" if unit else "$y$")
    changed = (off.get_xlabel(), data.get_ylabel()) != labels
    off.set_xlabel(labels[0])
    data.set_ylabel(labels[1])
    off.set_xlim(shown.x)
    data.set_ylim(shown.y)
    return changed


class HealthCheck(App):
    """The app; it holds the visitor's record while his page is open, and nowhere else."""

    def __init__(self, folder: Path | None = None) -> None:
        self._own: Record | None = None
        self._fig, moving = draw()
        self._at: tuple[str, str] = (SAMPLES[0], "1")
        super().__init__(
            "health-check",
            CONTROLS,
            PRESETS,
            lambda: (self._fig, moving),
            lambda values: show(values, self._own),
            folder=folder,
            files=lambda text: Files(
                text, self.take, {"report": self.report, "sample": self.sample}
            ),
            tabulate=lambda shown: self._tabulated(shown, self._values()),
        )

    def take(self, name: str, data: bytes) -> str:
        """Check a visitor's file; a `TableError` leaves all as it was."""
        record = healthcheck.read(data)
        limit = suggested_limit(record, 0)
        # Shown once before anything changes: a file that cannot be shown leaves all as it was.
        show({**self._values(), "source": OWN, "column": "1", "limit": limit}, record)
        self._own = record
        sources = Choice("source", (*SAMPLES, OWN), SAMPLES[0])
        self.controls.renew(sources, *self._fitting(record, 0), source=OWN, column="1", limit=limit)
        self._at = (OWN, "1")
        self.changed(dict(self.controls.values))
        how = record.how
        assert how is not None
        said = [
            self.text.format(
                "files.read",
                name=name,
                rows=len(record.t),
                columns=len(record.names),
                encoding=how.encoding.removesuffix("-sig").upper(),
                separator=self.text[f"files.separators.{_SEPARATORS.get(how.separator, 'other')}"],
                decimal=self.text[f"files.decimals.{'comma' if how.decimal == ',' else 'point'}"],
            )
        ]
        if record.left_out:
            said.append(self.text.format("files.left_out", names=", ".join(record.left_out)))
        return " ".join(said)

    def changed(self, values: Values) -> None:
        """Show another setting of the controls on axes that fit it."""
        at = (values["source"], values["column"])
        if at != self._at:
            self._at = at
            shown = view(values, self._own)
            given = {"column": str(shown.column + 1)}
            limit = values["limit"]
            if not self.controls.preset:
                # Another column has another unit: the old limit means nothing.
                limit = suggested_limit(shown.record, shown.column)
            self.controls.replace(*self._fitting(shown.record, shown.column), **given, limit=limit)
            self._at = (values["source"], given["column"])
            values = dict(self.controls.values)
        if set_axes(self._fig, view(values, self._own)):
            self.figure.redraw()
        super().changed(values)

    def report(self) -> Download:
        """Return the report: one page of HTML with everything in it."""
        values = self._values()
        shown = show(values, self._own)
        fields = {name: html.escape(str(v)) for name, v in shown.fields.items() if v is not None}
        parts = [
            f"<h1>{html.escape(self.text['report.title'])}</h1>",
            *(
                f"<p>{self.text.format(f'report.{key}', **fields)}</p>"
                for key in ("what", "settings")
            ),
            f"<p>{html.escape(self._alt(shown))}</p>",
        ]
        rows = [[row["label"], row["text"]] for row in self._rows(shown)]
        head = [self.text["report.what_head"], self.text["report.value_head"]]
        first = Table(self.text["report.numbers"], head, rows)
        parts.append(_html(first))
        picture = base64.b64encode(self.figure.png()).decode("ascii")
        parts.append(
            f'<figure><img alt="{html.escape(self._alt(shown))}" '
            f'src="data:image/png;base64,{picture}"><figcaption>'
            f"{html.escape(self.text['figure.caption'])}</figcaption></figure>"
        )
        parts += [_html(table) for table in self._tabulated(shown, values, len(shown.fields) ** 3)]
        parts.append(f"<p>{html.escape(self.text['report.caution'])}</p>")
        page = (
            f'<!DOCTYPE html><html lang="{html.escape(self.text.language)}"><head>'
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{html.escape(self.text['report.title'])}</title><style>{_STYLE}</style>"
            f"</head><body>{''.join(parts)}</body></html>"
        )
        return Download("health-check.html", "text/html", page.encode("utf-8"))

    def sample(self) -> Download:
        """Return the sample that is chosen, as a file to look at and to choose again."""
        name = _sample(self._values()["source"])
        return Download(f"{name}.csv", "text/csv", sample(name))

    def _values(self) -> Values:
        return dict(self.controls.values)

    def _fitting(self, record: Record, column: int) -> tuple[Control, ...]:
        """Return the controls that depend on the data."""
        options = tuple(str(k + 1) for k in range(len(record.names)))
        labels = tuple(record.label(k) for k in range(len(record.names)))
        limit = suggested_limit(record, column)
        return (
            Choice("column", options, "1", labels),
            Number("limit", limit, unit=record.units[column]),
        )

    def _tabulated(self, shown: Shown, values: Values, most: int = EVENTS) -> list[Table]:
        """Return the tables: time stamps, all columns, and what happened in the chosen one."""
        now = view(values, self._own)
        record = now.record
        return [
            self._columns(record),
            self._events(now, most),
            self._times(record, healthcheck.check_times(record.t)),
        ]

    def _times(self, record: Record, stamps: Times) -> Table:
        values = {
            "rows": str(len(record.t)),
            "step": span(stamps.step),
            "duplicate": str(stamps.duplicate),
            "backward": str(stamps.backward),
            "gaps": str(stamps.gaps),
            "longest": span(stamps.longest),
            "irregular": f"{100 * stamps.irregular:.1f} %",
        }
        rows = [[self.text[f"table.times.{key}"], value] for key, value in values.items()]
        return Table(self.text["table.times.caption"], self._head("times"), rows)

    def _columns(self, record: Record) -> Table:
        rows = []
        for column in range(len(record.names)):
            # Fixed settings: a move of a slider must not check forty columns.
            found = findings(record, column, THRESHOLD, PRICE)
            marks = (found.absent, found.impossible, found.stuck, found.spike)
            good = found.y[found.good]
            ends = [
                _figures(float(f(good))) if len(good) else "" for f in (np.min, np.median, np.max)
            ]
            last = when(record, float(found.changes[-1])) if len(found.changes) else "–"
            counts = [str(int(flags.sum())) for flags in marks]
            rows.append([record.label(column), *counts, *ends, last])
        caption = self.text.format("table.columns.caption", threshold=THRESHOLD, price=PRICE)
        return Table(caption, self._head("columns"), rows)

    def _events(self, now: View, most: int) -> Table:
        seen = events(now)
        rows = [
            [
                when(now.record, t),
                self.text[f"table.events.kinds.{kind}"],
                "–" if math.isnan(value) else _figures(value, EXACT),
            ]
            for t, kind, value in seen[:most]
        ]
        key = "caption" if len(seen) <= most else "caption_more"
        label = now.record.label(now.column)
        caption = self.text.format(f"table.events.{key}", label=label, all=len(seen), most=most)
        return Table(caption, self._head("events"), rows)

    def _head(self, name: str) -> list[str]:
        return [
            self.text[f"table.{name}.head.{key}"] for key in self.text.keys(f"table.{name}.head")
        ]


_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } caption { text-align: left; font-weight: 650; }
th, td { text-align: left; padding: 0.25rem 1rem 0.25rem 0; border-bottom: 1px solid #d5dade; }
figure { margin: 1rem 0; } img { max-width: 100%; }
"""


def _html(table: Table) -> str:
    def row(tag: str, fields: Any) -> str:
        return "".join(f"<{tag}>{html.escape(field)}</{tag}>" for field in fields)

    head = row('th scope="col"', table.head).replace('</th scope="col">', "</th>")
    body = "".join(
        f'<tr><th scope="row">{html.escape(first)}</th>{row("td", rest)}</tr>'
        for first, *rest in table.rows
    )
    return (
        f"<table><caption>{html.escape(table.caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def app(folder: Path | None = None) -> HealthCheck:
    """Return the app."""
    return HealthCheck(folder)
