"""The beginning of the command ``millwright-grade``, before anything else is imported."""

import gc
import sys

from millwright_grader.warm.owner import launch_ahead

# Subcommands that do not always run student code.
OTHERS = ("audit",)


def main() -> None:
    """Leave out what would slow every start, then run the application."""
    # jsonschema would build a parser of international addresses, which takes longer than all else
    # together; no notebook holds what it is for. It goes on without where there is none.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    first = "".join(sys.argv[1:2])
    if first and not first.startswith("-") and first not in OTHERS:
        # Grading is meant, and another processor can begin with what kernels import.
        launch_ahead(sys.executable)
    # What is imported stays; to look through it again and again takes a tenth of the time.
    gc.disable()
    from millwright_grader.app import main as run

    gc.freeze()
    gc.enable()
    run()
