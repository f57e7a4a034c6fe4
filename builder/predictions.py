"""The predictions file, one JSON object `{"instance_id": ..., "prediction": "<text>"}` a line, and its score."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hf_dataset.schema import AnswerKey, AnswerRow, Instance, MetaRow
from metrics.petoolbench.aggregation import Mode, Scores, aggregate, by_instance_id, judge_all
from metrics.petoolbench.records import Reference, reference_from_row

from .errors import DataError, OutputError

_EXPECTED: Final = 'one JSON object a line, {"instance_id": "...", "prediction": "..."}'


def write_predictions(path: Path, lines: Iterable[tuple[str, str]]) -> int:
    """Write (instance_id, prediction) pairs, aside first and then under the final name; returns their number.

    Raises:
        OutputError: If the file cannot be written.
    """
    path = path.absolute()
    aside = path.with_name(f".{path.name}.partial-{os.getpid()}")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("w", encoding="utf-8") as file:
            for instance_id, prediction in lines:
                file.write(
                    json.dumps({"instance_id": instance_id, "prediction": prediction}, ensure_ascii=False) + "\n"
                )
                count += 1
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"The predictions cannot be written to {str(path)!r}: {error.strerror}.") from error
    finally:
        aside.unlink(missing_ok=True)
    return count


def read_predictions(path: Path) -> dict[str, str]:
    """Read a predictions file.

    Raises:
        DataError: If it cannot be read, or a line is not what it should be; names the line.
        PredictionsError: If an id occurs twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The predictions file {str(path)!r} cannot be read: {error}.") from error
    if not text.strip():
        raise DataError(f"The predictions file {str(path)!r} is empty. Expected {_EXPECTED}.")
    # Not splitlines: a reply may hold other line separators, which JSON leaves as they are.
    lines = text.removesuffix("\n").split("\n")
    return by_instance_id(_pair(line, path, number) for number, line in enumerate(lines, start=1))


def _pair(line: str, path: Path, number: int) -> tuple[str, str]:
    where = f"{path}, line {number}"
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON. Expected {_EXPECTED}.") from error
    if not isinstance(record, dict):
        raise DataError(f"{where}: a JSON {type(record).__name__}. Expected {_EXPECTED}.")
    for key in ("instance_id", "prediction"):
        if not isinstance(record.get(key), str):
            raise DataError(f"{where}: {key!r} is missing or no text. Expected {_EXPECTED}.")
    return record["instance_id"], record["prediction"]


def score(
    predictions: dict[str, str],
    instances: Iterable[Instance],
    answers: Iterable[AnswerKey] = (),
    mode: Mode = "default",
) -> Scores:
    """Score predictions against rows.

    Args:
        predictions: Replies by instance id.
        instances: Rows of one split of one config.
        answers: Private answers, for the test split.
        mode: By which rule replies are judged.

    Raises:
        MetricError: If ids do not fit, or a row has no answer.
    """
    wanted = references(instances, answers)
    return aggregate(judge_all(predictions, wanted, mode), [one.query_group for one in wanted])


def references(instances: Iterable[Instance], answers: Iterable[AnswerKey] = ()) -> list[Reference]:
    """What predictions are judged against; the arguments are those of `score`.

    Raises:
        MetricError: If a row has no answer.
    """
    private = {key.instance_id: key for key in answers}
    found = []
    for instance in instances:
        key = private.get(instance.instance_id)
        found.append(_reference(instance, key.answer if key else instance.answer, key.meta if key else instance.meta))
    return found


def _reference(instance: Instance, answer: AnswerRow | None, meta: MetaRow | None) -> Reference:
    return reference_from_row(
        {
            "instance_id": instance.instance_id,
            "query_group": instance.query_group,
            "candidates": [{"name": tool.name, "parameters": tool.parameters} for tool in instance.candidates],
            "answer": answer and {"name": answer.name, "arguments": answer.arguments},
            "meta": meta and {"same_function": meta.same_function},
        }
    )
