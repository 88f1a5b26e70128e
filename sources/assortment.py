"""The shop's styles and products over its history: what is on sale when, in which sizes and colours."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sources.catalogue import COLOURS, LAUNCHED_STYLES, OPENING_STYLES, StyleSheet
from sources.seeds import Purpose, stream

CLEARANCE_DAYS = 90  # from the day a style is discontinued to the day its last pieces leave the shop
LAUNCH_MONTHS = (3, 6, 9, 11)


@dataclass(frozen=True)
class Style:
    """A style in the shop's history. Days are numbered from the first day of the history; the past is negative.

    `discontinued` is the first day on which it is not ordered any more; core styles stay.
    """

    code: str
    name: str
    sheet: StyleSheet
    weight: float
    launched: int
    discontinued: int | None

    @property
    def withdrawn(self) -> int | None:
        """The first day on which it is no longer on sale."""
        return None if self.discontinued is None else self.discontinued + CLEARANCE_DAYS


@dataclass(frozen=True)
class Product:
    """A style in one size and colour. `share`: its part of the style's demand.

    `feel`: how the owner misjudges it, 1 is right. `first_order`: the same for the first order.
    """

    product_id: str
    name: str
    style: int
    size: str
    colour: str
    share: float
    feel: float
    first_order: float


@dataclass(frozen=True)
class Assortment:
    """All styles and products of a history; products refer to styles by position."""

    styles: tuple[Style, ...]
    products: tuple[Product, ...]

    @property
    def style_of(self) -> NDArray[np.int64]:
        """The position of each product's style."""
        return np.array([product.style for product in self.products], dtype=np.int64)

    def launched(self) -> NDArray[np.int64]:
        """The day on which each product first was on sale."""
        return np.array([self.styles[product.style].launched for product in self.products], dtype=np.int64)


def assortment(seed: int, days: list[date]) -> Assortment:
    """The assortment of a history of these days (whole months)."""
    styles = [_style(seed, position, sheet, sheet.name, None) for position, sheet in enumerate(OPENING_STYLES)]
    for launch, (day_no, day) in enumerate(_launch_days(seed, days)):
        sheet = LAUNCHED_STYLES[launch % len(LAUNCHED_STYLES)]
        styles.append(_style(seed, len(styles), sheet, f"{sheet.name} {day.year}", day_no))
    products = [product for position, style in enumerate(styles) for product in _products(seed, position, style)]
    return Assortment(tuple(styles), tuple(products))


def _launch_days(seed: int, days: list[date]) -> list[tuple[int, date]]:
    """Launch days of one or two styles at the beginning of each season, but for the first month."""
    launches = []
    for day_no, day in enumerate(days):
        if day.day == 1 and day_no > 0 and day.month in LAUNCH_MONTHS:
            draws = stream(seed, Purpose.LAUNCHES, day_no)
            offsets = sorted(int(offset) for offset in draws.integers(2, 12, size=1 + int(draws.random() < 0.35)))
            launches += [(day_no + offset, days[day_no + offset]) for offset in offsets]
    return launches


def _style(seed: int, position: int, sheet: StyleSheet, name: str, launched: int | None) -> Style:
    code = f"{sheet.category.code}{position + 1:02}"
    draws = stream(seed, Purpose.STYLE, position, 0)
    weight = sheet.weight * float(draws.lognormal(0.0, 0.25))
    age = int(draws.integers(120, 700))
    life = int(draws.integers(330, 760)) if launched is not None else age + int(draws.integers(140, 1400))
    first_day = -age if launched is None else launched
    return Style(code, name, sheet, weight, first_day, None if sheet.core else first_day + life)


def _products(seed: int, position: int, style: Style) -> list[Product]:
    draws = stream(seed, Purpose.STYLE, position, 1)
    sheet, sizes = style.sheet, style.sheet.category.sizes
    colour_shares = draws.dirichlet([5.0] * len(sheet.colours))
    products = []
    for colour, colour_share in zip(sheet.colours, colour_shares, strict=True):
        for size, size_share in zip(sizes.labels, sizes.shares, strict=True):
            share = float(colour_share) * size_share / 100
            feel, first_order = (float(draw) for draw in draws.lognormal(0.0, (0.30, 0.40)))
            product_id = "-".join(part for part in (style.code, size, COLOURS[colour][0]) if part)
            name = _label(style, size, colour)
            products.append(Product(product_id, name, position, size, colour, share, feel, first_order))
    return products


def _label(style: Style, size: str, colour: str) -> str:
    local_name = style.sheet.local_name
    if local_name:
        return " ".join([style.name.replace(style.sheet.name, local_name), COLOURS[colour][1], size]).strip()
    return " ".join([style.name, colour, size]).strip()
