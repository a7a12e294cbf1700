"""The source text of a plant's equations, with everything that they use and nothing else."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any

from millwright_labs.errors import ExportError
from millwright_labs.plants.plant import Model


def standalone(functions: dict[str, Callable[..., Any]]) -> str:
    """Give Python text that defines functions without the modules that they come from.

    Parameters
    ----------
    functions : dict of str to function
        By the name that each shall have.

    Returns
    -------
    str
        Imports of the standard library, constants and functions, then the names.

    Raises
    ------
    ExportError
        A function uses something that is neither a number, a text, a function nor of the
        standard library.
    """
    parts: dict[str, str] = {}
    names = {wanted: _add(function, parts) for wanted, function in functions.items()}
    lines = list(parts.values())
    lines += [f"{wanted} = {name}" for wanted, name in names.items() if wanted != name]
    return "\n\n".join(lines) + "\n"


def _add(function: Any, parts: dict[str, str]) -> str:
    """Add a function's source, after what it uses; give its name."""
    # What has a cache around it works without.
    function = getattr(function, "__wrapped__", function)
    name = function.__name__
    if name in parts:
        return name
    parts[name] = ""  # a function may call itself
    if isinstance(function, type):
        namespace, codes = vars(sys.modules[function.__module__]), _codes_of_class(function)
    else:
        namespace, codes = function.__globals__, [function.__code__]
    for used in sorted(set().union(*map(_names, codes)) & set(namespace)):
        _add_value(used, namespace[used], parts)
    source = textwrap.dedent(inspect.getsource(function))
    del parts[name]
    parts[name] = source[
        source.index("class " if isinstance(function, type) else "def ") :
    ].rstrip()
    return name


def _add_value(name: str, value: Any, parts: dict[str, str]) -> None:
    if name in parts:
        return
    if isinstance(value, ModuleType):
        parts[name] = f"import {value.__name__} as {name}"
    elif isinstance(value, Model):
        # At rest a plant may ask for the names of its faults.
        faults = ", ".join(f"SimpleNamespace(name={fault.name!r})" for fault in value.faults)
        parts.setdefault("SimpleNamespace", "from types import SimpleNamespace")
        parts[name] = f"{name} = SimpleNamespace(faults=[{faults}])"
    elif getattr(value, "__module__", "").partition(".")[0] in sys.stdlib_module_names:
        parts[name] = f"from {value.__module__} import {value.__name__} as {name}"
    elif isinstance(value, FunctionType | type) or hasattr(value, "__wrapped__"):
        _add(value, parts)
    else:
        text = repr(value)
        try:
            same = ast.literal_eval(text) == value
        except (ValueError, SyntaxError):
            same = False
        if not same:
            raise ExportError(
                f"The equations use {name}, a {type(value).__name__}, which cannot be written into "
                "a file. Let them use numbers, functions and the standard library only."
            )
        parts[name] = f"{name} = {text}"


def _codes_of_class(cls: type) -> list[CodeType]:
    return [member.__code__ for member in vars(cls).values() if isinstance(member, FunctionType)]


def _names(code: CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*map(_names, inner))
