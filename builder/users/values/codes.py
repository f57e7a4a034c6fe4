"""Generators of identifiers and codes with valid check digits, and of numbers with a unit."""

from __future__ import annotations

import string
from datetime import date, timedelta

from builder.records import SlotValue

from .context import ValueSource, is_converted, name_for_code, plain
from .days import said_date, said_day

_BASE62 = string.ascii_letters + string.digits
_BASE64URL = _BASE62 + "-_"
_HEX = "0123456789ABCDEF"
_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_VIN_VALUES = dict(
    zip(
        "ABCDEFGHJKLMNPRSTUVWXYZ",
        [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9],
        strict=True,
    )
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_IBAN_LENGTHS = (("DE", 18), ("ES", 20), ("PT", 21), ("AT", 16), ("BE", 12), ("DK", 14), ("NO", 11))
"""Country code and number of digits of the account part."""
CURRENCY_NAMES = {
    "EUR": "euros", "USD": "US dollars", "GBP": "pounds sterling", "JPY": "Japanese yen", "CHF": "Swiss francs",
    "NOK": "Norwegian kroner", "SEK": "Swedish kronor", "DKK": "Danish kroner", "PLN": "Polish zloty",
    "CZK": "Czech koruna", "HUF": "Hungarian forint", "TRY": "Turkish lira", "AUD": "Australian dollars",
    "NZD": "New Zealand dollars", "CAD": "Canadian dollars", "MXN": "Mexican pesos", "BRL": "Brazilian reais",
    "ZAR": "South African rand", "INR": "Indian rupees", "SGD": "Singapore dollars", "HKD": "Hong Kong dollars",
    "KRW": "South Korean won", "THB": "Thai baht", "MYR": "Malaysian ringgit", "IDR": "Indonesian rupiah",
    "PHP": "Philippine pesos", "AED": "UAE dirhams", "ILS": "Israeli shekels", "EGP": "Egyptian pounds",
    "KES": "Kenyan shillings",
}  # fmt: skip
"""Currencies, by code."""
_OWN_FIRST = 0.75
"""Share of the currencies that are those of the person's country."""
_OWN_SECOND = 0.85
"""The same share of second currencies, where the first one is another."""
_IN_MONTHS = 7
"""Highest number of years that a person states in months."""
_HOURS = (
    (0.5, "half an hour"), (0.75, "three quarters of an hour"), (1, "an hour"), (1.25, "an hour and a quarter"),
    (1.5, "an hour and a half"), (2, "two hours"), (2.5, "two and a half hours"), (3, "three hours"),
)  # fmt: skip
"""Usual durations in hours, with their words."""
_TICKER_LETTERS = "ABCDEFGHIKLMNOPRSTUVWY"
_TICKERS = (
    "AAPL", "MSFT", "NVDA", "AMZN", "TSLA", "META", "NFLX", "AMD", "INTC", "ORCL", "ADBE", "CRM", "CSCO", "IBM", "QCOM",
    "JPM", "BAC", "WFC", "GS", "V", "MA", "KO", "PEP", "MCD", "SBUX", "NKE", "DIS", "WMT", "COST", "TGT", "HD", "LOW",
    "UPS", "FDX", "BA", "CAT", "DE", "GE", "F", "GM", "XOM", "CVX", "PFE", "MRK", "JNJ", "UNH", "T", "VZ", "UBER", "ABNB",
)  # fmt: skip
_CRYPTO = (
    "bitcoin",
    "ethereum",
    "litecoin",
    "dogecoin",
    "cardano",
    "solana",
    "polkadot",
    "monero",
    "tezos",
    "cosmos",
    "stellar",
)
LANGUAGE_NAMES = {
    "pt": "Portuguese", "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "nl": "Dutch", "sv": "Swedish",
    "pl": "Polish", "cs": "Czech", "tr": "Turkish", "ja": "Japanese", "ko": "Korean", "vi": "Vietnamese",
    "id": "Indonesian", "fi": "Finnish", "da": "Danish", "hu": "Hungarian", "el": "Greek",
    "ro": "Romanian", "bg": "Bulgarian", "uk": "Ukrainian", "sk": "Slovak", "hr": "Croatian", "lt": "Lithuanian",
    "lv": "Latvian", "th": "Thai", "ar": "Arabic", "ms": "Malay", "hi": "Hindi",
}  # fmt: skip
"""Languages, by ISO 639-1 code."""
HOME_LANGUAGES = {
    "AE": "ar", "AR": "es", "AT": "de", "BE": "nl", "BG": "bg", "BR": "pt", "CA": "fr", "CH": "de", "CL": "es", "CO": "es",
    "CZ": "cs", "DE": "de", "DK": "da", "EG": "ar", "ES": "es", "FI": "fi", "FR": "fr", "GR": "el", "HR": "hr", "HU": "hu",
    "ID": "id", "IN": "hi", "IT": "it", "JP": "ja", "KR": "ko", "LT": "lt", "LV": "lv", "MA": "ar", "MX": "es", "MY": "ms",
    "NL": "nl", "PE": "es", "PL": "pl", "PT": "pt", "RO": "ro", "SE": "sv", "SK": "sk", "TH": "th", "TN": "ar", "TR": "tr",
    "UA": "uk", "UY": "es", "VN": "vi",
}  # fmt: skip
"""Languages of countries, by ISO 3166-1 code; only of those that have one of the languages above."""
_WEEK = 7
"""Days before a request in which many past dates lie."""
_RECENT = 0.4
"""Share of the past dates of a person that lie in the week before."""
_EPOCH = date(2026, 1, 1)
"""Reference date for drawn dates. It is fixed, so that a build does not depend on the clock."""


def _unused(draw: ValueSource, key: str, items: tuple[str, ...]) -> str:
    """Draw an item that the scenario has not used under this key."""
    used = draw.shared.setdefault(key, set())
    chosen = draw.choice([item for item in items if item not in used])
    used.add(chosen)
    return chosen


def currency(draw: ValueSource) -> SlotValue:
    """Draw a currency code, often that of the person's country; those of one scenario differ.

    Instructions can give its name instead.
    """
    used = draw.shared.get("currencies", ())
    own = draw.situation.home.currency if draw.situation else None
    if own and own not in used and draw.rng.random() < (_OWN_SECOND if used else _OWN_FIRST):
        return _said_currency(draw, _unused(draw, "currencies", (own,)))
    return _said_currency(draw, _unused(draw, "currencies", tuple(CURRENCY_NAMES)))


def _said_currency(draw: ValueSource, code: str) -> SlotValue:
    """Return a currency, by its name in some instructions of a person."""
    if draw.situation and code in CURRENCY_NAMES and draw.rng.random() < draw.situation.arguments.named:
        return SlotValue(code, CURRENCY_NAMES[code], "code")
    return plain(code)


def ticker(draw: ValueSource) -> SlotValue:
    """Draw a stock ticker symbol; an invented one for a person, whose request may say what the company does."""
    if draw.situation is None:
        return plain(draw.choice(_TICKERS))
    invented = draw.characters(_TICKER_LETTERS, draw.integer(3, 4))
    return plain(f"{invented}Q" if invented in _TICKERS else invented)


def crypto(draw: ValueSource) -> SlotValue:
    """Draw the name of a cryptocurrency."""
    return plain(draw.choice(_CRYPTO))


def amount(draw: ValueSource) -> SlotValue:
    """Draw an amount of money, 15 to 9,000."""
    base = draw.choice((5, 10, 25, 50))
    return plain(base * draw.integer(3, 180))


def principal(draw: ValueSource) -> SlotValue:
    """Draw the amount of a loan, 2,500 to 240,000 in steps of 500."""
    return plain(500 * round(10 ** (draw.integer(70, 268) / 100)))


def percent(draw: ValueSource) -> SlotValue:
    """Draw a rate or share in percent, 1.25 to 12 in steps of 0.25."""
    return plain(draw.integer(5, 48) / 4)


def years(draw: ValueSource) -> SlotValue:
    """Draw a term in years, 2 to 30; a person can state a short one in months."""
    term = draw.integer(2, 30)
    if term <= _IN_MONTHS and is_converted(draw):
        return SlotValue(12 * term, f"{12 * term} months", "unit", "month")
    return plain(term)


def minutes(draw: ValueSource) -> SlotValue:
    """Draw a duration in minutes, 10 to 180; a person can state it in hours."""
    if is_converted(draw):
        hours, said = draw.choice(_HOURS)
        return SlotValue(hours, said, "unit", "h")
    return plain(draw.integer(10, 180))


def iban(draw: ValueSource) -> SlotValue:
    """Draw an IBAN with valid check digits (ISO 13616)."""
    country, length = draw.choice(_IBAN_LENGTHS)
    account = draw.digits(length)
    number = int("".join(str(int(char, 36)) for char in f"{account}{country}00"))
    return plain(f"{country}{98 - number % 97:02d}{account}")


def card_bin(draw: ValueSource) -> SlotValue:
    """Draw the first six digits of a payment card number."""
    return plain(draw.choice(("40", "43", "51", "54", "37")) + draw.digits(4))


def vat_number(draw: ValueSource) -> SlotValue:
    """Draw a European VAT number."""
    country, length = draw.choice((("DE", 9), ("DK", 8), ("FI", 8), ("IT", 11), ("PT", 9), ("SE", 12)))
    return plain(country + draw.digits(length))


def _day(draw: ValueSource, first: int, last: int) -> date:
    return _EPOCH + timedelta(days=draw.integer(first, last))


def future_date(draw: ValueSource) -> SlotValue:
    """Draw a date in the ten days after a person asks, or in the year after the reference date."""
    if draw.situation is None:
        return said_date(_day(draw, 0, 360))
    return said_day(draw, _days_after(draw, 0, 10))


def recent_date(draw: ValueSource) -> SlotValue:
    """Draw a date up to three months before a person asks, or up to a year before the reference date."""
    if draw.situation is None:
        return said_date(_day(draw, -360, 0))
    return said_day(draw, _days_after(draw, -_WEEK if draw.rng.random() < _RECENT else -90, 0), "past", plain=True)


def check_in(draw: ValueSource) -> SlotValue:
    """Draw the first day of a stay, in the months after a person asks or in the year after the reference date."""
    first = _day(draw, 0, 360) if draw.situation is None else _days_after(draw, 10, 120)
    draw.shared["start"] = first
    return said_day(draw, first)


def _days_after(draw: ValueSource, first: int, last: int) -> date:
    """Draw a day relative to that on which a person asks."""
    if draw.situation is None:
        raise ValueError("A date relative to a request needs the situation of the person who asks.")
    return draw.situation.day + timedelta(days=draw.integer(first, last))


def start_date(draw: ValueSource) -> SlotValue:
    """Draw the first day of a period in the past."""
    draw.shared["start"] = _day(draw, -700, -20) if draw.situation is None else _days_after(draw, -700, -20)
    return said_date(draw.shared["start"])


def end_date(draw: ValueSource) -> SlotValue:
    """Draw the last day of a period, 2 to 14 days after the first."""
    first = draw.shared.get("start") or _day(draw, -700, -20)
    day = first + timedelta(days=draw.integer(2, 14))
    is_coming = draw.situation is not None and first > draw.situation.day
    return said_day(draw, day, alone=False) if is_coming else said_date(day)


def barcode(draw: ValueSource) -> SlotValue:
    """Draw a 13-digit barcode with a valid check digit (EAN-13)."""
    body = draw.digits(12)
    return plain(body + _ean_check(body))


def isbn(draw: ValueSource) -> SlotValue:
    """Draw a 13-digit ISBN of an English-language publisher, with a valid check digit."""
    body = f"978{draw.integer(0, 1)}{draw.digits(8)}"
    return plain(body + _ean_check(body))


def _ean_check(body: str) -> str:
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(body))
    return str(-total % 10)


def vin(draw: ValueSource) -> SlotValue:
    """Draw a vehicle identification number with a valid check digit (ISO 3779, North America)."""
    chars = list(draw.characters(_VIN_LETTERS, 17))
    total = sum(_VIN_WEIGHTS[i] * (int(c) if c.isdigit() else _VIN_VALUES[c]) for i, c in enumerate(chars))
    chars[8] = "X" if total % 11 == 10 else str(total % 11)
    return plain("".join(chars))


def flight_number(draw: ValueSource) -> SlotValue:
    """Draw a flight number."""
    return plain(
        f"{draw.choice(('LH', 'SK', 'KL', 'TP', 'AY', 'OS', 'LX', 'BA', 'AF', 'IB', 'QF', 'NH'))}{draw.integer(101, 1999)}"
    )


def tracking_number(draw: ValueSource) -> SlotValue:
    """Draw a postal tracking number in the format of the Universal Postal Union."""
    return plain(
        f"{draw.choice(('RR', 'CP', 'LX', 'EE'))}{draw.digits(9)}{draw.choice(('NO', 'DE', 'NL', 'SE', 'JP'))}"
    )


def license_plate(draw: ValueSource) -> SlotValue:
    """Draw a licence plate number."""
    return plain(f"{draw.characters(string.ascii_uppercase, 3)}{draw.digits(4)}")


def hex_color(draw: ValueSource) -> SlotValue:
    """Draw a colour as six hexadecimal digits."""
    return plain(draw.characters(_HEX, 6))


def imdb_id(draw: ValueSource) -> SlotValue:
    """Draw an IMDb title id."""
    return plain(f"tt{draw.digits(7)}")


def video_id(draw: ValueSource) -> SlotValue:
    """Draw an 11-character video id."""
    return plain(
        draw.characters(_BASE64URL[:-2], 1) + draw.characters(_BASE64URL, 9) + draw.characters(_BASE64URL[:-2], 1)
    )


def playlist_id(draw: ValueSource) -> SlotValue:
    """Draw a playlist id."""
    return plain("PL" + draw.characters(_BASE62, 32))


def music_id(draw: ValueSource) -> SlotValue:
    """Draw a 22-character id of a music service."""
    return plain(draw.characters(_BASE62, 22))


def long_number(draw: ValueSource) -> SlotValue:
    """Draw a 19-digit post id."""
    return plain("1" + draw.digits(18))


def user_number(draw: ValueSource) -> SlotValue:
    """Draw a user id of 8 to 10 digits."""
    return plain(draw.digits(draw.integer(8, 10)))


def short_text_number(draw: ValueSource) -> SlotValue:
    """Draw the id of a shop or product, 4 to 8 digits as text."""
    return plain(draw.digits(draw.integer(4, 8)))


def ip_address(draw: ValueSource) -> SlotValue:
    """Draw a public IPv4 address."""
    first = draw.choice((23, 31, 45, 62, 77, 81, 89, 93, 109, 138, 151, 178, 185, 188, 193, 212))
    return plain(f"{first}.{draw.integer(1, 254)}.{draw.integer(1, 254)}.{draw.integer(1, 254)}")


def mac_address(draw: ValueSource) -> SlotValue:
    """Draw a MAC address that a vendor can have given: neither multicast nor locally administered."""
    first = 4 * draw.integer(0, 63)
    return plain(":".join([f"{first:02X}", *(draw.characters(_HEX, 2) for _ in range(5))]))


def language_code(draw: ValueSource) -> SlotValue:
    """Draw a two-letter language code; instructions state it with the name of the language."""
    return name_for_code(draw, *draw.choice(tuple(LANGUAGE_NAMES.items())))


def year(draw: ValueSource) -> SlotValue:
    """Draw a year, 1965 to 2025."""
    return plain(draw.integer(1965, 2025))
