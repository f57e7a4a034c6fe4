"""Generators of short texts, assembled from parts."""

from __future__ import annotations

from builder.records import SlotValue

from .context import ValueSource, plain
from .people import first_name, url

_OUTINGS = (
    "The concert last night", "The guided walk", "The train ride along the coast", "The evening class", "The weekend at the campsite",
    "The school play", "The boat trip", "The tasting at the vineyard", "The tour of the old town", "The spring recital of the choir",
)  # fmt: skip
_OUTING_OPINIONS = (
    "was far better than I had hoped", "left me rather disappointed", "was fine, nothing more", "made my whole week",
    "was a waste of an evening", "felt rushed", "was worth every minute",
)  # fmt: skip
_OUTING_TAILS = (
    "and I wrote so in my diary", "and I have told the organisers", "and my sister agreed", "and so said everybody who came along",
    "and I have told all my neighbours", "at least for me",
)  # fmt: skip
_PURCHASES = (
    "The sofa that arrived today", "My new bicycle lamp", "The second-hand camera", "The kettle I ordered", "The winter coat from your shop",
    "The garden bench", "The headset that I returned", "The coffee grinder", "The tent we bought for the summer", "The desk chair",
)  # fmt: skip
_PURCHASE_OPINIONS = (
    "is the best I have owned in years", "was scratched when I unpacked it", "does what it should", "fell apart within a week",
    "looks nothing like the picture", "works like a charm", "squeaks when it is cold",
)  # fmt: skip
_PURCHASE_TAILS = (
    "and I wrote so to the shop", "and I said so in my review", "just like the one before", "and my brother says the same of his",
    "and I have a picture of it", "as far as I can tell",
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
    "{name}, your appointment moved to {n} May.", "Please call {name} back in {n} minutes.", "{name}, we need {n} more chairs for tonight.",
    "Bus {n} is cancelled, {name}, take the tram.", "{name}, the boat leaves from pier {n}.", "Room {n} is booked for you, {name}.",
)  # fmt: skip
_LONG = (
    "The town council met on Tuesday to decide about the old {place}.", "Volunteers have looked after the {place} for thirty years.",
    "A survey found that the roof will not last another winter.", "Most residents would like to keep it as it is.",
    "An architect proposed to turn it into a reading room with a small stage.", "The cost is put at {n} thousand euros a year.",
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


def statement(draw: ValueSource) -> SlotValue:
    """Draw a sentence with an opinion."""
    kinds = ((_OUTINGS, _OUTING_OPINIONS, _OUTING_TAILS), (_PURCHASES, _PURCHASE_OPINIONS, _PURCHASE_TAILS))
    return plain(f"{' '.join(draw.choice(part) for part in draw.choice(kinds))}.")


def draft(draw: ValueSource) -> SlotValue:
    """Draw a sentence with an opinion and a typo: two neighbouring letters inside a word are swapped."""
    text = str(statement(draw).value)
    # Positions inside a word, except the first one, where two neighbouring letters differ.
    places = [
        index
        for index in range(text.index(" ") + 2, len(text) - 2)
        if text[index - 1 : index + 3].isalpha() and text[index] != text[index + 1]
    ]
    place = draw.choice(places)
    return plain(f"{text[:place]}{text[place + 1]}{text[place]}{text[place + 2 :]}")


def foreign_text(draw: ValueSource) -> SlotValue:
    """Draw a sentence in a language other than English."""
    return plain(draw.choice(_FOREIGN))


def long_text(draw: ValueSource) -> SlotValue:
    """Draw a short report of four to six sentences."""
    rest = draw.rng.choice(len(_LONG) - 1, size=draw.integer(3, 5), replace=False)
    text = " ".join(_LONG[index] for index in (0, *sorted(int(index) + 1 for index in rest)))
    return plain(text.format(place=draw.choice(_LONG_PLACES), n=draw.integer(12, 95), month=draw.choice(_MONTHS)))


def message(draw: ValueSource) -> SlotValue:
    """Draw a short message to a person."""
    return plain(
        draw.choice(_MESSAGES).format(name=first_name(draw).value, n=draw.choice((5, 10, 12, 14, 15, 18, 20, 24, 25)))
    )


def subject(draw: ValueSource) -> SlotValue:
    """Draw the subject line of a message."""
    return plain(draw.choice(_SUBJECTS))


def word(draw: ValueSource) -> SlotValue:
    """Draw an uncommon English word."""
    return plain(draw.choice(_WORDS))


def text_or_url(draw: ValueSource) -> SlotValue:
    """Draw content for a QR code: the URL of a page (twice as often) or a short line of text."""
    if draw.integer(0, 2):
        return url(draw)
    return plain(
        f"{draw.choice(('Table', 'Locker', 'Stand', 'Seat', 'Crate'))} {draw.integer(2, 480)} of {first_name(draw).value}"
    )
