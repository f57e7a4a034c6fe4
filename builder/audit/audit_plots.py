"""Plots of an audit."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from builder.extras import import_extra
from hf_dataset.layout import AUDIT_PLOTS

from .oracle_breakdown import Breakdown
from .run_audit import Audit, ConfigAudit

T = TypeVar("T")
COLOURS: Final = {"preferred_only": "#33658a", "rating_integrated": "#86a03c", "chronological": "#c4652d"}
"""Colour of each config."""
BOUND: Final = "#444444"
"""Colour of the marks that show bounds."""
_BAR_WIDTH: Final = 0.27
_GATE_HEIGHT: Final = 0.27
"""Height of the bars of one gate in inches."""
_COLOURS: Final = 96
"""Colours of a plot file."""


def draw_plots(audit: Audit, folder: Path) -> dict[str, str]:
    """Draw all plots of an audit as PNG files.

    Args:
        audit: The finished audit.
        folder: Existing folder for the files.

    Returns:
        Title of each plot, by file name.

    Raises:
        MissingExtraError: If matplotlib or Pillow is not installed.
    """
    plots: Mapping[str, tuple[str, Callable[[Any, Sequence[ConfigAudit]], None], tuple[float, float]]] = {
        "shortcuts.png": (AUDIT_PLOTS["shortcuts.png"], _draw_gates, (9, max(7, _GATE_HEIGHT * _count_gates(audit)))),
        "oracle.png": (AUDIT_PLOTS["oracle.png"], _draw_oracle, (12, 8)),
        "lengths.png": (AUDIT_PLOTS["lengths.png"], _draw_lengths, (9, 3.5)),
        "categories.png": (AUDIT_PLOTS["categories.png"], _draw_categories, (9, 9)),
    }
    if audit.sampled:
        rows, of_rows = audit.rows
        suffix = f", a sample of {rows:,} of {of_rows:,} rows of each config"
        plots = {name: (f"{title}{suffix}", draw, size) for name, (title, draw, size) in plots.items()}
    return save_plots(plots, audit.configs, folder)


def save_plots(
    plots: Mapping[str, tuple[str, Callable[[Any, T], None], tuple[float, float]]], shown: T, folder: Path
) -> dict[str, str]:
    """Draw plots and save them as PNG files. The same data produce identical files.

    Args:
        plots: By file name: the title, the function that draws on a matplotlib figure, and the size in inches.
        shown: The data to draw, passed to every function.
        folder: Existing folder for the files.

    Returns:
        Title of each plot, by file name.

    Raises:
        MissingExtraError: If matplotlib or Pillow is not installed.
    """
    image = import_extra("PIL.Image", "builder", "Drawing the plots of an audit")
    Figure = import_extra("matplotlib.figure", "builder", "Drawing the plots of an audit").Figure  # noqa: N806  (a class)
    for name, (title, draw, size) in plots.items():
        figure = Figure(figsize=size, layout="constrained")
        draw(figure, shown)
        figure.suptitle(title)
        # Matplotlib writes its version by default, which would change the bytes.
        drawn = io.BytesIO()
        figure.savefig(drawn, dpi=110, metadata={"Software": None})
        # The plots use few colours; a palette makes the files a third as large.
        image.open(drawn).convert("RGB").quantize(_COLOURS).save(folder / name, optimize=True)
    return {name: title for name, (title, _, _) in plots.items()}


def _count_gates(audit: Audit) -> int:
    return len({gate.name for item in audit.configs for gate in item.gates})


def _draw_gates(figure: Any, configs: Sequence[ConfigAudit]) -> None:
    names = list(dict.fromkeys(gate.name for item in configs for gate in item.gates))
    axes = figure.subplots()
    height = 0.8 / len(configs)
    for number, item in enumerate(configs):
        places = [len(names) - 1 - names.index(gate.name) - (number - 1) * height for gate in item.gates]
        axes.barh(
            places,
            [100 * gate.accuracy for gate in item.gates],
            height=height,
            xerr=[100 * gate.margin for gate in item.gates],
            error_kw={"elinewidth": 0.8, "ecolor": "#222222"},
            color=COLOURS[item.config],
            label=item.config,
        )
        for place, gate in zip(places, item.gates, strict=True):
            axes.plot([100 * gate.bound] * 2, [place - height / 2, place + height / 2], color=BOUND, linewidth=2)
    axes.plot([], [], color=BOUND, linewidth=2, label="bound (readers: min; others: max)")
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_xlim(0, 100)
    axes.set_xlabel("accuracy, %; error bars: margin of the test")
    axes.legend(loc="center right")


def _draw_oracle(figure: Any, configs: Sequence[ConfigAudit]) -> None:
    has_kinds = any(breakdown.by == "kind" for breakdown in configs[0].oracle)
    properties = ("axis", "history length", "place of the change", "kind" if has_kinds else "flipped ratings")
    for axes, by in zip(figure.subplots(2, 2).flat, properties, strict=True):
        _draw_breakdown(axes, configs, by)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


def _draw_breakdown(axes: Any, configs: Sequence[ConfigAudit], by: str) -> None:
    """Draw the oracle's accuracy by one property, with a bar for each config."""
    accuracies = [{part.label: part.accuracy for part in _breakdown(item, by).parts} for item in configs]
    labels = sorted({label for parts in accuracies for label in parts})
    for number, (item, parts) in enumerate(zip(configs, accuracies, strict=True)):
        axes.bar(
            [labels.index(label) + (number - 1) * _BAR_WIDTH for label in parts],
            [100 * accuracy for accuracy in parts.values()],
            width=_BAR_WIDTH,
            color=COLOURS[item.config],
            label=item.config,
        )
    rotation, alignment = (45, "right") if by == "axis" else (0, "center")
    axes.set_xticks(range(len(labels)), list(map(_tick_text, labels)), rotation=rotation, ha=alignment)
    axes.set_ylim(0, 105)
    axes.set_title(f"by {by}")
    axes.set_ylabel("accuracy, %")


def _tick_text(label: str) -> str:
    """Return a label without the zeros that make numbers sort as text."""
    return label.lstrip("0") if label.isdigit() else label


def _draw_lengths(figure: Any, configs: Sequence[ConfigAudit]) -> None:
    axes = figure.subplots()
    for number, item in enumerate(configs):
        rows = {int(part.label): part.rows for part in _breakdown(item, "history length").parts}
        axes.bar(
            [length + (number - 1) * _BAR_WIDTH for length in rows],
            list(rows.values()),
            width=_BAR_WIDTH,
            color=COLOURS[item.config],
            label=item.config,
        )
    axes.set_xlabel("interactions")
    axes.set_ylabel("instances")
    axes.legend()


def _draw_categories(figure: Any, configs: Sequence[ConfigAudit]) -> None:
    """Draw the categories of the first config. All configs have the same users, hence the same categories."""
    axes = figure.subplots()
    parts = sorted(_breakdown(configs[0], "category").parts, key=lambda part: (part.rows, part.label))
    axes.barh([part.label for part in parts], [part.rows for part in parts], color=COLOURS[configs[0].config])
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlabel(f"instances per config, in {len(parts)} categories")
    axes.margins(y=0.01)


def _breakdown(item: ConfigAudit, by: str) -> Breakdown:
    """Return the breakdown by a property; it is empty if no row has the property."""
    return next((breakdown for breakdown in item.oracle if breakdown.by == by), Breakdown(by, ()))
