"""``millwright-data``: list, describe, fetch and verify data sets from a shell.

``digest`` prints the entries ``files`` of a new card.

Exit codes: 0 done; 1 a data set could not be had, or a copy is damaged or
incomplete; 2 the command line makes no sense.  Errors are one line each on stderr.
"""

import argparse
import gzip
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from millwright_data import cards, store
from millwright_data.cards import Card
from millwright_data.errors import DataError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except DataError as error:
        _complain(error)
        return 1
    except KeyboardInterrupt:
        _complain("interrupted; files that are complete stay in the cache")
        return 1
    except BrokenPipeError:  # the reader, head for example, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def readme_table() -> str:
    """Return the Markdown table of all data sets that the README shows."""
    lines = [
        "| id | industry | kind | task | parts | size | licence |",
        "|---|---|---|---|---|---|---|",
    ]
    for card in cards.cards():
        size = "with the package" if card.embedded else _size(card.size)
        cells = [card.id, card.industry, f"{card.kind}: {card.kind_note}", ", ".join(card.task)]
        cells += [str(len(card.parts)), size, card.licence]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="millwright-data", description="Industrial data sets.")
    commands = parser.add_subparsers(required=True, metavar="command")

    command = commands.add_parser("list", help="show all data sets")
    command.add_argument("--markdown", action="store_true", help="as the table of the README")
    command.set_defaults(run=_list)

    command = commands.add_parser("info", help="show everything that is known about one")
    command.add_argument("id")
    command.set_defaults(run=_info)

    command = commands.add_parser("digest", help="print the raw files of a folder for a new card")
    command.add_argument("folder", type=Path)
    command.set_defaults(run=_digest)

    for name, run, text in (
        ("fetch", _fetch, "bring data sets into the cache"),
        ("verify", _verify, "hash every copy in cache and folder mirror"),
    ):
        command = commands.add_parser(name, help=text)
        which = command.add_mutually_exclusive_group(required=True)
        which.add_argument("id", nargs="*", default=[], metavar="ID")
        which.add_argument("--all", action="store_true", help="all data sets")
        command.set_defaults(run=run)
    return parser


def _list(options: argparse.Namespace) -> int:
    if options.markdown:
        print(readme_table(), end="")
        return 0
    for card in cards.cards():
        size = "embedded" if card.embedded else _size(card.size)
        print(f"{card.id:26}{card.kind:11}{size:>9}  {card.title}")
    return 0


def _info(options: argparse.Namespace) -> int:
    card = cards.card(options.id)
    facts = {
        "title": card.title,
        "industry": card.industry,
        "kind": f"{card.kind}: {card.kind_note}",
        "task": ", ".join(card.task),
        "sampling": card.sampling,
        "publisher": card.publisher,
        "home": card.home,
        "licence": card.licence,
        "citation": card.citation,
        "size": "with the package" if card.embedded else _size(card.size),
    }
    print(card.id)
    for name, value in facts.items():
        print(f"  {name:11}{value}")
    for title, items in (("known faults", card.faults), ("checked", card.checked)):
        if items:
            print(f"  {title}")
            print("\n".join(f"    - {item}" for item in items))
    if card.provenance:
        print("  provenance")
        print("\n".join(f"    {line}" for line in card.provenance.strip().splitlines()))
    if card.by_hand:
        print(f"  by hand    {card.by_hand}")
    for table in card.tables:
        print("  parts")
        for part in table.parts:
            default = ", default" if part.name == card.default else ""
            print(f"    {part.name} ({part.rows} rows{default}) {part.title}".rstrip())
            for name in ("kind", "sampling", "reference", "checked"):
                if value := getattr(part, name):
                    print(f"      {name}: {value}")
        print("    columns")
        if table.axis and table.axis.step:
            print(f"      {table.axis.name} [{table.axis.unit}] time axis, from the sampling time")
        for column in (*table.columns, *table.constants):
            unit = f" [{column.unit}]" if column.unit else ""
            source = f" ({column.source!r} in the file)" if column.source else ""
            print(f"      {column.name}{unit} {column.description}{source}")
    return 0


def _digest(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    if not folder.is_dir():
        _complain(f"{folder} is not a folder: name the folder with the raw files")
        return 1
    print("files = [")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        stored = path.read_bytes()
        entry = f'name = "{path.relative_to(folder).as_posix()}", {_measured(stored, "")}'
        if path.suffix == ".gz":
            entry += f", {_measured(gzip.decompress(stored), '_unpacked')}"
        print(f"  {{ {entry} }},")
    print("]")
    return 0


def _measured(content: bytes, suffix: str) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f'size{suffix} = {len(content)}, sha256{suffix} = "{digest}"'


def _fetch(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    chosen = _chosen(options)
    failed = 0
    with tqdm(
        total=sum(card.size for card in chosen if not card.embedded),
        unit="B",
        unit_scale=True,
        disable=None,  # no bar where nobody looks: stderr is not a terminal
    ) as bar:
        for card in chosen:
            bar.set_description(card.id)
            try:
                folder = store.fetch(card, None if card.embedded else bar.update)
            except DataError as error:
                failed += 1
                bar.clear()
                _complain(error)
                continue
            tqdm.write(f"{card.id}: {folder}", file=sys.stdout)
    return 1 if failed else 0


def _verify(options: argparse.Namespace) -> int:
    failed = 0
    for card in _chosen(options):
        states = store.inspect(card)
        damaged = [state for state in states if state.state == "damaged"]
        missing = [state for state in states if state.state == "missing"]
        for state in damaged:
            failed += 1
            _complain(
                f"{card.id}: {state.path} is damaged: replace it; in the cache, "
                f"`millwright-data fetch {card.id}` does so"
            )
        if len(missing) == len(card.files) and options.all:
            print(f"{card.id}: not here")
        elif missing:
            failed += 1
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            _complain(
                f"{card.id}: {missing[0].file}{more} missing: run `millwright-data fetch {card.id}`"
            )
        elif not damaged:
            print(f"{card.id}: right, {len(states)} file{'s' if len(states) != 1 else ''}")
    return 1 if failed else 0


def _chosen(options: argparse.Namespace) -> list[Card]:
    return list(cards.cards()) if options.all else [cards.card(id) for id in options.id]


def _complain(message: object) -> None:
    print(f"millwright-data: {message}", file=sys.stderr)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


if __name__ == "__main__":
    sys.exit(main())
