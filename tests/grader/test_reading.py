"""Whatever stands in a file: it is read or refused with a reason, and the tests survive."""

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from coursework import Course, answered, cell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from millwright_grader.errors import UnreadableNotebookError
from millwright_grader.flags import KINDS, Flag, flag, one_line
from millwright_grader.intake import is_student_name, take
from millwright_grader.reading import grade_ready, read_notebook
from millwright_grader.released import Released, load
from nbgrader.nbgraderformat import MetadataValidator

LIMIT = 1_000_000
GRADED = ("ps1-square-test", "ps1-mean-test", "ps1-why")


@pytest.fixture(scope="module")
def released(shared_course: Course) -> Released:
    return load(shared_course.api().coursedir, "ps1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5)
    ),
    max_leaves=20,
)
NAMES = st.sampled_from(
    ["ps1-setup", "ps1-square", "ps1-square-test", "ps1-mean", "ps1-mean-test", "ps1-why", "x"]
)
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | JSON,
        "source": st.text(st.characters(), max_size=30) | st.lists(st.text(max_size=9)) | JSON,
        "id": NAMES | JSON,
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "nbgrader": st.fixed_dictionaries({}, optional={"grade_id": NAMES | JSON}) | JSON,
                "tags": st.lists(st.sampled_from(["skip-execution", "a"])) | JSON,
            },
        )
        | JSON,
        "attachments": st.dictionaries(
            st.text(max_size=5), st.dictionaries(st.just("image/png"), st.text() | JSON)
        )
        | JSON,
        "outputs": JSON,
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(page=st.fixed_dictionaries({"cells": st.lists(CELL | JSON, max_size=12)}) | JSON)
def test_any_json_becomes_a_gradable_notebook(
    page: Any, released: Released, tmp_path: Path
) -> None:
    (tmp_path / "ps1.ipynb").write_text(json.dumps(page))
    notebook = released.notebooks["ps1"]
    node, flags = grade_ready(tmp_path, notebook, released, LIMIT)

    nbformat.validate(node)
    MetadataValidator().validate_nb(node)
    nbformat.writes(node).encode("utf-8")
    order = [one.metadata.nbgrader.grade_id for one in node.cells if "nbgrader" in one.metadata]
    released_order = [one.name for one in notebook.cells if one.name in order]
    assert order == released_order
    assert set(GRADED) <= set(order)
    for one in notebook.cells:
        if one.is_locked:
            assert cell(node, one.name).source == one.source
    for one in node.cells:
        assert set(one.metadata) <= {"nbgrader", "deletable", "editable"}
    assert all("\n" not in found.message for found in flags)


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ps1.ipynb"
    path.write_bytes(content)
    with suppress(UnreadableNotebookError):  # and nothing else
        read_notebook(path, LIMIT)


@pytest.mark.parametrize(
    ("cells", "characters", "refused"),
    [
        (10_000, 0, ""),
        (10_001, 0, "it has more than 10000 cells"),
        (1, 99_000_000, ""),
        (1, 101_000_000, "it is larger than 100 MB"),
    ],
)
def test_huge_notebooks(cells: int, characters: int, refused: str, tmp_path: Path) -> None:
    path = tmp_path / "ps1.ipynb"
    one = {"cell_type": "code", "source": "#" * characters, "metadata": {}, "outputs": []}
    path.write_text(json.dumps({"cells": [one] * cells, "nbformat": 4, "nbformat_minor": 5}))
    if refused:
        with pytest.raises(UnreadableNotebookError, match=refused):
            read_notebook(path, 100_000_000)
    else:
        assert len(read_notebook(path, 100_000_000).cells) == cells


def test_an_honest_notebook_is_not_touched(released: Released, tmp_path: Path) -> None:
    """Cell ids, order, own cells and pasted pictures stay as the student has them."""
    notebook = released.notebooks["ps1"]
    page = nbformat.v4.new_notebook(cells=copy.deepcopy(list(notebook.page)))
    page = answered(page)
    page.cells.insert(4, nbformat.v4.new_code_cell("square(3)", id="mine"))
    page.cells[-1].attachments = {"a.png": {"image/png": "aGVsbG8="}}
    nbformat.write(page, tmp_path / "ps1.ipynb")
    node, flags = grade_ready(tmp_path, notebook, released, LIMIT)
    assert flags == []
    assert [one.id for one in node.cells] == [one.id for one in page.cells]
    assert node.cells[-1].attachments == page.cells[-1].attachments
    assert node.cells[4].source == "square(3)"


@pytest.mark.parametrize("name", ["anna", "a.b", "a+b", "李雷", "o'neil", "x@y.org", "Anna Lee"])
def test_names_of_students(name: str) -> None:
    assert is_student_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".a", "a/b", "a\\b", "a*", "a?", "[a]", "a\nb", "a\0", "{x}", " ", "a" * 200],
)
def test_names_that_are_none(name: str) -> None:
    assert not is_student_name(name)


@given(st.text(st.characters()))
def test_nothing_in_a_message_can_break_a_line_or_a_terminal(text: str) -> None:
    shown = one_line(text)
    assert shown.isprintable()
    assert len(shown) <= 300
    shown.encode("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_flag_is_two_sentences_and_survives_storing(kind: str) -> None:
    names = (
        *("file", "found", "reason", "names", "kept", "owner", "student", "code", "changes"),
        *("claimed", "arrived", "looks_like", "cells", "cell", "seconds", "kilobytes", "what"),
    )
    made = flag(kind, **dict.fromkeys(names, "X"))
    assert made.what.endswith(".")
    assert made.then.endswith(".")
    assert "{" not in made.message
    assert Flag.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_a_folder_that_changes_while_it_is_read_is_followed_nowhere(
    shared_course: Course, tmp_path: Path
) -> None:
    """A link in the place of a folder, and a pipe in the place of a file."""
    coursedir = shared_course.api().coursedir
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("42")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "data").symlink_to(tmp_path / "outside")
    (inside / "twin").hardlink_to(tmp_path / "outside" / "secret")
    contents = take(inside, coursedir, tmp_path / "copy")
    assert contents.files == ()
    assert [path for path, _ in contents.refused] == ["data", "twin"]
    with pytest.raises(OSError):
        take(inside / "data", coursedir)
