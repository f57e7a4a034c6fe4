"""Commands for the leaderboard: start it on this machine, submit predictions, rescore all submissions.

The leaderboard is a separate program without the builder. It is started as a process and never imported.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from builder.errors import HubError
from builder.extras import import_extra
from hf_dataset.layout import SPLITS
from hf_dataset.schema import HISTORY_TYPES
from metrics.redaction import without_keys
from petoolbench.baseline_runs import write_baselines
from petoolbench.hub.space_client import call_space
from petoolbench.run_settings import choices

from .console import print_note, print_text, progress, stdout

Store = Annotated[
    str,
    typer.Option(
        "--store", help="Where the submissions and results are stored: a folder, or hub:ORG/SUBMISSIONS,ORG/RESULTS."
    ),
]
Data = Annotated[Path, typer.Option("--data", help="Folder of the data set.")]
Answers = Annotated[
    Path | None, typer.Option("--answers", help="Folder of the private answers, to include the test split.")
]


def leaderboard(
    data: Data,
    answers: Answers = None,
    store: Store = "out/leaderboard",
    study: Annotated[
        Path | None,
        typer.Option(
            "--study",
            help="Folder that `petoolbench study new` made: the readers of this study answer on the Play page.",
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to serve on; by default, the first free port from 7860.")
    ] = None,
) -> None:
    """Start the leaderboard on this machine and score the baselines."""
    import_extra("gradio", "leaderboard", "The leaderboard")
    given = {"--study": study, "--port": port}
    others = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    _run_with_baselines("leaderboard", data, answers, store, others)


def rescore(data: Data, answers: Answers = None, store: Store = "out/leaderboard") -> None:
    """Rescore all submissions with the current scorer and answers; earlier scores are kept."""
    _run_with_baselines("leaderboard.scoring.rescore", data, answers, store, [])


def submit(
    predictions: Annotated[Path, typer.Argument(help="Run file or predictions file, for one config or all three.")],
    space: Annotated[
        str,
        typer.Option(
            "--space",
            help="Leaderboard to submit to: ORG/NAME on the Hugging Face Hub (set HF_TOKEN to the token of your "
            "account), or a URL.",
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="Name of the system.")],
    split: Annotated[
        str, typer.Option("--split", help=choices("Split of the instances that the predictions are for", SPLITS[1:]))
    ] = "validation",
    team: Annotated[str, typer.Option("--team", help="Team or authors.")] = "",
    link: Annotated[str, typer.Option("--link", help="Model repository on the Hugging Face Hub, ORG/NAME.")] = "",
    licence: Annotated[str, typer.Option("--licence", "--license", help="Licence of the model.")] = "",
    parameters_b: Annotated[
        float | None, typer.Option("--parameters-b", min=0, help="Number of parameters in billions.")
    ] = None,
    cost_usd: Annotated[float | None, typer.Option("--cost-usd", min=0, help="Cost of the whole run in USD.")] = None,
    description: Annotated[str, typer.Option("--description", help="Short description of the system.")] = "",
    history: Annotated[
        str,
        typer.Option(
            "--history",
            help="History in your prompts: own (that of the user), none, or swapped (that of another user).",
        ),
    ] = "own",
    check: Annotated[bool, typer.Option("--check", help="Check the file without submitting it.")] = False,
    send_token: Annotated[
        bool,
        typer.Option(
            "--send-token",
            help="Send HF_TOKEN to the URL of --space even if it is not an https address of the Hub or a Space.",
        ),
    ] = False,
) -> None:
    """Submit a file of predictions to a leaderboard."""
    if not predictions.is_file():
        raise HubError(f"The file {str(predictions)!r} does not exist. Name the predictions to submit.")
    fields = {
        "split": split, "name": name, "team": team, "link": link, "licence": licence,
        "parameters_b": "" if parameters_b is None else str(parameters_b),
        "cost_usd": "" if cost_usd is None else str(cost_usd), "description": description, "history": history,
    }  # fmt: skip
    endpoint = "/check" if check else "/submit"
    reply = call_space(space, predictions, endpoint, fields, send_token=send_token, notify=print_note)
    if "receipt" in reply:
        for key, value in reply["receipt"].items():
            if value == []:
                continue
            print_text(f"{key.replace('_', ' ')}: {value}")
        _print_location(space, reply["receipt"]["configs"], split)
    elif reply.get("valid"):
        core_only = reply.get("core_only", ())
        configs = [f"{config} (the core)" if config in core_only else config for config in reply["configs"]]
        stdout.print(f"The file is valid: {reply['lines']} lines answer {', '.join(configs)}.", soft_wrap=True)
    else:
        raise HubError("Nothing was submitted.\n" + (reply.get("refused") or "\n".join(reply.get("problems", ()))))


def _print_location(space: str, configs: Sequence[str], split: str) -> None:
    """Print where the system will appear."""
    condition = " if it has a figure to show" if split == "test" else ""
    board = (
        "Overall"
        if len(configs) == len(HISTORY_TYPES)
        else f"{' and '.join(configs)} (Overall requires all three configs in one file, as "
        "predict --config all writes it)"
    )
    address = f"{without_keys(space).rstrip('/')}/" if "://" in space else f"https://huggingface.co/spaces/{space}"
    stdout.print(
        f"It will be scored soon and then appears on the board {board}{condition}: {address}",
        soft_wrap=True,
        highlight=False,
    )


def _run_with_baselines(module: str, data: Path, answers: Path | None, store: str, others: list[str]) -> None:
    """Run a module of the leaderboard that also scores the baselines."""
    with TemporaryDirectory() as folder:
        with progress() as report:
            write_baselines(data, answers, Path(folder), report)
        options = ["--data", str(data), "--store", store, "--baselines", folder]
        run_module(module, [*options, *(["--answers", str(answers)] if answers else []), *others])


def run_module(module: str, arguments: list[str]) -> None:
    """Run a module of the leaderboard until it ends; signals are passed on."""
    with subprocess.Popen([sys.executable, "-m", module, *arguments]) as process:  # noqa: S603  (a module of this project)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: process.terminate())
        status = process.wait()
    if status:
        raise typer.Exit(status if status > 0 else 128 - status)  # 128 plus the number of a signal, as in shells
