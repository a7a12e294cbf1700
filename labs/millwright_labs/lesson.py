"""A lesson's page: checks that answer at once, and figures with alternative text.

A lesson opens its page once and then names its questions and figures; every sentence comes from
the text file beside the notebook (see `millwright_labs.catalogue`)::

    page = lesson.open("a04-pid")
    page.check("recall-1", "b")
    page.figure(fig, "windup", overshoot=12.3)

A wrong answer never raises: it is explained, and the learner tries again.
"""

from __future__ import annotations

import html
import math
import numbers
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from millwright_labs import figures
from millwright_labs.catalogue import Catalogue
from millwright_labs.errors import TextError

KINDS = ("choice", "number", "true-or-false")

# Conversions that learners forget or turn round; powers of ten are added to them.
_FACTORS = (60.0, 3600.0, 2 * math.pi, 180 / math.pi)
_LARGEST_POWER_OF_TEN = 9

_COMMON = Catalogue("lesson", Path(__file__).parent / "text")

# The mark says right or wrong without colour; the colour is only added to it.
_LOOK = {
    "right": ("✓", "#009E73"),
    "wrong": ("✗", "#D55E00"),
    "open": ("…", "#0072B2"),
}


def open(name: str, folder: Path | None = None) -> Page:
    """Open the page of a lesson.

    Parameters
    ----------
    name : str
        The unit, for example ``"a04-pid"``.
    folder : Path, optional
        Where the text file stands; by default ``text`` beside the notebook.

    Raises
    ------
    TextError
        If the text file is missing or one of its checks or figures is incomplete.
    """
    return Page(Catalogue(name, folder))


class Page:
    """The checks and figures of one lesson. Made by `open`."""

    def __init__(self, text: Catalogue) -> None:
        self.text = text
        for identifier in text.keys("check"):
            require_check(text, identifier)
        for identifier in text.keys("figure"):
            text[f"figure.{identifier}.alt"]

    def check(self, identifier: str, answer: object = ...) -> None:
        """Say at once whether an answer is right, and why.

        Parameters
        ----------
        identifier : str
            The check's name in the text file.
        answer : str, float, bool or Ellipsis
            The learner's answer; ``...`` means not answered yet.

        Raises
        ------
        TextError
            If the text file has no such check. A wrong answer raises nothing.
        """
        entry = self.text.get(f"check.{identifier}")
        if entry is None:
            raise _unknown(self.text, "check", identifier)
        _say(judge(entry, answer))

    def figure(self, fig: Figure, identifier: str, **fields: object) -> None:
        """Show a figure with its caption and alternative text, then close it.

        Parameters
        ----------
        fig : matplotlib.figure.Figure
            The figure.
        identifier : str
            The figure's name in the text file.
        **fields
            Values for the ``{fields}`` in caption and alternative text, as by `str.format`.

        Raises
        ------
        TextError
            If the text file has no such figure, or a field has no value.
        """
        entry = f"figure.{identifier}"
        if self.text.get(entry) is None:
            raise _unknown(self.text, "figure", identifier)
        caption = ""
        if self.text.get(f"{entry}.caption") is not None:
            caption = self.text.format(f"{entry}.caption", **fields)
        figures.show(fig, alt=self.text.format(f"{entry}.alt", **fields), caption=caption)


@dataclass(frozen=True)
class Verdict:
    """What a check says: the outcome (``right``, ``wrong`` or ``open``) and the explanation."""

    outcome: str
    text: str

    @property
    def lead(self) -> str:
        """The word before the explanation; none while the check is open."""
        return "" if self.outcome == "open" else _COMMON[self.outcome]

    @property
    def plain(self) -> str:
        """Everything in one line."""
        return " ".join(part for part in (_LOOK[self.outcome][0], self.lead, self.text) if part)


def judge(entry: dict[str, Any], answer: object) -> Verdict:
    """Judge an answer.

    Parameters
    ----------
    entry : dict
        The check as it stands in the text file, complete as `require_check` asks.
    answer : object
        Anything; `...` means not answered yet.
    """
    kinds = {"choice": _choice, "number": _number, "true-or-false": _true_or_false}
    return Verdict(*kinds[entry["kind"]](entry, answer))


def _choice(entry: dict[str, Any], answer: object) -> tuple[str, str]:
    options = sorted({entry["answer"].lower(), *(key.lower() for key in entry["wrong"])})
    if answer is ...:
        return "open", _COMMON.format("open.choice", example=options[0])
    # Learners copy the letter as the question prints it: "b", "B", "b)" or "(b)".
    given = str(answer).strip().strip("().").strip().lower() if isinstance(answer, str) else ""
    if given == entry["answer"].lower():
        return "right", entry["right"]
    if given not in options:
        return "open", _COMMON.format("unreadable.choice", options=", ".join(options))
    explanations = {key.lower(): text for key, text in entry["wrong"].items()}
    return "wrong", explanations[given]


def _number(entry: dict[str, Any], answer: object) -> tuple[str, str]:
    unit = ""
    if entry.get("unit"):
        unit = _COMMON.format("unit.in", unit=entry["unit"])
    if answer is ...:
        return "open", _COMMON.format("open.number", unit=unit)
    given = _as_number(answer)
    if given is None:
        return "open", _COMMON.format("unreadable.number", unit=unit)
    right, tolerance, wrong = float(entry["answer"]), float(entry["tolerance"]), entry["wrong"]
    # A tolerance of 0.1 must take 1.1 for 1.0, whatever the last binary digit says.
    tolerance += 1e-9 * max(abs(right), tolerance)
    if abs(given - right) <= tolerance:
        return "right", entry["right"]
    if "sign" in wrong and abs(given + right) <= tolerance:
        return "wrong", wrong["sign"]
    if "factor" in wrong and _off_by_a_factor(given, right, tolerance):
        return "wrong", wrong["factor"]
    return "wrong", wrong["default"]


def _true_or_false(entry: dict[str, Any], answer: object) -> tuple[str, str]:
    if answer is ...:
        return "open", _COMMON["open.true-or-false"]
    if not isinstance(answer, bool | np.bool_):
        return "open", _COMMON["unreadable.true-or-false"]
    if bool(answer) == entry["answer"]:
        return "right", entry["right"]
    return "wrong", entry["wrong"]["default"]


def _as_number(answer: object) -> float | None:
    """Return the answer as a finite number, or None if it is none."""
    if isinstance(answer, np.ndarray) and answer.size == 1:
        answer = answer.item()
    if isinstance(answer, bool | np.bool_) or not isinstance(answer, numbers.Real):
        return None
    value = float(answer)
    return value if math.isfinite(value) else None


def _off_by_a_factor(given: float, right: float, tolerance: float) -> bool:
    """Return whether `given` is `right` times a forgotten conversion, or divided by one."""
    powers = (10.0**k for k in range(1, _LARGEST_POWER_OF_TEN + 1))
    return any(
        abs(given * factor - right) <= tolerance or abs(given / factor - right) <= tolerance
        for factor in (*powers, *_FACTORS)
        # Near zero every number is within tolerance after division.
        if abs(right) > tolerance
    )


def _say(verdict: Verdict) -> None:
    mark, colour = _LOOK[verdict.outcome]
    strong = f"<strong>{html.escape(verdict.lead)}</strong> " if verdict.lead else ""
    body = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(verdict.text, quote=False))
    page = (
        f'<div role="status" style="border-left: 0.3em solid {colour}; '
        'padding: 0.3em 0.8em; margin: 0.3em 0;">'
        f'<span aria-hidden="true">{mark}</span> {strong}{body}</div>'
    )
    display({"text/html": page, "text/plain": verdict.plain}, raw=True)


def _unknown(text: Catalogue, table: str, identifier: str) -> TextError:
    known = ", ".join(text.keys(table)) or "none"
    return TextError(
        f"{text.path} has no [{table}.{identifier}]. It has: {known}. "
        "Use one of these names, or add the entry."
    )


def require_check(text: Catalogue, identifier: str) -> None:
    """Raise `TextError` if a check lacks what its kind needs, so no learner meets the gap."""
    entry = text.get(f"check.{identifier}")

    def require(condition: bool, what: str) -> None:
        if not condition:
            raise TextError(f"[check.{identifier}] in {text.path} {what}.")

    require(isinstance(entry, dict), "is not a table; write it as [check.<name>]")
    kind, answer, wrong = entry.get("kind"), entry.get("answer"), entry.get("wrong")
    require(kind in KINDS, f"has the kind {kind!r}; use one of {', '.join(KINDS)}")
    require(isinstance(entry.get("right"), str), "has no text for the right answer; add right")
    require(isinstance(wrong, dict), "has no explanations; add [check.<name>.wrong]")
    require(
        all(isinstance(explanation, str) for explanation in wrong.values()),
        "has an explanation under wrong that is no text",
    )
    if kind == "choice":
        require(isinstance(answer, str), "needs answer = the letter of the right option")
        require(bool(wrong), "explains no wrong option; add one text for each under wrong")
        require(
            answer.lower() not in {key.lower() for key in wrong},
            f"explains the right option {answer!r} as wrong",
        )
    else:
        require("default" in wrong, "needs wrong.default")
    if kind == "number":
        require(_as_number(answer) is not None, "needs answer = a number")
        tolerance = _as_number(entry.get("tolerance"))
        require(tolerance is not None and tolerance >= 0, "needs tolerance = a number from 0 up")
    if kind == "true-or-false":
        require(isinstance(answer, bool), "needs answer = true or false")
