"""Commands on a board, which `petoolbench board` runs: add, hide, unhide, reproduced, withdraw, list and log."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import httpx2

from leaderboard.hub_client import hub_client
from leaderboard.public_data import Data, DataError
from leaderboard.scoring.private_answers import Answers
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.local_store import DATABASE
from leaderboard.stores.open_store import HUB, open_store
from leaderboard.stores.store import Store, StoreError, in_words
from leaderboard.stores.stored_records import HISTORIES_SHOWN, SPLITS

from .board_log import act_line, act_lines, in_percent, submission_lines
from .maintainer_acts import ActError, hide, unhide, withdraw
from .scored_runs import RowText, add_run, reproduce

_SIMPLE: Final = {"hide": hide, "unhide": unhide, "withdraw": withdraw}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and print its result.

    Returns:
        Exit status: 0 on success, 1 if the command is not possible or the store cannot be read or written.
    """
    options = _parser().parse_args(arguments)
    try:
        for line in _run(options):
            sys.stdout.write(f"{line}\n")
    except (ActError, DataError, StoreError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _run(options: argparse.Namespace) -> Iterable[str]:
    store = _open(options.store, create=options.command == "add")
    if notice := in_words(store.unreadable()):
        sys.stderr.write(f"warning: {notice}\n")
    if options.command in ("list", "log"):
        found = list(submission_lines(store) if options.command == "list" else act_lines(store))
        return found or ["The store holds no submissions." if options.command == "list" else "There are no acts."]
    by = options.by or _maintainer(options.store)
    if options.command in _SIMPLE:
        return [act_line(_SIMPLE[options.command](store, options.submission, by=by, reason=options.reason))]
    scorer = Scorer(Data(options.data), Answers(options.answers) if options.answers else None)
    if options.command == "reproduced":
        return [act_line(reproduce(store, scorer, options.submission, options.run, by=by))]
    return _added(store, scorer, options, by)


def _added(store: Store, scorer: Scorer, options: argparse.Namespace, by: str) -> Iterable[str]:
    for run in options.run:
        row = RowText(options.name, options.split, options.history, options.description, options.link)
        added = add_run(store, scorer, run, row, by=by, reason=options.reason)
        state = "added" if added.is_new else "is on the board already; nothing was changed"
        rates = in_percent({config: scores.tool_accuracy for config, scores in added.outcome.scores.items()})
        yield f"{added.submission.id}  {added.submission.system.name}, {added.submission.split}: {state}: {rates}"


def _open(name: str, *, create: bool) -> Store:
    """Open a store. A local one must exist, so that a wrong path does not look like an empty board.

    Raises:
        StoreError: If it cannot be opened.
    """
    if not create and not name.startswith(HUB) and not (Path(name) / DATABASE).is_file():
        raise StoreError(f"There is no store in {name!r}. Name the store of the board with --store.")
    return open_store(name)


def _maintainer(store: str) -> str:
    """Return the account of the token for a store on the Hub, and else the user of this machine.

    Raises:
        ActError: If the account cannot be identified.
    """
    try:
        return str(hub_client().whoami()["name"]) if store.startswith(HUB) else getpass.getuser()
    except (OSError, ValueError, KeyError, httpx2.HTTPError) as error:
        raise ActError(
            f"The account of the token cannot be identified ({type(error).__name__}). Set HF_TOKEN, or name the "
            "maintainer with --by."
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m leaderboard.maintenance.command", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("add", "reproduced", *_SIMPLE, "list", "log"):
        command = commands.add_parser(name)
        command.add_argument("--store", required=True, help="folder of the store, or hub:ORG/SUBMISSIONS,ORG/RESULTS")
        if name in ("list", "log"):
            continue
        command.add_argument("--by", default="", help="maintainer who acts")
        if name != "add":
            command.add_argument("submission", help="id of the submission")
        if name != "reproduced":
            command.add_argument("--reason", default="", help="reason, shown on the board")
        if name in ("add", "reproduced"):
            command.add_argument("run", type=Path, nargs="+" if name == "add" else None, help="run file")
            command.add_argument("--data", type=Path, required=True, help="folder of the data set")
            command.add_argument("--answers", type=Path, help="folder of the private answers")
        if name == "add":
            command.add_argument("--name", default="", help="name of the row")
            command.add_argument("--split", default="", choices=("", *SPLITS), help="split that the run answers")
            command.add_argument("--history", default="", choices=("", *HISTORIES_SHOWN), help="history shown")
            command.add_argument("--description", default="", help="description of the row")
            command.add_argument("--link", default="", help="model repository on the Hub, ORG/NAME")
    return parser


if __name__ == "__main__":
    sys.exit(main())
