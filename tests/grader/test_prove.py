"""millwright-grade prove: what it says of good tests, of weak ones, and of a unit gone wrong."""

import contextlib
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from coursework import managed, notebook, solution
from millwright_grader.answers import class_from_answers
from millwright_grader.errors import SolutionError
from millwright_grader.mutants import Mutant, mutants_of
from millwright_grader.prove import ProveApp

slow = pytest.mark.slow

PRICE = (
    "def price(units, rate):\n    if units > 10:\n        rate = rate * 0.9\n"
    "    return units * rate + 2"
)
FLOOR = "def floor(x, low):\n    if x < low:\n        return low\n    return x"
WAIT = "def wait(n):\n    turns = 0\n    while turns != n:\n        turns += 1\n    return turns"

WEAK = "assert price(2, 1) == 4, 'price: two units'"
STRONG = (
    f"{WEAK}\nassert price(10, 3) == 32, 'price: ten units'\n"
    "### BEGIN HIDDEN TESTS\nassert abs(price(11, 3) - 31.7) < 1e-9, 'price: many'\n"
    "### END HIDDEN TESTS"
)
# Nothing that a test can see: who is not below the floor is on it.
SAME = """
[[mutant]]
cell = "u-floor"
before = "if x < low:"
after = "if x <= low:"
reason = "x and low are the same number where they are equal."
"""


class Unit:
    """A course folder with one unit of two notebooks."""

    def __init__(self, root: Path, price_test: str = STRONG) -> None:
        self.root = root
        test = {"grade": True, "locked": True}
        pages = {
            "u": notebook(
                managed("import math", "u-setup", locked=True),
                solution(PRICE, "u-price"),
                managed(price_test, "u-price-test", points=2, **test),
                managed("Because.", "u-why", "markdown", grade=True, solution=True, points=5),
            ),
            "v": notebook(
                solution(FLOOR, "u-floor"),
                managed("assert floor(1, 3) == 3\n1", "u-floor-low", points=1, **test),
                managed("assert floor(4, 3) == 4", "u-floor-high", points=1, **test),
            ),
        }
        (root / "source" / "u").mkdir(parents=True)
        for name, page in pages.items():
            nbformat.write(page, root / "source" / "u" / f"{name}.ipynb")
        (root / "nbgrader_config.py").write_text(
            "from millwright_grader import configure\n\n"
            "c = get_config()\nconfigure(c, imports=[], owners=lambda name: None)\n"
        )
        self.answer("accept/other_words", "u-price", PRICE.replace("rate * 0.9", "0.9 * rate"))
        self.answer("reject/no_fee", "u-price", PRICE.replace(" + 2", ""), "u-price-test")

    def answer(self, name: str, cell: str, code: str, fails: str = "") -> None:
        path = self.root / "answers" / "u" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        fails = f"\n\nfails: {fails}\n" if fails else ""
        path.write_text(f'"""Idea of {path.stem}.{fails}"""\n# %% {cell}\n{code}\n')

    def equivalent(self, text: str) -> None:
        (self.root / "answers" / "u" / "equivalent.toml").write_text(text)

    def prove(self, *options: str, unit: str = "u") -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "millwright-grade"), "prove", unit]
        return subprocess.run(
            [*command, "--workers=1", *options],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )

    def refusal(self, *options: str, unit: str = "u") -> str:
        """What is said where nothing is run."""
        app = ProveApp()
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            app.initialize([f"--course-dir={self.root}", unit, *options])
            app.start()
        assert app.exit_code == 2
        assert said.getvalue().count("\n") == 1
        return said.getvalue()

    def proof(self, *options: str, code: int = 0) -> dict[str, Any]:
        done = self.prove("--json", *options)
        assert done.returncode == code, done.stdout + done.stderr
        content: dict[str, Any] = json.loads(done.stdout)
        return content

    def digest(self) -> str:
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        parts = [f"{path.relative_to(self.root)} {path.read_bytes()!r}" for path in files]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def survivors(proof: dict[str, Any]) -> set[tuple[str, str]]:
    return {(m["before"], m["after"]) for m in proof["mutants"] if m["state"] == "survived"}


# What prove says


@slow
def test_strong_tests_let_nothing_pass(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course")
    unit.equivalent(SAME)
    before = unit.digest()
    done = unit.prove()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "accept     1 of 1 get full points" in done.stdout
    assert "reject     1 of 1 lose what they name, and no more" in done.stdout
    all_of_them = next(line for line in done.stdout.splitlines() if line.startswith("all "))
    _, made, run, killed, survived, equivalent, score = all_of_them.split()
    assert (int(made), survived, equivalent, score) == (int(run) + 1, "0", "1", "1.00")
    assert int(killed) == int(run) >= 8
    assert "u-floor, mutant 1: if x <= low:  (x and low are the same number" in done.stdout
    assert "Survivors" not in done.stdout
    assert unit.digest() == before


@slow
def test_weak_tests_show_each_change_that_they_let_pass(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course", WEAK)
    unit.answer("reject/no_rebate", "u-price", PRICE.replace("0.9", "1"), "u-price-test")
    done = unit.prove()
    assert done.returncode == 1, done.stderr
    assert (
        "reject/no_rebate: loses nothing, should lose u-price-test (Idea of no_rebate.)"
    ) in done.stdout
    assert "-    if units > 10:\n+    if units >= 10:\n" in done.stdout
    assert "-        rate = rate * 0.9\n+        rate = None\n" in done.stdout
    # What it does look at is found, in the test of the same name.
    proof = unit.proof("--only=mutants", code=1)
    assert proof["score"] < 0.9
    assert ("if x < low:", "if x <= low:") in survivors(proof)
    assert {m["killed_by"] for m in proof["mutants"] if "+ 3" in m["after"]} == {"u-price-test"}
    assert unit.proof("--only=mutants", f"--threshold={proof['score'] - 0.01}")["ok"]


@slow
def test_verdicts_are_those_of_the_grader(tmp_path: Path) -> None:
    """The same answers, handed in and graded with gradebook and all."""
    unit = Unit(tmp_path / "course")
    unit.answer(
        "reject/never_high", "u-floor", "def floor(x, low):\n    return low", "u-floor-high"
    )
    unit.answer("reject/ends", "u-price", "raise SystemExit", "u-price-test")
    unit.answer("reject/both", "u-price", f"{PRICE} + 1\n# %% u-floor\nfloor = max", "u-price-test")
    answers = class_from_answers(unit.root, "u", tmp_path / "class")
    command = [str(Path(sys.executable).parent / "millwright-grade"), "u", "--json"]
    done = subprocess.run(command, cwd=tmp_path / "class", capture_output=True, check=True)
    graded = {result["student"]: result["scores"] for result in json.loads(done.stdout)["results"]}
    most = {"u-price-test": 2, "u-floor-low": 1, "u-floor-high": 1}
    proof = unit.proof("--only=accept,reject")
    assert [one["name"] for one in proof["answers"]] == [
        "reference",
        "accept/other_words",
        *(f"reject/{name}" for name in ("both", "ends", "never_high", "no_fee")),
    ]
    for one in proof["answers"][1:]:
        scores = graded[one["name"].replace("/", "-")]
        lost = {name for name, points in most.items() if scores[name] < points}
        assert set(one["lost"]) == lost
        assert one["ok"]
    assert len(answers) == len(proof["answers"])


@slow
def test_an_accepted_answer_that_loses_points_is_no_proof(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course")
    unit.answer("accept/wrong", "u-price", "def price(units, rate):\n    return 4")
    proof = unit.proof("--only=accept", code=1)
    wrong = next(one for one in proof["answers"] if one["name"] == "accept/wrong")
    assert (wrong["ok"], wrong["lost"]) == (False, ["u-price-test"])
    assert proof["mutants"] == []
    assert proof["score"] is None


@slow
def test_a_reference_that_fails_its_own_tests_comes_first(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course", "assert price(2, 1) == 5")
    done = unit.prove()
    assert done.returncode == 1
    assert "reference: loses u-price-test, should lose nothing" in done.stdout
    assert "Mutants were not run" in done.stdout


@slow
def test_a_mutant_that_never_ends_is_found_in_time(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course")
    config = unit.root / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}c.Execute.timeout = 3600\n")  # what a student gets
    path = unit.root / "source" / "u" / "v.ipynb"
    page = nbformat.read(path, as_version=4)
    page.cells[0] = solution(WAIT, "u-floor")
    page.cells[1].source = "assert wait(3) == 3"
    page.cells[2].source = "assert wait(0) == 0"
    nbformat.write(page, path)
    proof = unit.proof("--only=mutants", "--timeout=1")
    endless = next(m for m in proof["mutants"] if m["after"] == "turns -= 1")
    assert (endless["state"], endless["killed_by"]) == ("killed", "u-floor-low")
    assert endless["error"] == "TimeoutError"
    assert proof["score"] == 1


@slow
def test_a_sample_is_the_same_each_time(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course")
    unit.equivalent(SAME)
    first, again, other = (
        [
            (m["cell"], m["number"])
            for m in unit.proof("--only=mutants", "--sample=3", f"--seed={seed}")["mutants"]
            if m["state"] != "equivalent"
        ]
        for seed in (1, 1, 2)
    )
    assert first == again == sorted(first, key=lambda one: (one[0] != "u-price", one[1]))
    assert first != other
    assert len(first) == len(other) == 3


# Equivalent mutants


@slow
def test_a_mutant_that_a_test_finds_is_not_equivalent(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course")
    unit.equivalent(
        SAME + '[[mutant]]\ncell = "u-price"\nbefore = "if units > 10:"\n'
        'after = "if units >= 10:"\nreason = "Nobody buys ten."\n'
    )
    done = unit.prove("--only=mutants", "--sample=1")
    assert done.returncode == 1
    assert "Listed as equivalent, but found by a test" in done.stdout
    assert "u-price, mutant 1, found by u-price-test" in done.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SAME.replace("x < low", "x < high"), "no mutant of u-floor changes 'if x < high:' to"),
        (SAME.replace("u-floor", "u-roof"), "no mutant of u-roof changes"),
        (SAME.replace("reason", "because"), "mutant 1 of the list has other keys"),
        (SAME + 'note = ""', "mutant 1 of the list has other keys"),
        (SAME.replace("if x < low:", ""), "mutant 1 of the list has an empty value"),
        (SAME.replace("[[mutant]]", "[mutant]"), "something else than [[mutant]] tables"),
        ("mutant = [1]", "mutant 1 of the list has other keys"),
        ("[[mutant]", "not TOML"),
    ],
)
def test_a_list_that_says_nothing_true_is_an_error(tmp_path: Path, text: str, says: str) -> None:
    unit = Unit(tmp_path / "course")
    unit.equivalent(text)
    assert says in unit.refusal()


@slow
def test_a_list_outlives_moved_lines(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course")
    unit.equivalent(SAME)
    path = unit.root / "source" / "u" / "v.ipynb"
    page = nbformat.read(path, as_version=4)
    page.cells[0].source = f"# Floors.\n\n{page.cells[0].source}".replace(
        "    if", "    # Low?\n    if"
    )
    nbformat.write(page, path)
    assert unit.proof("--only=mutants")["score"] == 1


# Nothing can be done


@pytest.mark.parametrize(
    ("options", "unit", "says"),
    [
        ([], "w", "has no unit 'w'. There are: u."),
        ([], "../source/u", "has no unit '../source/u'. There are: u."),
        (["v"], "u", "Name one unit"),
        (["--only=accept,refuse"], "u", "--only refuse: name some of accept,reject,mutants"),
        (["--only="], "u", "name some of accept,reject,mutants"),
    ],
)
def test_nothing_done_says_what_to_do(
    tmp_path: Path, options: list[str], unit: str, says: str
) -> None:
    assert says in Unit(tmp_path / "course").refusal(*options, unit=unit)


@pytest.mark.parametrize(
    ("name", "cell", "code", "fails", "says"),
    [
        ("reject/a", "u-roof", "x = 1", "u-price-test", "u-roof: no solution cell"),
        ("reject/a", "u-price", "x = 1", "u-test", "`fails:` names u-test: no test"),
        ("reject/a", "u-price", "x = 1", "u-why", "`fails:` names u-why: no test"),
        ("reject/a", "u-price", "x = 1", "", "a rejected answer without a `fails:` line"),
        ("accept/a", "u-price", "x = 1", "u-price-test", "an accepted answer with a `fails:` line"),
    ],
)
def test_an_answer_that_does_not_fit_the_unit_is_named(
    tmp_path: Path, name: str, cell: str, code: str, fails: str, says: str
) -> None:
    unit = Unit(tmp_path / "course")
    unit.answer(name, cell, code, fails)
    assert f"{name}.py: {says}" in unit.refusal()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"nbformat": 4}'])
def test_a_source_that_is_no_notebook_is_named(tmp_path: Path, content: bytes) -> None:
    unit = Unit(tmp_path / "course")
    (unit.root / "source" / "u" / "v.ipynb").write_bytes(content)
    assert "v.ipynb is no notebook (" in unit.refusal()


def test_without_answers_there_is_nothing_to_prove_with(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course")
    (unit.root / "answers" / "u" / "reject" / "no_fee.py").unlink()
    assert "Write answers into answers/u/accept" in unit.refusal("--only=reject")


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path) -> None:
    unit = Unit(tmp_path / "course")
    script = (
        "import sys; sys.modules['mutmut'] = None\n"
        "from millwright_grader.app import main; main(['prove', 'u'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=unit.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert 'mutmut is not installed. Run `pip install "millwright[prove]"`' in done.stderr
    assert "Traceback" not in done.stderr


# Mutants


def of(source: str) -> list[Mutant]:
    return mutants_of("u", managed(source, "u-cell", solution=True))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1\n### BEGIN SOLUTION\nb = 2\n### END SOLUTION\nc = 3", ["b = None", "b = 3"]),
        ("### BEGIN SOLUTION\na = b\n### END SOLUTION\nc = 1\n### BEGIN SOLUTION\nd = e", None),
        ("a = 1", ["a = None", "a = 2"]),  # unmarked: all of it is the student's
        ("def f(a: 'x' = 1) -> 'y':\n    'Says.'\n    return a", ["def f(a: 'x' = 2) -> 'y':"]),
        ("for k in n:\n    break", []),  # a return would be no Python there
        ("°C = 1".replace("°", "θ"), ["θC = None", "θC = 2"]),
        ("a = (\n    b +\n    c\n)", ["a = None", "b - c"]),
        ("", []),
        ("# Nothing yet.", []),
    ],
)
def test_only_the_solution_changes(source: str, expected: list[str] | None) -> None:
    found = [mutant.after for mutant in of(source)]
    assert found == (["a = None", "d = None"] if expected is None else expected)
    assert not any("SOLUTION" in mutant.source for mutant in of(source))


@pytest.mark.parametrize(
    "source", ["%matplotlib inline\nx = 1", "!ls", "def f(:", "x = 1\n  y = 2", "x = '\0'"]
)
def test_a_cell_that_is_no_python_is_named(source: str) -> None:
    with pytest.raises(SolutionError, match="u-cell is not plain Python"):
        of(source)


def test_mutants_differ_from_the_original_and_from_each_other() -> None:
    source = f"{PRICE}\n{FLOOR}\n{WAIT}\nx = [k**2 for k in range(3) if not k % 2 and 'a' in 'b']"
    mutants = of(source)
    assert len({mutant.source for mutant in mutants} | {source}) == len(mutants) + 1
    assert [mutant.number for mutant in mutants] == list(range(1, len(mutants) + 1))
    assert mutants == of(source)
    for mutant in mutants:
        compile(mutant.source, "mutant", "exec")
        assert mutant.before in source
