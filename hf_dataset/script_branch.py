"""The branch `script` of the data set's repository: what main holds, and the loading script beside it.

The script cannot import our schema there, so that what it has to know of it is written into the script, here:

    python -m hf_dataset.script_branch
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from .layout import MANIFEST, split_file, splits_of
from .manifest import Manifest, read_manifest
from .schema import ROWS, feature_specs

SCRIPT: Final = Path(__file__).with_name("loading_script.py")
_BEGIN: Final = "# Derived from hf_dataset/schema.py by `python -m hf_dataset.script_branch`:\n"
_END: Final = "# End of what is derived.\n"
_NO_BUILD: Final = 'BUILD = ""\n'
_WIDTH: Final = 120


def built_files(manifest: Manifest) -> list[str]:
    """What a build made, and nothing that came to lie beside it since: paths in the folder of the data set."""
    return [*manifest.files, MANIFEST]


def script_branch_files(out: Path, repo: str) -> dict[str, bytes | Path]:
    """Files of the branch `script`, by path in the repository.

    They are those of main and one more, so that the manifest holds for both branches and large files are stored once.

    Args:
        out: Folder of a built data set.
        repo: Name of its repository, with or without its owner; it gives the script its name.

    Returns:
        The content of the script, and where the others lie.

    Raises:
        ReadError: If the folder is no built data set.
    """
    files: dict[str, bytes | Path] = {path: out / path for path in built_files(read_manifest(out))}
    build = hashlib.sha256((out / MANIFEST).read_bytes()).hexdigest()
    script = SCRIPT.read_text(encoding="utf-8").replace(_NO_BUILD, f'BUILD = "{build}"\n')
    return {**files, f"{repo.rpartition('/')[2]}.py": script.encode()}


def rendered(script: str) -> str:
    """The loading script with what it knows of rows as the schema has it.

    Args:
        script: Text of the loading script; what it holds between the two comments is replaced.
    """
    rows = {row.__name__: {spec["name"]: _plain(spec) for spec in feature_specs(row)} for row in ROWS.values()}
    configs = {
        name: {"row": row.__name__, "files": {split: split_file(name, split) for split in splits_of(name)}}
        for name, row in ROWS.items()
    }
    before, rest = script.split(_BEGIN)
    after = rest.split(_END)[1]
    derived = f"{_assignment('ROWS', rows)}{_assignment('CONFIGS', configs)}"
    return f"{before}{_BEGIN}{derived}{_END}{after}"


def _plain(spec: dict[str, Any]) -> Any:
    """A feature as the script writes it: the name of a type, a list of one, or a dict of columns."""
    if "dtype" in spec:
        return spec["dtype"]
    if "sequence" in spec:
        return [spec["sequence"]]
    kind = "list" if "list" in spec else "struct"
    columns = {inner["name"]: _plain(inner) for inner in spec[kind]}
    return [columns] if kind == "list" else columns


def _assignment(name: str, value: dict[str, Any]) -> str:
    left = f"{name}: dict[str, dict[str, Any]] = "
    return f"{left}{_literal(value, 0, len(left))}\n"


def _literal(value: Any, indent: int, column: int) -> str:
    """Python for nested dicts, lists and strings, laid out as the formatter does.

    Args:
        value: What is written; its strings need no escapes.
        indent: Spaces before the line that it begins in.
        column: Where in that line it begins.
    """
    line = json.dumps(value)
    if column + len(line) < _WIDTH or isinstance(value, str):
        return line
    inner = " " * (indent + 4)
    if isinstance(value, list):
        parts = [f"{inner}{_literal(item, indent + 4, indent + 4)},\n" for item in value]
        return f"[\n{''.join(parts)}{' ' * indent}]"
    parts = []
    for key, item in value.items():
        left = f'{inner}"{key}": '
        parts.append(f"{left}{_literal(item, indent + 4, len(left))},\n")
    return f"{{\n{''.join(parts)}{' ' * indent}}}"


if __name__ == "__main__":
    SCRIPT.write_text(rendered(SCRIPT.read_text(encoding="utf-8")), encoding="utf-8")
