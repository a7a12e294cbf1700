"""What students can and cannot reach, tried by real code in a student's kernel and by the APIs."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import stand_in
from running import ROOT, Person, RunningHub, Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(small_class: RunningHub) -> Iterator[RunningHub]:
    yield small_class.ensure()
    small_class.close()


@pytest.fixture(scope="module")
def separated(hub: RunningHub) -> RunningHub:
    if not hub.separated:
        pytest.skip(next(line for line in hub.output if "not separated" in line))
    return hub


@pytest.fixture(scope="module")
def anna(hub: RunningHub) -> Server:
    return hub.person("anna").start_server()


@pytest.fixture(scope="module")
def ben(hub: RunningHub) -> Server:
    return hub.person("ben").start_server()


# ---- signing in


@pytest.mark.parametrize("name", ["anna", "teacher", "grader-ohm", "nobody", "root", "a/b", ""])
@pytest.mark.parametrize("password", ["ben's", "", "x"])
def test_only_ones_own_password_opens(hub: RunningHub, name: str, password: str) -> None:
    guess = hub.passwords["ben"] if password == "ben's" else password
    assert not Person(hub, name, guess or " ").signed_in


# ---- files


def test_a_students_code_reads_its_home_and_nothing_of_others(
    separated: RunningHub, anna: Server, ben: Server
) -> None:
    state = separated.state
    ben.ask("assignments/fetch", json=stand_in.U1)
    ben.ask("assignments/submit", json=stand_in.U1)
    [submission] = (state / "exchange" / "ohm" / "inbound").glob("ben+u1+*")
    closed = [
        state / "homes" / "ben",
        state / "homes" / "ben" / "Welcome.md",
        state / "homes" / "teacher",
        state / "homes" / "grader-ohm",
        state / "courses" / "ohm",
        state / "courses" / "ohm" / "gradebook.db",
        state / "courses" / "ohm" / "source" / "u1" / "u1.ipynb",
        state / "exchange" / "ohm" / "inbound",
        state / "class.json",
        state / "hub" / "hub.log",
        state / "hub" / "jupyterhub.sqlite",
        state / "homes",
        state / "courses",
    ]
    assert submission.exists()
    opened = [state / "homes" / "anna", state / "exchange" / "ohm" / "outbound" / "u1"]
    tried = anna.run(f"""
import json, os
def look(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read())
    except PermissionError:
        return False
print(json.dumps([path for path in {[str(path) for path in closed + opened]} if look(path)]))
""")
    assert json.loads(tried) == [str(path) for path in opened]


def test_a_students_code_does_not_see_the_solutions(separated: RunningHub, anna: Server) -> None:
    if not any("solutions" in line and "cannot" in line for line in separated.output):
        pytest.skip("this machine cannot hide folders")
    folders = [str(ROOT / name) for name in ("courses", "tests", ".git")]
    folders.append(str(separated.courses))
    for folder in folders:
        assert "PermissionError" in anna.run(f"import os; os.listdir({folder!r})"), folder
    # Nor do they come back in a namespace where the student is root.
    uncover = f"umount {ROOT / 'courses'} && ls {ROOT / 'courses'}"
    tried = anna.run(f"""
import subprocess
command = ["unshare", "--map-root-user", "--mount", "sh", "-c", {uncover!r}]
print(subprocess.run(command, capture_output=True, text=True).stdout)
""")
    assert tried == ""


def test_the_packages_of_the_lessons_are_there_before_they_are_imported(anna: Server) -> None:
    names = {"control", "matplotlib.pyplot", "millwright_data", "millwright_labs.plants"}
    assert anna.run(f"import sys; print({names!r} <= set(sys.modules))") == "True"


def test_contents_do_not_leave_the_home(separated: RunningHub, anna: Server) -> None:
    other = separated.state / "homes" / "ben"
    anna.run(f"import os; os.path.lexists('window') or os.symlink({str(other)!r}, 'window')")
    for path in ("../ben/Welcome.md", "..%2Fben/Welcome.md", "window/Welcome.md"):
        answer = anna.get(f"api/contents/{path}")
        assert answer.status_code >= 400, path
        assert "Welcome to" not in answer.text


def test_nobody_listens_to_another_kernel(anna: Server, ben: Server, folder: Path) -> None:
    """Every account can connect to the port where a kernel publishes code and output."""
    meeting = folder / "port"
    meeting.touch()
    meeting.chmod(0o666)
    secret = f"""
import ipykernel, json, time
port = json.load(open(ipykernel.get_connection_file()))["iopub_port"]
open({str(meeting)!r}, "w").write(str(port))
for _ in range(60):
    print("secret", flush=True)
    time.sleep(0.1)
"""
    listen = f"""
import time, zmq
while not (port := open({str(meeting)!r}).read()):
    time.sleep(0.1)
socket = zmq.Context().socket(zmq.SUB)
socket.subscribe(b"")
socket.connect(f"tcp://127.0.0.1:{{port}}")
print(port.isdigit(), socket.poll(3000))
"""
    with ThreadPoolExecutor() as pool:
        speaking = pool.submit(ben.run, secret)
        assert anna.run(listen) == "True 0"
        assert "secret" in speaking.result()


# ---- servers and services


def test_a_student_reaches_no_other_server(hub: RunningHub, anna: Server, ben: Server) -> None:
    session = anna.session
    for path in ("user/ben/api/status", "user/grader-ohm/api/status"):
        assert session.get(f"{hub.url}/{path}").status_code in (403, 404), path
    for path in ("users/ben/server", "users/grader-ohm/server"):
        assert session.post(f"{hub.url}/hub/api/{path}").status_code in (403, 404), path
        assert session.delete(f"{hub.url}/hub/api/{path}").status_code in (403, 404), path
    for path in ("users", "users/ben", "users/ben/tokens", "proxy", "groups"):
        answer = session.get(f"{hub.url}/hub/api/{path}")
        # An empty list is a way of saying no.
        assert answer.status_code in (403, 404) or answer.json() == [], path
    assert ben.get("api/status").status_code == 200


def test_a_student_has_no_formgrader(hub: RunningHub, anna: Server) -> None:
    assert anna.get("formgrader/manage_assignments").status_code == 404
    assert anna.get("formgraders").status_code == 404
    page = hub.person("anna").session.get(f"{hub.url}/services/ohm/lab?formgrader=true")
    assert page.status_code in (403, 404)


# ---- handing in


def test_nobody_hands_in_for_somebody_else(
    separated: RunningHub, anna: Server, ben: Server
) -> None:
    ben.ask("assignments/fetch", json=stand_in.U1)
    ben.ask("assignments/submit", json=stand_in.U1)
    forged = anna.run(f"""
import os, pathlib
name = "ben+u1+2099-01-01 00:00:00.000000 UTC+forged"
folder = pathlib.Path({str(separated.state / "exchange" / "ohm" / "inbound")!r}, name)
folder.mkdir()
(folder / "u1.ipynb").write_text("forged")
(folder / "timestamp.txt").write_text("2099-01-01 00:00:00.000000 UTC")
os.chmod(folder, 0o777)
print("done")
""")
    assert forged == "done"
    grader = separated.person("teacher").start_server("grader-ohm")
    grader.post("formgrader/api/assignment/u1/collect")
    collected = separated.state / "courses" / "ohm" / "submitted" / "ben" / "u1" / "u1.ipynb"
    assert "forged" not in collected.read_text()
    assert "resistance" in collected.read_text()
