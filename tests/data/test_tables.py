"""What is loaded is what was published: counts, totals and fits from the literature."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from millwright_data import card, load, parts, store
from millwright_data.cards import cards, ids
from scipy import optimize

Loaded = Callable[..., pd.DataFrame]
PARTS = [(c.id, part) for c in cards() if not c.embedded for part in c.parts]


def weibull_mle(t: np.ndarray, failed: np.ndarray) -> tuple[float, float]:
    """Shape and scale from exact and right-censored lives (profile likelihood of the shape)."""

    def score(shape: float) -> float:
        weights = t**shape
        mean_log = np.log(t[failed]).mean()
        return (weights * np.log(t)).sum() / weights.sum() - 1 / shape - mean_log

    shape = optimize.brentq(score, 0.05, 50)
    return shape, (np.sum(t**shape) / failed.sum()) ** (1 / shape)


@pytest.mark.parametrize(("id", "part"), PARTS, ids=lambda value: value)
def test_every_part_has_its_documented_rows_and_units(id, part, loaded: Loaded) -> None:
    table = loaded(id, part)
    layout, chosen = card(id).part(part)
    assert len(table) == chosen.rows
    units = table.attrs["units"]
    for name in table.select_dtypes("number"):
        assert units[name], f"{name} has no unit"
    if layout.axis:
        assert units[layout.axis.name] == layout.axis.unit
        if not chosen.key:
            assert table.index.name == layout.axis.name
            assert table.index.is_monotonic_increasing
            assert table.index.is_unique
    assert table.attrs["card"]["id"] == id
    assert set(units) >= set(table.columns) | set(table.attrs["constants"])


def same(*values: float) -> object:
    return pytest.approx(list(values), rel=1e-3)


# Figures that a publisher or a paper prints, and how they come out of the tables.
PUBLISHED = [
    (
        "ai4i2020",
        None,
        lambda d: d[["machine_failure", "twf", "hdf", "pwf", "osf", "rnf"]].sum(),
        [339, 46, 115, 95, 98, 19],
    ),
    ("ai4i2020", None, lambda d: d["type"].value_counts()[["L", "M", "H"]], [6000, 2997, 1003]),
    ("carobd", "idle1", lambda d: [d.iloc[-1].isna().sum()], [11]),
    ("cmapss", "train_FD001", lambda d: [d.unit.nunique(), d.shape[1]], [100, 26]),
    ("cmapss", "train_FD002", lambda d: [d.unit.nunique()], [260]),
    ("cmapss", "train_FD004", lambda d: [d.unit.nunique()], [249]),
    ("cmapss", "test_FD004", lambda d: [d.unit.nunique()], [248]),
    ("cmapss", "RUL_FD004", lambda d: [len(d)], [248]),
    (
        "cnc-mill-tool-wear",
        "signals",
        lambda d: [len(d), d.experiment.nunique(), d.shape[1]],
        [25286, 18, 50],
    ),
    ("cnc-mill-tool-wear", "experiments", lambda d: [(d.tool_condition == "worn").sum()], [10]),
    ("coupled-electric-drives", None, lambda d: d[["u1", "u2", "u3"]].abs().max(), [1.0, 1.5, 0.5]),
    (
        "cwru-bearing",
        "normal",
        lambda d: [1 / d.index[1], d.attrs["constants"]["speed"]],
        same(48000, 1796),
    ),
    (
        "cwru-bearing",
        "IR007",
        lambda d: [1 / d.index[1], d.attrs["constants"]["speed"]],
        same(12000, 1797),
    ),
    ("debutanizer", None, lambda d: [d.min().max(), d.max().min()], [0, 1]),
    (
        "emps",
        "estimation",
        lambda d: [d.attrs["constants"]["drive_gain"], d.index[-1]],
        same(35.1507, 24.84),
    ),
    (
        "epa-udds",
        None,
        lambda d: [d.speed.max(), np.trapezoid(d.speed, d.index) / 3600],
        same(56.7, 7.45),
    ),
    (
        "femto-pronostia-features",
        None,
        lambda d: d[d.set == "Learning_set"].groupby("bearing").size(),
        [2803, 871, 911, 797, 515, 1637],
    ),
    ("gas-furnace-series-j", None, lambda d: d.mean(), same(-0.0568, 53.509)),
    (
        "gas-turbine-co-nox",
        "years",
        lambda d: d[["at", "co", "nox"]].mean(),
        same(17.7127, 2.3725, 65.2932),
    ),
    (
        "hydraulic-condition",
        "profile",
        lambda d: d.accumulator.value_counts()[[90, 100, 115, 130]],
        [808, 399, 399, 599],
    ),
    ("nasa-battery", "B0005_discharge", lambda d: d.capacity.iloc[[0, -1]], same(1.8565, 1.3251)),
    ("nasa-battery", "B0005_curves", lambda d: [len(d), d.discharge.nunique()], [50285, 168]),
    ("nasa-milling-vb", None, lambda d: [d.case.nunique(), d.vb.notna().sum()], [16, 146]),
    (
        "nims-steel-fatigue",
        None,
        lambda d: d.fatigue_strength.agg(["min", "mean", "max"]),
        same(225, 552.9, 1190),
    ),
    (
        "steel-industry-energy",
        None,
        lambda d: [d.energy.mean(), d.energy.max()],
        same(27.3869, 157.18),
    ),
    (
        "steel-plates-faults",
        None,
        lambda d: d.iloc[:, 27:].sum(),
        [158, 190, 391, 72, 55, 402, 673],
    ),
    ("tennessee-eastman", "d00", lambda d: [d.shape[1], d.index[-1]], same(52, 24.95)),
    (
        "uniwear",
        None,
        lambda d: d.groupby("experiment").size()[["c1", "c4", "c6"]],
        [2841, 2839, 2835],
    ),
    ("reliability-tables", "fan", lambda d: [(d.hours * d["count"]).sum()], [344440]),
    ("reliability-tables", "aircondit7", lambda d: [d.hours.mean()], same(64.125)),
]


@pytest.mark.parametrize(("id", "part", "count", "published"), PUBLISHED)
def test_published_figures_come_out(id, part, count, published, loaded: Loaded) -> None:
    assert list(count(loaded(id, part))) == published


def test_totals_over_several_parts(loaded: Loaded) -> None:
    assert sum(len(loaded("carobd", part)) for part in parts("carobd")) == 18648
    labelled = pd.concat([loaded("skab", part) for part in ("valve1", "valve2", "other")])
    assert (len(labelled), labelled.anomaly.sum(), labelled.changepoint.sum()) == (
        37401,
        13067,
        129,
    )
    assert len(loaded("gas-turbine-co-nox", "years")) == 36733


def test_stacked_records_keep_their_order_and_their_names(loaded: Loaded) -> None:
    signals = loaded("cnc-mill-tool-wear", "signals")
    assert list(signals.columns[:2]) == ["experiment", "time"]
    assert signals.experiment.is_monotonic_increasing
    assert signals.experiment.nunique() == 18
    curves = loaded("nasa-battery", "B0005_curves")
    assert curves.discharge.is_monotonic_increasing, "10 comes after 9"
    alone = loaded("cnc-mill-tool-wear", "experiment_10")
    stacked = signals[signals.experiment == 10]
    np.testing.assert_allclose(stacked.time, alone.index)
    np.testing.assert_array_equal(stacked.x_position, alone.x_position)


def test_the_energy_meter_reads_through_midnight(loaded: Loaded) -> None:
    energy = loaded("steel-industry-energy")
    midnight = energy.loc["2018-01-02 00:00"]
    assert midnight.stamp == "01-01-2018 00:00"
    assert midnight.nsm == 0
    printed = pd.to_datetime(energy.stamp, format="%d-%m-%Y %H:%M")
    late = energy.index - pd.DatetimeIndex(printed)
    assert set(late) == {pd.Timedelta(0), pd.Timedelta(days=1)}
    assert (late != pd.Timedelta(0)).sum() == 365


def test_a_transposed_file_is_turned(loaded: Loaded) -> None:
    train, test = loaded("tennessee-eastman", "d00"), loaded("tennessee-eastman", "d00_te")
    pd.testing.assert_series_equal(train.mean(), test.mean(), rtol=0.1)


def test_signals_of_other_machines_have_this_ones_byte_order(loaded: Loaded) -> None:
    assert all(dtype.isnative for dtype in loaded("hydraulic-actuator").dtypes)


@pytest.mark.parametrize(
    ("part", "shape", "scale"), [("bearingcage", 2.035, 11792), ("fan", 1.058, 26297)]
)
def test_weibull_fits_agree_with_meeker_and_escobar(part, shape, scale, loaded: Loaded) -> None:
    table = loaded("reliability-tables", part)
    table = table.loc[table.index.repeat(table["count"].astype(int))]
    failed = table.event.str.startswith("Fail").to_numpy()
    assert list(weibull_mle(table.hours.to_numpy(float), failed)) == same(shape, scale)


# -- what comes with the package -----------------------------------------------------


@pytest.fixture
def bare(tmp_path, monkeypatch) -> None:
    """No mirror, no network, and a cache that cannot be made."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(store.CACHE_VARIABLE, str(tmp_path / "file/cache"))
    monkeypatch.setenv(store.MIRROR_VARIABLE, "http://127.0.0.1:9")


def test_bearing_lives_need_nothing_and_give_the_published_fit(bare) -> None:
    lives = load("ball-bearing-lives").life.to_numpy()
    assert len(lives) == 23
    shape, scale = weibull_mle(lives, np.ones(23, dtype=bool))
    assert round(shape, 3) == 2.102
    assert round(scale, 2) == 81.88


def test_shock_absorbers_keep_the_vehicles_that_still_run(bare) -> None:
    table = load("shock-absorber-lives")
    assert (len(table), table.failed.sum()) == (38, 11)
    assert table.failed.dtype == bool
    shape, scale = weibull_mle(table.distance.to_numpy(float), table.failed.to_numpy())
    # Meeker and Escobar (1998), example 3.8: mu 10.230 and sigma 0.3164 of the logarithm.
    assert [np.log(scale), 1 / shape] == same(10.230, 0.3164)


def test_the_reprint_differs_in_one_bearing(loaded: Loaded) -> None:
    original = load("ball-bearing-lives").life
    reprint = loaded("reliability-tables", "lzbearing").megacycles
    differ = original != reprint
    assert (original[differ].tolist(), reprint[differ].tolist()) == ([48.48], [48.40])
    provenance = card("ball-bearing-lives").provenance
    assert "48.40" in provenance
    assert "Caroni" in provenance


def test_the_two_tables_of_shock_absorbers_agree(loaded: Loaded) -> None:
    ours, other = load("shock-absorber-lives"), loaded("reliability-tables", "shockabsorber")
    assert ours.distance.tolist() == other.distance.tolist()
    assert ours.failed.tolist() == (other.event == "Failure").tolist()


@pytest.mark.parametrize("id", [id for id in ids() if card(id).embedded])
def test_each_load_is_a_table_of_its_own(id, bare) -> None:
    first = load(id)
    first.iloc[0, 0] = -1
    first.attrs["units"].clear()
    assert load(id).iloc[0, 0] > 0
    assert load(id).attrs["units"]
