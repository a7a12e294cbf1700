import base64
import io
import itertools
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


# What is left of linear red, green and blue: Machado, Oliveira & Fernandes 2009, severity 1
# (doi:10.1109/TVCG.2009.113).
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def lab(colour, blindness):
    """Return CIELAB lightness and colour as a person sees them."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(BLINDNESS[blindness] @ linear, 0, 1) / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def pairs():
    return list(itertools.combinations(plt.rcParams["axes.prop_cycle"].by_key()["color"], 2))


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_no_two_colours_look_alike_to_a_colour_blind_reader(blindness):
    """Side by side a difference of 2.3 is just seen; lines apart need several times as much."""
    for one, other in pairs():
        difference = np.linalg.norm(lab(one, blindness) - lab(other, blindness))
        assert difference > 15, f"{one} and {other} with {blindness}"


def test_no_two_lines_print_as_the_same_grey():
    for one, other in pairs():
        assert abs(lab(one, "none")[0] - lab(other, "none")[0]) > 6, f"{one} and {other}"


def test_words_in_a_figure_can_be_read():
    ground = luminance(plt.rcParams["axes.facecolor"])
    for name in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color"):
        contrast = (ground + 0.05) / (luminance(plt.rcParams[name]) + 0.05)
        assert contrast >= 4.5, name


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


@pytest.mark.parametrize("ground", ["white", "none", "#0072B280"])
def test_the_picture_has_the_pixels_that_matplotlib_saves(ground):
    fig, axes = plt.subplots(layout="none")
    axes.imshow(np.random.default_rng(1).random((9, 11)))
    fig.set_facecolor(ground)
    here = np.asarray(Image.open(io.BytesIO(figures.png(fig))))
    there = io.BytesIO()
    fig.savefig(there, dpi=2 * fig.dpi, facecolor=fig.get_facecolor())
    picture = Image.open(there).convert("RGBA")
    opaque = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    assert np.array_equal(here, np.asarray(opaque.convert("RGB")))
    plt.close(fig)


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
