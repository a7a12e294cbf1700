"""What to do: rules over the twin's figures, in plain data. Their words are in the text file."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass

TESTS = {"<": operator.lt, ">": operator.gt}


@dataclass(frozen=True)
class Rule:
    """Advice that holds where every condition does.

    Attributes
    ----------
    name : str
        Key of its words: ``advice.<name>.do`` and ``advice.<name>.because``.
    urgency : str
        ``now``, ``soon`` or ``watch``.
    when : tuple of (figure, test, limit)
        A figure that is not known makes no condition true.
    """

    name: str
    urgency: str
    when: tuple[tuple[str, str, float], ...]


# Readings no noisier than usual: the fan turns, and the model's structure holds.
CALM = ("noise", "<", 1.4)

#: In the order of urgency. The limits leave room for what the model errs by on sound boxes
#: (power within 10 %, loss within 15 %).
RULES = (
    Rule("lid", "now", (("loss", ">", 2.5), ("loss_low", ">", 1.5))),
    Rule("thermometer-1", "now", (("suspect", ">", 0.5), ("suspect", "<", 1.5))),
    Rule("thermometer-2", "now", (("suspect", ">", 1.5),)),
    Rule("thermometers", "now", (("disagree", ">", 0.5), ("suspect", "<", 0.5))),
    Rule("heater-worn", "now", (("power", "<", 0.75), ("power_sd", "<", 0.06), CALM)),
    Rule(
        "heater-life",
        "soon",
        (("life", "<", 200.0), ("power", ">", 0.75), CALM),
    ),
    Rule("heater-weak", "soon", (("power", "<", 0.87), ("power", ">", 0.75), CALM)),
    # The fan moves the air past heater and thermometers: without it both numbers leave theirs.
    Rule("fan", "soon", (("noise", ">", 1.4), ("loss", "<", 1.5))),
    Rule("gap", "soon", (("loss", ">", 1.3), ("loss", "<", 2.5), ("loss_sd", "<", 0.15), CALM)),
    Rule("lost", "soon", (("missing", ">", 0.05),)),
    Rule("out-of-step", "watch", (("nrmse_free", ">", 0.05),)),
)


@dataclass(frozen=True)
class Advice:
    """One piece of advice: the rule, and the figures that made it true."""

    name: str
    urgency: str
    figures: Mapping[str, float]


def advise(figures: Mapping[str, float]) -> list[Advice]:
    """Return the advice that holds, most urgent first; NaN figures are not known."""
    return [
        Advice(rule.name, rule.urgency, {name: figures[name] for name, _, _ in rule.when})
        for rule in RULES
        if all(
            TESTS[test](figures.get(name, float("nan")), limit) for name, test, limit in rule.when
        )
    ]
