"""How true the running twin is: error on a sound machine, and how soon it notices an open lid.

The machine is the live incubator, whose physics are richer than the twin's model. Every unit has
its own numbers; the filter's tuning and all thresholds were found on the units `DESIGNED_ON`, and
what is reported comes from others. A twin is commissioned by three hours of set points, which do
not count.

The peer of the error is the same model with the published numbers, not calibrated to the unit.
The peer of the delay is what is done without a filter: the calibrated model runs freely, and an
alarm is raised where its error passes a fixed level. The level is the one that gives the allowed
false alarms on the units `DESIGNED_ON`; a lower one would cry more often.
"""

import sys

import numpy as np
import pandas as pd
from figure import Figure
from millwright_labs.link.station import Described, Made, make_station
from millwright_labs.link.stations import incubator_live as live
from millwright_labs.twin import COMMISSIONING, Box, Twin, score
from millwright_labs.twin.model import follow

DT = live.SAMPLE_TIME
DESIGNED_ON = range(100, 110)
REPORTED = range(200, 212)
DAYS = 3  # healthy days for each unit
ALLOWED = 1.0  # false alarms a day
# A lid ajar by a twentieth adds its box's loss over again; 1 is wide open.
SEVERITIES = (0.05, 0.2, 1.0)
TIMES = (4.0, 9.3, 17.7)  # hours after commissioning at which the lid is opened
LIMIT = 600.0  # s in which a lid has to be noticed
COMMAND = "make bench ARGS=twin"


def machine(seed: int, hours: float, lid: float = 0.0) -> pd.DataFrame:
    """Commission a unit, then change its set point now and then; the lid is opened at the end."""
    parts = [np.full(round(seconds / DT), value) for value, seconds in COMMISSIONING]
    rng = np.random.default_rng([seed, 2])
    n = sum(map(len, parts)) + round(hours * 3600 / DT)
    while sum(map(len, parts)) < n:
        parts.append(np.full(rng.integers(2400, 7200), float(rng.integers(30, 41))))
    set_point = np.concatenate(parts)[:n]
    faults = {}
    if lid:
        set_point = np.append(set_point, np.full(round(LIMIT / DT), set_point[-1]))
        faults = {"lid_open": np.where(np.arange(len(set_point)) < n, 0.0, lid)}
    outputs, _ = live.simulate(seed, set_point, faults)
    rows = np.column_stack((np.append(35.0, set_point), outputs))
    columns = ["set_point", *(signal.name for signal in live.OUTPUTS)]
    return pd.DataFrame(rows, index=DT * np.arange(len(rows)), columns=columns)


def twin_of(seed: int) -> Twin:
    """Return a new twin."""
    return Twin(Described.of(make_station(Made("incubator_live", seed))))


def free_error(table: pd.DataFrame, box: Box) -> np.ndarray:
    """Run the model freely along a whole run; return its error (K), shape (n,)."""
    room = table["T_room"].ffill().to_numpy()
    T = table[["T_1", "T_2"]].mean(axis=1).to_numpy()
    free = follow(T[0], T[0], table["heater"].to_numpy()[1:], room[1:], DT, box.numbers())
    return np.append(0.0, free[:, 1] - T[1:])


def nrmse(table: pd.DataFrame, box: Box) -> float:
    """Return the free model's error after commissioning over the range of the temperature."""
    T = table[["T_1", "T_2"]].mean(axis=1)
    after = table.index > sum(seconds for _, seconds in COMMISSIONING)
    error = free_error(table, box)[after]
    return float(np.sqrt(np.nanmean(error**2)) / (T.max() - T.min()))


def alarms(error: np.ndarray, level: float) -> np.ndarray:
    """Return the samples at which the size of the error passes a level from below."""
    over = np.abs(error) > level
    return np.flatnonzero(over[1:] & ~over[:-1]) + 1


def fixed_level() -> float:
    """Return the peer's level: the lowest that keeps to the allowed false alarms by design."""
    errors = []
    for seed in DESIGNED_ON:
        table = machine(seed, 24.0)
        twin = twin_of(seed)
        twin.take(table)
        after = table.index > sum(seconds for _, seconds in COMMISSIONING)
        errors.append(free_error(table, twin.commissioned)[after])
    for level in np.arange(0.2, 5.0, 0.05):
        if sum(len(alarms(error, level)) for error in errors) <= ALLOWED * len(errors):
            return float(level)
    raise RuntimeError("no level keeps to the allowed false alarms")


def measure() -> list[Figure]:
    """Follow sound machines, then open lids."""
    level = fixed_level()
    truth, untrue, false, false_peer = [], [], 0, 0
    for seed in REPORTED:
        table = machine(seed, 24.0 * DAYS)
        twin = twin_of(seed)
        twin.take(table)
        truth.append(nrmse(table, twin.commissioned))
        untrue.append(nrmse(table, Box()))
        false += score(twin.events, []).false_alarms
        after = table.index > sum(seconds for _, seconds in COMMISSIONING)
        false_peer += len(alarms(free_error(table, twin.commissioned)[after], level))
    days = DAYS * len(REPORTED)
    delays, delays_peer = [], []
    for seed in REPORTED:
        for hours in TIMES:
            for severity in SEVERITIES:
                table = machine(seed, hours, severity)
                opened = float(table.index[-1]) - LIMIT
                twin = twin_of(seed)
                twin.take(table)
                (delay,) = score(twin.events, [(opened, np.inf)]).delays.values()
                delays.append(LIMIT if delay is None else delay)
                error = free_error(table, twin.commissioned)[table.index > opened]
                over = np.flatnonzero(np.abs(error) > level)
                delays_peer.append(DT * (over[0] + 1) if len(over) else LIMIT)
    print(
        f"  {days} sound days: {false} false alarms, with a fixed level of {level:.2f} K "
        f"{false_peer}; {len(delays)} lids: median {np.median(delays):g} s, "
        f"with a fixed level {np.median(delays_peer):g} s; "
        f"NRMSE median {np.median(truth):.3f}",
        file=sys.stderr,
    )
    error = Figure(
        "twin_nrmse",
        max(truth),
        f"of the range, free run over {DAYS} days, worst of {len(truth)} units",
        "the published numbers, not calibrated",
        max(untrue),
        "lower",
        COMMAND,
    )
    delay = Figure(
        "twin_detection_delay",
        max(delays),
        f"plant seconds, worst of {len(delays)} lids",
        f"fixed level on the free model ({false_peer / days:.2g} false alarms a day)",
        max(delays_peer),
        "lower",
        COMMAND,
    )
    alarm = Figure(
        "twin_false_alarms",
        false / days,
        f"a simulated day, over {days} days",
        "fixed level on the free model",
        false_peer / days,
        "lower",
        COMMAND,
    )
    return [error, delay, alarm]
