"""``millwright-grade prove``: show what a unit's tests find, and what they let pass.

Three kinds of answers go through the course's own way of running and marking: the author's right
answers, which must get full points; the author's wrong ones, which must lose exactly what they
name; and mutants of the reference solution, each of which should lose something. The course
folder is read, never written.
"""

import json
import logging
import math
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode
from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases, nbgrader_flags
from nbgrader.utils import is_grade, is_solution
from tqdm import tqdm
from traitlets import Bool, Float, Integer, Unicode, default

from millwright_grader.answers import Answer, answers_of
from millwright_grader.errors import (
    AnswerError,
    EquivalentError,
    GraderError,
    MissingExtraError,
    NothingToProveError,
    UnknownUnitError,
)
from millwright_grader.pool import processors
from millwright_grader.trials import (
    Outcome,
    Trial,
    TrialPool,
    Trials,
    is_test,
    notebooks_of,
    source_of,
)

if TYPE_CHECKING:
    from millwright_grader.mutants import Equivalent, Mutant

# Exit codes.
PROVED = 0
NOT_PROVED = 1
NOTHING_DONE = 2
INTERRUPTED = 130

KINDS = ("accept", "reject", "mutants")

# What a test raises whose check has failed (nothing where it gave part of its points), and what
# stands in a cell that was stopped.
CHECKED = ("AssertionError", "")
LATE = ("TimeoutError", "CellTimeoutError")

# A mutant may be slower than the reference on a busy machine without being stuck.
PATIENCE = 4


@dataclass(frozen=True)
class Verdict:
    """What became of an answer of the author's.

    Attributes
    ----------
    name : str
        ``reference``, or ``accept`` or ``reject`` and the file's name.
    title : str
        Its idea, or its mistake.
    fails, lost : tuple of str
        Tests that should take points off, and those that did.
    """

    name: str
    title: str
    fails: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the tests did what the author says."""
        return set(self.lost) == set(self.fails)


@dataclass(frozen=True)
class MutantVerdict:
    """What became of a mutant.

    Attributes
    ----------
    mutant : Mutant
    killed_by : str
        The first test that took points off; empty if none did.
    error : str
        What that test raised; ``AssertionError`` where a check saw a wrong value.
    equivalent : str
        The author's reason for which no test should notice it; empty for most.
    """

    mutant: "Mutant"
    killed_by: str
    error: str
    equivalent: str = ""

    @property
    def state(self) -> str:
        """``killed``, ``survived`` or ``equivalent``; ``not equivalent`` contradicts its author."""
        if self.equivalent:
            return "not equivalent" if self.killed_by else "equivalent"
        return "killed" if self.killed_by else "survived"


@dataclass(frozen=True)
class Tally:
    """How many mutants of a cell, or of all, were made, run and killed."""

    cell: str
    made: int
    run: int
    killed: int
    equivalent: int

    @property
    def score(self) -> float | None:
        """Killed out of those that can be; None where there are none."""
        return self.killed / self.run if self.run else None


@dataclass(frozen=True)
class Proof:
    """All verdicts of a unit.

    Attributes
    ----------
    unit : str
    threshold : float
        The least mutation score that is good enough.
    answers : tuple of Verdict
        The reference first.
    mutants : tuple of MutantVerdict
    made : mapping of int
        How many mutants there are, by cell; a sample of them may have been run.
    """

    unit: str
    threshold: float
    answers: tuple[Verdict, ...]
    mutants: tuple[MutantVerdict, ...]
    made: Mapping[str, int]

    @property
    def tallies(self) -> list[Tally]:
        """One for each cell, in the order of the notebook."""
        return [
            self._tally(cell, made, [one for one in self.mutants if one.mutant.cell == cell])
            for cell, made in self.made.items()
        ]

    @property
    def total(self) -> Tally:
        """All cells together."""
        return self._tally("all", sum(self.made.values()), self.mutants)

    @property
    def ok(self) -> bool:
        """Whether every answer got what it deserves and enough mutants were killed."""
        score = self.total.score
        return (
            all(verdict.ok for verdict in self.answers)
            and all(one.state != "not equivalent" for one in self.mutants)
            and (score is None or score >= self.threshold)
        )

    @staticmethod
    def _tally(cell: str, made: int, mutants: Sequence[MutantVerdict]) -> Tally:
        states = [one.state for one in mutants]
        counted = sum(state in ("killed", "survived") for state in states)
        return Tally(cell, made, counted, states.count("killed"), states.count("equivalent"))


class ProveApp(NbGrader):
    """Show what the tests of a unit find."""

    name = "millwright-grade prove"
    description = "Show what the tests of a unit find, and what they let pass."
    examples = """
        millwright-grade prove ps1                      # everything
        millwright-grade prove ps1 --sample 60          # of the mutants, always the same 60
        millwright-grade prove ps1 --only accept,reject
        millwright-grade prove ps1 --json > proof.json  # for other programs

        Exit code: 0 every answer got what it deserves and the mutation score reaches
        --threshold, 1 not so, 2 nothing could be done, 130 interrupted.
    """

    aliases = {  # noqa: RUF012 - as traitlets applications declare them
        "assignment": nbgrader_aliases["assignment"],
        "course-dir": nbgrader_aliases["course-dir"],
        "log-level": nbgrader_aliases["log-level"],
        "only": ("ProveApp.only", "What to run: some of accept,reject,mutants."),
        "sample": ("ProveApp.sample", "How many of the mutants to run; 0 for all."),
        "seed": ("ProveApp.seed", "Another number, another sample."),
        "threshold": ("ProveApp.threshold", "The least mutation score that is good enough."),
        "timeout": ("ProveApp.timeout", "Seconds for one cell of a mutant."),
        "workers": ("ProveApp.workers", "How many to run at once; 0 for as many as processors."),
    }
    flags = {  # noqa: RUF012
        "json": ({"ProveApp": {"as_json": True}}, "Print the proof as JSON."),
        "debug": nbgrader_flags["debug"],
    }

    only = Unicode(",".join(KINDS), help="What to run.").tag(config=True)
    sample = Integer(0, min=0, help="How many of the mutants to run; 0 for all.").tag(config=True)
    seed = Integer(1, help="Another number, another sample.").tag(config=True)
    threshold = Float(
        0.9, min=0.0, max=1.0, help="The least mutation score that is good enough."
    ).tag(config=True)
    timeout = Integer(
        10,
        min=1,
        help="Seconds for one cell of a mutant; more where the reference needs a good part of it.",
    ).tag(config=True)
    workers = Integer(0, min=0, help="How many to run at once; 0 for as many as processors.").tag(
        config=True
    )
    as_json = Bool(False, help="Print the proof as JSON.").tag(config=True)

    exit_code = PROVED

    @default("log_level")
    def _log_level_default(self) -> int:
        return logging.CRITICAL  # the report says it all

    def start(self) -> None:
        """Prove and print."""
        super().start()
        names = [name for name in (*self.extra_args, self.coursedir.assignment_id) if name]
        kinds = [kind.strip() for kind in self.only.split(",")]
        try:
            if len(names) != 1:
                raise GraderError("Name one unit: millwright-grade prove <unit>")
            if unknown := set(kinds) - set(KINDS):
                raise GraderError(
                    f"--only {','.join(sorted(unknown))}: name some of {','.join(KINDS)}"
                )
            proof = self.prove(names[0], kinds)
        except GraderError as error:
            print(error, file=sys.stderr)
            self.exit_code = NOTHING_DONE
        except KeyboardInterrupt:
            self.exit_code = INTERRUPTED
        else:
            print(as_json(proof) if self.as_json else as_text(proof))
            self.exit_code = PROVED if proof.ok else NOT_PROVED

    def prove(self, unit: str, kinds: Sequence[str] = KINDS) -> Proof:
        """Run a unit's answers and mutants.

        Parameters
        ----------
        unit : str
        kinds : sequence of str
            Of `KINDS`.

        Raises
        ------
        GraderError
            There is no such unit, nothing to run, a file that breaks its format, or no kernel.
        """
        source = source_of(self.coursedir, unit)
        notebooks = notebooks_of(source) if Path(unit).name == unit else {}
        if not notebooks:
            raise UnknownUnitError(unit, source_of(self.coursedir, "unit").parent)
        course = Path(self.coursedir.root)
        answers = _answers(course, unit, notebooks, kinds)
        mutants, equivalents = _mutants(course, unit, notebooks) if "mutants" in kinds else ([], [])
        if not answers and not mutants:
            raise NothingToProveError(unit, ", ".join(kinds))
        with tempfile.TemporaryDirectory(prefix="mw-prove-") as folder:
            copy = Path(folder) / source.relative_to(course)
            shutil.copytree(source, copy)
            trials = Trials(self, Path(folder), unit)
            with TrialPool(trials, self.workers or processors()) as pool:
                reference, slowest = _reference(pool, notebooks)
                verdicts = [reference, *_judged(pool, notebooks, answers)]
                judged = self._judge(pool, mutants, equivalents, slowest) if reference.ok else []
        cells = [mutant.cell for mutant in mutants]
        made = {cell: cells.count(cell) for cell in dict.fromkeys(cells)}
        return Proof(unit, self.threshold, tuple(verdicts), tuple(judged), made)

    def _judge(
        self,
        pool: TrialPool,
        mutants: Sequence["Mutant"],
        equivalents: Sequence["Equivalent"],
        slowest: float,
    ) -> list[MutantVerdict]:
        """Run the mutants, or a sample of them, and all that are listed as equivalent."""
        reasons = {
            place: entry.reason
            for place, mutant in enumerate(mutants)
            for entry in equivalents
            if entry.is_of(mutant)
        }
        places = [place for place in range(len(mutants)) if place not in reasons]
        if self.sample:
            places = random.Random(self.seed).sample(places, min(self.sample, len(places)))
        chosen = sorted([*places, *reasons])
        seconds = max(self.timeout, math.ceil(PATIENCE * slowest))
        trials = [
            Trial(mutant.notebook, {mutant.cell: mutant.source}, seconds, to_first_loss=True)
            for mutant in (mutants[place] for place in chosen)
        ]
        return [
            MutantVerdict(
                mutants[place], next(iter(outcome.lost), ""), outcome.error, reasons.get(place, "")
            )
            for place, outcome in zip(chosen, _outcomes(pool, trials, "mutants"), strict=True)
        ]


def _answers(
    course: Path, unit: str, notebooks: Mapping[str, NotebookNode], kinds: Sequence[str]
) -> dict[str, Answer]:
    """Return the answers of some kinds, once they fit the notebooks."""
    answers = {
        name: answer
        for name, answer in answers_of(course, unit).items()
        if name.partition("-")[0] in kinds
    }
    cells = [cell for notebook in notebooks.values() for cell in notebook.cells]
    solutions = {_name(cell) for cell in cells if is_solution(cell)}
    tests = {_name(cell) for cell in cells if is_test(cell)}
    for answer in answers.values():
        if unknown := sorted(answer.cells.keys() - solutions):
            raise AnswerError(answer.path, f"{', '.join(unknown)}: no solution cell of the unit")
        if unknown := sorted(answer.fails - tests):
            raise AnswerError(answer.path, f"`fails:` names {', '.join(unknown)}: no test")
    return answers


def _mutants(
    course: Path, unit: str, notebooks: Mapping[str, NotebookNode]
) -> tuple[list["Mutant"], list["Equivalent"]]:
    """Return a unit's mutants, and what its author says of some of them."""
    try:
        from millwright_grader.mutants import EQUIVALENT, mutants_of, read_equivalents, stale
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name).partition(".")[0], "prove") from None
    mutants = [
        mutant
        for name, notebook in notebooks.items()
        for cell in notebook.cells
        # What a person marks is no test's to find.
        if cell.cell_type == "code" and is_solution(cell) and not is_grade(cell)
        for mutant in mutants_of(name, cell)
    ]
    path = course / "answers" / unit / EQUIVALENT
    equivalents = read_equivalents(path)
    for entry in stale(equivalents, mutants):
        raise EquivalentError(
            path, f"no mutant of {entry.cell} changes {entry.before!r} to {entry.after!r}"
        )
    return mutants, equivalents


def _reference(pool: TrialPool, notebooks: Mapping[str, NotebookNode]) -> tuple[Verdict, float]:
    """Run the reference solution; return also the seconds of its slowest cell."""
    outcomes = _outcomes(pool, [Trial(name, {}) for name in notebooks], "reference")
    lost = tuple(name for outcome in outcomes for name in outcome.lost)
    verdict = Verdict("reference", "The author's own solution.", (), lost)
    return verdict, max(outcome.slowest for outcome in outcomes)


def _judged(
    pool: TrialPool, notebooks: Mapping[str, NotebookNode], answers: Mapping[str, Answer]
) -> list[Verdict]:
    """Run answers, each in the notebooks whose cells it fills."""
    asked: list[str] = []
    trials: list[Trial] = []
    for name, answer in answers.items():
        for notebook, page in notebooks.items():
            mine = {_name(cell) for cell in page.cells if is_solution(cell)}
            if cells := {cell: text for cell, text in answer.cells.items() if cell in mine}:
                asked.append(name)
                trials.append(Trial(notebook, cells))
    lost: dict[str, tuple[str, ...]] = {}
    for name, outcome in zip(asked, _outcomes(pool, trials, "answers"), strict=True):
        lost[name] = lost.get(name, ()) + outcome.lost
    return [
        Verdict(name.replace("-", "/", 1), answer.title, tuple(sorted(answer.fails)), lost[name])
        for name, answer in answers.items()
    ]


def _outcomes(pool: TrialPool, trials: Sequence[Trial], what: str) -> list[Outcome]:
    """Run trials; return outcomes in their order."""
    found: dict[int, Outcome] = {}
    running = pool.run(trials)
    for place, outcome in tqdm(running, what, len(trials), unit="", disable=None):
        if outcome.failure:
            raise GraderError(outcome.failure)
        found[place] = outcome
    return [found[place] for place in range(len(trials))]


def _name(cell: NotebookNode) -> str:
    return str(cell.metadata.nbgrader["grade_id"])


def as_json(proof: Proof) -> str:
    """Return a proof for other programs."""
    content: dict[str, Any] = {
        "unit": proof.unit,
        "ok": proof.ok,
        "threshold": proof.threshold,
        "score": proof.total.score,
        "answers": [vars(verdict) | {"ok": verdict.ok} for verdict in proof.answers],
        "cells": [vars(tally) | {"score": tally.score} for tally in proof.tallies],
        "mutants": [
            {
                "cell": one.mutant.cell,
                "number": one.mutant.number,
                "state": one.state,
                "killed_by": one.killed_by,
                "error": one.error,
                "before": one.mutant.before,
                "after": one.mutant.after,
                "diff": one.mutant.diff,
                "reason": one.equivalent,
            }
            for one in proof.mutants
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def as_text(proof: Proof) -> str:
    """Return a proof for a person: answers, scores, then each mutant that no test notices."""
    return "\n\n".join("\n".join(part) for part in _parts(proof) if part)


def _parts(proof: Proof) -> Iterator[list[str]]:
    yield _answer_lines(proof)
    if not proof.made:
        return
    if not proof.mutants:
        yield ["Mutants were not run: the reference itself must get full points first."]
        return
    yield _score_lines(proof)
    by_state: dict[str, list[MutantVerdict]] = {}
    for one in proof.mutants:
        by_state.setdefault(one.state, []).append(one)
    if found := by_state.get("survived"):
        yield ["Survivors: these changes cost no point."]
        yield from ([_title(one), one.mutant.diff] for one in found)
    if found := by_state.get("not equivalent"):
        yield ["Listed as equivalent, but found by a test; take them off the list."]
        yield from ([f"{_title(one)}, found by {one.killed_by}", one.mutant.diff] for one in found)
    if found := by_state.get("equivalent"):
        yield [
            "Equivalent, not counted:",
            *(f"{_title(one)}: {one.mutant.after}  ({one.equivalent})" for one in found),
        ]


def _answer_lines(proof: Proof) -> list[str]:
    lines = []
    for kind, deserved in (
        ("reference", "gets full points"),
        ("accept", "get full points"),
        ("reject", "lose what they name, and no more"),
    ):
        mine = [one for one in proof.answers if one.name.partition("/")[0] == kind]
        if not mine:
            continue
        good = sum(one.ok for one in mine)
        lines.append(f"{kind:9}  {good} of {len(mine)} {deserved}")
        lines += [
            f"  {one.name}: loses {_listed(one.lost)}, should lose {_listed(one.fails)}"
            f" ({one.title})"
            for one in mine
            if not one.ok
        ]
    return lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _score_lines(proof: Proof) -> list[str]:
    head = ("cell", "mutants", "run", "killed", "survived", "equivalent", "score")
    rows: list[tuple[str, ...]] = [head]
    for tally in (*proof.tallies, proof.total):
        counts = (tally.made, tally.run, tally.killed, tally.run - tally.killed, tally.equivalent)
        # Cut, not rounded: what is shown as enough is enough.
        score = "-" if tally.score is None else f"{math.floor(100 * tally.score) / 100:.2f}"
        rows.append((tally.cell, *map(str, counts), score))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]
    errors = [one.error for one in proof.mutants if one.state == "killed"]
    late = sum(error in LATE for error in errors)
    wrong = sum(error in CHECKED for error in errors)
    lines.append(
        f"Killed by a check {wrong}, by an error of the changed code {len(errors) - wrong - late}, "
        f"by the time limit {late}. Asked for: {proof.threshold:.2f}."
    )
    return lines


def _title(one: MutantVerdict) -> str:
    return f"{one.mutant.cell}, mutant {one.mutant.number}"
