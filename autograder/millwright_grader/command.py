"""The beginning of the command ``millwright-grade``, before anything else is imported."""

import ast
import contextlib
import gc
import sys
from pathlib import Path

from millwright_grader.warm.owner import begin_ahead, launch_ahead

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
        if imports := imports_named(Path("nbgrader_config.py")):
            begin_ahead(sys.executable, imports)
    # What is imported stays; to look through it again and again takes a tenth of the time.
    gc.disable()
    from millwright_grader.app import main as run

    gc.freeze()
    gc.enable()
    run()


def imports_named(config: Path) -> list[str]:
    """Return the modules that a course's configuration names as such, as far as plain text tells.

    It is looked at, not run: nbgrader will, and what it finds then counts.
    """
    with contextlib.suppress(
        OSError, ValueError, TypeError, SyntaxError, RecursionError, MemoryError
    ):
        for call in ast.walk(ast.parse(config.read_bytes())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "configure":
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                if "imports" not in given:
                    from millwright_grader.configuration import IMPORTS

                    return list(IMPORTS)
                named = ast.literal_eval(given["imports"])
                return [name for name in named if isinstance(name, str)]
    return []
