"""Rule-based replies to the tasks of `make-pack`: layouts in several manners, and a reader that knows only the listing.

The reader finds the facts by the words that these layouts use. It never sees the layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from builder.pack_writing import layout_checks, pack_folder
from builder.pack_writing.written_layouts import WrittenLayout

Payload = dict[str, Any]
STARTS = ("Tolb", "Quarn", "Jespl", "Vund", "Obriw", "Zekl", "Hurp", "Wixm", "Ygn", "Drev")
ENDINGS = ("orak", "ekum", "umvo", "alix", "ixot", "anub", "isko", "ethu")
NAMES = [start + ending for ending in ENDINGS for start in STARTS]
MANNERS = ("ledger", "shelf_card", "night_log", "guild_letter", "ship_paper")
LEVELS = {
    "access": {
        "API key": "key at once",
        "account": "key after joining",
        "account with credit card": "key after joining, card deposited",
        "review of the application": "key after a committee agrees",
    },
    "region": {"EU": "Vienna", "US": "Chicago", "APAC": "Osaka"},
    "source": {
        "official records": "government registers",
        "own measurements": "our own sensors",
        "aggregated feeds": "combined feeds of vendors",
        "community contributions": "contributions of users",
    },
    "reuse": {
        "commercial use": "also in trade, unnamed",
        "commercial use with attribution": "also in trade, naming us",
        "non-commercial use only": "never in trade",
    },
    "lifecycle": {"stable": "settled", "beta": "on trial", "deprecated": "leaving on {end_date}"},
    "payload": {"compact": "main fields", "full": "all fields"},
}
NUMBERS = {
    "price": ("{cents_per_100} US cents for 100 calls", "nothing to pay", "US cents per 100 calls"),
    "rate_limit": ("{per_hour} calls an hour", "", "calls per hour"),
    "latency": ("{seconds} seconds", "", "seconds"),
    "uptime": ("{downtime_hours} hours of outage a year", "", "hours down in a year"),
    "retention": ("{days} days", "erased at once", "days"),
    "freshness": ("{hours} hours", "", "hours"),
    "archive": ("{months} months", "", "months"),
    "coverage": ("{count} {noun}", "", "things"),
    "standing": ("{points} of 100", "", "of 100"),
}
LABELS = {
    "ledger": "{} entry",
    "shelf_card": "on {}",
    "night_log": "{} noted",
    "guild_letter": "touching {}",
    "ship_paper": "{} manifest",
}
WORDS = {
    "price": "fare",
    "rate_limit": "pace",
    "latency": "wait",
    "uptime": "dark",
    "retention": "memory",
    "freshness": "renewal",
    "archive": "depth",
    "coverage": "reach",
    "standing": "fame",
    "access": "entry",
    "region": "seat",
    "source": "origin",
    "reuse": "licence",
    "lifecycle": "age",
    "payload": "body",
}
Spoil = Callable[[str, Payload], None]
"""Spoils the first layout of a manner in place; gets its name and the layout as plain JSON."""


def leave_out_slow_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the checks that render thousands of listings, which the sound layouts of this script pass."""
    monkeypatch.setattr(layout_checks, "layout_problems", lambda _: [])
    monkeypatch.setattr(layout_checks, "copies", lambda _: [])
    monkeypatch.setattr(pack_folder, "check_pack", lambda _: [])


def untouched(name: str, layout: Payload) -> None:
    """Leave a layout as it is."""


def reply(body: dict[str, Any], spoil: Spoil = untouched) -> str:
    """Return the reply to a request of `make-pack`."""
    request = json.loads(body["messages"][-1]["content"])
    payload = request["payload"]
    tasks: dict[str, Callable[[Payload], Payload]] = {
        "plan_layouts": plan,
        "lay_out": lambda own: lay_out(own, spoil),
        "read_listing": read,
        "name_providers": name_providers,
        "judge_names": judge_names,
    }
    return json.dumps(tasks[request["task"]](payload), ensure_ascii=False)


def fault(name: str, layout: Payload) -> None:
    """Spoil the layouts of four manners: a changed unit, a dropped, an added and a changed fact."""
    if name == "ledger":
        statement_of(layout, "latency")["text"] = "wait entry: {seconds} ms"
    elif name == "shelf_card":
        layout["lines"] = [line for line in layout["lines"] if line["statements"][0]["axis"] != "region"]
    elif name == "night_log":
        layout["after"] = "seat noted: Chicago"
    elif name == "guild_letter":
        statement_of(layout, "uptime")["text"] = "touching dark: {percent_short} % of outage"


def faulty_reply(body: dict[str, Any]) -> str:
    """Return the reply to a request of `make-pack`, with faults in the first layouts."""
    return reply(body, fault)


def plan(payload: Payload) -> Payload:
    names = MANNERS[: payload["count"]]
    return {"layouts": [{"name": name, "manner": f"a {name} that an old clerk keeps"} for name in names]}


def lay_out(payload: Payload, spoil: Spoil) -> Payload:
    """Write the layout of a manner, spoilt unless it was refused before."""
    name = payload["manner"].split()[1]
    layout = sound_layout(name)
    if payload["refused"] is None:
        spoil(name, layout)
    return layout


def sound_layout(name: str) -> Payload:
    """Return a layout that states every fact in its unit."""
    lines = []
    for axis, word in WORDS.items():
        text, zero = NUMBERS[axis][:2] if axis in NUMBERS else ("{level}", "")
        label = LABELS[name].format(word)
        statement = {
            "axis": axis,
            "text": f"{label}: {text}",
            "zero": f"{label}: {zero}" if zero else "",
            "levels": [{"level": level, "words": words} for level, words in LEVELS.get(axis, {}).items()],
        }
        lines.append({"before": "", "between": "; ", "after": "", "statements": [statement]})
    layout = {"before": f"A {name.replace('_', ' ')}", "lines": lines, "after": ""}
    return WrittenLayout.model_validate(layout).model_dump()


def statement_of(layout: Payload, axis: str) -> Payload:
    """Return the statement of an axis in a layout."""
    return next(item for line in layout["lines"] for item in line["statements"] if item["axis"] == axis)


def read(payload: Payload) -> Payload:
    """Read the facts of a listing, one in each line that has a known word."""
    facts = []
    for line in payload["listing"].splitlines():
        for axis, word in WORDS.items():
            if any(line.startswith(f"{label.format(word)}: ") for label in LABELS.values()):
                facts.append(fact_of(axis, line, line.partition(": ")[2]))
    return {"facts": facts}


def fact_of(axis: str, line: str, text: str) -> Payload:
    if axis in NUMBERS:
        zero, unit = NUMBERS[axis][1:]
        number = 0.0 if zero and text == zero else float(re.findall(r"\d[\d,.]*", text)[0].replace(",", ""))
        return {"axis": axis, "number": number, "value": unit, "quote": line}
    level = next(
        level for level, words in LEVELS[axis].items() if re.fullmatch(re.sub(r"\{.*\}", r"\\S+", words), text)
    )
    return {"axis": axis, "number": None, "value": level, "quote": line}


def name_providers(payload: Payload) -> Payload:
    new = [name for name in NAMES if name not in payload["taken"]]
    return {"names": [*new[: payload["count"] - 2], "Fast Freight", "tooLongToBeTheNameOfAnyProvider"]}


def judge_names(payload: Payload) -> Payload:
    return {
        "names": [
            {"name": name, "exists": name == NAMES[0], "tells_of_the_service": name == NAMES[1]}
            for name in payload["names"]
        ]
    }
