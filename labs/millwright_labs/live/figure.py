"""The two widgets that show a `Scene`: a canvas, and a plain picture where scripts cannot run."""

from __future__ import annotations

import base64
import html
import pathlib
from collections.abc import Mapping
from typing import Any

import anywidget
import ipywidgets
import traitlets
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from millwright_labs.errors import FigureError
from millwright_labs.live.scene import Scene

# What `update` takes: new data for some of the artists.
Moves = Mapping[str, tuple[Any, ...]]


class LiveFigure(anywidget.AnyWidget):
    """A matplotlib figure whose lines follow the data at once.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure, complete with limits, labels and legend.
    lines : mapping of str to Artist
        What moves, by a name of your choice: lines, ``fill_between`` bands, ``scatter`` points.
    alt : str
        What the figure shows now, for a reader who cannot see it.
    caption : str, optional
        The line under the figure; say there what the symbols in the legend mean.

    Examples
    --------
    >>> fig, ax = plt.subplots()
    >>> (line,) = ax.plot(t, y)
    >>> live = LiveFigure(fig, lines={"y": line}, alt="Line chart. ...")
    >>> live.update({"y": (t, 2 * y)}, alt="Line chart. ...")

    Notes
    -----
    The axes are drawn anew only when a limit or the figure's width on the page changes; that takes
    a tenth of a second or two, a move takes milliseconds.
    """

    _esm = pathlib.Path(__file__).parent / "figure.js"

    background = traitlets.Bytes().tag(sync=True)
    strokes = traitlets.List(traitlets.Dict()).tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    # The width that the page gives the figure, in CSS pixels; the browser reports it.
    width = traitlets.Float().tag(sync=True)

    def __init__(
        self, fig: Figure, lines: Mapping[str, Artist], alt: str, caption: str = "", **kwargs: Any
    ) -> None:
        self._scene = Scene(fig, lines)
        background = self._scene.background()
        strokes, points = self._scene.strokes()
        super().__init__(
            background=background,
            strokes=strokes,
            points=points,
            alt=_checked(alt),
            caption=caption,
            width=self._scene.width,
            **kwargs,
        )

    def update(self, moves: Moves, alt: str | None = None) -> None:
        """Move some of the lines; the page changes once.

        Parameters
        ----------
        moves : mapping of str to tuple of array_like
            ``(x, y)`` for a line or points, ``(x, low, high)`` for a band.
        alt : str, optional
            What the figure shows now. Leave it out only where the words stay true.

        Raises
        ------
        FigureError
            If a name is unknown, arrays do not fit together, or `alt` is empty.
        """
        for name, data in moves.items():
            self._scene.move(name, *data)
        self._refresh(alt)

    def redraw(self) -> None:
        """Draw the background anew, after a change that moves no limit (a title, a tick)."""
        self._refresh(None, background=self._scene.background())

    def png(self) -> bytes:
        """Return the picture as it is now, drawn by matplotlib."""
        return self._scene.frame()

    def still(self) -> str:
        """Return the picture as it is now as HTML, for pages that are not alive (yet)."""
        data = base64.b64encode(self.png()).decode("ascii")
        width, height = self._scene.size
        return (
            f'<img alt="{html.escape(self.alt)}" width="{width}" '
            f'height="{height}" style="max-width: 100%; height: auto;" '
            f'src="data:image/png;base64,{data}">'
        )

    def _refresh(self, alt: str | None, background: bytes | None = None) -> None:
        if background is None and self._scene.stale():
            background = self._scene.background()
        strokes, points = self._scene.strokes()
        with self.hold_sync():
            if background is not None:
                self.background = background
            self.strokes, self.points = strokes, points
            if alt is not None:
                self.alt = _checked(alt)

    @traitlets.observe("width")
    def _lay_out(self, change: Any) -> None:
        if self._scene.resize(change.new):
            self._refresh(None)


class LiveImage(ipywidgets.Image):
    """The same figure as whole pictures; takes the same arguments as `LiveFigure`.

    ``ipywidgets.Image`` has no alternative text; its tooltip becomes the image's title, from
    which a screen reader takes the name.
    """

    def __init__(self, fig: Figure, lines: Mapping[str, Artist], alt: str, **kwargs: Any) -> None:
        self._scene = Scene(fig, lines)
        super().__init__(
            value=self._scene.frame(),
            format="png",
            tooltip=_checked(alt),
            layout={"width": f"{self._scene.width:.0f}px", "max_width": "100%", "height": "auto"},
            **kwargs,
        )

    @property
    def alt(self) -> str:
        """What the figure shows now."""
        return self.tooltip

    def update(self, moves: Moves, alt: str | None = None) -> None:
        """Move some of the lines, as `LiveFigure.update` does."""
        for name, data in moves.items():
            self._scene.move(name, *data)
        with self.hold_sync():
            self.value = self._scene.frame()
            if alt is not None:
                self.tooltip = _checked(alt)

    def png(self) -> bytes:
        """Return the picture as it is now."""
        return self._scene.frame()


def _checked(alt: str) -> str:
    alt = " ".join(alt.split())
    if not alt:
        raise FigureError(
            "This live figure has no alternative text. Say in alt=... what it shows now, and "
            "give update a new one when the data change."
        )
    return alt
