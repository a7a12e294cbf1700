"""Keep SymPy from evaluating text.

`sympify`, and with it `simplify`, `subs`, `diff` and many more, takes a text for an expression and
evaluates it as Python; `lambdify` makes code of a text and of the names in an expression. In the
checker the text may be a student's answer. Here it is looked at first: numbers, symbols and SymPy's
own functions pass, nothing else does.
"""

import ast
import re
import sys
from collections.abc import Callable
from typing import Any

from .values import SYMPY_HEADS, is_function_name, is_symbol_name, names

NUMBER = re.compile(r"[\d.eE+/-]{1,1000}")
MAKERS: dict[str, Callable[[str], object]] = {
    "Symbol": is_symbol_name,
    "Function": is_function_name,
    **dict.fromkeys(("Integer", "Float", "Rational"), NUMBER.fullmatch),
}
KNOWN = (
    SYMPY_HEADS
    | frozenset(MAKERS)
    | names("Eq Ne Lt Le Gt Ge Matrix Abs sqrt root cbrt ln factorial")
    | names("pi E I oo zoo nan true false EulerGamma GoldenRatio")
)
NODES = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Call, ast.Name),
    *(ast.Load, ast.Constant, ast.Compare, ast.cmpop, ast.BoolOp, ast.boolop, ast.Tuple, ast.List),
    *(ast.Dict, ast.keyword),
)


def guard() -> None:
    """Let SymPy, where it is loaded, evaluate formulas only."""
    for module, name, safe in (
        ("sympy.parsing.sympy_parser", "eval_expr", evaluate),
        ("sympy.parsing.sympy_parser", "evaluateFalse", unevaluated),
        ("sympy.utilities.lambdify", "_recursive_to_string", to_code),
    ):
        loaded = sys.modules.get(module)
        if loaded is not None and getattr(loaded, name) is not safe:
            _ORIGINALS.setdefault(name, getattr(loaded, name))
            setattr(loaded, name, safe)


_ORIGINALS: dict[str, Any] = {}


def to_code(doprint: Any, expression: Any) -> Any:
    """Return the code for an expression; in the place of a function of SymPy's `lambdify`.

    Raises
    ------
    TypeError
        If there is text in it: it would become code as it is.
    """
    if _holds_text(expression):
        raise TypeError("lambdify takes expressions here, no text")
    return _ORIGINALS["_recursive_to_string"](doprint, expression)


def _holds_text(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_text, (*value.keys(), *value.values())))
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(map(_holds_text, value))
    return isinstance(value, (str, bytes))


def evaluate(code: str, local_dict: dict[str, Any], global_dict: dict[str, Any]) -> Any:
    """Evaluate a formula; in the place of `eval_expr` of SymPy's parser.

    Raises
    ------
    SyntaxError
        If the text is more than a formula; SymPy makes a SympifyError of it.
    """
    # What is no text any more has come through `unevaluated`.
    if isinstance(code, str):
        _check(code, local_dict)
    return eval(code, global_dict, local_dict)


def unevaluated(code: str) -> ast.Expression:
    """Return the tree of a formula; in the place of `evaluateFalse` of SymPy's parser.

    Raises
    ------
    SyntaxError
        If the text is more than a formula.
    """
    _check(code, {})
    tree: ast.Expression = _ORIGINALS["evaluateFalse"](code)
    return tree


def _check(code: str, local_dict: dict[str, Any]) -> None:
    tree = ast.parse(code.strip(), mode="eval")
    texts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            texts |= _names_in(node)
    for node in ast.walk(tree):
        known = not isinstance(node, ast.Name) or node.id in KNOWN or node.id in local_dict
        number = not isinstance(node, ast.Constant) or isinstance(node.value, (float, int))
        if not isinstance(node, NODES) or not known or not (number or id(node) in texts):
            raise SyntaxError("this text is not a formula")


def _names_in(call: ast.Call) -> set[int]:
    """Return the texts of a call that are but names and numbers."""
    # f(x) is Function('f')(Symbol('x')) by now.
    made = call.func.func if isinstance(call.func, ast.Call) else call.func
    if not isinstance(made, ast.Name) or (made is not call.func and made.id != "Function"):
        raise SyntaxError("this text is not a formula")
    fits = MAKERS.get(made.id) if made is call.func else None
    if fits is None:
        return set()
    constants = [a for a in call.args if isinstance(a, ast.Constant)]
    return {id(a) for a in constants if isinstance(a.value, str) and fits(a.value)}
