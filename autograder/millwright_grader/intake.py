"""The door: what of a submitted folder is taken in, and what is kept of it.

Promises:

* only regular files with sane names and sizes pass; links, pipes, sockets and devices are
  never followed or opened, not even when they are swapped in while the door reads;
* what passed is kept, read-only and by its digest, in ``received/<student>/<assignment>/``;
  grading never writes there;
* a folder that held something else is moved there as it was found, and replaced by a
  clean copy, before nbgrader looks at it.
"""

import glob
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Any

from nbgrader.coursedir import CourseDirectory

from millwright_grader.flags import Flag, flag

RECEIVED = "received"

# Written beside the student's files by Submit; they say when and by whom, not what.
SERVICE_FILES = frozenset({"timestamp.txt", "submission_secret.txt", "receipt.json"})

MAX_FILES = 1000
MAX_DEPTH = 8
CHUNK = 1 << 20

# A name becomes a folder, a glob pattern and a database key.
_STUDENT = re.compile(r"(?!\.)[^\x00-\x1f\x7f/\\*?\[\]{}]{1,120}(?<! )")

# Cc: control characters; Cs: lone surrogates (bytes that are no UTF-8); Zl, Zp: line ends.
_BAD_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True)
class File:
    """A regular file of a submission: POSIX path inside it, bytes, SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """What a folder holds: files that pass, sorted by path, and (path, reason) of the rest."""

    files: tuple[File, ...]
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over path, size and SHA-256 of every file that the student handed in.

        Empty notebooks do not count: they hold nothing, and stand in where nbgrader must
        find a notebook of that name.
        """
        lines = [
            [file.path, file.size, file.sha256]
            for file in self.handed_in
            if file.size or not file.path.endswith(".ipynb")
        ]
        return hashlib.sha256(json.dumps(lines).encode()).hexdigest()

    @property
    def handed_in(self) -> tuple[File, ...]:
        """The student's own files, without those that Submit writes beside them."""
        return tuple(file for file in self.files if file.path.split("/")[0] not in SERVICE_FILES)


@dataclass(frozen=True)
class Admission:
    """A submission that has passed the door."""

    student: str
    folder: Path
    kept: Path
    contents: Contents
    flags: tuple[Flag, ...]

    @property
    def digest(self) -> str:
        """The digest of what was handed in."""
        return self.contents.digest


def is_student_name(name: str) -> bool:
    """Return whether a name can safely be a folder, a pattern and a database key."""
    return _STUDENT.fullmatch(name) is not None


def submissions(coursedir: CourseDirectory) -> dict[str, Path]:
    """Return the folders of ``submitted/`` that a course directory selects, by student."""
    pattern = coursedir.format_path(
        coursedir.submitted_directory, coursedir.student_id, coursedir.assignment_id
    )
    name = re.compile(
        coursedir.format_path(
            coursedir.submitted_directory,
            "(?P<student>[^/]+)",
            re.escape(coursedir.assignment_id),
            escape=True,
        )
    )
    excluded = set(coursedir.student_id_exclude.split(","))
    found = {}
    for folder in sorted(glob.glob(pattern)):  # noqa: PTH207 - nbgrader's own patterns
        match = name.fullmatch(folder)
        if match and match["student"] not in excluded and Path(folder).is_dir():
            found[match["student"]] = Path(folder)
    return found


def take(source: Path, coursedir: CourseDirectory, destination: Path | None = None) -> Contents:
    """Hash, and optionally copy, everything in a folder that may pass the door.

    Parameters
    ----------
    source : Path
        A folder that somebody else may be writing to.
    coursedir : CourseDirectory
        Its ``ignore``, ``include``, ``max_file_size`` and ``max_dir_size`` (kB) hold.
    destination : Path, optional
        A new folder for the copy; the hashes are those of the bytes that were copied.

    Returns
    -------
    Contents
    """
    root = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        candidates, refused = _list(root, coursedir)
        # Notebooks first: if something must stay outside for size, it is not them.
        candidates.sort(key=lambda path: (not path.endswith(".ipynb"), path))
        if destination:
            destination.mkdir(parents=True)
        left = 1000 * coursedir.max_dir_size
        files = []
        for number, path in enumerate(candidates):
            if number >= MAX_FILES:
                refused.append((path, f"more than {MAX_FILES} files"))
                continue
            limit = min(left, 1000 * coursedir.max_file_size)
            try:
                file = _take_file(root, path, limit, destination)
            except OSError as error:
                refused.append((path, str(error.strerror or error)))
            else:
                files.append(file)
                left -= file.size
    finally:
        os.close(root)
    return Contents(tuple(sorted(files, key=lambda file: file.path)), tuple(sorted(refused)))


def admit(
    coursedir: CourseDirectory,
    student: str,
    assignment: str,
    notebooks: Iterable[str] = (),
    found: Iterable[Flag] | None = None,
) -> Admission:
    """Let a folder of ``submitted/`` through the door.

    Parameters
    ----------
    coursedir : CourseDirectory
    student, assignment : str
    notebooks : iterable of str
        Names (without suffix) of the assignment's notebooks.  If the folder holds no
        notebook at all, empty ones are laid down, because nbgrader passes over a
        submission in which it finds none.
    found : iterable of Flag, optional
        What Collect noticed; kept with the submission.  Without it, what was noticed
        before about the same files is kept.

    Returns
    -------
    Admission
    """
    folder = Path(coursedir.format_path(coursedir.submitted_directory, student, assignment))
    shelf = Path(coursedir.format_path(RECEIVED, student, assignment))
    contents = take(folder, coursedir)
    kept = shelf / contents.digest[:16]
    if not kept.exists():
        _keep(folder, kept, coursedir, contents.digest)

    record = _read_record(kept)
    if found is not None:
        record["flags"] = [item.to_dict() for item in found]
    if contents.refused:
        _swap(folder, kept, coursedir)
        record["refused"] = [list(item) for item in contents.refused]
    if _settle(folder, coursedir):
        record["flags"].append(flag("bad-timestamp").to_dict())
    flags = [Flag.from_dict(stored) for stored in record["flags"]]
    if record["refused"]:
        names = [f"{path} ({reason})" for path, reason in record["refused"]]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        flags.append(flag("refused", names=", ".join(names[:5]) + more, kept=kept))
    _write_record(
        kept,
        record
        | {
            "student": student,
            "assignment": assignment,
            "digest": contents.digest,
            "files": [asdict(file) for file in contents.handed_in],
        },
    )

    if not any(folder.glob("*.ipynb")):
        for name in notebooks:
            (folder / f"{name}.ipynb").touch()
    if coursedir.groupshared:
        _share(shelf)
    return Admission(student, folder, kept, contents, tuple(flags))


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file for reading; anything else raises `OSError` without waiting."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(None, "not a regular file")
    return os.fdopen(fd, "rb")


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader, or a crash, sees the old text or the new one."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".", delete=False
    ) as draft:
        try:
            draft.write(text)
            draft.flush()
            os.fsync(draft.fileno())
            os.fchmod(draft.fileno(), mode)
            Path(draft.name).replace(path)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise


def _list(root: int, coursedir: CourseDirectory) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the paths worth opening and the (path, reason) of the others."""
    candidates: list[str] = []
    refused: list[tuple[str, str]] = []

    def ignored(name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in coursedir.ignore)

    for top, folders, names, fd in os.fwalk(".", follow_symlinks=False, dir_fd=root):
        here = "" if top == "." else top[2:] + "/"
        folders[:] = [name for name in folders if not ignored(name)]
        names = [name for name in names if not ignored(name)]
        for name in sorted(folders):
            reason = _refusal(name, os.stat(name, dir_fd=fd, follow_symlinks=False), folder=True)
            if not reason and here.count("/") >= MAX_DEPTH:
                reason = f"more than {MAX_DEPTH} folders deep"
            if reason:
                folders.remove(name)
                refused.append((here + name, reason))
        for name in sorted(names):
            reason = _refusal(name, os.stat(name, dir_fd=fd, follow_symlinks=False), folder=False)
            if reason:
                refused.append((here + name, reason))
            elif any(fnmatch(name, pattern) for pattern in coursedir.include):
                candidates.append(here + name)
            if len(candidates) + len(refused) > 10 * MAX_FILES:
                refused.append((here or "./", f"more than {10 * MAX_FILES} files, not all read"))
                return candidates, refused
    return candidates, refused


def _refusal(name: str, found: os.stat_result, folder: bool) -> str:
    """Return why a directory entry stays outside, or an empty string."""
    if any(unicodedata.category(char) in _BAD_CATEGORIES for char in name):
        return "name with control characters"
    if stat.S_ISLNK(found.st_mode):
        return "a link"
    if folder and stat.S_ISDIR(found.st_mode):
        return ""
    if not stat.S_ISREG(found.st_mode):
        return "a pipe, socket or device"
    if found.st_nlink > 1:
        return "a hard link to another file"
    return ""


def _take_file(root: int, path: str, limit: int, destination: Path | None) -> File:
    """Hash and copy one file, never following a link on the way to it."""
    with _open_beneath(root, path) as source:
        found = os.fstat(source.fileno())
        reason = _refusal("", found, folder=False)
        if reason:
            raise OSError(None, reason)
        if found.st_size > limit:
            raise OSError(None, f"{found.st_size / 1e6:.0f} MB, over the limit")
        digest = hashlib.sha256()
        size = 0
        target: IO[bytes] | None = None
        if destination:
            (destination / path).parent.mkdir(parents=True, exist_ok=True)
            target = (destination / path).open("xb")
        try:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise OSError(None, "growing while it was read")
                digest.update(chunk)
                if target:
                    target.write(chunk)
        except OSError:
            if destination:
                (destination / path).unlink(missing_ok=True)
            raise
        finally:
            if target:
                target.close()
    return File(path, size, digest.hexdigest())


@contextmanager
def _open_beneath(root: int, path: str) -> Iterator[IO[bytes]]:
    *folders, name = path.split("/")
    fd = os.dup(root)
    try:
        for folder in folders:
            parent, fd = (
                fd,
                os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd),
            )
            os.close(parent)
        # O_NONBLOCK: opening a pipe that was swapped in must not wait for its other end.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
    finally:
        os.close(fd)
    with os.fdopen(file, "rb") as stream:
        yield stream


def _keep(folder: Path, kept: Path, coursedir: CourseDirectory, digest: str) -> None:
    """Copy what passes to its place by digest; complete or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=kept.parent))
    try:
        contents = take(folder, coursedir, draft / "files")
        if contents.digest != digest:
            raise OSError(None, "the folder changed while it was read")
        for file in contents.files:
            (draft / "files" / file.path).chmod(0o444)
        _write_record(
            draft,
            {
                "received": datetime.now(UTC).isoformat(timespec="seconds"),
                "flags": [],
                "refused": [],
            },
        )
        draft.chmod(0o755)
        with suppress(FileExistsError):
            draft.rename(kept)
    finally:
        if draft.exists():
            shutil.rmtree(draft)


def _swap(folder: Path, kept: Path, coursedir: CourseDirectory) -> None:
    """Put a clean copy in the place of a folder, which is kept as it was found."""
    draft = Path(tempfile.mkdtemp(prefix=".clean-", dir=kept.parent))
    try:
        clean = draft / "files"
        take(folder, coursedir, clean)
        number = 1
        while (as_found := kept / f"as-found-{number}").exists():
            number += 1
        folder.rename(as_found)
        clean.rename(folder)
    finally:
        shutil.rmtree(draft)


def _settle(folder: Path, coursedir: CourseDirectory) -> bool:
    """Put right the two files that nbgrader reads of a submission and stumbles over.

    Returns
    -------
    bool
        Whether the time stamp was unusable and taken away.
    """
    secret = folder / "submission_secret.txt"
    try:
        usable = re.fullmatch(r"[\x21-\x7e]{16,256}", secret.read_text("ascii")) is not None
    except (OSError, ValueError):
        usable = False
    if not usable:
        # Without one, nbgrader can release no feedback to the whole class.
        _remove(secret)
        secret.write_text(secrets.token_hex(64))
    try:
        coursedir.get_existing_timestamp(str(folder))
    except (AttributeError, OSError, OverflowError, ValueError):
        # AttributeError: nbgrader calls a method that its CourseDirectory does not have.
        _remove(folder / "timestamp.txt")
        return True
    return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _read_record(kept: Path) -> dict[str, Any]:
    return dict(json.loads((kept / "record.json").read_text(encoding="utf-8")))


def _write_record(kept: Path, record: dict[str, Any]) -> None:
    write_atomically(
        kept / "record.json", json.dumps(record, indent=1, ensure_ascii=False), mode=0o444
    )


def _share(shelf: Path) -> None:
    """Let the other instructors of a group-shared course in, as nbgrader does."""
    for top, _, _ in os.walk(shelf):
        mode = stat.S_IMODE(os.lstat(top).st_mode)
        if mode & 0o2770 != 0o2770:
            with suppress(PermissionError):
                os.chmod(top, mode | 0o2770)  # noqa: PTH101
