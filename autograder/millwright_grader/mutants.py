"""Mutants of a reference solution: small changes, each of which good tests should notice.

What is changed, and into what, is mutmut's; its operators are plain functions from a node of a
libcst tree to changed nodes. Here they are applied to the author's solution of one notebook cell.
A mutant is always Python that compiles and that differs from the original by more than layout.

This module needs the extra ``prove``; import it where it is used.
"""

import ast
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators
from nbformat import NotebookNode

from millwright_grader.answers import without_markers
from millwright_grader.errors import EquivalentError, SolutionError

EQUIVALENT = "equivalent.toml"


@dataclass(frozen=True)
class Mutant:
    """A solution cell with one small change.

    Attributes
    ----------
    notebook : str
        Name, without suffix.
    cell : str
        The solution cell's grade id.
    number : int
        Counted from 1 within the cell.
    source : str
        The whole cell, without solution markers.
    before, after : str
        The lines that differ, without indentation.
    diff : str
        The difference for a person, one line of context around it.
    """

    notebook: str
    cell: str
    number: int
    source: str
    before: str
    after: str
    diff: str


@dataclass(frozen=True)
class Equivalent:
    """An author's word that a mutant is as right as the original, and why.

    It is known by its cell and its changed lines, wherever in the cell they stand.
    """

    cell: str
    before: str
    after: str
    reason: str

    def is_of(self, mutant: Mutant) -> bool:
        """Tell whether this is about a mutant."""
        return (self.cell, self.before, self.after) == (mutant.cell, mutant.before, mutant.after)


def mutants_of(notebook: str, cell: NotebookNode) -> list[Mutant]:
    """Return all mutants of a solution cell of a notebook, always in the same order.

    Raises
    ------
    SolutionError
        The cell is not Python, for example because it holds a magic.
    """
    name = cell.metadata.nbgrader["grade_id"]
    try:
        wrapper = MetadataWrapper(cst.parse_module(cell.source))
        original = _tree(without_markers(cell.source))
    except (cst.ParserSyntaxError, SyntaxError, ValueError) as error:
        line = getattr(error, "raw_line", None) or getattr(error, "lineno", None)
        raise SolutionError(name, f"line {line}" if line else str(error)) from None
    finder = _Finder(_solution_lines(cell.source))
    wrapper.visit(finder)

    reference = without_markers(cell.source)
    seen = {original}
    mutants: list[Mutant] = []
    for node, changed in finder.found:
        module = cst.ensure_type(wrapper.module.deep_replace(node, changed), cst.Module)
        source = without_markers(module.code)
        try:
            tree = _tree(source)
        except (SyntaxError, ValueError):
            continue
        if tree not in seen:
            seen.add(tree)
            before, after, diff = _compared(reference, source)
            number = len(mutants) + 1
            mutants.append(Mutant(notebook, name, number, source, before, after, diff))
    return mutants


def read_equivalents(path: Path) -> list[Equivalent]:
    """Read a unit's list of equivalent mutants; without the file there are none.

    Raises
    ------
    EquivalentError
        It does not follow the format.
    """
    if not path.exists():
        return []
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EquivalentError(path, f"not TOML ({error})") from None
    entries = content.pop("mutant", [])
    if content or not isinstance(entries, list):
        raise EquivalentError(path, "there is something else than [[mutant]] tables")
    return [_equivalent(path, number, entry) for number, entry in enumerate(entries, start=1)]


def stale(equivalents: Sequence[Equivalent], mutants: Sequence[Mutant]) -> Iterator[Equivalent]:
    """Yield the entries that are about no mutant."""
    for entry in equivalents:
        if not any(entry.is_of(mutant) for mutant in mutants):
            yield entry


class _Finder(cst.CSTVisitor):
    """Collect the nodes of some lines that an operator changes, each with its changed self."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, lines: set[int]) -> None:
        super().__init__()
        self.found: list[tuple[cst.CSTNode, cst.CSTNode]] = []
        self._lines = lines
        self._wanted = [False]  # whether the node is; of all nodes on the way to it

    def on_visit(self, node: cst.CSTNode) -> bool:
        position = self.get_metadata(PositionProvider, node, None)
        # Some operators have no place of their own, but that of what they stand in.
        wanted = (
            {position.start.line, position.end.line} <= self._lines
            if position
            else self._wanted[-1]
        )
        self._wanted.append(wanted)
        if isinstance(node, cst.Annotation) or _is_docstring(node):
            return False
        if wanted:
            self.found += [
                (node, changed)
                for kind, operator in mutation_operators
                if isinstance(node, kind)
                for changed in operator(node)
            ]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._wanted.pop()


def _is_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(
        node.value, cst.SimpleString | cst.ConcatenatedString
    )


def _solution_lines(source: str) -> set[int]:
    """Return the numbers of the lines that the author wrote for the student; all, unmarked."""
    found: set[int] = set()
    lines = source.split("\n")
    inside = False
    for number, line in enumerate(lines, start=1):
        if "BEGIN SOLUTION" in line or "END SOLUTION" in line:
            inside = "BEGIN SOLUTION" in line
        elif inside:
            found.add(number)
    return found or set(range(1, len(lines) + 1))


def _tree(source: str) -> str:
    """Return what Python makes of a cell; raise what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        compile(source, "<mutant>", "exec", flags)
        tree = compile(source, "<mutant>", "exec", flags | ast.PyCF_ONLY_AST)
    return ast.dump(tree)


def _compared(reference: str, source: str) -> tuple[str, str, str]:
    """Return the lines that differ, on both sides, and how that looks."""
    old, new = reference.split("\n"), source.split("\n")
    before: list[str] = []
    after: list[str] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            before += old[i1:i2]
            after += new[j1:j2]
    diff = list(unified_diff(old, new, n=1, lineterm=""))[2:]  # without the names of files
    return _stripped(before), _stripped(after), "\n".join(diff)


def _stripped(lines: Sequence[str]) -> str:
    return "\n".join(line.strip() for line in lines)


def _equivalent(path: Path, number: int, entry: Any) -> Equivalent:
    wanted = ("cell", "before", "after", "reason")
    if not isinstance(entry, dict) or set(entry) != set(wanted):
        raise EquivalentError(path, f"mutant {number} of the list has other keys")
    if not all(isinstance(entry[key], str) and entry[key].strip() for key in wanted):
        raise EquivalentError(path, f"mutant {number} of the list has an empty value")
    before, after = (_stripped(entry[key].strip("\n").split("\n")) for key in ("before", "after"))
    return Equivalent(entry["cell"], before, after, entry["reason"].strip())
