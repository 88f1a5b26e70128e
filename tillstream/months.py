"""Months as numbers, counted from the year 0 (`year * 12 + month - 1`), as keys ('2025-01') and as their first days."""

from datetime import date

YEAR = 12


def number_of(day: date) -> int:
    """The number of a day's month."""
    return day.year * YEAR + day.month - 1


def first_day(number: int) -> date:
    """The first day of a month."""
    return date(number // YEAR, number % YEAR + 1, 1)


def key(number: int) -> str:
    """'2025-01'."""
    return f"{first_day(number):%Y-%m}"
