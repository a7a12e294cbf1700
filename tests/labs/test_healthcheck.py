import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from millwright_labs import healthcheck as h
from millwright_labs import tables
from millwright_labs.errors import TableError
from statsmodels.datasets import nile


def table(head, rows, sep=","):
    return "\n".join([head, *(sep.join(map(str, row)) for row in rows)]).encode()


def log(n=60, y=None):
    y = np.round(20 + np.sin(np.arange(n)), 3) if y is None else y
    return [[k, value] for k, value in enumerate(y)]


# Reading


@pytest.mark.parametrize(
    ("head", "stamp"),
    [
        ("time", lambda k: f"2026-11-22T08:{k:02}:00"),
        ("time", lambda k: f"2026-11-22 08:{k:02}:00.000"),
        ("time", lambda k: f"2026-11-22T08:{k:02}:00+02:00"),
        ("when", lambda k: f"22.11.2026 08:{k:02}"),
        ("when", lambda k: f"22/11/2026 08:{k:02}:00"),
        ("when", lambda k: f"11/22/2026 08:{k:02}:00"),
        ("when", lambda k: f"2026/11/22 08:{k:02}"),
        ("时间", lambda k: f"2026年11月22日 08:{k:02}:00"),
        ("date,clock", lambda k: f"2026-11-22,08:{k:02}:00"),
        ("time", lambda k: f"08:{k:02}:00"),
        ("t", lambda k: 60 * k),
        ("time (min)", lambda k: k),
        ("timestamp [ms]", lambda k: 60_000 * k),
        ("timestamp", lambda k: 1_795_334_400 + 60 * k),
        ("timestamp", lambda k: 1_795_334_400_000 + 60_000 * k),
        ("t / h", lambda k: k / 60),
    ],
)
def test_times_are_understood(head, stamp):
    record = h.read(table(f"{head},T (°C)", [[stamp(k), 20 + k % 3] for k in range(30)]))
    np.testing.assert_allclose(record.t, 60.0 * np.arange(30), atol=1e-6)
    assert record.names == ("T",)
    assert record.units == ("°C",)


def test_days_and_months_are_told_apart_by_the_way_time_goes():
    days = pd.date_range("2026-01-01", periods=40, freq="D")
    for form in ("%d/%m/%Y", "%m/%d/%Y"):
        record = h.read(table("date,x", [[day.strftime(form), k] for k, day in enumerate(days)]))
        np.testing.assert_allclose(record.t, 86400.0 * np.arange(40))


@pytest.mark.parametrize(
    ("lines", "names", "units"),
    [
        (["t,p [bar],T（℃）"], ("p", "T"), ("bar", "℃")),
        (["t,p,T", "s,bar,°C"], ("p", "T"), ("bar", "°C")),
        (["Pump 7", "t,p,T", "[s],[bar],[°C]"], ("p", "T"), ("bar", "°C")),
        (["t,,T"], ("#2", "T"), ("", "")),
    ],
)
def test_heads_with_and_without_units(lines, names, units):
    record = h.read(table("\n".join(lines), [[k, k % 5, k % 7] for k in range(30)]))
    assert (record.names, record.units) == (names, units)


def test_missing_values_and_columns_of_words_are_no_error():
    rows = [[k, "NA" if k == 3 else "" if k == 4 else k, "ok"] for k in range(30)]
    record = h.read(table("t,x,state", rows))
    assert np.isnan(record.values[:, 0]).sum() == 2
    assert record.left_out == ("state",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (table("t,x", log()[:1]), "1 line of data"),
        (table("t,x", log()[:19]), "19 lines of data"),
        (table("t,x", []), "no line of data"),
        (table("a,b", log()), "No column holds the time"),
        (table("t,state", [[k, "ok"] for k in range(30)]), "no column holds numbers"),
        (table("t,x", [*log(30), [30, "err"]]), "Line 32, column “x”: “err” is no number"),
        (table("t,x", [*log(30), [30, "1.2.3"]]), "Line 32, column “x”"),
        (table("t,x", [*log(30), [30, "1e31"]]), "Line 32, column “x”: 1e31 is larger"),
        (table("t,x", [*log(30), ["noon", 3]]), "Line 32, column “t”: “noon” is no time"),
        (table("t,x", [*log(30), ["", 3]]), "Line 32, column “t”"),
        (
            table("when,x", [[f"2026-11-{k + 1:02}", 1 + k % 2] for k in range(31)]),
            "Line 32, column “when”: “2026-11-31”",
        ),
        (table("t,x", [[5, k] for k in range(30)]), "All time stamps are the same"),
        (table("t,x", [[k, k if k < 5 else ""] for k in range(30)]), "only 5 values"),
        (table("t" + 41 * ",x", [[k] * 42 for k in range(30)]), "41 columns"),
        (table("t,x", [*log(30), [30, 3, 4]]), "Line 32 has 3 fields"),
        (b"hello world", "no line of data"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_checked_gets_one_message(data, message):
    with pytest.raises(TableError) as refused:
        h.read(data)
    assert message in str(refused.value)


# Time stamps, plausibility


def test_wrong_time_stamps_are_counted():
    t = np.array([0, 1, 2, 2, 3, 4, 10, 9, 10, 11, 12.5, 13.5, 14.5])
    found = h.check_times(t)
    assert (found.step, found.duplicate, found.backward, found.gaps) == (1.0, 1, 1, 1)
    assert found.longest == 6.0
    assert found.irregular == pytest.approx(1 / 9)


def column(y, unit="", **settings):
    y = np.asarray(y, dtype=float)
    record = h.Record(np.arange(len(y), dtype=float), y[:, None], ("x",), (unit,))
    return h.check(record, 0, **settings)


def test_codes_and_values_that_a_unit_forbids_are_impossible_and_others_are_not():
    rng = np.random.default_rng(1)
    y = 50 + rng.normal(size=300)
    y[[5, 6]] = -9999, 120
    assert np.flatnonzero(column(y, "%").impossible).tolist() == [5, 6]
    assert np.flatnonzero(column(y, "bar").impossible).tolist() == [5]
    # 999 is a code only where it is far from everything else.
    near = 990 + 10 * rng.normal(size=300)
    near[7] = 999
    assert not column(near).impossible.any()
    assert column(np.where(np.arange(300) == 9, -300.0, y), "°C").impossible[9]


def test_spikes_are_found_where_they_were_put_and_a_step_is_none():
    rng = np.random.default_rng(2)
    y = rng.normal(size=500) + np.where(np.arange(500) < 250, 0, 30)
    at = [40, 141, 333, 460]
    y[at] += [12, -15, 20, -12]
    assert np.flatnonzero(column(y).spike).tolist() == at


def test_the_scale_of_white_noise_is_its_standard_deviation():
    y = np.random.default_rng(3).normal(scale=2.5, size=20_000)
    assert h.running_median(y)[1] == pytest.approx(2.5, rel=0.02)


def test_a_stuck_sensor_is_told_from_a_coarse_one():
    rng = np.random.default_rng(4)
    y = rng.normal(size=400)
    y[100:160] = y[99]
    stuck = column(y).stuck
    assert stuck[100:160].all()
    assert stuck.sum() == 60
    coarse = np.repeat(rng.integers(0, 9, 20), 20)
    assert not column(coarse).stuck.any()
    assert column(np.full(100, 4.0)).stuck.sum() == 99


# Changes


def every_partition(n, least):
    for count in range(n // least):
        for cuts in itertools.combinations(range(least, n - least + 1), count):
            edges = [0, *cuts, n]
            if all(b - a >= least for a, b in itertools.pairwise(edges)):
                yield edges


@pytest.mark.parametrize("seed", range(4))
def test_the_partition_is_the_best_of_all_there_are(seed):
    """Against every partition, each line fitted by numpy."""
    rng = np.random.default_rng(seed)
    n = 14
    t = np.sort(rng.uniform(0, 10, n))
    y = rng.normal(size=n) + np.where(t > 4, 3 * (t - 4), 0) - 8 * (t > 7)
    variance = (1.4826 * np.median(np.abs(np.diff(y, 2)))) ** 2 / 6
    price = 1.0

    def cost(edges):
        errors = 0.0
        for a, b in itertools.pairwise(edges):
            line = np.polyval(np.polyfit(t[a:b], y[a:b], 1), t[a:b])
            errors += ((y[a:b] - line) ** 2).sum()
        return errors / variance + price * 3 * np.log(n) * (len(edges) - 2)

    best = min(every_partition(n, 3), key=cost)
    assert h.partition(t, y, price, segment=3).tolist() == best[1:-1]


def test_the_nile_changed_when_the_dam_was_begun():
    """Cobb 1978: one change, after 1898."""
    flow = nile.load_pandas().data
    years = flow["year"].to_numpy(float)
    (cut,) = h.partition(years, flow["volume"].to_numpy(), price=1.0)
    assert years[cut] == pytest.approx(1899, abs=1)


def test_noise_alone_hardly_ever_changes():
    rng = np.random.default_rng(5)
    t = np.arange(200.0)
    found = sum(len(h.partition(t, 0.1 * t + rng.normal(size=200), 3.0)) > 0 for _ in range(40))
    assert found <= 1


# Trends


def test_slope_interval_and_crossing_agree_with_statsmodels_where_errors_are_white():
    rng = np.random.default_rng(6)
    t = np.arange(80.0)
    noise = rng.normal(size=80)
    # No positive correlation: then nothing widens the interval.
    noise = noise - 0.3 * np.roll(noise, 1)
    y = 5 + 0.2 * t + noise
    limit = 40.0
    found = h.trend(t, y, limit)
    model = sm.OLS(y, sm.add_constant(t)).fit()
    low, high = model.conf_int(1 - h.CONFIDENCE)[1]
    assert (found.slope, found.slope_low, found.slope_high) == pytest.approx(
        (model.params[1], low, high)
    )
    ahead = np.linspace(79, 300, 200_001)
    band = model.get_prediction(sm.add_constant(ahead)).conf_int(alpha=1 - h.CONFIDENCE)
    assert found.crossing == pytest.approx((limit - model.params[0]) / model.params[1])
    assert found.earliest == pytest.approx(ahead[np.argmax(band[:, 1] >= limit)], abs=0.01)
    assert found.latest == pytest.approx(ahead[np.argmax(band[:, 0] >= limit)], abs=0.01)


@pytest.mark.parametrize(
    ("slope", "limit", "verdict"),
    [
        (0.2, 40, "crossing"), (0.2, 10, "over"), (0.2, 1000, "far"), (0.2, -10, "away"),
        (-0.2, -40, "crossing"), (-0.2, 40, "away"), (-0.2, -5, "over"), (0.0, 40, "none"),
    ],
)  # fmt: skip
def test_a_limit_is_foretold_only_where_the_data_lead_there(slope, limit, verdict):
    t = np.arange(100.0)
    y = slope * t + 0.5 * np.random.default_rng(7).normal(size=100)
    found = h.trend(t, y, limit)
    assert found.verdict == verdict
    assert (found.crossing is None) == (verdict != "crossing")


def test_slow_noise_makes_few_trends():
    """A walk that returns is no trend; taken for white noise it would be one nearly always."""
    rng = np.random.default_rng(8)
    shown = naive = 0
    t = np.arange(240.0)
    for _ in range(60):
        e = rng.normal(size=240)
        y = np.zeros(240)
        for k in range(1, 240):
            y[k] = 0.8 * y[k - 1] + e[k]
        shown += h.trend(t, y, 1e3).shown
        naive += sm.OLS(y, sm.add_constant(t)).fit().pvalues[1] < 1 - h.CONFIDENCE
    assert shown <= 4
    assert naive > 3 * max(shown, 1)


def test_the_truth_lies_in_the_interval_as_often_as_promised():
    rng = np.random.default_rng(9)
    t, caught, told = np.arange(120.0), 0, 0
    for _ in range(200):
        found = h.trend(t, 0.05 * t + rng.normal(size=120), 10.0)
        if found.verdict == "crossing":
            told += 1
            caught += found.earliest <= 200.0 <= found.latest
    assert told > 190
    assert caught / told >= 0.96


@pytest.mark.parametrize("points", [0, 1, 5])
def test_too_few_points_show_nothing(points):
    found = h.trend(np.arange(float(points)), np.zeros(points), 1.0)
    assert (found.verdict, found.shown) == ("short", False)


def test_a_message_for_each_problem_names_a_next_step():
    for kind in tables.WORDS.keys("problem"):
        assert (
            tables.WORDS[f"problem.{kind}"].count(". ") >= 1
            or ":" in tables.WORDS[f"problem.{kind}"]
        )
