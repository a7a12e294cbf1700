"""Which way to a machine: `start` makes one, `connect` finds one.

A notebook says ``link.start("cnc_axis", seed=4)`` and nothing more. On a school's server this
starts a live plant, whose time passes by itself. Where no plant can live (a grader without
sockets, an environment without the protocol's libraries) the machine runs in the notebook's own
process, and its time passes when somebody waits. The promises of `PlantLink` are the same.

`MILLWRIGHT_LINK` decides for whoever runs notebooks without a learner: ``here``, ``opcua`` or
``mqtt``. `MILLWRIGHT_SPEED` sets the default speed.
"""

from __future__ import annotations

import importlib.util
import math
import os
import socket
from pathlib import Path

from millwright_labs.errors import LinkError
from millwright_labs.link.inprocess import InProcessLink
from millwright_labs.link.link import PlantLink
from millwright_labs.link.station import Made

WAYS = ("auto", "here", "opcua", "mqtt")


def start(
    station: str, seed: int = 0, case: str = "", over: str = "auto", speed: float | None = None
) -> PlantLink:
    """Start a machine and connect to it.

    Parameters
    ----------
    station : str
        Its name in `STATIONS`.
    seed : int
        The same seed and commands give the same measurements.
    case : str
        A condition that the machine is delivered in.
    over : str
        ``"opcua"`` or ``"mqtt"``: a live plant in a process of its own; ``"here"``: in this
        process, where time passes only when somebody waits; ``"auto"``: live over OPC UA where
        that is possible.
    speed : float, optional
        Of a live plant: plant seconds in a second. Default: `MILLWRIGHT_SPEED`, or 1.

    Raises
    ------
    LinkError
        There is no such machine, or no such way to it.
    """
    made = Made(station, seed, case)
    if over == "auto":
        over = os.environ.get("MILLWRIGHT_LINK") or ("opcua" if live_possible() else "here")
    if over == "here":
        return InProcessLink(made)
    if over in ("opcua", "mqtt"):
        _need_extra()
        from millwright_labs.link.process import start_mqtt, start_opcua

        return (start_opcua if over == "opcua" else start_mqtt)(made, _speed(speed))
    raise LinkError(f"There is no way {over!r} to a machine. Choose from: {', '.join(WAYS)}.")


def connect(
    address: str = "opc.tcp://127.0.0.1:4840/millwright",
    user: str = "learner",
    password: str | None = None,
    certificate: str | Path | None = None,
    keys: str | Path | None = None,
) -> PlantLink:
    """Connect to a machine that runs elsewhere.

    Parameters
    ----------
    address : str
        As `millwright-plant run` prints it: ``opc.tcp://…``, or the broker's with the machine's
        name, ``mqtt://HOST:PORT/MACHINE`` (``mqtts://`` encrypted).
    user : str
    password : str, optional
        Default: `MILLWRIGHT_PASSWORD`, or the one in the folder `keys`, which is right for a
        plant that this account runs.
    certificate : path, optional
        The plant's certificate, where it is not among the trusted ones; over MQTT, the authority
        that signed the broker's.
    keys : path, optional
        Folder with our own certificate and the trusted ones.

    Raises
    ------
    LinkError
        Nobody answers there, or it is no Millwright station.
    TrustError
        The plant's certificate is not trusted here, or ours not there, or the user or the
        password is wrong.
    """
    _need_extra()
    from millwright_labs.link.certificates import Keys

    password = password or os.environ.get("MILLWRIGHT_PASSWORD")
    if address.startswith("mqtt"):
        from millwright_labs.link.mqtt import MqttLink

        return MqttLink(address, user, password or "", certificate)
    from millwright_labs.link.opcua import OpcUaLink

    ours = Keys(keys)
    return OpcUaLink(address, user, password or ours.password, ours, certificate)


def live_possible() -> bool:
    """Say whether a plant can be served and reached over the network from here."""
    if importlib.util.find_spec("asyncua") is None:
        return False
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
    except OSError:
        return False
    return True


def _need_extra() -> None:
    if importlib.util.find_spec("asyncua") is None:
        raise LinkError(
            "OPC UA and MQTT are not installed here. Run: pip install 'millwright[connect]'"
        )


def _speed(given: float | None) -> float:
    words = os.environ.get("MILLWRIGHT_SPEED") or 1.0 if given is None else given
    try:
        speed = float(words)
    except (TypeError, ValueError):
        speed = 0.0
    if not 0.0 < speed < math.inf:
        raise LinkError(f"The speed must be a number above 0, got {words!r}.")
    return speed
