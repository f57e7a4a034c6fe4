"""Progress of a command with a language model: a live table on a terminal, and log lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import Progress, TaskID
from rich.table import Table

from builder.llm.engine import STAGE
from builder.llm.meter import Meter

from .console import COLUMNS, stderr

LOG_SECONDS: Final = 10.0
"""Least number of seconds between two log lines about one stage, apart from that on its end."""
_READ_SECONDS: Final = 0.1
"""Least number of seconds between two readings of the meter for the table."""
_REASONS: Final = 3
"""Number of reasons that are shown for the refused replies of a stage."""


class StageLine(NamedTuple):
    """Figures of one stage."""

    task: str
    asked: int
    finished: int
    accepted: int
    refused: Sequence[tuple[str, int]]
    """Reasons with the number of refused replies, the most frequent first."""
    cost_usd: float
    to_come_usd: float

    @property
    def number_refused(self) -> int:
        """Number of refused replies."""
        return sum(number for _, number in self.refused)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """The most frequent reasons in words, with their numbers, and the number of the others."""
        shown = [(reason.replace("_", " "), number) for reason, number in self.refused[:_REASONS]]
        rest = self.number_refused - sum(number for _, number in shown)
        return [*shown, *([("other", rest)] if rest else [])]

    @property
    def text(self) -> str:
        """The figures as a log line."""
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in self.reasons)
        refused = f", {self.number_refused:,} refused" + (f" ({reasons})" if reasons else "")
        return f"{self.task}: {self.finished:,} of {self.asked:,} finished, {self.accepted:,} accepted{refused}"


def stage_lines(meter: Meter) -> list[StageLine]:
    """Return the figures of the stages, in their order."""
    return [
        StageLine(
            task,
            meter.asked[task],
            meter.finished[task],
            meter.accepted[task],
            sorted(meter.rejected.get(task, {}).items(), key=lambda item: (-item[1], item[0])),
            meter.task_usd.get(task, 0.0),
            meter.to_come_usd(task),
        )
        for task in meter.tasks
    ]


def cost_text(lines: Sequence[StageLine], meter: Meter) -> str:
    """Return the cost so far and the cost to come, with the budget, as text."""
    budget = f", budget {meter.max_cost_usd:.2f} USD" if meter.max_cost_usd is not None else ""
    to_come = sum(line.to_come_usd for line in lines)
    return f"{meter.cost_usd:.4f} USD so far, about {to_come:.4f} USD to come{budget}"


class ModelProgress:
    """Display of the stages of a command with a model.

    Args:
        console: Console of the display.
        is_live: True for a table that is redrawn, False for log lines.
        clock: Returns seconds that only increase.
    """

    def __init__(self, console: Console, is_live: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._is_live = is_live
        self._clock = clock
        self._meter: Meter | None = None
        self._lines: Sequence[StageLine] = ()
        self._caption = ""
        self._read_at = self._logged_at = clock()
        self._task = ""
        self._logged: dict[str, str] = {}
        """Last log line of each stage."""
        self._bars = Progress(*COLUMNS, console=console, disable=not is_live, auto_refresh=False)
        self._shown: dict[str, TaskID] = {}

    def watch(self, meter: Meter) -> None:
        """Show the counters of a meter from now on."""
        self._meter = meter

    def report(self, stage: str, done: int, total: int) -> None:
        """Take note of progress; this is the progress callback of the command."""
        if not stage.startswith(STAGE):
            self._update_bar(stage, done, total)
        elif self._is_live:
            self._read(at_once=done == total)
        else:
            self._log(stage.removeprefix(STAGE))

    def close(self) -> None:
        """Log the end of the last stage."""
        if not self._is_live and self._task:
            self._print(self._task)

    def renderable(self) -> RenderableType:
        """Return the table, below the bars of the other stages."""
        if not self._lines:
            return self._bars
        table = Table(box=box.SIMPLE, title="Requests to the model", title_justify="left", caption=self._caption)
        for name in ("stage", "asked", "finished", "accepted", "refused", "USD", "to come"):
            table.add_column(name, justify="left" if name == "stage" else "right")
        for line in self._lines:
            counts = (line.asked, line.finished, line.accepted, line.number_refused)
            costs = (f"{line.cost_usd:.4f}", f"{line.to_come_usd:.4f}")
            table.add_row(line.task, *(f"{count:,}" for count in counts), *costs)
            for reason, number in line.reasons:
                table.add_row(f"  {reason}", "", "", "", f"{number:,}", style="dim")
        return Group(self._bars, table)

    def _update_bar(self, stage: str, done: int, total: int) -> None:
        if stage not in self._shown:
            self._shown[stage] = self._bars.add_task(stage, total=total or None)
        self._bars.update(self._shown[stage], completed=done)

    def _read(self, *, at_once: bool) -> None:
        """Read the counters in the thread that changes them; the table is drawn in another one."""
        now = self._clock()
        if self._meter is not None and (at_once or now - self._read_at >= _READ_SECONDS or not self._lines):
            self._read_at = now
            lines = stage_lines(self._meter)
            self._lines, self._caption = lines, cost_text(lines, self._meter)

    def _log(self, task: str) -> None:
        """Print a line when another stage has begun, and at most every `LOG_SECONDS` in between."""
        if self._task and task != self._task:
            self._print(self._task)
        elif self._clock() - self._logged_at >= LOG_SECONDS:
            self._print(task)
        self._task = task

    def _print(self, task: str) -> None:
        assert self._meter is not None
        self._logged_at = self._clock()
        lines = stage_lines(self._meter)
        text = next(line.text for line in lines if line.task == task)
        if self._logged.get(task) != text:
            self._logged[task] = text
            line = f"{text}; {cost_text(lines, self._meter)}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def model_progress(*, is_batch: bool = False, console: Console = stderr) -> Iterator[ModelProgress]:
    """Yield the display of a command with a model.

    Args:
        is_batch: True if batches take hours, so that log lines are printed on a terminal, too.
        console: Console of the display.
    """
    is_live = console.is_terminal and not is_batch
    view = ModelProgress(console, is_live)
    if not is_live:
        try:
            yield view
        finally:
            view.close()
        return
    with Live(get_renderable=view.renderable, console=console, transient=True, refresh_per_second=4):
        yield view
