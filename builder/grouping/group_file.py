"""Writing of a groups file, for a person to read, edit and pass back (`own_jobs`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from builder.records import Tool
from builder.words import printable, words

from .proposals import ProposedGroup
from .recognition import without_terms
from .ungrouped import Ungrouped, ungrouped_lines

_HEAD: Final = """\
# Groups of tools that do the same job, proposed by petoolbench groups.
#
# Read each group. Set accept = true if all of its tools do the same job with the same inputs; remove tools that do not.
# Groups of known jobs are accepted already. A proposed job has a [[functionality]] below its group: edit the summary
# and the patterns, which are instructions of people, each with every {slot} once; and give each slot a concept of the
# library, or values = [...] of its own, 30 or more.
# Then build with: petoolbench build --catalog ... --groups THIS_FILE
"""
_SMALL: Final = """\
# Known jobs that too few tools do. To use one, add a line for each tool that does it too, such as those of the list at
# the end of this file, until tools of 3 providers do it; then set accept = true.
"""
_PATTERNS: Final[Mapping[str, tuple[str, ...]]] = {
    "terse": ("{job}: {inputs}", "{inputs}: {job}"),
    "polite": ("Could you {job}? {about}.", "Please {job} with {about}."),
    "reason": ("Someone is waiting for me, so {job} with {about}.", "Before I go on, {job}: {about}."),
    "spoken": ("hey can you {job} for {inputs}", "i need you to {job}, it's {inputs}"),
    "two": ("I have {about} here. Can you {job}?", "There is one thing left for today. Please {job}: {about}."),
}
"""Drafts of patterns, with the job, the bare slots, and the slots with their names."""


def groups_text(
    groups: Sequence[ProposedGroup],
    tools: Sequence[Tool],
    ungrouped: Sequence[Ungrouped] = (),
    dropped: Sequence[str] = (),
    small: Sequence[ProposedGroup] = (),
) -> str:
    """Return the text of a groups file.

    Args:
        groups: Proposed groups.
        tools: Tools of the catalogue, whose descriptions become comments.
        ungrouped: Tools that no group uses, which the file lists at its end, as comments.
        dropped: Lines about what was dropped when the catalogue was read, for the end too.
        small: Known jobs with too few tools, which the file does not accept, so that a line adds a tool.
    """
    described = {tool.name: tool.operation_description or tool.description for tool in tools}
    phrases = {tool.name: _phrase(tool) for tool in tools}
    lines = [_HEAD, *(line for group in groups for line in _group(group, described, phrases, group.is_known))]
    if small:
        lines += [_SMALL, *(line for group in small for line in _group(group, described, phrases, accept=False))]
    return "\n".join([*lines, *_comments(ungrouped, dropped)]) + "\n"


def _comments(ungrouped: Sequence[Ungrouped], dropped: Sequence[str]) -> Iterator[str]:
    """Yield the end of the file: every tool that no group uses, and what was dropped."""
    if ungrouped:
        yield "# Tools that no group uses. A build takes them for candidates that do another job.\n#"
        yield from (f"# {_one_line(line)}" for line in ungrouped_lines(ungrouped))
    if dropped:
        yield "#\n# Dropped when the catalogue was read:\n#"
        yield from (f"# {_one_line(line)}" for line in dropped)


def _one_line(text: str) -> str:
    """Return a text that stays within a comment."""
    return " ".join(printable(text).splitlines()).replace("\x7f", "")


def _group(
    group: ProposedGroup, described: Mapping[str, str], phrases: Mapping[str, str], accept: bool
) -> Iterator[str]:
    yield "[[group]]"
    yield f"functionality = {_quoted(group.name)}"
    yield f"accept = {'true' if accept else 'false'}"
    yield "[group.tools]"
    for tool, parameters in group.tools.items():
        bound = ", ".join(f"{slot} = {_quoted(parameter)}" for slot, parameter in parameters.items())
        yield f"# {' '.join(described[tool].split())[:150]}"
        yield f"{_quoted(tool)} = {{ {bound} }}"
    yield ""
    if not group.is_known:
        yield from _functionality(group, [phrases[tool] for tool in group.tools])


def _phrase(tool: Tool) -> str:
    """Return the first sentence of a description, without the terms on which the tool is offered."""
    text = " ".join(without_terms(tool, tool.operation_description).split())
    return text.split(". ")[0].rstrip(" .,")[:200] or tool.operation


def _functionality(group: ProposedGroup, descriptions: Sequence[str]) -> Iterator[str]:
    yield "[[functionality]]"
    yield f"name = {_quoted(group.name)}"
    yield f"summary = {_quoted(group.summary)}"
    yield f"phrases = [{', '.join(map(_quoted, dict.fromkeys(descriptions)))}]"
    yield "slots = ["
    for slot in group.slots:
        source = f"concept = {_quoted(slot.concept)}" if slot.concept else "values = []"
        about = " ".join(slot.about.split())[:120]
        yield f"  {{ name = {_quoted(slot.name)}, about = {_quoted(about)}, {source} }},"
    yield "]"
    for register, drafts in _PATTERNS.items():
        yield f"patterns.{register} = ["
        for draft in drafts:
            yield f"  {_quoted(_pattern(draft, group))},"
        yield "]"
    yield ""


def _pattern(draft: str, group: ProposedGroup) -> str:
    job = group.summary.rstrip(".").replace("{", "").replace("}", "")
    first, _, rest = job.partition(" ")
    job = f"{_imperative(first)} {rest}".strip()
    inputs = ", ".join(f"{{{slot.name}}}" for slot in group.slots)
    about = " and ".join(f"{' '.join(words(slot.name))} {{{slot.name}}}" for slot in group.slots)
    text = draft.replace("{job}", job).replace("{inputs}", inputs).replace("{about}", about)
    return text[0].upper() + text[1:] if draft[0].isupper() else text


def _imperative(verb: str) -> str:
    """Return the first word of a description in small letters, and `return` for `Returns`."""
    lower = verb.lower() if verb[1:].islower() or len(verb) == 1 else verb
    if lower.endswith(("sses", "shes", "ches", "xes")):
        return lower[:-2]
    return lower[:-1] if lower.endswith("s") and not lower.endswith(("ss", "us", "is")) and len(lower) > 3 else lower


def _quoted(text: str) -> str:
    """Return a text as a basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
