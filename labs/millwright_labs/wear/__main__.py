"""Write the wear models' cards into a file, and their pictures beside it.

``python -m millwright_labs.wear labs/README.md``
"""

import sys
from pathlib import Path

from millwright_labs.plants.card_figures import write
from millwright_labs.wear.card_figures import PICTURES
from millwright_labs.wear.cards import with_cards

if len(sys.argv) != 2:
    sys.exit("Name one file to write the cards into, such as labs/README.md.")
path = Path(sys.argv[1])
path.write_text(with_cards(path.read_text(encoding="utf-8")), encoding="utf-8")
write(path.parent, {name: make()[0] for name, make in PICTURES.items()})
