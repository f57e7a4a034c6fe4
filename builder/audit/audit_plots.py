"""The pictures of an audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from builder.extras import import_extra
from hf_dataset.layout import AUDIT_PLOTS

from .oracle_breakdown import Breakdown
from .run_audit import Audit, ConfigAudit

T = TypeVar("T")
COLOURS: Final = {"preferred_only": "#33658a", "rating_integrated": "#86a03c", "chronological": "#c4652d"}
BOUND: Final = "#444444"


def draw_plots(audit: Audit, folder: Path) -> dict[str, str]:
    """Draw all plots as PNG; what each shows, by file name.

    Args:
        audit: What was found.
        folder: Where the files go; it must be there.

    Raises:
        MissingExtraError: If matplotlib is missing.
    """
    plots: Mapping[str, tuple[str, Callable[[Any, Sequence[ConfigAudit]], None], tuple[float, float]]] = {
        "shortcuts.png": (AUDIT_PLOTS["shortcuts.png"], _shortcuts, (9, 7)),
        "oracle.png": (AUDIT_PLOTS["oracle.png"], _oracle, (12, 8)),
        "lengths.png": (AUDIT_PLOTS["lengths.png"], _lengths, (9, 3.5)),
        "categories.png": (AUDIT_PLOTS["categories.png"], _categories, (9, 9)),
    }
    if audit.sampled:
        rows, of_rows = audit.rows
        told = f", a sample of {rows:,} of {of_rows:,} rows of each config"
        plots = {name: (f"{title}{told}", draw, size) for name, (title, draw, size) in plots.items()}
    return save_plots(plots, audit.configs, folder)


def save_plots(
    plots: Mapping[str, tuple[str, Callable[[Any, T], None], tuple[float, float]]], shown: T, folder: Path
) -> dict[str, str]:
    """Draw plots and save them as PNG; what each shows, by file name.

    Args:
        plots: Title, what draws it on a figure, and its size in inches, by file name.
        shown: What is drawn.
        folder: Where the files go; it must be there.

    Raises:
        MissingExtraError: If matplotlib is missing.
    """
    Figure = import_extra("matplotlib.figure", "builder", "Drawing the plots of an audit").Figure  # noqa: N806  (a class)
    for name, (title, draw, size) in plots.items():
        figure = Figure(figsize=size, layout="constrained")
        draw(figure, shown)
        figure.suptitle(title)
        # No date and no version in the file: the same audit gives the same bytes.
        figure.savefig(folder / name, dpi=110, metadata={"Software": None})
    return {name: title for name, (title, _, _) in plots.items()}


def _shortcuts(figure: Any, configs: Sequence[ConfigAudit]) -> None:
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
    axes.plot([], [], color=BOUND, linewidth=2, label="bound (oracle: least; others: most)")
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_xlim(0, 100)
    axes.set_xlabel("accuracy, %, with the margin of chance")
    axes.legend(loc="center right")


def _oracle(figure: Any, configs: Sequence[ConfigAudit]) -> None:
    shown = ("axis", "history length", "place of the change", "flipped ratings")
    for axes, by in zip(figure.subplots(2, 2).flat, shown, strict=True):
        labels = sorted({part.label for item in configs for one in item.oracle if one.by == by for part in one.parts})
        for number, item in enumerate(configs):
            parts = {part.label: part.accuracy for part in _of(item, by).parts}
            places = [labels.index(label) + (number - 1) * 0.27 for label in parts]
            axes.bar(
                places,
                [100 * value for value in parts.values()],
                width=0.27,
                color=COLOURS[item.config],
                label=item.config,
            )
        texts = [label.lstrip("0") if label.isdigit() else label for label in labels]
        axes.set_xticks(
            range(len(labels)), texts, rotation=45 if by == "axis" else 0, ha="right" if by == "axis" else "center"
        )
        axes.set_ylim(0, 105)
        axes.set_title(f"by {by}")
        axes.set_ylabel("accuracy, %")
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


def _lengths(figure: Any, configs: Sequence[ConfigAudit]) -> None:
    axes = figure.subplots()
    for number, item in enumerate(configs):
        parts = {int(part.label): part.rows for part in _of(item, "history length").parts}
        axes.bar(
            [length + (number - 1) * 0.27 for length in parts],
            list(parts.values()),
            width=0.27,
            color=COLOURS[item.config],
            label=item.config,
        )
    axes.set_xlabel("interactions")
    axes.set_ylabel("instances")
    axes.legend()


def _categories(figure: Any, configs: Sequence[ConfigAudit]) -> None:
    """The three configs have the same users, so that one stands for all."""
    axes = figure.subplots()
    parts = sorted(_of(configs[0], "category").parts, key=lambda part: (part.rows, part.label))
    axes.barh([part.label for part in parts], [part.rows for part in parts], color=COLOURS[configs[0].config])
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlabel(f"instances of each config, in {len(parts)} categories")
    axes.margins(y=0.01)


def _of(item: ConfigAudit, by: str) -> Breakdown:
    return next((one for one in item.oracle if one.by == by), Breakdown(by, ()))
