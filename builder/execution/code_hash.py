"""Hash of the code that determines a result: a module and all modules of this project that it imports.

Comments, docstrings and layout do not count, nor does any module outside of the import closure, so that an edited help
text does not invalidate a checkpoint. Data files that the code reads are covered by hashes of their own (the library
of functionalities) or are included here (`_DATA`).
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PACKAGES: Final = ("builder", "hf_dataset", "metrics")
_DATA: Final = (".toml", ".md")
"""Suffixes of data files next to a module that count as part of it, except the pages of the data set."""
_PAGES: Final = frozenset(("hf_dataset",))


@cache
def code_hash(module: str) -> str:
    """Return the SHA-256 over the syntax trees of a module's import closure and its data files.

    Args:
        module: Dotted name of a module in one of `PACKAGES`.
    """
    digest = hashlib.sha256()
    for name, path in sorted(_closure(module).items()):
        digest.update(f"{name}\0{ast.dump(_without_docstrings(path))}\n".encode())
    for folder in sorted({path.parent for name, path in _closure(module).items() if name not in _PAGES}):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in _DATA):
            if path.parent.name not in PACKAGES:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _closure(module: str) -> dict[str, Path]:
    """Return the files of a module and of all modules of `PACKAGES` that it imports, directly or indirectly."""
    files: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in files or name.split(".")[0] not in PACKAGES:
            continue
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            continue
        files[name] = Path(spec.origin)
        waiting.append(name.rpartition(".")[0])
        package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
        waiting += _imports(ast.parse(files[name].read_bytes()), package)
    return files


def _imports(tree: ast.Module, package: str) -> list[str]:
    """Return the names of modules, and of names that may be modules, in the import statements of a module."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            names += [module, *(f"{module}.{alias.name}" for alias in node.names if _is_module(module, alias.name))]
    return names


def _is_module(package: str, name: str) -> bool:
    if package.split(".", maxsplit=1)[0] not in PACKAGES:
        return False
    spec = find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    return any((Path(place) / f"{name}.py").is_file() or (Path(place) / name).is_dir() for place in locations or ())


def _without_docstrings(path: Path) -> ast.Module:
    """Return the syntax tree of a file without its docstrings; comments and layout are not part of a tree."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]  # every node with a list as its body has it as an attribute
                item
                for item in body
                if not (
                    isinstance(item, ast.Expr)
                    and isinstance(item.value, ast.Constant)
                    and isinstance(item.value.value, str)
                )
            ]
    return tree
