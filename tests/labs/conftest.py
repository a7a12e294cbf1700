from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output


@pytest.fixture(scope="module")
def displayed() -> Callable[..., RichOutput]:
    """Return a function that runs a call and returns the one thing that it displays."""
    shell = InteractiveShell.instance()

    def run(call: Callable[..., Any], *args: Any, **kwargs: Any) -> RichOutput:
        with capture_output() as captured:
            call(*args, **kwargs)
        (output,) = captured.outputs
        return output

    yield run
    shell.clear_instance()
