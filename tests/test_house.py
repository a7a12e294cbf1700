"""The house is in order: one list of requirements, one way for imports, no trace of a machine."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import lock  # noqa: E402

# What each package may import of the others; everything points one way.
MAY_IMPORT = {
    "datasets/millwright_data": set(),
    "labs/millwright_labs": {"millwright_data"},
    "autograder/millwright_grader": set(),
}


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name]


def test_environment_files_follow_the_one_list() -> None:
    for path, text in lock.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `make lock`"
    assert lock.missing_from_lock() == set()


def test_environments_name_what_their_users_import() -> None:
    pins, _ = lock.read_lock()
    for name, extra in (("environment.yml", "hub"), ("binder/environment.yml", "apps")):
        path = ROOT / name
        file = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert "python=3.11" in file["dependencies"]
        packages = dict(line.split("==") for line in file["dependencies"][-1]["pip"])
        assert lock.direct(extra) <= set(packages)
        assert all(pins[name] == version for name, version in packages.items())


def test_binder_leaves_the_hub_to_its_image() -> None:
    text = (ROOT / "binder/environment.yml").read_text(encoding="utf-8")
    assert not re.search(r"jupyterhub|jupyterlab==|nbgrader", text)


def test_lock_names_hashes_and_no_address() -> None:
    text = lock.LOCK.read_text(encoding="utf-8")
    assert text.count("==") <= text.count("--hash=sha256:")
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_point_one_way(folder: str) -> None:
    ours = {"millwright_data", "millwright_labs", "millwright_grader", "millwright_certification"}
    allowed = MAY_IMPORT[folder] | {Path(folder).name}
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in modules:
                root = module.split(".")[0]
                assert root not in ours - allowed, f"{path.relative_to(ROOT)} imports {module}"


def test_nothing_speaks_of_a_machine_or_keeps_a_secret() -> None:
    traces = re.compile(
        r"/work/main|/tmp/mw|/root/|\.\./shared/(?!datasets)|BEGIN (RSA |EC )?PRIVATE KEY"
    )
    for path in tracked():
        if path == Path(__file__) or path.suffix in {".png", ".gz", ".mat"}:
            continue
        match = traces.search(path.read_text(encoding="utf-8", errors="ignore"))
        assert match is None, f"{path.relative_to(ROOT)} holds {match[0] if match else ''}"


def test_no_data_set_is_committed() -> None:
    large = [p for p in tracked() if p.stat().st_size > 1_000_000]
    assert large == []


def test_notebooks_are_text() -> None:
    for path in tracked():
        if path.suffix == ".ipynb":
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                assert not cell.get("outputs"), f"{path.relative_to(ROOT)}, {cell['id']}"
