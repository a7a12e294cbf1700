"""Bring the state folder up to date: folders, hand-outs, courses with released assignments.

A second start finds the same digests and does nothing. A changed course is delivered again (see
deliver.py: a teacher's own changes stay) and its changed assignments are released again; what
students have fetched or submitted is not touched.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from deliver import deliver, digest, put_text
from demo import HERE, PEOPLE, Account, Course, Demo

# The course that everybody should see first.
FIRST = "primer"

PUBLIC = 0o755
PRIVATE = 0o700
PASSABLE = 0o711


def prepare(demo: Demo, say: Callable[[str], None]) -> list[str]:
    """Do what is missing; returns one line for each course that could not be published."""
    make_folders(demo)
    make_handouts(demo)
    problems = publish(demo, say)
    demo.save()
    return problems


def make_folders(demo: Demo) -> None:
    """Create the folders of the state and give each to its owner."""
    starter = Account("", Path(), None)
    starter.own(demo.state, PASSABLE)
    starter.own(demo.hub_folder, PRIVATE)
    starter.own(demo.state / "handout", PUBLIC)
    starter.own(demo.state / "homes", PASSABLE)
    starter.own(demo.state / "courses", PASSABLE)
    starter.own(demo.exchange, PUBLIC)
    for person in PEOPLE:
        account = demo.account(person.name)
        account.own(account.home, PRIVATE)
    for service in ("demos", "services"):
        account = demo.account(service)
        account.own(account.home, PRIVATE)
    for course in demo.courses:
        account = demo.account(demo.grader(course.name))
        account.own(account.home, PRIVATE)
        account.own(demo.course_directory(course.name), PRIVATE)
        account.own(demo.exchange / course.name, PUBLIC)


def make_handouts(demo: Demo) -> None:
    """Put lessons and welcome pages where every account can read them."""
    for role in {person.role for person in PEOPLE}:
        handout = demo.handout(role)
        lessons = handout / "lessons"
        for empty in ("lessons", "assignments", "receipts"):
            (handout / empty).mkdir(parents=True, exist_ok=True)
        for name, folder in demo.lessons.items():
            deliver(folder, lessons / name)
        for old in lessons.iterdir():
            if old.name not in demo.lessons:
                shutil.rmtree(old)
        page, text = handout / "Welcome.md", welcome(demo, role)
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            put_text(text, page)


def welcome(demo: Demo, role: str) -> str:
    """The role's welcome page, with links to the lessons and demos that there are."""
    handout = demo.handout(role)
    lessons = sorted(
        handout.glob("lessons/*/*.ipynb"), key=lambda path: (path.parent.name != FIRST, path)
    )
    parts = [(HERE / "roles" / role / "Welcome.md").read_text(encoding="utf-8"), "\n"]
    parts += [lesson_line(handout, lesson) for lesson in lessons]
    if demo.apps:
        parts.append(
            f"\nMachines to touch, in the browser: [the demos]({demo.url}/services/demos/).\n"
        )
    return "".join(parts)


def lesson_line(handout: Path, lesson: Path) -> str:
    """A link to a lesson, named by its first heading."""
    title = lesson.stem
    with suppress(ValueError, KeyError, TypeError):  # no notebook; JupyterLab will say so
        cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
        if heading := re.search(r"^# +(.+)$", text, re.MULTILINE):
            title = heading.group(1)
    return f"- {lesson.parent.name}: [{title}]({lesson.relative_to(handout)})\n"


def publish(demo: Demo, say: Callable[[str], None]) -> list[str]:
    """Deliver and release the courses that changed since the last start, all at once."""
    published = demo.record["published"]
    changed = {course: digest(course.folder) for course in demo.courses}
    changed = {c: seen for c, seen in changed.items() if published.get(c.name) != seen}
    if changed:
        say(f"Releasing assignments: {', '.join(course.name for course in changed)}")
    running = {course: start_publishing(demo, course) for course in changed}
    problems = []
    for course, process in running.items():
        output, _ = process.communicate()
        (demo.hub_folder / f"publish-{course.name}.log").write_text(output)
        if process.returncode == 0:
            published[course.name] = changed[course]
        else:
            reason = (output.strip().splitlines() or ["no reason given"])[-1]
            problems.append(f"{course.name}: {reason}")
    return problems


def start_publishing(demo: Demo, course: Course) -> "subprocess.Popen[str]":
    """Run publish.py as the course's grader."""
    grader = demo.grader(course.name)
    target = demo.course_directory(course.name)
    students = [vars(person) for person in PEOPLE if person.role == "student"]
    command = [sys.executable, str(HERE / "publish.py"), str(course.folder), json.dumps(students)]
    return subprocess.Popen(
        demo.account(grader).command(command),
        cwd=target,
        env=demo.server_environment(grader, "grader", course.name),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
