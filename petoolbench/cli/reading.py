"""The commands of a reading study: deal rows to readers, and score their forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from builder.errors import OutputError
from hf_dataset.layout import SPLITS
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.files import write_atomically
from petoolbench.reading_study.deal import ROWS, deal_reading
from petoolbench.reading_study.scores import score_reading
from petoolbench.run_settings import choices

from .console import print_text, stdout
from .help_types import Command, Group

reading_app = typer.Typer(
    cls=Group,
    help="Let people answer instances by filling in forms: hand out the instances, then score the forms.",
    no_args_is_help=True,
)
Data = Annotated[str, typer.Option("--data", help="Folder of the data set, or its repository on the Hugging Face Hub.")]


@reading_app.command(cls=Command)
def deal(
    out: Annotated[
        Path,
        typer.Argument(
            help="Folder to create for the readers. OUT.key.json lists the selected instances, for `reading score`."
        ),
    ],
    data: Data,
    config: Annotated[str, typer.Option("--config", help=f"{choices('History type', (*HISTORY_TYPES, 'all'))}")],
    rows: Annotated[
        int, typer.Option("--rows", min=1, help="Number of rows to select; at most one from each query group.")
    ] = ROWS,
    split: Annotated[
        str, typer.Option("--split", help=choices("Split that the rows are selected from", SPLITS))
    ] = "test",
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            help="Folder of the private answers. With it, the selection from the test split is balanced by kind of "
            "preference, and by whether the user has one, two or three areas of life (work, a hobby).",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the draw.")] = 0,
) -> None:
    """Prepare a study in which people (*readers*) answer instances by hand.

    Selects rows and writes their prompts, empty forms and a guide for the readers, without the answers.
    """
    dealt = deal_reading(out, data, config=config, rows=rows, split=split, answers=answers, seed=seed)
    print_text(str(dealt))
    if split == "test" and answers is None:
        stdout.print(
            "The kinds of preference are not known without --answers, so they were not dealt evenly.", soft_wrap=True
        )
    print_text(
        f"Give the readers {str(dealt.folder)!r}. Keep {str(dealt.key)!r} to yourself: it names the instances.",
    )


@reading_app.command(cls=Command)
def score(
    out: Annotated[Path, typer.Argument(help="Folder that `deal` created, with OUT.key.json next to it.")],
    data: Data,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Folder of the private answers, for the test split.")
    ] = None,
    forms: Annotated[
        list[Path] | None,
        typer.Option(
            "--forms", help="Folder of filled-in forms; can be repeated, once for each reader. Default: OUT/forms."
        ),
    ] = None,
    as_json: Annotated[
        Path | None,
        typer.Option("--json", help="JSON file to which all scores and the answers of all readers are written."),
    ] = None,
) -> None:
    """Score the forms that the readers of a study filled in.

    Prints accuracy, whether the readers named the right properties (price, speed and so on), how well their confidence
    matches their accuracy, which rows they found ambiguous, how real they found the texts, and how far readers agree.
    """
    scores = score_reading(out, data, answers=answers, forms=forms)
    if as_json:
        try:
            write_atomically(as_json, [json.dumps(scores.to_dict(), indent=2, ensure_ascii=False) + "\n"])
        except OSError as error:
            raise OutputError(
                f"{str(as_json)!r} cannot be written: {error.strerror}. Name another file with --json."
            ) from error
    print_text(str(scores))
