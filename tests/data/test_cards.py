"""The catalogue: every card is complete, honest and agrees with the mirror."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import millwright_data
import pandas as pd
import pytest
from millwright_data import CardError, UnknownDataSetError, UnknownPartError, card, load, parts
from millwright_data.app import readme_table
from millwright_data.cards import CARDS, KINDS, Card, cards, ids

README = CARDS.parent.parent / "README.md"
MIRRORED = [card.id for card in cards() if not card.embedded]


@pytest.fixture(params=ids())
def any_card(request: pytest.FixtureRequest) -> Card:
    return card(request.param)


def test_the_catalogue_holds_the_mirrored_sets_and_the_embedded_tables() -> None:
    assert len(MIRRORED) == 29
    assert set(ids()) - set(MIRRORED) == {"ball-bearing-lives", "shock-absorber-lives"}


def test_a_card_says_where_its_data_come_from(any_card: Card) -> None:
    for field in ("title", "industry", "kind_note", "publisher", "home", "licence", "citation"):
        assert getattr(any_card, field).strip(), field
    assert any_card.kind in KINDS
    assert any_card.task
    assert any_card.sampling
    assert any_card.faults, "every data set has a fault worth knowing"
    assert any_card.embedded or any_card.by_hand.endswith("."), "how is a mirror filled by hand?"


def test_columns_are_tidy_and_explained(any_card: Card) -> None:
    for table in any_card.tables:
        names = [column.name for column in (*table.columns, *table.constants)]
        assert len(set(names)) == len(names)
        for column in (*table.columns, *table.constants):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name), column
            assert column.description, column
            assert column.unit or column.dtype in ("text", "flag") or not table.axis, column


def test_parts_refer_to_files_that_the_card_has(any_card: Card) -> None:
    used = set()
    for name, part in any_card.parts.items():
        assert re.fullmatch(r"[A-Za-z0-9_]+", name)
        assert (part.file is None) != (part.files is None)
        assert (part.files is None) == (part.key is None)
        files = any_card.files_of(part)
        assert files, name
        used |= {file.name for file in files}
    unused = {file.name for file in any_card.files} - used
    assert all(re.match(r"readme|licen[cs]e|Faults27x7_var", name, re.I) for name in unused), unused
    assert any_card.default is None or any_card.default in any_card.parts
    assert len(any_card.parts) == sum(len(table.parts) for table in any_card.tables)


def test_digests_have_the_form_of_digests(any_card: Card) -> None:
    for file in any_card.files:
        assert not Path(file.name).is_absolute()
        assert ".." not in Path(file.name).parts
        assert len(file.forms) == (2 if file.name.endswith(".gz") else 1)
        for form in file.forms:
            assert form.size > 0
            assert re.fullmatch(r"[0-9a-f]{64}", form.sha256)


def test_official_addresses_are_pinned_to_a_version(any_card: Card) -> None:
    for file in any_card.files:
        if file.official:
            home, version = re.search(r"com/([^/]+/[^/]+)/([0-9a-f]{40})/", file.official).groups()
            assert file.official.startswith("https://raw.githubusercontent.com/")
            assert f"https://github.com/{home}" in any_card.home
            assert version in any_card.by_hand


@pytest.mark.parametrize("id", MIRRORED)
def test_a_card_agrees_with_the_mirror(id: str, school_mirror: Path) -> None:
    folder = school_mirror / id
    source = tomllib.loads((folder / "SOURCE.toml").read_text(encoding="utf-8"))
    found = card(id)
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert {file.name for file in found.files} == names - {"SOURCE.toml", "MANIFEST.tsv"}
    digests = {file.name: file.sha256 for file in found.files}
    for file in source["files"]:
        if "sha256" in file:
            assert digests[file["name"]] == file["sha256"]
    kind = "derived" if "(derived)" in source["kind"] else re.match(r"\w+", source["kind"])[0]
    assert found.kind == kind
    for address in re.findall(r"https?://\S+[^\s;,)]|10\.\d{4,}/[^\s;,]+", source["home"]):
        assert address.rstrip(";,") in found.home
    assert set(source["task"]) == set(found.task)


def test_the_readme_shows_the_cards() -> None:
    text = README.read_text(encoding="utf-8")
    between = re.search(r"<!-- table: begin -->\n(.*?)<!-- table: end -->", text, re.S)
    assert between
    assert between[1] == readme_table(), "run `millwright-data list --markdown`"


def test_the_list_is_a_table_of_the_cards() -> None:
    table = millwright_data.list()
    assert isinstance(table, pd.DataFrame)
    assert tuple(table.index) == ids()
    assert table.loc["cmapss", "kind"] == "simulated"
    assert table.loc["ball-bearing-lives", "size_mb"] == 0


@pytest.mark.parametrize(
    ("id", "says"),
    [
        ("cmaps", "did you mean cmapss?"),
        ("bearing", "ball-bearing-lives"),
        ("CMAPSS ", "see millwright_data.list()"),
        ("", "see millwright_data.list()"),
        ("../cards/cmapss", "see millwright_data.list()"),
        ("cmapss\0", "did you mean cmapss?"),
        (None, "see millwright_data.list()"),
        (7, "see millwright_data.list()"),
        (["cmapss"], "did you mean cmapss?"),
        ("x" * 100_000, "see millwright_data.list()"),
    ],
)
def test_an_unknown_id_gets_the_nearest_ones(id, says) -> None:
    with pytest.raises(UnknownDataSetError) as caught:
        load(id)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", [None, "train", "TRAIN_FD001", "", 7])
def test_a_missing_part_lists_the_parts(part) -> None:
    with pytest.raises(UnknownPartError) as caught:
        load("cmapss", part=part)
    assert all(name in str(caught.value) for name in parts("cmapss"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('kind = "measured"', 'kind = "measured'), "Illegal character"),
        (('kind = "measured"\n', ""), "kind"),
        (('kind = "measured"', 'kind = "measured"\ncolour = "red"'), "unknown field colour"),
        (('{ name = "life", unit', '{ nane = "life", unit'), "tables[0].columns[0]"),
        (("rows = 23", "row = 23"), "unknown field row"),
    ],
)
def test_a_broken_card_names_card_and_field(change, says, tmp_path, monkeypatch) -> None:
    text = (CARDS / "ball-bearing-lives.toml").read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "broken.toml").write_text(text.replace(*change), encoding="utf-8")
    monkeypatch.setattr("millwright_data.cards.CARDS", tmp_path)
    with pytest.raises(CardError, match=r"card broken\.toml") as caught:
        card("broken")
    assert says in str(caught.value)


def test_a_star_import_leaves_python_alone() -> None:
    code = "from millwright_data import *; assert list('ab') == ['a', 'b']; load, parts, card"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_goes_along_with_a_table_is_plain() -> None:
    lives = load("ball-bearing-lives")
    attrs = json.loads(json.dumps(lives.attrs))
    assert attrs == lives.attrs
    assert lives[lives.life > 50].attrs["units"] == {"life": "10⁶ rev"}
    assert attrs["card"]["kind"] == "measured"
