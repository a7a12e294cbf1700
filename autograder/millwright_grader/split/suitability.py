"""Which tests cannot run apart from the student's code, told from their text.

`reasons` names what the checker has no answer to, each with what to write in its place. It errs on
the side of silence: what a test cell does with values it has computed is not followed. A cell that
it names may still run, if what it names is about an object of the author's own.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .execution import bound_names, imports
from .magics import as_python, magic, without_magics

_HISTORY = re.compile(r"In|Out|_{1,3}|_i{1,3}|_ih|_oh|_dh|_i?\d+")
_NAMESPACES = frozenset({"globals", "locals", "vars", "dir"})
_EXECUTE = frozenset({"exec", "eval", "compile"})
_BROUGHT = frozenset({"input", "print", "open"})

_CALLS = {
    "it looks at the source or kind of the student's code with {name}: test what the code does": (
        "inspect.getsource inspect.getsourcelines inspect.getsourcefile inspect.getfile "
        "inspect.isfunction inspect.isclass inspect.isgenerator inspect.isgeneratorfunction "
        "inspect.iscoroutinefunction inspect.getmembers inspect.getclosurevars "
        "dis.dis dis.get_instructions dis.Bytecode typing.get_type_hints "
        "dataclasses.fields dataclasses.asdict dataclasses.astuple dataclasses.is_dataclass"
    ),
    "it copies an object of the student's with {name}: make another one": (
        "copy.copy copy.deepcopy pickle.dump pickle.dumps"
    ),
    "{name} uses threads, and the student's process answers one call at a time: call in a loop": (
        "threading.Thread concurrent.futures.ThreadPoolExecutor multiprocessing.pool.ThreadPool"
    ),
    "{name} needs another process, and there is none: call the function": (
        "subprocess.run subprocess.Popen subprocess.call subprocess.check_call "
        "subprocess.check_output subprocess.getoutput os.system os.popen os.fork "
        "multiprocessing.Process multiprocessing.Pool "
        "concurrent.futures.ProcessPoolExecutor"
    ),
    "{name} looks at figures of the test's own process: let the student's function return its "
    "figure or axes": "matplotlib.pyplot.gca matplotlib.pyplot.gcf matplotlib.pyplot.get_fignums",
    "warnings of the student's code do not reach {name}: test what the code returns": (
        "pytest.warns warnings.catch_warnings"
    ),
    "{name} runs a coroutine, and the student's stays where it is: ask for an ordinary function": (
        "asyncio.run"
    ),
    "{name} reads what student code has printed to the error stream, which stays there: "
    "use redirect_stdout": "contextlib.redirect_stderr",
}
_CALLED = {name: text for text, names in _CALLS.items() for name in names.split()}
# Of these, the ones that ask about their first argument only.
_ABOUT_AN_OBJECT = ("inspect.", "dis.", "typing.", "dataclasses.", "copy.", "pickle.", "asyncio.")

_HIDDEN = frozenset(
    {"__dict__", "__code__", "__closure__", "__globals__", "__defaults__", "__kwdefaults__"}
    | {"__annotations__", "__mro__", "__bases__", "__module__", "__qualname__", "__class__"}
)
_KINDS = frozenset({"type", "object"})


@dataclass(frozen=True)
class Page:
    """What the cells around a test bind.

    Attributes
    ----------
    students : frozenset of str
        Names that the author's solution binds.
    students_classes : frozenset of str
        Classes among them.
    authors : frozenset of str
        Names that the author's locked cells bind.
    authors_classes : frozenset of str
        Classes among them.
    modules : dict
        What any cell imports: dotted names by the name given.
    """

    students: frozenset[str] = frozenset()
    students_classes: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    authors_classes: frozenset[str] = frozenset()
    modules: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, solutions: Iterable[str], locked: Iterable[str]) -> "Page":
        """Return what an author's solution cells and locked cells bind, from their source."""
        solutions, locked = list(solutions), list(locked)
        return cls(
            frozenset[str]().union(*map(bound_names, solutions)),
            frozenset[str]().union(*map(_classes, solutions)),
            frozenset[str]().union(*map(bound_names, locked)),
            frozenset[str]().union(*map(_classes, locked)),
            {name: meant for text in solutions + locked for name, meant in imports(text).items()},
        )


def reasons(source: str, page: Page | None = None) -> list[str]:
    """Say why a test cell cannot run apart from the student's code.

    Parameters
    ----------
    source
        The test, hidden parts included.
    page
        What the cells around it bind; without it, less is known.

    Returns
    -------
    list of str
        One clause each, with what to do instead. Empty if nothing is known against it.
    """
    try:
        tree = ast.parse(without_magics(source, every=False))
    except SyntaxError:
        return []  # it fails anywhere
    return list(dict.fromkeys(_Look(tree, source, page or Page()).found()))


def collisions(source: str, page: Page) -> list[str]:
    """Return the names in a test that could be the author's or the student's.

    A test sees the student's; what an author's cell binds to the same name is not safe from it.
    """
    try:
        tree = ast.parse(as_python(source))
    except SyntaxError:
        return []
    own = bound_names(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - own
    return sorted(used & page.students & page.authors)


def _classes(source: str) -> set[str]:
    try:
        body = ast.parse(without_magics(source, every=True)).body
    except SyntaxError:
        return set()
    return {node.name for node in body if isinstance(node, ast.ClassDef)}


class _Look:
    """One look at one test."""

    def __init__(self, tree: ast.Module, source: str, page: Page) -> None:
        self.tree, self.page = tree, page
        self.modules = page.modules | imports(source)
        self.bound = bound_names(source) | set(imports(source))
        self.parents = {child: node for node in ast.walk(tree) for child in _children(node)}
        # The student's, and what the test has made with it.
        self.theirs = set(page.students)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and self.is_theirs(node.value):
                self.theirs |= {n.id for t in node.targets for n in _names(t)}

    def found(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            for method in ("at_any", f"at_{type(node).__name__.lower()}"):
                yield from getattr(self, method, lambda _: ())(node)

    def is_theirs(self, node: ast.AST) -> bool:
        """Tell whether an expression has to do with the student's code."""
        return any(name.id in self.theirs for name in _names(node))

    def dotted(self, node: ast.AST) -> str:
        """Return what a name or attribute means: "numpy.random.seed"."""
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return self.modules.get(node.id, "") if isinstance(node, ast.Name) else ""

    def is_in_function(self, node: ast.AST) -> bool:
        return any(isinstance(p, (ast.FunctionDef, ast.Lambda)) for p in self.around(node))

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        while (node := self.parents.get(node, self.tree)) is not self.tree:
            yield node

    # What is looked at

    def at_name(self, node: ast.Name) -> Iterator[str]:
        name = node.id
        if not isinstance(node.ctx, ast.Load) or name in self.bound:
            return
        if name == "get_ipython":
            call = next((p for p in self.around(node) if magic(p)[0]), None)
            if call is not None:
                yield f"it uses the magic %{magic(call)[0]}: write it in plain Python"
            else:
                yield "it uses IPython (get_ipython, ! or ?): write it in plain Python"
        elif _HISTORY.fullmatch(name) and name not in self.page.students | self.page.authors:
            yield f"there is no {name} beside a test: give the value a name, or call the function"
        elif name == "display":
            yield "display has to be imported: from IPython.display import display"
        elif name in self.page.students:
            inner = next(self.around(node), None)
            scopes = [p for p in self.around(node) if isinstance(p, _SCOPES)]
            if isinstance(inner, ast.arguments):
                scopes = scopes[1:]  # defaults belong to what is around the function
            if scopes and isinstance(scopes[0], ast.ClassDef) and node not in scopes[0].bases:
                yield f"{name} is not known in the body of a class: use it in a method"

    def at_call(self, node: ast.Call) -> Iterator[str]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _EXECUTE and name not in self.bound:
            yield from self.executed(node, name)
        if name in _NAMESPACES and not node.args and not node.keywords:
            yield from self.namespace(node, name)
        if name in ("vars", "dir") and node.args and self.is_theirs(node.args[0]):
            yield f"{name}() sees nothing of an object of the student's: use its attributes"
        if name in ("isinstance", "issubclass") and len(node.args) == 2:
            yield from self.kind(name, *node.args)
        if name in ("list", "sorted", "len", "tuple", "set") and node.args:
            yield from self.iterated(node.args[0])
        dotted = self.dotted(node.func)
        if text := _CALLED.get(dotted):
            about = not dotted.startswith(_ABOUT_AN_OBJECT)
            recorded = not dotted.endswith("catch_warnings") or any(
                word.arg == "record" for word in node.keywords
            )
            if (about or any(map(self.is_theirs, node.args))) and recorded:
                yield text.format(name=dotted)
        if dotted in ("numpy.random.seed", "random.seed"):
            yield from self.seeded(dotted)
        if dotted.startswith("unittest.mock.patch"):
            mine = dotted.endswith("object") and node.args and self.is_theirs(node.args[0])
            if not mine:
                yield (
                    "what it patches stays as it is in the student's process: give the student's "
                    "function what it needs as an argument"
                )
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if called == "assertWarns":
            yield "warnings of the student's code do not reach it: test what the code returns"
        if called in ("assertRaises", "raises") and any(map(self.is_theirs, node.args[:1])):
            yield from self.caught(node.args[0])

    def executed(self, node: ast.Call, name: str) -> Iterator[str]:
        text = node.args[0] if node.args else None
        if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
            yield f"{name} would run a text, perhaps the student's, beside the tests: call it"
        elif len(node.args) > 2 or (name == "exec" and len(node.args) > 1 and self._shared(node)):
            yield f"{name} with namespaces finds no name of the student's: write the code itself"

    def _shared(self, node: ast.Call) -> bool:
        second = node.args[1]
        return isinstance(second, ast.Call) and getattr(second.func, "id", "") in _NAMESPACES

    def namespace(self, node: ast.Call, name: str) -> Iterator[str]:
        outer = self.parents.get(node)
        if isinstance(outer, (ast.Subscript, ast.keyword)) or (
            isinstance(outer, ast.Call) and getattr(outer.func, "id", "") in _EXECUTE
        ):
            return
        if name == "globals" or not self.is_in_function(node):
            yield (
                f"{name}() does not list the student's names: use the name itself, "
                "and catch NameError"
            )

    def kind(self, name: str, value: ast.expr, kind: ast.expr) -> Iterator[str]:
        if not self.is_theirs(value):
            return
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        for one in kinds:
            is_type = isinstance(one, ast.Name) and one.id in _KINDS
            if is_type or self.dotted(one).startswith(("types.", "collections.abc.", "typing.")):
                yield f"{name} does not know functions and classes of the student's: use callable()"
            elif isinstance(one, ast.Name) and one.id in self.page.authors_classes:
                yield (
                    f"{name} does not know that the student's object is a {one.id}, "
                    "a class of yours: test what it does"
                )
            elif name == "issubclass" and not self.is_theirs(one):
                yield "issubclass knows classes of the student's only: test what they do"

    def iterated(self, value: ast.AST) -> Iterator[str]:
        if isinstance(value, ast.Name) and value.id in self.page.students_classes:
            yield f"the class {value.id} cannot be iterated: name its members"

    def seeded(self, dotted: str) -> Iterator[str]:
        module = dotted.removesuffix("seed")
        calls = [n for n in ast.walk(self.tree) if isinstance(n, ast.Call)]
        drawn = [c for c in calls if self.dotted(c.func).startswith(module)]
        if all(self.dotted(c.func) == dotted for c in drawn):
            yield (
                f"{dotted} sets the test's own numbers, not the student's: give the student's "
                "function a generator"
            )

    def caught(self, kind: ast.AST) -> Iterator[str]:
        if any(name.id in self.page.students for name in _names(kind)):
            yield (
                "an error of the student's own class arrives as a built-in one: "
                "catch the class that it derives from"
            )

    def at_excepthandler(self, node: ast.ExceptHandler) -> Iterator[str]:
        if node.type is not None:
            yield from self.caught(node.type)

    def at_raise(self, node: ast.Raise) -> Iterator[str]:
        if node.exc is not None and any(
            n.id in self.page.students_classes for n in _names(node.exc)
        ):
            yield "a test cannot raise an error of the student's class: let their code do it"

    def at_classdef(self, node: ast.ClassDef) -> Iterator[str]:
        if any(map(self.is_theirs, node.bases)):
            yield "a class of the student's cannot be derived from: make an instance"

    def at_matchclass(self, node: ast.MatchClass) -> Iterator[str]:
        if self.is_theirs(node.cls):
            yield "a class of the student's matches nothing: use isinstance"

    def at_for(self, node: ast.For) -> Iterator[str]:
        yield from self.iterated(node.iter)

    def at_comprehension(self, node: ast.comprehension) -> Iterator[str]:
        yield from self.iterated(node.iter)

    def at_await(self, node: ast.Await) -> Iterator[str]:
        if not any(isinstance(p, ast.AsyncFunctionDef) for p in self.around(node)):
            yield "it awaits at the top level: ask for an ordinary function"

    def at_import(self, node: ast.Import) -> Iterator[str]:
        if any(alias.name == "__main__" for alias in node.names):
            yield _MAIN

    def at_importfrom(self, node: ast.ImportFrom) -> Iterator[str]:
        if node.module == "__main__":
            yield _MAIN

    def at_subscript(self, node: ast.Subscript) -> Iterator[str]:
        if isinstance(node.slice, ast.Constant) and node.slice.value == "__main__":
            yield _MAIN

    def at_attribute(self, node: ast.Attribute) -> Iterator[str]:
        if isinstance(node.ctx, ast.Load):
            if node.attr in _HIDDEN and self.is_theirs(node.value):
                yield f"{node.attr} of an object of the student's cannot be read: test what it does"
        elif (module := self.dotted(node.value)) and node.attr not in ("stdout", "rcParams"):
            yield (
                f"it sets {module}.{node.attr} in the test's own process, not in the student's: "
                "give the student's function what it needs as an argument"
            )

    def at_compare(self, node: ast.Compare) -> Iterator[str]:
        sides = [node.left, *node.comparators]
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            both = (left, right)
            if any(map(_is_type_call, both)) and any(map(self.names_a_class, both)):
                yield "type() of the student's object is not the student's class: use isinstance"
            elif isinstance(operator, ast.Is) and all(map(self.is_theirs, both)):
                yield "two looks at an object of the student's are two objects: compare with =="

    def names_a_class(self, node: ast.AST) -> bool:
        """Tell whether an expression is a class of the student's or its name."""
        word = node.id if isinstance(node, ast.Name) else getattr(node, "value", None)
        return isinstance(word, str) and word in self.page.students_classes

    def at_functiondef(self, node: ast.FunctionDef) -> Iterator[str]:
        if hasattr(builtins, node.name) and self.parents.get(node) is self.tree:
            yield _BUILTIN.format(name=node.name)

    def at_assign(self, node: ast.Assign) -> Iterator[str]:
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in _BROUGHT:
                yield _BUILTIN.format(name=target.id)


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_MAIN = "there is no student's code in __main__: use the name itself"
_BUILTIN = (
    "the student's code keeps Python's own {name}: give the student's function what it needs as "
    "an argument"
)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    return ast.iter_child_nodes(node)


def _names(node: ast.AST) -> Iterator[ast.Name]:
    return (name for name in ast.walk(node) if isinstance(name, ast.Name))


def _is_type_call(node: ast.AST) -> bool:
    """Tell whether an expression is type(x) or type(x).__name__."""
    if isinstance(node, ast.Attribute) and node.attr == "__name__":
        node = node.value
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"
