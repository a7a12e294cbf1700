"""What counts as a number."""

from typing import Any

import numpy as np


def as_number(value: Any) -> float:
    """Give `value` as a float; TypeError for text, booleans, None and arrays."""
    if isinstance(value, bool | np.bool_ | str | bytes) or value is None or np.ndim(value) > 0:
        raise TypeError(f"not a number: {value!r}")
    return float(value)
