"""Forms of a reading study, judged against the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import ConfigError, DataError
from hf_dataset.schema import Instance, MetaRow
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.records import Reference, Verdict
from petoolbench.data import InstanceSet, load
from petoolbench.instance_text import Wishes

from .deal import axes_of
from .forms import Form, Problem, read_form
from .key import Key, check_data, read_key

_SHOWN: Final = 20
"""Maximum number of malformed fields in an error message."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader's answer to one row, with the judgement on it."""

    reader: str
    number: str
    """Number of the row, as in the name of its form."""
    config: str
    instance: Instance
    reference: Reference
    form: Form
    verdict: Verdict
    wanted: str
    """What the user wants, in words."""

    @property
    def meta(self) -> MetaRow:
        """Metadata of the instance; empty if it has none."""
        return self.instance.meta or MetaRow()

    @property
    def wanted_axes(self) -> tuple[str, ...]:
        """Axes of what the user wants in this request."""
        parts = (part.axis for part in self.meta.wanted or ())
        return tuple(dict.fromkeys(parts)) or tuple(self.meta.axes or ())


@dataclass(frozen=True, slots=True)
class Gathered:
    """All readings of a study."""

    key: Key
    readers: tuple[str, ...]
    readings: tuple[Reading, ...]
    """By reader, then by number."""
    unread: Mapping[str, tuple[str, ...]]
    """Numbers of the rows that a reader has not read."""
    axes: Mapping[str, str]
    """Label of each axis, by name."""


def gather(folder: Path, data: str | Path, answers: Path | None, forms: Sequence[Path]) -> Gathered:
    """Read the forms of a study and judge them.

    Args:
        folder: Folder that was dealt.
        data: Folder of the data set, or its repository on the Hub.
        answers: Folder of the private answers.
        forms: Folders of forms, one per reader.

    Raises:
        ConfigError: If the answers are needed and not given, or a reader occurs twice.
        DataError: If the key is missing, the data set is another one, or forms are missing or malformed.
        ReadError: If the folder is not a data set, or the answers belong to another one.
    """
    key = read_key(folder)
    names = _names(forms)
    instances, axes = _rows(key, data, answers)
    by_id = {
        row.instance_id: (row, reference) for row, reference in zip(instances, instances.references(), strict=True)
    }
    assert instances.folder is not None
    wishes = Wishes.of(instances.folder, key.split, answers)
    wanted = {row.instance_id: wishes.wanted(row) for row in instances}
    readings, unread, problems = [], {}, []
    for reader, path in zip(names, forms, strict=True):
        _check_folder(path, key)
        missing = []
        for number, row in key.rows.items():
            instance, reference = by_id[row.instance_id]
            form = _form(path / f"{number}.toml", instance, axes)
            if form is None:
                missing.append(number)
            elif isinstance(form, Form):
                verdict = judge(_prediction(form), reference)
                words = wanted[row.instance_id]
                readings.append(Reading(reader, number, row.config, instance, reference, form, verdict, words))
            else:
                problems += form
        unread[reader] = tuple(missing)
    _check_problems(problems)
    if not readings:
        raise DataError(f"All forms in {', '.join(map(str, forms))} are empty. Fill in at least one.")
    return Gathered(key, tuple(names), tuple(readings), unread, axes)


def _rows(key: Key, data: str | Path, answers: Path | None) -> tuple[InstanceSet, dict[str, str]]:
    """Return the instances of a study with their answers, and the axes of the data set."""
    if key.split == "test" and answers is None:
        raise ConfigError(
            "The rows are of the test split, whose answers are private. Pass the folder of the answers with --answers."
        )
    instances = load(data, key.config, key.split, answers=answers)
    assert instances.folder is not None
    assert instances.manifest is not None
    check_data(key, instances.manifest, instances.source)
    axes = axes_of(instances.folder, instances.manifest)
    return instances.select(row.instance_id for row in key.rows.values()), axes


def _names(forms: Sequence[Path]) -> list[str]:
    """Return a name for each reader: that of the folder, or its path if names are not distinct."""
    if len({path.absolute() for path in forms}) < len(forms):
        raise ConfigError("A folder of forms is named twice. Pass --forms once for each reader.")
    for names in ([path.name for path in forms], [path.parent.name for path in forms]):
        if all(names) and len(set(names)) == len(forms):
            return names
    return [str(path) for path in forms]


def _check_folder(path: Path, key: Key) -> None:
    """Check that a folder contains forms, and only those of the rows."""
    names = sorted(file.stem for file in path.glob("*.toml"))
    if not names:
        raise DataError(f"There are no forms in {str(path)!r}. Name the folder of the filled-in forms with --forms.")
    if unknown := [name for name in names if name not in key.rows]:
        raise DataError(
            f"{str(path / f'{unknown[0]}.toml')!r} is not the form of a row. Allowed: {min(key.rows)}.toml to "
            f"{max(key.rows)}.toml. Rename it, or move it elsewhere."
        )


def _form(path: Path, instance: Instance, axes: Mapping[str, str]) -> Form | list[Problem] | None:
    return read_form(path, [tool.name for tool in instance.candidates], axes) if path.exists() else None


def _prediction(form: Form) -> str:
    return json.dumps({"name": form.answer, "arguments": form.arguments})


def _check_problems(problems: Sequence[Problem]) -> None:
    """Raise an error that names all malformed fields, if there are any."""
    if not problems:
        return
    lines = [str(problem) for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"and {len(problems) - _SHOWN} more")
    count = "A field of the forms is" if len(problems) == 1 else f"{len(problems)} fields of the forms are"
    raise DataError("\n".join([f"{count} malformed. Correct the forms and score them again.", *lines]))
