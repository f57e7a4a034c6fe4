"""Which operations of a real catalogue are junk, and under which name they are dropped.

Reasons: `test_entry` (a try-out of the marketplace), `clone` (one API published again under another product, and the
sample server that code generators ship), `duplicate` (the same operation twice in one product), `empty_description`,
`meaningless_description`, `non_english`, `adult_content`, `withdrawn` (said to be deprecated or unavailable),
`unusable_schema`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from builder.extras import import_extra
from builder.funnel import Funnel
from builder.records import Tool
from builder.words import squash, words

from .normalise import UnusableSchemaError, to_tool
from .raw_tools import RawTool

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
_MAX_FOREIGN_LETTERS: Final = 0.15
_SURE: Final = 0.8
_MIN_LETTERS: Final = 40
"""Shorter texts are too short to tell their language."""


class LanguageJudge:
    """Tells English from other languages."""

    def __init__(self) -> None:
        langid = import_extra("py3langid.langid", "builder", "Reading a real catalogue")
        self._identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

    def is_english(self, text: str) -> bool:
        """False only where another language is nearly certain."""
        letters = sum(map(str.isalpha, text))
        foreign = 0 if text.isascii() else sum(char.isalpha() and ord(char) > 0x24F for char in text)
        if foreign and foreign / letters > _MAX_FOREIGN_LETTERS:
            return False
        if letters < _MIN_LETTERS:
            return True
        language, probability = self._identifier.classify(text.lower())
        return bool(language == "en" or probability < _SURE)


def keep_good_tools(raws: Iterable[RawTool], judge: LanguageJudge, funnel: Funnel) -> Iterator[Tool]:
    """Normalise raw operations, dropping junk under its reason.

    Args:
        raws: Operations in catalogue order; of clones and duplicates the first is kept.
        judge: Tells the language of documentation.
        funnel: Counts `tools_read`, `tools_kept` and the drops.
    """
    taken: set[str] = set()
    texts: dict[tuple[str, ...], str] = {}
    operations: set[tuple[str, ...]] = set()
    for raw in raws:
        funnel.count("tools_read")
        reason = _junk(raw, judge)
        if reason is None:
            signature = tuple(sorted(squash(parameter.name) for parameter in raw.parameters))
            text = (*words(raw.operation), "|", *words(raw.operation_description), "|", *signature)
            operation = (raw.provider, squash(raw.operation), *signature)
            if operation in operations:
                reason = "duplicate"
            elif len(words(raw.operation_description)) > _MIN_WORDS and texts.get(text, raw.provider) != raw.provider:
                reason = "clone"
            operations.add(operation)
            texts.setdefault(text, raw.provider)
        if reason is None:
            try:
                tool = to_tool(raw, taken)
            except UnusableSchemaError:
                reason = "unusable_schema"
            else:
                funnel.count("tools_kept")
                yield tool
        if reason is not None:
            funnel.drop("tool", reason)


def _junk(raw: RawTool, judge: LanguageJudge) -> str | None:
    if _SAMPLE_SERVER.search(raw.provider_description) or _SAMPLE_OPERATIONS.search(squash(raw.operation)):
        return "clone"
    names = (raw.provider, " ".join(words(raw.provider)))
    if any(_TEST_PROVIDER.search(name) for name in names) or _TEST_OPERATION.search(raw.operation):
        return "test_entry"
    if _ADULT.search(f"{raw.provider} {raw.operation} {raw.provider_description}"):
        return "adult_content"
    if _WITHDRAWN.search(f"{raw.operation} {raw.operation_description}"):
        return "withdrawn"
    about = f"{raw.operation_description} {raw.provider_description}".strip()
    if not about:
        return "empty_description"
    said = {word for word in words(f"{raw.operation} {about}") if len(word) > 2 and word.isalpha()}
    if len(said) < _MIN_WORDS:
        return "meaningless_description"
    if not judge.is_english(f"{raw.operation} {about}"):
        return "non_english"
    return None
