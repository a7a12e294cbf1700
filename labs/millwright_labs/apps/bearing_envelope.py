"""Bearing envelope spectrum: find a fault by its rate, or say that there is nothing to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import scipy.signal
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from millwright_labs import figures, vibration, wear
from millwright_labs.apps.app import App, Shown, legend_above
from millwright_labs.apps.controls import Choice, Control, Slider, Values
from millwright_labs.apps.measured import measured

BEARING = wear.BEARINGS["6205"]
SAMPLING_RATE = 12_000.0  # Hz, as the CWRU records
DURATION = 2.0  # s
SEED = 4
GRAVITY = 9.80665  # m/s² in 1 g

# What the envelope spectrum shows: from above the drift of the mean to two strikes of every fault.
ENVELOPE_START, ENVELOPE_END = 2.0, 600.0  # Hz
# A fault is named when its rate and its double both stand this far over the floor. Noise alone
# comes this high in fewer than one record in a hundred.
ENOUGH = 12.0  # dB
HARMONICS = 4

SYNTHETIC, SOUND = "synthetic", "sound"
FAULTS = ("outer", "inner", "ball")
RATES = (*FAULTS, "cage")
# Records of the CWRU Bearing Data Center, drive end, no load.
RECORDS = (
    "normal", "OR007", "OR014", "OR021", "IR007", "IR014", "IR021", "B007", "B014", "B021",
)  # fmt: skip

OWN_CONTROLS: tuple[Control, ...] = (
    Choice("fault", (SOUND, *FAULTS), "outer"),
    Slider("severity", 0.0, 1.0, 0.05, 0.3),
    Slider("speed", 600.0, 3000.0, 60.0, 1800.0),
    Slider("noise", 0.5, 10.0, 0.5, 3.0),
    Slider("centre", 0.6, 5.4, 0.1, 3.0),
    Slider("width", 0.8, 4.0, 0.1, 2.0),
    Choice("mark", RATES, "outer"),
)

OWN_PRESETS: dict[str, dict[str, Any]] = {
    "outer": {},
    "inner": {"fault": "inner", "mark": "inner", "severity": 0.5, "noise": 1.0},
    "ball": {"fault": "ball", "mark": "ball", "severity": 0.5, "noise": 1.0},
    "band": {"centre": 1.0, "width": 0.8},
    "buried": {"noise": 10.0, "severity": 0.2},
    "sound": {"fault": SOUND},
}
MEASURED_PRESETS: dict[str, dict[str, Any]] = {
    "record": {"source": "OR007", "mark": "outer", "speed": 1800.0},
    "misleading": {"source": "B021", "mark": "ball"},
}


@dataclass(frozen=True)
class Record:
    """Acceleration (m/s²) at `SAMPLING_RATE`, and the shaft's frequency (Hz)."""

    x: np.ndarray
    shaft: float


@lru_cache(maxsize=len(RECORDS))
def measured_record(name: str) -> Record | None:
    """Return the beginning of a CWRU record, or None where it is not on this server."""
    table = measured("cwru-bearing", name)
    if table is None:
        return None
    x = table["drive_end"].to_numpy(float) * GRAVITY
    # The normal record was taken four times as fast as the others.
    step = round(1 / (SAMPLING_RATE * float(table.index[1] - table.index[0])))
    if step > 1:
        x = scipy.signal.decimate(x, step, ftype="fir")
    x = x[: round(DURATION * SAMPLING_RATE)]
    return Record(x - x.mean(), float(table.attrs["constants"]["speed"]) / 60)


@lru_cache(maxsize=8)
def synthetic_record(fault: str, severity: float, speed: float, noise: float) -> Record:
    """Return what a 6205 bearing gives at a speed (1/min) and noise (m/s²)."""
    x = wear.bearing_vibration(
        DURATION,
        SAMPLING_RATE,
        speed / 60,
        fault=None if fault == SOUND else fault,
        severity=severity,
        bearing=BEARING,
        housing=wear.Housing(noise=noise),
        seed=SEED,
    )
    return Record(x, speed / 60)


def fault_rates(shaft: float) -> dict[str, float]:
    """Return the rates (Hz) at which faults strike, and the cage's, at a shaft's frequency (Hz).

    A pit on a ball strikes twice a turn of the ball.
    """
    rates = {name: order * shaft for name, order in BEARING.orders().items()}
    return {**rates, "ball": 2 * rates["ball"]}


def evidence(
    f: np.ndarray, height: np.ndarray, rates: Mapping[str, float]
) -> dict[str, float | None]:
    """Return how far (dB) each fault stands out of an envelope spectrum.

    The lower one of the lines at the rate and at its double counts: a neighbour's line may stand
    at one of them, seldom at both. None where the spectrum ends below the double.
    """
    found: dict[str, float | None] = {}
    for fault in FAULTS:
        lines = (rates[fault], 2 * rates[fault])
        in_sight = f[0] <= lines[0] and lines[1] <= f[-1]
        heights = [vibration.peak_near(f, height, line) for line in lines] if in_sight else None
        found[fault] = None if heights is None else min(heights)
    return found


def diagnose(found: Mapping[str, float | None]) -> str:
    """Return the fault with the most evidence, or ``unsure`` where none has enough."""
    known = {fault: level for fault, level in found.items() if level is not None}
    best = max(known, key=lambda fault: known[fault], default="unsure")
    return best if known.get(best, -np.inf) >= ENOUGH else "unsure"


def show(values: Values) -> Shown:
    """Compute both spectra, the evidence and what the figure shows."""
    source = values.get("source", SYNTHETIC)
    record = None if source == SYNTHETIC else measured_record(source)
    if record is None:
        record = synthetic_record(*(values[k] for k in ("fault", "severity", "speed", "noise")))
    low = max(0.0, 1000 * (values["centre"] - values["width"] / 2))
    high = min(SAMPLING_RATE / 2, 1000 * (values["centre"] + values["width"] / 2))
    f_raw, raw = vibration.spectrum(record.x, SAMPLING_RATE)
    f, lines = vibration.envelope_spectrum(record.x, SAMPLING_RATE, low, high)
    shown = (f >= ENVELOPE_START) & (f <= ENVELOPE_END)
    f, height = f[shown], vibration.above_floor(lines[shown])
    rates = fault_rates(record.shaft)
    found = evidence(f, height, rates)
    marked = rates[values["mark"]] * np.arange(1, HARMONICS + 1)
    foot, top = ENVELOPE_AXIS
    return Shown(
        moves={
            "band": ([low / 1000, high / 1000], [RAW_AXIS[0]] * 2, [RAW_AXIS[1]] * 2),
            "raw": (f_raw / 1000, 20 * np.log10(np.maximum(raw, 1e-6))),
            "marks": (
                np.column_stack([marked, marked, np.full(HARMONICS, np.nan)]).ravel(),
                np.tile([foot, top, np.nan], HARMONICS),
            ),
            "envelope": (f, height),
            "enough": ([0.0, ENVELOPE_END], [ENOUGH] * 2),
        },
        fields={
            **values,
            **found,
            "verdict": diagnose(found),
            "record": source,
            "rpm": 60 * record.shaft,
            "low": low / 1000,
            "high": high / 1000,
            "rate": rates[values["mark"]],
            "peak": float(f_raw[np.argmax(raw[f_raw > 300]) + int((f_raw <= 300).sum())]) / 1000,
            "enough": ENOUGH,
            "highest": float(height.max()),
            "highest_at": float(f[np.argmax(height)]),
        },
        alt=(
            "synthetic" if source == SYNTHETIC else "measured",
            "raw",
            "envelope",
            f"mark_{values['mark']}",
            f"verdict_{diagnose(found)}",
        ),
    )


RAW_AXIS = (-60.0, 15.0)  # dB
ENVELOPE_AXIS = (0.0, 56.0)  # dB


def draw() -> tuple[Figure, dict[str, Artist]]:
    """Draw the axes and return the figure and what moves in it."""
    figures.use_style()
    fig, (raw_axes, envelope_axes) = plt.subplots(2, 1, figsize=(7.4, 5.6), height_ratios=(2, 3))
    band = raw_axes.fill_between(
        [], [], [], color="C1", alpha=0.2, linewidth=0, label="$f_c \\pm B/2$"
    )
    (raw,) = raw_axes.plot([], [], linewidth=1.2, label="$A(f)$")
    raw_axes.set(
        xlabel="$f$ (kHz)",
        ylabel="$A$ (dB re 1 m/s²)",
        xlim=(0, SAMPLING_RATE / 2000),
        ylim=RAW_AXIS,
    )
    (marks,) = envelope_axes.plot(
        [], [], color="C1", linestyle=(0, (6, 2)), linewidth=1.2, label="$k\\,f_m$"
    )
    (enough,) = envelope_axes.plot([], [], color="0.2", linestyle=":", linewidth=1.2)
    (envelope,) = envelope_axes.plot(
        [], [], color="C0", linestyle="-", linewidth=1.2, label="$E(f)$"
    )
    envelope_axes.set(
        xlabel="$f$ (Hz)",
        ylabel="$E$ (dB)",
        xlim=(0, ENVELOPE_END),
        ylim=ENVELOPE_AXIS,
    )
    for axes in (raw_axes, envelope_axes):
        legend_above(axes)
    return fig, {
        "band": band,
        "raw": raw,
        "marks": marks,
        "enough": enough,
        "envelope": envelope,
    }


def app(folder: Path | None = None) -> App:
    """Return the app; it offers the measured records that this server has."""
    records = tuple(name for name in RECORDS if measured_record(name) is not None)
    controls, presets = OWN_CONTROLS, dict(OWN_PRESETS)
    if records:
        controls = (Choice("source", (*records, SYNTHETIC), SYNTHETIC), *OWN_CONTROLS)
        presets |= {
            name: preset for name, preset in MEASURED_PRESETS.items() if preset["source"] in records
        }
    notes = ("measured" if records else "no_records",)
    return App("bearing-envelope", controls, presets, draw, show, folder=folder, notes=notes)
