"""Measured data for an app, where the server has them."""

from __future__ import annotations

import pandas as pd
from millwright_data import load
from millwright_data.errors import DataError


def measured(id: str, part: str | None = None) -> pd.DataFrame | None:
    """Return one part of a data set, or None where the server does not have it.

    An app must open without any mirror; it then works on simulated data and says so.
    """
    try:
        return load(id, part)
    except DataError:
        return None
