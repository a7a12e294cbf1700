"""Figures that everybody can read: one style, and an alternative text on every picture.

`use_style` sets matplotlib's look for a whole notebook. `show` puts a matplotlib figure on the
page as an HTML ``<figure>`` with alternative text and caption, sharp on high-density screens,
and refuses a figure without alternative text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import struct
import zlib
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image

from millwright_labs.errors import FigureError

# Pixels drawn for each pixel of the page: sharp where the screen has two device pixels to one.
PIXEL_RATIO = 2

# A third larger than the default, in a quarter of the time: pictures are many, and short-lived.
PNG_COMPRESSION = 1

STYLE = "millwright_labs.millwright"


def use_style() -> None:
    """Draw every later figure of this process in the common style.

    Lines take a colour-blind-safe colour and a line style of their own, in this order:
    blue solid, vermilion dashed, green dash-dotted, black dotted, purple long-dashed,
    brown dash-dot-dotted.
    """
    plt.style.use(STYLE)


def png(fig: Figure) -> bytes:
    """Return the figure as PNG at `PIXEL_RATIO` times its size on the page, on opaque ground.

    `Figure.savefig` would draw it twice, the first time for its extent alone.
    """
    dpi, canvas = fig.dpi, fig.canvas
    try:
        fig.dpi = dpi * PIXEL_RATIO
        agg = FigureCanvasAgg(fig)
        agg.draw()
        pixels = np.asarray(agg.buffer_rgba())
    finally:
        fig.dpi = dpi
        fig.set_canvas(canvas)
    if to_rgba(fig.get_facecolor())[3] < 1:
        picture = Image.fromarray(pixels)
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        pixels = np.asarray(picture)
    return _encoded(pixels[:, :, :3])


def _encoded(pixels: np.ndarray) -> bytes:
    """Return pixels of shape (height, width, 3) as PNG (ISO/IEC 15948), its rows unfiltered.

    Libraries try every filter on every row, which takes as long as drawing a line chart, and makes
    such a picture no smaller.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter: 0, none
    rows[:, 1:].reshape(pixels.shape)[:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a colour, RGB
    parts = {
        b"IHDR": header,
        b"IDAT": zlib.compress(rows.data, PNG_COMPRESSION),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def bundle(fig: Figure, alt: str, caption: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `show` displays: data and metadata by MIME type.

    ``text/html`` carries the accessible figure, ``image/png`` the same picture for readers that
    show no HTML (a LaTeX export), ``text/plain`` the alternative text.

    Raises
    ------
    FigureError
        If `alt` is empty.
    """
    alt, caption = " ".join(alt.split()), " ".join(caption.split())
    if not alt:
        raise FigureError(
            "This figure has no alternative text. Say in alt=... what a reader who cannot see it "
            "must know: the kind of chart, what is on the axes, what happens."
        )
    picture = png(fig)
    data = base64.b64encode(picture).decode("ascii")
    width = round(fig.get_figwidth() * fig.dpi)
    height = round(fig.get_figheight() * fig.dpi)
    image = (
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" '
        f'width="{width}" height="{height}" style="max-width: 100%; height: auto;">'
    )
    label, text = "", ""
    if caption:
        name = "figure-" + hashlib.sha256(picture + caption.encode()).hexdigest()[:12]
        label = f' aria-labelledby="{name}"'
        text = f'<figcaption id="{name}">{html.escape(caption)}</figcaption>'
    page = f'<figure role="figure"{label} style="margin: 0.5em 0;">{image}{text}</figure>'
    return (
        {"text/html": page, "image/png": data, "text/plain": f"[Figure: {alt}]"},
        {"image/png": {"alt": alt, "width": width, "height": height}},
    )


def show(fig: Figure, *, alt: str, caption: str = "") -> None:
    """Show a matplotlib figure with its alternative text, then close it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Any figure; it is closed, so that no front end shows it a second time.
    alt : str
        What the figure shows, for a reader who cannot see it. Must not be empty.
    caption : str, optional
        The line under the figure. Plain text; mathematics between dollar signs.

    Raises
    ------
    FigureError
        If `alt` is empty. The figure is closed all the same.
    """
    try:
        data, metadata = bundle(fig, alt, caption)
    finally:
        plt.close(fig)
    display(data, metadata=metadata, raw=True)
