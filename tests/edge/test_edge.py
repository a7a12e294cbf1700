"""A health model at the edge judges as the one that was trained, and knows what it cannot judge."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from millwright_labs import link
from millwright_labs.edge import HealthModel, Ring, Watch, training
from millwright_labs.edge.features import feature_names, features
from millwright_labs.edge.model import METADATA
from millwright_labs.errors import EdgeError
from pump_model import Trained
from sklearn.metrics import balanced_accuracy_score


def test_it_tells_the_faults_of_pumps_it_never_saw(trained: Trained) -> None:
    fresh = training.runs(24, seed=1)
    assert balanced_accuracy_score(fresh.health, trained.pipeline.predict(fresh.X)) > 0.9
    # A model that never names a class would be no model of it.
    assert set(fresh.health) == set(training.CLASSES) == set(trained.model.purpose.classes)


def test_onnx_gives_the_same_verdict_as_scikit_learn(trained: Trained) -> None:
    rng = np.random.default_rng(0)
    low, high = trained.data.X.min(axis=0), trained.data.X.max(axis=0)
    rows = np.vstack((trained.data.X, rng.uniform(low, high, (2000, len(low)))))
    theirs = trained.pipeline.predict_proba(rows)
    ours = trained.model.probabilities(rows)
    assert np.abs(ours - theirs).max() < 1e-3
    sure = np.abs(np.sort(theirs, axis=1)[:, -1] - np.sort(theirs, axis=1)[:, -2]) > 1e-2
    assert sure.mean() > 0.9
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1))[sure].all()


def test_a_live_pump_is_watched_and_its_fault_named(trained: Trained) -> None:
    with link.start("pump_wear", seed=9, over="here") as plant:
        watch = Watch(trained.model, plant, stride=15)
        assert [v.health for v in watch.run(900.0)][-1] == "sound"
        plant.fault(impeller_wear=0.6)
        verdicts = list(watch.run(900.0))
    assert verdicts[-1].health == "hydraulic_loss"
    assert verdicts[-1].probability > 0.9
    assert verdicts[-1].t == plant.t
    assert watch.latency()["rate"] > 0.0


def test_it_watches_a_machine_that_lives_elsewhere(trained: Trained) -> None:
    with link.start("pump_wear", seed=9, over="mqtt", speed=1000.0) as plant:
        plant.fault(thrust_bearing_wear=0.3)
        plant.wait(3000.0)
        verdicts = list(Watch(trained.model, plant).run(1500.0))
    assert verdicts[-1].health == "thrust_bearing_wear"


def test_what_it_was_not_trained_on_is_flagged_not_judged(trained: Trained) -> None:
    with link.start("pump_wear", seed=9, over="here") as plant:
        plant.write(T_room=320.0)
        (hot,) = Watch(trained.model, plant).run(300.0)
        assert (hot.health, hot.missing) == ("", False)
        assert "mean T_room" in hot.outside
        assert math.isnan(hot.probability)
        plant.write(T_room=290.0)
        plant.fault(w_bias=1.0, T_oil_stuck=1.0)
        (biased,) = list(Watch(trained.model, plant).run(600.0))[-1:]
        assert biased.health == ""
        assert "spread T_oil" in biased.outside or "mean w" in biased.outside


def test_lost_samples_are_borne_up_to_a_half(trained: Trained) -> None:
    with link.start("pump_wear", seed=9, over="here") as plant:
        plant.fault(T_thrust_dropout=0.2)
        assert list(Watch(trained.model, plant).run(600.0))[-1].health == "sound"
        plant.fault(T_thrust_dropout=1.0)
        verdict = list(Watch(trained.model, plant).run(600.0))[-1]
        assert (verdict.health, verdict.missing) == ("", True)


class Skipping(link.InProcessLink):
    """A link to a machine that no longer has some of its samples."""

    def _pass(self, samples: int) -> None:
        for _ in range(40):
            self._station.step()
        super()._pass(samples)


def test_a_gap_in_the_stream_is_not_bridged(trained: Trained) -> None:
    with Skipping(link.Made("pump_wear", 9)) as plant:
        verdicts = list(Watch(trained.model, plant, stride=5).run(2000.0))
    assert verdicts
    assert all(verdict.missing for verdict in verdicts)


def test_memory_does_not_grow_however_long_it_watches(trained: Trained) -> None:
    with link.start("pump_wear", seed=9, over="here") as plant:
        watch = Watch(trained.model, plant, stride=10)
        ring = watch._ring.window.base
        for _ in watch.run(3000.0):
            assert len(plant.recording) == 1
    assert watch._ring.window.base is ring
    assert plant.recording.last == 300


tables = arrays.arrays(
    float,
    st.tuples(st.integers(2, 9), st.just(3)),
    elements=st.floats(-1e3, 1e3) | st.just(math.nan),
)


@given(tables)
@settings(max_examples=150, deadline=None)
def test_features_are_those_of_pandas_and_never_nan(window: np.ndarray) -> None:
    got = features(window, 1)
    half = len(window) // 2
    lost = np.isnan(window)
    older, newer = (~lost[:half]).sum(axis=0), (~lost[half:]).sum(axis=0)
    if (older < 0.5 * half).any() or (newer < 0.5 * half).any():
        assert got is None
        return
    assert got is not None
    assert len(got) == len(feature_names(["a"], ["b", "c"]))
    expected = [
        *np.nanmean(window, axis=0),
        *np.nanstd(window, axis=0)[1:],
        *(np.nanmean(window[half:], axis=0) - np.nanmean(window[:half], axis=0))[1:],
    ]
    assert np.allclose(got, expected, atol=1e-6)


@given(st.integers(1, 7), st.lists(st.floats(-1e6, 1e6), max_size=30))
@settings(max_examples=100, deadline=None)
def test_the_ring_holds_the_newest_samples_in_order(samples: int, values: list[float]) -> None:
    ring = Ring(samples, 1)
    for value in values:
        ring.push([value])
    assert ring.full == (len(values) >= samples)
    if ring.full:
        assert ring.window[:, 0].tolist() == values[-samples:]


def damaged(trained: Trained, damage: str) -> bytes:
    content = trained.path.read_bytes()
    model = onnx.load_from_string(content)
    (entry,) = (entry for entry in model.metadata_props if entry.key == METADATA)
    purpose = json.loads(entry.value)
    if damage == "cut":
        return content[: len(content) // 2]
    if damage == "no purpose":
        del model.metadata_props[:]
    elif damage == "other tags":
        purpose["outputs"], purpose["low"], purpose["high"] = ["w"], [0.0] * 8, [1.0] * 8
    elif damage == "other classes":
        purpose["classes"] = ["sound"]
    elif damage == "no window":
        purpose["window"] = 0
    elif damage == "short range":
        purpose["low"] = [0.0]
    if damage != "no purpose":
        entry.value = json.dumps(purpose)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("cut", "not an ONNX model"),
        ("no purpose", "does not say what it is for"),
        ("other tags", "one table of 8 features is due"),
        ("other classes", "a label and 1 probabilities"),
        ("no window", "does not say what it is for"),
        ("short range", "does not say what it is for"),
    ],
)
def test_a_file_that_is_no_health_model_is_refused(
    trained: Trained, tmp_path: Path, damage: str, words: str
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(damaged(trained, damage))
    with pytest.raises(EdgeError, match=words):
        HealthModel.load(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 1000, b"PK\x03\x04"])
def test_a_file_that_is_not_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(EdgeError, match="not an ONNX model"):
        HealthModel.load(path)
    with pytest.raises(EdgeError, match="cannot be read"):
        HealthModel.load(tmp_path / "nothing.onnx")


def test_a_model_is_not_put_on_another_machine(trained: Trained) -> None:
    with (
        link.start("furnace_zone", over="here") as plant,
        pytest.raises(EdgeError, match=r"furnace_zone has no .*T_thrust.* pump_wear"),
    ):
        Watch(trained.model, plant)


def test_without_the_extra_the_error_names_it() -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "import millwright_labs.errors as e\n"
        "try:\n    import millwright_labs.edge\n"
        "except e.EdgeError as error:\n    print(error)\n"
        "sys.modules['paho'] = None\n"
        "try:\n    import millwright_labs.link.mqtt\n"
        "except e.LinkError as error:\n    print(error)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert 'pip install "millwright[edge]"' in out
    assert 'pip install "millwright[connect]"' in out
