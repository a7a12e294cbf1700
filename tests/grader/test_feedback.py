"""What leaves the grader: feedback pages, formgrader's page, the grade table."""

import csv
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from coursework import HIDDEN, Course, answered
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.slow

WRONG = "def square(x):\n    return abs(x) * x"
SCRIPTS = {
    "html": "from IPython.display import HTML, display\ndisplay(HTML('<b>bold</b>"
    '<script>boom()</script><img src=x onerror="boom()"><p onclick="boom()">x</p>'
    '<iframe srcdoc="boom()"></iframe><a href="javascript:boom()">l</a>\'))',
    "javascript": "%%javascript\nboom()",
    "svg": "from IPython.display import SVG, display\n"
    'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg" onload="boom()"/>\'))',
    "markdown": "from IPython.display import Markdown\n"
    "Markdown('<img src=x onerror=\"boom()\"> [l](javascript:boom())')",
}
TEXT = (
    "Because $a<b$ and `x < y`:\n\n> quoted\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n"
    '<img src=x onerror="boom()"><script>boom()</script>'
    '<button class="full-credit">x</button><img src="/hub/logout">'
    '<img src="https://example.org/seen.png"><style>body {display: none}</style>'
)


@pytest.fixture(scope="module", params=["sealed", "cold"])
def course(
    request: pytest.FixtureRequest, fresh_course: Course, tmp_path_factory: pytest.TempPathFactory
) -> Course:
    """A graded class of four with feedback."""
    folder = tmp_path_factory.mktemp(request.param) / "course"
    course = fresh_course.copy(folder, execution=request.param)
    released = course.released()
    course.submit("wrong", answered(released, square=WRONG))
    course.submit(
        "raises", answered(released, square="def square(x):\n    raise ValueError(In[-1])")
    )
    copier = answered(released)
    copier.cells += [new_code_cell("print(In)"), new_code_cell("In[3:]"), new_code_cell("1 / 0")]
    course.submit("copier", copier)
    attacker = answered(released)
    attacker.cells[-1].source = TEXT
    attacker.cells += [new_code_cell(source) for source in SCRIPTS.values()]
    attacker.cells.append(new_markdown_cell(TEXT))
    course.submit("attacker", attacker)
    assert {result["state"] for result in course.grade().values()} == {"graded"}
    done = course.api().generate_feedback("ps1")
    assert done["success"], done
    return course


def page(course: Course, student: str) -> str:
    return (course.folder(student, "feedback") / "ps1.html").read_text()


@pytest.mark.parametrize("student", ["wrong", "raises", "copier", "attacker"])
def test_no_hidden_test_in_any_feedback(course: Course, student: str) -> None:
    text = re.sub(r"\s", "", BeautifulSoup(page(course, student), "html.parser").get_text())
    assert "HIDDENTESTS" not in text
    assert "square(-7)" not in text
    assert "meancare" not in text.replace(",", "")
    assert "sum(0.1" not in text


@pytest.mark.browser
def test_a_phone_shows_the_score_of_each_cell_inside_its_head(course: Course) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "The browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        visit = browser.new_page(viewport={"width": 390, "height": 800})
        visit.route("http*://**", lambda route: route.abort())  # MathJax
        visit.goto((course.folder("wrong", "feedback") / "ps1.html").as_uri())
        heads = visit.evaluate(
            """() => [...document.querySelectorAll(".nbgrader_cell .panel-heading")].map(head =>
                [...head.children].map(part => part.getBoundingClientRect()).every(part =>
                    part.bottom <= head.getBoundingClientRect().bottom
                    && part.right <= window.innerWidth))"""
        )
        browser.close()
    assert heads == [True] * 5


def test_a_failed_check_says_what_its_author_wrote(course: Course) -> None:
    assert HIDDEN in course.autograded("wrong").cells[3].source
    text = BeautifulSoup(page(course, "wrong"), "html.parser").select_one("#notebook").get_text()
    assert "square: look at negative numbers" in text
    assert "assert square(2) == 4" in text
    assert "Traceback" not in text


def test_a_failed_check_says_what_the_students_code_returned(course: Course) -> None:
    """In the cold way nobody looks on while tests run, so nothing more can be said."""
    text = BeautifulSoup(page(course, "wrong"), "html.parser").select_one("#notebook").get_text()
    assert ("Your square returned " in text) == (course.execution == "sealed")


def test_students_own_errors_are_shown(course: Course) -> None:
    assert "ZeroDivisionError" in page(course, "copier")
    # In the sealed way, no test ever comes near the students' process.
    removed = "it held text of a test" in page(course, "copier")
    assert removed == (course.execution == "cold")


def formgraders_page(course: Course, student: str) -> str:
    """The page that formgrader makes, with its own exporter and template."""
    extension = FormgradeExtension()
    config = course.config
    config.merge(extension.build_extra_config())
    resources = dict.fromkeys(
        ("base_url", "assignment_id", "notebook_id", "submission_id", "student", "mathjax_url"),
        "x",
    )
    graded = course.folder(student, "autograded") / "ps1.ipynb"
    html, _ = HTMLExporter(config=config).from_filename(
        str(graded), resources=resources | {"index": 0, "total": 1, "notebook_path": "x"}
    )
    return html


@pytest.mark.parametrize("render", [page, formgraders_page])
def test_no_script_of_a_student_reaches_a_browser(
    course: Course, render: Callable[[Course, str], str]
) -> None:
    soup = BeautifulSoup(render(course, "attacker"), "html.parser")
    for element in soup.find_all(True):
        if element.name in ("script", "style"):
            assert "boom" not in element.get_text()
            assert "display: none}" not in element.get_text().replace("\n", "")
        assert "boom" not in str(element.attrs)
        source = str(element.get("src", ""))
        assert not source.startswith(("javascript:", "/hub", "https://example"))
    assert not soup.select("iframe")
    assert soup.find("b", string="bold")
    notebook = soup.select_one("#notebook")
    assert notebook.find("blockquote")
    assert notebook.find("td", string="2")
    assert "$a<b$" in notebook.get_text()
    assert "x < y" in notebook.get_text()


def test_the_grade_table_is_safe_in_a_spreadsheet(course: Course, tmp_path: Path) -> None:
    with sqlite3.connect(course.root / "gradebook.db") as database:
        database.execute(
            "UPDATE student SET first_name = ?, last_name = ? WHERE id = 'wrong'",
            ("=HYPERLINK(1)", 'Smith, "Bo"'),
        )
    path = tmp_path / "grades.csv"
    done = course.command("nbgrader", "export", "--to", str(path), "--GradeTable.tasks=True")
    assert done.returncode == 0, done.stderr
    assert not path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows["wrong"]["name"] == '\'=HYPERLINK(1) Smith, "Bo"'
    assert rows["wrong"]["score"] == "3.0"
    assert rows["wrong"]["max_score"] == "10.0"
    assert rows["wrong"]["needs_marking"] == "yes"
    assert rows["wrong"]["ps1-square-test"] == "0.0"
    assert {row["assignment"] for row in rows.values()} == {"ps1"}
