"""An instance as text for people, with what the user wants and the words of the documentation that state it.

Tools without a listing are shown with their descriptions. Of tools with a listing, only the candidates that do the job
are shown in full, and what the evidence steps offered is a table of the wanted facts, so that an instance fits a few
screens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hf_dataset.layout import TOOLS, answers_file
from hf_dataset.reader import read_private_tools, read_tools
from hf_dataset.schema import FactRow, Instance, InteractionRow, MetaRow, ToolDoc, WantedRow

from .text_columns import aligned, signature, tool_block, two_columns

_RATINGS: Final = {1: "liked   ", 0: "disliked"}
MARK: Final = ("«", "»")
"""Marks around words of the documentation that state a wanted fact about the tool."""
CALLED: Final = ">"
"""Mark of the called tool among those that were offered, and of the answer among the candidates."""
_WIDTH: Final = 118
"""Maximum length of a line that can be broken, in characters."""
_UNKNOWN: Final = "?"
_NONE: Final = MetaRow()


@dataclass(frozen=True, slots=True)
class Wishes:
    """Facts about the tools in a split, which show what its users prefer.

    Args:
        facts: Facts by tool and axis; empty if they are not known.
    """

    facts: Mapping[str, Mapping[str, FactRow]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, split: str, answers: Path | None = None) -> Wishes:
        """Read the facts about the tools of a split; those of the test split are in the private answers.

        Raises:
            ReadError: If the catalogue of the split cannot be read.
        """
        known = answers is not None and split == "test" and (answers / answers_file(TOOLS)).is_file()
        tools = read_private_tools(answers) if known and answers else read_tools(folder, split)
        return cls({tool.name: {fact.axis: fact for fact in tool.facts} for tool in tools})

    def wanted(self, instance: Instance) -> str:
        """Return what the user wants, in words; empty if the answer is private."""
        if instance.answer is None or instance.meta is None:
            return ""
        if instance.meta.wanted:
            return "; ".join(map(in_words, instance.meta.wanted))
        values = (f"{axis} = {self.value(instance.answer.name, axis)}" for axis in instance.meta.axes or ())
        return ", ".join(values)

    def value(self, tool: str, axis: str) -> str:
        """Return the value of a fact with its unit; a question mark if it is not known."""
        fact = self.facts.get(tool, {}).get(axis)
        return f"{fact.value} {fact.unit}".rstrip() if fact else _UNKNOWN

    def marked(self, tool: ToolDoc, instance: Instance) -> ToolDoc:
        """Return the documentation of a tool with marks around the words that state wanted facts."""
        description, listing = tool.description, tool.listing
        for axis in axes_of(instance):
            fact = self.facts.get(tool.name, {}).get(axis)
            if not fact or not fact.stated:
                continue
            words = f"{MARK[0]}{fact.stated}{MARK[1]}"
            if fact.stated in listing:
                listing = listing.replace(fact.stated, words, 1)
            else:
                description = description.replace(fact.stated, words, 1)
        return ToolDoc(tool.name, tool.provider, description, listing, tool.parameters)


def in_words(part: WantedRow) -> str:
    """Return one part of what a user wants, such as `region: EU` or `lower price (0.60)`."""
    axis = part.axis.replace("_", " ")
    if part.bound is not None:
        return f"{axis}: {part.bound}"
    weight = "" if part.weight is None else f" ({part.weight:.2f})"
    return f"{part.direction}{weight}"


def axes_of(instance: Instance) -> list[str]:
    """Return the axes that the user looks at, the most important first; empty if the answer is private."""
    if instance.answer is None or instance.meta is None:
        return []
    wanted = (part.axis for part in instance.meta.wanted or ())
    return list(dict.fromkeys([*(instance.meta.axes or ()), *wanted]))


def render(instance: Instance, wishes: Wishes, *, tools: bool = True, full: bool = False) -> str:
    """Return an instance as plain text.

    Args:
        instance: The instance.
        wishes: Facts about the tools in its split.
        tools: Show the documentation of the tools of the history and of the candidates, which is most of the text.
        full: Show all documentation, also of tools with listings that were only offered in the history.
    """
    return "\n".join(
        [
            f"{instance.instance_id}   (user {instance.user_id}, query group {instance.query_group})",
            f"{instance.category} / {instance.functionality}",
            "",
            *_history(instance),
            "",
            *_choices(instance, wishes),
            *(_documentation(instance, wishes, full=full) if tools else ()),
            *([_line("Today", instance.today)] if instance.today else []),
            _line("Instruction", instance.instruction),
            *_answer(instance, wishes.wanted(instance)),
        ]
    )


def _line(name: str, value: str) -> str:
    return f"{name:<12}  {value}"


def _history(instance: Instance) -> Iterator[str]:
    decisive = frozenset(instance.evidence)
    concerns = _concerns(instance)
    legend = "* = a step that shows the preference" if decisive else ""
    if concerns:
        legend += "; letter = concern, A is that of the instruction"
    yield "History" + (f"   ({legend.removeprefix('; ')})" if legend else "")
    width = max(2, len(str(len(instance.history) - 1)))
    for index, step in enumerate(instance.history):
        parts = (step.date, concerns[index] if concerns else None, _rating(step))
        head = (
            f"  {'*' if index in decisive else ' '} {index:>{width}}  {''.join(f'{part}  ' for part in parts if part)}"
        )
        yield head + step.instruction
        yield from _call(step, " " * len(head))


def _rating(step: InteractionRow) -> str:
    return "" if step.rating is None else _RATINGS[step.rating]


def _concerns(instance: Instance) -> list[str]:
    """Return the letter of the concern of each step; nothing if the user has only one or they are not known."""
    meta = instance.meta or _NONE
    if (meta.concerns or 1) < 2 or not meta.step_concerns:
        return []
    return [chr(ord("A") + concern) for concern in meta.step_concerns]


def _call(step: InteractionRow, indent: str) -> Iterator[str]:
    """Yield the lines of a call, with the tools that were offered beside the called one."""
    call = f"{indent}-> {step.name} {step.arguments}"
    others = ", ".join(name for name in step.offered if name != step.name)
    if not others:
        yield call
    elif len(call) + len(others) + 14 <= _WIDTH:
        yield f"{call}  rather than {others}"
    else:
        yield call
        yield f"{indent}   rather than {others}"


def _documentation(instance: Instance, wishes: Wishes, *, full: bool) -> Iterator[str]:
    if not any(tool.listing for tool in (*instance.history_tools, *instance.candidates)):
        yield "Tools of the history"
        yield from (_short(wishes.marked(tool, instance)) for tool in instance.history_tools)
        yield ""
        yield "Candidates"
        yield from (_short(wishes.marked(tool, instance)) for tool in instance.candidates)
        yield ""
        return
    if full:
        others = [tool for tool in instance.history_tools if tool not in instance.candidates]
        yield "Tools of the history that are not candidates"
        yield from two_columns([tool_block(wishes.marked(tool, instance)) for tool in others], _WIDTH)
        yield ""
    yield from _candidates(instance, wishes, full=full)


def _short(tool: ToolDoc) -> str:
    return f"  {signature(tool)}\n      {tool.description}"


def _choices(instance: Instance, wishes: Wishes) -> Iterator[str]:
    """Yield a table of the wanted facts of the tools in each evidence step, and of the candidates for the job."""
    axes, meta = axes_of(instance), instance.meta or _NONE
    offers: list[tuple[str, str, str, Sequence[str]]] = [
        (str(index), _rating(step).strip(), step.name, step.offered)
        for index, step in ((index, instance.history[index]) for index in sorted(instance.evidence))
        if step.offered
    ]
    if not axes or not offers or instance.answer is None:
        return
    offers.append(("now", "", instance.answer.name, meta.same_function or ()))
    lines = [["", "", "", *(axis.replace("_", " ") for axis in axes)]]
    for label, rating, called, names in offers:
        for place, name in enumerate(names):
            head = ["", ""] if place else [label, rating]
            mark = CALLED if name == called else " "
            lines.append([*head, f"{mark} {name}", *(wishes.value(name, axis) for axis in axes)])
    yield f"Choices in the steps that show the preference, and now   ({CALLED} = called, or the answer)"
    yield from (f"  {line}" for line in aligned(lines))
    yield ""


def _candidates(instance: Instance, wishes: Wishes, *, full: bool) -> Iterator[str]:
    """Yield the candidates with their listings; those that do another job only by name, unless `full` is True."""
    answer = instance.answer.name if instance.answer else None
    for_job = None if full or instance.meta is None else instance.meta.same_function
    shown = [tool for tool in instance.candidates if for_job is None or tool.name in for_job]
    others = [tool for tool in instance.candidates if tool not in shown]
    yield "Candidates" + (f"   ({CALLED} = the answer)" if answer else "")
    blocks = [tool_block(wishes.marked(tool, instance), mark=CALLED if tool.name == answer else " ") for tool in shown]
    yield from two_columns(blocks, _WIDTH)
    yield ""
    if others:
        yield "Candidates for other jobs"
        yield from (f"  {signature(tool)}: {tool.description}" for tool in others)
        yield ""


LEGEND: Final = """
The last lines of an instance are not shown to a model:
  Answer     call that the user would want; it is scored by tool, by arguments, and by both
  Wants      preference of the user, which the history shows and the instruction does not state
  Kind       its form: single (best on one fact), joint (best sum of several), limit (a requirement, then the best on
             another fact), trade (two facts, of which one counts twice)
  Concerns   number of matters in the user's life, each with a preference of its own; the instruction is about one
  Evidence   telling steps: calls in the history that rule out another preference which would want another tool
  Since      step at which the preference became this one, in chronological only
"""
"""Explanation of the lines that `render` ends with."""


def _answer(instance: Instance, wanted: str) -> list[str]:
    if instance.answer is None:
        return [_line("Answer", "private")]
    meta = instance.meta or _NONE
    lines = [_line("Answer", f"{instance.answer.name} {instance.answer.arguments}")]
    if wanted:
        lines.append(_line("Wants", wanted))
    if meta.kind:
        lines.append(_line("Kind", meta.kind))
    if meta.concerns:
        lines.append(_line("Concerns", str(meta.concerns)))
    if meta.evidence is not None:
        lines.append(_line("Evidence", f"{meta.evidence} telling steps"))
    if meta.drift_step is not None:
        how = f", {meta.change}" if meta.change else ""
        lines.append(_line("Since", f"step {meta.drift_step}{how}; before, the user wanted something else"))
    if meta.arguments:
        lines.append(_line("Arguments", ", ".join(meta.arguments)))
    return lines
