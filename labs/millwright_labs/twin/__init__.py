"""A digital twin that runs beside its machine, keeps itself true, and says how true it is.

>>> from millwright_labs import link
>>> from millwright_labs.twin import Twin
>>> plant = link.start("incubator_live", seed=4)
>>> twin = Twin(plant.described)
>>> report = twin.commission(plant)
>>> report = twin.follow(plant, 3600.0)

It needs a `PlantLink` only: the machine may be in this process or behind OPC UA or MQTT.
"""

from millwright_labs.twin.advice import RULES, Advice, Rule
from millwright_labs.twin.calibration import COMMISSION, RECALIBRATE, Outcome, Task, Window
from millwright_labs.twin.estimator import Tuning
from millwright_labs.twin.model import Box
from millwright_labs.twin.twin import COMMISSIONING, Event, Report, Score, State, Twin, score
from millwright_labs.twin.whatif import Future

__all__ = [
    "COMMISSION",
    "COMMISSIONING",
    "RECALIBRATE",
    "RULES",
    "Advice",
    "Box",
    "Event",
    "Future",
    "Outcome",
    "Report",
    "Rule",
    "Score",
    "State",
    "Task",
    "Tuning",
    "Twin",
    "Window",
    "score",
]
