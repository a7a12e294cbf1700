"""Write all plants' cards into a file, and their pictures beside it.

``python -m millwright_labs.plants labs/README.md``
"""

import sys
from pathlib import Path

from millwright_labs.plants import PLANTS
from millwright_labs.plants.card_figures import response, write
from millwright_labs.plants.cards import with_cards

if len(sys.argv) != 2:
    sys.exit("Name one file to write the cards into, such as labs/README.md.")
path = Path(sys.argv[1])
text = with_cards(path.read_text(encoding="utf-8"), (make() for make in PLANTS.values()))
path.write_text(text, encoding="utf-8")
write(path.parent, {name: response(make())[0] for name, make in PLANTS.items()})
