import base64
import io
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from millwright_labs import figures
from millwright_labs.errors import FigureError
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image


@pytest.fixture(autouse=True)
def fresh_style():
    with plt.style.context("default"):
        figures.use_style()
        yield
    plt.close("all")


def chart():
    fig, ax = plt.subplots()
    ax.plot([0, 1], [20, 40])
    ax.set(xlabel="$t$ (s)", ylabel="$T_1$ (°C)")
    return fig


@pytest.fixture
def shown(displayed):
    return lambda fig, **text: displayed(figures.show, fig, **text)


def luminance(colour):
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_every_line_differs_in_colour_and_in_dashes():
    _, ax = plt.subplots()
    lines = [ax.plot([0, 1], [k, k])[0] for k in range(6)]
    assert len({line.get_color() for line in lines}) == 6
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == 6
    for line in lines:
        contrast = 1.05 / (luminance(line.get_color()) + 0.05)
        assert contrast >= 3.0, f"{line.get_color()} is too pale on white"


def test_a_figure_carries_its_alternative_text_its_caption_and_a_plain_picture(shown):
    data = shown(chart(), alt="Line chart. It rises.", caption="A rising line.").data
    page = data["text/html"]
    assert '<figure role="figure"' in page
    assert 'alt="Line chart. It rises."' in page
    name = re.search(r'aria-labelledby="([^"]+)"', page)[1]
    assert f'<figcaption id="{name}">A rising line.</figcaption>' in page
    assert data["text/plain"] == "[Figure: Line chart. It rises.]"
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_the_picture_has_two_pixels_for_each_pixel_of_the_page(shown):
    output = shown(chart(), alt="x")
    width, height = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).size
    assert f'width="{width // 2}" height="{height // 2}"' in output.data["text/html"]


def test_text_cannot_break_out_of_the_page(shown):
    nasty = "a < b & \"c\" </figure><script>alert('x')</script>"
    page = shown(chart(), alt=nasty, caption=nasty).data["text/html"]
    assert "<script" not in page
    assert page.count("</figure>") == 1


@pytest.mark.parametrize("alt", ["", "  ", "\n\t"])
def test_a_figure_without_alternative_text_is_refused(alt):
    fig = chart()
    with pytest.raises(FigureError, match="alternative text"):
        figures.show(fig, alt=alt)
    assert not plt.fignum_exists(fig.number), "a refused figure must not be shown by the front end"


def test_a_figure_is_shown_once(shown):
    fig = chart()
    shown(fig, alt="Line chart.")
    assert not plt.fignum_exists(fig.number)


def test_a_figure_is_the_same_bytes_each_time(shown):
    first, second = (shown(chart(), alt="x", caption="y").data["text/html"] for _ in range(2))
    assert first == second


def test_a_notebook_and_its_html_export_show_the_figure_once_with_its_text():
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "import matplotlib.pyplot as plt\n"
                "from millwright_labs import figures\n"
                "figures.use_style()\n"
                "fig, ax = plt.subplots()\n"
                "ax.plot([1, 2])\n"
                "figures.show(fig, alt='Line chart.', caption='Two points.')"
            )
        ]
    )
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    pictures = [
        output
        for output in notebook.cells[0].outputs
        if output.output_type in ("display_data", "execute_result")
    ]
    assert len(pictures) == 1
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert page.count("<figure") == 1
    assert 'alt="Line chart."' in page


def test_colour_maps_read_in_grey():
    greys = [luminance(c) for c in plt.get_cmap(plt.rcParams["image.cmap"])(np.linspace(0, 1, 9))]
    assert greys == sorted(greys)
