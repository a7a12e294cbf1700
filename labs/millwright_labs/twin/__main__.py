"""A twin in a process of its own: ``python -m millwright_labs.twin ADDRESS``."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence

from millwright_labs import link
from millwright_labs.errors import LabsError, LinkError, TrustError
from millwright_labs.link.link import PlantLink
from millwright_labs.twin import words
from millwright_labs.twin.twin import Report, Twin

PAUSE = 2.0  # s between two attempts to reach a machine that was lost
ATTEMPTS = 60


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    text = words.catalogue()
    parser = argparse.ArgumentParser(
        prog="python -m millwright_labs.twin", description=text["command.about"]
    )
    parser.add_argument("address", help=text["command.address"])
    parser.add_argument("--user", default="learner", help=text["command.user"])
    parser.add_argument("--password-file", metavar="FILE", help=text["command.password"])
    parser.add_argument("--keys", metavar="FOLDER", help=text["command.keys"])
    parser.add_argument("--every", type=float, default=300.0, help=text["command.every"])
    parser.add_argument("--seconds", type=float, default=math.inf, help=text["command.seconds"])
    parser.add_argument("--commission", action="store_true", help=text["command.commission"])
    parser.add_argument("--json", action="store_true", help=text["command.json"])
    arguments = parser.parse_args(argv)
    try:
        _run(arguments, text)
    except LabsError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def _run(arguments: argparse.Namespace, text: words.Catalogue) -> None:
    plant = _connect(arguments)
    try:
        twin = Twin(plant.described)
        told = 0
        if not arguments.json:
            print(words.head(text))
        if arguments.commission:
            told = _show(twin.commission(plant), twin, told, arguments.json, text)
        end = plant.t + arguments.seconds
        while plant.t < end:
            try:
                report = twin.follow(plant, arguments.every)
            except TrustError:
                raise
            except LinkError as error:
                print(text.format("command.lost", error=error), file=sys.stderr, flush=True)
                plant.close()
                plant = _again(arguments)
                continue
            told = _show(report, twin, told, arguments.json, text)
    finally:
        plant.close()


def _connect(arguments: argparse.Namespace) -> PlantLink:
    password = None
    if arguments.password_file:
        from millwright_labs.link.certificates import read_password

        password = read_password(arguments.password_file)
    return link.connect(arguments.address, arguments.user, password, keys=arguments.keys)


def _again(arguments: argparse.Namespace) -> PlantLink:
    for _ in range(ATTEMPTS - 1):
        try:
            return _connect(arguments)
        except TrustError:
            raise
        except LinkError:
            time.sleep(PAUSE)
    return _connect(arguments)


def _show(report: Report, twin: Twin, told: int, as_json: bool, text: words.Catalogue) -> int:
    """Print a report and the events since the last; return how many events were told."""
    news = [words.tell(event, text) for event in twin.events[told:]]
    tips = [words.recommend(advice, text) for advice in report.advice]
    if as_json:
        figures = {k: None if math.isnan(v) else v for k, v in report.figures.items()}
        row = {"t": report.t, "state": report.state, **figures, "events": news, "advice": tips}
        print(json.dumps(row, ensure_ascii=False), flush=True)
    else:
        print("\n".join([words.line(report, text), *news, *tips]), flush=True)
    return len(twin.events)


if __name__ == "__main__":
    sys.exit(main())
