"""Lessons reach a home, and nobody's work is ever overwritten."""

from pathlib import Path

import deliver
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

LESSON = "lessons/u1.ipynb"
NEW = "lessons/u1.new.ipynb"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "shelf" / "lessons").mkdir(parents=True)
    return tmp_path / "shelf"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def contents(folder: Path) -> dict[str, str]:
    return {str(inside): (folder / inside).read_text() for inside in deliver.files(folder)}


def test_new_files_and_empty_folders_come(shelf: Path, home: Path) -> None:
    (shelf / LESSON).write_text("v1")
    (shelf / "receipts").mkdir()
    assert deliver.deliver(shelf, home) == [Path(LESSON)]
    assert contents(home) == {LESSON: "v1"}
    assert (home / "receipts").is_dir()


@pytest.mark.parametrize(
    ("mine", "author", "expected"),
    [
        pytest.param("v1", "v1", {LESSON: "v1"}, id="nothing new"),
        pytest.param("v1", "v2", {LESSON: "v2"}, id="untouched is updated"),
        pytest.param("my work", "v1", {LESSON: "my work"}, id="mine stays"),
        pytest.param("my work", "v2", {LESSON: "my work", NEW: "v2"}, id="new one beside mine"),
        pytest.param("v2", "v2", {LESSON: "v2"}, id="I already have the new one"),
        pytest.param(None, "v1", {LESSON: "v1"}, id="deleted comes back"),
        pytest.param(None, "v2", {LESSON: "v2"}, id="deleted comes back new"),
        pytest.param("v1", None, {}, id="withdrawn"),
        pytest.param("my work", None, {LESSON: "my work"}, id="withdrawn, but mine stays"),
    ],
)
def test_second_delivery(
    shelf: Path, home: Path, mine: str | None, author: str | None, expected: dict[str, str]
) -> None:
    (shelf / LESSON).write_text("v1")
    deliver.deliver(shelf, home)
    write(home / LESSON, mine)
    write(shelf / LESSON, author)
    deliver.deliver(shelf, home)
    assert contents(home) == expected
    deliver.deliver(shelf, home)
    assert contents(home) == expected


def write(path: Path, text: str | None) -> None:
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)


def test_work_in_the_new_version_stays_too(shelf: Path, home: Path) -> None:
    write(shelf / LESSON, "v1")
    deliver.deliver(shelf, home)
    write(home / LESSON, "my work")
    write(shelf / LESSON, "v2")
    deliver.deliver(shelf, home)
    write(home / NEW, "my work on v2")
    write(shelf / LESSON, "v3")
    deliver.deliver(shelf, home)
    assert set(contents(home).values()) == {"my work", "my work on v2", "v3"}


def test_one_obstacle_does_not_stop_the_rest(
    shelf: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(shelf / LESSON, "v1")
    write(shelf / "lessons" / "u2.ipynb", "v1")
    (home / LESSON).mkdir(parents=True)
    deliver.deliver(shelf, home)
    assert contents(home) == {"lessons/u2.ipynb": "v1"}
    assert "u1.ipynb was not delivered" in capsys.readouterr().err


@pytest.mark.parametrize("record", ["", "[1]", "{", '{"lessons/u1.ipynb": 7}', "\0"])
def test_a_broken_record_costs_no_work(shelf: Path, home: Path, record: str) -> None:
    write(shelf / LESSON, "v1")
    deliver.deliver(shelf, home)
    write(home / LESSON, "my work")
    write(shelf / LESSON, "v2")
    (home / deliver.RECORD).write_text(record)
    deliver.deliver(shelf, home)
    assert contents(home) == {LESSON: "my work", NEW: "v2"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["author", "student"]), st.sampled_from("abc"), st.booleans()),
        max_size=8,
    )
)
def test_what_a_student_wrote_is_there_for_ever(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, bool]]
) -> None:
    """Whoever writes what in which order: every text that the student wrote and kept is found."""
    folder = tmp_path_factory.mktemp("delivery")
    shelf, home = folder / "shelf", folder / "home"
    shelf.mkdir()
    home.mkdir()
    mine: dict[str, str] = {}
    for number, (who, name, deliver_now) in enumerate(events):
        text = f"{who} {number}"
        write((shelf if who == "author" else home) / f"{name}.txt", text)
        if who == "student":
            mine[name] = text
        if deliver_now:
            deliver.deliver(shelf, home)
        assert (
            mine.items() <= {k.removesuffix(".txt"): v for k, v in contents(home).items()}.items()
        )
