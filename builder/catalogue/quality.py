"""Filter that drops junk from a real catalogue.

Reasons for a drop:

* `test_entry`: a user's trial of the platform.
* `clone`: an operation that another provider published before, or the sample server of a code generator.
* `duplicate`: an operation that the same provider published before.
* `empty_description`: there is neither an operation description nor a provider description.
* `meaningless_description`: there are too few words.
* `non_english`: the documentation is almost certainly not English.
* `adult_content`: a name or the provider description suggests adult content.
* `withdrawn`: the documentation calls the operation deprecated or unavailable.
* `unusable_schema`: a parameter has no name, or is required and neither text, number, boolean nor array of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from builder.extras import import_extra
from builder.funnel import Funnel
from builder.records import Tool
from builder.words import squash, words

from .normalise import UnusableSchemaError, renamed_parameters, to_tool, unsupported_parameters
from .raw_tools import RawTool, tool_name

_SAMPLE_SERVER: Final = re.compile(r"\bpet ?store\b|swagger\.io", re.IGNORECASE)
_SAMPLE_OPERATIONS: Final = re.compile(r"(pet|order)byid$|petsby|^(login|logout)user$|^getuserbyname$|^getinventory$")
_TEST_PROVIDER: Final = re.compile(
    r"\btest(s|e|er|api)?\b|\btesting for\b|\bdemo\b|\bonboarding\b|asdf|qwerty|\bhello ?world\b|\buntitled\b"
    r"|\bmy ?api\b|publicapi|^\W*(?P<one>\w)(?P=one)*\W*$|^[\d\s_]+$",
    re.IGNORECASE,
)
_TEST_OPERATION: Final = re.compile(r"^\W*(tests?|testing|hello|foo|asdf\w*|new ?endpoint|(\w)\2+)\W*$", re.IGNORECASE)
_ADULT: Final = re.compile(r"porn|hentai|\bxxx\b|\bescorts?\b|\berotic", re.IGNORECASE)
_WITHDRAWN: Final = re.compile(r"\bdeprecated\b|\bunavailable\b|\bdiscontinued\b|\bobsolete\b", re.IGNORECASE)
_MIN_WORDS: Final = 3
"""Documentation with fewer distinct words is meaningless. Only longer operation descriptions can be clones."""
_MAX_FOREIGN_LETTERS: Final = 0.15
"""Share of letters beyond Latin Extended-B (U+024F) above which a text is not English."""
_MIN_PROBABILITY: Final = 0.8
"""Probability from which the prediction of another language is trusted."""
_MIN_LETTERS: Final = 40
"""Shorter texts are not classified, since their language is uncertain."""


class LanguageDetector:
    """Detector of texts that are not English."""

    def __init__(self) -> None:
        langid = import_extra("py3langid.langid", "builder", "Reading a real catalogue")
        self._identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

    def is_english(self, text: str) -> bool:
        """Return False only if the text is almost certainly in another language."""
        letters = sum(map(str.isalpha, text))
        foreign = 0 if text.isascii() else sum(char.isalpha() and ord(char) > 0x24F for char in text)
        if foreign and foreign / letters > _MAX_FOREIGN_LETTERS:
            return False
        if letters < _MIN_LETTERS:
            return True
        language, probability = self._identifier.classify(text.lower())
        return bool(language == "en" or probability < _MIN_PROBABILITY)


def filter_tools(raws: Iterable[RawTool], judge: LanguageDetector, funnel: Funnel) -> Iterator[Tool]:
    """Drop junk from raw operations and normalise the rest.

    Args:
        raws: Operations in catalogue order. Of clones and duplicates the first is kept.
        judge: Detector for the language of the documentation.
        funnel: Counter of `tools_read`, `tools_kept`, `parameters_renamed` and the drops by reason. It is updated in
            place.
    """
    taken: set[str] = set()
    repetitions = _RepetitionFilter()
    for raw in raws:
        funnel.count("tools_read")
        reason = _junk_reason(raw, judge) or repetitions.reason(raw)
        if reason is not None:
            funnel.drop("tool", reason, names=[tool_name(raw)])
            continue
        try:
            tool = to_tool(raw, taken)
        except UnusableSchemaError as error:
            funnel.drop("tool", "unusable_schema", names=[f"{tool_name(raw)} ({error})"])
            continue
        funnel.count("tools_kept")
        if renamed := renamed_parameters(raw):
            funnel.count("parameters_renamed", renamed)
        funnel.drop("parameter", "unsupported_type", unsupported_parameters(raw))
        yield tool


class _RepetitionFilter:
    """Filter for operations that were published before."""

    def __init__(self) -> None:
        self._first_providers: dict[tuple[str, ...], str] = {}
        self._operations: set[tuple[str, ...]] = set()

    def reason(self, raw: RawTool) -> str | None:
        """Record an operation; return `duplicate` or `clone` if it repeats an earlier one."""
        parameters = tuple(sorted(squash(parameter.name) for parameter in raw.parameters))
        description = words(raw.operation_description)
        text = (*words(raw.operation), "|", *description, "|", *parameters)
        operation = (raw.provider, squash(raw.operation), *parameters)
        reason = None
        if operation in self._operations:
            reason = "duplicate"
        elif len(description) > _MIN_WORDS and self._first_providers.get(text, raw.provider) != raw.provider:
            reason = "clone"
        self._operations.add(operation)
        self._first_providers.setdefault(text, raw.provider)
        return reason


def _junk_reason(raw: RawTool, judge: LanguageDetector) -> str | None:
    """Return the reason for which an operation is junk by itself; None if it is not."""
    return _content_reason(raw) or _description_reason(raw, judge)


def _content_reason(raw: RawTool) -> str | None:
    if _SAMPLE_SERVER.search(raw.provider_description) or _SAMPLE_OPERATIONS.search(squash(raw.operation)):
        return "clone"
    names = (raw.provider, " ".join(words(raw.provider)))
    if any(_TEST_PROVIDER.search(name) for name in names) or _TEST_OPERATION.search(raw.operation):
        return "test_entry"
    if _ADULT.search(f"{raw.provider} {raw.operation} {raw.provider_description}"):
        return "adult_content"
    if _WITHDRAWN.search(f"{raw.operation} {raw.operation_description}"):
        return "withdrawn"
    return None


def _description_reason(raw: RawTool, judge: LanguageDetector) -> str | None:
    description = f"{raw.operation_description} {raw.provider_description}".strip()
    if not description:
        return "empty_description"
    text = f"{raw.operation} {description}"
    distinct = {word for word in words(text) if len(word) > 2 and word.isalpha()}
    if len(distinct) < _MIN_WORDS:
        return "meaningless_description"
    return None if judge.is_english(text) else "non_english"
