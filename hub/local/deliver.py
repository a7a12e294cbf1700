"""Bring a folder up to date without ever overwriting somebody's work.

`deliver.py SOURCE TARGET` runs under the account that owns TARGET. It copies new files, replaces
files that the owner has not touched since the last delivery, and brings back deleted ones. Where
the owner has changed a file *and* the source has a new version, the owner's file stays and the
new version is put beside it as `name.new.ext`. Empty folders at the top come too. What was
delivered is remembered in TARGET (`.delivered.json`), so the answer does not depend on clocks.
"""

import hashlib
import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

RECORD = ".delivered.json"
SKIP = {"__pycache__", ".ipynb_checkpoints", ".delivered.json", ".DS_Store"}


def files(folder: Path) -> Iterator[Path]:
    """Yield the paths of all files worth delivering, relative to `folder`, in order."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and not SKIP.intersection(inside.parts):
            yield inside


def fingerprint(path: Path) -> str:
    """SHA-256 of a file; empty if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def digest(folder: Path) -> str:
    """One SHA-256 over names and contents of all files that `deliver` would copy."""
    total = hashlib.sha256()
    for inside in files(folder):
        total.update(f"{inside}\0{fingerprint(folder / inside)}\n".encode())
    return total.hexdigest()


def beside(path: Path, last: str) -> Path:
    """Where the new version of a changed file goes: `a.new.ipynb`, or the next free number.

    A new version from an earlier delivery (fingerprint `last`) that nobody touched is replaced.
    """
    for number in itertools.count(1):
        name = f"{path.stem}.new{number if number > 1 else ''}{path.suffix}"
        if fingerprint(path.with_name(name)) in ("", last):
            break
    return path.with_name(name)


def put(content: bytes, target: Path) -> None:
    """Write a whole file: a reader of `target` sees the old or the new one, never half of one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def put_text(text: str, target: Path) -> None:
    """Write a whole text file."""
    put(text.encode(), target)


def deliver(source: Path, target: Path) -> list[Path]:
    """Bring `target` up to date with `source`.

    Returns
    -------
    list of Path
        The delivered files that are new or replaced, relative to `target`. A file whose new
        version had to go beside the owner's is not among them.
    """
    record = target / RECORD
    try:
        before = dict(json.loads(record.read_text()))
    except (OSError, ValueError, TypeError):
        before = {}
    now = {str(inside): fingerprint(source / inside) for inside in files(source)}
    for folder in [path for path in source.glob("*") if path.is_dir()]:
        with suppress(OSError):
            (target / folder.name).mkdir(exist_ok=True)
    changed = []
    for name, wanted in now.items():
        path = target / name
        last = before.get(name, "")
        present = fingerprint(path)
        try:
            if present == wanted:
                continue
            if present in ("", last):
                put((source / name).read_bytes(), path)
                changed.append(Path(name))
            elif last != wanted:
                put((source / name).read_bytes(), beside(path, last))
        except OSError as error:  # a folder of that name, no space: the other files still come
            print(f"{name} was not delivered: {error}", file=sys.stderr)
    for name in before.keys() - now.keys():
        if fingerprint(target / name) == before[name]:
            (target / name).unlink()
    if now != before:
        put_text(json.dumps(now, indent=1), record)
    return changed


if __name__ == "__main__":
    deliver(Path(sys.argv[1]), Path(sys.argv[2]))
