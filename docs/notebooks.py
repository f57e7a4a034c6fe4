"""Runner of the notebooks in `docs/tutorials`, which needs no Jupyter.

`python -m docs.notebooks` runs them on the demo data, and stores the output of each cell. The code of a cell is plain
Python; output is text. A cell with the tag `parameters` assigns names whose values a run can replace.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "tutorials"
PARAMETERS: Final = "parameters"
"""Tag of the cell that assigns the parameters."""


def notebooks() -> list[Path]:
    """Return the paths of all notebooks, sorted."""
    return sorted(FOLDER.glob("*.ipynb"))


def code_cells(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the cells of a notebook that have code."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(path: Path, parameters: Mapping[str, Any] | None = None) -> list[str]:
    """Run a notebook from top to bottom, in its own folder and with empty names.

    Args:
        path: Notebook of nbformat 4.
        parameters: Values that replace those of the cell with the tag `parameters`.

    Returns:
        The output of each code cell.

    Raises:
        ValueError: If the notebook has no parameter of a given name.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = code_cells(json.loads(path.read_text(encoding="utf-8")))
    with _place(path.parent):
        return [
            _output(cell, f"{path.stem}, code cell {number}", names, parameters or {})
            for number, cell in enumerate(cells, 1)
        ]


@contextlib.contextmanager
def _place(folder: Path) -> Iterator[None]:
    """Work in a folder whose modules can be imported."""
    sys.path.insert(0, str(folder))
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path.remove(str(folder))


def _output(cell: Mapping[str, Any], where: str, names: dict[str, Any], parameters: Mapping[str, Any]) -> str:
    """Run a cell and return its output; the value of an expression at its end is not shown, so it must be None."""
    tree = ast.parse("".join(cell["source"]), where)
    text = io.StringIO()
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(text):
        exec(compile(tree, where, "exec"), names)  # noqa: S102 (our own notebooks)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), where, "eval"), names)  # noqa: S307 (our own notebooks)
            assert value is None, f"{where}: print the value of the last line, or assign it"
    if PARAMETERS in cell["metadata"].get("tags", ()):
        if unknown := parameters.keys() - names.keys():
            raise ValueError(f"{where}: no parameter {', '.join(map(repr, sorted(unknown)))}")
        names.update(parameters)
    return text.getvalue()


def store(path: Path, outputs: Sequence[str]) -> None:
    """Store the outputs of a run in its notebook.

    Args:
        path: Notebook that was run.
        outputs: Output of each code cell.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for number, (cell, output) in enumerate(zip(code_cells(notebook), outputs, strict=True), 1):
        stream = {"name": "stdout", "output_type": "stream", "text": output.splitlines(keepends=True)}
        cell["execution_count"] = number
        cell["outputs"] = [stream] if output else []
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the notebooks that are named, or all, and store their outputs; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.notebooks", description="Run the notebooks of the tutorials.")
    parser.add_argument("name", nargs="*", choices=[[], *(path.stem for path in notebooks())], help="default: all")
    chosen = parser.parse_args(arguments).name
    for path in notebooks():
        if not chosen or path.stem in chosen:
            store(path, run(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
