"""Forms of the statements of prices and rate limits."""

from __future__ import annotations

from typing import Final

from .stated_parts import NUM, PER, PERIOD, SIZE, Form, N
from .stated_units import UNLIMITED, daily, per_calls, rate, rate_word

_OTHER_CURRENCY: Final = r"(?! ?(?:cad|aud|nzd|sgd|hkd|mxn|brl|canadian|australian)\b)"
_DOLLARS: Final = (
    rf"(?<![\w$€£])(?P<cents>(?!))?(?:(?:us ?\$|\$|usd ?) ?(?P<usd>{N})(?: usd| us dollars?)?{_OTHER_CURRENCY}"
    rf"|(?P<after>{N})(?: ?usd| us dollars?| dollars| \$))"
)
_CENTS: Final = rf"(?P<usd>{N}) ?(?P<cents>(?:us )?cents?\b|¢)(?P<after>(?!))?"
_AMOUNT: Final = rf"(?:(?P<calls>{N}){SIZE}|(?:an? |one )?(?P<word>thousand|million|hundred)\b)"
_NO_AMOUNT: Final = r"(?P<calls>(?!))?(?P<size>(?!))?(?P<word>(?!))?"
"""Groups of an amount that is not stated."""
_OF_USE: Final = rf"(?:{_AMOUNT} )?(?:(?!{{not_uses}})[\w-]+ ){{0,2}}?(?:{{uses}})\b(?! of )"
_LIMITED: Final = (
    r"(?:(?:rate|usage|request|call|api|fair[- ]use|daily|hourly|monthly) ?(?:limit|quota|cap)(?:ed)?|rate[- ]limited"
    r"|limited|throttled|quotas?|limits?|free (?:tier|plan|quota|allowance)|max(?:imum|\.)?|up to|allowance|fair use)"
    r"(?: is| are| at| to| of| with|:|,| \()*(?: of| to)? ?(?:up to |at most |a maximum of |max\.? )?"
)
_NOT_THEIRS: Final = (
    r"\b(?:handles?|process(?:es|ing)?|serves?|index(?:es|ed)?|tracks?|analy[sz]es|covers?|sees?|speed limit|heart)\b"
)
_NOT_CALLS: Final = (
    r"\b(?:users?|seats?|characters?|chars|tokens?|words?|minutes?|hours?|[gmt]b|subscribers?|members?|flats?|rooms?|rents?"
    r"|apartments?|hotels?)\b"
)
"""Words of a sentence that can be what a bare number counts, as in `$19 a month for 2,000`."""
PRICE_FORMS: Final[tuple[Form, ...]] = (
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
    *(
        (
            "price",
            rf"\b(?:each|every|an?|one) (?:{{uses}}) (?:costs?|is) {money}{_NO_AMOUNT}(?! ?(?:per|/|an?) )",
            per_calls,
            None,
        )
        for money in (_DOLLARS, _CENTS)
    ),
    ("price", rf"{_AMOUNT} (?:{{uses}}) (?:for|cost|costs|at|=) {_DOLLARS}(?! ?(?:per|/|an?|each) )", per_calls, None),
    (
        "price",
        rf"{_DOLLARS} ?(?:an?|per|/) ?(?:month|mo)\b[,:]? ?\(?(?:for|with|incl\.?|includes?|including|covers?|buys)?"
        rf" ?(?:[a-z]{{1,20}}(?: plan| tier)?[,:] )?(?:up to )?{_AMOUNT} (?:{{uses}})\b",
        per_calls,
        None,
    ),
    (
        "price",
        rf"{_DOLLARS} ?(?:an?|per|/) ?(?:month|mo) for (?:up to )?"
        r"(?P<calls>[1-9]\d{0,2}(?:,\d{3}){1,3}|\d{3,9})(?P<size>k\b)?(?P<word>(?!))?(?= ?(?:[.;)|]|, |$))",
        per_calls,
        _NOT_CALLS,
    ),
    ("price", rf"{_AMOUNT} (?:{{uses}}) (?:for|at) {_DOLLARS} ?(?:an?|per|/) ?(?:month|mo)\b", per_calls, None),
    ("rate_limit", rf"{NUM}{SIZE} (?:free )?(?:{{calls}}){PER}{PERIOD}", rate, _NOT_THEIRS),
    ("rate_limit", rf"\b{_LIMITED}{NUM}{SIZE}(?: (?:free )?(?:{{uses}}))?{PER}{PERIOD}", rate, _NOT_THEIRS),
    ("rate_limit", rf"{NUM}{SIZE} free (?:{{uses}}){PER}{PERIOD}", rate, _NOT_THEIRS),
    ("rate_limit", rf"{NUM}{SIZE} (?:{{uses}}){PER}{PERIOD} (?:are |is )?(?:for )?free\b", rate, _NOT_THEIRS),
    ("rate_limit", rf"{NUM}{SIZE}{PER}{PERIOD} (?:for )?free\b", rate, _NOT_THEIRS),
    (
        "rate_limit",
        rf"{NUM}{SIZE} (?:{{uses}}){PER}{PERIOD},? "
        r"(?:at (?:the )?most|max(?:imum)?\b|or (?:fewer|less)\b|allowed\b)",
        rate,
        _NOT_THEIRS,
    ),
    (
        "rate_limit",
        rf"{NUM}{SIZE} (?:{{uses}}){PER}{PERIOD} (?:on|in|with|under) (?:the |our |a )?"
        r"(?:free|starter|basic|hobby|developer) (?:plan|tier)\b",
        rate,
        _NOT_THEIRS,
    ),
    (
        "rate_limit",
        rf"(?:^|[.;:(] ?)(?:(?:max(?:imum|\.)?|api|sending) )?throughput(?: is|:| of| at)?(?: up to| at most)? "
        rf"{NUM}{SIZE} (?:{{uses}}){PER}{PERIOD}",
        rate,
        _NOT_THEIRS,
    ),
    ("rate_limit", rf"{NUM}{SIZE} (?:{{uses}}){PER}{PERIOD} on (?:us|the house)\b", rate, _NOT_THEIRS),
    ("rate_limit", rf"{NUM}{SIZE} ?(?P<word>rps|qps|rpm|qpm|rph|rpd)\b", rate_word, None),
    (
        "rate_limit",
        rf"{NUM}{SIZE} (?P<word>hourly|daily|weekly|monthly) (?:free )?(?:{{calls}})\b",
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
)
"""Forms of prices of 1,000 calls and of limits in calls per minute."""
