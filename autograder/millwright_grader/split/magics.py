"""What IPython adds to Python, taken out of the author's cells: the checker runs plain Python.

A locked cell with `%matplotlib inline` or `!pip list` beside its imports has done its part in the
student's kernel; of it the checker needs the Python.
"""

import ast
from functools import lru_cache
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

# They set up IPython or its display; no test can tell whether they were there.
DISPLAY_ONLY = frozenset(
    {"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision", "colors"}
)
# They run Python and add something for a reader.
TRANSPARENT = frozenset({"time", "capture"})


def as_python(source: str) -> str:
    """Return a cell with magics and shell commands as calls of `get_ipython`, else unchanged."""
    try:
        ast.parse(source)
    except SyntaxError:
        return str(TransformerManager().transform_cell(source))
    return source


@lru_cache(maxsize=1000)
def without_magics(source: str, *, every: bool) -> str:
    """Return a cell as plain Python.

    Parameters
    ----------
    source
        The cell.
    every
        Leave out every statement that uses IPython. Else only those which a test does not need
        (`DISPLAY_ONLY`, and the frame around the Python in `%%time`); the others stay calls of
        `get_ipython`, which fail.
    """
    text = as_python(source)
    if "get_ipython" not in text:
        return text
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return source
    return ast.unparse(_Plain(every).visit(tree))


def magic(call: ast.AST) -> tuple[str, list[str]]:
    """Return the name and the arguments of the magic that a call runs; ("", []) for others."""
    match call:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name(id="get_ipython")),
                attr="run_line_magic" | "run_cell_magic",
            ),
            args=[ast.Constant(value=str(name)), *others],
        ):
            return name, [str(one.value) for one in others if isinstance(one, ast.Constant)]
    return "", []


class _Plain(ast.NodeTransformer):
    def __init__(self, every: bool) -> None:
        self.every = every

    def visit_Expr(self, node: ast.Expr) -> Any:
        name, arguments = magic(node.value)
        if name in TRANSPARENT and arguments:
            try:
                return ast.parse(without_magics(arguments[-1], every=self.every)).body
            except SyntaxError:
                return node
        return ast.Pass() if name in DISPLAY_ONLY else self._left_out(node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        return self._left_out(node)

    def _left_out(self, node: ast.stmt) -> ast.stmt:
        uses = any(isinstance(n, ast.Name) and n.id == "get_ipython" for n in ast.walk(node))
        return ast.Pass() if self.every and uses else node
