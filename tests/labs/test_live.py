import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from comm import DummyComm
from matplotlib.backends.backend_agg import FigureCanvasAgg
from millwright_labs import figures
from millwright_labs.errors import FigureError
from millwright_labs.live import LiveFigure, LiveImage, Scene
from PIL import Image

T = np.linspace(0.0, 10.0, 50)


@pytest.fixture(autouse=True)
def common_style():
    with plt.style.context("default"):
        figures.use_style()
        yield
    plt.close("all")


def chart():
    """Return a figure with one of everything that can move."""
    fig, ax = plt.subplots()
    (line,) = ax.plot(T, 20 + T, label="$T_1$")
    (goal,) = ax.plot(T, np.full_like(T, 25.0), label="$r$")
    (dots,) = ax.plot(T[::10], 20 + T[::10], "o", label="$y$")
    band = ax.fill_between(T, 19 + T, 21 + T, alpha=0.2)
    cloud = ax.scatter(T[::5], 30 - T[::5], marker="x")
    now = ax.axvline(5.0)
    ax.set(xlabel="$t$ (s)", ylabel="$T$ (°C)", xlim=(0, 10), ylim=(15, 35))
    ax.legend(loc="lower right")
    return fig, {
        "line": line,
        "goal": goal,
        "dots": dots,
        "band": band,
        "cloud": cloud,
        "now": now,
    }


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def drawn_by_matplotlib(fig):
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


def messages(widget, action):
    """Return the state messages that an action sends to the browser."""
    sent = []
    # A comm that belongs to no kernel, as ipykernel's are here once something has loaded it, is
    # never asked to send.
    widget.comm = DummyComm()
    widget.comm.send = lambda data=None, buffers=None, **_: sent.append((data, buffers))
    action()
    return [data["state"] for data, _ in sent if data["method"] == "update"]


def test_a_frame_is_what_matplotlib_draws():
    fig, lines = chart()
    live = LiveFigure(fig, lines, alt="Chart.")
    live.update({"line": (T, 34 - T), "band": (T, 18 + T, 22 + T), "cloud": (T, 20 + 0 * T)})
    frame = pixels(live.png())
    for artist in lines.values():
        artist.set_animated(False)
    whole = drawn_by_matplotlib(fig)
    # Legend and frame of the axes lie under the moving artists here and over them there.
    box = fig.axes[0].bbox.padded(-6)
    legend = fig.axes[0].get_legend().get_window_extent().padded(6)
    rows, columns = np.indices(whole.shape[:2])
    places = np.column_stack((columns.ravel(), whole.shape[0] - rows.ravel()))
    inside = [box.contains(x, y) and not legend.contains(x, y) for x, y in places]
    assert sum(inside) > 300_000
    assert np.abs(frame - whole).max(axis=2).ravel()[inside].max() == 0


def test_the_background_holds_nothing_that_moves():
    fig, lines = chart()
    still = LiveFigure(fig, lines, alt="Chart.").background
    fig, lines = chart()
    for name in lines:
        lines[name].set_visible(False)
    for artist in lines.values():
        artist.set_animated(True)
    scene = Scene(fig, {})
    assert np.array_equal(pixels(still), pixels(scene.background()))


def test_strokes_keep_matplotlibs_look():
    fig, lines = chart()
    scene = Scene(fig, {name: lines[name] for name in ("line", "goal", "dots")})
    (line, goal, dots), points = scene.strokes()
    assert line["stroke"] == "rgba(0, 114, 178, 1)"
    assert goal["stroke"] == "rgba(211, 92, 0, 1)"
    assert line["dashes"] == []
    assert len(goal["dashes"]) == 2
    assert line["width"] == pytest.approx(1.8 * 200 / 72)
    assert line["marker"] == goal["marker"] == 0
    assert dots["marker"] > 8
    assert dots["count"] == 5
    assert len(points) == 8 * sum(s["marker"] + s["count"] for s in (line, goal, dots))
    box = fig.axes[0].bbox
    height = scene.size[1]
    assert line["clip"] == pytest.approx([box.x0, height - box.y1, box.width, box.height])


def test_points_stand_where_the_axes_say():
    fig, ax = plt.subplots()
    (dots,) = ax.plot([1.0], [100.0], "s")
    ax.set(xscale="log", yscale="log", xlim=(0.1, 10), ylim=(10, 1000))
    scene = Scene(fig, {"dots": dots})
    _, points = scene.strokes()
    box = ax.bbox
    middle = ((box.x0 + box.x1) / 2, scene.size[1] - (box.y0 + box.y1) / 2)
    assert np.frombuffer(points, "<f4")[-2:] == pytest.approx(middle, abs=0.01)


@pytest.mark.parametrize("gap", [np.nan, np.inf])
def test_a_gap_in_the_data_lifts_the_pen(gap):
    fig, ax = plt.subplots()
    (line,) = ax.plot([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    scene = Scene(fig, {"line": line})
    scene.move("line", [0, 1, 2, 3, 4], [0, 1, gap, 3, 4])
    ((stroke,), points) = scene.strokes()
    points = np.frombuffer(points, "<f4").reshape(-1, 2)
    assert stroke["count"] == 5
    assert np.isnan(points[2]).all()
    assert np.isfinite(points[[0, 1, 3, 4]]).all()


def test_nothing_to_draw_is_no_error():
    fig, lines = chart()
    live = LiveFigure(fig, lines, alt="Chart.")
    live.update({name: ([], []) for name in ("line", "goal", "dots", "cloud")}, alt="Empty.")
    live.update({"band": ([], [], [])})
    assert [stroke["count"] for stroke in live.strokes] == [2]


def test_a_move_is_one_message_without_background():
    fig, lines = chart()
    live = LiveFigure(fig, lines, alt="It rises.")
    (state,) = messages(live, lambda: live.update({"line": (T, 30 - T)}, alt="It falls."))
    assert "background" not in state
    assert state["alt"] == "It falls."


def test_new_limits_or_a_new_width_redraw_the_background_once():
    fig, lines = chart()
    live = LiveFigure(fig, lines, alt="Chart.")
    fig.axes[0].set_ylim(0, 50)
    before = live.background
    live.update({"line": (T, 30 - T)})
    assert live.background != before
    before = live.background
    live.update({"line": (T, 20 + T)})
    assert live.background is before
    live.width = 360.0
    assert live.background != before
    width, height = Image.open(io.BytesIO(live.background)).size
    assert width == 720
    assert height == 720


@pytest.mark.parametrize("width", [0.0, 12.0, 1e9, 701.0])
def test_a_width_that_is_none_changes_nothing(width):
    fig, lines = chart()
    live = LiveFigure(fig, lines, alt="Chart.")
    before = live.background
    live.width = width
    assert live.background == before


def test_the_still_picture_carries_the_alternative_text():
    fig, lines = chart()
    live = LiveFigure(fig, lines, alt='Below 25 °C & "safe".')
    assert 'alt="Below 25 °C &amp; &quot;safe&quot;."' in live.still()


def test_pictures_for_pages_without_scripts_look_the_same():
    one, other = (kind(*chart(), alt="Chart.") for kind in (LiveFigure, LiveImage))
    for live in (one, other):
        live.update({"line": (T, 34 - T)}, alt="It falls.")
    assert np.array_equal(pixels(one.png()), pixels(other.value))
    assert one.alt == other.alt == other.tooltip == "It falls."


def test_the_front_end_does_not_show_the_figure_a_second_time():
    fig, lines = chart()
    LiveFigure(fig, lines, alt="Chart.")
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("moves", "alt", "message"),
    [
        ({"lime": (T, T)}, None, "Nothing called 'lime' moves.*'line'"),
        ({"line": (T, T[:-1])}, None, "'line' have 50, 49 values"),
        ({"line": (T,)}, None, "'line' takes 2 arrays, not 1"),
        ({"band": (T, T)}, None, "'band' takes 3 arrays, not 2"),
        ({"line": (T, T)}, " ", "no alternative text"),
    ],
)
def test_a_slip_gets_one_clear_error(moves, alt, message):
    fig, lines = chart()
    live = LiveFigure(fig, lines, alt="Chart.")
    with pytest.raises(FigureError, match=message):
        live.update(moves, alt=alt)


def test_what_cannot_move_is_refused():
    fig, ax = plt.subplots()
    with pytest.raises(FigureError, match="'bars' is a BarContainer"):
        LiveFigure(fig, {"bars": ax.bar([1], [1])}, alt="Chart.")


@pytest.mark.parametrize("kind", [LiveFigure, LiveImage])
def test_a_live_figure_without_alternative_text_is_refused(kind):
    fig, lines = chart()
    with pytest.raises(FigureError, match="no alternative text"):
        kind(fig, lines, alt="")
