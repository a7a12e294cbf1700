"""A demo class started for a test, and the people who use it without a browser."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests
import websocket

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "hub" / "local" / "run.py"

START_TIMEOUT = 240
SERVER_TIMEOUT = 120
KERNEL_TIMEOUT = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class RunningHub:
    """`run.py` as a person starts it; the logins are read from what it prints."""

    state: Path
    courses: Path
    apps: Path
    port: int = field(default_factory=free_port)
    output: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *more: str) -> list[str]:
        options = ["--state", str(self.state), "--port", str(self.port)]
        options += ["--courses", str(self.courses), "--apps", str(self.apps)]
        return [sys.executable, str(RUN), *options, *more]

    def start(self, *more: str) -> "RunningHub":
        """Start and wait for the line that says it is ready."""
        self.output = []
        self.process = subprocess.Popen(
            self.command(*more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout
        for line in self.process.stdout:
            self.output.append(line.rstrip())
            if line.startswith("State:"):
                return self
        raise AssertionError("the hub did not start:\n" + "\n".join(self.output))

    def ensure(self) -> "RunningHub":
        """Start unless it runs."""
        runs = self.process and self.process.poll() is None
        return self if runs else self.start()

    @property
    def passwords(self) -> dict[str, str]:
        """Name -> password, from the printed table."""
        rows = [
            line.split() for line in self.output if re.match(r"  \w+ +(teacher|student) ", line)
        ]
        return {row[0]: row[2] for row in rows}

    @property
    def separated(self) -> bool:
        return any("own account" in line for line in self.output)

    def family(self) -> list[psutil.Process]:
        """run.py and everything that descends from it."""
        assert self.process
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def interrupt(self, timeout: float = 60) -> int:
        """Press Ctrl-C and wait."""
        assert self.process
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout)

    def close(self) -> None:
        """End, whatever the test did."""
        if self.process and self.process.poll() is None:
            self.interrupt()

    def person(self, name: str) -> "Person":
        return Person(self, name)


class Person:
    """Somebody signed in, who uses the hub and the own server through their web interfaces."""

    def __init__(self, hub: RunningHub, name: str, password: str = "") -> None:
        self.hub = hub
        self.name = name
        self.session = requests.Session()
        self.session.get(f"{hub.url}/hub/login")
        self.signed_in = self._post_form(password or hub.passwords[name])

    def _xsrf(self, path: str = "/hub/") -> str:
        return next(
            c.value or "" for c in self.session.cookies if c.name == "_xsrf" and c.path == path
        )

    def _post_form(self, password: str) -> bool:
        form = {"username": self.name, "password": password, "_xsrf": self._xsrf()}
        answer = self.session.post(f"{self.hub.url}/hub/login", form, allow_redirects=False)
        return answer.status_code == 302

    def get_token(self) -> str:
        """A token with all that this person may do."""
        answer = self.session.post(
            f"{self.hub.url}/hub/api/users/{self.name}/tokens",
            headers={"X-XSRFToken": self._xsrf(), "Referer": f"{self.hub.url}/hub/"},
            json={"note": "test"},
        )
        answer.raise_for_status()
        return str(answer.json()["token"])

    def start_server(self, user: str = "") -> "Server":
        """Start the server of `user` (default: one's own) and wait for it."""
        user = user or self.name
        self.session.get(f"{self.hub.url}/hub/spawn/{user}").raise_for_status()
        token = self.get_token()
        deadline = time.monotonic() + SERVER_TIMEOUT
        server = Server(f"{self.hub.url}/user/{user}", token)
        while time.monotonic() < deadline:
            if server.get("api/status").status_code == 200:
                return server
            time.sleep(0.5)
        raise AssertionError(f"the server of {user} did not start")


class Server:
    """A single-user server, asked with a token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"token {token}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(f"{self.url}/{path}", allow_redirects=False, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.session.post(f"{self.url}/{path}", allow_redirects=False, **options)

    def ask(self, path: str, **options: Any) -> Any:
        """POST (with data) or GET, expecting JSON."""
        answer = self.post(path, **options) if options else self.get(path)
        assert answer.status_code < 300, (path, answer.status_code, answer.text[:300])
        return answer.json()

    def get_text(self, path: str) -> str:
        """Contents of a file in the home, as text."""
        answer = self.ask(f"api/contents/{path}?type=file&format=text")
        return str(answer["content"])

    def put_text(self, path: str, text: str) -> None:
        """Save a file in the home."""
        body = {"type": "file", "format": "text", "content": text}
        self.session.put(f"{self.url}/api/contents/{path}", json=body).raise_for_status()

    def run(self, code: str) -> str:
        """Run code in a new kernel of this server; what it printed, or the error's last line."""
        kernel = self.ask("api/kernels", json={"name": "python3"})["id"]
        socket_url = self.url.replace("http://", "ws://")
        channel = websocket.create_connection(
            f"{socket_url}/api/kernels/{kernel}/channels",
            header={"Authorization": f"token {self.token}"},
            timeout=KERNEL_TIMEOUT,
        )
        request = uuid.uuid4().hex
        header = {"msg_id": request, "msg_type": "execute_request", "session": uuid.uuid4().hex}
        header |= {"username": "", "version": "5.3", "date": "2026-01-01T00:00:00Z"}
        content = {"code": code, "silent": False, "store_history": False, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        channel.send(json.dumps(message | {"channel": "shell", "buffers": []}))
        said = ""
        try:
            while True:
                reply = json.loads(channel.recv())
                if reply["parent_header"].get("msg_id") != request:
                    continue
                if reply["msg_type"] == "stream":
                    said += reply["content"]["text"]
                if reply["msg_type"] == "error":
                    said += f"{reply['content']['ename']}: {reply['content']['evalue']}"
                if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
                    return said.strip()
        finally:
            channel.close()
            self.session.delete(f"{self.url}/api/kernels/{kernel}")
