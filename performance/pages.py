"""Response times of the leaderboard in a browser, with many systems: first paint, filters and tab switches.

python -m performance pages --data out/demo --systems 1000
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from leaderboard.public_data import Data
from leaderboard.scoring.scorer_version import scorer_version
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import new_id
from leaderboard.stores.stored_records import HISTORY_TYPES, ConfigScores, Outcome, Person, Submission, System
from leaderboard.submissions.quota import Decision
from leaderboard.views import filters
from metrics.petoolbench.records import ERROR_CLASSES, RATES
from tests.browser import serving

from .results_table import Row

_BOUNDS = {"first paint": 1500, "filter": 200, "tab switch": 400}
"""Upper bounds in milliseconds, by the prefix of the measured action."""
_LICENCES = ("Apache-2.0", "MIT", "proprietary", "")


def fill(folder: Path, revision: str, count: int) -> None:
    """Add invented systems with random scores to a store, each from a different account.

    Args:
        folder: Folder of the store.
        revision: Revision of the data set.
        count: Number of systems.
    """
    store, rng, start = LocalStore(folder), np.random.default_rng(0), datetime(2026, 1, 1, tzinfo=UTC)
    with tempfile.NamedTemporaryFile() as empty:
        for index in range(count):
            created = start + timedelta(minutes=7 * index)
            system = System(
                name=f"invented system {index}",
                licence=_LICENCES[index % 4],
                parameters_b=float(rng.choice([1, 3, 7, 8, 14, 32, 70])),
                cost_usd=round(float(rng.gamma(2, 3)), 2),
                description="Made for a measurement.",
            )
            submission = Submission(
                id=new_id(created),
                person=Person(f"{index:024x}", f"account-{index}"),
                system=system,
                split="validation",
                configs=HISTORY_TYPES,
                sha256=f"{index:064x}",
                size=0,
                data_revision=revision,
                scorer_version=scorer_version(),
                created=created.isoformat(timespec="milliseconds"),
            )
            store.submit(submission, Path(empty.name), lambda _: Decision(True, 1, None, ""))
            store.record(_outcome(submission, rng))


def _outcome(submission: Submission, rng: np.random.Generator) -> Outcome:
    scores = {config: _scores(rng) for config in HISTORY_TYPES}
    overall = {rate: float(np.mean([getattr(part, rate) for part in scores.values()])) for rate in RATES}
    return Outcome(
        submission.id,
        "scored",
        "",
        submission.scorer_version,
        submission.data_revision,
        submission.created,
        scores,
        overall,
        {name: (max(0.0, rate - 0.02), min(1.0, rate + 0.02)) for name, rate in overall.items()},
        {"history_length": {"6 to 10": (overall["tool_accuracy"], 200), "11 to 15": (overall["tool_accuracy"], 300)}},
    )


def _scores(rng: np.random.Generator) -> ConfigScores:
    tool = float(rng.beta(4, 4))
    rates: dict[str, Any] = dict(zip(RATES, (tool, 0.9 * tool, 0.9 * tool, 0.97, 0.01), strict=True))
    shares: dict[str, float] = {name: (1 - 0.9 * tool) / (len(ERROR_CLASSES) - 1) for name in ERROR_CLASSES[1:]}
    ends = {name: (max(0.0, rate - 0.04), min(1.0, rate + 0.04)) for name, rate in rates.items()}
    return ConfigScores(
        **rates, intervals=ends, error_classes={**shares, "correct": 0.9 * tool}, count=300, query_groups=100
    )


_COUNT = "(count) => document.querySelectorAll('#board tbody tr').length === count"
_SWITCH = """
([label, seen]) => new Promise((done) => {
  const start = performance.now();
  const visible = () => [...document.querySelectorAll(seen)].some((e) => e.checkVisibility() && e.clientHeight);
  const look = () => (visible() ? done(performance.now() - start) : requestAnimationFrame(look));
  [...document.querySelectorAll('[role=tab]')].find((tab) => tab.textContent.trim() === label).click();
  requestAnimationFrame(look);
})
"""
"""Script that clicks a tab and checks every frame for its content. It excludes the overhead of Playwright."""
_CLICK = """
([target, seen, text, present]) => new Promise((done) => {
  const start = performance.now();
  const shown = () => document.querySelector(seen)?.textContent.includes(text) === present;
  const look = () => (shown() ? done(performance.now() - start) : requestAnimationFrame(look));
  document.querySelector(target).click();
  requestAnimationFrame(look);
})
"""
"""Script that clicks an element and checks every frame for a text that appears or vanishes."""
_CLICKS = (
    ("filter: config", "#which input[value=chronological]", "#board .formula", "overall =", False),
    ("filter: order", "#board button[data-sort=system]", "#board th[aria-sort]", "System", True),
)
_TABS = {
    "Charts": "#plot svg",
    "Compare": "#compared .pet",
    "Explore": "#shown .instance",
    "Play": "#play-shown .play",
    "Submit": "#own .own",
    "About": ".words h2",
    "Board": "#board .count",
}
"""Selector of an element that shows that a tab is visible, by the label of the tab."""


class Watch:
    """Stopwatch for named actions.

    Attributes:
        found: Measured milliseconds by action.
    """

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {}

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        """Record the duration of the `with` block as an action."""
        start = time.perf_counter()
        yield
        self.found.setdefault(what, []).append(1000 * (time.perf_counter() - start))


def watched(page: Page, url: str, rounds: int) -> dict[str, list[float]]:
    """Perform all actions and measure the time until each result is visible.

    Args:
        page: An empty page.
        url: Address of the leaderboard.
        rounds: Number of times to perform each action.

    Returns:
        Milliseconds by action.
    """
    watch, rows = Watch(), page.locator("#board tbody tr")
    for _ in range(rounds):
        with watch("first paint"):
            page.goto(url)
            rows.first.wait_for()
        search = page.locator("#search").get_by_role("textbox")
        with watch("filter: search"):
            search.fill("account-77")
            page.wait_for_function(_COUNT, arg=11)
        with watch("filter: cleared"):
            search.fill("")
            page.wait_for_function(_COUNT, arg=filters.PAGE)
        for action, *click in _CLICKS:
            watch.found.setdefault(action, []).append(page.evaluate(_CLICK, click))
        for visit in ("first", "again"):
            for label, seen in _TABS.items():
                watch.found.setdefault(f"tab switch, {visit}: {label}", []).append(
                    page.evaluate(_SWITCH, [label, seen])
                )
    return watch.found


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("--data", type=Path, default=Path("out/demo"), help="folder of the data set")
    parser.add_argument("--systems", type=int, default=1000, help="number of systems on the board")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each action")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure every action on a leaderboard with invented systems."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        fill(home / "store", Data(given.data).revision, given.systems)
        command = [sys.executable, "-m", "leaderboard.app", "--data", str(given.data), "--store", str(home / "store")]
        with serving(command, home) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            durations = watched(browser.new_page(), url, given.rounds)
            browser.close()
    for what, times in durations.items():
        bound = next((f"{limit:,} ms" for start, limit in _BOUNDS.items() if what.startswith(start)), "")
        result = f"{statistics.median(times):,.0f} ms, at most {max(times):,.0f}"
        yield Row(f"leaderboard: {what}", f"{given.systems:,} systems", result, bound=bound)
