"""Figures that move: matplotlib draws the axes once, the lines follow a control at once.

`LiveFigure` sends the axes, ticks and labels to the browser as one background picture and then
only the points of what moves; a small canvas draws them with matplotlib's colours, dashes and
markers. `LiveImage` has the same interface and sends whole pictures instead, for places where a
page may run no script of its own. Both carry an alternative text that follows the data.
"""

from millwright_labs.live.figure import LiveFigure, LiveImage
from millwright_labs.live.scene import Scene

__all__ = ["LiveFigure", "LiveImage", "Scene"]
