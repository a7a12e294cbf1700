"""The pictures on the cards are those of the code, small, and free of words."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from millwright_labs import plants
from millwright_labs.plants.card_figures import response
from millwright_labs.wear.card_figures import PICTURES

LABS = Path(__file__).parents[2] / "labs"

MADE = {name: lambda make=make: response(make()) for name, make in plants.PLANTS.items()} | PICTURES


@pytest.mark.parametrize("name", MADE)
def test_the_picture_beside_a_card_is_that_of_the_code(name):
    svg, alt = MADE[name]()
    stored = LABS / "figures" / f"{name}.svg"
    assert stored.read_bytes() == svg, "Run: python -m millwright_labs.plants labs/README.md"
    assert len(svg) < 25_000
    assert f"![{alt}](figures/{name}.svg)" in (LABS / "README.md").read_text(encoding="utf-8")
    assert "nan" not in alt


@pytest.mark.parametrize("name", MADE)
def test_a_picture_holds_symbols_and_units_only(name):
    root = ElementTree.fromstring((LABS / "figures" / f"{name}.svg").read_bytes())
    texts = ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts
    words = {word for text in texts for word in re.findall(r"[a-z]{3,}", text)}
    names = {
        label for P in (make() for make in plants.PLANTS.values()) for label in P.output_labels
    }
    parts = {part for label in names for part in label.split("_")}
    assert words <= parts | {"min", "rad"}
