"""Everything that can go wrong in millwright_labs, each error with the next step to take."""


class LabsError(Exception):
    """Base of this package's errors."""


class FigureError(LabsError):
    """A figure cannot be shown: most often it has no alternative text."""


class TextError(LabsError):
    """A lesson's or an app's text file is missing, or lacks an entry, or has a wrong one."""


class PlantError(LabsError, ValueError):
    """A plant, a rig or a sensor got something it cannot work with."""


class ParameterError(PlantError):
    """A plant's parameter is missing, not a number, or outside its physical limits."""


class FaultError(PlantError):
    """A fault that the plant does not have, or a severity outside [0, 1]."""


class SignalError(PlantError):
    """An unknown input or output, a value that is not a number, or a wrong time or step."""


class OperatingPointError(PlantError):
    """The asked steady state does not exist, or lies outside the plant's limits."""


class CompilationError(PlantError):
    """A controller or a plant uses what cannot be compiled."""


class DivergenceError(PlantError):
    """A simulated state runs away."""


class ExportError(LabsError, ValueError):
    """A plant cannot be written as a file for other tools."""


class AppError(LabsError):
    """An app is put together wrongly: an unknown control, preset or action."""


class TableError(LabsError, ValueError):
    """A file that holds no table, or a table with a line that cannot be used."""


class ReliabilityError(LabsError, ValueError):
    """Lives from which no distribution can be told."""


class MonitorError(LabsError, ValueError):
    """Cycles on which no monitor can be trained, or which it does not know."""


class PrognosisError(LabsError, ValueError):
    """Predictions and lives that do not fit together, or are too few for an interval."""


class LinkError(LabsError):
    """A machine cannot be reached, or a recording is not whole."""


class TrustError(LinkError):
    """A certificate or a password was refused, by either side, or its file cannot be used."""


class TwinError(LabsError):
    """A digital twin cannot follow what it was given."""


class EdgeError(LabsError):
    """A health model cannot be used, or does not fit the machine."""
