"""Deal of a reading study: prompts, empty forms and instructions in a new folder, and the key next to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from builder.errors import ConfigError, OutputError
from builder.execution.staging import folder_written_aside
from builder.randomness import generator_for
from builder.world.axes import ALL_AXES
from hf_dataset.manifest import Manifest
from hf_dataset.prompting import config_of, messages_of, prompt_version
from hf_dataset.reader import read_tools
from hf_dataset.schema import HISTORY_TYPES, Instance, MetaRow
from petoolbench.data import load
from petoolbench.files import write_atomically
from petoolbench.tables import text_table

from .draw import draw
from .forms import empty_form
from .key import FORMS, INSTRUCTIONS, PROMPTS, Key, KeyRow, key_path, to_json

ROWS: Final = 26
"""Default number of rows."""
_UNKNOWN: Final = MetaRow()


@dataclass(frozen=True, slots=True)
class ReadingDeal:
    """Rows selected for readers. `print` shows a table with the number of rows per config."""

    folder: Path
    """Folder for the readers, with prompts, empty forms and instructions."""
    key: Path
    """File with the instance of each row; not for the readers."""
    counts: Mapping[str, Mapping[str, int]]
    """Number of rows by `config`, `kind` and `concerns`; without the kinds and concerns if they are not known."""

    def __str__(self) -> str:
        lines = [
            [f"{part}: {value}", str(number)]
            for part, values in self.counts.items()
            for value, number in values.items()
        ]
        return text_table("Dealt rows", ["rows", "number"], lines)


def deal_reading(
    out: str | Path,
    data: str | Path,
    *,
    config: str,
    rows: int = ROWS,
    split: str = "test",
    answers: str | Path | None = None,
    seed: int = 0,
) -> ReadingDeal:
    """Deal instances to people or other careful readers: one prompt and one empty form for each, without the answer.

    No two rows share a query group. History types are dealt evenly; kinds of preference and numbers of concerns too, if
    the metadata are public or `answers` is given.

    Args:
        out: Folder to create for the readers. The key is written next to it, as `OUT.key.json`.
        data: Folder of the data set, or its repository on the Hub.
        config: History type, or `all` for the three.
        rows: Number of rows.
        split: `train`, `validation` or `test`.
        answers: Folder of the private answers of the test split.
        seed: Seed of the draw, at least 0.

    Returns:
        The paths, and the number of rows of each kind.

    Raises:
        ConfigError: If the config or split is unknown, or there are fewer query groups than rows.
        DataError: If the split has no rows.
        OutputError: If the folder or the key exists or cannot be written.
        ReadError: If the folder is not a data set, or the answers belong to another one.

    Example:
        >>> print(deal_reading("out/study", "out/demo", config="all", rows=8, answers="out/demo-private"))
    """
    if seed < 0:
        raise ConfigError(f"Invalid seed {seed}. Pass a number of at least 0.")
    instances = load(data, config, split, answers=answers)
    assert instances.folder is not None
    assert instances.manifest is not None
    axes = axes_of(instances.folder, instances.manifest)
    dealt = draw(instances.rows, rows, generator_for((seed,), "reading study", config, split))
    width = max(3, len(str(len(dealt))))
    numbered = {f"{place:0{width}d}": row for place, row in enumerate(dealt, start=1)}
    key = Key(
        build_id=instances.manifest.build_id,
        data_revision=instances.manifest.data_revision,
        config=config,
        split=split,
        seed=seed,
        prompt_version=prompt_version(),
        rows={number: KeyRow(row.instance_id, config_of(row.instance_id)) for number, row in numbered.items()},
    )
    _write(Path(out), numbered, axes, key)
    return ReadingDeal(Path(out), key_path(Path(out)), _counts(dealt))


def axes_of(folder: Path, manifest: Manifest) -> dict[str, str]:
    """Return the label of each axis of a data set by its name; empty for rows of the earlier benchmark.

    They are the same for all rows, so that they do not show what a user goes by.

    Raises:
        ReadError: If the catalogue cannot be read.
    """
    if manifest.is_original:
        return {}
    tools = (tool for split in ("train", "validation") for tool in read_tools(folder, split))
    stated = {fact.axis for tool in tools for fact in tool.facts}
    known = {axis.name: axis.label for axis in ALL_AXES.values() if axis.name in stated}
    return known | {name: name.replace("_", " ") for name in sorted(stated - known.keys())}


def _write(out: Path, rows: Mapping[str, Instance], axes: Mapping[str, str], key: Key) -> None:
    path = key_path(out)
    if path.exists():
        raise OutputError(f"{str(path)!r} exists already. Name another folder, or remove the key first.")
    try:
        with folder_written_aside(out) as folder:
            for name in (PROMPTS, FORMS):
                (folder / name).mkdir()
            (folder / INSTRUCTIONS).write_text((files(__package__) / INSTRUCTIONS).read_text("utf-8"), "utf-8")
            for number, row in rows.items():
                (folder / PROMPTS / f"{number}.txt").write_text(_prompt(row), encoding="utf-8")
                (folder / FORMS / f"{number}.toml").write_text(empty_form(number, axes), encoding="utf-8")
            # Before the folder gets its name: without the key, the forms could not be scored.
            write_atomically(path, [to_json(key)])
    except OSError as error:
        raise OutputError(
            f"The rows cannot be written to {str(out)!r}: {error.strerror}. Free some space, or name another folder."
        ) from error
    finally:
        if not out.exists():
            path.unlink(missing_ok=True)


def _prompt(row: Instance) -> str:
    """Return the messages of an instance, each under a heading with its role."""
    return "\n".join(f"# {message['role'].capitalize()}\n\n{message['content']}\n" for message in messages_of(row))


def _counts(rows: list[Instance]) -> dict[str, dict[str, int]]:
    """Return the numbers of rows by property, as far as the properties are known."""
    configs = Counter(config_of(row.instance_id) for row in rows)
    kinds = Counter(str(kind) for row in rows if (kind := (row.meta or _UNKNOWN).kind) is not None)
    concerns = Counter(str(number) for row in rows if (number := (row.meta or _UNKNOWN).concerns) is not None)
    counts = {
        "config": {name: configs[name] for name in HISTORY_TYPES if name in configs},
        "kind": dict(sorted(kinds.items())),
        "concerns": dict(sorted(concerns.items(), key=lambda item: int(item[0]))),
    }
    return {name: values for name, values in counts.items() if values}
