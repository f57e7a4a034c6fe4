"""The commands of a people's study: deal rows to several readers, and report their answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hf_dataset.manifest import ALL
from hf_dataset.schema import HISTORY_TYPES
from metrics.study_files import REPORT, STUDY
from petoolbench.people_study.new_study import READERS, READS, STUDY_ROWS, new_study
from petoolbench.people_study.study_report import study_report
from petoolbench.run_settings import choices

from .console import print_text
from .help_types import Command, Group

study_app = typer.Typer(
    cls=Group,
    help="Let several people answer the same rows on the Play page of a leaderboard, and report how well they agree.",
    no_args_is_help=True,
)
Data = Annotated[str, typer.Option("--data", help="Folder of the data set, or its repository on the Hugging Face Hub.")]


@study_app.command(cls=Command)
def new(
    out: Annotated[Path, typer.Argument(help="Folder to create for the study.")],
    data: Data,
    config: Annotated[str, typer.Option("--config", help=f"{choices('History type', (*HISTORY_TYPES, 'all'))}")] = ALL,
    rows: Annotated[
        int,
        typer.Option(
            "--rows",
            min=1,
            help="Number of rows of the validation split; at most one from each query group.",
        ),
    ] = STUDY_ROWS,
    readers: Annotated[int, typer.Option("--readers", min=1, help="Number of people.")] = READERS,
    reads: Annotated[int, typer.Option("--reads", min=1, help="Number of people who read each row.")] = READS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of everything except the tokens of the links.")] = 0,
    url: Annotated[
        str, typer.Option("--url", help="Address of the leaderboard that shows the rows, for the printed links.")
    ] = "",
) -> None:
    """Prepare a study in which several people (*readers*) answer each row, and print a link for each of them.

    Each row comes early for one reader, in the middle for another and late for a third. Each reader gets about
    the same number of rows of each history type and kind of preference. Readers see the tools of a row in different
    orders.
    """
    study = new_study(out, data, config=config, rows=rows, readers=readers, reads=reads, seed=seed, url=url)
    print_text(str(study))
    print_text(
        f"\nSend each reader one link. Links are credentials: keep {str(out / STUDY)!r} to yourself.",
    )


@study_app.command(cls=Command)
def report(
    study: Annotated[Path, typer.Argument(help="Folder that `study new` created, with the answers of the readers.")],
    data: Data,
    card: Annotated[
        bool,
        typer.Option(
            "--card", help="Also show the results on the card of the data set. The data set must be a local folder."
        ),
    ] = False,
) -> None:
    """Report the answers of a study so far, and write all figures to STUDY/report.json.

    Prints accuracy with intervals, the time for a row, how well the confidence of readers matches their accuracy, the
    agreement of readers beyond chance (kappa), and the rows that they call ambiguous.
    """
    done = study_report(study, data, card=card)
    print_text(str(done))
    shown = f" and on the card of {data!r}" if card else ""
    print_text(f"\nResults in {str(study / REPORT)!r}{shown}.")
