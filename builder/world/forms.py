"""Forms: how a listing can state the value of a fact, with units and roundings that give the value back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from .axes import Value
from .number_texts import UNITS, decimal, duration_of, exact, fixed, places_of
from .number_words import dozens, money_in_words, period_in_words, spelled
from .plans import Credits, Plan, in_credits, monthly_plan

_MINUTES_A_MONTH: Final = 43_200
_HOURS_A_YEAR: Final = 8_760
_ADVERBS: Final = {
    "every hour": "hourly",
    "every day": "daily",
    "every week": "weekly",
    "every month": "monthly",
    "every year": "yearly",
}
"""Usual words for intervals."""
_IN_WORDS: Final = {
    "rate_limit": "throttle",
    "latency": "ms",
    "uptime": "percent_short",
    "coverage": "count",
    "standing": "rating",
}
"""Form of each axis that `in_words` spells out; for the others it has words of its own."""
_MONTH_NAMES: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SPREADS: Final = (2.17, 2.83, 1.94, 2.46, 3.02, 2.61, 2.29)
"""Ratios of the 95th percentile of latency to the median. They vary less than the latency of tools that differ."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact in the forms in which listings state it. Each form, read back, gives the canonical value to within 1 %."""

    axis: str
    value: Value
    today: date
    noun: str = ""
    """Counted things, such as `countries`, for the axis coverage."""

    @property
    def number(self) -> float:
        """The value as a number in the canonical unit."""
        return float(self.value)

    @property
    def is_zero(self) -> bool:
        """True if the value is zero: free calls, or inputs that are not stored."""
        return self.number == 0

    @property
    def in_words(self) -> str:
        """The number and its unit in words.

        Money, rates and durations include the unit: `two dollars and forty cents`, `three requests every four seconds`,
        `a fortnight`, `half an hour`, `a dozen years`. Other quantities are the number alone: `six hundred forty` for
        640 ms, `ninety-nine point five` for 99.5 %, `sixty` for a count, `eight point two` for 8.2 of 10.
        """
        if self.axis == "price":
            return money_in_words(exact(self.number * 100))
        if self.axis in _IN_WORDS:
            return spelled(getattr(self, _IN_WORDS[self.axis]))
        return period_in_words(self._seconds, self.duration)

    # Price, in USD per 1,000 calls. All forms state a drawn price exactly.
    @property
    def usd_per_1000(self) -> str:
        """Price of 1,000 calls, such as `2.40`."""
        return exact(self.number, 2)

    @property
    def usd_per_call(self) -> str:
        """Price of one call, such as `0.0024`."""
        return exact(self.number / 1000)

    @property
    def cents_per_100(self) -> str:
        """Price of 100 calls in US cents, such as `24`."""
        return exact(self.number * 10)

    @property
    def cents_per_call(self) -> str:
        """Price of one call in US cents, such as `0.24`."""
        return exact(self.number / 10)

    @property
    def cents_per_40(self) -> str:
        """Price of 40 calls in US cents, such as `9.6`."""
        return exact(self.number * 4)

    @property
    def usd_per_10000(self) -> str:
        """Price of 10,000 calls, such as `24` or `0.40`."""
        dollars = exact(self.number * 10, 2)
        return dollars.removesuffix(".00")

    @property
    def usd_per_million(self) -> str:
        """Price of a million calls, such as `2,400`."""
        return exact(self.number * 1000)

    @property
    def calls_for_10_usd(self) -> str:
        """Calls that 10 USD pay for, such as `4,000`; a price of 0 has no such form."""
        return decimal(float(f"{10_000 / self.number:.3g}"))

    @property
    def plan(self) -> Plan:
        """A monthly plan with this price per call when all included calls are used."""
        return monthly_plan(self.number)

    @property
    def credits(self) -> Credits:
        """This price in credits; a price of 0 has no such form."""
        return in_credits(self.number)

    # Rate limit, in calls per minute.
    @property
    def per_minute(self) -> str:
        """Calls per minute."""
        return decimal(self.number)

    @property
    def per_hour(self) -> str:
        """Calls per hour."""
        return decimal(self.number * 60)

    @property
    def per_five_minutes(self) -> str:
        """Calls in a window of 300 seconds."""
        return decimal(self.number * 5)

    @property
    def per_fifteen_minutes(self) -> str:
        """Calls in a window of 15 minutes."""
        return decimal(self.number * 15)

    @property
    def per_day(self) -> str:
        """Calls in 24 hours at the limit."""
        return decimal(self.number * 1_440)

    @property
    def minutes_for_1000(self) -> str:
        """Minutes that 1,000 calls take at the limit."""
        return decimal(1_000 / self.number)

    @property
    def throttle(self) -> str:
        """Calls per second or in a number of seconds: `20 requests per second`, `1 request every 30 seconds`."""
        calls, seconds = Fraction(self.number / 60).limit_denominator(1_000).as_integer_ratio()
        if calls > seconds or seconds == 1:
            calls_text, per = decimal(self.number / 60), "per second"
        else:
            calls_text, per = str(calls), f"every {seconds} seconds"
        return f"{calls_text} request{'' if calls_text == '1' else 's'} {per}"

    @property
    def usual_rate(self) -> str:
        """Calls per second if that is a whole number, and otherwise per minute: `20 requests per second`."""
        per_second = self.number / 60
        calls, unit = (per_second, "second") if per_second >= 1 and per_second.is_integer() else (self.number, "minute")
        return f"{decimal(calls)} request{'' if calls == 1 else 's'} per {unit}"

    @property
    def ms_between_calls(self) -> str:
        """Minimum interval between calls in milliseconds."""
        return decimal(60_000 / self.number)

    # Latency, in milliseconds.
    @property
    def ms(self) -> str:
        """A time in milliseconds, such as `250`."""
        return f"{self.number:,.0f}"

    @property
    def seconds(self) -> str:
        """Seconds, to the millisecond."""
        return f"{self.number / 1000:.3f}".rstrip("0").rstrip(".")

    @property
    def answers_per_minute(self) -> str:
        """Answers in a minute if each call waits for the answer to the one before."""
        return decimal(60_000 / self.number)

    @property
    def ms_95(self) -> str:
        """A 95th percentile that goes with the median, in milliseconds."""
        spread = _SPREADS[round(self.number) % len(_SPREADS)]
        return decimal(round(self.number * spread))

    # Uptime, in percent.
    @property
    def percent(self) -> str:
        """Percent, such as `99.95`."""
        return f"{self.number:.{places_of(100 - self.number, 2)}f}"

    @property
    def percent_short(self) -> str:
        """Percent without needless decimals, such as `98` or `99.95`."""
        return self.percent.rstrip("0").rstrip(".")

    @property
    def downtime_percent(self) -> str:
        """Percent of time that the service is down, such as `0.05`."""
        return decimal(100 - self.number)

    @property
    def downtime_minutes(self) -> str:
        """Minutes of downtime in a month of 30 days."""
        return decimal((100 - self.number) / 100 * _MINUTES_A_MONTH)

    @property
    def downtime(self) -> str:
        """Downtime in 30 days as status pages state it, such as `21m 36s` or `7h 12m`."""
        seconds = round((100 - self.number) / 100 * _MINUTES_A_MONTH * 60)
        if seconds < 3_600:
            return f"{seconds // 60}m {seconds % 60}s" if seconds % 60 else f"{seconds // 60}m"
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours}h {minutes}m" if minutes else f"{hours}h"

    @property
    def downtime_hours(self) -> str:
        """Hours of downtime in a year."""
        return decimal((100 - self.number) / 100 * _HOURS_A_YEAR)

    @property
    def failed_checks(self) -> str:
        """Failed checks out of 10,000."""
        return decimal((100 - self.number) * 100)

    @property
    def one_failure_in(self) -> str:
        """Requests of which one fails, such as `200` for 99.5 %."""
        return decimal(100 / (100 - self.number))

    # Retention in days, freshness in seconds, archive in years: as durations.
    @property
    def whole_seconds(self) -> str:
        """The value in seconds."""
        return decimal(self._seconds)

    @property
    def hours(self) -> str:
        """The value in hours."""
        return decimal(self._seconds / 3_600)

    @property
    def days(self) -> str:
        """The value in days."""
        return decimal(self._seconds / 86_400)

    @property
    def duration(self) -> str:
        """The value in the largest unit that gives a whole number, such as `15 minutes`, `2 weeks` or `12 years`."""
        return duration_of(self._seconds, "year")

    @property
    def duration_in_days(self) -> str:
        """As `duration`, but with no unit above the day, such as `30 days`."""
        return duration_of(self._seconds, "day")

    @property
    def duration_short(self) -> str:
        """As `duration_in_days`, with the first letter of the unit: `30d`, `6h`, `15m` or `45s`."""
        number, unit = self.duration_in_days.split()
        return f"{number}{unit[0]}"

    @property
    def duration_iso(self) -> str:
        """The value as an ISO 8601 duration without weeks and months, such as `PT15M` or `P30D`."""
        seconds = round(self._seconds)
        if seconds and seconds % 86_400 == 0:
            return f"P{seconds // 86_400}D"
        for size, letter in ((3_600, "H"), (60, "M")):
            if seconds and seconds % size == 0:
                return f"PT{seconds // size}{letter}"
        return f"PT{seconds}S"

    @property
    def interval(self) -> str:
        """The value as an interval, such as `every 15 minutes` or `every hour`."""
        return "every " + self.duration.removeprefix("1 ")

    @property
    def adverb(self) -> str:
        """As `interval`, with the usual word where there is one: `hourly`, `daily` or `every 15 minutes`."""
        return _ADVERBS.get(self.interval, self.interval)

    @property
    def frequency(self) -> str:
        """The value as a frequency, such as `4 times an hour` or `once a day`."""
        size, unit = next(
            ((size, unit) for size, unit in reversed(UNITS) if size > 1 and size >= self._seconds), UNITS[0]
        )
        times = size / self._seconds
        article = "an" if unit == "hour" else "a"
        often = {1.0: "once", 2.0: "twice"}.get(times, f"{decimal(times)} times")
        return f"{often} {article} {unit}"

    @property
    def _seconds(self) -> float:
        return self.number * {"retention": 86_400, "archive": 31_536_000}.get(self.axis, 1)

    # Archive, in years.
    @property
    def since_year(self) -> int:
        """First year of an archive of this length, in whole years."""
        return self.today.year - round(self.number)

    @property
    def since_month(self) -> str:
        """First month of an archive of this length, in whole years, such as `November 2014`."""
        return f"{_MONTH_NAMES[self.today.month - 1]} {self.since_year}"

    @property
    def since_date(self) -> str:
        """First day of an archive of this length, such as `2014-11-01`: the first of a month."""
        return date(self.since_year, self.today.month, 1).isoformat()

    @property
    def years(self) -> str:
        """A number of years, such as `12`."""
        return decimal(self.number)

    @property
    def months(self) -> str:
        """Months, 12 a year."""
        return decimal(self.number * 12)

    # Coverage, a count; standing, of 10; lifecycle.
    @property
    def count(self) -> str:
        """A count, such as `1,200`."""
        return decimal(self.number)

    @property
    def in_dozens(self) -> str:
        """A count in dozens and in words, such as `five dozen and two`."""
        return dozens(self.number)

    @property
    def rating(self) -> str:
        """Rating of a provider, from 0 to 10, with one decimal."""
        return fixed(self.number, 1)

    @property
    def stars(self) -> str:
        """Rating in stars, from 0 to 5, with two decimals."""
        return fixed(self.number / 2, 2)

    @property
    def points(self) -> str:
        """Rating of a provider, from 0 to 100 points."""
        return decimal(self.number * 10)

    @property
    def end_date(self) -> str:
        """Day on which a deprecated interface ends, such as `2027-05-01`: the first of a month, half a year ahead."""
        return self._first_of_month(6)

    @property
    def late_end_date(self) -> str:
        """As `end_date`, nine months ahead, such as `2027-08-01`."""
        return self._first_of_month(9)

    def _first_of_month(self, months: int) -> str:
        years, month = divmod(self.today.month - 1 + months, 12)
        return date(self.today.year + years, month + 1, 1).isoformat()

    def __str__(self) -> str:
        return str(self.value)
