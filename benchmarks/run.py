"""Measure the figures that the README quotes, each beside what it is compared to.

`python benchmarks/run.py [NAME …]` runs the modules bench_*.py of this folder (or the named ones:
`grading` runs bench_grading.py), prints a table, and writes results.json and the README's table.
A figure and its peer are measured in the same run, because machines differ and are noisy; the
ratio is what holds elsewhere.
"""

import argparse
import importlib
import json
import platform
import sys
from pathlib import Path

from figure import RESULTS, read_results, table, write_readme

HERE = Path(__file__).resolve().parent


def modules() -> list[str]:
    """Return the names of the benchmarks."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(modules())}")
    names = parser.parse_args().names or modules()
    if unknown := sorted(set(names) - set(modules())):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(modules())}")
    sys.path.insert(0, str(HERE))
    figures = {figure.name: figure for figure in read_results()}
    for name in names:
        print(f"{name} …", file=sys.stderr)
        for figure in importlib.import_module(f"bench_{name}").measure():
            figures[figure.name] = figure
            print(f"  {figure}", file=sys.stderr)
        # After each, so that a run cut short keeps what it has measured.
        rows = [figures[key].as_dict() for key in sorted(figures)]
        RESULTS.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_readme(read_results())
    print(table(read_results()))
    print(f"\nmeasured on {platform.machine()}, Python {platform.python_version()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
