"""What customers want to buy: the expected demand of each day and product, and the lines drawn from it."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sources.assortment import Assortment, Style
from sources.catalogue import Category
from sources.seasons import MONTH_PROFILES, category_season, traffic
from sources.seeds import Purpose, stream

LINES_PER_DAY = 54.0  # on an ordinary day at the beginning
YEARLY_GROWTH = 0.13
PROMOTION_PULL = 2.2  # how many percent more a discount of one percent brings
THIRD_PIECE = 0.35  # of the lines with two pieces, how many have three

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Demand:
    """The demand of a shop, before it meets the shelf.

    `season`: the calendar's factor by day and style, 0 on closed days; the owner knows it as well.
    """

    def __init__(
        self, seed: int, stock: Assortment, days: list[date], year_holidays: dict[date, str], discounts: Ints
    ) -> None:
        self._seed = seed
        self._style_of = stock.style_of
        self._shares = np.array([product.share for product in stock.products])
        self._second_piece = np.array([_category(stock, style).second_piece / 100 for style in self._style_of])
        season = _season(stock.styles, days, year_holidays)
        self.season = season
        growth = (1 + YEARLY_GROWTH) ** (np.arange(len(days)) / 365.25)
        pull = 1 + PROMOTION_PULL * discounts / 100
        self._rates = LINES_PER_DAY * growth[:, None] * season * pull * _style_shares(seed, stock.styles, len(days))

    def expected_units(self, day_no: int) -> Floats:
        """Expected pieces of each product on a day."""
        return self._expected_lines(day_no) * (1 + self._second_piece * (1 + THIRD_PIECE))

    def ordinary_units(self, day_no: int) -> Floats:
        """Expected pieces of each product on a day like this one, had it been an average day of the year."""
        usual = np.where(self.season[day_no] > 0, self.season[day_no], 1.0)
        return self.expected_units(day_no) / usual[self._style_of]

    def lines(self, day_no: int) -> tuple[Ints, Ints]:
        """Products and quantities that customers ask for on a day, one entry per line, in product order."""
        weather = float(stream(self._seed, Purpose.TRAFFIC, day_no).gamma(50.0)) / 50.0
        draws = stream(self._seed, Purpose.LINES, day_no)
        # Rounded, so that the last bit of another processor's exp() does not change a draw.
        counts = draws.poisson(np.round(self._expected_lines(day_no) * weather, 9))
        products = np.repeat(np.arange(len(counts)), counts)
        seconds = draws.random(len(products)) < self._second_piece[products]
        thirds = seconds & (draws.random(len(products)) < THIRD_PIECE)
        return products, 1 + seconds.astype(np.int64) + thirds.astype(np.int64)

    def _expected_lines(self, day_no: int) -> Floats:
        rates: Floats = self._rates[day_no][self._style_of] * self._shares
        return rates


def _category(stock: Assortment, style: int) -> Category:
    return stock.styles[style].sheet.category


def _season(styles: tuple[Style, ...], days: list[date], year_holidays: dict[date, str]) -> Floats:
    """Calendar factor by day and style, about 1 on average, 0 on closed days."""
    by_category = {name: category_season(name, days) for name in MONTH_PROFILES}
    columns = np.column_stack([by_category[style.sheet.category.name] for style in styles])
    season: Floats = columns * traffic(days, year_holidays)[:, None]
    return season


def _style_shares(seed: int, styles: tuple[Style, ...], days: int) -> Floats:
    """Each style's part of the shop's lines by day: what one wins, the others lose."""
    columns = [style.weight * _life(style, days) * _taste(seed, number, days) for number, style in enumerate(styles)]
    appeal = np.column_stack(columns)
    shares: Floats = appeal / appeal.sum(axis=1, keepdims=True)
    return shares


def _life(style: Style, days: int) -> Floats:
    """New and wanted, then ordinary, for fashion slowly fading; less when it is being cleared, then nothing."""
    age = np.arange(days) - style.launched
    fading = 1.0 if style.sheet.core else 0.985 ** (np.maximum(age, 0) / 30.4)
    life = np.where(age >= 0, (1 + 0.6 * np.exp(-np.maximum(age, 0) / 45)) * fading, 0.0)
    if style.discontinued is not None and style.withdrawn is not None:
        life[max(0, style.discontinued) :] *= 0.75
        life[max(0, style.withdrawn) :] = 0.0
    return life


def _taste(seed: int, position: int, days: int) -> Floats:
    """Slow ups and downs of a style's popularity: a weekly AR(1) of its logarithm, deviation about 0.22."""
    shocks = stream(seed, Purpose.TASTE, position).normal(0.0, 0.08, size=days // 7 + 1)
    level, levels = 0.0, []
    for shock in shocks.tolist():
        level = 0.93 * level + shock
        levels.append(level)
    return np.repeat(np.exp(np.array(levels)), 7)[:days]
