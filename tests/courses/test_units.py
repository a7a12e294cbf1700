"""Every unit follows the rules, and the rules notice when one does not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rules import COMPETENCIES, Lab, Unit, check, labs, units

UNITS = units()


@pytest.mark.parametrize("unit", [*UNITS, *labs()], ids=lambda unit: unit.name)
def test_unit_follows_the_rules(unit: Unit) -> None:
    violations = check(unit)
    assert not violations, "\n" + "\n".join(map(str, violations))


def test_each_course_has_a_unit() -> None:
    assert {unit.folder.name for unit in UNITS} >= {"primer", "control", "twins", "maintenance"}


# Each rule is tried on a copy of a real unit with one thing broken.

Book = dict[str, Any]


def cell(book: Book, which: Callable[[Any], bool]) -> Any:
    return next(c for c in book["cells"] if which(c))


def is_code(c: Any) -> bool:
    return bool(c["cell_type"] == "code")


def role(c: Any) -> Any:
    return c["metadata"].get("nbgrader", {})


def is_test(c: Any) -> bool:
    return bool(role(c).get("grade")) and not role(c).get("solution")


def is_solution(c: Any) -> bool:
    return bool(role(c).get("solution")) and not role(c).get("grade")


def holds(text: str) -> Callable[[Any], bool]:
    return lambda c: text in "".join(c["source"])


def edit(c: Any, old: str, new: str) -> None:
    c["source"] = "".join(c["source"]).replace(old, new)


def with_output(b: Book) -> None:
    cell(b, is_code)["execution_count"] = 7


def with_random_id(b: Book) -> None:
    cell(b, is_code)["id"] = "0badf00d"


def with_long_cell(b: Book) -> None:
    cell(b, is_code)["source"] = "x = 1\n" * 26


def with_skipped_heading(b: Book) -> None:
    edit(
        cell(b, holds("\n## ")) if any(map(holds("\n## "), b["cells"])) else cell(b, holds("## ")),
        "## ",
        "#### ",
    )


def with_second_title(b: Book) -> None:
    b["cells"][-1] = {"cell_type": "markdown", "id": "last", "metadata": {}, "source": "# Again"}


def with_network(b: Book) -> None:
    edit(cell(b, is_code), "import", "import requests\nimport")


def with_magic(b: Book) -> None:
    cell(b, is_code)["source"] = "%matplotlib inline"


def with_bare_image(b: Book) -> None:
    cell(b, lambda c: not is_code(c))["source"] = "# Title\n![](a.png)"


def with_naked_figure(b: Book) -> None:
    edit(cell(b, holds("page.figure(")), "page.figure(", "plt.show(); page.figure(")


def with_unknown_check(b: Book) -> None:
    edit(cell(b, holds('page.check("recall-1"')), "recall-1", "recall-9")


def with_answered_check(b: Book) -> None:
    edit(cell(b, holds('page.check("recall-1"')), "...", '"a"')


def with_unfinished_solution(b: Book) -> None:
    edit(cell(b, is_solution), "### END SOLUTION", "")


def with_solution_in_the_open(b: Book) -> None:
    c = cell(b, is_solution)
    role(c)["solution"], role(c)["locked"] = False, True


def with_mute_assert(b: Book) -> None:
    cell(b, is_test)["source"] = "assert 1 + 1 == 2"


def with_vain_assert(b: Book) -> None:
    cell(b, is_test)["source"] = "assert True, 'fine'"


def with_test_that_tests_nothing(b: Book) -> None:
    cell(b, is_test)["source"] = "print('well done')"


def with_eval_in_a_test(b: Book) -> None:
    cell(b, is_test)["source"] = "assert eval('1') == 1, 'one'"


def with_other_points(b: Book) -> None:
    role(cell(b, is_test))["points"] += 1


def with_renamed_grade(b: Book) -> None:
    c = cell(b, is_test)
    role(c)["grade_id"] = c["id"] = c["id"] + "-renamed"


def without_hints(b: Book) -> None:
    for c in b["cells"]:
        if not is_code(c):
            edit(c, "int ", "ints ")


BROKEN = [
    ("lesson", with_output, "holds outputs or an execution count"),
    ("lesson", with_random_id, "id is not readable"),
    ("lesson", with_long_cell, "longer than 25 lines"),
    ("lesson", with_skipped_heading, "skips a level"),
    ("lesson", with_second_title, "2 headings of the first level"),
    ("lesson", with_network, "reaches the network"),
    ("lesson", with_magic, "magic"),
    ("lesson", with_bare_image, "no alt text"),
    ("lesson", with_naked_figure, "without alt text"),
    ("lesson", with_unknown_check, "has no text"),
    ("lesson", with_answered_check, "not left open"),
    ("source", with_unfinished_solution, "not closed"),
    ("source", with_solution_in_the_open, "students see as it is"),
    ("source", with_mute_assert, "no message"),
    ("source", with_vain_assert, "cannot fail"),
    ("source", with_test_that_tests_nothing, "tests nothing"),
    ("source", with_eval_in_a_test, "uses eval"),
    ("source", with_other_points, "weight is not the cell's points"),
    ("source", with_renamed_grade, "proves no competency"),
    ("source", without_hints, "0 hints"),
]


@pytest.fixture
def copied(tmp_path: Path) -> Unit:
    """A copy of a real unit to break."""
    original = next(unit for unit in UNITS if not unit.short)
    shutil.copytree(original.folder, tmp_path / "course")
    shutil.copy(COMPETENCIES, tmp_path)
    return Unit(tmp_path / "course", original.name, tmp_path / COMPETENCIES.name)


@pytest.mark.parametrize(
    ("which", "harm", "rule"), BROKEN, ids=lambda x: getattr(x, "__name__", None)
)
def test_broken_notebook_is_noticed(
    copied: Unit, which: str, harm: Callable[[Book], None], rule: str
) -> None:
    path: Path = getattr(copied, which)
    book = json.loads(path.read_text(encoding="utf-8"))
    harm(book)
    path.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert any(rule in str(violation) for violation in check(copied))


MISSING = [
    ("lesson", "is missing"),
    ("text", "is missing"),
    ("source", "is missing"),
    ("guide", "is missing"),
]


@pytest.mark.parametrize(("which", "rule"), MISSING)
def test_missing_file_is_noticed(copied: Unit, which: str, rule: str) -> None:
    getattr(copied, which).unlink()
    assert [v.rule for v in check(copied)] == [rule]


def test_missing_answers_are_noticed(copied: Unit) -> None:
    for path in (copied.answers / "reject").glob("*.py"):
        path.unlink()
    assert any("fewer than 4" in violation.rule for violation in check(copied))


def test_answer_for_a_cell_that_is_not_there_is_noticed(copied: Unit) -> None:
    path = copied.answers / "accept" / "stray.py"
    path.write_text('"""Answers nothing."""\n# %% no-such-cell\nx = 1\n', encoding="utf-8")
    assert any("answers no solution cell" in violation.rule for violation in check(copied))


def test_guide_without_a_rubric_is_noticed(copied: Unit) -> None:
    text = copied.guide.read_text(encoding="utf-8")
    copied.guide.write_text(text.replace("ubric", "xxx"), encoding="utf-8")
    assert any("rubric" in violation.rule for violation in check(copied))


# The labs' own rules, on a copy of a real lab.


def without_safety(b: Book) -> None:
    edit(cell(b, holds("## Safety")), "Safety", "Welcome")


def without_seed(b: Book) -> None:
    edit(cell(b, holds("link.start(")), ", seed=", ", ")


def with_two_starts(b: Book) -> None:
    b["cells"][-1] = {**cell(b, is_code), "id": "again", "source": 'link.start("cnc_axis", seed=1)'}


def with_an_early_move(b: Book) -> None:
    c = cell(b, holds("link.start("))
    c["source"] = "".join(c["source"]) + "\nplant.wait(1.0)"


def without_log(b: Book) -> None:
    c = cell(b, lambda c: c["id"].endswith("-log"))
    role(c)["grade_id"] = c["id"] = "cnc-axis-diary"


def without_proof(b: Book) -> None:
    for c in b["cells"]:
        edit(c, "link.verified(", "trusted(")


def with_a_lesson_for_a_report(b: Book) -> None:
    c = cell(b, lambda c: c["id"].endswith("-report"))
    role(c)["grade_id"] = c["id"] = "cnc-axis-plan-b"


BROKEN_LAB = [
    (without_safety, "no section on safety"),
    (without_seed, "without a seed"),
    (with_two_starts, "starts its machine in 2 cells"),
    (with_an_early_move, "before its machine moves"),
    (without_log, "keeps no log"),
    (without_proof, "runs the learner's recording again"),
    (with_a_lesson_for_a_report, "asks for no report"),
    (with_long_cell, "longer than 25 lines"),
    (with_mute_assert, "no message"),
    (without_hints, "0 hints"),
]


@pytest.mark.parametrize(("harm", "rule"), BROKEN_LAB, ids=lambda x: getattr(x, "__name__", None))
def test_broken_lab_is_noticed(harm: Callable[[Book], None], rule: str, tmp_path: Path) -> None:
    name = "cnc-axis"
    original = next(lab for lab in labs() if lab.name == name)
    shutil.copytree(original.folder, tmp_path / "labs")
    shutil.copy(COMPETENCIES, tmp_path)
    lab = Lab(tmp_path / "labs", name, tmp_path / COMPETENCIES.name)
    book = json.loads(lab.source.read_text(encoding="utf-8"))
    harm(book)
    lab.source.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert any(rule in str(violation) for violation in check(lab))
