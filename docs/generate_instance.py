"""Picture of an instance in `docs/images`, from a validation row of a build.

    python -m docs.generate_instance --data out/demo

The picture shows some calls of the history, the request, and the candidates that can carry it out, with the facts that
matter to the user. Texts and facts are those of the row. Run it again after a change of the data.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image
from playwright.sync_api import sync_playwright

from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import Instance, ToolRow

PICTURE: Final = Path(__file__).parent / "images" / "instance.png"
CONFIG: Final = "preferred_only"
USER: Final = "validation-u000088"
"""User of the demo whose row is shown: short requests, and a preference over two facts that every listing states."""
_TEMPLATE: Final = "instance.html.j2"
_SPLIT: Final = "validation"
_STEPS: Final = 3
_LONGEST: Final = 110
"""Characters of the longest request of a step that is shown."""
_COLOURS: Final = 128


class ShownTool(NamedTuple):
    """Tool in the picture."""

    name: str
    facts: list[str]
    """Values on the axes of the preference."""
    chosen: bool
    """True for the called tool of a step, and for the answer."""


class ShownStep(NamedTuple):
    """Step of the history in the picture."""

    request: str
    tools: list[ShownTool]


def instance_of(data: Path, user: str) -> Instance:
    """Return the validation row of a user.

    Args:
        data: Folder of a build.
        user: End of the id of its row, such as `validation-u000088`.

    Raises:
        ValueError: If no row of the split belongs to this user.
    """
    for row in read_instances(data, CONFIG, _SPLIT):
        if row.instance_id.endswith(user):
            return row
    raise ValueError(f"{str(data)!r} has no row of {CONFIG} whose id ends with {user!r}. Name another one with --user")


def html(row: Instance, catalogue: Iterable[ToolRow]) -> str:
    """Return the page that is photographed.

    Args:
        row: Row with its answer and its metadata.
        catalogue: Tools of the split, with their facts.
    """
    assert row.meta is not None
    assert row.answer is not None
    tools = {tool.name: tool for tool in catalogue}
    axes = row.meta.axes or []

    def shown(names: Iterable[str], chosen: str) -> list[ShownTool]:
        return [ShownTool(name, _facts(tools[name], axes), name == chosen) for name in names]

    telling = [row.history[index] for index in row.evidence]
    steps = [step for step in telling if len(step.instruction) <= _LONGEST][:_STEPS]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    return environment.get_template(_TEMPLATE).render(
        steps=[ShownStep(step.instruction, shown(step.offered, step.name)) for step in steps],
        history=len(row.history),
        request=row.instruction,
        able=shown(row.meta.same_function or [], row.answer.name),
        candidates=len(row.candidates),
        wanted=_wanted(row),
    )


def _facts(tool: ToolRow, axes: Sequence[str]) -> list[str]:
    values = {fact.axis: f"{fact.value} {fact.unit}".strip() for fact in tool.facts or ()}
    return [values[axis] for axis in axes if axis in values]


def _wanted(row: Instance) -> str:
    """Return the preference in words, such as `lower latency and higher standing, equally`."""
    parts = (row.meta.wanted if row.meta else None) or []
    words = " and ".join(part.direction or part.bound or "" for part in parts)
    return f"{words}, equally" if len({part.weight for part in parts}) == 1 and len(parts) > 1 else words


def picture(page: str) -> bytes:
    """Return a PNG of a page, as high as its content."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        opened = browser.new_context(viewport={"width": 1040, "height": 200}, device_scale_factor=1.5).new_page()
        opened.set_content(page)
        png = opened.screenshot(full_page=True)
        browser.close()
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the picture; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.generate_instance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--user", default=USER, help="end of the id of the row that is shown")
    parser.add_argument("--out", type=Path, default=PICTURE, help="file of the picture")
    options = parser.parse_args(arguments)
    try:
        row = instance_of(options.data, options.user)
    except ValueError as error:
        parser.error(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(picture(html(row, read_tools(options.data, _SPLIT))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
