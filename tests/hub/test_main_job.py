"""The main job in a real browser: hand in, collect, grade, give feedback, read it."""

import csv
import json
import re
import time
from collections.abc import Callable

import nbformat
import pytest
from browsing import Visit, choose
from millwright_grader.answers import read_answer
from nbgrader.utils import is_grade, is_solution
from playwright.sync_api import FrameLocator, Page, expect
from running import ROOT, RunningHub, Server

pytestmark = [pytest.mark.slow, pytest.mark.browser]

COURSE, UNIT = "control", "a04-pid"
TITLE = "PID as a program"
ANSWER = ROOT / "courses" / COURSE / "answers" / UNIT / "accept" / "velocity_form.py"
TYPED_CELL = "a04-pid-tune"
TYPED = 'setting = lambda: {"Kp": 10.8, "Ti": 69.0}'
MARKED_BY_HAND = "a04-pid-plan"
PASSED = "a04-pid-proportional"
COMMENT = "A clear plan. Who releases the zone?"
GRADING_SECONDS = 240

expect.set_options(timeout=120_000)


def test_main_job(school: RunningHub, meet: Callable[[str], Visit]) -> None:
    page = meet("anna").sign_in()
    anna = school.person("anna").start_server()
    read_lesson(page)
    fetch(page)
    work(page, anna)
    validate(page)
    receipt = submit(page)
    [file] = anna.ask("api/contents/receipts")["content"]
    assert receipt in anna.get_text(file["path"])

    # Ben hands in what he fetched.
    ben = school.person("ben").start_server()
    ben.ask("assignments/fetch", json={"course_id": COURSE, "assignment_id": UNIT})
    ben.ask("assignments/submit", json={"course_id": COURSE, "assignment_id": UNIT})

    grading = open_formgrader(meet("teacher"))
    grader = school.person("teacher").start_server(f"grader-{COURSE}")
    formgrader = grading.frame_locator("iframe")
    collect(formgrader)
    grade_one(formgrader, "Okafor, Ben")
    grade_class_and_export(grading, grader)
    scores = {row["student"]: float(row["score"]) for row in table(grader.get_text("grades.csv"))}
    assert scores == {"anna": points_by_tests(), "ben": 0, "chen": 0, "dara": 0}
    mark_by_hand(grading, formgrader)
    give_feedback(formgrader)

    read_feedback(page)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def points_by_tests() -> float:
    """What a right answer earns before anything is marked by hand."""
    notebook = nbformat.read(ROOT / "courses" / COURSE / "source" / UNIT / f"{UNIT}.ipynb", 4)
    cells = [cell for cell in notebook.cells if is_grade(cell) and not is_solution(cell)]
    return sum(float(cell.metadata.nbgrader.points) for cell in cells)


# ---- the student


def read_lesson(page: Page) -> None:
    """Open the lesson from the welcome page and run its first cells."""
    page.click(f"a:has-text('{TITLE}')")
    notebook = page.locator(".jp-NotebookPanel")
    # JupyterLab forgets what is run before the kernel is there.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
    notebook.locator(".jp-Cell").first.click()
    for _ in range(6):
        page.keyboard.press("Shift+Enter")
    # The second cell that runs is the first question of the lesson.
    expect(notebook.locator(".jp-OutputArea [role=status]").first).to_be_visible()
    expect(notebook.get_by_text("Traceback")).to_have_count(0)
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def fetch(page: Page) -> None:
    """Fetch the assignment and open its notebook."""
    choose(page, "Nbgrader", "Assignment List")
    page.click("#course_list_dropdown")
    page.locator("#course_list a", has_text=COURSE).click()
    released = page.locator("#released_assignments_list .list_item", has_text=UNIT)
    released.get_by_text("Fetch", exact=True).click()


def work(page: Page, server: Server) -> None:
    """Most answers come from a file; one is typed in the browser."""
    fetched = page.locator("#fetched_assignments_list")
    fetched.get_by_role("button", name=UNIT).click()
    path = f"assignments/{COURSE}/{UNIT}/{UNIT}.ipynb"
    content = server.ask(f"api/contents/{path}")["content"]
    notebook = nbformat.reads(json.dumps(content), as_version=4)
    answer = read_answer(ANSWER)
    for cell in notebook.cells:
        if cell.id in answer.cells and cell.id != TYPED_CELL:
            cell.source = answer.cells[cell.id]
        if cell.cell_type == "markdown" and is_solution(cell):
            cell.source = "1. Isolate.\n2. Check the sensor.\n3. Start by hand."
    body = {"type": "notebook", "format": "json", "content": notebook}
    server.session.put(f"{server.url}/api/contents/{path}", json=body).raise_for_status()

    fetched.locator(".nested_list_item a", has_text=UNIT).click()
    panel = page.locator(".jp-NotebookPanel:visible")
    panel.locator(".jp-CodeCell", has_text="def setting():").locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(TYPED)
    expect(panel.locator(".jp-CodeCell", has_text=TYPED)).to_be_visible()


def validate(page: Page) -> None:
    """Press Validate above the notebook, which saves it first."""
    page.locator(".jp-NotebookPanel-toolbar:visible").get_by_text("Validate").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Success! Your notebook passes all the tests.")
    dialog.get_by_role("button").last.click()


def submit(page: Page) -> str:
    """Submit from the Assignment List; the code of the receipt stands in the list."""
    page.locator(".lm-TabBar-tabLabel", has_text=re.compile("^Assignments$")).click()
    fetched = page.locator("#fetched_assignments_list .list_item", has_text=UNIT).first
    fetched.get_by_text("Submit", exact=True).click()
    submitted = page.locator("#submitted_assignments_list .list_item", has_text="receipt").first
    expect(submitted).to_be_visible()
    code = re.search(r"receipt (\w{4}-\w{4}-\w{4})", submitted.inner_text())
    assert code
    return code.group(1)


def read_feedback(page: Page) -> None:
    """Fetch the feedback and open it."""
    page.click("#refresh_assignments_list")
    submitted = page.locator("#submitted_assignments_list")
    submitted.get_by_text("Fetch Feedback").click()
    submitted.get_by_text("view feedback").click()
    page.locator(".jp-DirListing-itemText", has_text=f"{UNIT}.html").dblclick()
    feedback = page.frame_locator(".jp-HTMLViewer iframe")
    expect(feedback.get_by_text(COMMENT)).to_be_visible()
    expect(feedback.get_by_text(f"{UNIT} (Score: {points_by_tests() + 3}")).to_be_visible()


# ---- the teacher


def open_formgrader(teacher: Visit) -> Page:
    """Course List, then the course: formgrader opens in a new tab."""
    page = teacher.sign_in()
    choose(page, "Nbgrader", "Course List")
    with teacher.context.expect_page() as opened:
        page.get_by_text(COURSE, exact=True).click()
    grading = opened.value
    expect(grading.frame_locator("iframe").locator("#main-table tr")).to_have_count(1)
    return grading


def press(formgrader: FrameLocator, row: str, column: str) -> None:
    """Press an icon in one of formgrader's tables and wait for its success."""
    formgrader.locator("tr", has_text=row).locator(f".{column} a").click()
    message = formgrader.locator(".modal.in")
    expect(message).to_contain_text("Success")
    message.locator(".modal-footer button").click()
    expect(message).to_have_count(0)


def collect(formgrader: FrameLocator) -> None:
    """Collect, then look at the submissions."""
    press(formgrader, UNIT, "collect")
    formgrader.locator("tr", has_text=UNIT).locator(".num-submissions a").click()
    expect(formgrader.locator("#main-table tr", has_text="needs autograding")).to_have_count(2)


def grade_one(formgrader: FrameLocator, student: str) -> None:
    """Formgrader's own button."""
    press(formgrader, student, "autograde")


def grade_class_and_export(page: Page, grader: Server) -> None:
    """Grade everybody and export, in a terminal of the grading server."""
    choose(page, "File", "New", "Terminal")
    terminal = page.locator(".jp-Terminal")
    expect(terminal.locator(".xterm-screen")).to_be_visible()
    terminal.click()
    page.keyboard.type(f"millwright-grade {UNIT} && nbgrader export --to grades.csv\n")
    deadline = time.monotonic() + GRADING_SECONDS
    while grader.get("api/contents/grades.csv").status_code != 200:
        assert time.monotonic() < deadline, "no grades.csv yet"
        time.sleep(1)
    page.locator(".lm-TabBar-tabLabel", has_text="Formgrader").click()


def mark_by_hand(page: Page, formgrader: FrameLocator) -> None:
    """Look into a submission, give points for the written part, write a comment."""
    formgrader.get_by_text("Manual Grading", exact=True).click()
    formgrader.locator("#main-table a", has_text=UNIT).click()
    formgrader.locator("#main-table a", has_text=UNIT).click()
    # The list names nobody; Anna's is the one with points.
    anna = formgrader.locator("#main-table tr", has_text=f"{points_by_tests():g} / ")
    anna.locator("a", has_text="Submission").click()
    cell = formgrader.locator(".nbgrader_cell", has=formgrader.locator(f"#{MARKED_BY_HAND}"))
    # The points that the tests gave come last; what is written before they are there is lost.
    expect(formgrader.locator(f"#{PASSED}")).to_have_attribute("placeholder", re.compile(r"\d"))
    for field, text, saved in (
        (".score", "3", "/api/grade/"),
        (".comment", COMMENT, "/api/comment/"),
    ):
        cell.locator(field).fill(text)
        with page.expect_response(lambda r, saved=saved: saved in r.url and r.ok):  # type: ignore[misc]
            cell.locator(field).press("Tab")


def give_feedback(formgrader: FrameLocator) -> None:
    """Generate and release the feedback of the class."""
    formgrader.get_by_text("Manual Grading", exact=True).click()
    formgrader.get_by_text("Manage Assignments", exact=True).click()
    press(formgrader, UNIT, "generate-feedback")
    press(formgrader, UNIT, "release-feedback")
