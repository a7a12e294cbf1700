"""Release the assignments of one course: `publish.py SOURCE STUDENTS`, run in the course directory.

It runs under the grader's account with the grader's configuration, so it does exactly what
formgrader's buttons "Generate" and "Release" would do. STUDENTS is JSON. The last line of output
says what went wrong.
"""

import json
import sys
from pathlib import Path
from typing import Any

from deliver import deliver, digest, put_text
from jupyterlab_server.workspaces_handler import WorkspacesManager
from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from nbgrader.apps.api import NbGraderAPI
from nbgrader.auth import NoAuthPlugin
from nbgrader.coursedir import CourseDirectory


def open_course() -> NbGraderAPI:
    """nbgrader's own interface to the course in the working directory."""
    app = NbGrader()
    app.load_config_file()
    # A new version of an assignment replaces the released one.
    app.config.ExchangeReleaseAssignment.force = True
    # The hub, which knows who is in which course, does not run yet.
    app.config.Authenticator.plugin_class = NoAuthPlugin
    return NbGraderAPI(coursedir=CourseDirectory(config=app.config), config=app.config)


def enrol(course: CourseDirectory, students: list[dict[str, str]]) -> None:
    """Enter the students with their names, so that formgrader lists the class from the start."""
    with Gradebook(course.db_url, course.course_id) as gradebook:
        for student in students:
            names = {key: student[key] for key in ("first_name", "last_name")}
            gradebook.update_or_create_student(student["name"], **names)


def make_room(course: str) -> None:
    """Start Lab with its file browser closed: formgrader's pages need the width."""
    workspaces = WorkspacesManager(str(Path.home() / ".jupyter" / "lab" / "workspaces"))
    left = {"collapsed": True, "visible": True, "widgets": ["filebrowser"]}
    workspace = {"data": {"layout-restorer:data": {"left": left}}, "metadata": {"id": course}}
    if not workspaces.load(course)["data"]:
        workspaces.save(course, json.dumps(workspace))


def check(result: dict[str, Any], what: str) -> None:
    """Stop at the first failure, with nbgrader's own words."""
    print(result.get("log", ""))
    if not result["success"]:
        print(result.get("error", ""))
        said = [line for line in result.get("log", "").splitlines() if "ERROR" in line]
        raise SystemExit(f"{what} failed: {said[-1] if said else 'see the log above'}")


def to_release(source: Path, released: dict[str, str]) -> dict[str, str]:
    """Unit -> digest of its source, for units that are new in the repository.

    A unit that the teachers have changed in their copy is theirs to release.
    """
    units = {path.name: digest(path) for path in sorted(source.glob("source/*")) if path.is_dir()}
    copies = {name: digest(Path("source", name)) for name in units}
    return {n: seen for n, seen in units.items() if seen == copies[n] and seen != released.get(n)}


def main(source: Path, students: list[dict[str, str]]) -> None:
    """Deliver, enrol, generate, release."""
    deliver(source, Path.cwd())
    api = open_course()
    enrol(api.coursedir, students)
    make_room(api.coursedir.course_id)
    record = Path(".released.json")
    released = json.loads(record.read_text()) if record.exists() else {}
    for unit, seen in to_release(source, released).items():
        check(api.generate_assignment(unit), f"generating {unit}")
        check(api.release_assignment(unit), f"releasing {unit}")
        released[unit] = seen
        put_text(json.dumps(released, indent=1), record)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
