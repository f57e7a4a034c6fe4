"""Numbers that documentation states about a tool: price, rate limit, latency, uptime, retention, age of the data.

Each pattern has words that must not be in its sentence, because a tool can be about the thing: one that finds flights
delayed by an hour has no delayed data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple

from builder.grouping.functionalities import data_table

from .stated_units import (
    UNLIMITED,
    daily,
    days,
    every,
    length,
    milliseconds,
    per_calls,
    rate,
    rate_word,
    share,
    times,
    years,
    years_since,
)

FACTS_FILE: Final = "catalogue/documented_facts.toml"
"""Data file with the patterns of levels, and with the words that patterns share."""
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_N: Final = (
    r"(?<![\d.,])(?:[1-9]\d{0,2}(?:,\d{3}){1,4}(?:\.\d{1,9})?|(?<!\w)[1-9]\d{0,2}(?: \d{3}){1,4}"
    r"|(?!0\d)\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})(?!\d|[.,]\d)"
)
"""A number: commas and spaces are between groups of three digits, since `0,004` is a decimal number elsewhere."""
_SIZE: Final = r"(?P<size> ?(?:k|m|thousand|million)\b)?"
_UNIT: Final = (
    r"(?P<unit>ms|msecs?|milliseconds?|s|secs?|seconds?|min|mins|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?)\b"
)
_PERIOD: Final = r"(?P<period>seconds?|secs?|minutes?|mins?|hours?|hr|days?|weeks?|months?|mo|years?|s|h|m)\b"
_PER: Final = rf"(?: ?/ ?| ?(?:per|an?|each|every) )(?:(?P<window>{_N}) ?)?"
_OTHER_CURRENCY: Final = r"(?! ?(?:cad|aud|nzd|sgd|hkd|mxn|brl|canadian|australian)\b)"
_DOLLARS: Final = (
    rf"(?<![\w$€£])(?P<cents>(?!))?(?:(?:us ?\$|\$|usd ?) ?(?P<usd>{_N})(?: usd| us dollars?)?{_OTHER_CURRENCY}"
    rf"|(?P<after>{_N})(?: ?usd| us dollars?| dollars| \$))"
)
_CENTS: Final = rf"(?P<usd>{_N}) ?(?P<cents>(?:us )?cents?\b|¢)(?P<after>(?!))?"
_AMOUNT: Final = rf"(?:(?P<calls>{_N}){_SIZE}|(?:an? |one )?(?P<word>thousand|million|hundred)\b)"
_OF_USE: Final = rf"(?:{_AMOUNT} )?(?:(?!{{not_uses}})[\w-]+ ){{0,2}}?(?:{{uses}})\b(?! of )"
_BUDGET: Final = (
    r"\b(?:under|below|less than|over|above|up to|at least|at most|cheaper than|more than|between|budget of) $"
)
"""Words before an amount of money that make it a bound, such as one of a search."""


class _Statement(NamedTuple):
    """Form of a statement about an axis."""

    axis: str
    pattern: re.Pattern[str]
    convert: Callable[[re.Match[str]], float | None]
    unless: re.Pattern[str] | None
    """Words that must not be in the sentence."""
    before: re.Pattern[str] | None
    """Words that must not precede the statement."""


def stated_numbers(text: str) -> dict[str, tuple[float, re.Match[str]]]:
    """Return the numbers that a text states by axis, each with its place; of several on an axis the first."""
    found: dict[str, tuple[float, re.Match[str]]] = {}
    for statement in _statements():
        for match in statement.pattern.finditer(text):
            value = statement.convert(match)
            if value is None or _is_about_else(statement, match):
                continue
            if statement.axis not in found or match.start() < found[statement.axis][1].start():
                found[statement.axis] = (value, match)
            break
    return found


def expanded(pattern: str) -> str:
    """Return a pattern with the shared words of the data file in the place of their names, such as `{uses}`."""
    shared: dict[str, str] = data_table(FACTS_FILE)["words"]
    return _PLACEHOLDER.sub(lambda match: f"(?:{shared[match[1]]})", pattern)


def _is_about_else(statement: _Statement, match: re.Match[str]) -> bool:
    text = match.string
    if statement.before and statement.before.search(text[: match.start()]):
        return True
    return bool(statement.unless and statement.unless.search(_sentence(text, match)))


def _sentence(text: str, match: re.Match[str]) -> str:
    start = max(text.rfind(end, 0, match.start()) for end in (". ", "; ", "! ", "? ", "\n", "|"))
    ends = [place for end in (". ", "; ", "! ", "? ", "\n", "|") if (place := text.find(end, match.end())) >= 0]
    return text[start + 1 : min(ends, default=len(text))]


_NUM: Final = rf"(?P<number>{_N}|\bone\b)"
_ABOUT: Final = r"(?:about |around |approx(?:imately|\.)? |roughly |~ ?|≈ ?|< ?|up to |at most |a maximum of )?"
_NOT_A_LENGTH: Final = (
    r"(?! (?:of (?!input|the (?:call|request))|apart|ago|old|long|later|before|after (?!the (?:call|request))|delay)"
    r"|[- ](?:steps?|chunks?|segments?|intervals?|clips?|windows?|blocks?|slices?|resolution|range)\b)"
)
"""What must not follow a length of time that is a latency."""
_NO_LATENCY: Final = (
    r"\btime[- ]?outs?\b|\btimes? out\b|\bdebounc|\bthrottl|\bgaps?\b|\bsilences?\b|\bpauses?\b|\bsteps of\b"
    r"|\bintervals? of\b|\bevery \d|\bwait(?:s|ing)? \d|\bretr(?:y|ies)\b|\bdelay of\b|\boffset\b|\btempo\b"
    r"|\bduration\b|\bsilent\b|\bhalf[- ]life\b"
)
_NO_DELAY: Final = (
    r"\b(?:flights?|trains?|bus(?:es)?|ferr(?:y|ies)|departures?|arrivals?|shipments?|parcels?|deliver(?:y|ies)|orders?"
    r"|payments?|passengers?|sends?|schedules?|retr(?:y|ies)|waits?|timers?|alarms?|reminders?|echo|not delayed)\b"
)
_NO_RETENTION: Final = (
    r"\b(?:finds?|lists?|search(?:es)?|detects?|monitors?|counts?|posts?|tweets?|comments?|stories|food|medicines?"
    r"|blood|wine|products?|recipes?|reminders?)\b"
)
_DELETED: Final = r"(?:auto-?|automatically )?(?:deleted|removed|purged|erased|wiped|discarded|dropped|destroyed)"
_KEPT: Final = r"(?:keeps?|kept|stores?|stored|retains?|retained|logs?|logged|saves?|saved|retention)"
_NOT_KEPT_WHERE: Final = (
    r"(?= ?(?:[.,;:!)|]|$|-|\u2013|\u2014)| (?:on|to) (?:our |any |the )?(?:servers?|disk)\b"
    r"| (?:after|beyond|past) (?:the )?(?:response|request|call|processing|reply|answer|check)\b"
    r"| (?:by us|at all|anywhere|or|nor|and)\b)"
)
"""What must follow `not stored`: `not stored in the EU` says where, and `not stored as plain text` how."""
_DATA: Final = (
    r"(?:data|records?|histor(?:y|ical|ic)|archives?|series|coverage|prices?|rates?|observations?|quotes?|available"
    r"|articles?|results?|measurements?|statistics|figures|values|covers?|goes?|reach(?:es)?|starts?)"
)
_NO_ARCHIVE: Final = r"\b(?:trusted|in business|serving|founded|established|operating|online|running|company|team)\b"
_LIMITED: Final = (
    r"(?:(?:rate|usage|request|call|api|fair[- ]use|daily|hourly|monthly) ?(?:limit|quota|cap)(?:ed)?|rate[- ]limited"
    r"|limited|throttled|quotas?|limits?|free (?:tier|plan|quota|allowance)|max(?:imum|\.)?|up to|allowance|fair use)"
    r"(?: is| are| at| to| of| with|:|,| \()*(?: of| to)? ?(?:up to |at most |a maximum of |max\.? )?"
)
_NOT_THEIRS: Final = (
    r"\b(?:handles?|process(?:es|ing)?|serves?|index(?:es|ed)?|tracks?|analy[sz]es|covers?|sees?|speed limit|heart)\b"
)
_FORMS: Final[tuple[tuple[str, str, Callable[[re.Match[str]], float | None], str | None], ...]] = (
    ("price", rf"{_DOLLARS} ?(?:per|for|/|an?|each|buys?) ?{_OF_USE}", per_calls, None),
    ("price", rf"{_CENTS} ?(?:per|for|/|an?|each) ?{_OF_USE}", per_calls, None),
    ("price", rf"{_DOLLARS} ?(?:per|/|for|CPM) ?{_AMOUNT}(?= ?(?:[.,;:)|]|$))", per_calls, None),
    (
        "price",
        rf"\b(?:costs?|price|fee|charge) per (?:{_AMOUNT} )?(?:{{uses}})(?::| is| of)? ?{_DOLLARS}",
        per_calls,
        None,
    ),
    ("price", rf"\bthen {_DOLLARS}(?P<calls>(?!))?(?P<size>(?!))?(?P<word>(?!))? (?:each|apiece)\b", per_calls, None),
    ("price", rf"{_AMOUNT} (?:{{uses}}) (?:for|cost|costs|at|=) {_DOLLARS}(?! ?(?:per|/|an?|each) )", per_calls, None),
    (
        "price",
        rf"{_DOLLARS} ?(?:an?|per|/) ?(?:month|mo)\b[,:]? ?\(?(?:for|with|incl\.?|includes?|including|covers?|buys)?"
        rf" ?(?:up to )?{_AMOUNT} (?:{{uses}})\b",
        per_calls,
        None,
    ),
    ("price", rf"{_AMOUNT} (?:{{uses}}) (?:for|at) {_DOLLARS} ?(?:an?|per|/) ?(?:month|mo)\b", per_calls, None),
    ("rate_limit", rf"{_NUM}{_SIZE} (?:free )?(?:{{calls}}){_PER}{_PERIOD}", rate, _NOT_THEIRS),
    ("rate_limit", rf"\b{_LIMITED}{_NUM}{_SIZE}(?: (?:free )?(?:{{uses}}))?{_PER}{_PERIOD}", rate, _NOT_THEIRS),
    ("rate_limit", rf"{_NUM}{_SIZE} free (?:{{uses}}){_PER}{_PERIOD}", rate, _NOT_THEIRS),
    ("rate_limit", rf"{_NUM}{_SIZE} (?:{{uses}}){_PER}{_PERIOD} (?:are |is )?(?:for )?free\b", rate, _NOT_THEIRS),
    ("rate_limit", rf"{_NUM}{_SIZE}{_PER}{_PERIOD} (?:for )?free\b", rate, _NOT_THEIRS),
    ("rate_limit", rf"{_NUM}{_SIZE} ?(?P<word>rps|qps|rpm|qpm|rph|rpd)\b", rate_word, None),
    (
        "rate_limit",
        rf"{_NUM}{_SIZE} (?P<word>hourly|daily|weekly|monthly) (?:free )?(?:{{calls}})\b",
        daily,
        _NOT_THEIRS,
    ),
    (
        "rate_limit",
        r"\b(?:unlimited|unmetered) (?:number of )?(?:{uses}|use|usage|access)\b"
        r"|\b(?:free|use|usage|{uses})(?: is| are|,|:| and)? unlimited\b(?! \w)"
        r"|\b(?:no|without(?: any| a)?) (?:rate|usage|request|call|quota|daily|monthly) ?(?:limit(?:s|ing)?|caps?)\b"
        r"|\bno (?:quotas?|throttling|limits?)(?= ?(?:[.,;:!)]|$)| on (?:{uses}|usage|use)\b| and no )",
        lambda _: UNLIMITED,
        r"\bspeed\b",
    ),
    (
        "latency",
        rf"(?:\b(?:within|in|under|below|less than|about|around|typically|usually|median|average|avg\.?|mean|sub-"
        rf"|p\d{{2}}|latency:?|(?:response|reply|answer) times?:?)|~|≈|<)(?:,|:| is| of| latency| response time| time)*"
        rf"[ -]?{_ABOUT}{_NUM} ?(?P<unit>ms|msecs?|milliseconds?)\b{_NOT_A_LENGTH}",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        rf"{_NUM} ?(?P<unit>ms|msecs?|milliseconds?|s|secs?|seconds?) (?:median |average |typical |p\d\d )?"
        r"(?:latency|response times?|answer times?|reply times?|\(?(?:p\d\d|median|on average)\b)",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        r"\b(?:answers?|respon(?:ds|se|ses)|repl(?:y|ies)|results?|returns?|latency|a (?:call|request)|p\d{2})\b"
        r"[^.;\d]{0,40}?(?:\b(?:within|in|under|below|less than|after|takes?|is|are|of|times?|about|around|average[sd]?"
        r"|p\d{2})|[:~≈<]) ?"
        rf"{_ABOUT}{_NUM} ?(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b{_NOT_A_LENGTH}",
        milliseconds,
        _NO_LATENCY,
    ),
    ("latency", rf"(?:^|[.,;:(] ?){_NUM} ?(?P<unit>ms)(?= ?(?:[.,;)]|$))", milliseconds, _NO_LATENCY),
    (
        "uptime",
        r"(?<![\d.])(?P<number>\d{2,3}(?:\.\d+)?) ?(?:%|per ?cent)"
        r"(?: of the time| monthly| guaranteed| target| service)* ?"
        r"(?:uptime|availability|available|sla\b|service[- ]level|up\b)",
        share,
        r"\brooms?\b|\bseats?\b|\bhotels?\b",
    ),
    (
        "uptime",
        r"\b(?:uptime|availability|available|sla)(?: sla)?(?: guarantee| target)?"
        r"(?: of|:| is| at| at least| over| above| >)* ?"
        r"(?P<number>\d{2,3}(?:\.\d+)?) ?(?:%|per ?cent\b)",
        share,
        r"\brooms?\b|\bseats?\b|\bhotels?\b",
    ),
    (
        "retention",
        rf"\b(?:{_KEPT}|{_DELETED})\b[^.;\d]{{0,40}}?(?:for|after|within|up to|:|of) ?(?:up to |at most |about )?"
        rf"(?:{_NUM}[ -]?|an? |one ){_UNIT}",
        days,
        _NO_RETENTION,
    ),
    ("retention", rf"\b(?:kept|stored|retained|logged|saved) {_NUM} ?{_UNIT}", days, _NO_RETENTION),
    ("retention", rf"{_NUM}[ -]{_UNIT}(?:'s|s')? (?:data |log )?retention\b", days, None),
    (
        "retention",
        r"\b(?:nothing|no (?:data|inputs?|requests?|content|personal data)) (?:you send |that you send )?"
        rf"(?:(?:is|are|gets?) )?(?:ever )?(?:stored|kept|logged|saved|retained){_NOT_KEPT_WHERE}"
        r"|\b(?:does not|do not|never|doesn't|don't) (?:store|keep|log|save|retain)s? (?:any |your |the |of )*"
        r"(?:data|logs|inputs?|requests?|content|queries|texts?|files?|images?|anything|them|it)\b"
        r"(?! (?:in|as|for|longer)\b)"
        rf"|(?:\b(?:not|never)|n't) (?:be )?(?:stored|kept|logged|saved|retained|persisted){_NOT_KEPT_WHERE}"
        r"|\b(?:no|zero)[- ](?:data[- ])?(?:retention|logging)\b|\bno logs?(?: (?:is |are )?(?:stored|kept))?"
        r"(?= ?(?:[.,;:!)]|$))"
        r"|\b(?:deleted|discarded|erased) (?:immediately|right away|at once|instantly"
        r"|(?:right |directly |straight )?after (?:the|each|every) "
        r"(?:response|request|call|reply|answer|check))\b|\b(?:we |it )?(?:stores?|keeps?|logs?|retains?) nothing\b",
        lambda _: 0.0,
        r"\b(?:passwords?|checks? (?:if|whether)|is not found)\b",
    ),
    (
        "interval",
        r"\b(?:updated|refreshed|updates|refreshes|recalculated|published|refresh interval|update interval|new data)\b"
        rf"[^.;\d]{{0,20}}?(?:every|each|once an?|once per|interval:?|:|of)(?: other)? ?(?:{_NUM} ?)?{_UNIT}",
        length,
        r"\bsends?\b|\bnotif(?:y|ies)\b",
    ),
    (
        "interval",
        r"\b(?:updated|refreshed|updates|refreshes|recalculated|published)\b[^.;\d]{0,20}?"
        r"(?P<word>hourly|daily|nightly|weekly|monthly|yearly)\b",
        every,
        r"\bsends?\b|\bfinds?\b|\blists?\b",
    ),
    (
        "interval",
        r"\b(?P<word>hourly|daily|nightly|weekly|monthly|yearly) (?:data )?(?:updates?|updated|refresh(?:es|ed)?)\b",
        every,
        r"\bsends?\b|\bregular\b|\bnewsletters?\b",
    ),
    (
        "interval",
        r"\b(?:updated|refreshed|updates|refreshes)\b (?P<times>twice|once|\d+ times) (?:an?|per|each|every) "
        r"(?P<unit>hour|day|week|month|year)\b",
        times,
        None,
    ),
    (
        "delay",
        rf"{_NUM}[- ]?(?P<unit>secs?|seconds?|mins?|minutes?|h|hours?|days?)(?:'s?)?[ -](?:data )?"
        r"(?:delay(?:ed)?|behind(?: real[- ]?time| live)?|lag)\b",
        length,
        _NO_DELAY,
    ),
    (
        "delay",
        rf"\b(?:delay(?:ed)?|lag(?:s|ging)?)(?: by| of| is|:)* ?{_ABOUT}(?:{_NUM}|an?|one)[- ]?"
        r"(?P<unit>secs?|seconds?|mins?|minutes?|h|hours?|days?)\b",
        length,
        _NO_DELAY,
    ),
    (
        "delay",
        rf"\b(?:data|prices?|quotes?|rates?|values?|figures?) (?:is|are|can be|may be) {_ABOUT}{_NUM} ?"
        r"(?P<unit>secs?|seconds?|mins?|minutes?|h|hours?|days?) (?:old|behind)\b",
        length,
        _NO_DELAY,
    ),
    (
        "archive",
        rf"\b{_DATA}\b[^.;]{{0,30}}?\b(?:since|back to|from) (?:the year )?"
        r"(?P<since>1[789]\d\d|20[012]\d)\b(?! (?:to|until|-|\u2013) ?\d)",
        years_since,
        _NO_ARCHIVE,
    ),
    (
        "archive",
        r"(?P<number>\d{1,3})\+?[- ]years?'? (?:of )?(?:histor(?:y|ical data)|data|archives?|records)\b",
        years,
        _NO_ARCHIVE,
    ),
    (
        "archive",
        r"\b(?:archive|history|data)(?: of| for| covering|:) (?:the (?:past|last) )?(?P<number>\d{1,3}) years\b",
        years,
        _NO_ARCHIVE,
    ),
    ("archive", r"\b(?:goes|going|reach(?:es|ing)|dating) back (?P<number>\d{1,3}) years\b", years, _NO_ARCHIVE),
)
"""Axis, pattern with `{names}` of shared words, conversion, and words that must not be in the sentence."""


@cache
def _statements() -> tuple[_Statement, ...]:
    return tuple(_compiled())


def _compiled() -> Iterator[_Statement]:
    for axis, form, convert, unless in _FORMS:
        pattern = re.compile(expanded(form), re.IGNORECASE)
        yield _Statement(
            axis,
            pattern,
            convert,
            re.compile(unless, re.IGNORECASE) if unless else None,
            re.compile(_BUDGET, re.IGNORECASE) if axis == "price" else None,
        )
