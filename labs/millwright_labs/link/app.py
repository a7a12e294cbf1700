"""`millwright-plant`: a virtual machine on the network.

```
millwright-plant list                          the machines, their tags and faults
millwright-plant run cnc_axis                  serve one over OPC UA, until Ctrl-C
millwright-plant fault backlash 0.4            switch a fault of a machine that runs
millwright-plant certificate                   our certificates and their fingerprints
millwright-plant trust client.der              let the owner of a certificate in
millwright-plant export fmu cnc_axis           write a plant as an FMU, or as an aas
```
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from millwright_labs.errors import LabsError
from millwright_labs.link.running import Running
from millwright_labs.link.station import STATIONS, Made, make_station

ADDRESS = "opc.tcp://127.0.0.1:4840/millwright"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except LabsError as error:
        print(f"millwright-plant: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"millwright-plant: {error.name} is missing. Install it with: "
            f"pip install 'millwright[{arguments.extra}]'",
            file=sys.stderr,
        )
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="millwright-plant", description="A virtual machine on the network."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, words: str, run: object, *, keys: bool = True
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(run=run, extra="connect")
        if keys:
            sub.add_argument(
                "--keys",
                metavar="FOLDER",
                help="certificates, trust and password (default: MILLWRIGHT_KEYS or ~/.millwright)",
            )
        return sub

    command("list", "The machines, their tags and faults.", _list, keys=False)

    run = command("run", "Serve a machine until Ctrl-C.", _run)
    run.add_argument("station", help="its name; see `millwright-plant list`")
    run.add_argument("--seed", type=int, default=0, help="of its noise and peculiarities")
    run.add_argument("--case", default="", help="the condition it is delivered in")
    run.add_argument("--speed", type=float, default=1.0, help="plant seconds in a second")
    run.add_argument("--host", default="127.0.0.1", help="0.0.0.0 serves other computers, too")
    run.add_argument("--port", type=int, default=4840, help="0 takes a free one")
    run.add_argument("--user", default="learner", help="the name to log in with")
    run.add_argument("--password-file", metavar="FILE", help="default: `password` among the keys")
    run.add_argument(
        "--mqtt",
        metavar="ADDRESS",
        default=os.environ.get("MILLWRIGHT_MQTT"),
        help="publish to a broker as well: mqtt://USER:PASSWORD@HOST:PORT, better given in the "
        "environment as MILLWRIGHT_MQTT",
    )
    run.add_argument("--anonymous", action="store_true", help="trusted clients need no password")
    run.add_argument("--until-input-ends", action="store_true", help=argparse.SUPPRESS)

    fault = command("fault", "Switch a fault of a machine that runs.", _fault)
    fault.add_argument("name")
    fault.add_argument("severity", type=float, help="from 0 (sound) to 1")
    fault.add_argument("--address", default=ADDRESS)
    fault.add_argument("--user", default="learner")
    fault.add_argument("--password-file", metavar="FILE", help="default: `password` among the keys")

    command("certificate", "Our certificates and their fingerprints.", _certificate)
    trust = command("trust", "Trust the owner of a certificate.", _trust)
    trust.add_argument("file", help="a client that may connect, or a server to connect to")

    export = command("export", "Write a plant as a file for other tools.", _export, keys=False)
    export.set_defaults(extra="export")
    export.add_argument("format", choices=("fmu", "aas"))
    export.add_argument("plant", help="its name; see `millwright-plant list`")
    export.add_argument("-o", "--output", metavar="FILE", help="default: PLANT.fmu or PLANT.aasx")
    return parser


def _export(arguments: argparse.Namespace) -> None:
    from millwright_labs.export import export_aas, export_fmu

    formats: dict[str, tuple[Callable[..., object], str]] = {
        "fmu": (export_fmu, "fmu"),
        "aas": (export_aas, "aasx"),
    }
    write, ending = formats[arguments.format]
    print(write(arguments.plant, arguments.output or f"{arguments.plant}.{ending}"))


def _list(arguments: argparse.Namespace) -> None:
    for name, kind in STATIONS.items():
        station = make_station(Made(name))
        print(f"{name} (every {station.dt:g} s)")
        for words, entries in (
            ("inputs", [f"{s.name} ({s.unit})" for s in station.inputs.values()]),
            ("outputs", [f"{s.name} ({s.unit})" for s in station.outputs.values()]),
            ("faults", list(station.faults)),
            ("cases", list(kind.cases)),
        ):
            if entries:
                print(f"  {words}: {', '.join(entries)}")


def _run(arguments: argparse.Namespace) -> None:
    # Here and below: asyncua comes with an extra, and takes a moment.
    from millwright_labs.link.certificates import Keys, read_password
    from millwright_labs.link.opcua_server import OpcUaServer

    station = make_station(Made(arguments.station, arguments.seed, arguments.case))
    running = Running(station, arguments.speed)
    keys = Keys(arguments.keys)
    file = arguments.password_file or keys.folder / "password"
    password = read_password(file) if arguments.password_file else keys.password
    server = OpcUaServer(
        running,
        keys,
        arguments.host,
        arguments.port,
        arguments.user,
        password,
        arguments.anonymous,
    )
    gateway = _gateway(running, arguments.mqtt)

    async def serve() -> None:
        async with server, gateway:
            print(f"address {server.address}")
            print(f"user {arguments.user}, password in {file}")
            print(f"certificate {keys.certificate('server')}, clients in {keys.trusted}")
            print(f"connect: link.connect({server.address!r})", flush=True)
            work = asyncio.ensure_future(running.run())
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, work.cancel)
            if arguments.until_input_ends:
                _at_end_of_input(lambda: loop.call_soon_threadsafe(work.cancel))
            with contextlib.suppress(asyncio.CancelledError):
                await work

    asyncio.run(serve())


def _gateway(running: Running, address: str | None) -> contextlib.AbstractAsyncContextManager:
    if not address:
        return contextlib.nullcontext()
    from millwright_labs.link.mqtt import Address
    from millwright_labs.link.mqtt_gateway import MqttGateway

    return MqttGateway(running, Address.parse(address))


def _at_end_of_input(then: Callable[[], object]) -> None:
    def watch() -> None:
        while os.read(0, 1024):
            pass
        then()

    threading.Thread(target=watch, daemon=True).start()


def _fault(arguments: argparse.Namespace) -> None:
    from millwright_labs import link

    password = None
    if arguments.password_file:
        from millwright_labs.link.certificates import read_password

        password = read_password(arguments.password_file)
    with link.connect(arguments.address, arguments.user, password, keys=arguments.keys) as plant:
        plant.fault(**{arguments.name: arguments.severity})
        print(f"{arguments.name} is {arguments.severity:g} from t = {plant.t:g} s on")


def _certificate(arguments: argparse.Namespace) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    from millwright_labs.link.certificates import Keys, fingerprint, read_certificate

    keys = Keys(arguments.keys)
    for path in (keys.certificate("server"), keys.certificate("client"), *keys.trusted.iterdir()):
        print(path)
        print(f"  {fingerprint(read_certificate(path).public_bytes(Encoding.DER))}")


def _trust(arguments: argparse.Namespace) -> None:
    from millwright_labs.link.certificates import Keys

    print(f"trusted from now on: {Keys(arguments.keys).trust(arguments.file)}")


if __name__ == "__main__":
    sys.exit(main())
