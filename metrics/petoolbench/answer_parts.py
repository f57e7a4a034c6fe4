"""Parts of a reply that may hold the answer: everything but reasoning, and made-up turns of tools and users."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True)
class Block:
    """Part of a reply that is not the answer."""

    source: str
    """Where it is documented or reported."""
    opening: str
    """Pattern of its beginning."""
    closing: str
    """Pattern of its end."""


REASONING: Final = (
    Block(
        "https://github.com/vllm-project/vllm/issues/31045 and the chat templates of the models",
        r"<(?i:(?:\w+:)?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad))>",
        r"</(?i:(?:\w+:)?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad))>",
    ),
    Block("https://docs.mistral.ai/capabilities/reasoning (Magistral)", r"\[THINK\]", r"\[/THINK\]"),
    Block("the chat template of Kimi-VL-Thinking", r"◁think▷", r"◁/think▷"),
    Block(
        "https://docs.cohere.com/docs/reasoning (Command A Reasoning)",
        r"<\|START_THINKING\|>",
        r"<\|END_THINKING\|>",
    ),
    Block("the chat template of OpenThinker", r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    Block("the chat template of Gemma 4", r"<\|channel>(?:thought|analysis)\b", r"<channel\|>"),
    Block(
        "https://github.com/openai/harmony/blob/main/docs/format.md",
        r"<\|channel\|>\s*analysis\s*(?:<\|constrain\|>\s*\w+\s*)?<\|message\|>",
        r"<\|end\|>|(?=<\|start\|>|<\|channel\|>)|<\|return\|>|<\|call\|>",
    ),
)
"""Reasoning. What stands in it is neither credited nor blamed, whether it is closed or not."""
TOOL_RESPONSES: Final = (
    Block(
        "https://github.com/kdeps/kdeps/pull/806",
        r"<(?:\w+:)?(?:tool_response|tool_result|tool_results|tool_output|tool_outputs|function_response"
        r"|function_result|function_results|start_function_response|observation)\b[^<>\n]{0,200}>",
        r"</(?:\w+:)?(?:tool_response|tool_result|tool_results|tool_output|tool_outputs|function_response"
        r"|function_result|function_results|observation)>|<end_function_response>|(?=<tool_call>)",
    ),
    Block("the chat template of Gemma 4", r"<\|tool_response>", r"<tool_response\|>"),
    Block("the chat template of Mistral", r"\[TOOL_RESULTS\]", r"\[/TOOL_RESULTS\]"),
    Block("the chat template of DeepSeek", r"<\|tool_outputs_begin\|>", r"<\|tool_outputs_end\|>"),
    Block("the chat template of Cohere", r"<\|START_TOOL_RESULT\|>", r"<\|END_TOOL_RESULT\|>"),
    Block(
        "turns of tools in ChatML, Llama 3, GLM and harmony",
        r"<\|im_start\|>\s*tool\b|<\|start_header_id\|>\s*(?:tool|ipython)\b|<\|observation\|>"
        r"|<\|start\|>\s*(?:tool|functions\.\S{1,200})",
        r"<\|im_end\|>|<\|eot_id\|>|(?=<\|im_start\|>|<\|start_header_id\|>|<\|(?:assistant|user)\|>)|<\|end\|>",
    ),
)
"""Made-up responses of tools. Calls are read before and after them, not in them."""
USER_TURNS: Final = (
    Block(
        "turns of ChatML, Llama 3, Gemma, GLM, Kimi, Mistral and harmony that are not the assistant's",
        r"<\|im_start\|>\s*(?:user|system)\b|<\|start_header_id\|>\s*(?:user|system)\b"
        r"|<start_of_turn>\s*user\b|<\|turn>\s*user\b|<\|(?:user|User|im_user|im_system)\|>"
        r"|\[INST\]|<\|start\|>\s*user\b",
        r"<\|im_start\|>\s*assistant\b|<\|start_header_id\|>\s*assistant\b|<start_of_turn>\s*model\b"
        r"|<\|turn>\s*model\b|<\|(?:assistant|im_assistant|Assistant)\|>|\[/INST\]|<\|start\|>\s*assistant\b",
    ),
)
"""Made-up turns of users. A call before them is the answer, and nothing after them replaces it."""

_LABEL: Final = re.compile(r"\n[ \t]{0,8}(?:User|Human) ?:")
"""Made-up turn of a user without a special token; it has no end."""
_STRIPPED_HARMONY: Final = re.compile(r"assistant(?=commentary|final)|(?=assistant\s*to=)")
"""End of reasoning in harmony without its special tokens, which begins with `analysis`."""
_QUOTED: Final = 2_000
"""Number of characters before a mark that are searched for the start of a string that it may be in."""
_MAX_MARKS: Final = 5_000
"""Number of marks for which it is tested whether they are in a string."""
_FIRST_CHARACTERS: Final = "<[◁"
_PLAIN: Final = {"｜": "|", "▁": "_", "‖": "|"}


def plain(text: str) -> str:
    """Return a text of the same length, with the letters of DeepSeek's special tokens replaced by ASCII."""
    if not text.isascii():
        for letter, plain_letter in _PLAIN.items():
            text = text.replace(letter, plain_letter)
    return text


class Parts(NamedTuple):
    """Parts of a reply."""

    texts: list[str]
    """What the model says, without reasoning and made-up responses of tools; a made-up turn of a user ends a text."""
    reasoned: bool
    """True if the reply contains reasoning."""


class _Mark(NamedTuple):
    """Beginning or end of a block."""

    start: int
    end: int
    kind: str
    """`opening` or `closing` of reasoning, `response` of a tool or `turn` of a user."""
    block: Block


def answer_parts(text: str) -> Parts:
    """Divide a reply into the parts that may hold the answer.

    Reasoning is left out, whether it is closed or not. If only its end is present, everything before it is reasoning.

    Args:
        text: The reply.
    """
    searched = plain(text)
    texts: list[str] = []
    current, position, reasoned = "", 0, False
    if text.startswith("analysis") and (harmony := _STRIPPED_HARMONY.search(text)):
        position, reasoned = harmony.end(), True
    for mark in _marks(searched):
        if mark.start < position:
            continue
        if mark.kind == "closing":
            texts, current, position, reasoned = [], "", mark.end, True
            continue
        current += text[position : mark.start]
        current += "\n"
        reasoned = reasoned or mark.kind == "opening"
        if mark.kind == "turn":
            texts.append(current)
            current = ""
        position = _end(searched, mark)
    texts.append(current + text[position:])
    return Parts([part for whole in texts for part in _without_labels(whole)], reasoned)


def _without_labels(text: str) -> Iterator[str]:
    label = _LABEL.search(text)
    yield text[: label.start()] if label else text
    if label:
        yield text[label.end() :]


def _marks(text: str) -> Iterator[_Mark]:
    if not any(character in text for character in _FIRST_CHARACTERS):
        return
    for number, match in enumerate(_ANY_MARK.finditer(text)):
        kind, block = _KINDS[int((match.lastgroup or "_0")[1:])]
        if number >= _MAX_MARKS or not _is_quoted(text, match.start(), match.end()):
            yield _Mark(match.start(), match.end(), kind, block)


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Return True if a mark is a word of the text: in quotes of its own, or in a string of an object on its line."""
    before = text[max(0, start - _QUOTED) : start]
    if before[-1:] in ("`", '"', "'") and text[end : end + 1] == before[-1:]:
        return True
    line = before[before.rfind("\n") + 1 :]
    brace = line.find("{")
    return brace >= 0 and (line.count('"', brace) - line.count('\\"', brace)) % 2 == 1


def _end(text: str, mark: _Mark) -> int:
    """Return the position after a block, or the end of the text if it is not closed."""
    closing = _CLOSINGS[mark.block].search(text, mark.end)
    return closing.end() if closing else len(text)


def _compiled(blocks: Sequence[tuple[str, Block]]) -> re.Pattern[str]:
    patterns = (
        f"(?P<_{index}>{block.closing if kind == 'closing' else block.opening})"
        for index, (kind, block) in enumerate(blocks)
    )
    return re.compile(rf"(?=<[/|A-Za-z]|\[/?[A-Z]|◁)(?:{'|'.join(patterns)})")


_KINDS: Final = (
    *(("opening", block) for block in REASONING),
    *(("closing", block) for block in REASONING if not block.closing.startswith(r"<\|end\|>")),
    *(("response", block) for block in TOOL_RESPONSES),
    *(("turn", block) for block in USER_TURNS),
)
_ANY_MARK: Final = _compiled(_KINDS)
_CLOSINGS: Final = {block: re.compile(block.closing) for block in (*REASONING, *TOOL_RESPONSES, *USER_TURNS)}
