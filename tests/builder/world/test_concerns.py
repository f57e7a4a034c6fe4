"""Concerns of the people of the world: strands of a life, told by their subjects."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any, Final

import pytest

from builder.grouping.functionalities import data_table
from builder.world.services import service_jobs

CONCERNS: Final[list[dict[str, Any]]] = data_table("world/data/concerns.toml")["concern"]
SPLITS: Final = ("train", "validation", "test")
SPHERES: Final = ("work", "trade", "study", "club", "family", "hobby")
PREFERENCE: Final = re.compile(
    r"accura|afford|anonym|archiv|attribution|bargain|best\b|better|billing|budget|bulk|card\b|cheap|commercial|compact|"
    r"confiden|cost(s|ly)?\b|coverage|credit|data\b|deprecat|discount|dollar|euro|exact\b|exactly|expens|fee\b|fees|"
    r"free\b|fresh|gdpr|good\b|gratis|invoice|latency|latest|licen[cs]e|limit|open.source|official|paid|pay\b|paying|popular|"
    r"precise|prefer|premium|pric(e|ing)|priva|qualit|quota|rating|real.?time|recent|region|reliab|retention|safe|"
    r"secret\b|secur|sensitiv|server|sign.?up|stable|subscri|trial period|trust|up.to.date|uptime|verified"
)
"""Beginnings of words that would tell what the person goes by."""
PLACES: Final = re.compile(r"\b(EU|US|USA|UK|APAC|Asia|America|Europe)\b")
HASTE: Final = re.compile(
    r"asap|at once|deadline|fast\b|faster|hour|hurr(y|ied)|immediate|instant|minute|overdue|promptly|quick|"
    r"rapid|right away|rush|slow|soon|speed|today|tomorrow|tonight|urgen|wait|yesterday"
)
"""Words about time pressure, and days that would change what the request asks for."""
JOBS: Final = re.compile(
    r"api\b|app\b|apps\b|calculat|check|convert|currenc|download|e-?mails?\b|find\b|forecast|geocod|keyword|look up|"
    r"mailing|maps?\b|messages?\b|news\b|password|photo|picture|prices|qr\b|rain\b|rainy|recipe|remind|rout(e|ing)|"
    r"screenshot|search|send|service|shorten|show me|sms\b|software|stocks?\b|summar|temperature|tell me|tools?\b|"
    r"translat|upload|validat|weather|web\b|website"
)
"""Beginnings of words that would be a job of their own, or ask for a tool."""
WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
FILE: Final = re.compile(r"\b\w+\.[a-z]{2,5}\b")
ORDINARY: Final = re.compile(
    "Aunt|Auntie|Big|Captain|Coach|Concerning|Dad|Docent|Doctor|Doña|Don|Dr|Frau|Friday|Granny|Grandma|Grandpa|"
    "Herr|I|Inspector|Lady|Little|Madam|Madame|Mevrouw|Miss|Mister|Monday|Mondays|Monsieur|Mr|Mrs|Ms|Mum|Old|"
    "Prof|Professor|Regarding|Saint|Saturday|Signor|Signora|Sir|Sister|Someone|Sunday|Sundays|The|Thursday|"
    "Thursdays|Trainer|Tuesday|Uncle|Wednesday|Young"
)
"""Capitalised words that are no names: titles, weekdays, and beginnings of sentences only."""


def rest(mention: str) -> str:
    """Return what a mention adds to the request."""
    return mention.replace("{request}", "").strip()


LOWER: Final = frozenset(
    word
    for concern in CONCERNS
    for mention in concern["mentions"]
    for word in WORD.findall(mention)
    if word[0].islower()
)


def names(mention: str) -> set[str]:
    """Return the names in a mention: capitalised words within sentences or never seen otherwise, and files."""
    found = set(FILE.findall(rest(mention)))
    text = FILE.sub("", rest(mention))
    for match in WORD.finditer(text):
        before = text[: match.start()].rstrip(" '")
        inside = bool(before) and before[-1] not in ".!?:"
        word = match.group()
        if word[0].isupper() and not ORDINARY.fullmatch(word) and (inside or word.lower() not in LOWER):
            found.add(word)
    return found


def stems(mention: str) -> set[str]:
    """Return the beginnings of the words of a mention."""
    return {word.lower().removesuffix("s")[:8] for word in re.findall(r"[^\W_]{3,}", rest(mention))}


SPREAD: Final = Counter(stem for concern in CONCERNS for stem in set().union(*map(stems, concern["mentions"])))
"""In how many concerns the beginning of a word occurs."""


def subject(name: str) -> re.Pattern[str]:
    """Return a pattern of the words in the name of a concern, in any form."""
    words = [word for word in re.findall(r"[^\W\d_]{3,}", name.lower()) if word not in {"old", "the"}]
    return re.compile(
        "|".join(rf"\b{re.sub('(ings?|e?s|e)$', '', word) if len(word) > 4 else word.rstrip('s')}" for word in words)
    )


def plain(concern: dict[str, Any]) -> list[str]:
    """Return the mentions that name the subject."""
    pattern = subject(concern["name"])
    return [mention for mention in concern["mentions"] if pattern.search(mention.lower())]


def each_concern() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("concern", CONCERNS, ids=[concern["name"] for concern in CONCERNS])


def test_counts_and_order() -> None:
    assert Counter(concern["split"] for concern in CONCERNS) == dict.fromkeys(SPLITS, 50)
    counts = Counter((concern["split"], concern["sphere"]) for concern in CONCERNS)
    assert len(counts) == len(SPLITS) * len(SPHERES)
    assert min(counts.values()) >= 8
    keys = [(SPLITS.index(concern["split"]), SPHERES.index(concern["sphere"])) for concern in CONCERNS]
    assert keys == sorted(keys)


def test_names_of_concerns_are_short_and_unique() -> None:
    assert len({concern["name"].lower() for concern in CONCERNS}) == len(CONCERNS)
    assert max(len(concern["name"]) for concern in CONCERNS) <= 25


def test_no_mention_recurs() -> None:
    counts = Counter(rest(mention).lower() for concern in CONCERNS for mention in concern["mentions"])
    assert [mention for mention, count in counts.items() if count > 1] == []


@each_concern()
def test_functionalities_are_of_the_split(concern: dict[str, Any]) -> None:
    names = concern["functionalities"]
    assert names == sorted(set(names))
    assert set(names) <= {job.functionality.name for job in service_jobs(concern["split"])}
    assert len(names) >= 12


@pytest.mark.parametrize("split", SPLITS)
def test_every_functionality_fits_six_concerns(split: str) -> None:
    counts = Counter(name for concern in CONCERNS if concern["split"] == split for name in concern["functionalities"])
    names = [job.functionality.name for job in service_jobs(split)]
    assert {name: counts[name] for name in names if counts[name] < 6} == {}


@each_concern()
def test_mentions_are_well_formed(concern: dict[str, Any]) -> None:
    assert set(concern) == {"name", "split", "sphere", "functionalities", "mentions"}
    mentions = concern["mentions"]
    assert len(mentions) == len(set(mentions)) == 14
    for mention in mentions:
        assert re.findall(r"\{request\}|[{}]", mention) == ["{request}"], mention
        assert re.fullmatch(r"\{request\} .*[.!]|.*[.:!] \{request\}", mention), mention
        assert 1 <= len(rest(mention).split()) <= 25, mention
        assert rest(mention)[0].isupper() or FILE.match(rest(mention)), mention
        assert not re.search(r"\d|  |\"", mention), mention
    assert 7 <= sum(mention.startswith("{request}") for mention in mentions) <= 9


@each_concern()
def test_mentions_tell_the_subject_and_nothing_else(concern: dict[str, Any]) -> None:
    for mention in concern["mentions"]:
        text = rest(mention)
        assert not PLACES.search(text), mention
        for banned in (PREFERENCE, HASTE, JOBS):
            assert not re.search(rf"\b(?:{banned.pattern})", text.lower()), mention


@each_concern()
def test_about_five_mentions_name_the_subject(concern: dict[str, Any]) -> None:
    assert 4 <= len(plain(concern)) <= 6


@each_concern()
def test_names_recur_within_a_concern(concern: dict[str, Any]) -> None:
    counts = Counter(name for mention in concern["mentions"] for name in names(mention))
    assert sum(count > 1 for count in counts.values()) >= 3, counts


@each_concern()
def test_indirect_mentions_lead_to_the_subject(concern: dict[str, Any]) -> None:
    """Words of this concern (in three concerns at most) chain each mention to one that names the subject."""
    reached = set(plain(concern))
    while True:
        known = {stem for mention in reached for stem in stems(mention) if SPREAD[stem] <= 3}
        more = {mention for mention in concern["mentions"] if stems(mention) & known} - reached
        if not more:
            break
        reached |= more
    assert set(concern["mentions"]) - reached == set()


def test_no_name_is_in_two_concerns() -> None:
    found = defaultdict(set)
    for concern in CONCERNS:
        for mention in concern["mentions"]:
            for name in names(mention):
                for part in {name, *name.split("-")} if not FILE.fullmatch(name) else {name}:
                    found[part.lower().removesuffix("s")].add(concern["name"])
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
