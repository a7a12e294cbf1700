"""The rules that a unit or a lab follows, as far as a program can see them.

`check(unit)` reads every file of a unit and returns a list of `Violation`, each naming the file,
the cell and the rule. What needs a kernel (time, warnings, alt text of real outputs) or the grader
(answers) is checked where these run; here nothing is executed.
"""

import ast
import json
import re
import statistics
import string
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.nbgraderformat import SCHEMA_VERSION

ROOT = Path(__file__).resolve().parents[2]
COMPETENCIES = ROOT / "certification" / "competencies.toml"
LABS = ROOT / "labs" / "notebooks"

NOTEBOOK_METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}

READABLE_ID = re.compile(r"(?![0-9a-f]{8}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")

CODE_LINES_MEDIAN = 6
CODE_LINES_MOST = 25
WORDS_MEDIAN = (25, 80)
CYCLES = (3, 5)
OBJECTIVES = (2, 4)
TASKS = (4, 6)
GRADED = (8, 15)
HINTS = 3
ACCEPT_A_TASK = 2
REJECT_A_TASK = 4
ALT_LETTERS = 20  # "Line chart." says nothing; a sentence is longer
COMPETENCY = re.compile(r"K([1-9]|1[0-2])$")
PHASES = ["inform", "plan", "decide", "carry out", "check", "evaluate"]

# The head of a lesson answers these, each as a bold label or a heading.
HEAD_LABELS = ["objectives", "prerequisites", "hours", "competenc", "data"]
# A guide has a section for each.
GUIDE_SECTIONS = ["timing", "wrong", "discussion", "board", "rubric", "textbook", "variant"]

NETWORK = {"urllib", "requests", "http", "socket", "aiohttp", "httpx", "ftplib"}
ABSOLUTE_PATH = re.compile(r"""["'](/(home|root|work|tmp|usr|mnt|Users)\b|[A-Z]:\\)""")

# In a test cell, none of these could work where the student's code lives in another process.
NOT_IN_TESTS = {"get_ipython", "exec", "eval", "globals", "locals", "compile", "__import__"}


@dataclass(frozen=True)
class Violation:
    """One broken rule."""

    file: str
    cell: str
    rule: str

    def __str__(self) -> str:
        return (
            f"{self.file}, cell {self.cell}: {self.rule}"
            if self.cell
            else f"{self.file}: {self.rule}"
        )


@dataclass(frozen=True)
class Unit:
    """A unit's files; `folder` is the course."""

    folder: Path
    name: str
    competencies: Path = COMPETENCIES
    short: bool = field(default=False)  # the primer: fewer cycles and answers

    @property
    def prefix(self) -> str:
        """What its grade ids begin with."""
        return self.name.split("-")[0] + "-"

    @property
    def lesson(self) -> Path:
        """The lesson notebook."""
        return self.folder / "lessons" / f"{self.name}.ipynb"

    @property
    def text(self) -> Path:
        """The lesson's captions, alt texts and answers to its checks."""
        return self.folder / "lessons" / "text" / f"{self.name}.en.toml"

    @property
    def source(self) -> Path:
        """The assignment with solutions and tests."""
        return self.folder / "source" / self.name / f"{self.name}.ipynb"

    @property
    def guide(self) -> Path:
        """The teacher's guide."""
        return self.folder / "guides" / f"{self.name}.md"

    @property
    def answers(self) -> Path:
        """The folder of right and wrong answers."""
        return self.folder / "answers" / self.name

    @cached_property
    def lesson_cells(self) -> list[Any]:
        """The lesson's cells."""
        return nbformat.read(self.lesson, as_version=4).cells

    @cached_property
    def source_cells(self) -> list[Any]:
        """The assignment's cells."""
        return nbformat.read(self.source, as_version=4).cells


class Lab(Unit):
    """A lab's files: an assignment at a machine, without a lesson of its own."""

    @property
    def prefix(self) -> str:
        """What its grade ids begin with: two labs of an industry share the first word."""
        return self.name + "-"


def units(courses: Path = ROOT / "courses") -> list[Unit]:
    """Return every unit: whatever has a lesson or a source."""
    found = {
        (path.parents[depth], path.stem)
        for pattern, depth in (("*/lessons/*.ipynb", 1), ("*/source/*/*.ipynb", 2))
        for path in courses.glob(pattern)
    }
    return [Unit(f, n, short=f.name == "primer") for f, n in sorted(found)]


def labs(folder: Path = LABS) -> list[Unit]:
    """Return every lab: whatever has a source in the folder of labs."""
    return [Lab(folder, path.stem) for path in sorted(folder.glob("source/*/*.ipynb"))]


def check(unit: Unit) -> list[Violation]:
    """Return every rule that the unit or lab breaks; an empty list says that it is in order."""
    lab = isinstance(unit, Lab)
    wanted = [unit.source, unit.guide, unit.answers]
    if not lab:
        wanted = [unit.lesson, unit.text, *wanted]
    missing = [
        Violation(str(path.relative_to(unit.folder)), "", "is missing")
        for path in wanted
        if not path.exists()
    ]
    if missing:
        return missing
    checks = [
        *(canonical(unit.folder, path) for path, _ in notebooks(unit)),
        *(cells_in_order(path.name, cells) for path, cells in notebooks(unit)),
        *(code_is_clean(path.name, cells) for path, cells in notebooks(unit)),
        *([lab_is_built_right(unit)] if lab else lesson_checks(unit)),
        assignment_is_built_right(unit),
        tests_are_fair(unit),
        answers_are_there(unit),
        competencies_are_mapped(unit),
        guide_is_whole(unit),
    ]
    return [violation for found in checks for violation in found]


def lesson_checks(unit: Unit) -> list[Iterator[Violation]]:
    """Return the checks of what only a unit with a lesson has."""
    return [lesson_is_built_right(unit), lesson_text_is_whole(unit)]


def notebooks(unit: Unit) -> list[tuple[Path, list[Any]]]:
    """Return the notebooks of a unit or lab with their cells."""
    source = (unit.source, unit.source_cells)
    return [source] if isinstance(unit, Lab) else [(unit.lesson, unit.lesson_cells), source]


# Both notebooks


def canonical(folder: Path, path: Path) -> Iterator[Violation]:
    """A notebook is stored one way, so that a change shows as what it is."""
    name, text = path.name, path.read_text(encoding="utf-8")
    book = json.loads(text)
    if text != json.dumps(book, indent=1, ensure_ascii=False) + "\n":
        yield Violation(
            name, "", "is not stored as `nbstripout` leaves it (indent 1, final newline)"
        )
    if (book["nbformat"], book["nbformat_minor"]) != (4, 5):
        yield Violation(name, "", "is not nbformat 4.5")
    if book["metadata"] != NOTEBOOK_METADATA:
        yield Violation(
            name, "", "has other metadata than kernelspec python3 and language_info python"
        )
    try:
        nbformat.validate(nbformat.from_dict(book))
    except nbformat.ValidationError as error:
        yield Violation(name, "", f"is no valid notebook: {error.message}")
    seen: set[str] = set()
    for cell in book["cells"]:
        at = cell.get("id", "?")
        if at in seen:
            yield Violation(name, at, "its id stands twice")
        seen.add(at)
        if not READABLE_ID.fullmatch(at):
            yield Violation(name, at, "its id is not readable (words, digits and hyphens)")
        if cell.get("outputs") or cell.get("execution_count"):
            yield Violation(name, at, "holds outputs or an execution count")
        if set(cell["metadata"]) - {"nbgrader", "tags", "editable", "deletable"}:
            yield Violation(name, at, "has metadata that no rule knows")


def cells_in_order(name: str, cells: list[Any]) -> Iterator[Violation]:
    """One title, headings that do not skip a level, images that say what they show."""
    level = 0
    titles = 0
    for cell in cells:
        if cell.cell_type != "markdown":
            continue
        for match in headings(cell.source):
            depth = len(match[0])
            titles += depth == 1
            if depth > level + 1:
                yield Violation(name, cell.id, f"heading “{match[1]}” skips a level")
            level = depth
        for alt in re.findall(r"!\[([^\]]*)\]\(", cell.source):
            if len(alt) < ALT_LETTERS:
                yield Violation(name, cell.id, "an image has no alt text that says what it shows")
        for tag in re.findall(r"<img\b[^>]*>", cell.source):
            if not re.search(rf'\balt="[^"]{{{ALT_LETTERS},}}"', tag):
                yield Violation(name, cell.id, "an image has no alt text that says what it shows")
    if titles != 1:
        yield Violation(name, "", f"has {titles} headings of the first level, not one")


def headings(source: str) -> list[tuple[str, str]]:
    """Return (hashes, text) of each heading outside code fences."""
    plain = re.sub(r"^(```|~~~).*?^\1", "", source, flags=re.M | re.S)
    return re.findall(r"^(#{1,6})\s+(.+?)\s*$", plain, flags=re.M)


def code_is_clean(name: str, cells: list[Any]) -> Iterator[Violation]:
    """No network, no absolute path, no silenced warning, nothing that only IPython understands."""
    for cell in cells:
        if cell.cell_type != "code":
            continue
        if re.search(r"^\s*[%!]", cell.source, flags=re.M):
            yield Violation(name, cell.id, "uses a magic or a shell command")
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as error:
            yield Violation(name, cell.id, f"is not Python: {error.msg}, line {error.lineno}")
            continue
        modules = imported(tree)
        if modules & NETWORK:
            yield Violation(name, cell.id, f"reaches the network: {sorted(modules & NETWORK)}")
        if "warnings" in modules:
            yield Violation(name, cell.id, "touches warnings; a lesson shows none and hides none")
        if ABSOLUTE_PATH.search(cell.source):
            yield Violation(name, cell.id, "names an absolute path")


def imported(tree: ast.AST) -> set[str]:
    """Return the top-level modules that a piece of code imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def calls(source: str, method: str) -> Iterator[ast.Call]:
    """Yield the calls `….method(…)` in a cell, in order."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == method
        ):
            yield node


def literal(node: ast.Call, position: int) -> Any:
    """Return a literal argument of a call, None where it is something else."""
    if len(node.args) <= position or not isinstance(node.args[position], ast.Constant):
        return None
    return node.args[position].value


# The lesson


def sections(cells: list[Any]) -> list[tuple[str, list[Any]]]:
    """Split a notebook at its second-level headings; what stands before is the head, titled ""."""
    found: list[tuple[str, list[Any]]] = [("", [])]
    for cell in cells:
        if cell.cell_type == "markdown":
            second = [text for hashes, text in headings(cell.source) if hashes == "##"]
            if second:
                found.append((second[0], []))
        found[-1][1].append(cell)
    return found


def lesson_is_built_right(unit: Unit) -> Iterator[Violation]:
    """Head, recall, cycles, app, summary; short cells."""
    name, cells = unit.lesson.name, unit.lesson_cells
    parts = sections(cells)
    titles = [title.lower() for title, _ in parts]
    first_check = next(
        (i for i, c in enumerate(cells) if c.cell_type == "code" and list(calls_safe(c, "check"))),
        0,
    )
    head = "\n".join(c.source for c in cells[:first_check] if c.cell_type == "markdown")
    yield from head_is_whole(name, head)

    ids = [literal(call, 0) for cell in code(cells) for call in calls_safe(cell, "check")]
    for prefix, least in (("recall", 2),) if unit.short else (("recall", 2), ("app", 2)):
        if sum(str(i).startswith(f"{prefix}-") for i in ids) < least:
            yield Violation(name, "", f"has fewer than {least} checks “{prefix}-…”")
    if not unit.short:
        cycles = [
            title
            for title, part in parts
            if any(list(calls_safe(c, "figure")) for c in code(part))
            and any(list(calls_safe(c, "check")) for c in code(part))
        ]
        if not CYCLES[0] <= len(cycles) <= CYCLES[1]:
            yield Violation(
                name, "", f"has {len(cycles)} cycles (a section with figure and check), not 3 to 5"
            )
        if not any("app" in title or "explore" in title for title in titles):
            yield Violation(name, "", "has no section that leads to the app")
    if not any("summary" in title for title in titles):
        yield Violation(name, "", "has no summary")
    if not any("wrong" in title or "safety" in title for title in titles):
        yield Violation(name, "", "does not say what can go wrong in the plant")

    yield from cells_are_short(name, cells)


def head_is_whole(name: str, head: str) -> Iterator[Violation]:
    """The head says what for, for whom, how long, and with which data."""
    labels = re.findall(r"(?:^#+\s*|\*\*)([^*\n]+)", head, flags=re.M)
    for label in HEAD_LABELS:
        if not any(label in found.lower() for found in labels):
            yield Violation(name, "", f"its head does not say: {label}")
    if "?" not in head:
        yield Violation(name, "", "its head asks no question of the industry")
    if not re.search(r"\bK([1-9]|1[0-2])\b", head):
        yield Violation(name, "", "its head names no competency code (K1 to K12)")
    if "licence" not in head.lower() and "license" not in head.lower():
        yield Violation(name, "", "its head names no licence of its data")
    objectives = re.search(
        r"objectives\W*?\n(?:.*?\n)??((?:\s*(?:[-*]|\d+\.)\s.+(?:\n(?!\s*$).+)*\n?)+)",
        head,
        flags=re.I,
    )
    count = len(re.findall(r"^\s*(?:[-*]|\d+\.)\s", objectives[1], flags=re.M)) if objectives else 0
    if not OBJECTIVES[0] <= count <= OBJECTIVES[1]:
        yield Violation(
            name, "", f"lists {count} objectives, not {OBJECTIVES[0]} to {OBJECTIVES[1]}"
        )


def cells_are_short(name: str, cells: list[Any]) -> Iterator[Violation]:
    """Code and text in pieces that a reader takes in at once."""
    lengths = [len(as_released(cell.source).splitlines()) for cell in code(cells)]
    for cell in code(cells):
        if len(cell.source.splitlines()) > CODE_LINES_MOST:
            yield Violation(name, cell.id, f"is longer than {CODE_LINES_MOST} lines")
    if statistics.median(lengths) > CODE_LINES_MEDIAN:
        yield Violation(name, "", f"its median code cell has {statistics.median(lengths)} lines")
    words = [len(c.source.split()) for c in cells if c.cell_type == "markdown"]
    if not WORDS_MEDIAN[0] <= statistics.median(words) <= WORDS_MEDIAN[1]:
        yield Violation(name, "", f"its median text cell has {statistics.median(words)} words")


def code(cells: list[Any]) -> list[Any]:
    """Return the code cells."""
    return [cell for cell in cells if cell.cell_type == "code"]


def calls_safe(cell: Any, method: str) -> Iterator[ast.Call]:
    """As `calls`; a cell that is not Python has none (another rule names it)."""
    try:
        yield from calls(cell.source, method)
    except SyntaxError:
        return


def lesson_text_is_whole(unit: Unit) -> Iterator[Violation]:
    """Each check and figure has its text, each text is used, each field is filled."""
    name, file = unit.lesson.name, unit.text.name
    try:
        text = tomllib.loads(unit.text.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        yield Violation(file, "", f"is not TOML: {error}")
        return
    used: dict[str, set[str]] = {"check": set(), "figure": set()}
    for cell in code(unit.lesson_cells):
        for call in calls_safe(cell, "show"):
            yield Violation(name, cell.id, f"shows a figure without alt text (line {call.lineno})")
        for kind, position in (("check", 0), ("figure", 1)):
            for call in calls_safe(cell, kind):
                key = literal(call, position)
                used[kind].add(str(key))
                entry = text.get(kind, {}).get(key)
                if entry is None:
                    yield Violation(name, cell.id, f"{kind} {key!r} has no text in {file}")
                elif kind == "figure":
                    yield from figure_text_fits(name, cell.id, call, entry)
                elif not (
                    len(call.args) > 1
                    and isinstance(call.args[1], ast.Constant)
                    and call.args[1].value is Ellipsis
                ):
                    yield Violation(name, cell.id, f"check {key!r} is not left open with `...`")
    for kind, keys in used.items():
        for key in sorted(set(text.get(kind, {})) - keys):
            yield Violation(file, "", f"{kind} {key!r} is used in no cell")
    for key, entry in text.get("check", {}).items():
        for part in ("kind", "answer", "right", "wrong"):
            if part not in entry:
                yield Violation(file, "", f"check {key!r} lacks `{part}`")
    for key, entry in text.get("figure", {}).items():
        if len(entry.get("alt", "")) < ALT_LETTERS or not entry.get("caption"):
            yield Violation(
                file, "", f"figure {key!r} lacks a caption or an alt text that says what it shows"
            )


def figure_text_fits(
    name: str, cell: str, call: ast.Call, entry: dict[str, str]
) -> Iterator[Violation]:
    """Caption and alt text ask for no field that the call does not give."""
    given = {keyword.arg for keyword in call.keywords}
    for part in ("caption", "alt"):
        for _, wanted, _, _ in string.Formatter().parse(entry.get(part, "")):
            if wanted and re.split(r"[.\[]", wanted)[0] not in given:
                yield Violation(
                    name, cell, f"the {part} of a figure asks for {wanted!r}, which is not given"
                )


# The assignment


def role(cell: Any) -> dict[str, Any]:
    """Return a cell's nbgrader metadata."""
    return cell.metadata.get("nbgrader", {})


def tasks(cells: list[Any]) -> list[tuple[str, list[Any]]]:
    """Return the sections that ask for something."""
    return [(t, part) for t, part in sections(cells) if any(role(c).get("solution") for c in part)]


def is_solution(cell: Any) -> bool:
    """An answer that a program checks."""
    return bool(role(cell).get("solution")) and not role(cell).get("grade")


def is_test(cell: Any) -> bool:
    """A locked cell with tests."""
    return bool(role(cell).get("grade")) and not role(cell).get("solution")


def is_manual(cell: Any) -> bool:
    """An answer that a person marks."""
    return bool(role(cell).get("grade")) and bool(role(cell).get("solution"))


def assignment_is_built_right(unit: Unit) -> Iterator[Violation]:
    """Tasks, graded cells, hints, regions and ids."""
    name, cells = unit.source.name, unit.source_cells
    graded = [c for c in cells if role(c).get("grade")]
    if not unit.short and not TASKS[0] <= len(tasks(cells)) <= TASKS[1]:
        yield Violation(name, "", f"has {len(tasks(cells))} tasks, not {TASKS[0]} to {TASKS[1]}")
    if not GRADED[0] <= len(graded) <= GRADED[1]:
        yield Violation(name, "", f"has {len(graded)} graded cells, not {GRADED[0]} to {GRADED[1]}")
    if not any(is_manual(c) for c in cells):
        yield Violation(name, "", "has no task that is marked by hand")
    for cell in cells:
        data = role(cell)
        if not data:
            continue
        if data.get("schema_version") != SCHEMA_VERSION:
            yield Violation(name, cell.id, "has an old nbgrader schema")
        if data.get("grade_id") != cell.id:
            yield Violation(
                name, cell.id, f"its grade id {data.get('grade_id')!r} is not its cell id"
            )
        if not cell.id.startswith(unit.prefix):
            yield Violation(name, cell.id, "its id does not start with the unit's")
        if data.get("grade") and not data.get("points", 0) > 0:
            yield Violation(name, cell.id, "gives no points")
        if data.get("locked") is not (not data.get("solution")):
            yield Violation(
                name, cell.id, "is locked where it should be open, or open where locked"
            )
    for cell in cells:
        begins = cell.source.count("### BEGIN SOLUTION")
        if is_solution(cell) and begins != 1:
            yield Violation(name, cell.id, f"has {begins} solution regions, not one")
        if begins and not role(cell).get("solution"):
            yield Violation(name, cell.id, "holds a solution in a cell that students see as it is")
        for mark in ("SOLUTION", "HIDDEN TESTS"):
            if cell.source.count(f"### BEGIN {mark}") != cell.source.count(f"### END {mark}"):
                yield Violation(name, cell.id, f"a region {mark} is not closed")
    for title, part in tasks(cells):
        text = "\n".join(c.source for c in part if c.cell_type == "markdown")
        hints = len(re.findall(r"\bhint\s*\d", text, flags=re.I))
        if any(is_solution(c) for c in part) and hints < HINTS:
            yield Violation(name, "", f"task “{title}” has {hints} hints, not {HINTS}")
        if any(is_solution(c) for c in part) and not any(is_test(c) for c in part):
            yield Violation(name, "", f"task “{title}” has no tests")


def tests_are_fair(unit: Unit) -> Iterator[Violation]:
    """Every assert speaks; the tests work from another process; something is hidden."""
    name = unit.source.name
    for title, part in tasks(unit.source_cells):
        tests = [c for c in part if is_test(c)]
        if tests and not any("### BEGIN HIDDEN TESTS" in c.source for c in tests):
            yield Violation(name, "", f"task “{title}” hides no test")
    for cell in filter(is_test, unit.source_cells):
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            continue
        asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        raises = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
        if not asserts and not raises:
            yield Violation(name, cell.id, "tests nothing: no assert, no raise")
        for node in asserts:
            if node.msg is None:
                yield Violation(name, cell.id, f"line {node.lineno}: an assert has no message")
            if isinstance(node.test, ast.Constant) and node.test.value:
                yield Violation(name, cell.id, f"line {node.lineno}: an assert cannot fail")
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for word in sorted(names & NOT_IN_TESTS):
            yield Violation(name, cell.id, f"uses {word}, which cannot reach the student's process")


# The lab


def lab_is_built_right(lab: Unit) -> Iterator[Violation]:
    """Safety before the machine moves, a plan, a log, a proof on the own recording, a report."""
    name, cells = lab.source.name, lab.source_cells
    at = {cell.id: place for place, cell in enumerate(cells)}
    nowhere = len(cells)

    starts = [c for c in cells if not is_test(c) and "link.start(" in c.source]
    if len(starts) != 1:
        yield Violation(name, "", f"starts its machine in {len(starts)} cells, not in one")
    start = at[starts[0].id] if starts else nowhere
    for cell in starts:
        if not any(k.arg == "seed" for call in calls_safe(cell, "start") for k in call.keywords):
            yield Violation(name, cell.id, "starts its machine without a seed")
    moves = min((at[c.id] for c in code(cells) if moves_the_plant(c)), default=nowhere)
    if moves == nowhere:
        yield Violation(name, "", "never moves its machine: no plant.write, .step or .wait")

    safety = [
        at[part[0].id] for title, part in sections(cells) if "safety" in title.lower() and part
    ]
    if not safety or min(safety) > start:
        yield Violation(name, "", "has no section on safety before its machine is started")

    def first(word: str, kind: Callable[[Any], bool]) -> int:
        found = (at[c.id] for c in cells if word in c.id[len(lab.prefix) :].split("-") and kind(c))
        return min(found, default=nowhere)

    if first("limits", is_test) >= moves:
        yield Violation(name, "", "tests no limits (a test “…-limits…”) before its machine moves")
    if first("plan", is_manual) >= moves:
        yield Violation(name, "", "asks for no plan (“…-plan”) before its machine moves")
    if first("log", lambda c: bool(role(c).get("solution"))) == nowhere:
        yield Violation(name, "", "keeps no log (an answer “…-log”)")
    if first("report", is_manual) == nowhere:
        yield Violation(name, "", "asks for no report (“…-report”)")
    if first("accept", is_test) == nowhere:
        yield Violation(name, "", "has no acceptance test (“…-accept…”)")
    if not any("verified(" in c.source for c in cells if is_test(c)):
        yield Violation(name, "", "no test runs the learner's recording again (link.verified)")

    # The head reaches to the first section, as a reader sees it before anything else.
    head = "\n".join(c.source for c in cells[: min(safety, default=start)])
    yield from head_is_whole(name, head)
    yield from cells_are_short(name, [c for c in cells if not is_test(c)])

    grades = tomllib.loads(lab.competencies.read_text(encoding="utf-8")).get("grades", {})
    for word, phases in (("plan", PHASES[:3]), ("report", PHASES[3:])):
        place = first(word, is_manual)
        entry = grades.get(cells[place].id, {}) if place < nowhere else {"phases": phases}
        for phase in sorted(set(phases) - set(entry.get("phases", []))):
            yield Violation(name, cells[place].id, f"does not ask for the phase “{phase}”")


def moves_the_plant(cell: Any) -> bool:
    """A cell, no test, that commands the machine, lets its time pass, or has a helper do it."""
    if is_test(cell) or cell.cell_type != "code":
        return False
    try:
        todo: list[ast.AST] = [ast.parse(cell.source)]
    except SyntaxError:
        return False
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue  # what is only defined moves nothing
        if isinstance(node, ast.Call):
            named = node.func.value if isinstance(node.func, ast.Attribute) else None
            commands = named is not None and node.func.attr in ("write", "step", "wait", "fault")
            if (commands and is_plant(named)) or any(map(is_plant, node.args)):
                return True
        todo.extend(ast.iter_child_nodes(node))
    return False


def is_plant(node: ast.AST | None) -> bool:
    """The name `plant`."""
    return isinstance(node, ast.Name) and node.id == "plant"


def as_released(source: str) -> str:
    """Return a cell as learners get it: one line in place of the solution."""
    return re.sub(
        r"^ *### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", "...", source, flags=re.M | re.S
    )


def answers_are_there(unit: Unit) -> Iterator[Violation]:
    """Right and wrong answers for each task; wrong ones name what they lose."""
    from millwright_grader.answers import read_answer

    least = (1, 2) if unit.short else (ACCEPT_A_TASK, REJECT_A_TASK)
    solutions = {c.id for c in unit.source_cells if is_solution(c)}
    tests = {c.id for c in unit.source_cells if is_test(c)}
    covered: dict[str, list[set[str]]] = {"accept": [], "reject": []}
    for kind, found in covered.items():
        for path in sorted((unit.answers / kind).glob("*.py")):
            where = f"answers/{unit.name}/{kind}/{path.name}"
            answer = read_answer(path)
            found.append(set(answer.cells))
            for cell in sorted(set(answer.cells) - solutions):
                yield Violation(where, cell, "answers no solution cell of the assignment")
            for cell in sorted(set(answer.fails) - tests):
                yield Violation(where, cell, "is no test cell of the assignment")
            if (kind == "reject") is not bool(answer.fails):
                yield Violation(
                    where, "", "a wrong answer names what it fails, a right one nothing"
                )
    for title, part in tasks(unit.source_cells):
        here = {c.id for c in part if is_solution(c)}
        for (kind, found), number in zip(covered.items(), least, strict=True):
            if here and sum(bool(cells & here) for cells in found) < number:
                yield Violation(
                    f"answers/{unit.name}/{kind}", "", f"task “{title}” has fewer than {number}"
                )


def competencies_are_mapped(unit: Unit) -> Iterator[Violation]:
    """Each graded cell proves exactly one competency, with its points as weight."""
    grades = tomllib.loads(unit.competencies.read_text(encoding="utf-8")).get("grades", {})
    file = unit.competencies.name
    graded = {c.id: c for c in unit.source_cells if role(c).get("grade")}
    for cell in sorted(set(graded) - set(grades)):
        yield Violation(file, cell, "this graded cell proves no competency")
    for cell in sorted(k for k in grades if k.startswith(unit.prefix) and k not in graded):
        yield Violation(file, cell, "no such graded cell")
    for cell, entry in grades.items():
        if cell not in graded:
            continue
        if not COMPETENCY.match(str(entry.get("competency"))):
            yield Violation(file, cell, "competency is not one of K1 to K12")
        if entry.get("level") not in (1, 2, 3):
            yield Violation(file, cell, "level is not 1, 2 or 3")
        if entry.get("weight") != role(graded[cell])["points"]:
            yield Violation(file, cell, "weight is not the cell's points")
        if is_manual(graded[cell]) and not set(entry.get("phases", [])) & set(PHASES):
            yield Violation(file, cell, f"names none of the phases {', '.join(PHASES)}")


def guide_is_whole(unit: Unit) -> Iterator[Violation]:
    """The guide has each section, and something in it."""
    text = unit.guide.read_text(encoding="utf-8")
    parts = re.split(r"^#{2,3}\s+", text, flags=re.M)[1:]
    for wanted in GUIDE_SECTIONS:
        bodies = [p.partition("\n") for p in parts if wanted in p.partition("\n")[0].lower()]
        if not bodies or all(len(body.split()) < 15 for _, _, body in bodies):
            yield Violation(unit.guide.name, "", f"has no section on: {wanted}")
