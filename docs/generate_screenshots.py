"""Pictures of the leaderboard in docs/guides/screenshots, of the baselines on a build.

python -m docs.generate_screenshots --data out/release --answers out/release-private

Each picture shows a running leaderboard whose only rows are the baselines, scored on the build. No system and no score
is invented. Run it again after a change of the pages, the baselines or the data.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from builder.progress import Progress
from leaderboard.public_data import Data
from petoolbench.baseline_runs import write_baselines
from petoolbench.cli.console import progress
from tests.browser import serving

FOLDER: Final = Path(__file__).parent / "guides" / "screenshots"
_WIDE: Final = (1280, 860)
_NARROW: Final = (390, 844)
_COLOURS: Final = 256
_SETTLE_MS: Final = 700
"""Time for fonts, transitions and the late content of a page."""


def _nothing(_page: Page, _predictions: Path) -> None:
    """Leave the page as it is."""


class Shot(NamedTuple):
    """Picture of a page."""

    name: str
    """Name of the file, without its ending."""
    address: str
    """Query string of the page, in which `{row}` stands for the first row of `chronological`."""
    seen: str
    """Selector of an element that is visible when the page is complete."""
    prepare: Callable[[Page, Path], None] = _nothing
    """Actions on the page, given a predictions file with errors."""
    narrow: bool = False
    dark: bool = False


def _choose(page: Page, element: str, text: str) -> None:
    """Select the first option of a dropdown that contains a text."""
    field = page.locator(f"{element} input")
    field.click()
    field.fill(text)
    page.get_by_role("option").filter(has_text=text).first.click()


def _errors(page: Page, _predictions: Path) -> None:
    page.locator("#figure").get_by_label("Error classes").check()
    page.locator("#plot table.heat").wait_for()


def _history_length(page: Page, _predictions: Path) -> None:
    page.locator("#figure").get_by_label("Accuracy by instance property").check()
    page.locator("#slicing").wait_for()


def _pair(page: Page, _predictions: Path) -> None:
    _choose(page, "#first", "regression")
    _choose(page, "#second", "no history")
    page.locator("#compared").get_by_text("regression is ahead").wait_for()


def _answer(page: Page, _predictions: Path) -> None:
    _choose(page, "#replier", "regression")
    page.locator("#reply .verdict").wait_for()
    page.locator("#reveal").get_by_role("checkbox").check()
    page.locator("#shown details.is-answer").wait_for()


def _ratings(page: Page, _predictions: Path) -> None:
    page.locator("#config").get_by_label("rating_integrated").check()
    page.locator("#shown .rating").first.wait_for()
    page.locator("#shown .rating").first.scroll_into_view_if_needed()


def _offered(page: Page, _predictions: Path) -> None:
    page.locator("#play-shown details.offers:visible summary").first.click()


def _played(page: Page, _predictions: Path) -> None:
    page.locator("#play-choice label").first.click()
    page.locator("#play-choose").click()
    page.locator("#play-verdict .outcome").wait_for()
    page.locator("#play-verdict").evaluate("element => element.scrollIntoView()")


def _file_with_errors(page: Page, predictions: Path) -> None:
    page.locator("#predictions input[type=file]").set_input_files(predictions)
    page.locator("#predictions").get_by_text(predictions.name).wait_for()
    page.locator("#name").get_by_role("textbox").fill("regression, with errors")
    page.locator("#check").click()
    page.locator("#answered .problems").wait_for()
    page.locator("#answered").scroll_into_view_if_needed()


_CHART: Final = "#plot svg, #plot table.heat"
SHOTS: Final = (
    Shot("board-light", "split=test", "#board tbody tr"),
    Shot("board-narrow", "split=test", "#board tbody tr", narrow=True),
    Shot("charts-dark", "tab=charts", _CHART, _history_length, dark=True),
    Shot("charts-narrow", "tab=charts&split=test", "#plot svg.for-narrow", narrow=True),
    Shot("errors-light", "tab=charts&split=test", _CHART, _errors),
    Shot("compare-light", "tab=compare&split=test", "#compared .pet", _pair),
    Shot("explore-dark", "tab=explore", "#shown .instance", _answer, dark=True),
    Shot("explore-narrow", "tab=explore", "#shown .instance", _ratings, narrow=True),
    Shot("play-light", "tab=play&config=chronological&id={row}", "#play-shown .play", _offered),
    Shot("play-narrow", "tab=play&config=chronological&id={row}", "#play-shown .play", _played, narrow=True),
    Shot("submit-light", "tab=submit", "#own .own", _file_with_errors),
    Shot("about-dark", "tab=about", ".words h2", dark=True),
)
"""Pictures of docs/guides/leaderboard.md."""


def take(url: str, row: str, predictions: Path, folder: Path) -> None:
    """Take all pictures of a running leaderboard.

    Args:
        url: Address of the leaderboard.
        row: Id of a validation instance of `chronological`.
        predictions: Predictions file with errors, for the Submit page.
        folder: Folder of the pictures.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for shot in SHOTS:
            png = _png(browser, url, shot._replace(address=shot.address.format(row=row)), predictions)
            picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
            picture.save(folder / f"{shot.name}.png", optimize=True)
        browser.close()


def _png(browser: Browser, url: str, shot: Shot, predictions: Path) -> bytes:
    width, height = _NARROW if shot.narrow else _WIDE
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if shot.dark else "light", locale="en-GB"
    )
    page = context.new_page()
    page.goto(f"{url}/?{shot.address}")
    page.locator(shot.seen).locator("visible=true").first.wait_for()
    shot.prepare(page, predictions)
    page.mouse.move(0, 0)
    page.wait_for_timeout(_SETTLE_MS)
    png = page.screenshot()
    context.close()
    return png


def damaged(predictions: Path) -> str:
    """Return the lines of a predictions file with three errors: an unknown key, a repeated line and missing lines.

    Args:
        predictions: File of all configs of the validation split.
    """
    lines = [line for line in predictions.read_text(encoding="utf-8").splitlines() if '"instance_id"' in line]
    unknown = json.dumps({**json.loads(lines[0]), "score": 1})
    return "".join(f"{line}\n" for line in (unknown, lines[1], *lines[1:-3]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Score the baselines, serve the leaderboard, and take the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.generate_screenshots",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--answers", type=Path, required=True, help="folder of its private answers")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the pictures")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name, progress() as report:
        home = Path(name)
        _score(options.data, options.answers, home, report)
        predictions = home / "predictions.jsonl"
        predictions.write_text(damaged(home / "baselines" / "regression.validation.jsonl"), encoding="utf-8")
        command = [sys.executable, "-m", "leaderboard.app", "--data", str(options.data), "--store", str(home / "store")]
        with serving(command, home) as url:
            take(url, Data(options.data).instance_ids("chronological", "validation")[0], predictions, options.out)
    return 0


def _score(data: Path, answers: Path, home: Path, report: Progress) -> None:
    """Write and score the baselines in a store."""
    write_baselines(data, answers, home / "baselines", report)
    command = [sys.executable, "-m", "leaderboard.scoring.evaluator", "--once", "--data", str(data)]
    paths = {"answers": answers, "store": home / "store", "baselines": home / "baselines"}
    options = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 (our own command)


if __name__ == "__main__":
    sys.exit(main())
