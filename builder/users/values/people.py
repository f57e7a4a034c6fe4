"""Generators of fictitious people, their contact data and their web pages."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import Any

from builder.extras import import_extra
from builder.records import SlotValue

from .context import ValueSource, is_converted, plain

_MAIL_HOSTS = (
    "harborlightbooks.com",
    "tallpinestudio.net",
    "mistralbakery.org",
    "copperlanearchive.com",
    "fjordandfern.com",
)
_PHONE_FORMS = {
    "AT": "+43 664 ### ####", "AU": "+61 4## ### ###", "BE": "+32 47# ## ## ##", "BR": "+55 11 9#### ####",
    "CA": "+1 416 ### ####", "CH": "+41 79 ### ## ##", "DE": "+49 151 ########", "DK": "+45 2# ## ## ##",
    "ES": "+34 6## ### ###", "FI": "+358 40 ### ####", "FR": "+33 6 ## ## ## ##", "GB": "+44 7### ######",
    "IE": "+353 87 ### ####", "IN": "+91 98### #####", "IT": "+39 34# ### ####", "JP": "+81 90 #### ####",
    "KE": "+254 7## ### ###", "MX": "+52 55 #### ####", "NL": "+31 6 ########", "NO": "+47 4## ## ###",
    "NZ": "+64 21 ### ###", "PL": "+48 5## ### ###", "PT": "+351 91# ### ###", "SE": "+46 70 ### ## ##",
    "SG": "+65 9### ####", "US": "+1 503 ### ####", "ZA": "+27 82 ### ####",
}  # fmt: skip
"""Mobile numbers by country."""
_OWN_PHONES = 0.85
"""Share of the numbers that are of the person's country, as far as they can be."""
_OF_TRADE = 0.85
"""Share of the domains that are of the trade of the person's concern."""
_SITE_FIRST = (
    "harbor", "tallpine", "mistral", "copper", "fjord", "willow", "granite", "saffron", "juniper", "lantern", "meadow",
    "orchid", "pebble", "raven", "thistle", "umber", "velvet", "walnut", "yarrow", "zephyr", "clover", "driftwood",
)  # fmt: skip
_SITE_PLACES = (
    "northgate", "oldbridge", "millrace", "quayside", "highfield", "stonecross", "riverbend", "eastbank", "westgate",
    "tollgate", "fernhill", "greenlane", "brookside", "longmeadow", "blackwater", "whitestone", "redbarn", "lakeside",
    "upperfold", "southport-road", "hillcrest", "ferrylane", "chapelend", "saltmarsh", "windmill-row", "parkview",
    "orchardgate", "castlefoot", "harbourside", "twinpines", "station-road", "cobblestreet",
)  # fmt: skip
_SITE_SECOND = (
    "books", "bakery", "studio", "archive", "garden", "cycling", "pottery", "roastery", "joinery", "kitchen", "choir",
    "sailing", "trails", "ceramics", "letters", "workshop", "museum", "vineyard", "theatre", "records",
)  # fmt: skip
_SITE_ENDS = (".com", ".org", ".net", ".co", ".io")
_PAGES = (
    "about",
    "contact",
    "opening-hours",
    "blog/spring-notes",
    "shop/gifts",
    "events/2026",
    "news/harbour-festival",
    "team",
    "gallery",
    "courses",
    "archive/2025",
    "members",
    "faq",
    "visit",
)
_TAGS = (
    "streetfood", "sourdough", "trailrunning", "filmphotography", "urbansketching", "vanlife", "houseplants", "woodworking",
    "birdwatching", "vinylrecords", "slowtravel", "bouldering", "knitting", "stargazing", "campingrecipes", "tidepools",
    "rollerskating", "calligraphy", "beekeeping", "wildswimming", "thriftfinds", "latteart", "gravelbike", "mosaicart",
)  # fmt: skip
_PASSWORD_WORDS = (
    "river",
    "cobalt",
    "walnut",
    "tundra",
    "marble",
    "falcon",
    "ember",
    "quartz",
    "lagoon",
    "thicket",
)


@cache
def _template_person() -> Any:
    mimesis = import_extra("mimesis", "builder", "Writing scenarios")
    return mimesis.Person(mimesis.locales.Locale.EN)


def _person(draw: ValueSource) -> Any:
    """Return a copy of the source of names for a scenario. A copy is faster, since creating one reads a large file."""
    if "person" not in draw.shared:
        person = draw.shared["person"] = copy(_template_person())
        person.random = type(person.random)()  # a shallow copy shares the random state
        person.reseed(int(draw.rng.integers(2**31)))
    return draw.shared["person"]


def first_name(draw: ValueSource) -> SlotValue:
    """Draw a first name; those of one scenario differ."""
    used = draw.shared.setdefault("first_names", set())
    name = str(_person(draw).first_name())
    while name in used:
        name = str(_person(draw).first_name())
    used.add(name)
    return plain(name)


def username(draw: ValueSource) -> SlotValue:
    """Draw a user name on a social network."""
    first, last = str(_person(draw).first_name()).lower(), str(_person(draw).last_name()).lower()
    form = draw.choice(("{f}.{l}", "{f}_{l}", "{f}{l}{n}", "the.{f}{l}", "{l}.{f}{n}"))
    return plain(form.format(f=first, l="".join(filter(str.isalpha, last)), n=draw.integer(11, 98)))


def email(draw: ValueSource) -> SlotValue:
    """Draw an e-mail address."""
    first, last = str(_person(draw).first_name()).lower(), str(_person(draw).last_name()).lower()
    return plain(
        f"{first}.{''.join(filter(str.isalpha, last))}@{domain(draw).value if draw.situation else draw.choice(_MAIL_HOSTS)}"
    )


def phone(draw: ValueSource) -> SlotValue:
    """Draw a phone number with country code, without spaces."""
    home = draw.situation.home.country_code if draw.situation else ""
    own = home in _PHONE_FORMS and draw.rng.random() < _OWN_PHONES
    form = (_PHONE_FORMS[home] if own else draw.choice(tuple(_PHONE_FORMS.values()))).replace(" ", "")
    return plain("".join(str(draw.integer(0, 9)) if char == "#" else char for char in form))


def password(draw: ValueSource) -> SlotValue:
    """Draw a password."""
    return plain(f"{draw.choice(_PASSWORD_WORDS)}-{draw.choice(_PASSWORD_WORDS)}-{draw.digits(3)}")


def company(draw: ValueSource) -> SlotValue:
    """Draw the name of a fictitious company."""
    return plain(f"{draw.choice(_SITE_FIRST).title()} {draw.choice(_SITE_SECOND).title()}")


def domain(draw: ValueSource) -> SlotValue:
    """Draw the domain of a small company, often one of the trade of the person's concern."""
    if draw.situation is None or not draw.situation.trade or draw.rng.random() >= _OF_TRADE:
        return plain(f"{draw.choice(_SITE_FIRST)}{draw.choice(_SITE_SECOND)}{draw.choice(_SITE_ENDS)}")
    trade = draw.choice(draw.situation.trade.split())
    form = draw.choice(("{place}-{trade}", "{trade}-{place}", "{place}{trade}", "{trade}at{place}", "{place}"))
    return plain(form.format(place=draw.choice(_SITE_PLACES), trade=trade) + draw.choice(_SITE_ENDS))


def url(draw: ValueSource) -> SlotValue:
    """Draw the URL of a page on a small company's site."""
    return plain(f"https://www.{domain(draw).value}/{draw.choice(_PAGES)}")


def image_url(draw: ValueSource) -> SlotValue:
    """Draw the URL of an image on a small company's site."""
    return plain(f"https://www.{domain(draw).value}/images/{draw.choice(_SITE_FIRST)}-{draw.digits(3)}.jpg")


def article_url(draw: ValueSource) -> SlotValue:
    """Draw the URL of an article on a small company's site."""
    return plain(
        f"https://www.{domain(draw).value}/articles/{draw.choice(_SITE_FIRST)}-{draw.choice(_SITE_SECOND)}-{draw.digits(2)}"
    )


def tiktok_url(draw: ValueSource) -> SlotValue:
    """Draw the URL of a TikTok video."""
    return plain(f"https://www.tiktok.com/@{username(draw).value}/video/7{draw.digits(18)}")


def instagram_url(draw: ValueSource) -> SlotValue:
    """Draw the URL of an Instagram post."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
    return plain(f"https://www.instagram.com/p/C{draw.characters(alphabet[:62], 10)}/")


def hashtag(draw: ValueSource) -> SlotValue:
    """Draw a hashtag without the `#`."""
    return plain(draw.choice(_TAGS))


_INCH = 2.54
_POUND = 0.45359237
_FEET = frozenset({"CA", "GB", "IE", "US"})
"""Countries in which people state heights in feet."""


def age(draw: ValueSource) -> SlotValue:
    """Draw the age of an adult in years, 18 to 79."""
    return plain(draw.integer(18, 79))


def height_cm(draw: ValueSource) -> SlotValue:
    """Draw the height of an adult in centimetres, 152 to 198; a person can state it in metres, or in feet and inches."""
    height = _height(draw)
    if not is_converted(draw):
        return plain(height)
    if _has_feet(draw):
        feet, inches = divmod(round(height / _INCH), 12)
        return SlotValue(12 * feet + inches, f"{feet} foot {inches}", "unit", "in")
    return SlotValue(height / 100, f"{height / 100:.2f} m", "unit", "m")


def weight_kg(draw: ValueSource) -> SlotValue:
    """Draw the weight of an adult in kilograms that goes with their height; some people state it in pounds."""
    weight = round(draw.integer(190, 310) / 10 * (_height(draw) / 100) ** 2)
    if is_converted(draw) and _has_feet(draw):
        pounds = 5 * round(weight / _POUND / 5)
        return SlotValue(pounds, f"{pounds} pounds", "unit", "lb")
    return plain(weight)


def _has_feet(draw: ValueSource) -> bool:
    """Return True if a person lives where heights are stated in feet and weights in pounds."""
    return draw.situation is not None and draw.situation.home.country_code in _FEET


def _height(draw: ValueSource) -> int:
    """Return the height of the adult of a scenario."""
    if "height" not in draw.shared:
        draw.shared["height"] = draw.integer(152, 198)
    height: int = draw.shared["height"]
    return height


def gender(draw: ValueSource) -> SlotValue:
    """Draw `male` or `female`."""
    return plain(draw.choice(("male", "female")))
