"""Write the student edition: the repository without what only teachers may see.

`python courses/release.py [--to FOLDER]` writes a folder that can be published as it is:

    courses/<course>/lessons/                  as in the source, with their texts
    courses/<course>/assignments/<unit>/       student versions: no solution, no hidden test
    labs/notebooks/assignments/<lab>/          the labs', likewise
    labs/ datasets/ autograder/ binder/ …      what a student's or visitor's machine installs

Answers, guides and sources stay behind. Before the folder is handed over, every text file in it is
searched for the lines of all solutions and hidden tests; one line found, and nothing is written.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from millwright_grader import configure
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
COURSES = ROOT / "courses"
LABS = ROOT / "labs" / "notebooks"

# Published beside the courses. Tests, the hub's demo class and the certificates' rules are the
# instructors' and stay in their edition.
PUBLIC = [
    *("LICENSE", "LICENSE-TEXT", "README.md", "pyproject.toml", "requirements.lock"),
    *("environment.yml", "binder", "datasets", "labs", "autograder"),
]

REGION = {
    "solution": ("### BEGIN SOLUTION", "### END SOLUTION"),
    "hidden test": ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"),
    "mark scheme": ("=== BEGIN MARK SCHEME ===", "=== END MARK SCHEME ==="),
}

# A shorter line, such as `return y`, says nothing; it stands in many places by chance.
TELLING = 12
# In a lesson or a package the same idea may be written alike; a long line is no coincidence there.
TELLING_ELSEWHERE = 40


class ReleaseError(Exception):
    """The student edition would be wrong; nothing was written."""


@dataclass(frozen=True)
class Secret:
    """A line that only teachers may see."""

    unit: str
    cell: str
    kind: str
    line: str


def units() -> Iterator[tuple[Path, str, Path]]:
    """Yield (course folder, unit, source notebook) of every unit and lab, in order."""
    for folder in [*sorted(COURSES.glob("*/")), LABS]:
        for notebook in sorted(folder.glob("source/*/*.ipynb")):
            if notebook.parent.name == notebook.stem:
                yield folder, notebook.stem, notebook


def regions(source: str, kind: str) -> list[str]:
    """Return the lines inside the regions of one kind, without the marks."""
    begin, end = REGION[kind]
    lines, inside = [], False
    for line in source.splitlines():
        if line.strip() == begin:
            inside = True
        elif line.strip() == end:
            inside = False
        elif inside:
            lines.append(line)
    return lines


def shown(source: str) -> list[str]:
    """Return the lines that stand in no region."""
    marks = {
        mark: begins for pair in REGION.values() for mark, begins in zip(pair, (1, 0), strict=True)
    }
    lines, inside = [], 0
    for line in source.splitlines():
        inside = marks.get(line.strip(), inside)
        if not inside and line.strip() not in marks:
            lines.append(line)
    return lines


def secrets_of(notebook: Path) -> list[Secret]:
    """Return every telling line of an assignment that the student edition must not hold."""
    found: list[Secret] = []
    visible: set[str] = set()
    for cell in nbformat.read(notebook, as_version=4).cells:
        before = len(found)
        for kind in REGION:
            lines = regions(cell.source, kind)
            found += [Secret(notebook.stem, cell.id, kind, line.strip()) for line in lines]
        role = cell.metadata.get("nbgrader", {})
        if role.get("grade") and role.get("solution") and len(found) == before:
            lines = cell.source.splitlines()
            found += [Secret(notebook.stem, cell.id, "solution", line.strip()) for line in lines]
        else:
            # What a table's head repeats of the part that students see anyway is no secret.
            visible.update(line.strip() for line in shown(cell.source))
    return [s for s in found if len(s.line) >= TELLING and s.line not in visible]


def search(folder: Path, secrets: list[Secret]) -> list[str]:
    """Return a sentence for each secret that stands in a text file below `folder`."""
    telling: dict[str, list[Secret]] = {}
    for secret in secrets:
        telling.setdefault(secret.line, []).append(secret)
    findings = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.suffix == ".ipynb":
            text = "\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
        for line in {line.strip() for line in text.splitlines()}:
            for secret in telling.get(line, []):
                if path.parent.name == secret.unit or len(line) >= TELLING_ELSEWHERE:
                    findings.append(
                        f"{path.relative_to(folder)} holds a line of the {secret.kind} of "
                        f"{secret.unit}, cell {secret.cell}: {line}"
                    )
    return findings


def student_version(source: Path, destination: Path) -> None:
    """Write nbgrader's student version of one assignment folder."""
    unit = source.name
    with tempfile.TemporaryDirectory() as scratch:
        course = Path(scratch)
        shutil.copytree(source, course / "source" / unit)
        config = Config()
        configure(config)
        config.CourseDirectory.root = str(course)
        config.CourseDirectory.assignment_id = unit
        coursedir = CourseDirectory(config=config)
        try:
            GenerateAssignment(coursedir=coursedir, config=config).start()
        except NbGraderException as error:
            raise ReleaseError(f"nbgrader cannot make a student version of {unit}") from error
        shutil.copytree(course / "release" / unit, destination)


def tracked(folder: Path) -> list[Path]:
    """Return the files that git knows in a folder, so that no scratch file is published.

    The notebooks of the labs lie within a published package and hold answers: they are left out,
    unless `folder` is theirs.
    """
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--", str(folder)], cwd=ROOT, capture_output=True, check=True
    )
    files = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return [file for file in files if folder.is_relative_to(LABS) or LABS not in file.parents]


def copy(files: list[Path], destination: Path) -> None:
    """Copy files of the repository to the same place below `destination`."""
    for path in files:
        target = destination / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        shutil.copymode(path, target)


def release(destination: Path) -> None:
    """Write the student edition to `destination`, in place of an earlier one.

    Raises
    ------
    ReleaseError
        If a solution or hidden test would get out, or if `destination` holds something else than
        an earlier student edition.
    """
    mark = ".millwright-release"
    if destination.exists() and any(destination.iterdir()) and not (destination / mark).exists():
        raise ReleaseError(
            f"{destination} is not an earlier student edition and would be replaced: "
            "name an empty folder with --to"
        )
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent) as scratch:
        new = Path(scratch) / "release"
        for name in PUBLIC:
            copy(tracked(ROOT / name), new)
        secrets: list[Secret] = []
        for course, unit, source in units():
            place = new / course.relative_to(ROOT)
            student_version(source.parent, place / "assignments" / unit)
            secrets += secrets_of(source)
        for course in sorted({course for course, _, _ in units()}):
            copy(tracked(course / "lessons"), new)
            copy(tracked(course / "README.md"), new)
        (new / mark).write_text(
            "Made by courses/release.py; replaced as a whole by the next run.\n"
        )
        findings = search(new, secrets)
        if findings:
            raise ReleaseError("\n".join(["the student edition is not safe:", *findings]))
        if destination.exists():
            shutil.rmtree(destination)
        new.rename(destination)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=ROOT / "release", help="default: release/")
    destination = parser.parse_args().to.resolve()
    try:
        release(destination)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{destination}: {len(list(units()))} assignments, no line of a solution or hidden test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
