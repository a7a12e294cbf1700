"""Make the environment files from pyproject.toml, the one list of requirements.

requirements.lock    every package of every extra, exact, with hashes, for any Python >= 3.11
environment.yml      the hub's packages for conda and for JupyterHub images, exact
binder/environment.yml   the visitors' direct requirements, exact; what these need in turn is left
                         to the image that Binder builds on, so that it is not installed twice

`python tools/lock.py` resolves anew (needs the network); `--check` compares what is there and
exits with 1 where a file does not follow.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
# Binder and conda take the version written so; a range would be overlooked.
PYTHON = "python=3.11"

HEAD = "# Made by `make lock` from pyproject.toml. Change it there.\n"


def name_of(requirement: str) -> str:
    """Return the normalised project name of a requirement line."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    if match is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def direct(*extras: str) -> set[str]:
    """Return the names that pyproject.toml lists for the package and these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = project["name"]
    names: set[str] = set()
    todo = list(project["dependencies"])
    for extra in extras:
        todo += project["optional-dependencies"][extra]
    while todo:
        requirement = todo.pop()
        if name_of(requirement) != own:
            names.add(name_of(requirement))
            continue
        nested = requirement[requirement.index("[") + 1 : requirement.index("]")]
        for extra in nested.split(","):
            todo += project["optional-dependencies"][extra.strip()]
    return names


def read_lock() -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return pins for Python 3.11 (name to version) and who asked for each name."""
    pins: dict[str, str] = {}
    parents: dict[str, set[str]] = {}
    name = ""
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)(?:\s*;\s*([^\\]+))?", line):
            name, version, marker = name_of(match[1]), match[2], (match[3] or "").strip()
            parents.setdefault(name, set())
            if fits_here(marker):
                pins[name] = version
        elif match := re.match(r"\s+#\s+(?:via +)?(?!via$)([A-Za-z0-9._-]+)(?: +\(.*\))?$", line):
            parents[name].add(name_of(match[1]))
    return pins, parents


def fits_here(marker: str) -> bool:
    """Tell whether a marker holds on Linux with the Python of the environment files."""
    from packaging.markers import Marker

    if not marker:
        return True
    version = PYTHON.split("=")[1]
    linux = {
        "python_version": version,
        # The conda channel's newest patch release; markers in the lock distinguish old ones only.
        "python_full_version": f"{version}.14",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    return Marker(marker).evaluate(linux)


def needed_by(names: set[str], parents: dict[str, set[str]]) -> set[str]:
    """Return names and all that they ask for in turn."""
    found = set(names)
    while more := {n for n, asked_by in parents.items() if n not in found and asked_by & found}:
        found |= more
    return found


def environment(title: str, names: set[str], pins: dict[str, str]) -> str:
    """Return the text of a conda environment whose packages come from PyPI."""
    lines = [f"      - {name}=={pins[name]}" for name in sorted(names) if name in pins]
    head = ["channels:", "  - conda-forge", "dependencies:", f"  - {PYTHON}", "  - pip", "  - pip:"]
    return HEAD + "\n".join([f"name: {title}", *head, *lines]) + "\n"


def files() -> dict[Path, str]:
    """Return the environment files that follow from the lock."""
    pins, parents = read_lock()
    return {
        ROOT / "environment.yml": environment(
            "millwright", needed_by(direct("hub"), parents), pins
        ),
        ROOT / "binder" / "environment.yml": environment("millwright-demos", direct("apps"), pins),
    }


def missing_from_lock() -> set[str]:
    """Return names of pyproject.toml that the lock does not hold."""
    _, parents = read_lock()
    return direct("dev") - set(parents)


def resolve() -> None:
    """Write requirements.lock."""
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--all-extras"),
        *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header"),
        *("--no-emit-index-url", "--quiet", "--output-file", str(LOCK)),
    ]
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, change nothing")
    if not parser.parse_args().check:
        resolve()
        for path, text in files().items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [
        str(p.relative_to(ROOT)) for p, text in files().items() if p.read_text("utf-8") != text
    ]
    stale += [f"requirements.lock (without {name})" for name in sorted(missing_from_lock())]
    if stale:
        print(f"do not follow pyproject.toml: {', '.join(stale)}; run `make lock`", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
