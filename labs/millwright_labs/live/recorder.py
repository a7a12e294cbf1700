"""A matplotlib renderer that writes down what is drawn instead of drawing it.

It promises that paths and markers come out as Agg would draw them (colours, widths, dashes,
clipping, flattened curves), as plain numbers that another canvas can draw. Text and images are
left to the background picture.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.path import Path
from matplotlib.transforms import Transform

POINTS_PER_INCH = 72

# The names that an HTML canvas gives to matplotlib's line ends.
_CAPS = {"butt": "butt", "round": "round", "projecting": "square"}

NOTHING = np.empty((0, 2))


class Recorder(RendererBase):
    """Collects strokes.

    Parameters
    ----------
    height : float
        Height of the figure in pixels: matplotlib counts from the bottom, a canvas from the top.
    dpi : float
        Pixels per inch, for widths given in points.

    Attributes
    ----------
    strokes : list of dict
        One entry for each path or set of markers, in drawing order: colours as CSS, widths and
        dashes in pixels, the clipping box, and how many rows of `points` it owns: `marker` for
        the outline of its marker (0: a path), then `count` for the path or the markers' places.
    points : list of ndarray
        The pixels, float32, shape (n, 2), in the same order; a row of NaN lifts the pen.
    """

    def __init__(self, height: float, dpi: float) -> None:
        super().__init__()
        self._height = height
        self._pixels = dpi / POINTS_PER_INCH
        self.strokes: list[dict[str, Any]] = []
        self.points: list[np.ndarray] = []

    def points_to_pixels(self, points: Any) -> Any:
        """Return a length in points as pixels."""
        return points * self._pixels

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,
    ) -> None:
        """Write down one path."""
        # Agg, too, thins out open lines of many points, and never filled ones.
        simplify = path.should_simplify and rgbFace is None
        pixels = self._flip(_outline(path, transform, simplify=simplify))
        self._add(gc, pixels, rgbFace)

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,
    ) -> None:
        """Write down one marker's outline and the places where it stands."""
        places = np.asarray(trans.transform(path.vertices))
        places = self._flip(places[np.isfinite(places).all(axis=1)])
        outline = _outline(marker_path, marker_trans) * (1, -1)
        self._add(gc, places, rgbFace, outline)

    def _flip(self, pixels: np.ndarray) -> np.ndarray:
        return np.column_stack((pixels[:, 0], self._height - pixels[:, 1]))

    def _add(
        self,
        gc: GraphicsContextBase,
        pixels: np.ndarray,
        face: Any,
        marker: np.ndarray = NOTHING,
    ) -> None:
        if not len(pixels):
            return
        width = self.points_to_pixels(gc.get_linewidth())
        offset, dashes = cast(tuple[float, list[float] | None], gc.get_dashes())
        clip = None
        if (box := gc.get_clip_rectangle()) is not None:
            clip = [box.x0, self._height - box.y1, box.width, box.height]
        self.strokes.append(
            {
                "count": len(pixels),
                "stroke": _css(gc.get_rgb()) if width > 0 else None,
                "fill": None if face is None else _css(_with_alpha(face, gc)),
                "width": width,
                "dashes": [self.points_to_pixels(dash) for dash in dashes or ()],
                "offset": self.points_to_pixels(offset or 0),
                "cap": _CAPS[gc.get_capstyle()],
                "join": gc.get_joinstyle(),
                "clip": clip,
                "marker": len(marker),
            }
        )
        self.points += [marker.astype(np.float32), pixels.astype(np.float32)]


def _outline(path: Path, transform: Transform, simplify: bool = False) -> np.ndarray:
    """Return a path's corners in pixels, curves flattened, NaN between separate pieces."""
    clean = path.cleaned(transform, remove_nans=True, simplify=simplify)
    pieces: list[np.ndarray] = []
    for piece in clean.to_polygons(closed_only=False):
        if pieces:
            pieces.append(np.full((1, 2), np.nan))
        pieces.append(np.asarray(piece))
    return np.concatenate(pieces) if pieces else NOTHING


def _with_alpha(face: Any, gc: GraphicsContextBase) -> tuple[float, float, float, float]:
    red, green, blue, *alpha = face
    return red, green, blue, (gc.get_alpha() if gc.get_forced_alpha() or not alpha else alpha[0])


def _css(rgba: Any) -> str:
    red, green, blue, *alpha = (float(part) for part in rgba)
    red, green, blue = (round(255 * part) for part in (red, green, blue))
    return f"rgba({red}, {green}, {blue}, {alpha[0] if alpha else 1.0:.3g})"
