"""The beginning of the command ``millwright-grade``, before anything else is imported."""

import sys


def main() -> None:
    """Leave out what would slow every start, then run the application."""
    # jsonschema would build a parser of international addresses, which takes longer than all else
    # together; no notebook holds what it is for. It goes on without where there is none.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from millwright_grader.app import main as run

    run()
