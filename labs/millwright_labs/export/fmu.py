"""Plants as Functional Mock-up Units (FMI 3.0, co-simulation).

The FMU holds the plant's own equations as Python text and the integration of `Rig`; it needs
neither Millwright nor numpy. It does need a Python (3.11 or newer) in the process that loads it, as
every Python FMU: FMPy in a notebook has one, other simulators must be started with one in reach.
Binaries for 64-bit Linux and Windows are inside.

Inputs, true outputs (no sensors), parameters and faults (`faults.<name>`, severity 0 to 1) are
variables with unit, limits and description.
"""

import hashlib
import inspect
import json
import math
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from millwright_labs.errors import ExportError
from millwright_labs.export import fmu_slave
from millwright_labs.export.equations import standalone
from millwright_labs.plants import PLANTS
from millwright_labs.plants.plant import Parameters, Plant
from millwright_labs.plants.rig import _Line, integrate

AUTHOR, LICENSE = "The Millwright community", "BSD-3-Clause"

#: The default experiment is this many steps long.
STEPS = 1000


def make_plant(
    plant: str, parameters: Parameters | None = None, faults: Sequence[str] | None = None
) -> Plant:
    """Make a plant for export, sound, with the states that its faults need.

    Raises
    ------
    ExportError
        Unknown plant.
    ParameterError, FaultError
        As the plant's own function.
    """
    if plant not in PLANTS:
        raise ExportError(f"There is no plant {plant!r}. Choose from: {', '.join(PLANTS)}.")
    make = PLANTS[plant]
    if faults is None:
        faults = [fault.name for fault in make().model.faults]
    P = make(parameters=parameters, faults=dict.fromkeys(faults, 0.0))
    if parameters is not None and type(parameters) is not type(make().parameters):
        raise ExportError(
            f"The parameters of {plant} are a {type(make().parameters).__name__}, got "
            f"{parameters!r}. Make them by plants.{type(make().parameters).__name__}(…)."
        )
    return P


def export_fmu(
    plant: str,
    path: str | Path,
    parameters: Parameters | None = None,
    faults: Sequence[str] | None = None,
    step: float | None = None,
) -> Path:
    """Write a plant as an FMU.

    Parameters
    ----------
    plant : str
        Name in `plants.PLANTS`.
    path : str or Path
        The file, ending in ``.fmu``; a file that is there is replaced.
    parameters : Parameters, optional
        Other numbers; they remain parameters of the FMU.
    faults : sequence of str, optional
        Faults of the machine that can be switched on. Default: all. Some need a state and smaller
        steps; leave those out that are not wanted.
    step : float, optional
        Step size (s) of the default experiment.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ExportError
        Unknown plant, wrong path or step, or equations that cannot be written down.
    ParameterError, FaultError
        Wrong numbers or fault names.
    """
    from pythonfmu3.builder import FmuBuilder

    path = checked_path(path, ".fmu")
    P = make_plant(plant, parameters, faults)
    if step is None:
        # A round number near what the plant's own steps can be at rest.
        longest = P.model.max_step(P.x0.tolist(), P.u0.tolist(), P.parameters, P.severities())
        step = 10.0 ** round(math.log10(longest))
    if not isinstance(step, int | float) or isinstance(step, bool) or not 0 < step < math.inf:
        raise ExportError(f"The step must be a positive time in seconds, got {step!r}.")
    script = _script(P, float(step))
    digest = hashlib.sha256(script.encode()).hexdigest()[:8]
    with tempfile.TemporaryDirectory() as folder:
        # Modules of FMUs in one process must have different names.
        file = Path(folder) / f"millwright_{plant}_{digest}.py"
        file.write_text(script, encoding="utf-8")
        made = FmuBuilder.build_FMU(file, dest=folder)
        with (
            zipfile.ZipFile(made) as loose,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
        ):
            for entry in loose.namelist():
                packed.writestr(entry, loose.read(entry))
    return path


def checked_path(path: str | Path, ending: str) -> Path:
    """Give the path of a file that can be made; ExportError if it cannot."""
    path = Path(path)
    if path.suffix != ending:
        raise ExportError(f"The file must end in {ending}, got {path.name!r}.")
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder {path.parent}. Make it first.")
    return path


def _script(P: Plant, step: float) -> str:
    model = P.model
    equations = standalone(
        {
            "integrate": integrate,
            "Line": _Line,
            "rest": model.rest,
            "rhs": model.rhs,
            "out": model.out,
            "max_step": model.max_step,
        }
    )
    slave = inspect.getsource(fmu_slave)
    _, _, slave = slave.partition('"""\n\n')
    head = "from __future__ import annotations\n"
    described = f"PLANT = json.loads({json.dumps(_described(P, step))!r})"
    return "\n\n".join((head, slave, "import json", equations, described)) + "\n"


def _described(P: Plant, step: float) -> dict[str, Any]:
    """Give what the slave needs to know of its plant, as plain values."""
    model = P.model
    u0 = dict(zip(P.input_labels, P.u0.tolist(), strict=True))
    variables = [
        _variable("input", s.name, s.unit, s.meaning, s.low, s.high, u0[s.name])
        for s in model.inputs
    ]
    variables += [
        _variable("input", f"faults.{f.name}", "1", f.severity_1, 0.0, 1.0, 0.0)
        for f in model.faults
    ]
    variables += [
        _variable(
            "parameter",
            entry.name,
            entry.metadata["unit"],
            f"{entry.metadata['meaning']} ({entry.metadata['source']})",
            entry.metadata["minimum"],
            entry.metadata["maximum"],
            getattr(P.parameters, entry.name),
        )
        for entry in fields(P.parameters)
    ]
    # An output's limits are what is safe, not what is possible: they do not belong here.
    variables += [
        _variable("output", s.name, s.unit, s.meaning, -math.inf, math.inf, None)
        for s in model.outputs
    ]
    return {
        "id": model.id,
        "title": model.title,
        "author": AUTHOR,
        "license": LICENSE,
        "step": step,
        "stop": STEPS * step,
        "units": sorted({entry["unit"] for entry in variables} | {"s"}),
        "variables": variables,
        "inputs": {s.name: (s.low, s.high) for s in model.inputs},
        "outputs": [s.name for s in model.outputs],
        "parameters": [entry.name for entry in fields(P.parameters)],
        "faults": [f.name for f in model.faults],
        "transports": [vars(transport) for transport in model.transports],
    }


def _variable(
    kind: str,
    name: str,
    unit: str,
    description: str,
    low: float,
    high: float,
    start: float | None,
) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": kind, "name": name, "unit": unit, "description": description}
    entry |= {"low": low if low > -math.inf else None, "high": high if high < math.inf else None}
    return entry if start is None else entry | {"start": start}
