"""Live machines: one interface, whatever lies between the notebook and the machine.

>>> with start("furnace_zone", seed=4) as plant:
...     plant.write(Q1=40.0)
...     table = plant.wait(60.0)

See `PlantLink` for what every link promises, and `Recording` for what is kept.
"""

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
    "make_station",
    "start",
    "verified",
]


def start(station: str, seed: int = 0, case: str = "") -> PlantLink:
    """Start a machine and connect to it.

    Parameters
    ----------
    station : str
        Its name in `STATIONS`.
    seed : int
        The same seed and commands give the same measurements.
    case : str
        A condition that the machine is delivered in.
    """
    return InProcessLink(Made(station, seed, case))
