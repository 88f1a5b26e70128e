"""List prices and promotions, in whole kyat and whole percent."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sources.assortment import Style
from sources.catalogue import (
    CAPS,
    JACKETS,
    JEANS,
    LONGYI,
    POLOS,
    SHIRTS,
    SHOES,
    SHORTS,
    SUITS,
    TEES,
    TRADITIONAL,
    Category,
)
from sources.seasons import THADINGYUT, THINGYAN, festival_starts
from sources.seeds import Purpose, stream

PRICE_STEP = 500
DISCOUNT_STEP = 50
REPRICING_MONTHS = (3, 9)


@dataclass(frozen=True)
class Promotion:
    """Percent off the list price of some categories, on the days from first to last, both included."""

    first: date
    last: date
    categories: tuple[Category, ...]
    percent: int
    fashion_only: bool = False


def list_prices(seed: int, styles: tuple[Style, ...], days: list[date]) -> list[list[int]]:
    """The list price of each style in each month of the days, by month and style."""
    prices = [style.sheet.price for style in styles]
    by_month = []
    for day_no, day in enumerate(days):
        if day.day != 1:
            continue
        if day_no > 0 and day.month in REPRICING_MONTHS:
            draws = stream(seed, Purpose.PRICES, day_no).random(len(styles)).tolist()
            prices = [_raised(price, draw) for price, draw in zip(prices, draws, strict=True)]
        by_month.append(prices)
    return by_month


def discount_percents(styles: tuple[Style, ...], days: list[date], year_holidays: dict[date, str]) -> NDArray[np.int64]:
    """Percent off for everybody, by day and style: the best of the promotions and the clearance of the style."""
    percents = np.zeros((len(days), len(styles)), dtype=np.int64)
    for promotion in _promotions(days, year_holidays):
        first = max(0, (promotion.first - days[0]).days)
        last = max(0, (promotion.last - days[0]).days + 1)
        for position, style in enumerate(styles):
            if style.sheet.category in promotion.categories and not (promotion.fashion_only and style.sheet.core):
                np.maximum(percents[first:last, position], promotion.percent, out=percents[first:last, position])
    for position, style in enumerate(styles):
        if style.discontinued is not None:
            percents[max(0, style.discontinued) :, position] = 30
            percents[max(0, style.discontinued + 45) :, position] = 50
    return percents


def discount_per_piece(price: int, percent: int) -> int:
    """Kyat off one piece, rounded down to the smallest note in use."""
    return price * percent // 100 // DISCOUNT_STEP * DISCOUNT_STEP


def unit_cost(price: int, category: Category) -> int:
    """What a piece costs to buy, in kyat."""
    return price * category.cost_percent // 100


def _raised(price: int, draw: float) -> int:
    """Three styles in ten keep their price; the others rise by 4 to 8 percent."""
    percent = 0 if draw < 0.3 else 4 + int((draw - 0.3) / 0.7 * 5)
    return (price * (100 + percent) // 100 + PRICE_STEP // 2) // PRICE_STEP * PRICE_STEP


def _promotions(days: list[date], year_holidays: dict[date, str]) -> list[Promotion]:
    one_day = timedelta(days=1)
    promotions = [
        Promotion(start - 16 * one_day, start - one_day, (TEES, SHORTS, POLOS, CAPS), 10)
        for start in festival_starts(year_holidays, THINGYAN)
    ]
    promotions += [
        Promotion(start - 12 * one_day, start - one_day, (LONGYI, TRADITIONAL), 10)
        for start in festival_starts(year_holidays, THADINGYUT)
    ]
    for year in range(days[0].year - 1, days[-1].year + 1):
        promotions += [
            Promotion(date(year, 2, 1), date(year, 2, 25), (JACKETS,), 30),
            Promotion(date(year, 7, 15), date(year, 8, 20), (SHIRTS, TEES, POLOS, SHORTS), 20, fashion_only=True),
            Promotion(date(year, 12, 16), date(year + 1, 1, 3), (JACKETS, SUITS, SHOES, JEANS), 15),
        ]
    return promotions
