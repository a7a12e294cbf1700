"""A health check of sensor data: are they plausible, when do they change, or reach a limit?

`read` makes a `Record` of a CSV file, `check` looks at its columns one by one, `check_times` at
its time stamps. What is implausible (a code for "no value", a value that its unit forbids, a
spike, a stuck sensor) is left out before changes and trends are sought. A trend that the data do
not show is not extended to a limit.

Sources: Hampel 1974, J. Am. Stat. Assoc. 69:383 (spikes); Jackson et al. 2005, IEEE Signal
Process. Lett. 12:105 (optimal partitioning); Yao 1988, Stat. Probab. Lett. 6:181 (the price of a
change); Fieller 1954, J. R. Stat. Soc. B 16:175 (interval of a crossing); Bayley & Hammersley
1946, Suppl. J. R. Stat. Soc. 8:184 (effective number of correlated samples).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from millwright_labs import tables
from millwright_labs.tables import Grid, missing, problem

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: The fewest rows, and values in a column, that are checked; the most rows and columns.
LEAST, MOST_ROWS, MOST_COLUMNS = 20, 500_000, 40

#: No sensor gives more than this in any unit; less than its inverse is zero.
HUGE = 1e30

#: A gap is a step longer than this many usual ones; a step is irregular if off by this share.
GAP, IRREGULAR = 3.0, 0.2
#: The window (samples) of the median that a spike is held against.
WINDOW = 9
#: What is left of white noise's deviation around that median, which includes the value itself
#: (simulated, a million normal samples).
SHRINKAGE = 0.86
#: A sensor is stuck if it repeats a value so often, and this much oftener than it usually does.
STUCK, STUCK_RATIO = 20, 5.0
#: Codes that loggers write for "no value", and how far off (robust deviations) they must lie.
CODES = (-32768.0, -9999.0, -999.0, -99.0, 999.0, 9999.0, 32767.0, 65535.0, 99999.0)
CODE_DISTANCE = 10.0
#: What a unit allows.
RANGES = {
    "°C": (-273.15, math.inf),
    "℃": (-273.15, math.inf),
    "degC": (-273.15, math.inf),
    "°F": (-459.67, math.inf),
    "K": (0.0, math.inf),
    "%": (0.0, 100.0),
    "%RH": (0.0, 100.0),
    "rH": (0.0, 100.0),
}
#: Changes and trends are sought in so many medians of blocks of equal time; a segment between two
#: changes has at least `SEGMENT` of them.
BLOCKS, SEGMENT = 240, 6
#: The confidence of all intervals.
CONFIDENCE = 0.99
#: A trend is extended to at most so many times the time that shows it.
REACH = 3.0

_SECONDS = {
    "s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0, "h": 3600.0,
    "hr": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0, "秒": 1.0, "小时": 3600.0,
}  # fmt: skip
_TIME_NAMES = re.compile(
    r"(t|time|times|timestamp|time.?stamp|datetime|date|elapsed.*|seconds?|epoch|zeit|zeitstempel"
    r"|datum|时间|時間|时间戳|日期)",
    re.IGNORECASE,
)
_UNIT = re.compile(r"(.*?)\s*(?:\[([^\]]*)\]|\(([^)]*)\)|（([^）]*)）|\s/\s*(\S{1,6}))\s*")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?")
_FORMATS = tuple(
    f"{date}{clock}"
    for date in ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
    for clock in (" %H:%M:%S.%f", " %H:%M:%S", " %H:%M", "")
)
# Years of a clock in seconds or milliseconds since 1970: from 2001 on.
_EPOCH, _EPOCH_MS = 1e9, 1e12


@dataclass(frozen=True, eq=False)
class Record:
    """Sensor data over time.

    Attributes
    ----------
    t : ndarray, shape (n,)
        Seconds since the first row, as the file gives them: they may repeat or go back.
    values : ndarray, shape (n, m)
        NaN where a value is missing.
    names, units : tuple of str
        Of the m columns; an empty unit is unknown.
    start : pandas.Timestamp or None
        The date of the first row, if the file has dates.
    left_out : tuple of str
        Columns without a single number.
    how : Grid or None
        How the file was read.
    """

    t: Floats
    values: Floats
    names: tuple[str, ...]
    units: tuple[str, ...]
    start: pd.Timestamp | None = None
    left_out: tuple[str, ...] = ()
    how: Grid | None = None

    def label(self, column: int) -> str:
        """Return a column's name with its unit."""
        unit = self.units[column]
        return f"{self.names[column]} ({unit})" if unit else self.names[column]


@dataclass(frozen=True)
class Times:
    """What is wrong with the time stamps: counts, and the usual step (s)."""

    step: float
    duplicate: int
    backward: int
    gaps: int
    longest: float
    irregular: float


@dataclass(frozen=True)
class Trend:
    """A straight line through the data since `since`, and when it crosses a limit.

    Attributes
    ----------
    since, until : float
        The time (s) that shows the trend.
    level, slope : float
        The line at `until`, and its rise per second.
    slope_low, slope_high : float
        Interval of the slope at `CONFIDENCE`.
    shown : bool
        Whether the interval excludes zero. Only then is there a crossing.
    crossing, earliest, latest : float or None
        When the line crosses the limit (s), with the interval; None unless the verdict says so.
    verdict : str
        ``over``: the limit is passed; ``none``: no trend; ``away``: it leads away from the limit;
        ``far``: beyond `REACH`; ``short``: too few data; ``crossing``.
    """

    since: float
    until: float
    level: float
    slope: float
    slope_low: float
    slope_high: float
    shown: bool
    verdict: str
    crossing: float | None = None
    earliest: float | None = None
    latest: float | None = None


@dataclass(frozen=True)
class Findings:
    """What one column shows.

    Attributes
    ----------
    t, y : ndarray, shape (n,)
        The samples in order of time, each time once.
    absent, impossible, spike, stuck : ndarray of bool, shape (n,)
        Missing values; codes, and values that the unit forbids; spikes; repeated values.
    usual, scale : ndarray, shape (n,), and float
        The running median, and the robust standard deviation around it.
    blocks_t, blocks : ndarray, shape (k,)
        Medians of what is left in blocks of equal time.
    width : float
        Length of a block (s): how exactly a change is known.
    changes : ndarray
        Times of changes in level or slope (s).
    """

    t: Floats
    y: Floats
    absent: Flags
    impossible: Flags
    spike: Flags
    stuck: Flags
    usual: Floats
    scale: float
    blocks_t: Floats
    blocks: Floats
    width: float
    changes: Floats

    @property
    def good(self) -> Flags:
        """What is left for changes and trends."""
        return ~(self.absent | self.impossible | self.spike | self.stuck)


def read(data: bytes) -> Record:
    """Return the record in a CSV file.

    Raises
    ------
    TableError
        If the file is no table of sensor data; the message names the line.
    """
    return record(tables.read(data))


def record(grid: Grid) -> Record:
    """Return the record in a table: a time, and columns of numbers.

    Raises
    ------
    TableError
        If there is no time, no number, text among the numbers, or too little or too much.
    """
    names, units, first = _head(grid)
    rows, lines = grid.rows[first:], grid.lines[first:]
    if not rows:
        raise problem("no_rows")
    if len(rows) < LEAST:
        kind = "one_row" if len(rows) == 1 else "few_rows"
        raise problem(kind, rows=len(rows), least=LEAST)
    if len(rows) > MOST_ROWS:
        raise problem("many_rows", rows=len(rows), most=MOST_ROWS)
    fields = list(zip(*rows, strict=True))
    used, t, start = _time(grid, names, units, fields, lines)
    if t.max() == t.min():
        raise problem("no_length")
    kept: list[int] = []
    left_out: list[str] = []
    values: list[Floats] = []
    for k, column in enumerate(fields):
        if k in used:
            continue
        numbers = _numbers(grid, column)
        if np.isnan(numbers).all():
            left_out.append(names[k])
            continue
        for i in np.flatnonzero(np.isnan(numbers)):
            if not missing(column[i]):
                raise problem(
                    "text_in_numbers", line=lines[i], column=names[k], text=_short(column[i])
                )
        if (np.abs(numbers) > HUGE).any():
            row = int(np.flatnonzero(np.abs(numbers) > HUGE)[0])
            raise problem("huge", line=lines[row], column=names[k], text=_short(column[row]))
        numbers[np.abs(numbers) < 1 / HUGE] = 0.0
        if (count := int(np.isfinite(numbers).sum())) < LEAST:
            raise problem("few_values", column=names[k], values=count, least=LEAST)
        kept.append(k)
        values.append(numbers)
    if not kept:
        raise problem("no_numbers")
    if len(kept) > MOST_COLUMNS:
        raise problem("many_columns", columns=len(kept), most=MOST_COLUMNS)
    return Record(
        t=t,
        values=np.column_stack(values),
        names=tuple(names[k] for k in kept),
        units=tuple(units[k] for k in kept),
        start=start,
        left_out=tuple(left_out),
        how=grid,
    )


def check_times(t: Floats) -> Times:
    """Judge time stamps (s) in the order of the file."""
    steps = np.diff(t)
    forward = steps[steps > 0]
    step = float(np.median(forward)) if len(forward) else 0.0
    gaps = forward > GAP * step
    usual = forward[~gaps]
    off = np.abs(usual - step) > IRREGULAR * step
    return Times(
        step=step,
        duplicate=int((steps == 0).sum()),
        backward=int((steps < 0).sum()),
        gaps=int(gaps.sum()),
        longest=float(forward.max(initial=0.0)),
        irregular=float(off.mean()) if len(usual) else 0.0,
    )


def check(data: Record, column: int, threshold: float = 6.0, price: float = 3.0) -> Findings:
    """Look at one column.

    Parameters
    ----------
    data : Record
    column : int
        From 0.
    threshold : float
        A spike is so many robust standard deviations from the median of its neighbours.
    price : float
        What a change must be worth, in units of 3 log(blocks): larger finds fewer.
    """
    # In order of time; of two rows with one time stamp the first counts.
    t, order = np.unique(data.t, return_index=True)
    y = data.values[order, column]
    absent = np.isnan(y)
    impossible = _impossible(y, data.units[column])
    stuck = _stuck(np.where(absent | impossible, np.nan, y))
    left = np.where(absent | impossible | stuck, np.nan, y)
    usual, scale = running_median(left)
    spike = np.abs(left - usual) > threshold * scale
    spike &= ~np.isnan(left)
    good = ~(absent | impossible | stuck | spike)
    blocks_t, blocks, width = medians(t[good], y[good])
    cuts = partition(blocks_t, blocks, price)
    changes = 0.5 * (blocks_t[cuts - 1] + blocks_t[cuts])
    return Findings(
        t, y, absent, impossible, spike, stuck, usual, scale, blocks_t, blocks, width, changes
    )


def running_median(y: Floats, window: int = WINDOW) -> tuple[Floats, float]:
    """Return the median of each value's neighbours, and the robust deviation from it."""
    usual = (
        pd.Series(y).rolling(window, center=True, min_periods=1).median().interpolate().to_numpy()
    )
    off = np.abs(y - usual)
    off = off[np.isfinite(off)]
    scale = 1.4826 / SHRINKAGE * float(np.median(off)) if len(off) else 0.0
    # Half the values of a coarse converter are equal: then its step is the scale.
    levels = np.unique(y[np.isfinite(y)])
    step = float(np.diff(levels).min()) if len(levels) > 1 else 0.0
    return usual, max(scale, 0.5 * step, np.finfo(float).tiny)


def medians(t: Floats, y: Floats, blocks: int = BLOCKS) -> tuple[Floats, Floats, float]:
    """Return mean time and median of the values in blocks of equal time, and a block's length."""
    if len(t) == 0:
        return np.empty(0), np.empty(0), 0.0
    blocks = max(1, min(blocks, len(t) // 4))
    width = float(t[-1] - t[0]) / blocks
    place = np.zeros(len(t), dtype=int)
    if width > 0:
        place = np.minimum(((t - t[0]) / width).astype(int), blocks - 1)
    groups = pd.DataFrame({"t": t, "y": y}).groupby(place)
    return groups["t"].mean().to_numpy(), groups["y"].median().to_numpy(), width


def partition(t: Floats, y: Floats, price: float, segment: int = SEGMENT) -> NDArray[np.int_]:
    """Return where straight lines through the points must begin anew.

    Optimal partitioning: of all ways to cut the points into segments, the least sum of squared
    errors over the noise's variance, plus the price of each cut. The variance is told from second
    differences, which straight lines do not enter.

    Parameters
    ----------
    t, y : array_like, shape (n,)
        Points in order.
    price : float
        Of a cut, in units of 3 log n: a cut adds a place, a level and a slope.
    segment : int
        The fewest points of a segment.

    Returns
    -------
    ndarray of int
        The first point of each segment but the first one's.
    """
    n = len(y)
    if n < 2 * segment:
        return np.empty(0, dtype=int)
    bends = np.abs(np.diff(y, 2))
    # Second differences of white noise have six times its variance.
    variance = (1.4826 * float(np.median(bends))) ** 2 / 6
    variance = max(variance, 1e-12 * float(np.ptp(y)) ** 2, np.finfo(float).tiny)
    cut = price * 3.0 * math.log(n)
    errors = _errors(t, y) / variance
    best = np.full(n + 1, np.inf)
    best[0] = -cut
    last = np.zeros(n + 1, dtype=int)
    for end in range(segment, n + 1):
        begins = np.arange(0, end - segment + 1)
        cost = best[begins] + errors[begins, end] + cut
        last[end] = int(np.argmin(cost))
        best[end] = cost[last[end]]
    cuts: list[int] = []
    end = n
    while (end := int(last[end])) > 0:
        cuts.append(end)
    return np.array(cuts[::-1], dtype=int)


def trend(t: Floats, y: Floats, limit: float, since: float = -math.inf) -> Trend:
    """Return the trend of points in order of time, and when it reaches a limit.

    The interval of the slope widens with the correlation of neighbouring errors; the interval of
    the crossing is Fieller's: all times at which the line may have the value of the limit.

    Parameters
    ----------
    t, y : array_like, shape (n,)
        Points, such as `medians`; time in seconds.
    limit : float
        In the unit of `y`: the highest value allowed if the points begin below it, else the
        lowest.
    since : float
        Only points from this time on.
    """
    upper = len(y) > 0 and float(np.median(y[:SEGMENT])) < limit
    chosen = t >= since
    t, y = np.asarray(t, float)[chosen], np.asarray(y, float)[chosen]
    n = len(t)
    if n < SEGMENT:
        end = float(t[-1]) if n else 0.0
        level = float(np.median(y)) if n else math.nan
        begin = float(t[0]) if n else 0.0
        return Trend(begin, end, level, 0.0, -math.inf, math.inf, False, "short")
    begin, now = float(t[0]), float(t[-1])
    middle = float(t.mean())
    spread = float(((t - middle) ** 2).sum())
    slope = float(((t - middle) * (y - y.mean())).sum()) / spread
    mean = float(y.mean())
    left = y - mean - slope * (t - middle)
    power = float((left**2).sum())
    # Negative correlation would narrow the interval; we do not trust it so far.
    r = max(0.0, float((left[1:] * left[:-1]).sum()) / power) if power > 0 else 0.0
    r = min(r, 0.95)
    effective = max(n * (1 - r) / (1 + r), 3.0)
    variance = power / (n - 2) * (1 + r) / (1 - r)
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, effective - 2))
    half = quantile * math.sqrt(variance / spread)
    level = mean + slope * (now - middle)
    # A line through exact values has no error; but for rounding it has no slope either.
    flat = 1e-9 * max(float(np.abs(y).max()), np.finfo(float).tiny) / max(now - begin, 1e-300)
    shown = abs(slope) > max(half, flat)
    found: dict[str, Any] = {}
    ahead = now + REACH * (now - begin)
    if level >= limit if upper else level <= limit:
        verdict = "over"
    elif not shown:
        verdict = "none"
    elif upper != (slope > 0):
        verdict = "away"
    else:
        crossing = middle + (limit - mean) / slope
        low, high = _fieller(limit - mean, slope, variance / n, variance / spread, quantile)
        verdict = "far" if crossing > ahead else "crossing"
        if verdict == "crossing":
            found = {
                "crossing": crossing,
                "earliest": max(now, middle + low),
                "latest": middle + high,
            }
    return Trend(begin, now, level, slope, slope - half, slope + half, shown, verdict, **found)


def _fieller(rise: float, slope: float, v_level: float, v_slope: float, q: float) -> Any:
    """Interval of rise/slope, both from the middle of the data, where they are uncorrelated."""
    # (rise - slope s)² ≤ q² (v_level + v_slope s²), a quadratic in s.
    a = slope**2 - q**2 * v_slope
    root = math.sqrt(max(rise**2 * slope**2 - a * (rise**2 - q**2 * v_level), 0.0))
    return sorted(((rise * slope - root) / a, (rise * slope + root) / a))


def _errors(t: Floats, y: Floats) -> Floats:
    """Squared error of the best line through each segment, shape (n, n + 1): from, up to."""
    t = (t - t.mean()) / max(float(np.ptp(t)), np.finfo(float).tiny)
    y = y - y.mean()
    sums = np.concatenate(
        [np.zeros((6, 1)), np.cumsum([np.ones_like(t), t, y, t * t, t * y, y * y], axis=1)], axis=1
    )
    k, st, sy, stt, sty, syy = sums[:, None, :] - sums[:, :-1, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ctt, cty, cyy = stt - st * st / k, sty - st * sy / k, syy - sy * sy / k
        error = cyy - np.where(ctt > 1e-15, cty * cty / ctt, 0.0)
    return np.maximum(np.nan_to_num(error, nan=0.0, posinf=0.0, neginf=0.0), 0.0)


def _impossible(y: Floats, unit: str) -> Flags:
    low, high = RANGES.get(unit.strip(), (-math.inf, math.inf))
    with np.errstate(invalid="ignore"):
        wrong = (y < low) | (y > high)
    known = y[np.isfinite(y) & ~np.isin(y, CODES)]
    if len(known):
        middle = float(np.median(known))
        spread = max(float(stats.median_abs_deviation(known, scale="normal")), 1e-12 * abs(middle))
        wrong |= np.isin(y, CODES) & (np.abs(y - middle) > CODE_DISTANCE * spread)
    return wrong


def _stuck(y: Floats) -> Flags:
    """Mark runs of one value, but for the run's first sample, which may be right."""
    stuck = np.zeros(len(y), dtype=bool)
    if len(y) < 2:
        return stuck
    begins = np.concatenate([[0], np.flatnonzero(~(np.diff(y) == 0)) + 1])
    lengths = np.diff(np.append(begins, len(y)))
    for k in np.flatnonzero(lengths >= STUCK):
        others = np.delete(lengths, k)
        if not len(others) or lengths[k] > STUCK_RATIO * others.mean():
            stuck[begins[k] + 1 : begins[k] + lengths[k]] = True
    return stuck


def _head(grid: Grid) -> tuple[list[str], list[str], int]:
    """Return names, units and the first row of data."""

    def is_data(row: list[str]) -> bool:
        given = [field for field in row if not missing(field)]
        told = [f for f in given if grid.number(f) is not None or _is_date(f)]
        return bool(told) and 2 * len(told) >= len(given)

    first = next((i for i, row in enumerate(grid.rows) if is_data(row)), None)
    if first is None:
        raise problem("no_rows")
    width = len(grid.rows[0])
    heads = grid.rows[:first]
    names = [f"#{k + 1}" for k in range(width)]
    units = [""] * width
    if len(heads) >= 2 and all(len(field) <= 10 for field in heads[-1]):
        names, units = heads[-2], [field.strip("[]()") for field in heads[-1]]
    elif heads:
        names = heads[-1]
    told = []
    for k, name in enumerate(names):
        match = _UNIT.fullmatch(name)
        if match and match[1] and not units[k]:
            name, units[k] = match[1], next(part for part in match.groups()[1:] if part is not None)
        told.append(_short(name) or f"#{k + 1}")
    return told, [_short(unit) for unit in units], first


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _is_date(text: str) -> bool:
    return bool(re.match(r"\d{1,4}[-./年]\d{1,2}[-./月]\d{1,4}", text)) or bool(
        _CLOCK.fullmatch(text)
    )


def _numbers(grid: Grid, column: tuple[str, ...]) -> Floats:
    # The quick way knows no decimal comma, and takes words for numbers that are none.
    numbers = pd.to_numeric(pd.Series(column, dtype=object), errors="coerce").to_numpy(float)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    for i in np.flatnonzero(np.isnan(numbers)):
        value = grid.number(column[i])
        numbers[i] = np.nan if value is None else value
    return numbers


def _time(
    grid: Grid,
    names: list[str],
    units: list[str],
    fields: list[tuple[str, ...]],
    lines: list[int],
) -> tuple[set[int], Floats, pd.Timestamp | None]:
    """Return which columns hold the time, the seconds since the first row, and its date."""
    for k, column in enumerate(fields):
        if not all(_is_date(field) for field in column[: min(len(column), 3)]):
            continue
        used = {k}
        if all(_CLOCK.fullmatch(field) for field in column[:3]):
            if not _TIME_NAMES.fullmatch(names[k]):
                continue
            # A clock without a date starts again at midnight.
            column = tuple(f"1970-01-01 {field}" for field in column)
        elif k + 1 < len(fields) and all(_CLOCK.fullmatch(f) for f in fields[k + 1][:3]):
            used = {k, k + 1}
            column = tuple(
                f"{day} {clock}" for day, clock in zip(column, fields[k + 1], strict=True)
            )
        stamps = _stamps(column)
        wrong = np.flatnonzero(stamps.isna().to_numpy())
        if len(wrong):
            i = int(wrong[0])
            raise problem("bad_time", line=lines[i], column=names[k], text=_short(column[i]))
        start = stamps.iloc[0]
        return used, ((stamps - start) / pd.Timedelta(seconds=1)).to_numpy(float), start
    for k, column in enumerate(fields):
        if not _TIME_NAMES.fullmatch(names[k]):
            continue
        numbers = _numbers(grid, column)
        if np.isnan(numbers).mean() > 0.5:
            continue
        if np.isnan(numbers).any():
            i = int(np.flatnonzero(np.isnan(numbers))[0])
            raise problem("bad_time", line=lines[i], column=names[k], text=_short(column[i]))
        scale = _SECONDS.get(units[k].strip().lower(), 1.0)
        start = None
        if not units[k] and numbers[0] > _EPOCH:
            scale = 1e-3 if numbers[0] > _EPOCH_MS else 1.0
            start = pd.Timestamp(numbers[0] * scale, unit="s")
        return {k}, scale * (numbers - numbers[0]), start
    raise problem("no_time")


def _stamps(column: tuple[str, ...]) -> pd.Series:
    """Parse dates in the one format that reads most of them; of two, the one that goes forward."""
    text = pd.Series(column, dtype=object)
    head = text.head(tables.LOOKED_AT)

    def parsed(part: pd.Series, form: str) -> pd.Series:
        stamps = pd.to_datetime(part, format=form, errors="coerce", utc=True)
        return stamps.dt.tz_localize(None)

    def merit(form: str) -> tuple[float, float]:
        # The days of a file that begins on the 1st tell day and month apart only later.
        stamps = parsed(text if form[:5] in ("%d/%m", "%m/%d") else head, form)
        steps = stamps.dropna().diff().dropna()
        forward = float((steps >= pd.Timedelta(0)).mean()) if len(steps) else 0.0
        jump = float(steps.abs().max() / pd.Timedelta(days=1)) if len(steps) else 0.0
        return float(stamps.notna().mean()), forward - 1e-6 * jump

    best = max(("ISO8601", *_FORMATS), key=merit)
    return parsed(text, best)
