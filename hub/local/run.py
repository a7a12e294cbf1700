"""Start the demo class: JupyterHub with a teacher, four students, courses and the Voila demos.

Everything runs on this machine and listens on 127.0.0.1 only. Stop with Ctrl-C.
"""

import argparse
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil
import separation
from demo import BIN, HERE, PEOPLE, ROOT, Demo, StateLock, free_port
from errors import (
    AlreadyRunningError,
    ForeignFolderError,
    HubFailedError,
    NoCoursesError,
    NotOursError,
    PortInUseError,
    StartError,
)
from prepare import prepare

# Seconds. The hub itself waits for its services; a busy laptop takes long for the first start.
START_TIMEOUT = 180
STOP_TIMEOUT = 40
KILL_TIMEOUT = 5

Process = subprocess.Popen[bytes]

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    state = os.environ.get("MILLWRIGHT_STATE") or ROOT / "state"
    parser.add_argument(
        "--state", type=Path, default=state, help="folder for homes, courses, grades (%(default)s)"
    )
    parser.add_argument("--port", type=int, default=8000, help="of the address (%(default)s)")
    parser.add_argument(
        "--courses", type=Path, default=ROOT / "courses", help="folder of courses (%(default)s)"
    )
    parser.add_argument(
        "--apps", type=Path, default=ROOT / "labs" / "apps", help="folder of Voila apps"
    )
    parser.add_argument(
        "--reset",
        action="store_true",
        help="first delete the class with all homes, submissions and grades",
    )
    return parser.parse_args(arguments)


def say(line: str) -> None:
    """One line for the person at the terminal, if it is still open."""
    with suppress(OSError):
        print(line, flush=True)


# ---- before the hub


def check_state(demo: Demo, reset: bool) -> StateLock:
    """Make sure that the state folder is ours and nobody else uses it; empty it if asked."""
    ours = demo.state / "class.json"
    try:
        demo.state.mkdir(parents=True, exist_ok=True)
        inside = {path.name for path in demo.state.iterdir()} - {"run.lock"}
        if inside and not ours.exists():
            raise ForeignFolderError(demo.state)
        lock = StateLock(demo.state)
        if not lock.acquire(demo.url):
            raise AlreadyRunningError(demo.state, lock.holder())
        if ours.exists() and not os.access(ours, os.R_OK | os.W_OK):
            raise NotOursError(demo.state)
    except PermissionError:
        raise NotOursError(demo.state) from None
    if ours.exists():
        end_leftovers(demo)
    if reset:
        for path in demo.state.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path != lock.path:
                path.unlink()
        demo.__dict__.pop("record", None)
    return lock


def check_port(port: int) -> None:
    """Fail now, in one line, rather than later in the proxy's log."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            raise PortInUseError(port) from None


def separate(demo: Demo) -> list[str]:
    """Give users separate accounts if the machine allows; returns what has to be said about it."""
    if obstacle := separation.find_obstacle(demo):
        demo.record["accounts"] = {}
        everybody = (
            "every student's code runs as root" if os.geteuid() == 0 else "one account for all"
        )
        return [
            f"Users are not separated: {obstacle}, so {everybody}. Each student's code can",
            "read the other homes, the solutions and the gradebook. Use it alone or among friends.",
        ]
    demo.separate()
    folders = separation.teachers_folders(demo)
    if separation.can_hide(folders):
        demo.hidden = folders
        return [
            "Each user has an own account: students cannot read other homes, solutions or grades.",
            "Not protected: memory, disk and processor are shared; passwords are for a demo.",
        ]
    return [
        "Each user has an own account, but this machine cannot hide folders from them. Students",
        f"can read the solutions unless you close the folder: chmod o-rwx {demo.courses_folder}",
    ]


# ---- processes


def adopt_orphans() -> None:
    """Become the parent of processes that a student's server leaves behind, to end them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Let the hub shut down in order when this process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def end_leftovers(demo: Demo) -> None:
    """End what a killed run of this very class has left: the marker is in their environment."""
    left = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            marker = process.environ().get("MILLWRIGHT_MARKER")
            if marker == demo.record["marker"] and process.pid != os.getpid():
                left.append(process)
    end(left)


def end(processes: list[psutil.Process]) -> None:
    """Ask processes to end, then insist."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=KILL_TIMEOUT)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=KILL_TIMEOUT)


def start(command: list[str], log: Path, folder: Path, environment: dict[str, str]) -> Process:
    """Start a process in a session of its own, so that Ctrl-C reaches it through us only."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def start_demos(demo: Demo, port: int) -> Process:
    """Start Voila for the visitors; it gives way when the class needs the machine."""
    account = demo.account("demos")
    command = ["nice", sys.executable, "-m", "millwright_labs.voila", str(demo.apps_folder)]
    command += [f"--port={port}", "--Voila.base_url=/services/demos/"]
    environment = demo.process_environment(account.name)
    return start(account.command(command, demo.hidden), demo.log, account.home, environment)


def start_hub(demo: Demo, demos_port: int) -> Process:
    """Start JupyterHub."""
    command = [str(BIN / "jupyterhub"), "--config", str(HERE / "jupyterhub_config.py")]
    environment = {**os.environ, **demo.environment(), "MILLWRIGHT_DEMOS_PORT": str(demos_port)}
    return start(command, demo.log, demo.hub_folder, environment)


def new_log(demo: Demo) -> None:
    """Keep the log of the last start beside the new one."""
    if demo.log.exists():
        demo.log.replace(demo.log.with_suffix(".previous.log"))
    demo.log.touch(mode=0o600)


def stop_hub(hub: Process) -> None:
    """Let the hub stop its servers, services and proxy."""
    if hub.poll() is None:
        hub.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            hub.wait(STOP_TIMEOUT)


def wait_until_ready(demo: Demo, hub: Process) -> None:
    """Return when the hub answers through its proxy."""
    # A school's proxy for the internet knows nothing of this machine.
    open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if hub.poll() is not None:
            raise HubFailedError("JupyterHub ended while it started.", demo.log)
        with suppress(OSError), open_url(f"{demo.url}/hub/health", timeout=5):
            return
        time.sleep(0.25)
    raise HubFailedError(f"JupyterHub did not answer within {START_TIMEOUT} s.", demo.log)


def wait_until_ended(hub: Process, demos: Process | None) -> None:
    """Return when the hub ends; meanwhile bury the orphans that we have adopted."""
    while hub.poll() is None:
        if sys.platform != "linux":
            hub.wait()
            return
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if ended is None or ended.si_pid == hub.pid:
            continue
        if demos and ended.si_pid == demos.pid:
            demos.wait()
            say("The demos have ended; the class goes on. See the log; start again to have them.")
        else:
            os.waitpid(ended.si_pid, 0)


class Stopped(Exception):  # noqa: N818 - it is no error
    """Somebody asked us to stop: Ctrl-C, TERM, or the terminal was closed."""


def stop_on_signals() -> None:
    """Turn the usual signals into `Stopped`, also where the shell had them ignored."""

    def stop(signum: int, frame: FrameType | None) -> None:
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        raise Stopped

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, stop)


# ---- the whole


def announce(demo: Demo, remarks: list[str], seconds: float) -> None:
    """Print address, logins and what is not protected."""
    say(f"\nMillwright is ready ({seconds:.0f} s):  {demo.url}\n")
    say("Sign in with one of these (demo only):")
    for person in PEOPLE:
        say(f"  {person.name:10} {person.role:10} {demo.record['passwords'][person.name]}")
    if demo.apps:
        say(f"Without login: {demo.url}/services/demos/")
    say("")
    for remark in remarks:
        say(remark)
    say(f"State: {demo.state}   log: {demo.log.relative_to(demo.state)}   Stop: Ctrl-C\n")


def run(options: argparse.Namespace) -> None:
    """Prepare, start, wait, stop."""
    started = time.monotonic()
    demo = Demo(
        options.state.resolve(), options.port, options.courses.resolve(), options.apps.resolve()
    )
    if not demo.courses:
        raise NoCoursesError(demo.courses_folder)
    lock = check_state(demo, options.reset)
    check_port(demo.port)
    adopt_orphans()
    remarks = separate(demo)
    demo.save()
    say(f"Starting the demo class ({', '.join(course.name for course in demo.courses)})")
    try:
        problems = prepare(demo, say)
        new_log(demo)
        port = free_port()
        demos = start_demos(demo, port) if demo.apps else None
        hub = start_hub(demo, port)
        try:
            wait_until_ready(demo, hub)
            announce(demo, [*problems, *remarks], time.monotonic() - started)
            wait_until_ended(hub, demos)
            raise HubFailedError("JupyterHub ended by itself; start it again.", demo.log)
        finally:
            say("Stopping")
            stop_hub(hub)
    finally:
        end(psutil.Process().children(recursive=True))
        lock.release()


def main() -> int:
    """Run; errors that a person can mend are one message and exit code 1."""
    stop_on_signals()
    os.umask(0o022)
    try:
        run(parse())
    except Stopped:
        return 0
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
