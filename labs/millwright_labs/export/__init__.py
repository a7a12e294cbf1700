"""Plants as files for other tools: `export_fmu` for simulators, `export_aas` for asset systems."""

from millwright_labs.export.aas import export_aas
from millwright_labs.export.fmu import export_fmu

__all__ = ["export_aas", "export_fmu"]
