"""A receipt stands for every byte, and for who, what and when."""

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from millwright_grader import verify_receipt
from millwright_grader.errors import ReceiptError
from millwright_grader.intake import take
from millwright_grader.receipts import Receipt, make_receipt, read_receipt
from nbgrader.coursedir import CourseDirectory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def hand_in(folder: Path, files: dict[str, bytes]) -> Receipt:
    """Lay down files and their receipt, as Submit does."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    receipt = make_receipt("course", "ps1", "anna", NOON, take(folder, CourseDirectory()))
    (folder / "receipt.json").write_text(receipt.to_json())
    return receipt


FILES = {"ps1.ipynb": b"{}", "data/run 1.csv": b"1,2\n", "图.png": b"\x89PNG"}


def test_a_receipt_reads_back_and_the_folder_fits(tmp_path: Path) -> None:
    receipt = hand_in(tmp_path, FILES)
    assert read_receipt(tmp_path / "receipt.json") == receipt
    assert verify_receipt(tmp_path, tmp_path / "receipt.json") == []
    assert re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){2}[0-9a-hjkmnp-tv-z]{4}", receipt.code)
    assert receipt.size == sum(map(len, FILES.values()))
    page = receipt.to_html()
    assert all(name in page for name in FILES)


@given(place=st.integers(0, 10), bit=st.integers(0, 7), name=st.sampled_from(sorted(FILES)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_one_flipped_bit_is_found(place: int, bit: int, name: str, tmp_path: Path) -> None:
    receipt = hand_in(tmp_path, FILES)
    content = bytearray(FILES[name])
    content[place % len(content)] ^= 1 << bit
    (tmp_path / name).write_bytes(content)
    assert verify_receipt(tmp_path, receipt) == [f"{name} was changed"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("student", "ben"),
        ("assignment", "ps2"),
        ("course", "other"),
        ("time", "2026-03-01T11:59:59+00:00"),
        ("files", ()),
        ("left_out", (("a", "a link"),)),
    ],
)
def test_every_field_is_in_the_code(tmp_path: Path, field: str, value: object) -> None:
    receipt = hand_in(tmp_path, FILES)
    other = dataclasses.replace(receipt, **{field: value})
    assert other.code != receipt.code
    stored = json.loads(other.to_json()) | {"code": receipt.code}
    (tmp_path / "receipt.json").write_text(json.dumps(stored))
    with pytest.raises(ReceiptError, match="does not fit its code"):
        read_receipt(tmp_path / "receipt.json")


def test_time_is_utc_whatever_the_clock_shows(tmp_path: Path) -> None:
    contents = take(tmp_path, CourseDirectory())
    shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    assert make_receipt("c", "a", "s", shanghai, contents).time == "2026-03-01T12:00:00+00:00"


def test_a_page_is_only_text(tmp_path: Path) -> None:
    receipt = hand_in(tmp_path, {"<script>boom()<script>.ipynb": b""})
    page = dataclasses.replace(receipt, student="<b>anna</b>").to_html()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;anna" in page
