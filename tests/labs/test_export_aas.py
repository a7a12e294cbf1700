"""Plants as Asset Administration Shells: whole, in two languages, and read back as written."""

import io
import json
import tomllib
import zipfile
from pathlib import Path

import millwright_labs
import pytest
from basyx.aas import model
from basyx.aas.adapter import aasx
from basyx.aas.adapter.json import AASToJsonEncoder
from fmpy.validation import validate_fmu
from millwright_labs import plants
from millwright_labs.errors import ExportError
from millwright_labs.export import aas, export_aas

TEXT = Path(millwright_labs.__file__).parent / "text"


def read(path):
    store, files = model.DictIdentifiableStore(), aasx.DictSupplementaryFileContainer()
    # Strict: the reader's lenient mode gives nothing back for what it does not know.
    with aasx.AASXReader(str(path), failsafe=False) as reader:
        reader.read_into(store, files)
    return store, files


def walk(element):
    yield element
    children = getattr(element, "submodel_element", None) or ()
    if isinstance(element, model.SubmodelElementCollection | model.SubmodelElementList):
        children = element.value
    for child in children:
        yield from walk(child)


@pytest.fixture(scope="module")
def axis(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aas")
    return export_aas("cnc_axis", folder / "axis.aasx", serial="Z-07", weibull=(2.0, 5000.0))


def test_the_shell_refers_to_its_submodels_and_they_resolve(axis):
    store, _ = read(axis)
    (shell,) = [o for o in store if isinstance(o, model.AssetAdministrationShell)]
    submodels = {ref.resolve(store).id_short: ref.resolve(store) for ref in shell.submodel}
    assert {name: s.semantic_id.key[0].value for name, s in submodels.items()} == {
        "Nameplate": "https://admin-shell.io/idta/nameplate/3/0/Nameplate",
        "TechnicalData": "0173-1#01-AHX837#002",
        "SimulationModels": "https://admin-shell.io/idta/SimulationModels/SimulationModels/1/0",
        "Reliability": "https://admin-shell.io/idta/iec62683/1/0/Reliability",
    }
    ids = [o.id for o in store]
    assert len(ids) == len(set(ids)) == 5
    assert all("cnc_axis:Z-07" in i for i in ids)
    for submodel in submodels.values():
        for element in walk(submodel):
            assert element.semantic_id, f"{element.id_short} means nothing"


def test_mandatory_elements_of_the_templates_are_there(axis):
    store, _ = read(axis)
    by_name = {o.id_short: o for o in store if isinstance(o, model.Submodel)}
    wanted = {
        "Nameplate": "URIOfTheProduct ManufacturerName ManufacturerProductDesignation "
        "AddressInformation OrderCodeOfManufacturer Street Zipcode CityTown NationalCode",
        "TechnicalData": "GeneralInformation ManufacturerArticleNumber ManufacturerOrderCode "
        "TechnicalPropertyAreas",
        "SimulationModels": "SimPurpose ScopeOfModel ModelFile ModelFileVersion ModelVersionId "
        "DigitalFile ParamMethod InitStateMethod SimulationTool SolverAndTolerances",
        "Reliability": "NumberOfReliabilitySets OperatingConditionsOfReliabilityCharacteristics "
        "ReliabilityCharacteristics MTTF",
    }
    for submodel, names in wanted.items():
        there = {element.id_short for element in walk(by_name[submodel])}
        assert set(names.split()) <= there


def test_what_is_read_back_is_what_was_written(axis, tmp_path):
    store, files = read(axis)
    (shell,) = [o for o in store if isinstance(o, model.AssetAdministrationShell)]
    again = tmp_path / "again.aasx"
    with aasx.AASXWriter(str(again)) as writer:
        writer.write_aas(shell.id, store, files, write_json=True)

    def objects(of):
        plain = {o.id: json.loads(AASToJsonEncoder().encode(o)) for o in of}
        for entry in plain.values():
            # A shell's submodels are a set.
            if "submodels" in entry:
                entry["submodels"].sort(key=str)
        return plain

    assert objects(read(again)[0]) == objects(store)
    assert any(name.endswith(".json") for name in zipfile.ZipFile(axis).namelist())


def test_the_fmu_is_inside_and_valid(axis, tmp_path):
    store, files = read(axis)
    (file,) = [e for o in store for e in walk(o) if isinstance(e, model.File)]
    content = io.BytesIO()
    files.write_file(file.value, content)
    (tmp_path / "x.fmu").write_bytes(content.getvalue())
    assert validate_fmu(str(tmp_path / "x.fmu")) == []


def test_numbers_limits_and_units_are_the_plants(axis):
    store, _ = read(axis)
    P = plants.cnc_axis()
    elements = {e.id_short: e for o in store for e in walk(o)}
    assert elements["parameter_J"].value == P.parameters.J
    content = elements["parameter_J"].embedded_data_specifications[0].data_specification_content
    assert content.unit == "kg·m²"
    assert (elements["input_u"].min, elements["input_u"].max) == P.limits["u"]
    # Weibull with shape 2: the mean is sqrt(pi)/2 of the scale.
    assert elements["MTTF"].value == 4431
    assert "威布尔" in elements["MTTF"].description["zh"]


def test_texts_are_in_english_and_chinese(axis):
    store, _ = read(axis)
    texts = [e.value for o in store for e in walk(o) if isinstance(e, model.MultiLanguageProperty)]
    assert len(texts) >= 7
    assert all(set(text) == {"en", "zh"} for text in texts)
    en, zh = (
        tomllib.loads((TEXT / f"export.{language}.toml").read_text(encoding="utf-8"))
        for language in ("en", "zh")
    )
    assert {k: set(v) for k, v in en.items()} == {k: set(v) for k, v in zh.items()}
    assert en["plant"] == {name: make().model.title for name, make in plants.PLANTS.items()}


def test_reliability_is_left_out_where_nothing_is_known(tmp_path):
    store, _ = read(export_aas("battery", tmp_path / "x.aasx"))
    assert "Reliability" not in {o.id_short for o in store}
    store, _ = read(export_aas("battery", tmp_path / "y.aasx", weibull=(3.0, 900.0), unit="cycles"))
    elements = {e.id_short: e for o in store for e in walk(o)}
    assert "MTTF" not in elements
    assert elements["B10"].value == round(aas.mean_and_b10(3.0, 900.0)[1]) == 425


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"serial": "a b"}, "serial number has letters"),
        ({"serial": ""}, "serial number has letters"),
        ({"weibull": (0.0, 5.0)}, "numbers above 0"),
        ({"mttf": float("nan")}, "numbers above 0"),
        ({"mttf": 5.0, "weibull": (1.0, 5.0)}, "either weibull"),
        ({"mttf": 5.0, "unit": "km"}, "unit 'h' or 'cycles'"),
        ({"mttf": 5.0, "unit": "cycles"}, "no place in the template"),
    ],
)
def test_wrong_data_get_one_clear_error(given, message, tmp_path):
    with pytest.raises(ExportError, match=message):
        export_aas("incubator", tmp_path / "x.aasx", **given)
    assert not list(tmp_path.iterdir())
