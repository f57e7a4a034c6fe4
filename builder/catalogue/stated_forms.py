"""Forms of the statements of numbers in documentation: patterns with their conversion.

Each form has words that must not be in its sentence, because a tool can be about the thing: one that finds flights
delayed by an hour has no delayed data.
"""

from __future__ import annotations

from typing import Final

from .stated_parts import ABOUT, NUM, RANGE, UNIT, WORD, Form
from .stated_prices import PRICE_FORMS
from .stated_units import (
    WEEK,
    days,
    every,
    length,
    milliseconds,
    nines,
    share,
    times,
    years,
    years_since,
)

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
_DELETE: Final = r"(?:delete|remove|purge|erase|wipe|discard|drop|destroy|forget)"
_AT_ONCE: Final = r"(?:immediately|right away|at once|instantly|straight away)\b"
_AFTER_USE: Final = (
    r"(?:right |directly |straight )?after (?:the |each |every )(?:response|request|call|reply|answer|check)\b"
    r"|(?:right|directly|straight) after (?:the |each |every )?(?:delivery|sending|processing|transcription|translation"
    r"|conversion|rendering|download|use|analysis)\b"
)
"""Ends of the use of a tool, after which nothing is kept."""
_KEPT: Final = r"(?:keeps?|kept|stores?|stored|retains?|retained|logs?|logged|saves?|saved|recorded|retention)"
_NOT_KEPT_WHERE: Final = (
    r"(?= ?(?:[.,;:!)|]|$|-|\u2013|\u2014)| (?:on|to) (?:our |any |the )?(?:servers?|disk)\b"
    r"| (?:after|beyond|past) (?:the )?(?:response|request|call|processing|reply|answer|check)\b"
    r"| (?:by us|at all|anywhere|or|nor|and)\b)"
)
"""What must follow `not stored`: `not stored in the EU` says where, and `not stored as plain text` how."""
_HELD: Final = (
    r"(?:data(?:base|sets?)?|status(?:es)?|prices?|rates?|quotes?|records?|index|observations?|measurements?|figures|values"
    r"|catalogue|feeds?|positions?|stock|tables?|lists?)"
)
"""What a tool answers from."""
_WORKING: Final = r"(?:working |business |trading |calendar |week(?=days?\b))?"
_NO_INTERVAL: Final = r"\bsends?\b|\bnotif(?:y|ies)\b|\bfinds?\b|\bcreates?\b|\bschedules?\b"
_DATA: Final = (
    r"(?:data|records?|histor(?:y|ical|ic)|archives?|series|coverage|prices?|rates?|observations?|quotes?|available"
    r"|articles?|results?|measurements?|statistics|figures|values|covers?|goes?|reach(?:es)?|starts?)"
)
_NO_ARCHIVE: Final = r"\b(?:trusted|in business|serving|founded|established|operating|online|running|company|team)\b"
FORMS: Final[tuple[Form, ...]] = (
    *PRICE_FORMS,
    (
        "latency",
        rf"(?:\b(?:within|in|under|below|less than|about|around|typically|usually|median|average|avg\.?|mean|sub-"
        rf"|p\d{{2}}|latency:?|(?:response|reply|answer) times?:?)|~|≈|<)(?:,|:| is| of| latency| response time| time)*"
        rf"[ -]?{ABOUT}{NUM} ?(?P<unit>ms|msecs?|milliseconds?)\b{_NOT_A_LENGTH}",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        rf"{NUM} ?(?P<unit>ms|msecs?|milliseconds?|s|secs?|seconds?) (?:median |average |typical |p\d\d )?"
        r"(?:latency|response times?|answer times?|reply times?|\(?(?:p\d\d|median|on average)\b)",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        r"\b(?:answers?|respon(?:ds|se|ses)|repl(?:y|ies)|results?|returns?|latency|a (?:call|request)|p\d{2})\b"
        r"[^.;\d]{0,40}?(?:\b(?:within|in|under|below|less than|after|takes?|is|are|of|times?|about|around|average[sd]?"
        r"|p\d{2})|[:~≈<]) ?"
        rf"{ABOUT}{RANGE}{NUM} ?(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b{_NOT_A_LENGTH}",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        rf"\b(?:about|around|approx(?:imately|\.)?|roughly|takes|needs) {RANGE}{NUM} ?"
        r"(?P<unit>ms|milliseconds?|s|secs?|seconds?) (?:per|for each|for every) (?:{uses})\b(?! of )",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        rf"\b(?:an?|each|every|one) (?:{{uses}}) (?:usually |typically |normally )?takes {ABOUT}{RANGE}{NUM} ?"
        rf"(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b{_NOT_A_LENGTH}",
        milliseconds,
        _NO_LATENCY,
    ),
    ("latency", rf"(?:^|[.,;:(] ?){NUM} ?(?P<unit>ms)(?= ?(?:[.,;)]|$))", milliseconds, _NO_LATENCY),
    (
        "latency",
        r"\b(?:average|avg\.?|median|mean|typical|usual) (?:(?:delivery|processing|turnaround|execution|conversion"
        r"|rendering|round[- ]?trip|answer|reply|query) times?|time (?:to|until) (?:the )?"
        r"(?:inbox|delivery|first (?:byte|token)|(?:first )?(?:results?|response|answer|reply)|completion))"
        rf"(?: is| of|:|,)* ?{ABOUT}{RANGE}{NUM} ?(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b{_NOT_A_LENGTH}",
        milliseconds,
        _NO_LATENCY,
    ),
    (
        "latency",
        rf"\bexpect {ABOUT}{RANGE}{NUM} ?(?P<unit>ms|milliseconds?|s|secs?|seconds?) (?:for|per) (?:an?|each|every) "
        r"(?:{uses}|paragraphs?|sentences?|words?)\b(?! of )",
        milliseconds,
        _NO_LATENCY,
    ),
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
        "uptime",
        r"\b(?:uptime|availability|sla)\b[^.;\d]{0,25}?\b(?P<nines>two|three|four|five|2|3|4|5)[- ](?:9s|nines)\b"
        r"|\b(?P<before>two|three|four|five|2|3|4|5)[- ](?:9s|nines)(?: of)? (?:uptime|availability|sla\b)",
        nines,
        r"\brooms?\b|\bseats?\b|\bhotels?\b",
    ),
    (
        "retention",
        rf"\b(?:{_KEPT}|{_DELETED})\b[^.;\d]{{0,40}}?(?:for|after|within|up to|:|of) ?(?:up to |at most |about )?"
        rf"(?:{NUM}[ -]?|an? |one ){UNIT}",
        days,
        _NO_RETENTION,
    ),
    ("retention", rf"\b(?:kept|stored|retained|logged|saved) {NUM} ?{UNIT}", days, _NO_RETENTION),
    ("retention", rf"\blogs? (?:live|last|stay|remain|persist)s?(?: for)? {NUM}[ -]?{UNIT}", days, _NO_RETENTION),
    (
        "retention",
        rf"\b{_DELETED} (?:as soon as|once|when) (?:the|your|each|every|an?|it|they) ?[\w ]{{0,40}}?"
        r"(?:is|are|was|were|been) (?:returned|sent|delivered|finished|done|completed|answered|processed|downloaded)\b",
        lambda _: 0.0,
        _NO_RETENTION,
    ),
    (
        "retention",
        rf"\b(?:available|accessible|downloadable|kept|cached|held) for {NUM} ?{UNIT},? (?:and )?"
        rf"(?:then|after which (?:it|they) (?:is|are)|afterwards)(?: they are| it is)? (?:automatically )?{_DELETED}\b",
        days,
        _NO_RETENTION,
    ),
    (
        "retention",
        rf"\bwe (?:auto-?|automatically |always )?{_DELETE} (?:(?:all|your|the|any|both) )?(?:[\w-]+ ){{1,4}}?"
        rf"(?:{_AT_ONCE}|{_AFTER_USE})",
        lambda _: 0.0,
        _NO_RETENTION,
    ),
    ("retention", rf"{NUM}[ -]{UNIT}(?:'s|s')? (?:data |log )?retention\b", days, None),
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
        rf"|\b{_DELETED} (?:(?:from|on|off) (?:our |all |the )?(?:servers?|systems?|disks?|storage|memory) )?"
        rf"(?:{_AT_ONCE}|{_AFTER_USE})|\b(?:we |it )?(?:stores?|keeps?|logs?|retains?) nothing\b",
        lambda _: 0.0,
        r"\b(?:passwords?|checks? (?:if|whether)|is not found)\b",
    ),
    (
        "interval",
        r"\b(?:updated?|refreshed|updates|refreshes|recalculated|published|refresh interval|update interval|new data)\b"
        rf"[^.;\d]{{0,20}}?(?:every|each|once an?|once per|interval:?|:|of)(?: other)? ?(?:{NUM} ?)?{_WORKING}{UNIT}",
        length,
        r"\bsends?\b|\bnotif(?:y|ies)\b",
    ),
    (
        "interval",
        rf"\b{_HELD} (?:is|are|gets?) (?:re)?(?:polled|loaded|imported|crawled|synced|synchroni[sz]ed|rebuilt|indexed) "
        rf"(?:again )?(?:every|each|once an?|once per) ?(?:{NUM} ?)?{_WORKING}{UNIT}",
        length,
        rf"{_NO_INTERVAL}|\bmonitors?\b|\buntil\b",
    ),
    (
        "interval",
        r"\b(?:re)?(?:loaded|updated|refreshed|imported|filled|synced|synchroni[sz]ed|rebuilt)\b[^.;\d]{0,20}?"
        r"\b(?:by|from|in|with|through|via) (?:an?|the|our) (?P<word>hourly|daily|nightly|weekly|monthly) "
        r"(?:batch(?:es)?|imports?|loads?|sync|dumps?|exports?|feeds?|snapshots?|jobs?|runs?|rebuilds?)\b",
        every,
        _NO_INTERVAL,
    ),
    (
        "interval",
        r"\b(?:updated|refreshed|updates|refreshes|now|current)\b[^.;\d]{0,25}?\bminute[- ]by[- ]minute{end}",
        lambda _: 60.0,
        rf"{_NO_INTERVAL}|\bforecasts?\b|\bcomment|\bhistor|\bcandles?\b|\bseries\b",
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
        rf"\b(?:updated|refreshed|updates|refreshes)\b (?P<times>twice|once|(?:\d+|{WORD}) times) "
        r"(?:an?|per|each|every) (?P<unit>hour|day|week|month|year)\b",
        times,
        None,
    ),
    (
        "delay",
        rf"{NUM}[- ]?(?P<unit>secs?|seconds?|mins?|minutes?|h|hours?|days?)(?:'s?)?[ -](?:data )?"
        r"(?:delay(?:ed)?|behind(?: real[- ]?time| live)?|lag)\b",
        length,
        _NO_DELAY,
    ),
    (
        "delay",
        rf"\b(?:delay(?:ed)?|lag(?:s|ging)?)(?: by| of| is|:)* ?{ABOUT}(?:{NUM}|an?|one)[- ]?"
        r"(?P<unit>secs?|seconds?|mins?|minutes?|h|hours?|days?)\b",
        length,
        _NO_DELAY,
    ),
    (
        "delay",
        rf"\b(?:data|prices?|quotes?|rates?|values?|figures?) (?:is|are|can be|may be) {ABOUT}(?:{NUM}|an?) ?"
        r"(?P<unit>secs?|seconds?|mins?|minutes?|h|hours?|days?) (?:old|behind)\b",
        length,
        _NO_DELAY,
    ),
    (
        "delay",
        rf"(?:^|[.:(] ?)(?:up to|at most|no more than) {NUM} ?"
        r"(?P<unit>secs?|seconds?|mins?|minutes?|h|hours?|days?) old{end}",
        length,
        rf"{_NO_DELAY}|\b(?:finds?|lists?|search(?:es)?|posts?|articles?|messages?|files?|children|babies)\b",
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
        rf"(?P<number>\d{{1,3}}|{WORD})\+?[- ]years?'? (?:of )?(?:histor(?:y|ical data)|data|archives?|records)\b",
        years,
        _NO_ARCHIVE,
    ),
    (
        "archive",
        rf"\b(?:archive|history|data)(?: of| for| covering|:) (?:the (?:past|last) )?"
        rf"(?P<number>\d{{1,3}}|{WORD}) years\b",
        years,
        _NO_ARCHIVE,
    ),
    (
        "archive",
        rf"\b(?:goes|going|reach(?:es|ing)|dating) back (?P<number>\d{{1,3}}|{WORD}) years\b",
        years,
        _NO_ARCHIVE,
    ),
)
"""Axis, pattern with `{names}` of shared words, conversion, and words that must not be in the sentence."""
