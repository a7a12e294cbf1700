"""Text that people read, kept out of the code so that each language is one more file.

The text of a notebook ``a04-pid.ipynb`` stands beside it in ``text/a04-pid.en.toml``; a Chinese
edition adds ``text/a04-pid.zh.toml``. The environment variable ``MILLWRIGHT_LANGUAGE`` chooses
(``en`` if unset). English is the source: an entry that a translation lacks is shown in English,
so that a half-translated lesson still works.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from millwright_labs.errors import TextError

LANGUAGE_VARIABLE = "MILLWRIGHT_LANGUAGE"
SOURCE_LANGUAGE = "en"

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def language() -> str:
    """Return the language to show, from ``MILLWRIGHT_LANGUAGE``; ``en`` if unset.

    Raises
    ------
    TextError
        If the variable holds something that cannot name a language.
    """
    value = os.environ.get(LANGUAGE_VARIABLE, "").strip() or SOURCE_LANGUAGE
    if not _LANGUAGE.fullmatch(value):
        raise TextError(
            f"{LANGUAGE_VARIABLE} is {value!r}, which names no language. "
            "Set it to a language code such as en or zh."
        )
    return value


class Catalogue:
    """The text of one notebook in one language.

    Parameters
    ----------
    name : str
        The notebook's name without its ending, for example ``"a04-pid"``.
    folder : Path, optional
        The folder that holds ``<name>.<language>.toml``; by default ``text`` in the working
        directory, which in a notebook is the notebook's own folder.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self.name = name
        self.language = language()
        folder = Path("text") if folder is None else Path(folder)
        source = folder / f"{name}.{SOURCE_LANGUAGE}.toml"
        if not source.is_file():
            raise TextError(
                f"There is no text file {source} in {Path.cwd()}. "
                "Open the notebook from its own folder, or check the name."
            )
        self.path = source
        self._entries = _read(source)
        translation = folder / f"{name}.{self.language}.toml"
        if self.language != SOURCE_LANGUAGE and translation.is_file():
            self.path = translation
            self._entries = _overlay(self._entries, _read(translation))

    def __getitem__(self, key: str) -> str:
        """Return the text under a dotted key, for example ``"control.gain.label"``."""
        value = self.get(key)
        if not isinstance(value, str):
            raise TextError(f"{self.path} has no text {key!r}. Add it, or correct the key.")
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Return whatever stands under a dotted key, or `default`; ``""`` is the whole file."""
        value: Any = self._entries
        for part in key.split(".") if key else ():
            if not isinstance(value, Mapping) or part not in value:
                return default
            value = value[part]
        return value

    def keys(self, key: str) -> list[str]:
        """Return the names of the entries under a dotted key, in the file's order."""
        value = self.get(key, {})
        return list(value) if isinstance(value, Mapping) else []

    def format(self, key: str, **fields: object) -> str:
        """Return the text under `key` with its ``{fields}`` filled as by `str.format`.

        Raises
        ------
        TextError
            If a field has no value, a format does not fit its value, or the text has stray
            braces.
        """
        text = self[key]
        try:
            return text.format(**fields)
        except KeyError as missing:
            given = ", ".join(sorted(fields)) or "none"
            raise TextError(
                f"The text {key!r} in {self.path} wants a value for {missing.args[0]!r}; "
                f"given: {given}. Pass it by name, or correct the text."
            ) from None
        except (ValueError, TypeError, IndexError, AttributeError) as problem:
            raise TextError(
                f"The text {key!r} in {self.path} cannot be filled: {problem}. "
                "Write braces that are no field twice, as in $T_{{1}}$."
            ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise TextError(f"{path} is not UTF-8. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as problem:
        raise TextError(f"{path} is not valid TOML: {problem}. Correct that line.") from None


def _overlay(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the entries of `over` laid on it, table by table."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            merged[key] = _overlay(below, value)
        else:
            merged[key] = value
    return merged
