"""The controls of an app: sliders, switches and choices with labels, units and limits.

An app declares its controls as plain values; labels and units come from its text file. Whatever
the browser sends back is checked here, so that an app's functions only ever see numbers within
their limits.

Both sides change the form, and their messages cross: the browser holds moves back while the
kernel is busy, but no button. So every form that the kernel sends has a number, its turn, and
comes back with it. A move from before the last button is late and left alone. Any other is taken,
and answered if the browser did not know what it moved. A button is always answered.
"""

from __future__ import annotations

import math
import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import numpy as np
import traitlets

from millwright_labs.catalogue import Catalogue
from millwright_labs.errors import AppError

FOLDER = pathlib.Path(__file__).parent

Values = dict[str, Any]


@dataclass(frozen=True)
class Slider:
    """A number from `low` to `high` in steps of `step`."""

    name: str
    low: float
    high: float
    step: float
    value: float

    def clean(self, value: object) -> float | None:
        """Return the value within the limits, or None if it is no number."""
        number = _number(value)
        return None if number is None else min(max(number, self.low), self.high)

    def describe(self, text: Catalogue) -> dict[str, Any]:
        """Return what the browser needs."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        return {
            "kind": "slider",
            "low": self.low,
            "high": self.high,
            "step": self.step,
            "decimals": decimals,
            "unit": text.get(f"control.{self.name}.unit", ""),
        }


@dataclass(frozen=True)
class LogSlider:
    """A positive number from `low` to `high` with `per_decade` stops in each decade."""

    name: str
    low: float
    high: float
    value: float
    per_decade: int = 4

    @property
    def stops(self) -> list[float]:
        """The values that the slider can take, rounded to two figures."""
        count = round(math.log10(self.high / self.low) * self.per_decade) + 1
        return [float(f"{stop:.2g}") for stop in np.geomspace(self.low, self.high, count)]

    def clean(self, value: object) -> float | None:
        """Return the stop nearest to the value, or None if it is no positive number."""
        number = _number(value)
        if number is None or number <= 0:
            return None
        return min(self.stops, key=lambda stop: abs(math.log(stop / number)))

    def describe(self, text: Catalogue) -> dict[str, Any]:
        """Return what the browser needs."""
        pattern = text.get(f"control.{self.name}.text", "{value:g}")
        texts = [pattern.format(value=stop) for stop in self.stops]
        return {"kind": "stops", "stops": self.stops, "texts": texts}


@dataclass(frozen=True)
class Switch:
    """On or off."""

    name: str
    value: bool

    def clean(self, value: object) -> bool | None:
        """Return the value, or None if it is neither True nor False."""
        return value if isinstance(value, bool) else None

    def describe(self, text: Catalogue) -> dict[str, Any]:
        """Return what the browser needs."""
        return {"kind": "switch", "on": WORDS["switch.on"], "off": WORDS["switch.off"]}


@dataclass(frozen=True)
class Number:
    """A number that the visitor types, for what no slider can span: a limit in any unit.

    The unit stands in the text file unless the data bring one.
    """

    name: str
    value: float
    low: float = -1e9
    high: float = 1e9
    unit: str | None = None

    def clean(self, value: object) -> float | None:
        """Return the value within the limits, or None if it is no number."""
        number = _number(value)
        return None if number is None else min(max(number, self.low), self.high)

    def describe(self, text: Catalogue) -> dict[str, Any]:
        """Return what the browser needs."""
        unit = text.get(f"control.{self.name}.unit", "") if self.unit is None else self.unit
        return {"kind": "number", "low": self.low, "high": self.high, "unit": unit}


@dataclass(frozen=True)
class Choice:
    """One of a few named options; `labels` where the data name them instead of the text file."""

    name: str
    options: tuple[str, ...]
    value: str
    labels: tuple[str, ...] | None = None

    def clean(self, value: object) -> str | None:
        """Return the value, or None if it is no option."""
        return value if isinstance(value, str) and value in self.options else None

    def describe(self, text: Catalogue) -> dict[str, Any]:
        """Return what the browser needs."""
        labels = self.labels or [text[f"control.{self.name}.options.{o}"] for o in self.options]
        pairs = [list(pair) for pair in zip(self.options, labels, strict=True)]
        return {"kind": "choice", "options": pairs}


@dataclass(frozen=True)
class PerChoice:
    """A slider whose limits, unit and start depend on what the `Choice` called `by` says.

    The units stand in the text file under ``control.<name>.units.<option>``.
    """

    name: str
    by: str
    sliders: Mapping[str, Slider]


Plain = Slider | LogSlider | Switch | Number | Choice
Control = Plain | PerChoice

# Words that all apps share.
WORDS = Catalogue("apps", FOLDER.parent / "text")


class Controls(anywidget.AnyWidget):
    """The form that holds an app's controls, its presets and its buttons.

    Parameters
    ----------
    controls : sequence of Control
        In the order of the page.
    presets : mapping of str to mapping
        Instructive cases: the values that differ from the controls' own. The first is where the
        app starts and where Reset returns to.
    text : Catalogue
        The app's text: ``control.<name>.label``, ``.unit``, ``.hint``; ``preset.<name>.label`` and
        ``.look``; ``action.<name>.label``.
    changed : callable
        Called with all values after each change.
    actions : mapping of str to callable, optional
        Buttons; the callable gets all values and returns those that it changes.
    """

    _esm = FOLDER / "controls.js"
    _css = FOLDER.parent / "voila/share/voila/templates/millwright/static/app.css"

    fields = traitlets.List(traitlets.Dict()).tag(sync=True)
    # {"turn": int, "preset": name or "", "values": {name: value}}. Without ipywidgets' echo, which
    # would show a late move once more.
    form = traitlets.Dict().tag(
        sync=True, echo_update=False, from_json=lambda sent, controls: controls._read(sent)
    )
    presets = traitlets.List(traitlets.Dict()).tag(sync=True)
    actions = traitlets.List(traitlets.Dict()).tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        controls: Sequence[Control],
        presets: Mapping[str, Mapping[str, Any]],
        text: Catalogue,
        changed: Callable[[Values], None],
        actions: Mapping[str, Callable[[Values], Mapping[str, Any]]] | None = None,
    ) -> None:
        self._controls = {control.name: control for control in controls}
        self._presets = {name: self._complete(name, preset) for name, preset in presets.items()}
        self._actions = dict(actions or {})
        self._text = text
        self._changed = changed
        self._quiet = False
        self._pressed = 0
        self._start = next(iter(self._presets))
        super().__init__(
            fields=self._described(self._presets[self._start]),
            form={"turn": 0, "preset": self._start, "values": dict(self._presets[self._start])},
            presets=[
                {
                    "name": name,
                    "label": text[f"preset.{name}.label"],
                    "look": text[f"preset.{name}.look"],
                }
                for name in self._presets
            ],
            actions=[
                {"name": name, "label": text[f"action.{name}.label"]} for name in self._actions
            ]
            + [{"name": "reset", "label": WORDS["reset"]}],
            words={key: WORDS[key] for key in ("controls", "examples")},
        )
        self.on_msg(self._received)

    @property
    def values(self) -> Values:
        """The value of every control, by name. Setting them is a move, as a visitor's."""
        return dict(self.form["values"])

    @values.setter
    def values(self, values: Values) -> None:
        self.form = self._next(values)

    @property
    def preset(self) -> str:
        """The preset that is shown, or nothing once a control was moved."""
        return str(self.form["preset"])

    def choose(self, preset: str) -> None:
        """Set all controls as the preset says."""
        if preset not in self._presets:
            raise AppError(
                f"There is no preset {preset!r}; choose from {', '.join(self._presets)}."
            )
        self._set(self._presets[preset], preset)

    def do(self, action: str, values: Values | None = None) -> None:
        """Press a button: one of the app's actions, with all `values`, or ``reset``."""
        if action == "reset":
            self.choose(self._start)
        elif action in self._actions:
            values = self.values if values is None else values
            self._set({**values, **self._actions[action](dict(values))}, "")
        else:
            raise AppError(f"There is no button {action!r}.")

    def replace(self, *controls: Control, **values: Any) -> None:
        """Put other controls in the place of those of the same names, to fit what was moved.

        Nobody is told: whoever calls this shows the new `values` himself.
        """
        self._replace(controls, values, self.preset)

    def renew(self, *controls: Control, **values: Any) -> None:
        """Put other controls in the place of those of the same names, for other data.

        No preset is shown any more, and moves of the old controls that are under way are dropped.
        Nobody is told: whoever calls this shows the new `values` himself.
        """
        self._replace(controls, values, "")
        self._pressed = self.form["turn"]

    def _replace(self, controls: Sequence[Control], values: Mapping[str, Any], preset: str) -> None:
        for control in controls:
            if control.name not in self._controls:
                raise AppError(f"There is no control {control.name!r} to replace.")
            self._controls[control.name] = control
        with self.hold_sync():
            self._put(self._next({**self.values, **values}, preset))
            self.fields = self._described(self.values)

    def _complete(self, name: str, preset: Mapping[str, Any]) -> Values:
        values = self._clean(preset)
        wrong = [key for key, value in preset.items() if values.get(key) != value]
        if wrong:
            raise AppError(
                f"The preset {name!r} sets {', '.join(wrong)} to what its control cannot show."
            )
        return values

    def _clean(self, proposed: Mapping[str, Any], now: Values | None = None) -> Values:
        """Keep what the controls can show; the rest stays as it is `now`, or at its start."""
        now, clean = now or {}, Values()
        for name, control in self._controls.items():
            plain, kept = _as_plain(control, clean), now.get(name)
            value = proposed.get(name)
            if isinstance(control, PerChoice) and now.get(control.by) != clean[control.by]:
                # The old number means nothing within the new limits.
                value, kept = (value if value != kept else plain.value), None
            # What was right for the control that stood here before may not be for this one.
            found = (plain.clean(value), plain.clean(kept), plain.value)
            clean[name] = next(v for v in found if v is not None)
        return clean

    def _described(self, values: Values) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "label": self._text[f"control.{name}.label"],
                "hint": self._text.get(f"control.{name}.hint", ""),
                **_as_plain(control, values).describe(self._text),
                **self._unit(control, values),
            }
            for name, control in self._controls.items()
        ]

    def _unit(self, control: Control, values: Values) -> dict[str, str]:
        if not isinstance(control, PerChoice):
            return {}
        return {"unit": self._text[f"control.{control.name}.units.{values[control.by]}"]}

    def _next(self, values: Mapping[str, Any], preset: str = "") -> dict[str, Any]:
        """Return the next form to send."""
        clean = self._clean(values, self.values)
        return {"turn": self.form["turn"] + 1, "preset": preset, "values": clean}

    def _read(self, sent: object) -> dict[str, Any]:
        """Return the form after a move in the browser."""
        form = sent if isinstance(sent, dict) else {}
        turn, values = form.get("turn"), form.get("values")
        if not isinstance(turn, int) or not isinstance(values, dict) or turn < self._pressed:
            return self.form
        moved = self._next(values)
        if turn == self.form["turn"] and moved["values"] == values:
            # The browser knows: the same form is not sent back to it.
            moved["turn"] = turn
        return moved

    def _put(self, form: dict[str, Any]) -> None:
        """Show a form; only the browser is told."""
        quiet, self._quiet = self._quiet, True
        try:
            self.form = form
        finally:
            self._quiet = quiet

    def _set(self, values: Mapping[str, Any], preset: str) -> None:
        # The form follows last: a button looks pressed when what it promises is on the screen.
        with self.hold_sync():
            self._put(self._next(values, preset))
            self._pressed = self.form["turn"]
            self._changed(self.values)

    @traitlets.observe("form")
    def _moved(self, change: Any) -> None:
        self.fields = self._described(change.new["values"])
        if not self._quiet and change.old and change.old["values"] != change.new["values"]:
            self._changed(self.values)

    def _received(self, _: Any, content: Any, buffers: Any) -> None:
        content = content if isinstance(content, dict) else {}
        preset, action = str(content.get("preset")), str(content.get("action"))
        turn = self.form["turn"]
        try:
            if preset in self._presets:
                self.choose(preset)
            elif action in [*self._actions, "reset"]:
                # With what the visitor saw when he pressed: his last moves may be held back.
                self.do(action, self._read(content.get("form"))["values"])
        finally:
            if self.form["turn"] == turn:
                self._put(self._next(self.values, self.preset))


def _as_plain(control: Control, values: Values) -> Plain:
    return control.sliders[values[control.by]] if isinstance(control, PerChoice) else control


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
