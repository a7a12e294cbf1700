"""The grade log: no later change stays unseen, and no crash loses an entry."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_grader import gradelog
from millwright_grader.errors import GradeLogError
from millwright_grader.gradelog import START, Entry, append, canonical, read


def entry(student: str = "anna", **changes: Any) -> Entry:
    content: dict[str, Any] = {
        "course": "control",
        "assignment": "ps1",
        "student": student,
        "submission": "a" * 64,
        "submitted": "2026-03-01T12:00:00",
        "tests": "b" * 64,
        "state": "c" * 64,
        "millwright": "1.0",
        "scores": {"ps1-square-test": 2.0, "ps1-why": None},
        "max_scores": {"ps1-square-test": 2.0, "ps1-why": 5.0},
        "late_penalty": 0.5,
        "flags": ["edited"],
        "seconds": 1.25,
    }
    return Entry(**(content | changes))


def log(path: Path, count: int = 5) -> str:
    """Write a log; return its head."""
    head = START
    for number in range(count):
        head = append(path, entry(f"student {number}"))
    return head


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    students = ["anna", "李雷 (2)", "a\u2028b", "\udcff"]
    heads = [append(path, entry(student)) for student in students]
    heads.append(append(path, vars(entry("as a mapping"))))
    reading = read(path)
    assert [logged.entry.student for logged in reading.entries] == [*students, "as a mapping"]
    assert reading.entries[0].entry == entry()
    assert [logged.digest for logged in reading.entries] == heads
    assert [logged.previous for logged in reading.entries] == [START, *heads[:-1]]
    assert (reading.head, reading.problems, reading.set_aside) == (heads[-1], (), ())


def test_anybody_can_check_a_link_without_this_package(tmp_path: Path) -> None:
    """The digest is the SHA-256 of the line without it."""
    path = tmp_path / "grades.log"
    head = log(path)
    content = json.loads(path.read_text().splitlines()[-1])
    assert content.pop("digest") == head
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == head


def test_there_need_not_be_a_log(tmp_path: Path) -> None:
    assert read(tmp_path / "grades.log").head == START


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, str]:
    """A log with an interrupted write in it, its bytes and its head."""
    path = tmp_path_factory.mktemp("log") / "grades.log"
    log(path, 3)
    with path.open("ab") as stream:
        stream.write(b'{"assignment":"ps1","cour')
    head = log(path, 3)
    assert read(path).set_aside == (4,)
    return path, path.read_bytes(), head


def is_found(path: Path, content: bytes, head: str) -> bool:
    """Whether a log is seen to be altered: by itself, or by the head that was kept."""
    path.write_bytes(content)
    reading = read(path)
    kept = head in [logged.digest for logged in reading.entries]
    return bool(reading.problems or reading.torn or not kept)


@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_found(place: float, byte: int, whole: tuple[Path, bytes, str]) -> None:
    path, content, _ = whole
    changed = bytearray(content)
    changed[int(place * len(content))] ^= byte
    path.write_bytes(changed)
    reading = read(path)
    assert reading.problems or reading.torn  # without any head from elsewhere


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_any_line_removed_moved_or_doubled_is_found(
    data: st.DataObject, whole: tuple[Path, bytes, str]
) -> None:
    path, content, head = whole
    lines = content.splitlines(keepends=True)
    changed = list(lines)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, max(0, len(changed) - 1)))
        other = data.draw(st.integers(0, max(0, len(changed) - 1)))
        match data.draw(st.sampled_from(["remove", "swap", "double", "cut"])):
            case "remove":
                del changed[place : place + 1]
            case "swap" if changed:
                changed[place], changed[other] = changed[other], changed[place]
            case "double" if changed:
                changed.insert(other, changed[place])
            case "cut":
                del changed[place:]
    assert is_found(path, b"".join(changed), head) == (changed != lines)


@pytest.mark.parametrize(
    "forge",
    [
        lambda content: content | {"scores": {"ps1-square-test": "2"}},
        lambda content: content | {"scores": ["2"]},
        lambda content: content | {"number": True},
        lambda content: content | {"flags": 3},
        lambda content: content | {"student": None},
        lambda content: {"digest": content["digest"]},
    ],
)
def test_a_line_of_other_types_is_no_entry(
    forge: Callable[[dict[str, Any]], dict[str, Any]], tmp_path: Path
) -> None:
    """Even where somebody has worked out its digest."""
    path = tmp_path / "grades.log"
    log(path, 1)
    content = forge(json.loads(path.read_text()))
    content.pop("digest")
    content["digest"] = hashlib.sha256(canonical(content)).hexdigest()
    path.write_bytes(canonical(content) + b"\n")
    reading = read(path)
    assert [problem.what for problem in reading.problems] == ["is not as it was written"]


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"null", b"[" * 50_000, b"1" * 5000, b'{"number": NaN}', b"\0" * 300, b"\xff"],
)
def test_any_line_can_stand_in_a_log(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    log(path, 2)
    first, second = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([first, line, second, b""]))
    assert [problem.line for problem in read(path).problems] == [2]
    append(path, entry())
    assert len(read(path).entries) == 3


def test_problems_say_where_to_look(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    log(path, 6)
    lines = path.read_bytes().splitlines(keepends=True)

    def problems(*order: int) -> list[str]:
        path.write_bytes(b"".join(lines[number - 1] for number in order))
        return [f"{problem.line}: {problem.what}" for problem in read(path).problems]

    assert problems(1, 2, 5, 6) == ["3: before it, entry 3-4 is missing"]
    assert problems(2, 3) == ["1: before it, entry 1 is missing"]
    assert problems(1, 2, 2, 3) == ["3: entry 2 stands where 3 belongs"]
    lines[2] = lines[2].replace(b'"ps1-square-test":2.0', b'"ps1-square-test":9.0')
    assert problems(1, 2, 3, 4, 5, 6) == ["3: is not as it was written"]


def test_a_write_that_was_interrupted_anywhere_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    log(path, 2)
    kept = path.read_bytes()
    append(path, entry("lost in a power cut"))
    whole = path.read_bytes()
    for end in range(len(kept) + 1, len(whole) - 1, 17):
        path.write_bytes(whole[:end])
        assert read(path).torn
        append(path, entry("after it"))
        reading = read(path)
        assert (reading.problems, reading.set_aside, reading.torn) == ((), (3,), False)
        assert [logged.number for logged in reading.entries] == [1, 2, 3]
        assert path.read_bytes().startswith(whole[:end])  # nothing is taken away

    path.write_bytes(whole[:-1])  # the entry is whole; only the end of its line is missing
    append(path, entry("after it"))
    reading = read(path)
    assert (reading.problems, reading.set_aside, len(reading.entries)) == ((), (), 4)


def test_writes_that_were_interrupted_twice_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    log(path, 1)
    with path.open("ab") as stream:
        stream.write(b'{"assign\n{"assignment":"p')
    assert (read(path).torn, read(path).problems) == (True, ())
    append(path, entry())
    reading = read(path)
    assert (reading.set_aside, reading.problems, len(reading.entries)) == ((2, 3), (), 2)


def test_a_line_that_somebody_edited_is_not_taken_for_an_interrupted_write(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    log(path, 3)
    path.write_bytes(path.read_bytes().replace(b'"late_penalty":0.5', b'"late_penalty":0.0'))
    append(path, entry())  # grading goes on all the same
    assert {problem.line for problem in read(path).problems} == {1, 2, 3}


APPEND = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_gradelog import append, entry
path = Path({path!r})
for number in range({count}):
    print(append(path, entry(sys.argv[1])), flush=True)
"""


def appender(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    code = APPEND.format(folder=str(Path(__file__).parent), path=str(path), count=count)
    return subprocess.Popen(
        [sys.executable, "-c", code, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_whoever_appends_at_the_same_time_takes_turns(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    processes = [appender(path, name, 150) for name in ("anna", "ben")]
    threads = [threading.Thread(target=log, args=(path, 50)) for _ in range(2)]
    for thread in threads:
        thread.start()
    heads = set()
    for process in processes:
        printed, wrong = process.communicate()
        assert process.returncode == 0, wrong
        heads |= set(printed.split())
    for thread in threads:
        thread.join()
    reading = read(path)
    assert (len(reading.entries), reading.problems, reading.set_aside) == (400, (), ())
    assert heads <= {logged.digest for logged in reading.entries}


@pytest.mark.slow
def test_a_killed_process_loses_no_entry_that_it_was_told_of(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    told = []
    for wait in (0.0, 0.011, 0.037):
        process = appender(path, "anna", 100_000)
        assert process.stdout is not None
        told.append(process.stdout.readline().strip())
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        told += [line for line in process.communicate()[0].split() if len(line) == 64]
    append(path, entry())
    reading = read(path)
    assert reading.problems == ()
    assert set(told) <= {logged.digest for logged in reading.entries}


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    """The file may grow by half an entry; then it may grow again."""
    path = tmp_path / "grades.log"
    log(path, 2)
    before = path.read_bytes()
    code = f"""
import resource, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_gradelog import GradeLogError, append, entry
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 300}, -1))
path = Path({str(path)!r})
try:
    append(path, entry("ben"))
except GradeLogError as error:
    print(error)
    print(path.read_bytes() == {before!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
append(path, entry("ben"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message, unchanged = done.stdout.splitlines()
    assert "File too large" in message
    assert "grade again" in message
    assert unchanged == "True"
    assert [logged.number for logged in read(path).entries] == [1, 2, 3]
    assert read(path).problems == ()


def test_what_is_no_log_file_is_one_clear_error(tmp_path: Path) -> None:
    folder = tmp_path / "grades.log"
    folder.mkdir()
    with pytest.raises(GradeLogError, match="cannot be used: Is a directory"):
        append(folder, entry())
    with pytest.raises(GradeLogError, match="cannot be used: Is a directory"):
        read(folder)
    with pytest.raises(GradeLogError, match="No such file"):
        append(tmp_path / "nowhere" / "grades.log", entry())


def test_an_append_reads_only_the_end_of_a_long_log(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    previous, lines = START, []
    for number in range(1, 10_001):
        content = {"version": 1, "number": number, "time": "2026-03-01T12:00:00+00:00"}
        content |= {"previous": previous, **vars(entry())}
        previous = content["digest"] = hashlib.sha256(canonical(content)).hexdigest()
        lines.append(canonical(content) + b"\n")
    path.write_bytes(b"".join(lines))
    append(path, entry())  # whatever is read only once has been read
    before = _bytes_read()
    append(path, entry())
    assert _bytes_read() - before < 2 * gradelog._TAIL < path.stat().st_size / 10
    assert read(path).problems == ()
    assert read(path).entries[-1].number == 10_002


def test_an_entry_longer_than_the_usual_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "grades.log"
    scores = {f"ps1-task-{number}": 1.0 for number in range(20_000)}
    for _ in range(2):
        append(path, entry(scores=scores))
    append(path, entry())
    assert [logged.number for logged in read(path).entries] == [1, 2, 3]
    assert read(path).problems == ()


def test_a_new_log_gets_the_permissions_of_the_course(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        append(tmp_path / "alone", entry())
        append(tmp_path / "shared", entry(), mode=0o664)
    finally:
        os.umask(before)
    assert (tmp_path / "alone").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o664


def _bytes_read() -> int:
    for line in Path("/proc/self/io").read_text().splitlines():
        name, number = line.split(": ")
        if name == "rchar":
            return int(number)
    raise AssertionError("no rchar")
