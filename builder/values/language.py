"""Texts that people would hand to a tool, put together from small parts."""

from __future__ import annotations

from builder.records import SlotValue

from .context import Draw, plain
from .people import first_name, url

_THINGS = (
    "The hotel room", "The new bus timetable", "My third bowl of ramen here", "The concert last night", "The repair of my bike",
    "The guided walk", "The online checkout", "The sofa that arrived today", "The museum audio guide", "The language course",
    "The campsite by the lake", "The train ride", "The allotment newsletter", "The second season", "The choir rehearsal",
)  # fmt: skip
_OPINIONS = (
    "was far better than I had hoped", "left me rather disappointed", "was fine, nothing more", "made my whole week",
    "was a waste of an evening", "felt rushed and careless", "is the best I have had in years", "turned out to be a mess",
    "was worth every minute", "could do with some more thought",
)  # fmt: skip
_AFTERTHOUGHTS = (
    "and I would go again tomorrow", "and the staff did not seem to care", "though the weather did not help",
    "and my sister agreed", "but I have seen worse", "and I have told all my neighbours", "although it started late",
    "and nobody apologised", "even if it took a while", "and I still think about it",
)  # fmt: skip
_FOREIGN = (
    "Der Zug hat heute zwanzig Minuten Verspätung.", "Wo finde ich den nächsten Bahnhof?", "Das Brot schmeckt am Morgen am besten.",
    "La réunion est reportée à jeudi matin.", "Où se trouve la bibliothèque municipale ?", "Il a plu toute la nuit sur la côte.",
    "El mercado abre a las ocho de la mañana.", "¿Dónde está la parada del autobús?", "Mañana vamos a visitar a mi abuela.",
    "Il treno per Bologna parte dal binario tre.", "Vorrei prenotare un tavolo per quattro.", "La finestra della cucina non si chiude.",
    "O jantar fica pronto daqui a meia hora.", "A praia estava cheia de gente ontem.", "Pode repetir a pergunta, por favor?",
    "De fiets staat nog in de schuur.", "Het regent al de hele middag.", "Bussen går varje kvart till stationen.",
    "Vi ses vid hamnen klockan sju.", "Toget til byen er innstilt i dag.", "Jeg har glemt paraplyen hjemme.",
    "Sklep jest zamknięty w niedzielę.", "Kawa jest jeszcze gorąca.", "Vlak do Brna jede za deset minut.",
    "Yarın sabah erken kalkmam gerekiyor.", "Huomenna sataa koko päivän.", "A könyvtár kedden zárva van.",
)  # fmt: skip
_MESSAGES = (
    "{name}, I'm running {n} minutes late.", "The parcel for {name} is at number {n}.", "Dinner is at {n} past seven, {name}.",
    "{name}, your appointment moved to {n} May.", "Please call {name} back, room {n}.", "The keys are under pot {n}, {name}.",
    "{name}, we need {n} more chairs for tonight.", "Bus {n} is cancelled, {name}, take the tram.",
)  # fmt: skip
_LONG = (
    "The town council met on Tuesday to decide about the old {place}.", "Volunteers have looked after the {place} for thirty years.",
    "A survey found that the roof will not last another winter.", "Most residents would like to keep it as it is.",
    "An architect proposed to turn it into a reading room with a small stage.", "The cost is put at {n} thousand a year.",
    "Schools in the area have already asked for hours.", "A decision is expected in {month}.",
    "Critics say that the money is needed for the roads.", "The mayor promised another public meeting before the vote.",
)  # fmt: skip
_LONG_PLACES = (
    "boathouse",
    "grain mill",
    "tram depot",
    "cinema",
    "lighthouse",
    "greenhouse",
    "swimming hall",
    "railway station",
)
_MONTHS = ("March", "April", "May", "June", "September", "October", "November")
_WORDS = (
    "serendipity", "gossamer", "petrichor", "ubiquitous", "laconic", "quixotic", "ephemeral", "cantankerous", "mellifluous",
    "obfuscate", "perspicacious", "sonder", "taciturn", "vicarious", "whimsical", "zealous", "ambivalent", "candour", "dapper",
    "elated", "furtive", "garrulous", "hapless", "idyllic", "jovial", "keen", "languid", "morose", "nimble", "opulent",
    "placid", "quaint", "resilient", "solace", "tenacious", "uncanny", "verbose", "wistful", "yearn", "brisk",
)  # fmt: skip
_SUBJECTS = (
    "Saturday's picnic",
    "The broken gate",
    "Choir rehearsal",
    "Minutes of the meeting",
    "Your library books",
    "New bus times",
)


def statement(draw: Draw) -> SlotValue:
    """A sentence with an opinion."""
    return plain(f"{draw.choice(_THINGS)} {draw.choice(_OPINIONS)} {draw.choice(_AFTERTHOUGHTS)}.")


def foreign_text(draw: Draw) -> SlotValue:
    """A sentence in another language than English."""
    return plain(draw.choice(_FOREIGN))


def long_text(draw: Draw) -> SlotValue:
    """A short report of four to six sentences."""
    rest = draw.rng.choice(len(_LONG) - 1, size=draw.integer(3, 5), replace=False)
    text = " ".join(_LONG[index] for index in (0, *sorted(int(index) + 1 for index in rest)))
    return plain(text.format(place=draw.choice(_LONG_PLACES), n=draw.integer(12, 95), month=draw.choice(_MONTHS)))


def message(draw: Draw) -> SlotValue:
    """A short message to somebody."""
    return plain(draw.choice(_MESSAGES).format(name=first_name(draw).value, n=draw.integer(4, 28)))


def subject(draw: Draw) -> SlotValue:
    """The subject line of a message."""
    return plain(draw.choice(_SUBJECTS))


def word(draw: Draw) -> SlotValue:
    """An English word worth looking up."""
    return plain(draw.choice(_WORDS))


def text_or_url(draw: Draw) -> SlotValue:
    """What people put on a poster: an address of a page or a short line."""
    if draw.integer(0, 2):
        return url(draw)
    return plain(
        f"{draw.choice(('Table', 'Locker', 'Stand', 'Seat', 'Crate'))} {draw.integer(2, 480)} of {first_name(draw).value}"
    )
