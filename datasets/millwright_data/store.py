"""Where the raw files are, and how they get there.

A file is looked for in the cache, then in the mirror, then at its official
address.  What this module promises:

* Nothing is used whose size and SHA-256 differ from the card's.
* A file appears in the cache complete or not at all: it is received under a
  temporary name, checked, flushed to the disk and renamed.  A download that breaks
  off, a full disk or a killed process leave the cache as it was.  Processes that fetch
  the same file at the same time each do so, and the last rename wins with the same
  content.
* A file is hashed once.  Its size and modification time are then noted in
  ``.verified.json`` in the cache, and the note is trusted as long as both stay
  the same.  `inspect` (``millwright-data verify``) hashes every byte.
* A folder mirror is only ever read.  `locate` uses its files where they lie, so
  that a school keeps one copy for everyone; `fetch` copies them into the cache.

The cache and a mirror have the same form, ``<id>/<file name>``: a filled cache
serves as a mirror.
"""

import contextlib
import errno
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from millwright_data.cards import Card, Form, RawFile
from millwright_data.errors import CacheError, DamagedFileError, NotAvailableError

TABLES = Path(__file__).parent / "tables"
CACHE_VARIABLE = "MILLWRIGHT_DATA_CACHE"
MIRROR_VARIABLE = "MILLWRIGHT_DATA_MIRROR"

TIMEOUT = 30.0  # s without an answer from a server
ABANDONED = 24 * 3600.0  # s after which a temporary file belongs to a dead process
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}

Progress = Callable[[int], None]
"""Called with the number of bytes that have just been received."""


@dataclass(frozen=True)
class FileState:
    """What `inspect` found: ``state`` is ``"right"``, ``"damaged"`` or ``"missing"``."""

    id: str
    file: str
    state: str
    path: Path | None


def cache_folder() -> Path:
    """Return the cache: ``MILLWRIGHT_DATA_CACHE``, or the platform's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("millwright"))


def mirror() -> Path | str | None:
    """Return the mirror: a folder, an http(s) address, or None where none is set."""
    chosen = os.environ.get(MIRROR_VARIABLE, "").strip()
    if not chosen:
        return None
    if chosen.startswith(("http://", "https://")):
        return chosen.rstrip("/")
    return Path(chosen).expanduser()


def locate(card: Card, file: RawFile, progress: Progress | None = None) -> Path:
    """Return a checked copy of a raw file, downloading it if it has to be.

    Parameters
    ----------
    card, file
        The data set and one of its files.
    progress : callable, optional
        Called with the number of bytes received since the last call.

    Raises
    ------
    NotAvailableError
        No source has the file; the message names each source and the next step.
    DamagedFileError
        The sources have it, but each copy differs from the card.
    CacheError
        The cache folder is full or read-only.
    """
    if card.embedded:
        return _embedded(card, file)
    here = [cache_folder() / card.id]
    origin = mirror()
    if isinstance(origin, Path):
        here.append(origin / card.id)
    damaged = []
    for folder in here:
        path, bad = _right_copy(card, file, folder)
        if path:
            return path
        damaged += [f"{p} is damaged" for p in bad]
    return _download(card, file, damaged, progress)


def fetch(card: Card, progress: Progress | None = None) -> Path:
    """Bring every file of a data set into the cache and return its folder there.

    Files that the cache already has are left alone; files of a folder mirror are copied.
    Errors are those of `locate`.
    """
    if card.embedded:
        for file in card.files:
            _embedded(card, file)
        return TABLES
    folder = cache_folder() / card.id
    for file in card.files:
        held, bad = _right_copy(card, file, folder)
        if held and progress:
            progress(file.size)
        if not held:
            held = locate(card, file, progress)
            if not held.is_relative_to(folder):
                held = _copy(card, file, held, progress)
        for path in bad:
            if path != held:
                path.unlink(missing_ok=True)
    return folder


def inspect(card: Card) -> list[FileState]:
    """Hash every copy of every file that cache and folder mirror hold.

    A file that neither holds is reported once, as missing.
    """
    if card.embedded:
        folders = [TABLES]
    else:
        origin = mirror()
        folders = [cache_folder() / card.id]
        folders += [origin / card.id] if isinstance(origin, Path) else []
    states = []
    for file in card.files:
        found = [
            FileState(card.id, form.name, _judge(path, form), path)
            for folder in folders
            for form in file.forms
            if (path := folder / form.name).is_file()
        ]
        states += found or [FileState(card.id, file.name, "missing", None)]
    return states


def _judge(path: Path, form: Form) -> str:
    same = path.stat().st_size == form.size and _digest(path) == form.sha256
    return "right" if same else "damaged"


def _embedded(card: Card, file: RawFile) -> Path:
    path = TABLES / file.name
    if not path.is_file() or _digest(path) != file.sha256:
        raise DamagedFileError(
            f"{card.id}: {path} was changed or lost: install millwright again to restore it."
        )
    return path


# -- what is already here ------------------------------------------------------------


def _right_copy(card: Card, file: RawFile, folder: Path) -> tuple[Path | None, list[Path]]:
    """Return the copy in a folder that is right, and those that are not."""
    bad: list[Path] = []
    for form in file.forms:
        path = folder / form.name
        try:
            if not path.is_file():
                continue
            if _is_right(card, path, form):
                return path, bad
        except PermissionError as error:
            raise NotAvailableError(
                f"{card.id}: {path} may not be read by you: ask its owner for the right to read it."
            ) from error
        bad.append(path)
    return None, bad


_verified: dict[str, list[Any]] = {}


def _is_right(card: Card, path: Path, form: Form) -> bool:
    """Compare a file with its card, hashing it only if it changed since the last time."""
    stat = path.stat()
    if stat.st_size != form.size:
        return False
    mark = [stat.st_size, stat.st_mtime_ns, form.sha256]
    key = str(path.absolute())
    if _verified.get(key) == mark:
        return True
    record = cache_folder() / card.id / ".verified.json"
    if _read_record(record).get(key) == mark:
        _verified[key] = mark
        return True
    if _digest(path) != form.sha256:
        return False
    _verified[key] = mark
    _note(record, key, mark)
    return True


def _read_record(record: Path) -> dict[str, Any]:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _note(record: Path, key: str, mark: list[Any]) -> None:
    """Remember a checked file.  Losing the note costs one more hash and nothing else."""
    with contextlib.suppress(OSError):
        record.parent.mkdir(parents=True, exist_ok=True)
        content = _read_record(record) | {key: mark}
        handle, temporary = tempfile.mkstemp(prefix=".verified-", suffix=".part", dir=record.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(content, stream)
            Path(temporary).replace(record)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# -- bringing a file into the cache --------------------------------------------------


class _SourceError(Exception):
    """A source did not give the file; the text says why."""


class _WrongContentError(_SourceError):
    """A source gave something else than the card describes."""


class _Receiver:
    """A writable file that counts and hashes, and stops at the expected size."""

    def __init__(self, stream: IO[bytes], form: Form, progress: Progress | None):
        self.stream = stream
        self.form = form
        self.progress = progress
        self.size = 0
        self.hash = hashlib.sha256()
        self.head = b""

    def write(self, block: bytes) -> int:
        self.size += len(block)
        self.head = self.head or block[:64]
        if self.size > self.form.size:
            raise _WrongContentError(
                f"is longer than the {self.form.size} bytes expected{self._page()}"
            )
        self.stream.write(block)
        self.hash.update(block)
        if self.progress:
            self.progress(len(block))
        return len(block)

    def flush(self) -> None:
        self.stream.flush()

    def check(self) -> None:
        if self.size < self.form.size:
            raise _WrongContentError(
                f"broke off after {self.size} of {self.form.size} bytes{self._page()}"
            )
        if self.hash.hexdigest() != self.form.sha256:
            raise _WrongContentError(f"has another SHA-256 than the card{self._page()}")

    def _page(self) -> str:
        is_page = self.head.lstrip()[:1] == b"<"
        return " (it looks like a web page, perhaps a login page)" if is_page else ""


def _receive(
    card: Card, form: Form, send: Callable[[_Receiver], None], progress: Progress | None
) -> Path:
    """Let ``send`` write a file into the cache; keep it only if it is right."""
    target = cache_folder() / card.id / form.name
    temporary: Path | None = None
    counted = 0

    def count(received: int) -> None:
        nonlocal counted
        counted += received
        if progress:
            progress(received)

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name}-", suffix=".part", dir=target.parent
        )
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            receiver = _Receiver(stream, form, count)
            send(receiver)
            receiver.check()
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)  # mkstemp's 0600 would keep a shared cache private
        temporary.replace(target)
        temporary = None
        _flush_folder(target.parent)
    except OSError as error:
        if progress:
            progress(-counted)
        raise _explained(error, card, form) from error
    except _SourceError:
        if progress:
            progress(-counted)
        raise
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)
    stat = target.stat()
    mark = [stat.st_size, stat.st_mtime_ns, form.sha256]
    _verified[str(target.absolute())] = mark
    _note(cache_folder() / card.id / ".verified.json", str(target.absolute()), mark)
    return target


def _explained(error: OSError, card: Card, form: Form) -> CacheError:
    """Turn a failure of the file system into a sentence with a next step."""
    folder = cache_folder()
    if error.errno in NO_ROOM:
        return CacheError(
            f"{card.id}: no room for {form.name} ({form.size / 1e6:.1f} MB) in {folder}: free some "
            f"space, or set {CACHE_VARIABLE} to a folder on a larger disk."
        )
    if error.errno in NO_RIGHT:
        return CacheError(
            f"{card.id}: the cache {folder} cannot be written to ({error.strerror}): set "
            f"{CACHE_VARIABLE} to a folder that you may write to."
        )
    return CacheError(
        f"{card.id}: {form.name} could not be stored in {folder}: {error.strerror or error}: "
        "check the disk."
    )


def _sweep(folder: Path) -> None:
    """Remove temporary files that killed processes left behind."""
    for path in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the platform can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _copy(card: Card, file: RawFile, source: Path, progress: Progress | None) -> Path:
    form = next(form for form in file.forms if source.name == Path(form.name).name)

    def send(receiver: _Receiver) -> None:
        with source.open("rb") as stream:
            while block := stream.read(1 << 20):
                receiver.write(block)

    try:
        return _receive(card, form, send, progress)
    except _SourceError as refusal:
        raise DamagedFileError(f"{card.id}: {source} {refusal}: copy it anew.") from refusal


def _download(card: Card, file: RawFile, problems: list[str], progress: Progress | None) -> Path:
    """Ask the mirror's address and the official address in turn."""
    problems = list(problems)
    damaged = bool(problems)
    for address, form in _addresses(card, file):
        try:
            return _receive(card, form, _get(address), progress)
        except _WrongContentError as refusal:
            damaged = True
            problems.append(f"{address} {refusal}")
        except _SourceError as refusal:
            problems.append(f"{address} {refusal}")
    raise _not_available(card, file, problems, damaged)


def _addresses(card: Card, file: RawFile) -> Iterable[tuple[str, Form]]:
    origin = mirror()
    for form in file.forms:
        if isinstance(origin, str):
            yield f"{origin}/{quote(card.id)}/{quote(form.name)}", form
    if file.official:
        # An official address may give the file in either form; its ending says which.
        form = next((f for f in file.forms if file.official.endswith(f.name)), file.forms[0])
        yield file.official, form


def _get(address: str) -> Callable[[_Receiver], None]:
    def send(receiver: _Receiver) -> None:
        import pooch
        import requests

        downloader = pooch.HTTPDownloader(
            progressbar=False, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}
        )
        try:
            downloader(address, receiver, None)
        except requests.HTTPError as error:
            answer = error.response.status_code if error.response is not None else "an error"
            raise _SourceError(f"answered {answer}") from error
        except requests.exceptions.ChunkedEncodingError as error:
            raise _WrongContentError(
                f"broke off after {receiver.size} of {receiver.form.size} bytes"
            ) from error
        except requests.Timeout as error:
            raise _SourceError(f"did not answer within {TIMEOUT:.0f} s") from error
        except (requests.RequestException, ValueError) as error:
            raise _SourceError(f"could not be reached ({type(error).__name__})") from error

    return send


def _not_available(
    card: Card, file: RawFile, problems: list[str], damaged: bool
) -> NotAvailableError:
    origin = mirror()
    next_step = f"set {MIRROR_VARIABLE} to your school's mirror"
    if origin is None:
        problems = [*problems, "no mirror is set"]
    elif isinstance(origin, Path):
        place = origin / card.id
        if not origin.is_dir():
            problems = [*problems, f"the mirror {origin} is not a folder"]
            next_step = f"correct {MIRROR_VARIABLE}"
        elif not any(str(place) in problem for problem in problems):
            problems = [*problems, f"the mirror {origin} has no {card.id}/{file.name}"]
            next_step = f"add {card.id}/{file.name} to the mirror"
    if origin is not None and damaged:
        next_step = f"replace {card.id}/{file.name} in the mirror"
    by_hand = f" By hand: {card.by_hand}" if card.by_hand else ""
    kind = DamagedFileError if damaged else NotAvailableError
    return kind(
        f"{card.id}: no right copy of {file.name}: {'; '.join(problems)}. "
        f"Next: {next_step}.{by_hand}"
    )
