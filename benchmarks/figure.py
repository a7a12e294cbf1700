"""A measured figure, its peer, and the table that shows them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
README = HERE.parent / "README.md"
BEGIN, END = "<!-- figures: made by make bench -->", "<!-- end of figures -->"


@dataclass(frozen=True)
class Figure:
    """One row of results.json.

    Parameters
    ----------
    name
        Stable name; a later run replaces the row of this name.
    value, unit
        What was measured, and its unit.
    peer, peer_value
        What it is compared to, measured in the same run; None where nothing fits.
    better
        "lower" or "higher": the direction in which `value` improves.
    command
        The command that measures it again.
    """

    name: str
    value: float
    unit: str
    peer: str | None
    peer_value: float | None
    better: str
    command: str

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer; above 1 is better, None without a peer."""
        if not self.peer_value or not self.value:
            return None
        pair = (self.peer_value, self.value)
        return pair[0] / pair[1] if self.better == "lower" else pair[1] / pair[0]

    def as_dict(self) -> dict[str, Any]:
        """Return the row as it is stored."""
        row = asdict(self) | {"ratio": self.ratio}
        return {k: rounded(v) if isinstance(v, float) else v for k, v in row.items()}

    def __str__(self) -> str:
        against = f" ({self.peer}: {rounded(self.peer_value)})" if self.peer_value else ""
        return f"{self.name}: {rounded(self.value)} {self.unit}{against}"


def rounded(value: float) -> float:
    """Return three significant digits; machines do not repeat more."""
    return float(f"{value:.3g}")


def read_results() -> list[Figure]:
    """Return the stored figures, an empty list before the first run."""
    if not RESULTS.exists():
        return []
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    return [Figure(**{k: v for k, v in row.items() if k != "ratio"}) for row in rows]


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| figure | here | compared to | there | times better | command |",
        "|---|---|---|---|---|---|",
    ]
    for f in figures:
        there = f"{rounded(f.peer_value):g} {f.unit}" if f.peer_value else ""
        ratio = f"{f.ratio:.2g}" if f.ratio else ""
        here = f"{rounded(f.value):g} {f.unit}"
        cells = (f"`{f.name}`", here, f.peer or "", there, ratio, f"`{f.command}`")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_readme(figures: list[Figure], readme: Path = README) -> None:
    """Put the table between its two marks in the README."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{table(figures)}\n{END}{after}", encoding="utf-8")
