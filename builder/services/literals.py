"""Literals in Python files, read from the syntax tree without running the code."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

UNREAD: Final = object()
"""Value of an expression that is not a literal."""
_NUMBER_CALLS: Final = frozenset({"parse_number", "parseNumber", "float", "int"})
"""Calls whose only argument is the value."""
_TEXT_CALLS: Final = frozenset({"_", "gettext", "gettext_lazy"})
"""Calls that translate a text."""


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=path.name)


def parsed_until(path: Path, name: str) -> ast.Module | None:
    """Return the syntax tree of a Python file up to the end of the first method of a name, which is read faster.

    Args:
        path: The file.
        name: Name of the method.

    Returns:
        The tree; None if the file has no such method.
    """
    text = path.read_text(encoding="utf-8")
    start = text.find(f"    def {name}(")
    if start < 0:
        return None
    end = text.find("\n    def ", start + 1)
    return ast.parse(text if end < 0 else text[:end], filename=path.name)


def classes(tree: ast.Module) -> list[ast.ClassDef]:
    """Return the classes of a file, in its order."""
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def bases(node: ast.ClassDef) -> list[str]:
    """Return the names of the base classes, without the names of their modules."""
    named = (base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases)
    return [name for name in named if name]


def attributes(node: ast.ClassDef) -> dict[str, Any]:
    """Return the literal values of the attributes that a class sets; others are left out."""
    found: dict[str, Any] = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, literal(statement.value)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            name, value = statement.target.id, literal(statement.value)
        else:
            continue
        if value is not UNREAD:
            found[name] = value
    return found


def method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """Return a method of a class by name; None if the class does not define it."""
    return next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == name), None)


def literal(node: ast.expr) -> Any:
    """Return the value of an expression of literals; entries of a dictionary that are not literals are left out."""
    if isinstance(node, ast.Dict):
        return _mapping(node)
    if isinstance(node, ast.List | ast.Tuple):
        items = [literal(item) for item in node.elts]
        return [item for item in items if item is not UNREAD]
    if isinstance(node, ast.Call):
        return _of_call(node)
    if isinstance(node, ast.BinOp):
        return _of_operation(node)
    try:
        return ast.literal_eval(node)
    except ValueError:
        return UNREAD


def _mapping(node: ast.Dict) -> Mapping[Any, Any]:
    found = {}
    for key, value in zip(node.keys, node.values, strict=True):
        name = literal(key) if key is not None else UNREAD
        content = literal(value)
        if name is not UNREAD and content is not UNREAD and isinstance(name, str | int | float):
            found[name] = content
    return found


def _of_operation(node: ast.BinOp) -> Any:
    """Return a product or quotient of numbers, such as `20 / 3`."""
    left, right = literal(node.left), literal(node.right)
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return UNREAD
    if isinstance(node.op, ast.Mult):
        return left * right
    return left / right if isinstance(node.op, ast.Div) and right else UNREAD


def _of_call(node: ast.Call) -> Any:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _TEXT_CALLS and len(node.args) == 1:
        return literal(node.args[0])
    if name in _NUMBER_CALLS and len(node.args) == 1:
        value = literal(node.args[0])
        return UNREAD if value is UNREAD or value is None else float(value)
    if name == "dict":
        found: dict[Any, Any] = {}
        for argument in node.args:
            value = literal(argument)
            found.update(value if isinstance(value, Mapping) else {})
        for word in node.keywords:
            value = literal(word.value)
            if word.arg is not None and value is not UNREAD:
                found[word.arg] = value
            elif word.arg is None and isinstance(value, Mapping):
                found.update(value)
        return found
    return UNREAD
