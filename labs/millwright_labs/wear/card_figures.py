"""The picture on each wear model's card, made as those of the plants are."""

import functools
from collections.abc import Callable

import numpy as np

from millwright_labs.plants.card_figures import draw
from millwright_labs.wear.bearing_vibration import Bearing, bearing_vibration
from millwright_labs.wear.hydraulic_rig import hydraulic_cycles
from millwright_labs.wear.paris_crack import crack_fleet
from millwright_labs.wear.tool_wear import tool_wear
from millwright_labs.wear.turbofan_fleet import turbofan_fleet

SEED = 4


@functools.cache
def _bearing() -> tuple[bytes, str]:
    fs, speed, samples = 12_000.0, 30.0, 480
    a = bearing_vibration(samples / fs, fs=fs, speed=speed, fault="outer", severity=1.0, seed=SEED)
    rate = speed * Bearing().orders()["outer"]
    alt = (
        f"Line chart of {1e3 * samples / fs:g} ms of acceleration within ±{np.abs(a).max():.0f} "
        f"m/s²: the struck outer race rings every {1e3 / rate:.1f} ms at {60 * speed:g} rpm."
    )
    t = 1e3 * np.arange(samples) / fs
    return draw(t, [a], [], "$t$ (ms)", "$a$ (m/s²)"), alt


@functools.cache
def _turbofan() -> tuple[bytes, str]:
    fleet = turbofan_fleet(3, seed=SEED)
    runs = [one.iloc[::4] for _, one in fleet.groupby("engine")]
    lives = fleet.groupby("engine")["cycle"].max().tolist()
    alt = (
        f"Line chart of T50 over the flights of three engines that last {lives[0]}, {lives[1]} "
        f"and {lives[2]} flights: each rises slowly, then fast, from about "
        f"{np.mean([r['T50'].iloc[:5].mean() for r in runs]):.0f} to "
        f"{np.mean([r['T50'].iloc[-1] for r in runs]):.0f} K."
    )
    cycles = [one["cycle"].to_numpy() for one in runs]
    return draw(cycles, [r["T50"].to_numpy() for r in runs], [], "$c$ (1)", "$T_{50}$ (K)"), alt


@functools.cache
def _crack() -> tuple[bytes, str]:
    fleet = crack_fleet(4, every=2_000, seed=SEED)
    runs = [one for _, one in fleet.groupby("part")]
    ends = [one["fracture"].iloc[0] / 1000 for one in runs]
    alt = (
        "Line chart of the length of four cracks over cycles: slow growth from "
        f"{runs[0]['a_true'].iloc[0]:g} mm, ever faster to fracture between {min(ends):.0f} and "
        f"{max(ends):.0f} thousand cycles."
    )
    cycles = [one["N"].to_numpy() / 1000 for one in runs]
    lines = [one["a_true"].to_numpy() for one in runs]
    return draw(cycles, lines, [], "$N$ (1000)", "$a$ (mm)"), alt


@functools.cache
def _hydraulic() -> tuple[bytes, str]:
    cycles = 240
    severity = np.linspace(0.0, 1.0, cycles)
    T = hydraulic_cycles(cycles, "cooler", severity, seed=SEED)["T"].to_numpy()
    alt = (
        f"Line chart of the oil's temperature over {cycles} cycles in which the cooler fails: it "
        f"goes from {T[0]:.0f} to {T[-1]:.0f} °C."
    )
    return draw(np.arange(1, cycles + 1), [T], [], "$c$ (1)", "$T$ (°C)"), alt


@functools.cache
def _tools() -> tuple[bytes, str]:
    tools = tool_wear(4, 60.0, 1.0, seed=SEED)
    alt = (
        f"Line chart of the flank wear of four tools over {tools.t[-1]:g} min of cutting: they "
        f"end between {tools.wear[:, -1].min():.2f} and {tools.wear[:, -1].max():.2f} mm."
    )
    return draw(tools.t, list(tools.wear), [], "$t$ (min)", "$VB$ (mm)"), alt


#: By module of the wear model.
PICTURES: dict[str, Callable[[], tuple[bytes, str]]] = {
    "bearing_vibration": _bearing,
    "turbofan_fleet": _turbofan,
    "paris_crack": _crack,
    "hydraulic_rig": _hydraulic,
    "tool_wear": _tools,
}
