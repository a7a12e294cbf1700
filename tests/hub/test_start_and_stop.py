"""Starting, stopping, killing and starting again; a second start rebuilds nothing."""

import os
import shutil
from pathlib import Path

import nbformat
import psutil
import pytest
import stand_in
from running import RunningHub

pytestmark = pytest.mark.slow

SECONDS_TO_END = 60


def stamps(*folders: Path) -> dict[Path, tuple[int, int]]:
    """Path -> time of change and size, of every file."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def all_end(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, SECONDS_TO_END)
    return not alive


def replace_text(notebook: Path, old: str, new: str) -> None:
    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        cell.source = cell.source.replace(old, new)
    nbformat.write(content, notebook)


def test_second_start_rebuilds_nothing_and_ctrl_c_leaves_nothing(small_class: RunningHub) -> None:
    hub = small_class.ensure()
    made = (hub.state / "courses", hub.state / "exchange", hub.state / "handout")
    before, passwords = stamps(*made), hub.passwords
    assert sorted(passwords) == ["anna", "ben", "chen", "dara", "teacher"]
    assert len(set(passwords.values())) == 5
    server = hub.person("anna").start_server()
    # A process that a student hides from Jupyter ends as well.
    server.run("import subprocess; subprocess.Popen(['sleep', '3600'], start_new_session=True)")
    family = hub.family()
    assert any(process.name() == "sleep" for process in family)
    assert hub.interrupt() == 0
    assert all_end(family)

    hub.start()
    assert stamps(*made) == before
    assert hub.passwords == passwords
    assert "Releasing" not in "\n".join(hub.output)


def test_the_class_in_use_is_left_alone(small_class: RunningHub) -> None:
    hub = small_class.ensure()
    second = RunningHub(hub.state, hub.courses, hub.apps)
    with pytest.raises(AssertionError, match=f"already runs at {hub.url}"):
        second.start("--reset")
    assert hub.person("anna").signed_in


def test_after_kill_9_the_next_start_cleans_up_and_nothing_is_lost(small_class: RunningHub) -> None:
    hub = small_class.ensure()
    passwords = hub.passwords
    server = hub.person("ben").start_server()
    server.put_text("assignments/notes.md", "half an hour of work")
    family = hub.family()
    # The launcher and the hub at once: nobody is left to clean up.
    jupyterhub = next(p for p in family if any("jupyterhub_config" in part for part in p.cmdline()))
    assert hub.process
    hub.process.kill()
    jupyterhub.kill()
    hub.process.wait()
    hub.start()
    assert all_end(family)
    assert hub.passwords == passwords
    server = hub.person("ben").start_server()
    assert server.get_text("assignments/notes.md") == "half an hour of work"

    # The launcher alone: the hub sees it and stops in order.
    family = hub.family()
    assert hub.process
    hub.process.kill()
    hub.process.wait()
    assert all_end(family)


def test_a_new_edition_arrives_without_touching_work(small_class: RunningHub) -> None:
    hub = small_class.ensure()
    anna = hub.person("anna").start_server()
    anna.put_text(
        "lessons/ohm/u1.ipynb", anna.get_text("lessons/ohm/u1.ipynb").replace("6 * 7", "1")
    )
    anna.ask("assignments/fetch", json=stand_in.U1)
    fetched = anna.get_text("assignments/ohm/u1/u1.ipynb")
    assert hub.interrupt() == 0

    course = hub.courses / "ohm"
    replace_text(course / "lessons" / "u1.ipynb", "6 * 7", "2 * 21")
    replace_text(
        course / "source" / "u1" / "u1.ipynb", "# Assignment", "# Assignment, second edition"
    )
    hub.start()
    assert "Releasing assignments: ohm" in hub.output
    anna, ben = hub.person("anna").start_server(), hub.person("ben").start_server()
    assert "print(1)" in anna.get_text("lessons/ohm/u1.ipynb")
    assert "2 * 21" in anna.get_text("lessons/ohm/u1.new.ipynb")
    assert anna.get_text("assignments/ohm/u1/u1.ipynb") == fetched
    assert "2 * 21" in ben.get_text("lessons/ohm/u1.ipynb")
    ben.ask("assignments/fetch", json=stand_in.U1)
    released = ben.get_text("assignments/ohm/u1/u1.ipynb")
    assert "second edition" in released
    assert "voltage / current" not in released
    assert "HIDDEN" not in released


def test_reset_makes_a_new_class(small_class: RunningHub) -> None:
    hub = small_class.ensure()
    old = hub.passwords
    assert hub.interrupt() == 0
    hub.start("--reset")
    assert hub.passwords != old
    assert list((hub.state / "homes" / "anna").iterdir()) == []
    assert hub.interrupt() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="without root there is one account anyway")
def test_where_accounts_cannot_be_had_one_account_serves_all(tmp_path: Path) -> None:
    stand_in.make_course(tmp_path / "courses")
    tmp_path.chmod(0o700)
    hub = RunningHub(tmp_path / "state", tmp_path / "courses", tmp_path / "apps")
    try:
        hub.start()
        assert any("not separated" in line for line in hub.output)
        server = hub.person("anna").start_server()
        assert server.ask("assignments/submit", json=stand_in.U1)["success"] is False
        server.ask("assignments/fetch", json=stand_in.U1)
        server.ask("assignments/submit", json=stand_in.U1)
        grader = hub.person("teacher").start_server("grader-ohm")
        assert (
            "Collecting submission: anna u1"
            in grader.ask("formgrader/api/assignment/u1/collect", data="")["log"]
        )
    finally:
        hub.close()
        shutil.rmtree(hub.state)
