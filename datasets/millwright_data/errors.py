"""What can go wrong with a data set, and what a person should do next.

Every message is one line: what happened, to which file of which data set, and
the next step.  ``millwright-data`` prints it as it stands.
"""


class DataError(Exception):
    """Base class: anything that keeps a data set from being used."""


class UnknownDataSetError(DataError, KeyError):
    """No card has this id."""

    __str__ = Exception.__str__  # KeyError would print the message in quotes


class UnknownPartError(DataError, KeyError):
    """The data set has no such part, or it has several and none was named."""

    __str__ = Exception.__str__


class CardError(DataError):
    """A card does not describe a data set; the message names card and field."""


class NotAvailableError(DataError):
    """No source could give the file: not the cache, not the mirror, not its home."""


class DamagedFileError(NotAvailableError):
    """Every copy that was found differs from the file the card describes."""


class CacheError(DataError):
    """The cache folder cannot take the file: no room, or no right to write."""
