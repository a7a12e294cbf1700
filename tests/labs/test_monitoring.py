import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs.errors import MonitorError
from millwright_labs.monitoring import PCAMonitor
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler


def cycles(n, seed, sensors=6, causes=2):
    """Sensors that follow a few common causes, each with its own unit and noise."""
    rng = np.random.default_rng(seed)
    ways = np.random.default_rng(0).standard_normal((causes, sensors))
    values = rng.standard_normal((n, causes)) @ ways + 0.3 * rng.standard_normal((n, sensors))
    return 10.0 ** np.arange(sensors) * values + 5.0


@pytest.mark.parametrize("components", [1, 2, 5])
def test_both_statistics_are_those_of_a_principal_component_analysis(components):
    sound, new = cycles(200, 1), cycles(50, 2)
    monitor = PCAMonitor(sound, components)
    scaler = StandardScaler().fit(sound)
    # StandardScaler divides by n, the monitor by n - 1.
    factor = np.sqrt(199 / 200)
    pca = PCA(components).fit(factor * scaler.transform(sound))
    z = factor * scaler.transform(new)
    scores = pca.transform(z)
    assert monitor.t2(new) == pytest.approx((scores**2 / pca.explained_variance_).sum(axis=1))
    left = z - pca.inverse_transform(scores)
    assert monitor.spe(new) == pytest.approx((left**2).sum(axis=1))
    assert monitor.explained == pytest.approx(pca.explained_variance_ratio_.sum())


@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_limits_give_the_false_alarms_that_were_asked_for(alpha):
    rates = []
    for seed in range(20):
        monitor = PCAMonitor(cycles(200, seed), 2)
        new = cycles(2000, 1000 + seed)
        t2, spe = monitor.limits(alpha)
        rates.append([(monitor.t2(new) > t2).mean(), (monitor.spe(new) > spe).mean()])
    assert np.mean(rates, axis=0) == pytest.approx([alpha, alpha], rel=0.4)


@settings(max_examples=30, deadline=None)
@given(sensor=st.integers(0, 5), size=st.floats(3, 10), components=st.integers(1, 3))
def test_contributions_add_up_and_point_to_a_broken_sensor(sensor, size, components):
    sound = cycles(300, 1)
    monitor = PCAMonitor(sound, components)
    broken = cycles(20, 2)
    broken[:, sensor] += size * sound[:, sensor].std()
    for statistic, total in (("t2", monitor.t2(broken)), ("spe", monitor.spe(broken))):
        parts = monitor.contributions(broken, statistic)
        assert (parts >= 0).all()
        assert parts.sum(axis=1) == pytest.approx(total)
    if components == 2:
        speaks = monitor.contributions(broken, "spe").mean(axis=0)
        assert sensor in np.argsort(speaks)[-2:]


def test_what_the_causes_do_raises_t2_and_what_one_sensor_does_raises_spe():
    sound = cycles(300, 1)
    monitor, scale = PCAMonitor(sound, 2), sound.std(axis=0)
    ways = np.random.default_rng(0).standard_normal((2, 6))
    heavy = sound.mean(axis=0) + 6 * 10.0 ** np.arange(6) * ways[0]
    broken = sound.mean(axis=0) + 6 * scale * np.eye(6)[3]
    t2, spe = monitor.limits(0.01)
    assert monitor.t2([heavy])[0] > t2
    assert monitor.spe([heavy])[0] < spe
    assert monitor.spe([broken])[0] > spe


@settings(max_examples=20, deadline=None)
@given(unit=st.floats(1e-6, 1e6), offset=st.floats(-1e3, 1e3))
def test_units_do_not_matter(unit, offset):
    one, other = PCAMonitor(cycles(100, 1), 2), PCAMonitor(unit * (cycles(100, 1) + offset), 2)
    new = cycles(10, 2)
    assert other.t2(unit * (new + offset)) == pytest.approx(one.t2(new), rel=1e-4)
    assert other.limits(0.01) == pytest.approx(one.limits(0.01), rel=1e-4)


def constant():
    values = cycles(50, 1)
    values[:, 2] = 7.0
    return values


@pytest.mark.parametrize(
    ("sound", "components", "message"),
    [
        (cycles(6, 1), 2, "too few"),
        (cycles(50, 1)[:, :1], 1, "too few"),
        (cycles(50, 1), 0, "from 1 to 5"),
        (cycles(50, 1), 6, "from 1 to 5"),
        (constant(), 2, "Sensor 2"),
        (np.full((50, 3), np.nan), 1, "finite"),
        ("nonsense", 1, "finite"),
        ([1, 2, 3], 1, "finite"),
    ],
)
def test_cycles_that_teach_nothing_get_one_error(sound, components, message):
    with pytest.raises(MonitorError, match=message):
        PCAMonitor(sound, components)


def test_questions_that_the_monitor_cannot_answer_get_one_error():
    monitor = PCAMonitor(cycles(50, 1), 2)
    with pytest.raises(MonitorError, match="6 sensors"):
        monitor.t2(np.ones((3, 5)))
    with pytest.raises(MonitorError, match="t2"):
        monitor.contributions(cycles(3, 1), "Q")
    for alpha in (0.0, 1.0, np.nan):
        with pytest.raises(MonitorError):
            monitor.limits(alpha)
