"""Nothing wrong is ever used, nothing half is ever kept, and every failure says what to do."""

import ctypes
import gzip
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from millwright_data import (
    DamagedFileError,
    NotAvailableError,
    fetch,
    load,
    store,
    verify,
)
from millwright_data.cards import Card

FILE = "run/table@1.csv.gz"


def contents(folder: Path) -> set[str]:
    """Everything in the cache but the notes about verified files."""
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    return files - {"toy/.verified.json"}


def test_a_folder_mirror_is_used_where_it_lies(toy, toy_card: Card, cache: Path, monkeypatch):
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    table = load("toy")
    assert len(table) == 120_000
    assert contents(cache) == set()


def test_fetch_copies_a_folder_mirror_for_work_without_it(toy, toy_card, cache, monkeypatch):
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    received: list[int] = []
    assert fetch("toy", received.append) == cache / "toy"
    assert sum(received) == toy_card.size
    monkeypatch.delenv(store.MIRROR_VARIABLE)
    assert len(load("toy")) == 120_000
    assert contents(cache) == {f"toy/{FILE}", "toy/LICENSE"}
    assert {state.state for state in verify("toy")} == {"right"}


def test_a_web_mirror_fills_the_cache_once(toy_card, cache, web, monkeypatch):
    monkeypatch.setenv(store.MIRROR_VARIABLE, f"{web}/good/")
    first = load("toy")
    monkeypatch.setenv(store.MIRROR_VARIABLE, f"{web}/gone")
    assert load("toy").equals(first)


def test_a_filled_cache_serves_as_a_mirror(toy, toy_card, cache, tmp_path, web, monkeypatch):
    monkeypatch.setenv(store.MIRROR_VARIABLE, f"{web}/good")
    fetch("toy")
    monkeypatch.setenv(store.CACHE_VARIABLE, str(tmp_path / "another"))
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(cache))
    assert len(load("toy")) == 120_000


def test_an_unpacked_file_is_as_good_as_its_gz(toy, toy_card, cache, tmp_path, monkeypatch):
    by_hand = tmp_path / "mirror/toy"
    (by_hand / "run").mkdir(parents=True)
    (by_hand / "run/table@1.csv").write_bytes(toy.content)
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(tmp_path / "mirror"))
    assert len(load("toy")) == 120_000
    (by_hand / "LICENSE").write_bytes(b"none\n")
    fetch("toy")
    assert contents(cache) == {"toy/run/table@1.csv", "toy/LICENSE"}


def test_the_official_address_is_the_last_resort(toy, cache, web, tmp_path, monkeypatch):
    card = (toy.cards / "toy.toml").read_text()
    official = f'official = "{web}/good/toy/{FILE}"'.replace("@", "%40")
    (tmp_path / "toy.toml").write_text(
        card.replace('.csv.gz", size', f'.csv.gz", {official}, size')
    )
    monkeypatch.setattr("millwright_data.cards.CARDS", tmp_path)
    monkeypatch.setenv(store.MIRROR_VARIABLE, f"{web}/truncating")
    assert len(load("toy")) == 120_000


@pytest.mark.parametrize(
    ("mood", "error", "says"),
    [
        ("truncating", DamagedFileError, "broke off after"),
        ("truncating-silently", DamagedFileError, "broke off after"),
        ("changed", DamagedFileError, "another SHA-256"),
        ("endless", DamagedFileError, "longer than"),
        ("login", DamagedFileError, "perhaps a login page"),
        ("gone", NotAvailableError, "answered 404"),
        ("broken", NotAvailableError, "answered 500"),
        ("nonsense", NotAvailableError, "could not be reached"),
    ],
)
def test_a_bad_web_mirror_leaves_nothing_behind(
    mood, error, says, toy_card, cache, web, monkeypatch
):
    monkeypatch.setenv(store.MIRROR_VARIABLE, f"{web}/{mood}")
    with pytest.raises(error) as caught:
        load("toy")
    message = str(caught.value)
    assert says in message
    assert "By hand: copy it from a friend." in message
    assert "\n" not in message
    assert contents(cache) == set()
    monkeypatch.setenv(store.MIRROR_VARIABLE, f"{web}/good")
    assert len(load("toy")) == 120_000


@pytest.mark.parametrize(
    ("mirror", "says"),
    [
        (None, "set MILLWRIGHT_DATA_MIRROR to your school's mirror"),
        ("", "set MILLWRIGHT_DATA_MIRROR"),
        ("{tmp}/nowhere", "is not a folder"),
        ("{tmp}", "add toy/run/table@1.csv.gz to the mirror"),
        ("http://127.0.0.1:9/", "could not be reached"),
        ("https://127.0.0.1:9/a b?c", "could not be reached"),
        ("http://", "could not be reached"),
        ("ftp://example.org", "is not a folder"),
    ],
)
def test_without_a_source_the_error_names_the_next_step(
    mirror, says, toy_card, cache, tmp_path, monkeypatch
):
    if mirror is not None:
        monkeypatch.setenv(store.MIRROR_VARIABLE, mirror.format(tmp=tmp_path))
    with pytest.raises(NotAvailableError, match="no right copy of run/table@1") as caught:
        load("toy")
    assert says in str(caught.value)
    assert "copy it from a friend" in str(caught.value)
    assert contents(cache) == set()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damage_to_a_file_goes_unseen(data, toy, toy_card, cache, tmp_path, monkeypatch):
    right = (toy.mirror / "toy/LICENSE").read_bytes()
    wrong = data.draw(
        st.one_of(
            st.integers(0, len(right) - 1).map(lambda n: right[:n]),
            st.binary(min_size=1).map(lambda extra: right + extra),
            st.binary(min_size=len(right), max_size=len(right)).filter(lambda b: b != right),
        )
    )
    broken = tmp_path / "broken/toy"
    broken.mkdir(parents=True, exist_ok=True)
    (broken / "LICENSE").write_bytes(wrong)
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(broken.parent))
    with pytest.raises(DamagedFileError, match=r"replace toy/LICENSE in the mirror"):
        store.locate(toy_card, toy_card.files[1])


def test_a_poisoned_cache_is_not_used_and_is_repaired(toy, toy_card, cache, monkeypatch):
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    fetch("toy")
    held = cache / "toy" / FILE
    held.write_bytes(gzip.compress(b"Speed [rad/s]\n0\n"))
    assert len(load("toy")) == 120_000
    assert [s.state for s in verify("toy") if s.path == held] == ["damaged"]
    monkeypatch.delenv(store.MIRROR_VARIABLE)
    with pytest.raises(DamagedFileError, match="is damaged"):
        load("toy")
    assert held.exists(), "a damaged file is only ever replaced by a right one"
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    fetch("toy")
    assert [s.state for s in verify("toy") if s.path == held] == ["right"]


def test_a_damaged_file_gives_way_to_its_unpacked_form(toy, toy_card, cache, tmp_path, monkeypatch):
    (cache / "toy/run").mkdir(parents=True)
    (cache / "toy" / FILE).write_bytes(b"not a gzip file")
    by_hand = tmp_path / "mirror/toy"
    (by_hand / "run").mkdir(parents=True)
    (by_hand / "run/table@1.csv").write_bytes(toy.content)
    (by_hand / "LICENSE").write_bytes(b"none\n")
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(tmp_path / "mirror"))
    fetch("toy")
    assert contents(cache) == {"toy/run/table@1.csv", "toy/LICENSE"}


def test_a_file_is_hashed_again_only_when_size_or_time_changed(toy, toy_card, cache, monkeypatch):
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    fetch("toy")
    held = cache / "toy/LICENSE"
    before = held.stat()
    held.write_bytes(b"nine\n")
    os.utime(held, ns=(before.st_atime_ns, before.st_mtime_ns))
    licence = toy_card.files[1]
    for memory in (store._verified, {}):  # within this process, and in the next one
        monkeypatch.setattr(store, "_verified", memory)
        assert store.locate(toy_card, licence) == held
    assert "damaged" in {state.state for state in verify("toy")}
    os.utime(held)
    monkeypatch.delenv(store.MIRROR_VARIABLE)
    with pytest.raises(DamagedFileError):
        store.locate(toy_card, licence)


@pytest.mark.parametrize("note", ["", "{", "[]", '{"a": 1}', '{"toy": [1, 2, "x"]}', "\0"])
def test_a_broken_note_costs_a_hash_and_nothing_else(note, toy, toy_card, cache, monkeypatch):
    monkeypatch.setenv(store.MIRROR_VARIABLE, str(toy.mirror))
    (cache / "toy").mkdir(parents=True)
    (cache / "toy/.verified.json").write_text(note)
    assert store.locate(toy_card, toy_card.files[1]) == toy.mirror / "toy/LICENSE"


def test_processes_that_fetch_at_once_are_all_right(toy, toy_card, cache, web, start):
    environment = os.environ | {store.MIRROR_VARIABLE: f"{web}/slow"}
    processes = [start(toy.fetching(), env=environment) for _ in range(3)]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, ""), err
        assert str(cache) in out
    assert contents(cache) == {f"toy/{FILE}", "toy/LICENSE"}
    assert {state.state for state in verify("toy")} == {"right"}


def wait_for_half_a_file(cache: Path, process: subprocess.Popen[str]) -> None:
    patience = time.monotonic() + 60
    while not list(cache.rglob("*.part")):
        assert time.monotonic() < patience
        assert process.poll() is None
        time.sleep(0.05)


def test_a_killed_fetch_leaves_the_cache_usable(toy, toy_card, cache, web, start, monkeypatch):
    process = start(toy.fetching(), env=os.environ | {store.MIRROR_VARIABLE: f"{web}/stalling"})
    wait_for_half_a_file(cache, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (left,) = cache.rglob("*.part")
    monkeypatch.setenv(store.MIRROR_VARIABLE, f"{web}/good")
    assert len(load("toy")) == 120_000
    assert left.exists(), "it could belong to a process that still runs"
    os.utime(left, (time.time() - 2 * store.ABANDONED,) * 2)
    (cache / "toy" / FILE).unlink()
    fetch("toy")
    assert contents(cache) == {f"toy/{FILE}", "toy/LICENSE"}


def test_an_interrupted_fetch_cleans_up(toy, toy_card, cache, web, start):
    process = start(toy.fetching(), env=os.environ | {store.MIRROR_VARIABLE: f"{web}/stalling"})
    wait_for_half_a_file(cache, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err == "millwright-data: interrupted; files that are complete stay in the cache\n"
    assert contents(cache) == set()


def small_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def no_override() -> None:
    """Let root, too, respect permissions: take its right to override them from the program."""
    pr_capbset_drop, cap_dac_override, cap_dac_read_search = 24, 1, 2
    for capability in (cap_dac_override, cap_dac_read_search):
        ctypes.CDLL(None).prctl(pr_capbset_drop, capability)


@pytest.mark.parametrize(
    ("prepare", "limit", "says"),
    [
        (lambda cache: cache.mkdir(), small_disk, "no room for run/table@1.csv.gz"),
        (lambda cache: cache.mkdir(mode=0o555), no_override, "cannot be written to"),
        (lambda cache: cache.write_text("a file"), None, "cannot be written to"),
    ],
    ids=["full disk", "read-only cache", "cache is a file"],
)
def test_a_cache_that_cannot_take_the_file(prepare, limit, says, toy, cache, web, start):
    prepare(cache)
    process = start(
        toy.fetching(), env=os.environ | {store.MIRROR_VARIABLE: f"{web}/good"}, preexec_fn=limit
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert says in err
    assert store.CACHE_VARIABLE in err
    assert err.count("\n") == 1
    assert not cache.is_dir() or contents(cache) == set()


def test_a_read_only_cache_does_not_hinder_a_folder_mirror(toy, cache, start):
    cache.mkdir(mode=0o555)
    command = toy.python("from millwright_data import load; print(len(load('toy')))")
    process = start(
        command, env=os.environ | {store.MIRROR_VARIABLE: str(toy.mirror)}, preexec_fn=no_override
    )
    assert process.communicate(timeout=60) == ("120000\n", "")


def test_a_file_that_may_not_be_read_is_named(toy, cache, tmp_path, start):
    shutil.copytree(toy.mirror, tmp_path / "mirror")
    closed = tmp_path / "mirror/toy" / FILE
    closed.chmod(0)
    command = toy.python("import millwright_data; millwright_data.load('toy')")
    process = start(
        command,
        env=os.environ | {store.MIRROR_VARIABLE: str(tmp_path / "mirror")},
        preexec_fn=no_override,
    )
    _, err = process.communicate(timeout=60)
    assert f"{closed} may not be read by you" in err
