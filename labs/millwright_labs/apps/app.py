"""What all apps share: story, controls, live figure, numbers and a question, on one page.

The page is native HTML: headings, labelled controls, a figure whose alternative text follows the
data, a definition list of numbers that is read aloud when the hand rests, and a question that
answers at once.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets
from IPython.display import display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from millwright_labs import lesson
from millwright_labs.apps.controls import FOLDER, WORDS, Control, Controls, Values
from millwright_labs.apps.files import Files, Table, Tables
from millwright_labs.catalogue import Catalogue
from millwright_labs.errors import AppError
from millwright_labs.live import LiveFigure
from millwright_labs.live.figure import Moves

_log = logging.getLogger(__name__)

_HYPHEN = re.compile(r"(?<!\w)-(?=\d)")


@dataclass(frozen=True)
class Shown:
    """What one setting of the controls shows.

    Attributes
    ----------
    moves : mapping
        New data for the figure's lines, as `LiveFigure.update` takes them.
    fields : mapping of str to object
        Everything that numbers and alternative text speak of. None means that there is no such
        number, and the text file says so in its own words; so does a word that is the key of one
        of the number's texts, such as a verdict.
    alt : iterable of str
        The sentences of the alternative text, by their keys under ``[alt]``.
    """

    moves: Moves
    fields: Mapping[str, Any]
    alt: Iterable[str] = field(default=("chart",))


def legend_above(axes: Axes) -> None:
    """Put the legend in one row over the axes, where no line can run through it."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=6,
        frameon=False,
        borderaxespad=0.2,
        # Short enough for five entries on a phone.
        handlelength=1.9,
        handletextpad=0.4,
        columnspacing=0.9,
    )


class Numbers(anywidget.AnyWidget):
    """What stands under the figure: its caption and the list of numbers."""

    _esm = FOLDER / "numbers.js"

    caption = traitlets.Unicode().tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)


class Question(anywidget.AnyWidget):
    """One question about the app, judged at once and never recorded."""

    _esm = FOLDER / "question.js"

    question = traitlets.Unicode().tag(sync=True)
    options: Any = traitlets.List().tag(sync=True)
    choice = traitlets.Unicode().tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)

    def __init__(self, text: Catalogue) -> None:
        lesson.require_check(text, "question")
        self._entry = text.get("check.question")
        keys = text.keys("check.question.options")
        options = [[key, text[f"check.question.options.{key}"]] for key in keys]
        super().__init__(question=text["check.question.text"], options=options)

    @traitlets.observe("choice")
    def _judge(self, change: Any) -> None:
        self.verdict = lesson.judge(self._entry, change.new).plain if change.new else ""


class App(ipywidgets.GridBox):
    """An app on its page.

    Parameters
    ----------
    name : str
        The app's name; its text stands in ``text/<name>.<language>.toml`` beside the notebook.
    controls, presets, actions
        See `Controls`.
    draw : callable
        Returns the figure and its moving artists by name.
    show : callable
        Computes what one setting of the controls shows. It raises nothing for values within the
        controls' limits.
    folder : Path, optional
        Where the text stands.
    notes : iterable of str, optional
        What to say under the story, by keys under ``[note]``: that a data set is not here, say.
    files : callable, optional
        Returns the place for the visitor's files, from the app's text.
    tabulate : callable, optional
        Returns the tables for what is shown.
    """

    def __init__(
        self,
        name: str,
        controls: Sequence[Control],
        presets: Mapping[str, Mapping[str, Any]],
        draw: Callable[[], tuple[Figure, Mapping[str, Artist]]],
        show: Callable[[Values], Shown],
        actions: Mapping[str, Callable[[Values], Mapping[str, Any]]] | None = None,
        folder: Path | None = None,
        notes: Iterable[str] = (),
        files: Callable[[Catalogue], Files] | None = None,
        tabulate: Callable[[Shown], Sequence[Table]] | None = None,
    ) -> None:
        self.name = name
        self.text = Catalogue(name, folder)
        self._show = show
        self._notes = [self.text[f"note.{key}"] for key in notes]
        self.controls = Controls(controls, presets, self.text, self.changed, actions)
        shown = show(dict(self.controls.values))
        fig, lines = draw()
        self.figure = LiveFigure(fig, lines, alt=self._alt(shown))
        self.figure.update(shown.moves)
        # Not the figure's own caption: on a phone the figure stays in sight and must be small.
        self.numbers = Numbers(rows=self._rows(shown), caption=self.text["figure.caption"])
        self.question = Question(self.text)
        self.files = files(self.text) if files else None
        self._tabulate = tabulate
        self.tables = Tables(tables=self._tables(shown)) if tabulate else None
        children = [
            self.files,
            self.controls,
            self.figure,
            self.numbers,
            self.tables,
            self.question,
        ]
        super().__init__(
            children=[child for child in children if child is not None],
            _dom_classes=("mw-app", *(("mw-app-files",) if files else ())),
        )

    def changed(self, values: Values) -> None:
        """Show another setting of the controls."""
        try:
            shown = self._show(values)
            alt, rows, tables = self._alt(shown), self._rows(shown), self._tables(shown)
        except Exception:
            # A visitor can do nothing with a traceback; who runs the server finds it in the log.
            _log.exception("%s cannot show %r", self.name, values)
            self.numbers.message = WORDS["sorry"]
            return
        self.figure.update(shown.moves, alt=alt)
        with self.numbers.hold_sync():
            self.numbers.rows = rows
            self.numbers.message = ""
        if self.tables is not None:
            self.tables.tables = tables

    def intro(self) -> str:
        """Return heading and story as HTML."""
        title = html.escape(self.text["title"])
        words = [self.text["story"], *self._notes]
        story = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in words)
        return f'<header class="mw-intro"><h1>{title}</h1>{story}</header>'

    def _alt(self, shown: Shown) -> str:
        return " ".join(self._said(f"alt.{key}", shown) for key in shown.alt)

    def _tables(self, shown: Shown) -> list[dict[str, Any]]:
        return [table.plain() for table in self._tabulate(shown)] if self._tabulate else []

    def _said(self, key: str, shown: Shown) -> str:
        # A number below zero has a minus sign, not a hyphen.
        return _HYPHEN.sub("\N{MINUS SIGN}", self.text.format(key, **shown.fields))

    def _rows(self, shown: Shown) -> list[dict[str, str]]:
        rows = []
        for name in self.text.keys("number"):
            if name not in shown.fields:
                raise AppError(f"{self.name} computes no number {name!r}; correct the text file.")
            value = shown.fields[name]
            key = "none" if value is None else "text"
            if isinstance(value, str) and value in self.text.keys(f"number.{name}"):
                key = value
            rows.append(
                {
                    "name": name,
                    "label": self.text[f"number.{name}.label"],
                    "text": self._said(f"number.{name}.{key}", shown),
                }
            )
        return rows

    def _ipython_display_(self) -> None:
        display({"text/html": self.intro(), "text/plain": self.text["title"]}, raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        display(
            {
                "application/vnd.jupyter.widget-view+json": view,
                # The first picture, for a page whose scripts are still on their way.
                "text/html": self.figure.still(),
                "text/plain": self.figure.alt,
            },
            raw=True,
        )
