"""Hydraulic rig monitoring: T² and SPE, their limits, and which sensor speaks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from millwright_labs import figures
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Choice, Control, LogSlider, Slider, Switch, Values
from millwright_labs.apps.measured import measured
from millwright_labs.monitoring import PCAMonitor
from millwright_labs.wear import hydraulic_rig

SYNTHETIC, MEASURED = "synthetic", "measured"
SOUND, SENSOR = "sound", "sensor"
# A day of sound cycles, then four hours in which the fault grows for one and stays.
SOUND_CYCLES = hydraulic_rig.DAY
FAULTY_CYCLES, GROWING_CYCLES = 240, 60
SEED = 4
# What the thermometer in the tank reads too much at severity 1.
SENSOR_OFFSET = 3.0  # K
# A fault counts as found at the first of this many alarms in a row.
IN_A_ROW = 3
# No monitor may train on more than this share of the sound cycles: the rest tests it.
LARGEST_TRAINING = 0.7

SYMBOLS = {
    "p": "$p$", "p_ripple": "$\\tilde p$", "Q": "$Q$", "P": "$P$", "T": "$T$", "T_pump": "$T_p$",
    "T_cooler": "$T_c$", "P_cooler": "$\\dot Q_c$", "v": "$v$", "t_valve": "$t_v$",
    **{f"TS{k}": f"$T_{k}$" for k in range(1, 5)},
    **{f"TS{k}_rise": f"$\\Delta T_{k}$" for k in range(1, 5)},
}  # fmt: skip

OWN_CONTROLS: tuple[Control, ...] = (
    Slider("training", 40.0, 800.0, 20.0, 300.0),
    Switch("random", True),
    Slider("components", 1.0, 7.0, 1.0, 2.0),
    LogSlider("alpha", 0.1, 10.0, 1.0),
    Choice("fault", (SOUND, *hydraulic_rig.FAULTS, SENSOR), SOUND),
    Slider("severity", 0.0, 1.0, 0.05, 0.3),
    Choice("statistic", ("spe", "t2"), "spe"),
)
OWN_PRESETS: dict[str, dict[str, Any]] = {
    "day": {},
    "morning": {"random": False, "training": 200.0},
    "pump": {"fault": "pump", "severity": 0.1},
    "cooler": {"fault": "cooler", "severity": 0.8, "statistic": "t2"},
    "valve": {"fault": "valve", "severity": 0.25},
    "sensor": {"fault": SENSOR, "severity": 0.6, "components": 7.0},
}
MEASURED_PRESETS: dict[str, dict[str, Any]] = {
    "measured": {"source": MEASURED, "fault": "cooler", "training": 100.0},
    "blocks": {"source": MEASURED, "fault": "pump", "training": 100.0, "random": False},
}


@dataclass(frozen=True)
class Cycles:
    """Cycles in the order of time: `sound` ones, and those `after` in which a part fails."""

    sound: np.ndarray
    after: np.ndarray
    sensors: tuple[str, ...]


@lru_cache(maxsize=16)
def simulated_cycles(fault: str, severity: float) -> Cycles:
    """Return a day of the simulated rig and four hours with a fault, if there is one."""
    n = SOUND_CYCLES + FAULTY_CYCLES
    growth = np.clip((np.arange(n) - SOUND_CYCLES + 1) / GROWING_CYCLES, 0.0, 1.0)
    part = fault if fault in hydraulic_rig.FAULTS else None
    table = hydraulic_rig.hydraulic_cycles(n, part, severity * growth, seed=SEED)
    if fault == SENSOR:
        table["T"] += SENSOR_OFFSET * severity * growth
    values = table.to_numpy()
    begin = n if fault == SOUND else SOUND_CYCLES
    return Cycles(values[:begin], values[begin:], tuple(table.columns))


# Of the measured rig: column of the profile, best state, and states from slight to severe.
STATES: dict[str, tuple[str, float, tuple[float, ...]]] = {
    "cooler": ("cooler", 100, (20, 3)),
    "pump": ("pump_leakage", 0, (1, 2)),
    "accumulator": ("accumulator", 130, (115, 100, 90)),
    "valve": ("valve", 100, (90, 80, 73)),
}


@cache
def rig_tables() -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return features and states of the measured rig's cycles, or None where it is not here.

    Features are the mean of each of the four temperatures and its rise over the cycle.
    """
    states = measured("hydraulic-condition", "profile")
    features = {}
    for name in ("TS1", "TS2", "TS3", "TS4"):
        table = measured("hydraulic-condition", name)
        if states is None or table is None:
            return None
        seconds = table.to_numpy(float)
        features[name] = seconds.mean(axis=1)
        features[f"{name}_rise"] = seconds[:, -10:].mean(axis=1) - seconds[:, :10].mean(axis=1)
    return pd.DataFrame(features), states


@lru_cache(maxsize=32)
def measured_cycles(fault: str, severity: float) -> Cycles | None:
    """Return the measured rig's cycles with one part sound, and with it in a worse state.

    The cooler is full and the rig in a steady state; the other parts are in any state, as the
    experiment set them. None where the data set is not on this server.
    """
    tables = rig_tables()
    if tables is None:
        return None
    features, states = tables
    column, best, worse = STATES.get(fault, STATES["cooler"])
    steady = states["stable_flag"] == 0
    others = steady if column == "cooler" else steady & (states["cooler"] == 100)
    sound = features[others & (states[column] == best)].to_numpy()
    after = sound[:0]
    if fault in STATES:
        state = worse[min(int(severity * len(worse)), len(worse) - 1)]
        after = features[others & (states[column] == state)].to_numpy()
    elif fault == SENSOR:
        # Nobody broke a thermometer of the rig: the last third of the sound cycles gets the error.
        cut = 2 * len(sound) // 3
        sound, after = sound[:cut], sound[cut:].copy()
        after[:, 0] += SENSOR_OFFSET * severity
    return Cycles(sound, after, tuple(features.columns))


def training_cycles(sound: int, training: int, random: bool) -> np.ndarray:
    """Return which sound cycles train the monitor: the first ones, or as many drawn at random."""
    training = min(training, int(LARGEST_TRAINING * sound))
    if not random:
        return np.arange(training)
    return np.sort(np.random.default_rng(SEED).permutation(sound)[:training])


def delay(alarms: np.ndarray) -> int | None:
    """Return after how many cycles `IN_A_ROW` alarms in a row begin; None if they never do."""
    if len(alarms) < IN_A_ROW:
        return None
    runs = np.lib.stride_tricks.sliding_window_view(alarms, IN_A_ROW).all(axis=1)
    return int(np.argmax(runs)) if runs.any() else None


def show(values: Values) -> Shown:
    """Train the monitor, let it watch, and compute what the figure shows."""
    source, fault, severity = values.get("source", SYNTHETIC), values["fault"], values["severity"]
    cycles = measured_cycles(fault, severity) if source == MEASURED else None
    if cycles is None:
        cycles = simulated_cycles(fault, severity)
    count, m = len(cycles.sound), len(cycles.sensors)
    chosen = training_cycles(count, int(values["training"]), values["random"])
    monitor = PCAMonitor(cycles.sound[chosen], min(int(values["components"]), m - 1))
    alpha = values["alpha"] / 100
    watched = np.concatenate([cycles.sound, cycles.after])
    limits = dict(zip(("t2", "spe"), monitor.limits(alpha), strict=True))
    ratio = {
        "t2": monitor.t2(watched) / limits["t2"],
        "spe": monitor.spe(watched) / limits["spe"],
    }
    alarms = (ratio["t2"] > 1) | (ratio["spe"] > 1)
    unused = np.ones(count, dtype=bool)
    unused[chosen] = False
    failing = len(cycles.after) > 0
    start = ([count, count], list(RATIO_AXIS)) if failing else ([], [])
    # Without a fault, the last cycles speak.
    last = cycles.after if failing else cycles.sound[-FAULTY_CYCLES:]
    shares = monitor.contributions(last, values["statistic"]).mean(axis=0)
    shares = 100 * shares / shares.sum()
    over = {name: 100 * float((r[count:] > 1).mean()) for name, r in ratio.items() if failing}
    k = np.arange(len(watched))
    bars = np.arange(m)
    return Shown(
        moves={
            "t2": (k, np.maximum(ratio["t2"], RATIO_AXIS[0])),
            "spe": (k, np.maximum(ratio["spe"], RATIO_AXIS[0])),
            "trained": (chosen, np.full(len(chosen), 1.6 * RATIO_AXIS[0])),
            "t2_start": start,
            "spe_start": start,
            "bars": (
                np.column_stack([bars, bars, np.full(m, np.nan)]).ravel(),
                np.column_stack([np.zeros(m), shares, np.full(m, np.nan)]).ravel(),
            ),
        },
        fields={
            **values,
            "percent": values["alpha"],
            "sound": count,
            "faulty": len(cycles.after),
            "training": len(chosen),
            "explained": 100 * monitor.explained,
            "false": 100 * float(alarms[:count][unused].mean()),
            "expected": 100 * (1 - (1 - alpha) ** 2),
            "found": 100 * float(alarms[count:].mean()) if failing else None,
            "found_t2": over.get("t2"),
            "found_spe": over.get("spe"),
            "delay": delay(alarms[count:]),
            "strongest": cycles.sensors[int(np.argmax(shares))],
            "share": float(shares.max()),
        },
        alt=(
            source if failing else f"{source}_sound",
            "random" if values["random"] else "first",
            "false",
            *(("found",) if failing else ()),
            f"bars_{values['statistic']}",
        ),
    )


RATIO_AXIS = (0.02, 200.0)
MOST_SENSORS = len(hydraulic_rig.SENSORS)
# The last cycle that the axes hold; of the measured rig, most cycles have a cooler that fails.
LAST, LAST_MEASURED, LAST_WITH_FULL_COOLER = SOUND_CYCLES + FAULTY_CYCLES, 1000, 350


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (t2_axes, spe_axes, bar_axes) = plt.subplots(3, 1, figsize=(7.4, 6.6))
    moving: dict[str, Artist] = {}
    for axes, name, colour, label in (
        (t2_axes, "t2", "C0", "$T^2/T^2_\\alpha$"),
        (spe_axes, "spe", "C2", "$\\mathrm{SPE}/\\mathrm{SPE}_\\alpha$"),
    ):
        (moving[name],) = axes.plot([], [], color=colour, linestyle="-", linewidth=0.9)
        (moving[f"{name}_start"],) = axes.plot([], [], color="0.45", linestyle="-", linewidth=1.0)
        axes.axhline(1.0, color="0.2", linestyle=":", linewidth=1.4)
        axes.set(yscale="log", ylabel=label, ylim=RATIO_AXIS, yticks=(0.1, 1, 10, 100))
        axes.set_yticklabels(["0.1", "1", "10", "100"])
        axes.minorticks_off()
    (moving["trained"],) = t2_axes.plot(
        [], [], "|", color="C1", markersize=7, markeredgewidth=1.0, label="$k_\\mathrm{sound}$"
    )
    t2_axes.tick_params(labelbottom=False)
    spe_axes.set_xlabel("$k$")
    legend_above(t2_axes)
    (moving["bars"],) = bar_axes.plot(
        [], [], color="C0", linestyle="-", linewidth=10, solid_capstyle="butt"
    )
    bar_axes.set(xlim=(-0.6, MOST_SENSORS - 0.4), ylim=(0, 100), ylabel="$c_j$ (%)")
    bar_axes.grid(visible=False, axis="x")
    set_axes(fig, SYNTHETIC, SOUND)
    return fig, moving


def set_axes(fig: Figure, source: str, fault: str) -> None:
    """Set the axes for a source and a fault: how many cycles, and which sensors."""
    t2_axes, spe_axes, bar_axes = fig.axes
    names, last = [name for name, *_ in hydraulic_rig.SENSORS], LAST
    if source == MEASURED and (tables := rig_tables()) is not None:
        names = list(tables[0].columns)
        last = LAST_MEASURED if fault in (SOUND, SENSOR, "cooler") else LAST_WITH_FULL_COOLER
    for axes in (t2_axes, spe_axes):
        axes.set_xlim(0, last)
    bar_axes.set_xlim(-0.6, len(names) - 0.4)
    bar_axes.set_xticks(range(len(names)), [SYMBOLS[name] for name in names])


class HydraulicMonitor(App):
    """The app; it changes the axes with the source."""

    def __init__(self, folder: Path | None = None) -> None:
        present = rig_tables() is not None
        controls, presets = OWN_CONTROLS, dict(OWN_PRESETS)
        if present:
            controls = (Choice("source", (MEASURED, SYNTHETIC), SYNTHETIC), *OWN_CONTROLS)
            presets |= MEASURED_PRESETS
        self._fig, moving = draw()
        super().__init__(
            "hydraulic-monitor",
            controls,
            presets,
            lambda: (self._fig, moving),
            show,
            folder=folder,
            notes=("measured" if present else "no_rig",),
        )

    def changed(self, values: Values) -> None:
        """Show another setting of the controls on the axes of its source."""
        set_axes(self._fig, values.get("source", SYNTHETIC), values["fault"])
        super().changed(values)


def app(folder: Path | None = None) -> HydraulicMonitor:
    """Return the app."""
    return HydraulicMonitor(folder)
