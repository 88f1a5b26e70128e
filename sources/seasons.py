"""The shop's year: weekdays, paydays, festivals of Myanmar, the months of each category, closed days and hours."""

from datetime import date, timedelta

import holidays
import numpy as np
from numpy.typing import NDArray

OPENING_HOUR = 9
# Share of the receipts by hour from 9 to 20, in percent.
HOUR_PROFILE = (3, 5, 7, 8, 8, 7, 8, 11, 15, 16, 12)
WEEKDAY_PROFILE = (0.84, 0.82, 0.86, 0.90, 1.02, 1.27, 1.33)  # Monday first

THINGYAN, THADINGYUT = "Myanmar New Year", "Thadingyut Holidays"
TAZAUNGDAING, CHRISTMAS = "Full Moon Day of Tazaungmon", "Christmas Day"
# How far before its first day a festival brings people in, and how much on the last of these days.
RUN_UPS = {THINGYAN: (16, 0.95), THADINGYUT: (12, 0.50), TAZAUNGDAING: (6, 0.30), CHRISTMAS: (8, 0.40)}
NEW_YEAR = {(12, 26): 1.25, (12, 27): 1.25, (12, 28): 1.3, (12, 29): 1.35, (12, 30): 1.4, (12, 31): 1.3, (1, 1): 1.2}
# Demand by calendar month, January first; 100 is an average month, more or less.
# fmt: off
MONTH_PROFILES = {
    "Shirts":            (100,  95,  95, 105,  90, 110,  90,  85,  90, 110, 110, 120),
    "T-Shirts":          ( 75,  85, 115, 140, 125, 100,  95,  90,  90,  95,  95,  95),
    "Polo Shirts":       ( 85,  90, 110, 125, 110, 100,  95,  90,  95, 100, 100, 100),
    "Trousers":          (100,  95,  90,  95, 115, 120,  95,  85,  90, 100, 105, 110),
    "Jeans":             (120, 105,  90,  85,  80,  85,  90,  90,  95, 105, 120, 135),
    "Shorts":            ( 55,  75, 130, 170, 150, 110,  95,  85,  85,  85,  80,  80),
    "Longyi":            (100, 100, 100, 140,  90,  90,  85,  80,  95, 135, 115, 100),
    "Traditional Wear":  (120, 115, 110, 120,  75,  60,  45,  40,  60, 140, 155, 160),
    "Jackets":           (185,  90,  40,  25,  25,  70,  95,  95,  60,  60, 165, 290),
    "Suits":             (150, 150, 110,  70,  75,  60,  40,  40,  45, 110, 165, 185),
    "Shoes":             (100,  95,  95, 105, 110, 110,  85,  80,  90, 105, 110, 115),
    "Sandals":           ( 75,  85, 110, 130, 125, 135, 125, 115,  95,  75,  65,  65),
    "Belts":             (100,  95,  95, 105,  95, 100,  90,  90,  95, 105, 110, 120),
    "Socks":             (115,  95,  85,  80,  95, 115, 105, 100, 100, 100, 105, 115),
    "Underwear":         (100,  95, 100, 105, 100, 100,  98,  98,  98, 100, 103, 103),
    "Caps":              ( 80,  90, 130, 160, 125,  90,  80,  80,  85,  90,  90,  95),
}
# fmt: on


def public_holidays(first_year: int, last_year: int) -> dict[date, str]:
    """The public holidays of Myanmar, in order of their days."""
    found = holidays.country_holidays("MM", years=range(first_year, last_year + 1), language="en_US")
    return {day: found[day] for day in sorted(found)}


def festival_starts(year_holidays: dict[date, str], festival: str) -> list[date]:
    """The first day of a festival in each year. Thingyan begins on 13 April, whatever days are added before it."""
    starts: dict[int, date] = {}
    for day, name in year_holidays.items():
        if festival in name and (festival != THINGYAN or day.day >= 13):
            starts.setdefault(day.year, day)
    return list(starts.values())


def closed_days(year_holidays: dict[date, str]) -> frozenset[date]:
    """The days of Thingyan, when the whole town throws water and no shop opens."""
    return frozenset(
        start + timedelta(days=n)
        for start in festival_starts(year_holidays, THINGYAN)
        for n in range(5)
        if THINGYAN in year_holidays.get(start + timedelta(days=n), "")
    )


def traffic(days: list[date], year_holidays: dict[date, str]) -> NDArray[np.float64]:
    """How many people come on each day; 1 is an ordinary day, 0 a closed one. Without growth."""
    closed = closed_days(year_holidays)
    run_ups = _run_ups(year_holidays)
    factors = [
        0.0
        if day in closed
        else WEEKDAY_PROFILE[day.weekday()]
        * _payday(day)
        * run_ups.get(day, 1.0)
        * NEW_YEAR.get((day.month, day.day), 1.0)
        * (1.15 if day in year_holidays else 1.0)
        for day in days
    ]
    return np.array(factors)


def category_season(category: str, days: list[date]) -> NDArray[np.float64]:
    """The category's season on each day, 1 on average: its months joined by straight lines from middle to middle."""
    profile = np.array(MONTH_PROFILES[category], dtype=np.float64)
    middles = np.arange(12) * 30.4375 + 15.2
    positions = [day.timetuple().tm_yday for day in days]
    season: NDArray[np.float64] = np.interp(positions, middles, profile / profile.mean(), period=365.25)
    return season


def _run_ups(year_holidays: dict[date, str]) -> dict[date, float]:
    factors: dict[date, float] = {}
    for festival, (length, height) in RUN_UPS.items():
        for start in festival_starts(year_holidays, festival):
            for n in range(1, length + 1):
                day = start - timedelta(days=n)
                factors[day] = factors.get(day, 1.0) * (1 + height * (length + 1 - n) / length)
    return factors | _quiet_days_after_thingyan(year_holidays)


def _quiet_days_after_thingyan(year_holidays: dict[date, str]) -> dict[date, float]:
    return {
        start + timedelta(days=n): 0.6 + 0.04 * (n - 4)
        for start in festival_starts(year_holidays, THINGYAN)
        for n in range(4, 13)
    }


def _payday(day: date) -> float:
    days_to_month_end = ((day.replace(day=1) + timedelta(days=32)).replace(day=1) - day).days
    return 1.14 if day.day <= 4 or days_to_month_end <= 3 else 0.96
