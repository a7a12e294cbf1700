"""The student edition holds what students need and nothing that only teachers may see."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from rules import ROOT, labs, units

sys.path.insert(0, str(ROOT / "courses"))
import release

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("edition") / "release"
    release.release(destination)
    return destination


def test_each_unit_is_there(edition: Path) -> None:
    for unit in units():
        course = edition / "courses" / unit.folder.name
        assert (course / "lessons" / f"{unit.name}.ipynb").exists()
        assert (course / "lessons" / "text" / f"{unit.name}.en.toml").exists()
        assert (course / "assignments" / unit.name / f"{unit.name}.ipynb").exists()


def test_each_lab_is_there(edition: Path) -> None:
    for lab in labs():
        folder = edition / "labs" / "notebooks"
        assert (folder / "README.md").exists()
        assert (folder / "assignments" / lab.name / f"{lab.name}.ipynb").exists()


def test_nothing_of_the_teachers_is_there(edition: Path) -> None:
    names = {part for path in edition.rglob("*") for part in path.relative_to(edition).parts}
    assert not names & {"answers", "guides", "source", "certification", "tests", "hub"}
    text = "".join(p.read_text("utf-8") for p in edition.rglob("*.ipynb"))
    for mark in ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS", "BEGIN MARK SCHEME"):
        assert mark not in text


def test_unanswered_cells_ask_for_an_answer(edition: Path) -> None:
    for path in edition.glob("*/**/assignments/*/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            role = cell.metadata.get("nbgrader", {})
            if role.get("solution") and not role.get("grade"):
                assert "raise NotImplementedError" in cell.source, f"{path.name}, {cell.id}"


def test_a_leak_is_found_wherever_it_stands(edition: Path) -> None:
    for _, unit, source in release.units():
        secrets = release.secrets_of(source)
        kinds = {secret.kind for secret in secrets}
        assert kinds >= {"solution", "hidden test"}, f"{unit}: nothing to look for"
        for kind in kinds:
            secret = max((s for s in secrets if s.kind == kind), key=lambda s: len(s.line))
            leak = edition / "courses" / "primer" / "lessons" / "leak.md"
            leak.write_text(f"before\n    {secret.line}\nafter\n", encoding="utf-8")
            try:
                findings = release.search(edition, secrets)
            finally:
                leak.unlink()
            assert any(secret.cell in finding and "leak.md" in finding for finding in findings)


def test_an_earlier_edition_is_replaced_and_nothing_else(edition: Path, tmp_path: Path) -> None:
    (edition / "old.txt").write_text("of last year", encoding="utf-8")
    release.release(edition)
    assert not (edition / "old.txt").exists()

    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.md").write_text("years of work", encoding="utf-8")
    command = [sys.executable, ROOT / "courses" / "release.py", "--to", precious]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "name an empty folder" in done.stderr
    assert (precious / "chapter.md").read_text(encoding="utf-8") == "years of work"
