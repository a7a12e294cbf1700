"""The flank of a milling tool wears, evenly at first sight, until the edge breaks.

After running in, wear grows at a pace that material, feed and depth set, and that differs between
tools that look alike; it never grows quite evenly. The edge breaks at a wear of its own. Paces and
scatter are fitted to the NASA milling set (`nasa-milling-vb`): 15 tools, to a wear of 0.7 mm. The
set shows no breakages; those numbers are ours.

Made for units C4, C8 and C11. Left out: chipping without wear, notch and crater wear, the faster
wear of the last minutes, cooling.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from millwright_labs.errors import SignalError
from millwright_labs.plants.plant import POSITIVE, Parameters, parameter

NASA = "fitted to nasa-milling-vb (Agogino & Goebel 2007)"
SPREAD = "after the scatter about straight lines in nasa-milling-vb"
OURS = "ours: representative"

TITLE = "Tool wear"
INDUSTRY = "CNC"
EQUATIONS = r"""
$$VB(t) = b + G(t), \qquad \mathrm dG \sim \Gamma \ \text{with mean}\ r\,\mathrm dt \
\text{and variance}\ q\,r\,\mathrm dt$$

$$\ln r = \ln r_0 + [\text{steel}] \ln k_s + m_f \ln \frac{f}{0.5\,\mathrm{mm}}
+ m_a \ln \frac{a}{0.75\,\mathrm{mm}} + \sigma z, \qquad z \sim N(0, 1)$$

with feed $f$, depth $a$ and one $z$ for each tool; the tool breaks at
$VB_b = $ `break_wear`$\,\cdot e^{\sigma_b z_b}$.
""".strip()


@dataclass(frozen=True)
class ToolWear(Parameters):
    """Numbers of wear; the pace is that in cast iron at 0.5 mm a turn and 0.75 mm deep."""

    pace: float = parameter(0.0071, "mm/min", NASA, "median pace of wear", minimum=POSITIVE)
    steel: float = parameter(4.1, "1", NASA, "pace in steel over that in cast iron", minimum=0.01)
    feed_exponent: float = parameter(0.44, "1", NASA, "of the pace")
    depth_exponent: float = parameter(0.80, "1", NASA, "of the pace")
    scatter: float = parameter(
        0.21, "1", NASA, "standard deviation of ln pace between tools", minimum=0.0, maximum=2.0
    )
    run_in: float = parameter(0.05, "mm", OURS, "wear after running in", minimum=0.0)
    grain: float = parameter(
        0.003, "mm", SPREAD, "variance of the growth over its mean", minimum=POSITIVE
    )
    break_wear: float = parameter(
        0.9, "mm", OURS, "median wear at which the edge breaks", minimum=POSITIVE
    )
    break_scatter: float = parameter(
        0.25, "1", OURS, "standard deviation of its logarithm", minimum=0.0, maximum=2.0
    )


@dataclass(frozen=True)
class Tools:
    """Tools in use.

    Attributes
    ----------
    t : ndarray, shape (n,)
        Time of cutting (min), from 0.
    wear : ndarray, shape (tools, n)
        Flank wear VB (mm), as if no edge broke.
    break_wear : ndarray, shape (tools,)
        Wear (mm) at which each edge breaks.
    """

    t: np.ndarray
    wear: np.ndarray
    break_wear: np.ndarray

    def time_to(self, wear: Any) -> np.ndarray:
        """Return when each tool reaches a wear (mm), one for all or one each; inf: not seen.

        Wear grows by steps, and between two times in proportion to time.
        """
        goal = np.broadcast_to(np.asarray(wear, dtype=float), self.break_wear.shape)[:, None]
        reached = self.wear >= goal
        k = np.argmax(reached, axis=1)
        row = np.arange(len(k))
        before = np.maximum(k - 1, 0)
        low, high = self.wear[row, before], self.wear[row, k]
        share = (goal[:, 0] - low) / np.where(high > low, high - low, 1.0)
        times = self.t[before] + np.where(k > 0, share, 0.0) * (self.t[k] - self.t[before])
        return np.where(reached.any(axis=1), times, np.inf)


def pace(material: str, feed: float, depth: float, parameters: ToolWear | None = None) -> float:
    """Return the median pace of wear (mm/min).

    Parameters
    ----------
    material : {"cast iron", "steel"}
        What is cut.
    feed, depth : float
        Feed (mm a turn) and depth of cut (mm), positive.
    parameters : ToolWear, optional
        Default: as the NASA milling set.
    """
    p = parameters or ToolWear()
    if material not in ("cast iron", "steel"):
        raise SignalError(f"The material is 'cast iron' or 'steel', not {material!r}.")
    relative = (_positive("feed", feed) / 0.5) ** p.feed_exponent
    relative *= (_positive("depth", depth) / 0.75) ** p.depth_exponent
    return p.pace * relative * (p.steel if material == "steel" else 1.0)


def tool_wear(
    tools: int,
    duration: float,
    step: float,
    material: str = "cast iron",
    feed: float = 0.5,
    depth: float = 0.75,
    parameters: ToolWear | None = None,
    seed: int | None = None,
) -> Tools:
    """Draw how tools wear.

    Parameters
    ----------
    tools : int
        Number of tools.
    duration, step : float
        Time of cutting (min) and distance of the times (min).
    material, feed, depth
        See `pace`.
    parameters : ToolWear, optional
        Default: as the NASA milling set.
    seed : int, optional
        The same seed gives the same tools.

    Raises
    ------
    SignalError
        If a number is not positive, `tools` is not whole, or the duration is shorter than a step.
    """
    p = parameters or ToolWear()
    count, minutes = _positive("number of tools", tools), _positive("duration", duration)
    steps = math.floor(minutes / _positive("step", step) + 1e-9)
    if count != int(count) or steps < 1:
        raise SignalError("Give a whole number of tools, and a duration of at least one step.")
    rng = np.random.default_rng(seed)
    own = pace(material, feed, depth, p) * np.exp(p.scatter * rng.standard_normal(int(count)))
    growth = rng.gamma((own * step / p.grain)[:, None], p.grain, (int(count), steps))
    wear = np.zeros((int(count), steps + 1))
    np.cumsum(growth, axis=1, out=wear[:, 1:])
    breaks = p.break_wear * np.exp(p.break_scatter * rng.standard_normal(int(count)))
    return Tools(step * np.arange(steps + 1), p.run_in + wear, np.maximum(breaks, p.run_in))


def _positive(name: str, value: Any) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float | np.number)
    if wrong or not 0 < value < math.inf:
        raise SignalError(f"The {name} must be a number above 0, got {value!r}.")
    return float(value)
