"""The command that audits a data set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from builder.audit.text_quality import text_quality
from builder.audit.text_repetition import text_repetition
from builder.embedding import SentenceEncoder
from builder.errors import AuditError
from hf_dataset.manifest import read_manifest
from petoolbench.building import audit
from petoolbench.original.reference_texts import read_references

from .console import progress, stdout
from .original import audit_imported
from .printing import print_audit, print_text_quality, print_texts

REAL_DATA: Final = "PETOOLBENCH_REAL_DATA"
"""Environment variable with the folder of real data; if set, `audit` prints figures on its texts for comparison."""


def audit_folder(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Folder of the private answers, to include the test split.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for audit.json, AUDIT.md and plots.")] = None,
) -> None:
    """Check that the answers of a data set can be found only from the histories.

    The audit measures shortcuts: rules that ignore all or part of the history. Each shortcut has a gate, the highest
    accuracy allowed. Exits with code 1 if a shortcut exceeds its gate, or if the rows fail a check.
    """
    manifest = read_manifest(data)
    if manifest.is_original:
        audit_imported(data, manifest, answers, out)
        return
    with progress() as report:
        result = audit(data, answers, out=out, progress=report).details
    for name, item in result.parts:
        print_audit(name, item)
    name = "this data set"
    qualities = {name: result.instructions}
    texts = list(result.texts)
    if real_data := os.environ.get(REAL_DATA):
        encoder = SentenceEncoder()
        for reference in read_references(Path(real_data)):
            qualities[reference.name] = text_quality(reference.asked, encoder)
            texts += text_repetition({reference.name: reference.groups})
    print_text_quality(qualities, {name: result.rows[1]} if result.sampled else {})
    print_texts(texts)
    if out is not None:
        stdout.print(f"Report: {out}", soft_wrap=True)
    if result.failed:
        raise AuditError(f"{len(result.failed)} gates or checks do not hold: {'; '.join(result.failed)}.")
