"""Forms of the statements of numbers in documentation: patterns with their conversion.

Each form has words that must not be in its sentence, because a tool can be about the thing: one that finds flights
delayed by an hour has no delayed data.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from .stated_units import (
    NUMBER_WORDS,
    UNLIMITED,
    WEEK,
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

_WORD: Final = rf"\b(?:{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})\b"
_N: Final = (
    r"(?:(?<![\d.,])(?:[1-9]\d{0,2}(?:,\d{3}){1,4}(?:\.\d{1,9})?|(?<!\w)[1-9]\d{0,2}(?: \d{3}){1,4}"
    r"|(?!0\d)\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})(?!\d|[.,]\d)"
    rf"|{_WORD})"
)
"""A number in digits or words. Commas and spaces are between groups of three digits, since `0,004` is a decimal number
elsewhere."""
_SIZE: Final = r"(?P<size> ?(?:k|m|thousand|million)\b)?"
_UNIT: Final = (
    r"(?P<unit>ms|msecs?|milliseconds?|s|secs?|seconds?|min|mins|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?)\b"
)
_PERIOD: Final = r"(?P<period>seconds?|secs?|minutes?|mins?|hours?|hr|days?|weeks?|months?|mo|years?|s|h|m)\b"
_PER: Final = rf"(?: ?/ ?| ?(?:per|an?|each|every|(?:in|within|over) (?:any|each|every)) )(?:(?P<window>{_N}) ?)?"
_OTHER_CURRENCY: Final = r"(?! ?(?:cad|aud|nzd|sgd|hkd|mxn|brl|canadian|australian)\b)"
_DOLLARS: Final = (
    rf"(?<![\w$€£])(?P<cents>(?!))?(?:(?:us ?\$|\$|usd ?) ?(?P<usd>{_N})(?: usd| us dollars?)?{_OTHER_CURRENCY}"
    rf"|(?P<after>{_N})(?: ?usd| us dollars?| dollars| \$))"
)
_CENTS: Final = rf"(?P<usd>{_N}) ?(?P<cents>(?:us )?cents?\b|¢)(?P<after>(?!))?"
_AMOUNT: Final = rf"(?:(?P<calls>{_N}){_SIZE}|(?:an? |one )?(?P<word>thousand|million|hundred)\b)"
_NO_AMOUNT: Final = r"(?P<calls>(?!))?(?P<size>(?!))?(?P<word>(?!))?"
"""Groups of an amount that is not stated."""
_OF_USE: Final = rf"(?:{_AMOUNT} )?(?:(?!{{not_uses}})[\w-]+ ){{0,2}}?(?:{{uses}})\b(?! of )"
_NUM: Final = rf"(?P<number>{_N})"
_RANGE: Final = rf"(?:{_N} ?(?:-|\u2013|to) ?)?"
"""The lower end of a range, of which the upper end counts."""
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
    r"|blood|wine|products?|recipes?|reminders?|temperatures?|prices?|observations?|songs?|albums?|episodes?)\b"
)
_DELETED: Final = (
    r"(?:auto-?|automatically )?(?:deleted|removed|purged|erased|wiped|discarded|dropped|destroyed|forgotten|cleared)"
)
_KEPT: Final = r"(?:keeps?|kept|stores?|stored|retains?|retained|logs?|logged|saves?|saved|recorded|retention)"
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
FORMS: Final[tuple[tuple[str, str, Callable[[re.Match[str]], float | None], str | None], ...]] = (
    ("price", rf"{_DOLLARS} ?(?:per|for|/|an?|each|buys?) ?{_OF_USE}", per_calls, None),
    ("price", rf"{_CENTS} ?(?:per|for|/|an?|each) ?{_OF_USE}", per_calls, None),
    ("price", rf"{_DOLLARS} ?(?:per|/|for|CPM) ?{_AMOUNT}(?= ?(?:[.,;:)|]|$))", per_calls, None),
    (
        "price",
        rf"\b(?:costs?|price|fee|charge) per (?:{_AMOUNT} )?(?:{{uses}})(?::| is| of)? ?{_DOLLARS}",
        per_calls,
        None,
    ),
    ("price", rf"\bthen {_DOLLARS}{_NO_AMOUNT} (?:each|apiece)\b", per_calls, None),
    (
        "price",
        rf"\b(?:each|every|an?|one) (?:{{uses}}) (?:costs?|is) {_DOLLARS}{_NO_AMOUNT}(?! ?(?:per|/|an?) )",
        per_calls,
        None,
    ),
    (
        "price",
        rf"\b(?:each|every|an?|one) (?:{{uses}}) (?:costs?|is) {_CENTS}{_NO_AMOUNT}(?! ?(?:per|/|an?) )",
        per_calls,
        None,
    ),
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
    (
        "rate_limit",
        rf"{_NUM}{_SIZE} (?:{{uses}}){_PER}{_PERIOD},? "
        r"(?:at (?:the )?most|max(?:imum)?\b|or (?:fewer|less)\b|allowed\b)",
        rate,
        _NOT_THEIRS,
    ),
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
        rf"{_ABOUT}{_RANGE}{_NUM} ?(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b{_NOT_A_LENGTH}",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        rf"\b(?:about|around|approx(?:imately|\.)?|roughly|takes|needs) {_RANGE}{_NUM} ?"
        r"(?P<unit>ms|milliseconds?|s|secs?|seconds?) (?:per|for each|for every) (?:{uses})\b(?! of )",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        rf"\b(?:an?|each|every|one) (?:{{uses}}) (?:usually |typically |normally )?takes {_ABOUT}{_RANGE}{_NUM} ?"
        rf"(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b{_NOT_A_LENGTH}",
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
    ("retention", rf"\blogs? (?:live|last|stay|remain|persist)s?(?: for)? {_NUM}[ -]?{_UNIT}", days, _NO_RETENTION),
    (
        "retention",
        rf"\b{_DELETED} (?:as soon as|once|when) (?:the|your|each|every|an?|it|they) ?[\w ]{{0,40}}?"
        r"(?:is|are|was|were|been) (?:returned|sent|delivered|finished|done|completed|answered|processed|downloaded)\b",
        lambda _: 0.0,
        _NO_RETENTION,
    ),
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
        rf"|\b{_DELETED} (?:immediately|right away|at once|instantly|straight away"
        r"|(?:right |directly |straight )?after (?:the|each|every) "
        r"(?:response|request|call|reply|answer|check))\b|\b(?:we |it )?(?:stores?|keeps?|logs?|retains?) nothing\b",
        lambda _: 0.0,
        r"\b(?:passwords?|checks? (?:if|whether)|is not found)\b",
    ),
    (
        "interval",
        r"\b(?:updated?|refreshed|updates|refreshes|recalculated|published|refresh interval|update interval|new data)\b"
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
        r"\b(?:updated?|refreshed|updates|refreshes|recalculated|published) (?:it |them |the data )?(?:every|each|on) "
        r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b",
        lambda _: WEEK,
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
        rf"\b(?:updated|refreshed|updates|refreshes)\b (?P<times>twice|once|(?:\d+|{_WORD}) times) "
        r"(?:an?|per|each|every) (?P<unit>hour|day|week|month|year)\b",
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
        rf"\b(?:data|prices?|quotes?|rates?|values?|figures?) (?:is|are|can be|may be) {_ABOUT}(?:{_NUM}|an?) ?"
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
        rf"(?P<number>\d{{1,3}}|{_WORD})\+?[- ]years?'? (?:of )?(?:histor(?:y|ical data)|data|archives?|records)\b",
        years,
        _NO_ARCHIVE,
    ),
    (
        "archive",
        rf"\b(?:archive|history|data)(?: of| for| covering|:) (?:the (?:past|last) )?"
        rf"(?P<number>\d{{1,3}}|{_WORD}) years\b",
        years,
        _NO_ARCHIVE,
    ),
    (
        "archive",
        rf"\b(?:goes|going|reach(?:es|ing)|dating) back (?P<number>\d{{1,3}}|{_WORD}) years\b",
        years,
        _NO_ARCHIVE,
    ),
)
"""Axis, pattern with `{names}` of shared words, conversion, and words that must not be in the sentence."""
