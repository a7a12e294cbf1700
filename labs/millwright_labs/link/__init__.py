"""Live machines: one interface, whatever lies between the notebook and the machine.

>>> with start("furnace_zone", seed=4) as plant:
...     plant.write(Q1=40.0)
...     table = plant.wait(60.0)

See `PlantLink` for what every link promises, and `Recording` for what is kept.
"""

from millwright_labs.link.choose import connect, start
from millwright_labs.link.inprocess import InProcessLink
from millwright_labs.link.link import PlantLink
from millwright_labs.link.recording import Recording, verified
from millwright_labs.link.station import STATIONS, Made, Sample, Station, make_station

__all__ = [
    "STATIONS",
    "InProcessLink",
    "Made",
    "PlantLink",
    "Recording",
    "Sample",
    "Station",
    "connect",
    "make_station",
    "start",
    "verified",
]
