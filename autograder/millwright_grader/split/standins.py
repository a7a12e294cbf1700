"""What the checker sees of the student's objects.

Each stand-in forwards what a test does with it and receives plain values or other stand-ins. What
could let the student's code decide a verdict is not forwarded: an object where a number was asked
for cannot be compared, added or converted, so that one which claims to equal everything gains
nothing. Only instances that the test itself has made, by calling a class of the student's, have the
operators that such a class may define.
"""

import inspect
import types
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from .checker import Checker

OPERATIONS = {
    "__add__": "add",
    "__sub__": "sub",
    "__mul__": "mul",
    "__truediv__": "truediv",
    "__floordiv__": "floordiv",
    "__mod__": "mod",
    "__pow__": "pow",
    "__matmul__": "matmul",
    "__neg__": "neg",
    "__pos__": "pos",
    "__abs__": "abs",
    "__invert__": "invert",
    "__and__": "and_",
    "__or__": "or_",
    "__xor__": "xor",
    "__lt__": "lt",
    "__le__": "le",
    "__gt__": "gt",
    "__ge__": "ge",
}
REFLECTED = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")


METHOD = object()  # in the place of an attribute: it is a method


class StandIn:
    """An object in the student's process."""

    def __init__(self, checker: "Checker", number: int, name: str) -> None:
        vars(self).update(_checker=checker, _number=number, __name__=name, _methods={})

    def _ask(self, operation: str, *arguments: Any) -> Any:
        return self._checker.ask(operation, self, *arguments)

    def __repr__(self) -> str:
        return f"<{self.__name__} of the student>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{name} cannot be read from the student's {self.__name__}")
        if method := self._methods.get(name):
            return method
        value = self._checker.attribute(self, name)
        if value is METHOD:
            value = self._methods[name] = StudentMethod(self, name)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("setattr", name, value)

    def __delattr__(self, name: str) -> None:
        self._ask("delattr", name)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StandIn):
            return bool(self._number == other._number)
        if other is None:
            return False
        self._refuse()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(("student", self._number))

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError(
            f"a plain value was expected (a number, text, list, array …), "
            f"but the answer is an object of the type {self.__name__}"
        )


for _conversion in ("bool", "float", "int", "index", "complex", "array"):
    setattr(StandIn, f"__{_conversion}__", StandIn._refuse)


class StudentFunction(StandIn):
    """A function or method of the student's."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the student's process."""
        return self._checker.call("call", [self], args, kwargs)

    def __bool__(self) -> bool:
        return True

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return str(self._ask("describe")[0])

    @property
    def __signature__(self) -> inspect.Signature:
        _, parameters = self._ask("describe")
        return inspect.Signature(
            [
                inspect.Parameter(
                    name,
                    inspect._ParameterKind(kind),
                    default=default if has else inspect.Parameter.empty,
                )
                for name, kind, has, default in parameters
            ]
        )


class StudentMethod(StudentFunction):
    """A method of an object of the student's, known by its name."""

    def __init__(self, owner: StandIn, name: str) -> None:
        vars(self).update(_checker=owner._checker, _owner=owner, __name__=name, _methods={})

    @property
    def _number(self) -> int:
        # Only a test that gives the method away or asks about it needs the object itself.
        return self._checker.ask("bound", self._owner, self.__name__)._number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the student's process."""
        return self._checker.call("method", [self._owner, self.__name__], args, kwargs)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StudentMethod):
            return self._owner == other._owner and self.__name__ == other.__name__
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash((self._owner, self.__name__))


class StudentClass(StudentFunction):
    """A class of the student's; what it makes for the test may have operators."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make an instance in the student's process."""
        made = self._checker.call("call", [self], args, kwargs)
        if type(made) is StudentObject:
            return StudentInstance(self._checker, made._number, made.__name__)
        return made

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, StandIn) and self._checker.ask("isinstance", value, self) is True

    def __subclasscheck__(self, value: Any) -> bool:
        return isinstance(value, StandIn) and self._checker.ask("issubclass", value, self) is True


class StudentIterator(StandIn):
    """An iterator or generator of the student's."""

    def __iter__(self) -> "StudentIterator":
        return self

    def __next__(self) -> Any:
        found, value = self._ask("next")
        if found is not True:
            raise StopIteration
        return value

    def __bool__(self) -> bool:
        return True


class StudentObject(StandIn):
    """Another object of the student's."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the student's process."""
        return self._checker.call("call", [self], args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._ask("getitem", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("setitem", key, value)

    def __delitem__(self, key: Any) -> None:
        self._ask("delitem", key)

    def __len__(self) -> int:
        length = self._ask("len")
        if type(length) is not int:
            self._refuse()
        return length

    def __iter__(self) -> Any:
        return iter(self._ask("iter"))

    def __contains__(self, value: Any) -> bool:
        self._refuse()

    def __enter__(self) -> Any:
        return self._checker.call(self._ask("getattr", "__enter__"), (), {})

    def __exit__(self, *_: object) -> None:
        self._checker.call("method", [self, "__exit__"], (None, None, None), {})


class StudentInstance(StudentObject):
    """An object that the test has made by calling a class of the student's."""

    def _operate(self, name: str, *operands: Any) -> Any:
        result = self._checker.ask("operate", name, *operands)
        if type(result) is StudentObject:
            return StudentInstance(self._checker, result._number, result.__name__)
        return result

    def __eq__(self, other: object) -> bool:
        return self._operate("eq", self, other) is True

    def __ne__(self, other: object) -> bool:
        return self._operate("ne", self, other) is True

    __hash__ = StandIn.__hash__

    def __contains__(self, value: Any) -> bool:
        return self._operate("contains", self, value) is True

    def __bool__(self) -> bool:
        return self._operate("bool", self) is True

    def __float__(self) -> float:
        return float(self._plain("float", float))

    def __int__(self) -> int:
        return int(self._plain("int", int))

    def __str__(self) -> str:
        return str(self._plain("str", str))

    def _plain(self, name: str, kind: type) -> Any:
        value = self._operate(name, self)
        if type(value) is not kind:
            self._refuse()
        return value


def _operator(name: str) -> types.FunctionType:
    def operate(self: StudentInstance, *others: Any) -> Any:
        return self._operate(name, self, *others)

    return operate  # type: ignore[return-value]


def _reflected(name: str) -> types.FunctionType:
    def operate(self: StudentInstance, other: Any) -> Any:
        return self._operate(name, other, self)

    return operate  # type: ignore[return-value]


for _method, _name in OPERATIONS.items():
    setattr(StudentInstance, _method, _operator(_name))
for _name in REFLECTED:
    setattr(StudentInstance, f"__r{_name}__", _reflected(_name))

KINDS: dict[str, type[StandIn]] = {
    "function": StudentFunction,
    "class": StudentClass,
    "iterator": StudentIterator,
    "object": StudentObject,
}
