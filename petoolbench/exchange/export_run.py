"""Export of runs, or of a report, to a folder in the format of another collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.choices import validate_choice
from builder.errors import OutputError
from builder.execution.staging import folder_written_aside
from petoolbench.hub.locate import data_folder

from .eval_results import PATH, eval_results
from .every_eval_ever import Provenance, records
from .exported_runs import exported_runs, model_ids

EVERY_EVAL_EVER: Final = "every-eval-ever"
EVAL_RESULTS: Final = "eval-results"
FORMATS: Final = (EVERY_EVAL_EVER, EVAL_RESULTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Facts that a run file does not contain."""

    organization: str = ""
    """Organization that ran the evaluation; required for Every Eval Ever."""
    relationship: str = "third_party"
    """Relationship to the developer of the model: `first_party`, `third_party`, `collaborative` or `other`."""
    deployment: str = "unknown"
    """Who ran the model: `self_deployed`, `externally_managed` or `unknown`."""
    availability: str = "unknown"
    """Weights of the model: `open_weights`, `closed_weights` or `unknown`."""
    model_ids: tuple[str, ...] = ()
    """`NAME=DEVELOPER/MODEL`, or `DEVELOPER/MODEL` if there is one model."""
    repo: str | None = None
    """Data set on the Hub; required for the evaluation results of the Hub."""
    revision: str | None = None
    """Commit of the data set on the Hub."""
    source_url: str | None = None
    """Page with the replies or the report, for the evaluation results of the Hub."""
    samples: bool = False
    """True to add a record for each instance, for Every Eval Ever."""


def export(
    sources: Sequence[str | Path],
    out: str | Path,
    to: str,
    *,
    data: str | Path | None = None,
    answers: str | Path | None = None,
    options: ExportOptions | None = None,
) -> list[Path]:
    """Write the scores of runs, or of a report, in the format of another collection.

    The scores are those of `score` and `report`, without rounding. Dates are those of the last changes of the files.

    Args:
        sources: Run files of one split, or the folder of a report.
        out: Folder to create.
        to: `every-eval-ever` or `eval-results`.
        data: Folder or Hub name of the data set, for run files.
        answers: Folder of the private answers, for runs of the test split.
        options: What the run files do not state.

    Returns:
        The written files.

    Raises:
        ConfigError: If the format is unknown, a fact is missing, or the runs cannot be exported to it.
        DataError: If a file cannot be read, or belongs to other data.
        OutputError: If the folder exists or cannot be written.

    Example:
        >>> data = load("out/demo", "chronological")
        >>> _ = predict(data, "baseline:lexical", out="out/lexical.jsonl")
        >>> ids = ("example/lexical",)
        >>> options = ExportOptions(organization="Example", source_url="https://example.org", model_ids=ids)
        >>> files = export(["out/lexical.jsonl"], "out/exported", "every-eval-ever", data="out/demo", options=options)
    """
    validate_choice("to", to, FORMATS)
    options = options or ExportOptions()
    folder = None if data is None else data_folder(str(data))
    runs = exported_runs([Path(source) for source in sources], folder, None if answers is None else Path(answers))
    if to == EVAL_RESULTS:
        files = {PATH: eval_results(runs, options.repo, options.revision, options.source_url)}
    else:
        provenance = Provenance(
            organization=options.organization,
            relationship=options.relationship,
            deployment=options.deployment,
            availability=options.availability,
            repo=options.repo,
        )
        files = dict(records(runs, model_ids(runs, options.model_ids), provenance, samples=options.samples))
    return _written(files, Path(out))


def _written(files: dict[str, str], out: Path) -> list[Path]:
    try:
        with folder_written_aside(out) as folder:
            for name, text in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            f"The export cannot be written to {str(out)!r}: {error.strerror}. Free some space, or name another folder."
        ) from error
    return [out / name for name in files]
