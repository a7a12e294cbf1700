"""Handing in, collecting, and the way back: what the Assignment List and Collect do."""

import json
import os
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from coursework import Course, answered
from millwright_grader import verify_receipt
from millwright_grader.exchange import MillwrightCollect
from millwright_grader.flags import Flag
from millwright_grader.receipts import read_receipt
from nbgrader.server_extensions.assignment_list.handlers import AssignmentList

CODE = re.compile(r"receipt ([0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4})$")


class Home:
    """A student's server: home folder, hub user name, and JupyterLab's Assignment List."""

    def __init__(self, course: Course, student: str, monkeypatch: pytest.MonkeyPatch):
        self.course = course
        self.student = student
        self.path = course.root.parent / "home" / student
        self.path.mkdir(parents=True)
        # What a hub gives to students: the same call, their exchange, nothing else.
        (self.path / "nbgrader_config.py").write_text(
            "from millwright_grader import configure\n"
            "c = get_config()\n"
            "configure(c)\n"
            f"c.Exchange.root = {str(course.exchange)!r}\n"
        )
        monkeypatch.setenv("JUPYTERHUB_USER", student)
        monkeypatch.chdir(self.path)
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(self.path / ".data"))
        self.list = AssignmentList()
        self.list.root_dir = str(self.path)

    def fetch(self) -> Path:
        fetched = self.list.fetch_assignment("course", "ps1")
        assert fetched["success"], fetched
        return self.path / "ps1"

    def work(self, **answers: str) -> None:
        page = answered(self.course.released(), **answers)
        (self.path / "ps1" / "ps1.ipynb").write_text(json.dumps(page))

    def submit(self) -> Path:
        """Press Submit; return the folder that has arrived."""
        before = set(self.inbound())
        handed_in = self.list.submit_assignment("course", "ps1")
        assert handed_in["success"], handed_in
        (arrived,) = set(self.inbound()) - before
        return arrived

    def submitted(self) -> list[dict[str, Any]]:
        """What the list shows under Submitted assignments."""
        shown = self.list.list_submitted_assignments("course")
        assert shown["success"], shown
        return [row for entry in shown["value"] for row in entry["submissions"]]

    def inbound(self) -> list[Path]:
        return sorted((self.course.exchange / "course" / "inbound").iterdir())


@pytest.fixture
def anna(course: Course, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A student who has fetched the released assignment and answered it."""
    home = Home(course, "anna", monkeypatch)
    home.fetch()
    home.work()
    return home


def collect(course: Course, **options: Any) -> str:
    """Press Collect; return its log."""
    config = course.config
    config.MillwrightCollect.update(options)
    api = type(course.api())(config=config)
    done = api.collect("ps1")
    assert done["success"], done
    return str(done.get("log", ""))


def flags(course: Course, student: str = "anna") -> dict[str, Flag]:
    """What was noticed about the submission collected last."""
    shelf = course.root / "received" / student / "ps1"
    newest = max(shelf.glob("*/record.json"), key=lambda path: path.stat().st_mtime_ns)
    stored = json.loads(newest.read_text())["flags"]
    return {item["kind"]: Flag.from_dict(item) for item in stored}


def test_the_assignment_list_shows_the_receipts_code(anna: Home) -> None:
    arrived = anna.submit()
    (row,) = anna.submitted()
    code = CODE.search(row["timestamp"]).group(1)

    (page,) = (anna.path / "receipts").glob("*.html")
    assert code in page.name
    text = page.read_text()
    assert code in text
    assert "anna" in text
    receipt = read_receipt(arrived / "receipt.json")
    assert receipt.code == code
    assert [file.path for file in receipt.files] == ["ps1.ipynb"]
    assert receipt.files[0].sha256 in text
    assert datetime.fromisoformat(receipt.time).utcoffset() == timedelta(0)


def test_a_submission_is_filed_under_the_hubs_user_and_frozen(anna: Home) -> None:
    arrived = anna.submit()
    assert arrived.name.startswith("anna+ps1+")
    assert {path.stat().st_mode & 0o222 for path in arrived.rglob("*") if path.is_file()} == {0}
    assert verify_receipt(arrived, arrived / "receipt.json") == []


def test_links_and_pipes_stay_at_home_and_the_receipt_says_so(anna: Home) -> None:
    (anna.path / "ps1" / "secret").symlink_to("/etc/passwd")
    os.mkfifo(anna.path / "ps1" / "data.csv")
    arrived = anna.submit()
    assert not (arrived / "secret").exists()
    receipt = read_receipt(arrived / "receipt.json")
    assert [path for path, _ in receipt.left_out] == ["data.csv", "secret"]
    (page,) = (anna.path / "receipts").glob("*.html")
    assert "Not handed in" in page.read_text()


def test_the_way_out_and_back(anna: Home) -> None:
    """Submit, collect, grade, feedback, and the student reads it."""
    anna.submit()
    collect(anna.course)
    assert flags(anna.course) == {}
    assert anna.course.grade()["anna"]["score"] == 5
    api = anna.course.api()
    assert api.generate_feedback("ps1")["success"]
    assert api.release_feedback("ps1")["success"]

    (row,) = anna.submitted()
    assert row["has_exchange_feedback"]
    assert anna.list.fetch_feedback("course", "ps1")["success"]
    (row,) = anna.submitted()
    assert (anna.path / row["local_feedback_path"] / "ps1.html").is_file()


def test_the_last_submission_counts_and_the_first_is_kept(anna: Home) -> None:
    anna.submit()
    collect(anna.course)
    anna.work(square="def square(x):\n    return x**2")
    anna.submit()
    collect(anna.course)
    assert "x**2" in (anna.course.folder("anna") / "ps1.ipynb").read_text()
    assert len(list((anna.course.root / "received/anna/ps1").iterdir())) == 2


@pytest.mark.parametrize(
    ("tamper", "kind", "says"),
    [
        (lambda f: (f / "ps1.ipynb").write_text("{}"), "changed-after-submission", "was changed"),
        (lambda f: (f / "ps1.ipynb").unlink(), "changed-after-submission", "is missing"),
        (lambda f: (f / "new.py").write_text(""), "changed-after-submission", "was added"),
        (lambda f: (f / "receipt.json").unlink(), "no-receipt", "no receipt"),
        (lambda f: (f / "receipt.json").write_bytes(b"\xff"), "bad-receipt", "not a valid"),
        (lambda f: (f / "receipt.json").write_text("[" * 9999), "bad-receipt", "not a valid"),
        (
            lambda f: (f / "receipt.json").write_text(
                (f / "receipt.json").read_text().replace("ps1.ipynb", "ps2.ipynb")
            ),
            "bad-receipt",
            "does not fit its code",
        ),
    ],
)
def test_a_change_after_submission_is_flagged(
    anna: Home, tamper: Any, kind: str, says: str
) -> None:
    arrived = anna.submit()
    for path in arrived.iterdir():
        path.chmod(0o644)
    tamper(arrived)
    collect(anna.course)
    (found,) = flags(anna.course).values()
    assert found.kind == kind
    assert says in found.message


@pytest.mark.parametrize("server_clock", [True, False])
def test_an_earlier_date_in_the_name_gains_nothing(anna: Home, server_clock: bool) -> None:
    arrived = anna.submit()
    yesterday = datetime.now() - timedelta(days=1)
    stamp = yesterday.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    (arrived / "timestamp.txt").chmod(0o644)
    (arrived / "timestamp.txt").write_text(stamp)
    arrived.rename(arrived.with_name(f"anna+ps1+{stamp}+random"))
    collect(anna.course, server_clock=server_clock)
    counted = anna.course.api().get_submitted_timestamp("ps1", "anna")
    if server_clock:
        assert "clock" in flags(anna.course)
        assert counted - yesterday > timedelta(hours=20)
    else:
        assert "clock" not in flags(anna.course)
        assert abs(counted - yesterday) < timedelta(seconds=1)


def test_a_copy_of_a_neighbours_submission_is_seen(anna: Home) -> None:
    """Files and receipt fit each other; they are only not the one's who hands them in."""
    arrived = anna.submit()
    shutil.copytree(arrived, arrived.with_name(arrived.name.replace("anna+", "ben+")))
    collect(anna.course)
    assert flags(anna.course) == {}
    assert "made out to anna" in flags(anna.course, "ben")["bad-receipt"].what


def test_a_date_in_the_future_gains_nothing(anna: Home) -> None:
    arrived = anna.submit()
    arrived.rename(arrived.with_name("anna+ps1+2099-01-01 00:00:00 UTC+x"))
    collect(anna.course)
    assert "clock" in flags(anna.course)
    assert anna.course.api().get_submitted_timestamp("ps1", "anna").year < 2099


def test_a_home_folder_that_cannot_hold_the_page_does_not_stop_handing_in(anna: Home) -> None:
    (anna.path / "receipts").write_text("in the way")
    anna.submit()
    (row,) = anna.submitted()
    assert CODE.search(row["timestamp"])


def test_junk_in_the_inbound_folder_stops_nobody(anna: Home) -> None:
    inbound = anna.submit().parent
    now = datetime.now().strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    (inbound / f"eve+ps1+{now}+link").symlink_to("/etc")
    (inbound / f"file+ps1+{now}+x").write_text("")
    for name in (
        "junk",
        "a+b",
        f"..+ps1+{now}+x",
        f"*+ps1+{now}+x",
        f".hidden+ps1+{now}+x",
        f"two\nlines+ps1+{now}+x",
        "time+ps1+yesterday at noon+x",
        "year+ps1+99999999999999999999+x",
    ):
        (inbound / name).mkdir()
    log = collect(anna.course)
    assert [path.name for path in (anna.course.root / "submitted").iterdir()] == ["anna"]
    assert "two\\nlines" in log
    assert not (anna.course.root / "ps1").exists()


@pytest.mark.parametrize(
    ("owners", "collected"),
    [
        ({"anna": os.getuid()}, True),
        (lambda student: os.getuid(), True),
        ({"anna": os.getuid() + 1}, False),
        ({}, False),
        (lambda student: None, False),
        ("accounts", False),
    ],
)
def test_only_the_owner_hands_in(anna: Home, owners: Any, collected: bool) -> None:
    anna.submit()
    log = collect(anna.course, owners=owners)
    assert anna.course.folder("anna").exists() == collected
    assert ("belongs to account" in log) != collected


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder somebody else's")
def test_a_strangers_folder_does_not_hide_the_students_own(anna: Home) -> None:
    arrived = anna.submit()
    later = (datetime.now() + timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    stranger = arrived.with_name(f"anna+ps1+{later}+x")
    stranger.mkdir()
    (stranger / "ps1.ipynb").write_text("{}")
    os.chown(stranger, 54321, 54321)
    log = collect(anna.course, owners={"anna": os.getuid()})
    assert "54321" in log
    assert flags(anna.course) == {}
    assert "square" in (anna.course.folder("anna") / "ps1.ipynb").read_text()


def test_without_owners_collect_does_not_pretend(anna: Home) -> None:
    anna.submit()
    assert "cheating" not in collect(anna.course)
    assert MillwrightCollect(config=anna.course.config).owners is None
