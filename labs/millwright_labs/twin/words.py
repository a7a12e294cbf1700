"""The twin's events and advice in words, from its text file."""

from __future__ import annotations

from pathlib import Path

from millwright_labs.catalogue import Catalogue
from millwright_labs.twin.advice import Advice
from millwright_labs.twin.calibration import Outcome
from millwright_labs.twin.twin import Event, Report


def catalogue() -> Catalogue:
    """Return the twin's text in the language of this process."""
    return Catalogue("twin", Path(__file__).parent / "text")


def tell(event: Event, text: Catalogue) -> str:
    """Say what the twin did."""
    fields: dict[str, object] = {"t": event.t}
    if event.cause:
        fields["cause"] = text[f"cause.{event.cause}"]
    if event.outcome:
        fields["reason"] = explain(event.outcome, text)
    return text.format(f"event.{event.kind}", **fields)


def explain(outcome: Outcome, text: Catalogue) -> str:
    """Say what became of a calibration, and why."""
    return text.format(
        f"reason.{outcome.reason}",
        about=", ".join(outcome.about),
        before=outcome.rmse_before,
        after=outcome.rmse_after,
    )


def recommend(advice: Advice, text: Catalogue) -> str:
    """Say what to do, how soon and why."""
    do = text[f"advice.{advice.name}.do"]
    because = text.format(f"advice.{advice.name}.because", **advice.figures)
    return f"{text[f'urgency.{advice.urgency}']}: {do} {because}"


def line(report: Report, text: Catalogue) -> str:
    """Give a report as one line under `head`."""
    f = report.figures
    return text.format(
        "line.head",
        t=f"{report.t:.0f}",
        state=text[f"state.{report.state}"],
        T_air=f"{f['T_air']:.2f}",
        T_heater=f"{f['T_heater']:.1f} ± {2 * f['T_heater_sd']:.1f}",
        power=f"{f['power']:.2f} ± {2 * f['power_sd']:.2f}",
        loss=f"{f['loss']:.2f} ± {2 * f['loss_sd']:.2f}",
        nrmse=f"{f['nrmse_free']:.3f}",
        nis=f"{f['nis']:.1f}",
        age=f"{f['age']:.0f}",
    )


def head(text: Catalogue) -> str:
    """Give the line over the reports."""
    return text.format("line.head", **{key: text[f"line.{key}"] for key in text.keys("line")})
