"""Table of the syntaxes, other than JSON, in which models write a tool call when no server parses it.

`reading.py` reads a reply with this table. A further dialect is a further entry; its cases are tested.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

ArgumentSyntax = Literal["object", "after_name", "tags", "call", "key", "none"]
"""`object`: an object follows the opening. `after_name`: an object follows the name of a candidate. `tags`: each
parameter has a tag. `call`: keyword arguments in parentheses. `key`: an object whose only key is a candidate. `none`:
only the name of a candidate."""

_TOKEN_NAME: Final = r"(?P<name>[^\s<>{}\[\]()\"'`*]{1,200}+)"  # noqa: S105  (no password)
_TAG_NAME: Final = r"(?P<name>[^<>{}\"'\n]{1,200}?)"
_FENCE: Final = r"\s*+(?:```\w*+\s*+)?+"
_NAMESPACE: Final = r"(?:[\w|-]{1,40}[:|])?"
"""Prefix of a tag, such as `minimax:`."""
_ATTRIBUTE: Final = rf"\s{{0,4}}(?:=|\sname\s?=)\s?[\"']?{_TAG_NAME}(?:[\"'][^<>\n]{{0,200}})?\s?>"
_PARAMETER: Final = re.compile(
    rf"<{_NAMESPACE}(?:parameter|param|arg|argument)\s*(?:=|\sname\s*=)\s*[\"']?(?P<key>[^<>\"'\n]{{1,200}}?)[\"']?"
    r"(?:\s+string\s*=\s*[\"']?(?P<string>true|false)[\"']?)?\s*>"
)


@dataclass(frozen=True, slots=True)
class Tags:
    """Syntax of parameters as tags."""

    opening: re.Pattern[str]
    """Opening of a parameter; group `key`. Group `string` is `false` if the value is JSON."""
    closing: re.Pattern[str]
    """End of a value. A value without it ends at the next opening, or at the end of the call."""
    end: re.Pattern[str]
    """End of the call. A call without it ends at the next call, or at the end of the reply."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Syntax of a tool call."""

    name: str
    """Name in the reasons of errors."""
    source: str
    """Where it is documented or reported."""
    arguments: ArgumentSyntax
    cases: tuple[str, ...]
    """Replies that call `get_weather` with the city Oslo and 3 days (without arguments, for the syntax `none`)."""
    markers: tuple[str, ...] = ("",)
    """Texts of which one occurs in every call; `｜` and `▁` are written `|` and `_`."""
    opening: re.Pattern[str] | None = None
    """Everything before the arguments, with the name as the only group that matches; for `object`, `tags`, `none`."""
    tags: Tags | None = None


_XML_TAGS: Final = Tags(
    _PARAMETER,
    re.compile(rf"</{_NAMESPACE}(?:parameter|param|arg|argument)\s*>"),
    re.compile(rf"</{_NAMESPACE}(?:function|invoke|tool_call|tool_calls|function_calls)\s*>"),
)
_GLM_TAGS: Final = Tags(
    re.compile(r"<(?:\w+_)?arg_key>\s*(?P<key>[^<>]{1,200}?)\s*</(?:\w+_)?arg_key>\s*<(?:\w+_)?arg_value>"),
    re.compile(r"</(?:\w+_)?arg_value>"),
    re.compile(r"</(?:\w+_)?tool_call>"),
)

DIALECTS: Final = (
    Dialect(
        "Kimi",
        "https://github.com/NousResearch/hermes-agent/issues/24534",
        "object",
        (
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>"
            '{"city": "Oslo", "days": 3}<|tool_call_end|><|tool_calls_section_end|>',
            '<|tool_call_begin|>get_weather<|tool_call_argument_begin|>{"city": "Oslo", "days": 3}',
        ),
        ("<|tool_call_argument_begin|>",),
        re.compile(r"<\|tool_call_begin\|>\s*(?P<name>[^<>{}\n]{1,200}?)\s*<\|tool_call_argument_begin\|>\s*"),
    ),
    Dialect(
        "DeepSeek",
        "https://github.com/sgl-project/sglang/issues/14690",
        "object",
        (
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n"
            '{"city": "Oslo", "days": 3}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Oslo", "days": 3}'
            "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        ),
        ("<|tool_sep|>",),
        re.compile(
            r"<\|tool_call_begin\|>\s*(?:function\s*<\|tool_sep\|>\s*)?(?P<name>[^<>{}\n]{1,200}?)\s*"
            rf"(?:<\|tool_sep\|>)?{_FENCE}(?={{)"
        ),
    ),
    Dialect(
        "DSML",
        "https://github.com/ochafik/minja/pull/11",
        "tags",
        (
            '<｜DSML｜function_calls>\n<｜DSML｜invoke name="get_weather">\n'
            '<｜DSML｜parameter name="city" string="true">Oslo</｜DSML｜parameter>\n'
            '<｜DSML｜parameter name="days" string="false">3</｜DSML｜parameter>\n'
            "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
        ),
        ("DSML",),
        re.compile(rf"<\s?\|{{1,2}}\s?DSML\s?\|{{1,2}}\s?invoke{_ATTRIBUTE}"),
        Tags(
            re.compile(
                r"<\s?\|{1,2}\s?DSML\s?\|{1,2}\s?parameter\s+name\s*=\s*[\"'](?P<key>[^\"'\n]{1,200})[\"']"
                r"(?:\s+string\s*=\s*[\"'](?P<string>true|false)[\"'])?\s*>"
            ),
            re.compile(r"</\s?\|{1,2}\s?DSML\s?\|{1,2}\s?parameter\s*>"),
            re.compile(r"</\s?\|{1,2}\s?DSML\s?\|{1,2}\s?(?:invoke|tool_calls|function_calls)\s*>"),
        ),
    ),
    Dialect(
        "harmony",
        "https://github.com/openai/harmony/blob/main/docs/format.md",
        "object",
        (
            "<|channel|>analysis<|message|>They like free tools.<|end|><|start|>assistant<|channel|>commentary "
            'to=functions.get_weather <|constrain|>json<|message|>{"city": "Oslo", "days": 3}<|call|>',
            "<|start|>assistant to=functions.get_weather<|channel|>commentary json<|message|>"
            '{"city": "Oslo", "days": 3}<|call|>',
            'analysisThey like free tools.assistantcommentary to=functions.get_weather json{"city": "Oslo", "days": 3}',
        ),
        ("to=",),
        re.compile(
            r"\bto=(?P<name>[^\s<>{}]{1,200}+)(?:\s*<\|channel\|>\s*\w+)?\s*(?:<\|constrain\|>)?\s*(?:json|code)?\s*"
            rf"(?:<\|message\|>)?{_FENCE}(?={{)"
        ),
    ),
    Dialect(
        "Mistral",
        "https://github.com/ml-explore/mlx-lm/issues/1374",
        "object",
        (
            '[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo", "days": 3}',
            '[TOOL_CALLS]get_weather[CALL_ID]a1B2c3D4e[ARGS]{"city": "Oslo", "days": 3}</s>',
            'get_weather[ARGS]{"city": "Oslo", "days": 3}',
        ),
        ("[ARGS]",),
        re.compile(rf"(?<![^\s\]>]){_TOKEN_NAME}\s*(?:\[CALL_ID\]\s*\w{{1,64}}\s*)?\[ARGS\]{_FENCE}(?={{)"),
    ),
    Dialect(
        "Mistral without ARGS",
        "https://github.com/vllm-project/vllm/issues/30651",
        "object",
        ('[TOOL_CALLS]get_weather{"city": "Oslo", "days": 3}', '[TOOL_CALLS] get_weather\n{"city": "Oslo", "days": 3}'),
        ("[TOOL_CALLS]",),
        re.compile(rf"\[TOOL_CALLS\]\s*{_TOKEN_NAME}{_FENCE}(?={{)"),
    ),
    Dialect(
        "Gemma",
        "https://github.com/ml-explore/mlx-lm/pull/1105",
        "object",
        (
            '<|tool_call>call:get_weather{city:<|"|>Oslo<|"|>,days:3}<tool_call|>',
            "<start_function_call>call:get_weather{city:<escape>Oslo<escape>,days:3}<end_function_call>",
            '<|tool_call>call:get_weather{city: "Oslo", days: 3}<tool_call|>',
        ),
        ("call:",),
        re.compile(rf"\bcall:\s*{_TOKEN_NAME}\s*(?={{)"),
    ),
    Dialect(
        "GLM",
        "https://github.com/vllm-project/vllm/pull/37386",
        "tags",
        (
            "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n"
            "<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>",
            "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Oslo</arg_value>"
            "<arg_key>days</arg_key><arg_value>3</arg_value></tool_call>",
            "<longcat_tool_call>get_weather\n<longcat_arg_key>city</longcat_arg_key>\n"
            "<longcat_arg_value>Oslo</longcat_arg_value>\n<longcat_arg_key>days</longcat_arg_key>\n"
            "<longcat_arg_value>3</longcat_arg_value>\n</longcat_tool_call>",
        ),
        ("arg_key>",),
        re.compile(
            r"(?:>\s{0,8}|^[ \t]{0,8})(?P<name>[^\s<>{}][^<>{}\n]{0,200}?)\s*(?=<(?:\w{1,40}_)?arg_key>)", re.MULTILINE
        ),
        _GLM_TAGS,
    ),
    Dialect(
        "MiniMax",
        "https://github.com/MiniMax-AI/MiniMax-M2.5/issues/10",
        "tags",
        (
            '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n'
            '<parameter name="days">3</parameter>\n</invoke>\n</minimax:tool_call>',
            '<function_calls>\n<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n'
            '<parameter name="days">3</parameter>\n</invoke>\n</function_calls>',
            '<steptml:invoke name="get_weather"><steptml:parameter name="city">Oslo</steptml:parameter>'
            '<steptml:parameter name="days">3</steptml:parameter></steptml:invoke>',
        ),
        ("invoke",),
        re.compile(rf"<{_NAMESPACE}invoke{_ATTRIBUTE}"),
        _XML_TAGS,
    ),
    Dialect(
        "Functionary",
        "https://github.com/lablup/mlxcel/pull/206",
        "object",
        (
            '<function=get_weather>{"city": "Oslo", "days": 3}</function>',
            '<function name="get_weather">\n{"city": "Oslo", "days": 3}\n</function>',
            '<|from|>assistant\n<|recipient|>get_weather\n<|content|>{"city": "Oslo", "days": 3}',
            '>>>get_weather\n{"city": "Oslo", "days": 3}',
        ),
        ("<function", ":function", "<tool", ":tool", "recipient|>", ">>>"),
        re.compile(
            rf"(?:<{_NAMESPACE}(?:function|tool_call|tool)(?![\w-]){_ATTRIBUTE}|<\|recipient\|>\s*(?P<to>[^\s<>{{}}]{{1,200}}+)"
            rf"\s*<\|content\|>|>>>\s*(?P<line>[^\s<>{{}}]{{1,200}}+)){_FENCE}(?={{)"
        ),
    ),
    Dialect(
        "Qwen3-Coder",
        "https://github.com/ggml-org/llama.cpp/pull/15019",
        "tags",
        (
            "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n3\n"
            "</parameter>\n</function>\n</tool_call>",
            "<function=get_weather>\n<parameter=city>\nOslo\n<parameter=days>\n3\n</function>",
            "<seed:tool_call>\n<function=get_weather>\n<parameter=city>Oslo</parameter>\n"
            "<parameter=days>3</parameter>\n</function>\n</seed:tool_call>",
        ),
        ("<function", ":function", "<tool", ":tool"),
        re.compile(rf"<{_NAMESPACE}(?:function|tool_call|tool)(?![\w-]){_ATTRIBUTE}(?!\s*{{)"),
        _XML_TAGS,
    ),
    Dialect(
        "tags around name and arguments",
        "https://github.com/modelscope/evalscope/issues/929",
        "object",
        ('<tool_call><name>get_weather</name><arguments>{"city": "Oslo", "days": 3}</arguments></tool_call>',),
        ("name>",),
        re.compile(
            rf"<(?:tool_|function_)?name>\s*{_TAG_NAME}\s*</(?:tool_|function_)?name>\s*"
            rf"<(?:arguments|parameters|args|input|tool_input|tool_args)>{_FENCE}(?={{)"
        ),
    ),
    Dialect(
        "ReAct",
        "https://github.com/QwenLM/Qwen-Agent/blob/main/qwen_agent/agents/react_chat.py",
        "object",
        (
            'Thought: They want the weather.\nAction: get_weather\nAction Input: {"city": "Oslo", "days": 3}',
            '✿FUNCTION✿: get_weather\n✿ARGS✿: {"city": "Oslo", "days": 3}',
            '**Tool:** get_weather\n**Arguments:**\n```json\n{"city": "Oslo", "days": 3}\n```',
        ),
        ("Action Input", "Arguments", "ARGS", "Args", "Parameters", "Input"),
        re.compile(
            r"^[ \t*#✿]{0,8}(?:Action|Tool|Tool name|Function|FUNCTION|Name)[*✿]{0,2}:[ \t*`]{0,8}"
            r"(?P<name>[^\s`*][^\n`*]{0,200}?)[ \t*`]{0,8}\n\s*[*#✿]{0,4}"
            rf"(?:Action Input|Arguments|ARGS|Args|Parameters|Input)[*✿]{{0,2}}:[ \t*]{{0,8}}{_FENCE}(?={{)",
            re.MULTILINE,
        ),
    ),
    Dialect(
        "name and JSON",
        "https://github.com/ml-explore/mlx-swift-lm/pull/623",
        "after_name",
        (
            'get_weather\n{"city": "Oslo", "days": 3}',
            '<tool_call>get_weather\n```json\n{"city": "Oslo", "days": 3}\n```\n</tool_call>',
            'get_weather {"city": "Oslo", "days": 3}',
        ),
    ),
    Dialect(
        "LFM2",
        "https://github.com/vllm-project/vllm/pull/39243",
        "call",
        ('<|tool_call_start|>[get_weather(city="Oslo", days=3)]<|tool_call_end|>',),
        ("<|tool_call_start|>",),
    ),
    Dialect(
        "Gemma tool_code",
        "https://github.com/google-deepmind/gemma (function calling of Gemma 3)",
        "call",
        (
            '```tool_code\nget_weather(city="Oslo", days=3)\n```',
            "```tool_code\nprint(default_api.get_weather(city='Oslo', days=3))\n```",
        ),
        ("tool_code",),
    ),
    Dialect(
        "Python call",
        "https://github.com/vllm-project/vllm/issues/22917",
        "call",
        (
            'Let me look.\n\n[get_weather(city="Oslo", days=3)]',
            "get_weather(city='Oslo', days=3)",
            '<|python_tag|>get_weather.call(city="Oslo", days=3)',
            '<function_calls>get_weather(city="Oslo", days=3)</function_calls>',
            'get_weather({"city": "Oslo", "days": 3})',
            '<|tool_call>call:get_weather(city: "Oslo", days: 3)<tool_call|>',
        ),
        ("(",),
    ),
    Dialect(
        "name as key",
        "https://github.com/modelscope/evalscope/issues/929",
        "key",
        (
            '[{"get_weather": {"city": "Oslo", "days": 3}}]',
            '{"get_weather": {"city": "Oslo", "days": 3}}',
            '<|tools_prefix|>[{"get_weather": {"city": "Oslo", "days": 3}}]<|tools_suffix|>',
        ),
    ),
    Dialect(
        "name in tags",
        "https://github.com/osaurus-ai/vmlx-swift/pull/228",
        "none",
        ("<tool_call>get_weather</tool_call>", "<tool_call>\nget_weather\n</tool_call>"),
        ("<tool_call>",),
        re.compile(rf"<tool_call>\s{{0,8}}{_TAG_NAME}\s{{0,8}}</tool_call>"),
    ),
)
"""All dialects. Where two begin at the same place, the earlier one is read."""
