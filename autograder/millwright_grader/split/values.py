"""The values that cross the border between a student's process and the checker.

A closed list of types travels by value, each exactly: `None`, `bool`, `int`, `float`, `complex`,
`str`, `bytes`, `list`, `tuple`, named tuples, `dict`, `set`, `frozenset`, `range`, `slice`,
`Ellipsis`, NumPy scalars and arrays of plain dtypes, pandas series, tables and indexes, linear
systems of python-control as their coefficients, SymPy expressions as trees of known heads, built-in
exceptions, and matplotlib figures as the data drawn in them. Everything else stays where it is and
travels as a reference, which the two sides make and resolve (`export`, `resolve`).

A message is JSON with the arrays' bytes behind it. Nothing in it is ever evaluated, imported or
unpickled. `decode` takes nothing on trust: types, sizes, depth and lengths are checked, because the
other side may send what it likes.
"""

import builtins
import cmath
import collections
import json
import keyword
import pathlib
import re
import struct
import sys
from collections.abc import Callable
from typing import Any, NoReturn

MESSAGE_BYTES = 64 << 20
DEPTH = 60
ITEMS = 1_000_000
TEXT = 1 << 20  # characters of one string

HEADER = struct.Struct("!II")  # bytes of JSON, number of arrays
LENGTH = struct.Struct("!Q")
_WIDE = 1 << 63  # from here on, JSON's numbers are not every reader's

# Made once: `json.dumps` and `json.loads` with options make one for each message.
_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False).encode
_from_json = json.JSONDecoder().decode

# Exceptions that a test may meet as themselves. What would end a process, or is a signal of the
# language rather than an error, comes as RuntimeError.
EXCEPTIONS: dict[str, type[Exception]] = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type)
    and issubclass(kind, Exception)
    and not issubclass(kind, (Warning, StopIteration, StopAsyncIteration))
    and not name.endswith("Group")
}

_EXCEPTION_TYPES = frozenset(EXCEPTIONS.values())

DTYPE_KINDS = "biufcmMSU"


def names(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


# Heads of SymPy trees, by the names that SymPy exports.
SYMPY_HEADS = names(
    "Add Mul Pow Abs Max Min sign floor ceiling exp log sqrt sin cos tan cot sec csc asin acos "
    "atan acot atan2 sinh cosh tanh coth asinh acosh atanh Heaviside DiracDelta Piecewise "
    "ExprCondPair re im arg conjugate factorial gamma erf erfc besselj bessely Derivative "
    "Integral Sum Product Limit Tuple And Or Not Xor Mod Subs Order Interval Union Intersection "
    "FiniteSet StrictGreaterThan StrictLessThan GreaterThan LessThan Equality Unequality"
)
SYMPY_SINGLETONS = names(
    "Zero One NegativeOne Half Pi Exp1 ImaginaryUnit Infinity NegativeInfinity ComplexInfinity "
    "NaN BooleanTrue BooleanFalse EulerGamma GoldenRatio EmptySet Reals Integers"
)

PANDAS_DTYPES = names(
    "object str string category boolean Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 "
    "Float32 Float64 bool"
)


# SymPy prints names as they are into the code that its `lambdify` makes.
SYMBOL = re.compile(r"[\w\\{}^+ -]{1,100}")
FUNCTION = re.compile(r"[^\W\d_]\w{0,30}")
CALLABLE = frozenset(vars(builtins)) | names(
    "load loads save savez loadtxt savetxt genfromtxt fromfile fromregex memmap open_memmap "
    "DataSource vectorize frompyfunc apply_along_axis apply_over_axes lambdify sympify parse_expr "
    "S preview plot init_printing init_session source lib f2py test testing"
)


def is_symbol_name(text: str) -> bool:
    """Tell whether a SymPy symbol may have this name."""
    return SYMBOL.fullmatch(text) is not None


def is_function_name(text: str) -> bool:
    """Tell whether an undefined SymPy function may have this name."""
    return bool(FUNCTION.fullmatch(text)) and not keyword.iskeyword(text) and text not in CALLABLE


class WireError(Exception):
    """A message breaks the rules, or a value is too large to travel."""


Export = Callable[[Any], list[Any]]
Resolve = Callable[[str, list[Any]], Any]


def dump(message: Any, export: Export) -> bytes:
    """Return the bytes of a message.

    Parameters
    ----------
    message
        A value; containers are encoded with all that they hold.
    export
        Returns the reference, a list that starts with an upper-case tag, for what does not travel
        by value.

    Raises
    ------
    WireError
        If the message is too large or too deep.
    """
    arrays: list[bytes] = []
    encoder = _Encoder(export, arrays)
    try:
        body = _to_json(encoder.encode(message, 0)).encode("ascii")
    except (RecursionError, MemoryError, ValueError) as error:
        raise WireError(f"a value cannot travel: {error}") from error
    size = HEADER.size + len(body) + sum(LENGTH.size + len(part) for part in arrays)
    if size > MESSAGE_BYTES:
        raise WireError(f"a value is too large to travel: {size >> 20} MiB")
    if not arrays:
        return HEADER.pack(len(body), 0) + body
    return b"".join(
        [
            HEADER.pack(len(body), len(arrays)),
            body,
            *(LENGTH.pack(len(part)) for part in arrays),
            *arrays,
        ]
    )


def load(data: bytes, resolve: Resolve) -> Any:
    """Return the value of a message.

    Parameters
    ----------
    data
        What `dump` returned, or anything else that the other side has sent.
    resolve
        Returns the object for a reference: called with its upper-case tag and its fields.

    Raises
    ------
    WireError
        If the bytes are no such message.
    """
    try:
        size, count = HEADER.unpack_from(data)
        start = HEADER.size + size
        if start > len(data) or count > ITEMS:
            raise WireError("a message is cut short")
        body = _from_json(data[HEADER.size : start].decode("ascii"))
        end = start + LENGTH.size * count
        lengths = [LENGTH.unpack_from(data, at)[0] for at in range(start, end, LENGTH.size)]
        arrays = []
        for length in lengths:
            if end + length > len(data):
                raise WireError("a message is cut short")
            arrays.append(data[end : end + length])
            end += length
        return _Decoder(resolve, arrays).decode(body, 0)
    except WireError:
        raise
    except Exception as error:
        # Whatever a forged message breaks in here is the fault of the message.
        raise WireError(f"a message breaks the rules: {type(error).__name__}") from error


def plain_exception(error: BaseException) -> tuple[str, str]:
    """Return the name of the nearest known exception type and a short message."""
    name = "RuntimeError"
    if isinstance(error, Exception) and not isinstance(error, (StopIteration, StopAsyncIteration)):
        kinds = (kind.__name__ for kind in type(error).__mro__ if kind in EXCEPTIONS.values())
        name = next(kinds, name)
    try:
        text = str(error)
    except Exception:
        text = ""
    if type(error).__name__ != name:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return name, text[:2000]


def _loaded(module: str) -> Any:
    """Return a module if it is in use; a value of its types cannot exist otherwise."""
    return sys.modules.get(module)


class _Encoder:
    def __init__(self, export: Export, arrays: list[bytes]) -> None:
        self.export, self.arrays = export, arrays
        self.items = 0

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is float or value is None or kind is bool:
            return value
        if kind is int:
            return value if -_WIDE < value < _WIDE else ["int", hex(value)]
        if kind is str:
            if len(value) > TEXT:
                raise WireError("a text is too long to travel")
            return value
        self.items += 1
        if depth > DEPTH or self.items > ITEMS:
            raise WireError("a value is too deep or has too many parts to travel")
        encode = _BY_TYPE.get(kind)
        if encode is not None:
            return encode(self, value, depth + 1)
        special = self.special(value, kind, depth + 1)
        if special is None and kind in _EXCEPTION_TYPES:
            special = ["exception", *plain_exception(value)]
        return self.export(value) if special is None else special

    def each(self, tag: str, values: Any, depth: int) -> list[Any]:
        encode = self.encode
        wire = [value if type(value) is float else encode(value, depth) for value in values]
        wire.insert(0, tag)
        return wire

    def special(self, value: Any, kind: type, depth: int) -> list[Any] | None:
        """Encode the values of libraries; None for what is not among them."""
        if (sympy := _loaded("sympy")) and isinstance(value, sympy.Basic):
            return self.of_sympy(value, depth)
        module = str(getattr(kind, "__module__", "")).partition(".")[0]
        if module == "numpy":
            return self.of_numpy(value, kind)
        if module == "pandas":
            return self.of_pandas(value, kind, depth)
        if module == "control":
            return self.of_control(value, kind, depth)
        if module == "sympy":
            return self.of_sympy(value, depth)
        if module == "matplotlib":
            return self.of_matplotlib(value, depth)
        fields = getattr(kind, "_fields", None)
        if kind.__base__ is tuple and isinstance(fields, tuple):
            return ["named", kind.__name__, list(fields), self.each("tuple", value, depth)]
        return None

    def of_numpy(self, value: Any, kind: type) -> list[Any] | None:
        numpy = _loaded("numpy")
        if isinstance(value, numpy.generic) and value.dtype.kind in DTYPE_KINDS:
            return ["scalar", value.dtype.str, self.bytes_of(numpy.asarray(value))]
        if kind is not numpy.ndarray:
            return None
        if value.dtype.kind in DTYPE_KINDS:
            return ["array", value.dtype.str, list(value.shape), self.bytes_of(value)]
        if value.dtype.kind == "O":
            shape = ["tuple", *value.shape]
            return ["objects", shape, self.each("list", value.ravel().tolist(), 1)]
        return None

    def bytes_of(self, array: Any) -> int:
        self.arrays.append(array.tobytes())
        return len(self.arrays) - 1

    def of_pandas(self, value: Any, kind: type, depth: int) -> list[Any] | None:
        pandas = _loaded("pandas")
        if kind is pandas.Series:
            parts = (value.name, value.index, _column(value))
            return ["series", *(self.encode(part, depth) for part in parts), str(value.dtype)]
        if kind is pandas.DataFrame:
            columns = [value.iloc[:, i] for i in range(value.shape[1])]
            return [
                "table",
                self.encode(value.columns, depth),
                self.encode(value.index, depth),
                *([self.encode(_column(c), depth), str(c.dtype)] for c in columns),
            ]
        if kind is pandas.RangeIndex:
            return ["rows", value.start, value.stop, value.step, self.encode(value.name, depth)]
        if kind is pandas.MultiIndex:
            names = self.encode(list(value.names), depth)
            return ["levels", names, self.encode(list(value), depth)]
        if isinstance(value, pandas.Index):
            name = self.encode(value.name, depth)
            return ["index", name, self.encode(_column(value), depth), str(value.dtype)]
        if kind is pandas.Timestamp and value.tzinfo is None:
            return ["timestamp", value.isoformat()]
        if kind is pandas.Timedelta:
            return ["duration", value.value]
        if value is pandas.NaT or value is pandas.NA:
            return ["missing", "NaT" if value is pandas.NaT else "NA"]
        return None

    def of_control(self, value: Any, kind: type, depth: int) -> list[Any] | None:
        control = _loaded("control")
        labels = (value.name, value.dt, list(value.input_labels), list(value.output_labels))
        if kind is control.TransferFunction:
            parts: tuple[Any, ...] = (value.num_list, value.den_list)
        elif kind is control.StateSpace:
            parts = (value.A, value.B, value.C, value.D, list(value.state_labels))
        elif kind is control.FrequencyResponseData:
            parts = (value.frdata, value.omega)
        else:
            return None
        return ["system", kind.__name__, *(self.encode(p, depth) for p in (labels, *parts))]

    def of_sympy(self, value: Any, depth: int) -> list[Any] | None:
        sympy = _loaded("sympy")
        if isinstance(value, sympy.MatrixBase):
            return ["matrix", *value.shape, self.each("list", list(value), depth)]
        return ["tree", self.tree(value, depth)] if isinstance(value, sympy.Basic) else None

    def tree(self, value: Any, depth: int) -> list[Any]:
        sympy = _loaded("sympy")
        self.items += 1
        if depth > DEPTH or self.items > ITEMS:
            raise WireError("an expression is too large to travel")
        name = type(value).__name__
        if isinstance(value, sympy.Symbol) and type(value) in (sympy.Symbol, sympy.Dummy):
            known = sorted((k, v) for k, v in value._assumptions_orig.items() if v is not None)
            return ["symbol", name, value.name, *([k, bool(v)] for k, v in known)]
        if name in SYMPY_SINGLETONS:
            return ["constant", name]
        if isinstance(value, sympy.Integer):
            return ["integer", hex(int(value))]
        if isinstance(value, sympy.Rational):
            return ["ratio", hex(int(value.p)), hex(int(value.q))]
        if isinstance(value, sympy.Float):
            return ["float", str(value), int(value._prec)]
        if type(value).__class__ is sympy.core.function.UndefinedFunction:
            return ["unknown", name, *(self.tree(a, depth + 1) for a in value.args)]
        if name in SYMPY_HEADS:
            return ["head", name, *(self.tree(a, depth + 1) for a in value.args)]
        raise WireError(f"a SymPy expression holds {name}, which cannot travel")

    def of_matplotlib(self, value: Any, depth: int) -> list[Any] | None:
        figure_module, axes_module = _loaded("matplotlib.figure"), _loaded("matplotlib.axes")
        if figure_module and isinstance(value, figure_module.Figure):
            drawn = [_drawn(axes) for axes in value.axes]
            return ["figure", self.encode(drawn, depth), _suptitle(value)]
        if axes_module and isinstance(value, axes_module.Axes) and value.figure is not None:
            figure = value.figure
            drawn = [_drawn(axes) for axes in figure.axes]
            return ["axes", self.encode(drawn, depth), figure.axes.index(value)]
        return None


def _column(series: Any) -> Any:
    """Return the values of a pandas column as an array, or as a list where they are not numbers."""
    dtype = series.dtype
    if getattr(dtype, "kind", "O") in "biufcmM" and hasattr(dtype, "str"):
        return series.to_numpy()
    return series.tolist()


def _suptitle(figure: Any) -> str:
    return str(figure.get_suptitle())[:1000]


def _drawn(axes: Any) -> dict[str, Any]:
    """Return what a test can ask of one pair of axes."""
    lines = [
        {
            "x": list(line.get_xdata()),
            "y": list(line.get_ydata()),
            "label": str(line.get_label()),
            "style": str(line.get_linestyle()),
            "marker": str(line.get_marker()),
            "width": float(line.get_linewidth()),
        }
        for line in axes.get_lines()
    ]
    dots = [
        points.get_offsets().data.tolist() for points in axes.collections if _is_scatter(points)
    ]
    bars = [
        [patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()]
        for patch in axes.patches
        if hasattr(patch, "get_height")
    ]
    legend = axes.get_legend()
    return {
        "lines": lines,
        "dots": dots,
        "bars": bars,
        "texts": [text.get_text() for text in axes.texts],
        "title": axes.get_title(),
        "xlabel": axes.get_xlabel(),
        "ylabel": axes.get_ylabel(),
        "xscale": axes.get_xscale(),
        "yscale": axes.get_yscale(),
        "xlim": [float(v) for v in axes.get_xlim()],
        "ylim": [float(v) for v in axes.get_ylim()],
        "legend": [text.get_text() for text in legend.get_texts()] if legend else None,
    }


def _is_scatter(collection: Any) -> bool:
    return type(collection).__name__ == "PathCollection"


_BY_TYPE: dict[type, Callable[[_Encoder, Any, int], list[Any]]] = {
    list: lambda e, v, d: e.each("list", v, d),
    tuple: lambda e, v, d: e.each("tuple", v, d),
    set: lambda e, v, d: e.each("set", v, d),
    frozenset: lambda e, v, d: e.each("frozenset", v, d),
    dict: lambda e, v, d: ["dict", *([e.encode(k, d), e.encode(x, d)] for k, x in v.items())],
    complex: lambda e, v, d: ["complex", v.real, v.imag],
    bytes: lambda e, v, d: ["bytes", v.hex()],
    bytearray: lambda e, v, d: ["bytes", bytes(v).hex()],
    range: lambda e, v, d: ["range", v.start, v.stop, v.step],
    pathlib.PosixPath: lambda e, v, d: ["path", str(v)],
    slice: lambda e, v, d: ["slice", *(e.encode(x, d) for x in (v.start, v.stop, v.step))],
    type(Ellipsis): lambda e, v, d: ["ellipsis"],
}
# Dictionaries of the standard library are told from others by how they fill, not by what they hold.
for _kind in (collections.OrderedDict, collections.defaultdict, collections.Counter):
    _BY_TYPE[_kind] = _BY_TYPE[dict]


class _Decoder:
    def __init__(self, resolve: Resolve, arrays: list[bytes]) -> None:
        self.resolve, self.arrays = resolve, arrays
        self.items = 0

    def decode(self, wire: Any, depth: int) -> Any:
        kind = type(wire)
        if kind is float or wire is None or kind is int or kind is bool:
            return wire
        if kind is str:
            return self.text(wire)
        self.items += 1
        if kind is not list or not wire or type(wire[0]) is not str:
            self.broken("a part without a tag")
        if depth > DEPTH or self.items > ITEMS:
            self.broken("too deep or too many parts")
        tag, *fields = wire
        if tag == "list":
            decode = self.decode
            return [field if type(field) is float else decode(field, depth + 1) for field in fields]
        if tag.isupper():
            return self.resolve(tag, [self.decode(field, depth + 1) for field in fields])
        special = getattr(self, f"to_{tag}", None)
        if special is None:
            self.broken("an unknown tag")
        return special(fields, depth + 1)

    @staticmethod
    def broken(what: str) -> NoReturn:
        raise WireError(f"a message breaks the rules: {what}")

    def text(self, wire: Any) -> str:
        if type(wire) is not str or len(wire) > TEXT:
            self.broken("no text, or too long a one")
        return wire

    def whole(self, wire: Any) -> int:
        if type(wire) is not int:
            self.broken("no whole number")
        return wire

    def number(self, wire: Any) -> float:
        if type(wire) not in (int, float):
            self.broken("no number")
        return float(wire)

    def all(self, fields: list[Any], depth: int) -> list[Any]:
        return [self.decode(field, depth) for field in fields]

    def hex(self, wire: Any) -> int:
        if len(self.text(wire)) > 5000:
            self.broken("too long a number")
        return int(wire, 16)

    def to_int(self, fields: list[Any], depth: int) -> int:
        return self.hex(fields[0])

    def to_list(self, fields: list[Any], depth: int) -> list[Any]:
        return self.all(fields, depth)

    def to_tuple(self, fields: list[Any], depth: int) -> tuple[Any, ...]:
        return tuple(self.all(fields, depth))

    def to_set(self, fields: list[Any], depth: int) -> set[Any]:
        return set(self.all(fields, depth))

    def to_frozenset(self, fields: list[Any], depth: int) -> frozenset[Any]:
        return frozenset(self.all(fields, depth))

    def to_dict(self, fields: list[Any], depth: int) -> dict[Any, Any]:
        return {self.decode(key, depth): self.decode(value, depth) for key, value in fields}

    def to_named(self, fields: list[Any], depth: int) -> tuple[Any, ...]:
        name, keys, values = fields
        words = [self.text(word) for word in (name, *keys)]
        if any(not w.isidentifier() or keyword.iskeyword(w) or len(w) > 100 for w in words):
            self.broken("no names")
        kind = collections.namedtuple(words[0], words[1:])  # type: ignore[misc]
        made: tuple[Any, ...] = kind(*self.decode(values, depth))
        return made

    def to_complex(self, fields: list[Any], depth: int) -> complex:
        return complex(self.number(fields[0]), self.number(fields[1]))

    def to_bytes(self, fields: list[Any], depth: int) -> bytes:
        return bytes.fromhex(fields[0])

    def to_range(self, fields: list[Any], depth: int) -> range:
        return range(*map(self.whole, fields))

    def to_slice(self, fields: list[Any], depth: int) -> slice:
        return slice(*self.all(fields, depth))

    def to_path(self, fields: list[Any], depth: int) -> pathlib.Path:
        return pathlib.Path(self.text(fields[0]))

    def to_ellipsis(self, fields: list[Any], depth: int) -> Any:
        return ...

    def to_exception(self, fields: list[Any], depth: int) -> Exception:
        try:
            return EXCEPTIONS[fields[0]](self.text(fields[1]))
        except TypeError:  # some take more than a message
            return RuntimeError(fields[1])

    # NumPy

    def dtype(self, wire: Any) -> Any:
        import numpy

        if len(self.text(wire)) > 20:
            self.broken("no dtype")
        dtype = numpy.dtype(wire)
        if dtype.kind not in DTYPE_KINDS or dtype.hasobject or dtype.subdtype or dtype.names:
            self.broken("a dtype that cannot travel")
        return dtype

    def array_of(self, wire: Any, shape: Any, at: Any) -> Any:
        import numpy

        dtype, sizes = self.dtype(wire), tuple(map(self.whole, shape))
        if any(size < 0 for size in sizes) or len(sizes) > 32:
            self.broken("no shape")
        return numpy.frombuffer(self.arrays[self.whole(at)], dtype).reshape(sizes).copy()

    def to_array(self, fields: list[Any], depth: int) -> Any:
        return self.array_of(*fields)

    def to_scalar(self, fields: list[Any], depth: int) -> Any:
        return self.array_of(fields[0], [], fields[1])[()]

    def to_objects(self, fields: list[Any], depth: int) -> Any:
        import numpy

        shape = tuple(map(self.whole, self.decode(fields[0], depth)))
        values = self.decode(fields[1], depth)
        array = numpy.empty(len(values), dtype=object)
        for at, value in enumerate(values):
            array[at] = value
        return array.reshape(shape)

    # pandas

    def pandas_column(self, values: Any, dtype: Any) -> Any:
        import pandas

        name = self.text(dtype)
        if hasattr(values, "dtype"):
            return values
        return pandas.array(values, dtype=name if name in PANDAS_DTYPES else object)

    def to_series(self, fields: list[Any], depth: int) -> Any:
        import pandas

        name, index, values = self.all(fields[:3], depth)
        return pandas.Series(self.pandas_column(values, fields[3]), index=index, name=name)

    def to_table(self, fields: list[Any], depth: int) -> Any:
        import pandas

        columns, index = self.all(fields[:2], depth)
        data = {
            at: pandas.Series(self.pandas_column(self.decode(v, depth), d), index=index)
            for at, (v, d) in enumerate(fields[2:])
        }
        table = pandas.DataFrame(data, index=index)
        table.columns = columns
        return table

    def to_rows(self, fields: list[Any], depth: int) -> Any:
        import pandas

        start, stop, step = map(self.whole, fields[:3])
        return pandas.RangeIndex(start, stop, step, name=self.decode(fields[3], depth))

    def to_levels(self, fields: list[Any], depth: int) -> Any:
        import pandas

        names, values = self.all(fields, depth)
        return pandas.MultiIndex.from_tuples(values, names=names)

    def to_index(self, fields: list[Any], depth: int) -> Any:
        import pandas

        name, values = self.all(fields[:2], depth)
        return pandas.Index(self.pandas_column(values, fields[2]), name=name)

    def to_timestamp(self, fields: list[Any], depth: int) -> Any:
        import pandas

        return pandas.Timestamp(self.text(fields[0])[:40])

    def to_duration(self, fields: list[Any], depth: int) -> Any:
        import pandas

        return pandas.Timedelta(self.whole(fields[0]))

    def to_missing(self, fields: list[Any], depth: int) -> Any:
        import pandas

        return pandas.NaT if fields[0] == "NaT" else pandas.NA

    # python-control

    def to_system(self, fields: list[Any], depth: int) -> Any:
        import control

        kind, *parts = fields
        (name, dt, inputs, outputs), *numbers = self.all(parts, depth)
        labels = {"name": name, "inputs": inputs, "outputs": outputs}
        if kind == "TransferFunction":
            return control.TransferFunction(*numbers, dt, **labels)
        if kind == "StateSpace":
            *matrices, states = numbers
            return control.StateSpace(*matrices, dt, states=states, **labels)
        if kind == "FrequencyResponseData":
            return control.FrequencyResponseData(*numbers, dt=dt, **labels)
        self.broken("an unknown system")

    # SymPy

    def to_matrix(self, fields: list[Any], depth: int) -> Any:
        import sympy

        rows, columns = map(self.whole, fields[:2])
        return sympy.Matrix(rows, columns, self.decode(fields[2], depth))

    def to_tree(self, fields: list[Any], depth: int) -> Any:
        return self.grow(fields[0], depth)

    def grow(self, wire: Any, depth: int) -> Any:
        import sympy

        self.items += 1
        if depth > DEPTH or self.items > ITEMS:
            self.broken("too large an expression")
        tag, *fields = wire
        if tag == "symbol":
            kind, name, *known = fields
            assumptions = {self.text(k): bool(v) for k, v in known}
            symbol = {"Symbol": sympy.Symbol, "Dummy": sympy.Dummy}[kind]
            if not is_symbol_name(self.text(name)):
                self.broken("no name of a symbol")
            return symbol(name, **assumptions)
        if tag == "constant" and fields[0] in SYMPY_SINGLETONS:
            return getattr(
                sympy.S, {"BooleanTrue": "true", "BooleanFalse": "false"}.get(*fields * 2)
            )
        if tag == "integer":
            return sympy.Integer(self.hex(fields[0]))
        if tag == "ratio":
            return sympy.Rational(self.hex(fields[0]), self.hex(fields[1]))
        if tag == "float":
            return sympy.Float(
                self.text(fields[0])[:1000], precision=min(self.whole(fields[1]), 4000)
            )
        if tag == "unknown":
            name = self.text(fields[0])
            if not is_function_name(name):
                self.broken("no name of a function")
            return sympy.Function(fields[0])(*(self.grow(a, depth + 1) for a in fields[1:]))
        if tag == "head" and fields[0] in SYMPY_HEADS:
            parts = [self.grow(part, depth + 1) for part in fields[1:]]
            head = (
                getattr(sympy, fields[0], None) or sympy.functions.elementary.piecewise.ExprCondPair
            )
            # The expression is as the student's SymPy left it; evaluating 9**9**9 again is not for
            # the checker to do.
            try:
                return head(*parts, evaluate=False)
            except TypeError:
                return head(*parts)
        self.broken("an unknown expression")

    # matplotlib

    def to_figure(self, fields: list[Any], depth: int) -> Any:
        figure, _ = self.draw(fields[0], depth)
        if title := self.text(fields[1]):
            figure.suptitle(title)
        return figure

    def to_axes(self, fields: list[Any], depth: int) -> Any:
        return self.draw(fields[0], depth)[1][self.whole(fields[1])]

    def draw(self, wire: Any, depth: int) -> tuple[Any, list[Any]]:
        """Draw again what was drawn, on a figure that is not pyplot's."""
        from matplotlib.figure import Figure

        figure, drawn = Figure(), self.decode(wire, depth)
        for at, data in enumerate(drawn[:64]):
            axes = figure.add_subplot(1, len(drawn), at + 1)
            for line in data["lines"]:
                axes.plot(
                    *(line["x"], line["y"]),
                    label=line["label"],
                    linestyle=line["style"] if line["style"] != "None" else "",
                    marker=line["marker"],
                    linewidth=line["width"],
                )
            for dots in data["dots"]:
                axes.scatter(*zip(*dots, strict=True)) if dots else axes.scatter([], [])
            for left, bottom, width, height in data["bars"]:
                axes.bar(left, height, width, bottom, align="edge")
            axes.set_xscale(data["xscale"])
            axes.set_yscale(data["yscale"])
            if all(cmath.isfinite(v) for v in (*data["xlim"], *data["ylim"])):
                axes.set_xlim(data["xlim"])
                axes.set_ylim(data["ylim"])
            axes.set(title=data["title"], xlabel=data["xlabel"], ylabel=data["ylabel"])
            for text in data["texts"]:
                axes.text(0, 0, text)
            if data["legend"] is not None:
                axes.legend(
                    [axes.plot([], [], label="_")[0] for _ in data["legend"]], data["legend"]
                )
        return figure, figure.axes
