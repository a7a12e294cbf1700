"""The tests that graded, kept so that an old grade can be worked out again.

A teacher may mend a test after it has graded somebody.  So each version of an assignment that
has graded is kept, read-only and by its digest, in ``versions/<assignment>/``: the managed cells
with their hidden tests, the pages as released, and the SHA-256 of the files beside them.  It is
as private as ``source/`` and the gradebook.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets.config import Config

from millwright_grader.errors import KeptTestsError, UnknownAssignmentError
from millwright_grader.gradelog import canonical
from millwright_grader.intake import write_atomically
from millwright_grader.released import Released, ReleasedNotebook, load

FOLDER = "versions"


def keep(coursedir: CourseDirectory, released: Released) -> str:
    """Keep what grades an assignment now; return its digest."""
    content = canonical(describe(coursedir, released))
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(coursedir, released.name, digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.decode(), mode=0o444)
        if coursedir.groupshared:
            with suppress(PermissionError):
                path.parent.chmod(0o2770 | path.parent.stat().st_mode & 0o777)
    return digest


def read(coursedir: CourseDirectory, assignment: str, digest: str) -> dict[str, Any]:
    """Return a version as `describe` gave it.

    Raises
    ------
    KeptTestsError
        It is not there, or not as it was kept.
    """
    path = path_of(coursedir, assignment, digest)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeptTestsError(path, f"cannot be read ({error.strerror})") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise KeptTestsError(path, "is not as it was kept")
    return dict(json.loads(content))


def path_of(coursedir: CourseDirectory, assignment: str, digest: str) -> Path:
    """Return where a version is kept."""
    return Path(coursedir.root) / FOLDER / assignment / f"{digest[:16]}.json"


def describe(coursedir: CourseDirectory, released: Released) -> dict[str, Any]:
    """Return everything that decides scores and comes from the course, as plain JSON values."""
    source = Path(coursedir.format_path(coursedir.source_directory, ".", released.name))
    return {
        "assignment": released.name,
        "notebooks": [_notebook(notebook) for notebook in released.notebooks.values()],
        "files": {
            str(path.relative_to(source)): _sha256(path, found.st_size, found.st_mtime_ns)
            for path, found in ((path, path.stat()) for path in files_beside(coursedir, source))
        },
    }


def today(
    coursedir: CourseDirectory, assignment: str, config: Config | None = None
) -> dict[str, Any]:
    """Return the version that would grade now; empty if the gradebook no longer knows it."""
    try:
        return describe(coursedir, load(coursedir, assignment, config))
    except UnknownAssignmentError:
        return {"assignment": assignment, "notebooks": [], "files": {}}


def files_beside(coursedir: CourseDirectory, source: Path) -> list[Path]:
    """Return the files that nbgrader lays beside every submission: all but notebooks."""
    found = find_all_files(str(source), [*coursedir.ignore, "*.ipynb"])
    return sorted(Path(path) for path in found)


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the cells (by grade id) and files that differ between two versions."""
    old, new = _parts(then), _parts(now)
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]


def restore(version: Mapping[str, Any], coursedir: CourseDirectory) -> None:
    """Make an assignment anew, as it was, in a course folder that does not have it."""
    name = version["assignment"]
    release = Path(coursedir.format_path(coursedir.release_directory, ".", name))
    release.mkdir(parents=True)
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        gradebook.add_assignment(name)
        for notebook in version["notebooks"]:
            _restore_notebook(gradebook, name, notebook)
            page = nbformat.v4.new_notebook(
                cells=nbformat.from_dict(notebook["page"]),
                metadata={"kernelspec": notebook["kernelspec"]},
            )
            if page.cells:
                nbformat.write(page, release / f"{notebook['name']}.ipynb")


def _restore_notebook(gradebook: Gradebook, assignment: str, notebook: Mapping[str, Any]) -> None:
    where = (notebook["name"], assignment)
    gradebook.add_notebook(*where, kernelspec=json.dumps(notebook["kernelspec"]))
    for cell in notebook["cells"]:
        role, name = cell["nbgrader"], cell["name"]
        kind = role["cell_type"]
        if role["grade"]:
            gradebook.add_grade_cell(name, *where, max_score=role["points"], cell_type=kind)
        if role["task"]:
            gradebook.add_task_cell(name, *where, max_score=role["points"], cell_type=kind)
        if role["solution"]:
            gradebook.add_solution_cell(name, *where)
        gradebook.add_source_cell(
            name,
            *where,
            cell_type=kind,
            source=cell["source"],
            locked=role["locked"],
            checksum=role["checksum"],
        )


def _notebook(notebook: ReleasedNotebook) -> dict[str, Any]:
    return {
        "name": notebook.name,
        "kernelspec": notebook.kernelspec,
        "cells": [
            {"name": cell.name, "source": cell.source, "nbgrader": cell.metadata["nbgrader"]}
            for cell in notebook.cells
        ],
        "page": list(notebook.page),
    }


def _parts(version: Mapping[str, Any]) -> dict[str, Any]:
    cells = {cell["name"]: cell for page in version["notebooks"] for cell in page["cells"]}
    kernels = {f"{page['name']}.ipynb": page["kernelspec"] for page in version["notebooks"]}
    return cells | kernels | version["files"]


@lru_cache(maxsize=1024)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    """Hash a file once for each size and time of change."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
