"""Commands about the leaderboard: start it here, hand something in, score everything again.

The leaderboard is a program of its own, which runs without the builder; it is started, and never imported.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from builder.errors import HubError
from builder.extras import import_extra
from hf_dataset.layout import SPLITS
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.baseline_runs import write_baselines

from .console import progress, stdout

Store = Annotated[
    str, typer.Option("--store", help="Where submissions lie: a folder, or hub:ORG/SUBMISSIONS,ORG/RESULTS.")
]
Data = Annotated[Path, typer.Option("--data", help="Folder of the data set.")]
Answers = Annotated[Path | None, typer.Option("--answers", help="Answers folder; adds the test split.")]


def leaderboard(
    data: Data,
    answers: Answers = None,
    store: Store = "out/leaderboard",
    port: Annotated[
        int | None, typer.Option("--port", help="Port of the page; any free one from 7860 if left out.")
    ] = None,
) -> None:
    """Start the leaderboard on this machine, with its permanent rows scored."""
    import_extra("gradio", "leaderboard", "The leaderboard")
    _run_with_baselines("leaderboard", data, answers, store, ["--port", str(port)] if port is not None else [])


def rescore(data: Data, answers: Answers = None, store: Store = "out/leaderboard") -> None:
    """Score every stored file again, with today's scorer and answers; what there was stays beside."""
    _run_with_baselines("leaderboard.scoring.rescore", data, answers, store, [])


def submit(
    predictions: Annotated[Path, typer.Argument(help="Predictions file, of one config or of all three.")],
    space: Annotated[
        str,
        typer.Option(
            "--space", help="The leaderboard: ORG/NAME on the Hub (HF_TOKEN says who you are), or its address."
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="Name of the system.")],
    split: Annotated[str, typer.Option("--split", help=f"One of {', '.join(SPLITS[1:])}.")] = "validation",
    team: Annotated[str, typer.Option("--team")] = "",
    link: Annotated[str, typer.Option("--link", help="Its repository on the Hub, ORG/NAME.")] = "",
    licence: Annotated[str, typer.Option("--licence")] = "",
    parameters_b: Annotated[str, typer.Option("--parameters-b", help="Parameters, in billions.")] = "",
    cost_usd: Annotated[str, typer.Option("--cost-usd", help="Dollars for the whole run.")] = "",
    description: Annotated[str, typer.Option("--description")] = "",
    history: Annotated[str, typer.Option("--history", help="What the system was shown: own, none or swapped.")] = "own",
    check: Annotated[bool, typer.Option("--check", help="Tell what is wrong with it, and hand in nothing.")] = False,
) -> None:
    """Hand predictions in to a leaderboard."""
    if not predictions.is_file():
        raise HubError(f"There is no file {str(predictions)!r}. Name the predictions to hand in.")
    library, httpx = (import_extra(name, "leaderboard", "Handing something in") for name in ("gradio_client", "httpx"))
    fields = {
        "split": split, "name": name, "team": team, "link": link, "licence": licence, "parameters_b": parameters_b,
        "cost_usd": cost_usd, "description": description, "history": history,
    }  # fmt: skip
    found = _asked(library, httpx.HTTPError, space, predictions, "/check" if check else "/submit", fields)
    if "receipt" in found:
        for key, value in found["receipt"].items():
            stdout.print(f"{key.replace('_', ' ')}: {value}", markup=False, highlight=False, soft_wrap=True)
        _tell_where(space, found["receipt"]["configs"])
    elif found.get("valid"):
        stdout.print(f"Nothing is wrong: {found['lines']} lines answer {', '.join(found['configs'])}.", soft_wrap=True)
    else:
        raise HubError("Nothing was handed in.\n" + (found.get("refused") or "\n".join(found.get("problems", ()))))


def _tell_where(space: str, configs: Sequence[str]) -> None:
    """Say where on the board the system will stand."""
    board = "Overall" if len(configs) == len(HISTORY_TYPES) else f"{' and '.join(configs)} (Overall takes all three)"
    address = f"{space.rstrip('/')}/" if "://" in space else f"https://huggingface.co/spaces/{space}"
    stdout.print(f"It is scored soon, and stands then on the board {board}: {address}", soft_wrap=True, highlight=False)


def _asked(
    library: Any, http_error: type[Exception], space: str, predictions: Path, endpoint: str, fields: dict[str, str]
) -> dict[str, Any]:
    """What the leaderboard says.

    Raises:
        HubError: If it cannot be reached, or refuses.
    """
    try:
        client = library.Client(space, token=os.environ.get("HF_TOKEN"), verbose=False)
        found: dict[str, Any] = client.predict(library.handle_file(str(predictions)), api_name=endpoint, **fields)
    except (library.utils.TooManyRequestsError, library.utils.QueueError) as error:
        raise HubError(f"The leaderboard {space!r} is busy. Try again in a minute.") from error
    except library.exceptions.AppError as error:
        raise HubError(f"The leaderboard {space!r} refuses: {error}") from error
    except (OSError, ValueError, RuntimeError, http_error) as error:
        raise HubError(
            f"The leaderboard {space!r} cannot be reached ({type(error).__name__}). Check its name or address."
        ) from error
    return found


def _run_with_baselines(module: str, data: Path, answers: Path | None, store: str, others: list[str]) -> None:
    """Run a module of the leaderboard that scores our own rows too."""
    with TemporaryDirectory() as folder:
        with progress() as tell:
            write_baselines(data, answers, Path(folder), tell)
        given = ["--data", str(data), "--store", store, "--baselines", folder]
        _run(module, [*given, *(["--answers", str(answers)] if answers else []), *others])


def _run(module: str, arguments: list[str]) -> None:
    """Run a module of the leaderboard until it ends; whoever tells us to stop tells it."""
    with subprocess.Popen([sys.executable, "-m", module, *arguments]) as process:  # noqa: S603 (our own)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: process.terminate())
        status = process.wait()
    if status:
        raise typer.Exit(status if status > 0 else 128 - status)  # as a shell tells of a signal
