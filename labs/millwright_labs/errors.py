"""Everything that can go wrong in millwright_labs, each error with the next step to take."""


class LabsError(Exception):
    """Base of this package's errors."""


class FigureError(LabsError):
    """A figure cannot be shown: most often it has no alternative text."""


class TextError(LabsError):
    """A lesson's or an app's text file is missing, or lacks an entry, or has a wrong one."""
