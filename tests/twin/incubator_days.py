"""A live incubator's day, simulated in one call, as a `PlantLink` would have recorded it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from millwright_labs.link.station import Described, Made, make_station
from millwright_labs.link.stations import incubator_live
from millwright_labs.twin import COMMISSIONING, Twin

DT = incubator_live.SAMPLE_TIME
COMMISSIONED = round(sum(seconds for _, seconds in COMMISSIONING) / DT)  # samples


def day(
    seed: int, hours: float, faults: Mapping[str, tuple[float, float, float]] | None = None
) -> pd.DataFrame:
    """Commission for three hours, then change the set point now and then.

    `faults` gives by name severity, begin and end (hours after commissioning).
    """
    n = COMMISSIONED + round(hours * 3600 / DT)
    rng = np.random.default_rng([seed, 9])
    parts = [np.full(round(seconds / DT), value) for value, seconds in COMMISSIONING]
    while sum(map(len, parts)) < n:
        parts.append(np.full(rng.integers(2400, 6000), float(rng.integers(30, 41))))
    set_point = np.concatenate(parts)[:n]
    severities = {}
    for name, (severity, begin, end) in (faults or {}).items():
        at = np.zeros(n)
        first, last = (COMMISSIONED + round(h * 3600 / DT) for h in (begin, end))
        at[first:last] = severity
        severities[name] = at
    outputs, _ = incubator_live.simulate(seed, set_point, severities)
    columns = ["set_point", *(signal.name for signal in incubator_live.OUTPUTS)]
    rows = np.column_stack((np.concatenate(([35.0], set_point)), outputs))
    return pd.DataFrame(rows, index=DT * np.arange(n + 1), columns=columns)


def described(seed: int = 0, station: str = "incubator_live") -> Described:
    return Described.of(make_station(Made(station, seed)))


def followed(seed: int, hours: float, faults: Mapping | None = None) -> Twin:
    """Return a twin that has followed a seeded day."""
    twin = Twin(described(seed))
    twin.take(day(seed, hours, faults))
    return twin
