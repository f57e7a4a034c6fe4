"""Check a predictions file on the command line, as the Submit page does.

Run it with `python -m leaderboard.submissions.check_file`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from leaderboard.public_data import Data, DataError
from leaderboard.stores.stored_records import HISTORIES_SHOWN, SPLITS

from .validation import SubmissionTerms, check


def main(arguments: list[str] | None = None) -> int:
    """Check a file and print the report.

    Returns:
        Exit status: 0 if the file is valid, 1 if it is not, 2 if it cannot be checked.
    """
    parser = argparse.ArgumentParser(
        prog="python -m leaderboard.submissions.check_file", description="Check a predictions file."
    )
    parser.add_argument("file", type=Path, help="predictions file, JSON Lines")
    parser.add_argument("--data", type=Path, required=True, help="folder of the built data set")
    parser.add_argument("--split", choices=SPLITS, default="validation", help="split that the file answers")
    parser.add_argument("--history", choices=HISTORIES_SHOWN, default="own", help="whose history the system was shown")
    options = parser.parse_args(arguments)
    try:
        data = Data(options.data)
        terms = SubmissionTerms(data.revision, options.split, options.history)
        checked = check(options.file, data.ids(options.split), terms=terms, core=data.core_ids(options.split))
    except (DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(f"{line}\n" for line in checked.report())
    return 0 if checked.ok else 1


if __name__ == "__main__":
    sys.exit(main())
