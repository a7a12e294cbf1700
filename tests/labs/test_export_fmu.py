"""Plants as FMUs: valid, self-contained, and the same machine."""

import ast
import sys
import zipfile

import numpy as np
import pytest
from fmpy import read_model_description, simulate_fmu
from fmpy.fmi1 import FMICallException
from fmpy.validation import validate_fmu
from millwright_labs import plants
from millwright_labs.errors import ExportError
from millwright_labs.export import export_fmu
from millwright_labs.export.fmu import make_plant
from millwright_labs.link.app import main
from millwright_labs.link.station import Made, make_station


def middle_inputs(P, seed=1):
    rng = np.random.default_rng(seed)
    limits = {name: P.limits[name] for name in P.input_labels}
    return {k: float(np.mean(v) + 0.3 * np.ptp(v) * rng.uniform(-1, 1)) for k, v in limits.items()}


def run(path, t, inputs, **kwargs):
    names = list(inputs)
    rows = [(t[0], *[float(inputs[n]) for n in names])]
    signals = np.array(rows, dtype=[(n, float) for n in ["time", *names]])
    dt = t[1] - t[0]
    return simulate_fmu(
        str(path), start_time=t[0], stop_time=t[-1], step_size=dt, output_interval=dt,
        input=signals, **kwargs
    )  # fmt: skip


@pytest.mark.parametrize("plant", plants.PLANTS)
def test_every_plant_is_a_valid_fmu_and_runs_as_on_the_bench(plant, tmp_path):
    path = export_fmu(plant, tmp_path / f"{plant}.fmu")
    assert validate_fmu(str(path)) == []
    P, dt = make_plant(plant), make_station(Made(plant)).dt
    worn = plants.PLANTS[plant](faults={f.name: 0.2 for f in P.model.faults})
    t, inputs = dt * np.arange(11), middle_inputs(P)
    severities = {f"faults.{f.name}": 0.2 for f in P.model.faults}
    result = run(path, t, inputs | severities)
    expected = plants.record(worn, t, inputs, sensors=False)
    assert len(result) == len(t)
    for name in P.output_labels:
        # FMPy reads the first sample before the inputs are set.
        np.testing.assert_allclose(result[name][1:], expected[name][1:], rtol=1e-9, atol=1e-12)


def test_variables_have_units_limits_and_descriptions(tmp_path):
    path = export_fmu("cnc_axis", tmp_path / "x.fmu", plants.AXES["Z"], faults=["friction_growth"])
    described = {v.name: v for v in read_model_description(str(path)).modelVariables}
    assert described["u"].unit == "V"
    assert (float(described["u"].min), float(described["u"].max)) == (-10.0, 10.0)
    assert described["J"].causality == "parameter"
    assert float(described["J"].start) == plants.AXES["Z"].J
    assert "inertia" in described["J"].description
    assert "2.5 times" in described["faults.friction_growth"].description
    assert described["position"].causality == "output"


def test_other_parameters_are_taken_and_wrong_ones_refused(tmp_path):
    path = export_fmu("furnace_zone", tmp_path / "x.fmu")
    t = np.arange(0.0, 50.0)
    table = plants.record(
        plants.furnace_zone(plants.FurnaceZone(T_ambient=5.0)), t, {"Q1": 50.0}, sensors=False
    )
    result = run(path, t, {"Q1": 50.0}, start_values={"T_ambient": 5.0})
    np.testing.assert_allclose(result["T1"][1:], table["T1"][1:], rtol=1e-9)
    with pytest.raises(FMICallException):
        run(path, t, {"Q1": 50.0}, start_values={"loss": -1.0})


def test_it_needs_nothing_but_the_standard_library(tmp_path):
    with zipfile.ZipFile(export_fmu("pump_wear", tmp_path / "x.fmu")) as package:
        (script,) = [n for n in package.namelist() if n.startswith("resources/millwright")]
        tree = ast.parse(package.read(script))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported - set(sys.stdlib_module_names) == {"pythonfmu3"}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("kettle", "x.fmu"), ExportError, "no plant 'kettle'. Choose from: furnace_zone"),
        (("cnc_axis", "x.zip"), ExportError, "must end in .fmu"),
        (("cnc_axis", "nowhere/x.fmu"), ExportError, "no folder"),
        (("cnc_axis", "x.fmu", plants.DcMotor()), ExportError, "cnc_axis are a CncAxis"),
        (("cnc_axis", "x.fmu", None, ["rust"]), plants.FaultError, "no fault 'rust'"),
        (("cnc_axis", "x.fmu", None, None, 0.0), ExportError, "step must be a positive time"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_gets_one_clear_error(
    arguments, error, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        export_fmu(*arguments)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_both_kinds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "fmu", "incubator"]) == 0
    assert main(["export", "aas", "incubator", "-o", "shell.aasx"]) == 0
    assert capsys.readouterr().out.split() == ["incubator.fmu", "shell.aasx"]
    assert zipfile.is_zipfile("shell.aasx")
    assert main(["export", "fmu", "kettle"]) == 2
    assert "no plant 'kettle'" in capsys.readouterr().err
