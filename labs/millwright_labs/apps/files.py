"""Files from the visitor and for him, and tables on the page.

A file comes in pieces through the page's own connection, so that no message exceeds what a server
lets through; a file that is too large is refused by its size before a byte is read. Nothing is
written on the server: bytes go to the app's function and are forgotten. Downloads are made in the
browser from bytes that the kernel sends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import traitlets

from millwright_labs import tables
from millwright_labs.apps.controls import FOLDER, WORDS
from millwright_labs.catalogue import Catalogue
from millwright_labs.errors import TableError

_log = logging.getLogger(__name__)

#: Bytes in one message: a server of Jupyter's takes 10 MB unless told otherwise.
PIECE = 1_000_000


@dataclass(frozen=True)
class Download:
    """A file for the visitor."""

    name: str
    kind: str
    data: bytes


class Files(anywidget.AnyWidget):
    """A field to choose a file, and buttons that download files.

    Parameters
    ----------
    text : Catalogue
        The app's text: ``files.label``, ``files.hint``, and ``download.<name>`` for each download.
    take : callable
        Gets name and bytes of a file that was chosen and returns what to say about it. A
        `TableError` is shown to the visitor, and all stays as it was.
    downloads : dict of str to callable
        Buttons; each callable returns a `Download`.
    """

    _esm = FOLDER / "files.js"

    label = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    downloads = traitlets.List(traitlets.Dict()).tag(sync=True)
    piece = traitlets.Int(PIECE).tag(sync=True)
    largest = traitlets.Int(tables.LARGEST).tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        text: Catalogue,
        take: Callable[[str, bytes], str],
        downloads: dict[str, Callable[[], Download]],
    ) -> None:
        self._take = take
        self._downloads = downloads
        self._number: object = None
        self._size = 0
        self._pieces: list[bytes] = []
        megabytes = tables.LARGEST / tables.MEGABYTE
        super().__init__(
            label=text["files.label"],
            hint=text.format("files.hint", megabytes=megabytes),
            words={key: WORDS[f"files.{key}"] for key in ("reading", "heading")},
            downloads=[{"name": name, "label": text[f"download.{name}"]} for name in downloads],
        )
        self.on_msg(self._received)

    def take(self, name: str, data: bytes) -> None:
        """Take a file as if the visitor had chosen it."""
        self._say(lambda: self._take(name, data))

    def clear(self) -> None:
        """Say nothing about any file."""
        with self.hold_sync():
            self.status = self.problem = ""

    def download(self, name: str) -> None:
        """Send the visitor a file."""
        made = self._downloads[name]()
        self.send({"download": made.name, "kind": made.kind}, buffers=[made.data])

    def _received(self, _: Any, content: Any, buffers: Any) -> None:
        content = content if isinstance(content, dict) else {}
        if content.get("download") in self._downloads:
            try:
                self.download(content["download"])
            except Exception:
                _log.exception("no download %r", content)
                self.problem = WORDS["files.sorry"]
        elif "size" in content:
            self._begin(content)
        elif "piece" in content:
            self._continue(content, buffers)

    def _begin(self, content: dict[str, Any]) -> None:
        self._pieces, self._number = [], None
        size = content["size"]
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            return
        if size > tables.LARGEST:
            self._say(_raising(tables.too_large(size)))
        else:
            self._number, self._size = content.get("number"), size
            if size == 0:
                self._finish(content)

    def _continue(self, content: dict[str, Any], buffers: Any) -> None:
        # Pieces of a file that another one has replaced come late.
        if self._number is None or content["piece"] != self._number:
            return
        self._pieces += [bytes(buffer) for buffer in buffers or ()]
        got = sum(map(len, self._pieces))
        if got > self._size:
            self._pieces, self._number = [], None
            self._say(_raising(tables.problem("cut_off")))
        elif content.get("last") or got == self._size:
            self._finish(content)

    def _finish(self, content: dict[str, Any]) -> None:
        data, size = b"".join(self._pieces), self._size
        self._pieces, self._number = [], None
        name = content.get("name")
        if len(data) != size:
            self._say(_raising(tables.problem("cut_off")))
        else:
            self.take(name if isinstance(name, str) else "", data)

    def _say(self, act: Callable[[], str]) -> None:
        status = problem = ""
        try:
            status = act()
        except TableError as wrong:
            problem = str(wrong)
        except Exception:
            # The file stays the visitor's secret: not even its name goes into the log.
            _log.exception("a file could not be read")
            problem = WORDS["files.sorry"]
        with self.hold_sync():
            self.status, self.problem = status, problem
        # The page waits for an answer, and twice the same one changes nothing.
        self.send({"done": True})


@dataclass(frozen=True)
class Table:
    """A table on the page; the first column names the rows."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def plain(self) -> dict[str, Any]:
        """Return what the browser needs."""
        rows = [list(row) for row in self.rows]
        return {"caption": self.caption, "head": list(self.head), "rows": rows}


class Tables(anywidget.AnyWidget):
    """Tables under the figure, as the data are."""

    _esm = FOLDER / "tables.js"

    tables = traitlets.List(traitlets.Dict()).tag(sync=True)


def _raising(problem: TableError) -> Callable[[], str]:
    def act() -> str:
        raise problem

    return act
