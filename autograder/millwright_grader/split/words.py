"""Values in few words, for a student who reads why a check has failed."""

from typing import Any

TEXT = 60  # characters of a text that are shown
PARTS = 4  # parts of a list that are shown
BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")")}


def in_short(value: Any, depth: int = 0) -> str:
    """Return a value in at most about a hundred characters.

    Only what the border lets through is looked into; of everything else the type is named.
    """
    kind = type(value)
    if value is None or kind is bool or (kind is int and abs(value) < 10**15):
        return repr(value)
    if kind is int:
        return f"a whole number of {value.bit_length()} bits"
    if kind is float:
        return f"{value:.6g}"
    if kind is complex:
        return f"{value.real:.6g}{value.imag:+.6g}j"
    if kind is str:
        return repr(value if len(value) <= TEXT else f"{value[:TEXT]}…")
    if kind in (list, tuple, set, frozenset, dict):
        name = kind.__name__
        if depth or len(value) > PARTS:
            return f"a {name} of {len(value)}"
        if kind is dict:
            parts = [f"{in_short(k, 1)}: {in_short(v, 1)}" for k, v in value.items()]
        else:
            parts = [in_short(part, 1) for part in value]
        left, right = BRACKETS.get(kind, ("{", "}"))
        return f"{left}{', '.join(parts)}{right}" if parts else f"an empty {name}"
    return _of_libraries(value, kind)


def _of_libraries(value: Any, kind: type) -> str:
    shape = getattr(value, "shape", None)
    if kind.__module__ == "numpy" and shape == ():
        return in_short(value.item())
    if kind.__module__ == "numpy" and isinstance(shape, tuple):
        numbers = [in_short(number, 1) for number in value.ravel()[:PARTS].tolist()]
        more = ", …" if value.size > PARTS else ""
        return f"an array of shape {shape}: {', '.join(numbers)}{more}"
    if kind.__module__.startswith("pandas") and isinstance(shape, tuple):
        sizes = " × ".join(str(size) for size in shape)
        return f"a {kind.__name__} of {sizes}"
    return f"an object of the type {getattr(value, '__name__', '') or kind.__name__}"
