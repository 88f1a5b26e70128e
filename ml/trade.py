"""How much trade a month can hold: its open days, its weekdays, and the festivals that move through the year.

A season by calendar month knows what stays in its month. What it cannot know is that this March has five Sundays, or
that the Festival of Lights fell into October last year and falls into November this year. So demand is forecast per
unit of trade.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from importlib.resources import files

import holidays
import numpy as np
from numpy.typing import NDArray

from tillstream.months import first_day, number_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEKS_PRIOR = 6.0  # weeks with which a weekday is half its own
RUN_UP_DAYS = 10
YEARS_PRIOR = 1.0  # festivals with which a run-up is half its own
AROUND_DAYS = 45  # what a run-up is compared with
LEAST_MONTHS = 24  # without two years nobody can tell a festival from a season
CLEAR = 0.9  # what festivals must leave of the difference between years to be believed
LEAST_TRADE = 0.05  # of a mean month, for a month that was closed nearly throughout


def country_of(timezone: str) -> str | None:
    """The country of an IANA time zone (ISO 3166); None for a zone that belongs to none."""
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            if name == timezone:
                return country
    return None


def public_holidays(country: str, first_year: int, last_year: int) -> dict[date, str]:
    """A country's public holidays by day, in English; empty for a country that nobody knows."""
    try:
        found = holidays.country_holidays(country, years=range(first_year, last_year + 1), language="en_US")
    except NotImplementedError:
        return {}
    return {day: found[day] for day in sorted(found)}


def trade(totals: Floats, first: date, ahead: int, festivals: Mapping[date, str]) -> Floats:
    """By month, for those of `totals` (the shop's pieces by day, from the first of a month) and `ahead` more.

    1 is a mean month. Festivals are used where they explain how months differ from those of the year before.
    """
    last = first + timedelta(days=len(totals) - 1)
    calendar = _calendar(first, last, ahead)
    weekday = _weekdays(totals, first)
    plain = np.array([weekday[day.weekday()] for day in calendar])
    months = np.array([number_of(day) for day in calendar])
    months -= months[0]
    closed = _closed(totals, first, festivals)
    plain *= np.array([festivals.get(day, "") not in closed for day in calendar])
    base = _by_month(plain, months)
    known = int(months[len(totals) - 1]) + 1
    if known < LEAST_MONTHS:
        return base
    busy = _by_month(plain * _run_ups(totals, calendar, plain, festivals), months)
    sums = np.bincount(months[: len(totals)], weights=totals).astype(np.float64)
    return busy if _misfit(sums, busy[:known]) < CLEAR * _misfit(sums, base[:known]) else base


def _calendar(first: date, last: date, ahead: int) -> list[date]:
    end = first_day(number_of(last) + ahead + 1)
    return [first + timedelta(days=n) for n in range((end - first).days)]


def _by_month(weights: Floats, months: Ints) -> Floats:
    sums = np.bincount(months, weights=weights)
    found: Floats = np.maximum(sums / max(float(sums.mean()), 1e-9), LEAST_TRADE)
    return found


def _weekdays(totals: Floats, first: date) -> Floats:
    """Monday first; 1 is a mean day."""
    number = (first.weekday() + np.arange(len(totals))) % 7
    count = np.bincount(number, minlength=7)
    mean = max(float(totals.mean()), 1e-9)
    own = np.bincount(number, weights=totals, minlength=7) / np.maximum(count, 1) / mean
    return (count * own + WEEKS_PRIOR) / (count + WEEKS_PRIOR)


def _closed(totals: Floats, first: date, festivals: Mapping[date, str]) -> frozenset[str]:
    """The holidays on which the shop sold nothing, mostly."""
    sold: defaultdict[str, list[bool]] = defaultdict(list)
    for day, name in festivals.items():
        number = (day - first).days
        if 0 <= number < len(totals):
            sold[name].append(bool(totals[number] > 0))
    return frozenset(name for name, opened in sold.items() if np.mean(opened) < 0.5)


def _run_ups(totals: Floats, calendar: list[date], plain: Floats, festivals: Mapping[date, str]) -> Floats:
    """By day of the calendar, what the days before a festival bring next to others; 1 where nothing is near."""
    place = {day: number for number, day in enumerate(calendar)}
    starts = _starts(festivals)
    factors = np.ones(len(calendar))
    pace = np.where(plain[: len(totals)] > 0, totals / np.maximum(plain[: len(totals)], 1e-9), np.nan)
    for days in starts.values():
        seen = [_lift(pace, place[day]) for day in days if place.get(day, len(pace)) < len(pace)]
        lifts = [lift for lift in seen if lift is not None]
        if len(lifts) < 2:
            continue
        lift = (sum(lifts) + YEARS_PRIOR) / (len(lifts) + YEARS_PRIOR)
        for day in days:
            end = place.get(day)
            if end is not None:
                factors[max(0, end - RUN_UP_DAYS) : end] *= lift
    return factors


def _starts(festivals: Mapping[date, str]) -> dict[str, list[date]]:
    """By name, the first day of each run of days of a festival."""
    found: defaultdict[str, list[date]] = defaultdict(list)
    for day in sorted(festivals):
        if festivals.get(day - timedelta(days=1)) != festivals[day]:
            found[festivals[day]].append(day)
    return found


def _lift(pace: Floats, start: int) -> float | None:
    """The days before a festival next to the weeks around them; None where too few days are known."""
    run_up = pace[max(0, start - RUN_UP_DAYS) : start]
    around = np.concatenate(
        [pace[max(0, start - AROUND_DAYS) : max(0, start - RUN_UP_DAYS)], pace[start + 5 : start + AROUND_DAYS]]
    )
    run_up, around = run_up[~np.isnan(run_up)], around[~np.isnan(around)]
    if len(run_up) < RUN_UP_DAYS // 2 or len(around) < AROUND_DAYS // 2 or around.mean() <= 0:
        return None
    return float(np.clip(run_up.mean() / around.mean(), 0.5, 2.5))


def _misfit(sums: Floats, weights: Floats) -> float:
    """How far months differ from those of the year before, growth and trade taken out."""
    change = np.log(np.maximum(sums[12:], 1.0) / np.maximum(sums[:-12], 1.0)) - np.log(weights[12:] / weights[:-12])
    return float(np.abs(change - np.median(change)).mean())
