"""Choice of generators, and consistent sets of values for the slots of a functionality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

from builder.grouping.functionalities import data_table
from builder.records import Slot, SlotValue

from . import codes, language, people, places
from .context import ValueSource, plain

Generator = Callable[[ValueSource], SlotValue]
"""Function that draws a value, given the random state of the scenario."""


def _between(low: int, high: int) -> Generator:
    return lambda draw: plain(draw.integer(low, high))


_GENERATORS: Final[Mapping[str, Generator]] = {
    "city": places.city,
    "country": places.country,
    "country_code": places.country_code,
    "zip_code": places.zip_code,
    "address": places.address,
    "latitude": places.latitude,
    "longitude": places.longitude,
    "timezone": places.timezone,
    "airport_code": places.airport_code,
    "place_query": places.place_query,
    "ip_address": codes.ip_address,
    "domain": people.domain,
    "url": people.url,
    "text_or_url": language.text_or_url,
    "image_url": people.image_url,
    "article_url": people.article_url,
    "mac_address": codes.mac_address,
    "username": people.username,
    "hashtag": people.hashtag,
    "user_id": codes.user_number,
    "post_id": codes.long_number,
    "video_id": codes.video_id,
    "playlist_id": codes.playlist_id,
    "music_id": codes.music_id,
    "tiktok_url": people.tiktok_url,
    "instagram_url": people.instagram_url,
    "imdb_id": codes.imdb_id,
    "email": people.email,
    "phone": people.phone,
    "password": people.password,
    "company": people.company,
    "statement": language.statement,
    "draft": language.draft,
    "foreign_text": language.foreign_text,
    "long_text": language.long_text,
    "message": language.message,
    "subject": language.subject,
    "word": language.word,
    "language_code": codes.language_code,
    "from_currency": codes.currency,
    "to_currency": codes.currency,
    "currency": codes.currency,
    "amount": codes.amount,
    "percent": codes.percent,
    "years": codes.years,
    "ticker": codes.ticker,
    "crypto": codes.crypto,
    "iban": codes.iban,
    "card_bin": codes.card_bin,
    "vat_number": codes.vat_number,
    "date": codes.future_date,
    "start_date": codes.start_date,
    "end_date": codes.end_date,
    "year": codes.year,
    "height_cm": people.height_cm,
    "weight_kg": people.weight_kg,
    "age": people.age,
    "gender": people.gender,
    "length": _between(9, 40),
    "count": _between(2, 40),
    "party_size": _between(2, 9),
    "number": _between(3, 4999),
    "minutes": codes.minutes,
    "isbn": codes.isbn,
    "barcode": codes.barcode,
    "vin": codes.vin,
    "flight_number": codes.flight_number,
    "tracking_number": codes.tracking_number,
    "license_plate": codes.license_plate,
    "hex_color": codes.hex_color,
    "product_id": codes.short_text_number,
    "store_id": codes.short_text_number,
}

_OF_SLOTS: Final[Mapping[str, Generator]] = {
    "check_in": codes.check_in,
    "price_day": codes.recent_date,
    "principal": codes.principal,
}
"""Generators of slots that mean something more special than their concept."""


@cache
def _subjects() -> Mapping[str, tuple[str, ...]]:
    return {concept: tuple(items) for concept, items in data_table("users/values/subjects.toml").items()}


def generator(concept: str) -> Generator:
    """Return the generator of a concept's values.

    Raises:
        KeyError: If the concept has no generator.
    """
    if concept in _GENERATORS:
        return _GENERATORS[concept]
    items = _subjects()[concept]
    return lambda draw: plain(draw.choice(items))


def _generator_of(slot: Slot) -> Generator:
    if slot.values:
        return lambda draw: plain(draw.choice(slot.values))
    return _OF_SLOTS.get(slot.name) or generator(slot.concept)


def draw_values(slots: Sequence[Slot], draw: ValueSource) -> dict[str, SlotValue]:
    """Draw values for the slots of one scenario that are consistent with one another.

    Args:
        slots: Slots of a functionality.
        draw: Random state of the scenario.

    Returns:
        Values by slot name, in the order of the slots.
    """
    # An end date depends on the start date, so it is drawn last.
    order = sorted(slots, key=lambda slot: slot.concept == "end_date")
    drawn = {slot.name: _generator_of(slot)(draw) for slot in order}
    return {slot.name: drawn[slot.name] for slot in slots}
