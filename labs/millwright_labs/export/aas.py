"""Plants as Asset Administration Shells (AAS V3, in an AASX package with JSON inside).

A shell has four submodels, with the semantic ids of the templates of the Industrial Digital Twin
Association: Digital Nameplate (IDTA 02006, 3.0), Technical Data (02003, 2.0), Provision of
Simulation Models (02005, 1.0), in which the plant's FMU lies, and Reliability (02013, 1.0), if
something is known of it. What the templates call mandatory is there. Texts are in English and
Chinese; meanings of single signals and parameters are in English, as on the plants' cards.

The machines are virtual: their nameplate says so where a template asks for an address.
"""

import io
import math
import re
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright_labs.errors import ExportError
from millwright_labs.export.fmu import checked_path, export_fmu, make_plant
from millwright_labs.plants.plant import Parameters, Plant

if TYPE_CHECKING:
    from basyx.aas import model

TEXT = Path(__file__).parents[1] / "text"
LANGUAGES = ("en", "zh")

#: Semantic ids of the submodels, with the templates' version and revision.
NAMEPLATE = "https://admin-shell.io/idta/nameplate/3/0/Nameplate"
TECHNICAL_DATA = "0173-1#01-AHX837#002"
SIMULATION_MODELS = "https://admin-shell.io/idta/SimulationModels/SimulationModels/1/0"
RELIABILITY = "https://admin-shell.io/idta/iec62683/1/0/Reliability"
TEMPLATES = {
    NAMEPLATE: ("3", "0", "https://admin-shell.io/idta-02006-3-0"),
    TECHNICAL_DATA: ("2", "0", "https://admin-shell.io/idta-02003-2-0"),
    SIMULATION_MODELS: ("1", "0", "https://admin-shell.io/idta-02005-1-0"),
    RELIABILITY: ("1", "0", "https://admin-shell.io/idta-02013-1-0"),
}

#: Semantic ids of elements, as the templates give them (IEC CDD, ECLASS, IDTA).
ADDRESS = "https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/AddressInformation"
SIMULATION = "https://admin-shell.io/idta/SimulationModels/{}/1/0"
ARBITRARY = "https://admin-shell.io/SMT/General/ArbitraryProp"
IEC_61360 = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIEC61360/3"

FMU_TYPE = "application/x-fmu-sharedlibrary"

#: Share of machines that have failed at the life called B10.
B10_SHARE = 0.1


def export_aas(
    plant: str,
    path: str | Path,
    parameters: Parameters | None = None,
    faults: Sequence[str] | None = None,
    serial: str = "1",
    weibull: tuple[float, float] | None = None,
    mttf: float | None = None,
    unit: str = "h",
) -> Path:
    """Write a plant's Asset Administration Shell.

    Parameters
    ----------
    plant : str
        Name in `plants.PLANTS`.
    path : str or Path
        The file, ending in ``.aasx``; a file that is there is replaced.
    parameters, faults
        As for `export_fmu`.
    serial : str
        Serial number: letters, digits, ``.``, ``_`` and ``-``. Ids are unique by plant and number.
    weibull : tuple of float, optional
        Shape and scale of the machine's lives, as from `reliability.weibull_fit`.
    mttf : float, optional
        Mean time to failure instead. Without either there is no submodel Reliability.
    unit : {"h", "cycles"}
        Of scale and mean time. The template gives MTTF in hours and B10 in cycles; only what fits
        the unit is written.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ExportError
        Unknown plant, wrong path, serial number or reliability.
    ParameterError, FaultError
        As for `export_fmu`.
    """
    from basyx.aas.adapter import aasx

    path = checked_path(path, ".aasx")
    P = make_plant(plant, parameters, faults)
    if not isinstance(serial, str) or not re.fullmatch(r"[\w.-]{1,64}", serial, re.ASCII):
        raise ExportError(
            f"A serial number has letters, digits, '.', '_' and '-', up to 64; got {serial!r}."
        )
    texts = {
        language: tomllib.loads((TEXT / f"export.{language}.toml").read_text(encoding="utf-8"))
        for language in LANGUAGES
    }
    build = _Shell(P, serial, texts)
    files = aasx.DictSupplementaryFileContainer()
    with tempfile.TemporaryDirectory() as folder:
        fmu = export_fmu(plant, Path(folder) / f"{plant}.fmu", parameters, faults)
        name = files.add_file(f"/aasx/files/{fmu.name}", io.BytesIO(fmu.read_bytes()), FMU_TYPE)
    submodels = [build.nameplate(), build.technical_data(), build.simulation_models(name)]
    if weibull is not None or mttf is not None:
        submodels.append(build.reliability(weibull, mttf, unit))
    shell, store = build.shell(submodels)
    with aasx.AASXWriter(str(path)) as writer:
        writer.write_aas(shell.id, store, files, write_json=True)
    return path


class _Shell:
    """Builds a plant's submodels."""

    def __init__(self, P: Plant, serial: str, texts: Mapping[str, Mapping[str, Any]]):
        self.P, self.serial, self.texts = P, serial, texts
        self.base = f"urn:millwright:{P.model.id}:{serial}"

    def shell(self, submodels: "list[model.Submodel]") -> tuple[Any, Any]:
        """Give the shell, and a store with it and its submodels."""
        from basyx.aas import model

        shell = model.AssetAdministrationShell(
            id_=f"{self.base}:aas",
            id_short=f"{self.P.model.id}_{re.sub(r'[.-]', '_', self.serial)}_aas",
            asset_information=model.AssetInformation(
                asset_kind=model.AssetKind.INSTANCE, global_asset_id=f"{self.base}:asset"
            ),
            display_name=model.MultiLanguageNameType(self.title()),
            submodel={model.ModelReference.from_referable(s) for s in submodels},
        )
        return shell, model.DictIdentifiableStore([shell, *submodels])

    # Texts

    def text(self, key: str, **values: object) -> dict[str, str]:
        """Give a text in all languages."""
        table, _, name = key.partition(".")
        return {
            language: str(entries[table][name]).format(**values)
            for language, entries in self.texts.items()
        }

    def title(self) -> dict[str, str]:
        model = self.P.model
        return {
            language: str(entries["plant"].get(model.id, model.title))
            for language, entries in self.texts.items()
        }

    # Submodels

    def nameplate(self) -> "model.Submodel":
        address = _collection(
            "AddressInformation",
            ADDRESS,
            (
                _texts("Street", "0173-1#02-AAO128#002", self.text("maker.street")),
                _texts("Zipcode", "0173-1#02-AAO129#002", self.text("maker.zipcode")),
                _texts("CityTown", "0173-1#02-AAO132#002", self.text("maker.town")),
                _texts("NationalCode", "0173-1#02-AAO134#002", self.text("maker.country")),
            ),
        )
        name, code = self.text("maker.name"), self.P.model.id
        return self.submodel(
            "Nameplate",
            NAMEPLATE,
            "shell.nameplate",
            (
                _uri("URIOfTheProduct", "0112/2///61987#ABN590#002", f"{self.base}:asset"),
                _texts("ManufacturerName", "0112/2///61987#ABA565#009", name),
                _texts("ManufacturerProductDesignation", "0112/2///61987#ABA567#009", self.title()),
                address,
                _text("OrderCodeOfManufacturer", "0112/2///61987#ABA950#008", code),
                _text("SerialNumber", "0112/2///61987#ABA951#009", self.serial),
            ),
        )

    def technical_data(self) -> "model.Submodel":
        from basyx.aas import model

        P, code = self.P, self.P.model.id
        general = _collection(
            "GeneralInformation",
            "0173-1#02-ABK161#002/0173-1#01-AHX838#002",
            (
                _text("ManufacturerName", "0173-1#02-AAO677#004", self.text("maker.name")["en"]),
                _texts("ManufacturerProductDesignation", "0173-1#02-AAW338#003", self.title()),
                _text("ManufacturerArticleNumber", "0173-1#02-AAO676#005", code),
                _text("ManufacturerOrderCode", "0173-1#02-AAO227#004", code),
            ),
        )
        entries: list[Any] = [
            self.measured(kind, s.name, s.unit, s.meaning, (s.low, s.high))
            for kind, signals in (("input", P.model.inputs), ("output", P.model.outputs))
            for s in signals
        ]
        entries += [
            self.measured(
                "parameter",
                entry.name,
                entry.metadata["unit"],
                f"{entry.metadata['meaning']} ({entry.metadata['source']})",
                getattr(P.parameters, entry.name),
            )
            for entry in fields(P.parameters)
        ]
        area = "0173-1#02-ABL358#002/0173-1#01-AHX773#002"
        areas = model.SubmodelElementList(
            id_short="TechnicalPropertyAreas",
            type_value_list_element=model.SubmodelElementCollection,
            semantic_id_list_element=_meaning(area),
            value=[_collection(None, area, entries)],
            semantic_id=_meaning("0173-1#02-ABK163#002"),
        )
        return self.submodel("TechnicalData", TECHNICAL_DATA, "shell.technical", (general, areas))

    def simulation_models(self, file: str) -> "model.Submodel":
        from basyx.aas import model

        def text(name: str, value: str) -> Any:
            return _text(name, SIMULATION.format(name), value)

        def truth(name: str, value: bool) -> Any:
            return model.Property(
                name, model.datatypes.Boolean, value, semantic_id=_meaning(SIMULATION.format(name))
            )

        def collection(name: str, *values: Any) -> Any:
            return _collection(name, SIMULATION.format(name), values)

        variables = [
            (s.name, s.unit, causality, f"[{s.low:g}, {s.high:g}]")
            for causality, signals in (
                ("input", self.P.model.inputs),
                ("output", self.P.model.outputs),
            )
            for s in signals
        ]
        variables += [(f"faults.{f.name}", "1", "input", "[0, 1]") for f in self.P.model.faults]
        port = collection(
            "PortsConnector",
            text("PortConnectorName", "signals"),
            *(
                _collection(
                    f"Variable{i:02}",
                    SIMULATION.format("Variable"),
                    (
                        text("VariableName", name),
                        text("Range", interval),
                        text("VariableType", "Real"),
                        text("UnitList", unit),
                        text("VariableCausality", causality),
                    ),
                )
                for i, (name, unit, causality, interval) in enumerate(variables)
            ),
        )
        purposes = ("Control design", "Behaviour in fault condition", "Teaching")
        version = collection(
            "ModelFileVersion",
            text("ModelVersionId", "1"),
            model.File(
                "DigitalFile",
                FMU_TYPE,
                file,
                semantic_id=_meaning(SIMULATION.format("DigitalFile")),
            ),
        )
        solver = collection(
            "SolverAndTolerances",
            truth("StepSizeControlNeeded", False),
            truth("StiffSolverNeeded", False),
            truth("SolverIncluded", True),
        )
        tool = _collection(
            "SimulationTool",
            SIMULATION.format("simulationTool"),
            (text("SimToolName", "FMPy 0.3"), solver),
        )
        en_and_zh = {
            language: text_.format(title=self.title()[language])
            for language, text_ in (
                (language, str(entries["shell"]["summary"]))
                for language, entries in self.texts.items()
            )
        }
        return self.submodel(
            "SimulationModels",
            SIMULATION_MODELS,
            "shell.simulation",
            (
                collection(
                    "SimulationModel",
                    _texts("Summary", SIMULATION.format("Summary"), en_and_zh),
                    collection(
                        "SimPurpose",
                        *(
                            _text(f"PosSimPurpose{i:02}", SIMULATION.format("PosSimPurpose"), what)
                            for i, what in enumerate(purposes)
                        ),
                    ),
                    text("TypeOfModel", "Nonlinear model"),
                    text("ScopeOfModel", "Dynamics"),
                    text("LicenseModel", "free"),
                    collection(
                        "Environment",
                        text("OperatingSystem", "Linux 64bit, Windows 64bit"),
                        text("ToolEnvironment", "Python 3.11"),
                        tool,
                    ),
                    collection(
                        "ModelFile", text("ModelFileType", "FMI 3.0, Co-Simulation"), version
                    ),
                    text("ParamMethod", "FMU parameters"),
                    text("InitStateMethod", "at rest"),
                    collection("Ports", port),
                ),
            ),
        )

    def reliability(
        self, weibull: tuple[float, float] | None, mttf: float | None, unit: str
    ) -> "model.Submodel":
        from basyx.aas import model

        if unit not in ("h", "cycles") or (weibull is None) == (mttf is None):
            raise ExportError(
                "Reliability needs either weibull=(shape, scale) or mttf=…, with unit 'h' or "
                "'cycles'."
            )
        beta, eta = (1.0, mttf) if weibull is None else weibull
        for number in (beta, eta):
            if not isinstance(number, int | float) or not 0 < number < math.inf:
                raise ExportError(f"Reliability needs numbers above 0, got {number!r}.")
        mean, b10 = mean_and_b10(beta, float(eta))  # type: ignore[arg-type]
        how = (
            self.text("shell.given")
            if weibull is None
            else self.text("shell.weibull", beta=beta, eta=eta, unit=unit)
        )
        # The mean is in hours and B10 in cycles; a mean alone says nothing of B10.
        figures = []
        if unit == "h":
            figures.append(_whole("MTTF", "0112/2///62683#ACE061#001", mean, how))
        elif weibull is not None:
            b10_id = "https://admin-shell.io/idta/Reliability/B10/1/0"
            figures.append(_whole("B10", b10_id, b10, how))
        else:
            raise ExportError("A mean life in cycles has no place in the template. Give a weibull.")
        return self.submodel(
            "Reliability",
            RELIABILITY,
            "shell.reliability",
            (
                model.Property(
                    "NumberOfReliabilitySets",
                    model.datatypes.Integer,
                    1,
                    semantic_id=_meaning("0112/2///62683#ACE006#001"),
                ),
                _collection(
                    "OperatingConditionsOfReliabilityCharacteristics",
                    "0112/2///62683#ACG071#001",
                    (_text("OtherOperatingConditions", "0112/2///62683#ACE070#001", how["en"]),),
                ),
                _collection("ReliabilityCharacteristics", "0112/2///62683#ACG080#001", figures),
            ),
        )

    # Parts

    def submodel(
        self, name: str, semantic_id: str, description: str, elements: Iterable[Any]
    ) -> "model.Submodel":
        from basyx.aas import model

        version, revision, template = TEMPLATES[semantic_id]
        return model.Submodel(
            id_=f"{self.base}:{name}",
            id_short=name,
            submodel_element=elements,
            description=model.MultiLanguageTextType(self.text(description)),
            administration=model.AdministrativeInformation(
                version=version, revision=revision, template_id=template
            ),
            semantic_id=_meaning(semantic_id),
        )

    def measured(self, kind: str, name: str, unit: str, meaning: str, value: Any) -> Any:
        """Give a number, or a range from low to high, with its unit and meaning."""
        from basyx.aas import model

        titles = {
            language: f"{word}: {name}" for language, word in self.text(f"shell.{kind}").items()
        }
        common: dict[str, Any] = {
            "display_name": model.MultiLanguageNameType(titles),
            "description": model.MultiLanguageTextType({"en": meaning}),
            "semantic_id": _meaning(ARBITRARY),
            "embedded_data_specifications": [
                model.EmbeddedDataSpecification(
                    _meaning(IEC_61360),
                    model.DataSpecificationIEC61360(
                        model.PreferredNameTypeIEC61360({"en": name}), unit=unit
                    ),
                )
            ],
        }
        # One letter is too short for a name in AAS.
        name = f"{kind}_{name}"
        if not isinstance(value, tuple):
            return model.Property(name, model.datatypes.Double, float(value), **common)
        low, high = (float(v) if math.isfinite(v) else None for v in value)
        return model.Range(name, model.datatypes.Double, low, high, **common)


def mean_and_b10(beta: float, eta: float) -> tuple[float, float]:
    """Give mean life and the life that 10 % do not reach, of a Weibull distribution."""
    return eta * math.gamma(1.0 + 1.0 / beta), eta * (-math.log(1.0 - B10_SHARE)) ** (1.0 / beta)


def _meaning(semantic_id: str) -> Any:
    from basyx.aas import model

    return model.ExternalReference((model.Key(model.KeyTypes.GLOBAL_REFERENCE, semantic_id),))


def _text(name: str, semantic_id: str, value: str) -> Any:
    from basyx.aas import model

    return model.Property(name, model.datatypes.String, value, semantic_id=_meaning(semantic_id))


def _uri(name: str, semantic_id: str, value: str) -> Any:
    from basyx.aas import model

    uri = model.datatypes.AnyURI(value)
    return model.Property(name, model.datatypes.AnyURI, uri, semantic_id=_meaning(semantic_id))


def _whole(name: str, semantic_id: str, value: float, how: dict[str, str]) -> Any:
    from basyx.aas import model

    return model.Property(
        name,
        model.datatypes.Integer,
        round(value),
        semantic_id=_meaning(semantic_id),
        description=model.MultiLanguageTextType(how),
    )


def _texts(name: str, semantic_id: str, value: dict[str, str]) -> Any:
    from basyx.aas import model

    return model.MultiLanguageProperty(
        name, model.MultiLanguageTextType(value), semantic_id=_meaning(semantic_id)
    )


def _collection(name: str | None, semantic_id: str, value: Iterable[Any]) -> Any:
    from basyx.aas import model

    return model.SubmodelElementCollection(name, value, semantic_id=_meaning(semantic_id))
