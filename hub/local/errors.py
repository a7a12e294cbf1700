"""What can go wrong before the hub runs. Each message says what to do next."""

from pathlib import Path


class StartError(Exception):
    """The demo class cannot start; the message is complete, no traceback is needed."""


class PortInUseError(StartError):
    """Another program listens on the wanted port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} is in use by another program. "
            f'Choose a free one: make run ARGS="--port {port + 1}"'
        )


class AlreadyRunningError(StartError):
    """Another start holds the same state folder."""

    def __init__(self, state: Path, url: str) -> None:
        where = f" at {url}" if url else ""
        super().__init__(
            f"This demo class already runs{where}. "
            "Stop it there with Ctrl-C, or start another class beside it: "
            f'make run ARGS="--state ANOTHER_FOLDER --port 8001"   (state: {state})'
        )


class ForeignFolderError(StartError):
    """The state folder holds something that Millwright did not make."""

    def __init__(self, state: Path) -> None:
        super().__init__(
            f"{state} is not empty and holds no class.json, so it is not a demo class of ours and "
            "stays untouched. Choose another folder with --state."
        )


class NotOursError(StartError):
    """The state belongs to another account of this machine."""

    def __init__(self, state: Path) -> None:
        super().__init__(
            f"The demo class in {state} was started by another account (perhaps root). "
            "Start it from that account, or choose another folder with --state."
        )


class HubFailedError(StartError):
    """The hub process ended or never answered."""

    def __init__(self, what: str, log: Path) -> None:
        lines = log.read_text(errors="replace").splitlines()[-12:] if log.exists() else []
        tail = "\n".join(f"    {line}" for line in lines)
        super().__init__(f"{what} The last lines of {log}:\n{tail}")


class NoCoursesError(StartError):
    """Nothing to teach."""

    def __init__(self, courses: Path) -> None:
        super().__init__(
            f"No course in {courses}: a course is a folder with nbgrader_config.py and at least "
            "one source/<unit>/<unit>.ipynb. Choose another folder with --courses."
        )
