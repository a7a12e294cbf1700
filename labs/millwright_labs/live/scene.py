"""A matplotlib figure split in two: what stands still, and what moves.

The scene owns the figure. It draws the still part once at `PIXEL_RATIO` times its size on the
page, and on each change either records the moving artists as points (`strokes`) or draws them
over a copy of the still picture (`frame`). Both look the same.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from millwright_labs.errors import FigureError
from millwright_labs.figures import PIXEL_RATIO
from millwright_labs.live.recorder import NOTHING, Recorder

# A change of fewer pixels than this is not worth a new background.
_SMALLEST_RESIZE = 4
# On a phone a figure is at most this much taller than wide, so that the controls stay in sight.
_TALLEST = 1.1
# Narrower than a phone or wider than a lecture hall's screen means that the page is not laid out.
WIDTHS = (240, 2400)

# The quickest level: on one machine or a school's network the time to pack outweighs the bytes.
_PNG_LEVEL = 1


class Scene:
    """A figure of which some artists move.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure, complete with limits and labels. It is taken out of pyplot's hands.
    artists : mapping of str to Artist
        The artists that move: lines, bands made by ``fill_between``, points made by ``scatter``.
    """

    def __init__(self, fig: Figure, artists: Mapping[str, Artist]) -> None:
        plt.close(fig)
        for name, artist in artists.items():
            if not isinstance(artist, Line2D | FillBetweenPolyCollection | PathCollection):
                raise FigureError(
                    f"{name!r} is a {type(artist).__name__}, which cannot move. "
                    "Use a line (plot, step, axvline), a band (fill_between) or scatter."
                )
            artist.set_animated(True)
        self._page_dpi = fig.dpi
        self._height = fig.get_figheight() * fig.dpi
        self._fig = fig
        self._artists = dict(artists)
        fig.set_dpi(fig.dpi * PIXEL_RATIO)
        self._canvas = FigureCanvasAgg(fig)
        self._still: Any = None
        self._drawn_for: tuple[Any, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the background."""
        return self._canvas.get_width_height()

    @property
    def width(self) -> float:
        """Width on the page, in CSS pixels."""
        return self._fig.get_figwidth() * self._page_dpi

    def resize(self, width: float) -> bool:
        """Lay the figure out for another width on the page; return whether that changed it."""
        if not WIDTHS[0] <= width <= WIDTHS[1] or abs(width - self.width) < _SMALLEST_RESIZE:
            return False
        height = min(self._height, _TALLEST * width)
        self._fig.set_size_inches(width / self._page_dpi, height / self._page_dpi)
        return True

    def move(self, name: str, *data: Any) -> None:
        """Give an artist new data.

        Parameters
        ----------
        name : str
            The artist's name.
        *data : array_like
            ``x, y`` for a line or points, ``x, low, high`` for a band; x in the axes' units. NaN
            leaves a gap.

        Raises
        ------
        FigureError
            If the name is unknown or the arrays do not fit together.
        """
        if name not in self._artists:
            raise FigureError(
                f"Nothing called {name!r} moves in this figure; there are "
                f"{', '.join(map(repr, self._artists)) or 'no artists'}."
            )
        artist = self._artists[name]
        wanted = 3 if isinstance(artist, FillBetweenPolyCollection) else 2
        if len(data) != wanted:
            raise FigureError(f"{name!r} takes {wanted} arrays, not {len(data)}.")
        columns = [np.atleast_1d(np.asarray(column, dtype=float)) for column in data]
        try:
            columns = list(np.broadcast_arrays(*columns))
        except ValueError:
            lengths = ", ".join(str(len(column)) for column in columns)
            raise FigureError(
                f"The arrays for {name!r} have {lengths} values. Give arrays of one length."
            ) from None
        if isinstance(artist, Line2D):
            artist.set_data(columns[0], columns[1])
        elif isinstance(artist, FillBetweenPolyCollection):
            artist.set_data(columns[0], columns[1], columns[2])
        elif isinstance(artist, PathCollection):
            artist.set_offsets(np.column_stack(columns))

    def stale(self) -> bool:
        """Return whether limits or size changed since the background was drawn."""
        return self._drawn_for != self._state()

    def background(self) -> bytes:
        """Draw what stands still and return it as PNG."""
        self._canvas.draw()
        self._still = self._canvas.copy_from_bbox(self._fig.bbox)
        self._drawn_for = self._state()
        return self._png()

    def strokes(self) -> tuple[list[dict[str, Any]], bytes]:
        """Return how to draw what moves, and its points (float32 pairs, little-endian)."""
        if self.stale():
            self.background()
        recorder = Recorder(self._fig.bbox.height, self._fig.dpi)
        for artist in self._moving():
            artist.draw(recorder)
        points = np.concatenate([NOTHING, *recorder.points])
        return recorder.strokes, points.astype("<f4").tobytes()

    def frame(self) -> bytes:
        """Return the whole picture as PNG, drawn by matplotlib over the kept background."""
        if self.stale():
            self.background()
        self._canvas.restore_region(self._still)
        renderer = self._canvas.get_renderer()
        for artist in self._moving():
            artist.draw(renderer)
        return self._png()

    def _moving(self) -> list[Artist]:
        return sorted(self._artists.values(), key=lambda artist: artist.get_zorder())

    def _state(self) -> tuple[Any, ...]:
        limits = (tuple(axes.viewLim.extents) for axes in self._fig.axes)
        return (*self.size, *limits)

    def _png(self) -> bytes:
        buffer = io.BytesIO()
        picture = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        picture.save(buffer, "PNG", compress_level=_PNG_LEVEL)
        return buffer.getvalue()
