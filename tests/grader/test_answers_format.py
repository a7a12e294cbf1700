"""Answer files: what is read of them, and what is said when they are not right."""

from pathlib import Path

import nbformat
import pytest
from coursework import MEAN, SQUARE, cell, source
from millwright_grader.answers import (
    UNANSWERED,
    apply_answer,
    class_from_answers,
    read_answer,
)
from millwright_grader.errors import AnswerError

GOOD = '''"""Doubles instead of squaring.

Seen every year.
fails: ps1-square-test, ps1-mean-test
"""
# %% ps1-square

def square(x):
    return 2 * x  # a line with %% in it

# %% ps1-mean
mean = None
'''


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """A course folder with one unit."""
    (tmp_path / "source" / "ps1").mkdir(parents=True)
    nbformat.write(source("ps1"), tmp_path / "source" / "ps1" / "ps1.ipynb")
    for verdict in ("accept", "reject"):
        (tmp_path / "answers" / "ps1" / verdict).mkdir(parents=True)
    return tmp_path


def test_an_answer_is_title_failures_and_cells(tmp_path: Path) -> None:
    path = tmp_path / "doubles.py"
    path.write_text(GOOD)
    answer = read_answer(path)
    assert answer.title == "Doubles instead of squaring."
    assert answer.fails == {"ps1-square-test", "ps1-mean-test"}
    assert answer.cells == {
        "ps1-square": "def square(x):\n    return 2 * x  # a line with %% in it",
        "ps1-mean": "mean = None",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no `# %% <grade_id>` header"),
        ('"""Title."""\n#%% a\nx = 1\n', "no `# %% <grade_id>` header"),
        ("# %% a\nx = 1\n", "no docstring before the first header"),
        ('"""Title."\n# %% a\nx = 1\n', "line 1 is not Python"),
        ('"""Title."""\n# %% a\n\n# %% b\nx = 1\n', "nothing under the header a"),
        ('"""Title."""\n# %% a\nx = 1\n# %% a\nx = 2\n', "two headers for a"),
    ],
)
def test_a_file_that_is_no_answer_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "answer.py"
    path.write_text(text)
    with pytest.raises(AnswerError, match=r"answer\.py: ") as caught:
        read_answer(path)
    assert says in str(caught.value)


def test_applying_an_answer_leaves_the_reference_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text('"""Adds."""\n# %% ps1-square\ndef square(x): return x + x\n')
    page = source("ps1")
    student = apply_answer(page, read_answer(path))
    assert cell(student, "ps1-square").source == "def square(x): return x + x"
    assert cell(student, "ps1-mean").source == MEAN
    assert "HIDDEN" not in nbformat.writes(student)
    assert page == source("ps1")
    assert cell(apply_answer(page, None), "ps1-square").source == SQUARE


def test_an_answer_to_a_cell_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text('"""Adds."""\n# %% ps1-cube\nx = 1\n')
    with pytest.raises(AnswerError, match="ps1-cube"):
        apply_answer(source("ps1"), read_answer(path))


def test_a_class_is_laid_out_beside_the_course_not_in_it(unit: Path, tmp_path: Path) -> None:
    (unit / "answers/ps1/reject/doubles.py").write_text(GOOD)
    (unit / "answers/ps1/accept/power.py").write_text(
        '"""Takes the power."""\n# %% ps1-square\ndef square(x):\n    return x**2\n'
    )
    before = sorted(unit.rglob("*"))
    destination = tmp_path.with_name(f"{tmp_path.name}-class")
    answers = class_from_answers(unit, "ps1", destination)
    assert sorted(unit.rglob("*")) == before
    assert list(answers) == [UNANSWERED, "accept-power", "reject-doubles"]
    handed_in = {path.parts[-3]: path for path in destination.glob("submitted/*/ps1/ps1.ipynb")}
    assert set(handed_in) == set(answers)
    assert handed_in[UNANSWERED].read_text() == (destination / "release/ps1/ps1.ipynb").read_text()
    assert "x**2" in handed_in["accept-power"].read_text()


@pytest.mark.parametrize(
    ("verdict", "text", "says"),
    [
        ("accept", GOOD, "an accepted answer with a `fails:` line"),
        ("reject", '"""T."""\n# %% ps1-mean\nx = 1\n', "a rejected answer without a `fails:`"),
    ],
)
def test_a_verdict_and_its_file_must_agree(
    unit: Path, tmp_path: Path, verdict: str, text: str, says: str
) -> None:
    (unit / "answers" / "ps1" / verdict / "one.py").write_text(text)
    with pytest.raises(AnswerError, match=says):
        class_from_answers(unit, "ps1", tmp_path.with_name(f"{tmp_path.name}-class"))
