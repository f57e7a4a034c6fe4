"""Branch `script` of the data set's repository: the files of main, and the loading script.

The script cannot import the schema there. This module writes a copy of the schema into the script:

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
_END: Final = "# End of the derived part.\n"
_NO_BUILD: Final = 'BUILD = ""\n'
_WIDTH: Final = 120


def built_files(manifest: Manifest) -> list[str]:
    """Return the paths of the files of a build, relative to its folder; files that were added later are left out.

    Args:
        manifest: Manifest of the data set.
    """
    return [*manifest.files, MANIFEST]


def script_branch_files(out: Path, repo: str) -> dict[str, bytes | Path]:
    """Return the files of the branch `script`, by path in the repository.

    They are the files of main and the script, so that both branches share the manifest and the large files.

    Args:
        out: Folder of a built data set.
        repo: Name of the repository, with or without its owner. The script is named after it.

    Returns:
        The content of the script, and the local path of each other file.

    Raises:
        ReadError: If the folder is not a built data set.
    """
    files: dict[str, bytes | Path] = {path: out / path for path in built_files(read_manifest(out))}
    build = hashlib.sha256((out / MANIFEST).read_bytes()).hexdigest()
    script = SCRIPT.read_text(encoding="utf-8").replace(_NO_BUILD, f'BUILD = "{build}"\n')
    return {**files, f"{repo.rpartition('/')[2]}.py": script.encode()}


def rendered(script: str) -> str:
    """Return the loading script with an up-to-date copy of the schema.

    Args:
        script: Text of the loading script. The part between its two comments is replaced.
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
    """Return a spec in the format of the script: the name of a type, a list with one spec, or a dict of specs."""
    if "dtype" in spec:
        return spec["dtype"]
    if "sequence" in spec:
        return [spec["sequence"]]
    kind = "list" if "list" in spec else "struct"
    columns = {inner["name"]: _plain(inner) for inner in spec[kind]}
    return [columns] if kind == "list" else columns


def _assignment(name: str, value: dict[str, Any]) -> str:
    prefix = f"{name}: dict[str, dict[str, Any]] = "
    return f"{prefix}{_literal(value, 0, len(prefix))}\n"


def _literal(value: Any, indent: int, column: int) -> str:
    """Return the Python code of nested dicts, lists and strings, in the layout of the formatter.

    Args:
        value: The value. Its strings must not need escapes.
        indent: Indentation of the line that the value starts in, in spaces.
        column: Column that the value starts in.
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
        prefix = f'{inner}"{key}": '
        parts.append(f"{prefix}{_literal(item, indent + 4, len(prefix))},\n")
    return f"{{\n{''.join(parts)}{' ' * indent}}}"


if __name__ == "__main__":
    SCRIPT.write_text(rendered(SCRIPT.read_text(encoding="utf-8")), encoding="utf-8")
