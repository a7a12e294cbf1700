"""A school's mirror, a cache of one's own, a toy data set, and web servers good and bad."""

import contextlib
import functools
import gzip
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from millwright_data import cards, load, store

OUTER_MIRROR = os.environ.get(store.MIRROR_VARIABLE, "")


@pytest.fixture(scope="session")
def school_mirror() -> Path:
    """The mirror with all data sets; tests that need it are skipped where there is none."""
    if not OUTER_MIRROR or not Path(OUTER_MIRROR).is_dir():
        pytest.skip(
            f"{store.MIRROR_VARIABLE} names no folder: the mirrored data sets are not checked here"
        )
    return Path(OUTER_MIRROR)


@pytest.fixture(scope="session")
def loaded(
    school_mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str | None], pd.DataFrame]:
    """Load from the school's mirror, each table once for the whole session."""
    cache = tmp_path_factory.mktemp("cache")

    @functools.cache
    def once(id: str, part: str | None = None) -> pd.DataFrame:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(store.MIRROR_VARIABLE, str(school_mirror))
            patch.setenv(store.CACHE_VARIABLE, str(cache))
            return load(id, part)

    return once


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no mirror."""
    monkeypatch.delenv(store.MIRROR_VARIABLE, raising=False)
    monkeypatch.setenv(store.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache"


@dataclass(frozen=True)
class Toy:
    """A data set of two files: a table of 120 000 rows, packed, and a small note."""

    cards: Path
    mirror: Path
    content: bytes

    def python(self, *lines: str) -> list[str]:
        """Return the command of a process that knows the toy's card."""
        start = ("import pathlib", "from millwright_data import cards")
        place = f"cards.CARDS = pathlib.Path({str(self.cards)!r})"
        return [sys.executable, "-c", "\n".join((*start, place, *lines))]

    def fetching(self) -> list[str]:
        return self.python(
            "import sys; from millwright_data.app import main; sys.exit(main(['fetch', 'toy']))"
        )


CARD = """
id = "toy"
title = "A toy"
industry = "toys"
kind = "synthetic"
kind_note = "made by the tests"
task = ["none"]
publisher = "nobody"
home = "nowhere"
licence = "none needed"
citation = "none"
sampling = "0.5 s"
by_hand = "copy it from a friend."
files = [
  {{ name = "run/table@1.csv.gz", {0}, {1} }},
  {{ name = "LICENSE", {2} }},
]
[[tables]]
reader = "csv"
axis = {{ name = "time", unit = "s", step = 0.5 }}
columns = [ {{ name = "speed", unit = "rad/s", description = "speed", source = "Speed [rad/s]" }} ]
parts = [ {{ name = "run", file = "run/table@1.csv.gz", rows = 120000 }} ]
"""


def said(content: bytes, suffix: str = "") -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f'size{suffix} = {len(content)}, sha256{suffix} = "{digest}"'


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    folder = tmp_path_factory.mktemp("toy")
    numbers = np.random.default_rng(4).normal(size=120_000)
    content = ("Speed [rad/s]\n" + "\n".join(f"{x:.6f}" for x in numbers) + "\n").encode()
    packed = gzip.compress(content, mtime=0)
    (folder / "mirror/toy/run").mkdir(parents=True)
    (folder / "mirror/toy/run/table@1.csv.gz").write_bytes(packed)
    (folder / "mirror/toy/LICENSE").write_bytes(b"none\n")
    (folder / "cards").mkdir()
    card = CARD.format(said(packed), said(content, "_unpacked"), said(b"none\n"))
    (folder / "cards/toy.toml").write_text(card)
    return Toy(folder / "cards", folder / "mirror", content)


@pytest.fixture
def toy_card(toy: Toy, cache: Path, monkeypatch: pytest.MonkeyPatch) -> cards.Card:
    """The toy's card, with an empty cache and without a mirror."""
    monkeypatch.setattr(cards, "CARDS", toy.cards)
    store._verified.clear()
    return cards.card("toy")


class Server(SimpleHTTPRequestHandler):
    """A mirror on the web; the first folder of the address says how well it behaves."""

    def do_GET(self) -> None:
        _, mood, self.path = self.path.split("/", 2)
        self.path = "/" + self.path
        getattr(self, "mood_" + mood.replace("-", "_"))()

    def content(self) -> bytes:
        return Path(self.translate_path(self.path)).read_bytes()

    def begin(self, length: int | None) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def mood_good(self) -> None:
        super().do_GET()

    def mood_slow(self) -> None:
        content = self.content()
        self.begin(len(content))
        piece = len(content) // 8 + 1
        for start in range(0, len(content), piece):
            self.wfile.write(content[start : start + piece])
            time.sleep(0.02)

    def mood_truncating(self) -> None:
        content = self.content()
        self.begin(len(content))
        self.wfile.write(content[: len(content) // 2])

    def mood_truncating_silently(self) -> None:
        content = self.content()
        self.begin(None)
        self.wfile.write(content[: len(content) // 2])

    def mood_stalling(self) -> None:
        content = self.content()
        self.begin(len(content))
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        time.sleep(20)

    def mood_changed(self) -> None:
        content = bytearray(self.content())
        content[len(content) // 2] ^= 1
        self.begin(len(content))
        self.wfile.write(content)

    def mood_endless(self) -> None:
        self.begin(None)
        for _ in range(10_000):
            self.wfile.write(bytes(65536))

    def mood_login(self) -> None:
        page = b"<!DOCTYPE html><title>Please sign in</title>"
        self.begin(len(page))
        self.wfile.write(page)

    def mood_gone(self) -> None:
        self.send_error(404)

    def mood_broken(self) -> None:
        self.send_error(500)

    def log_message(self, format: str, *args: object) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    # A closing server should not wait for the thread that stalls on purpose.
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hangs up is part of the story


@pytest.fixture(scope="session")
def web(toy: Toy) -> Iterator[str]:
    """The address of a web server over the toy's mirror; a mood is appended to it."""
    handler = functools.partial(Server, directory=str(toy.mirror))
    with QuietServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start processes; what still runs at the end is stopped."""
    with contextlib.ExitStack() as stack:

        def run(command: list[str], **options: object) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                **options,  # type: ignore[call-overload]
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield run
