"""Sizes and colours: how a style's sales divide among its products, learned and shrunk, and which size runs are broken.

A product is a style in one size and colour. What it sells of its style is taken from the months in which it was on the
shelf, and drawn to the curve: the category's share of its size, drawn to the shop's, times the style's share of its
colour. How far is learned too: the less products of a shop stray from their curves, the more the curve counts.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tillstream.errors import TerminalError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

YEARLY_FADING = 0.8  # the weight of what a month sold next to the same a year later
CURVE_PIECES = 200.0  # pieces of a category with which its size curve is half its own and half the shop's
COLOUR_PIECES = 30.0  # pieces of a style with which its colours are half its own and half alike
LEAST_PRIOR, MOST_PRIOR = 5.0, 500.0


@dataclass(frozen=True)
class Variants:
    """Of each product its style, category, size and colour; "" where it has none."""

    styles: tuple[str, ...]
    categories: tuple[str, ...]
    sizes: tuple[str, ...]
    colours: tuple[str, ...]

    def __post_init__(self) -> None:
        if len({len(self.styles), len(self.categories), len(self.sizes), len(self.colours)}) != 1:
            raise TerminalError(
                "Styles, categories, sizes and colours differ in number.", "Give one of each by product."
            )

    def of(self, numbers: Sequence[int]) -> "Variants":
        """Those of some products."""
        columns = (self.styles, self.categories, self.sizes, self.colours)
        return Variants(*(tuple(column[number] for number in numbers) for column in columns))

    @property
    def style_numbers(self) -> Ints:
        """Of each product the number of its style."""
        return _numbers(self.styles)


def style_demand(demand: Floats, seen: Floats, styles: Ints) -> tuple[Floats, Floats]:
    """Months x styles: what the styles' products sold together, and where that is known.

    Where one of the products was not on the shelf, its last known month stands in for it.
    """
    filled, there = demand * seen, seen.copy()
    for month in range(1, len(demand)):
        gap = (seen[month] == 0) & (there[month - 1] > 0)
        filled[month] = np.where(gap, filled[month - 1], filled[month])
        there[month] = np.where(gap, 1.0, there[month])
    members = (styles == np.arange(styles.max() + 1)[:, None]).astype(np.float64)
    return filled @ members.T, ((seen @ members.T) > 0).astype(np.float64)


def shares(demand: Floats, seen: Floats, variants: Variants) -> Floats:
    """Of each product its share of its style's demand; the shares of a style sum to 1. Arrays are months x products."""
    styles = variants.style_numbers
    whole, _ = style_demand(demand, seen, styles)
    fading = YEARLY_FADING ** (np.arange(len(demand) - 1, -1, -1) / 12)[:, None]
    sold = (demand * seen * fading).sum(axis=0)
    offered = (whole[:, styles] * seen * fading).sum(axis=0)  # what the style sold while the product was on the shelf
    curve = _curve(sold, variants, styles)
    prior = _prior_pieces(sold, offered, curve)
    share = (sold + prior * curve) / np.maximum(offered + prior, 1e-9)
    found: Floats = share / np.maximum(_sums(share, styles)[styles], 1e-12)
    return found


def _curve(sold: Floats, variants: Variants, styles: Ints) -> Floats:
    """What the size and the colour of each product let expect of its share; sums to 1 over a style."""
    sizes, categories = _numbers(variants.sizes), _numbers(variants.categories)
    by_size = _sums(sold, sizes) / max(float(sold.sum()), 1e-9)
    pairs = _numbers(tuple(f"{c}\0{s}" for c, s in zip(categories, sizes, strict=True)))
    own, total = _sums(sold, pairs)[pairs], _sums(sold, categories)[categories]
    in_category = np.array([float(count) for count in _distinct(sizes, categories)])
    shop = np.where(by_size[sizes] > 0, by_size[sizes], 1 / in_category)
    size = (own + CURVE_PIECES * shop) / (total + CURVE_PIECES)
    tints = _numbers(tuple(f"{s}\0{c}" for s, c in zip(styles, variants.colours, strict=True)))
    number = np.array([float(count) for count in _distinct(tints, styles)])
    colour = (_sums(sold, tints)[tints] + COLOUR_PIECES / number) / (_sums(sold, styles)[styles] + COLOUR_PIECES)
    curve = size * colour
    return curve / np.maximum(_sums(curve, styles)[styles], 1e-12)


def _prior_pieces(sold: Floats, offered: Floats, curve: Floats) -> float:
    """How many pieces the curve counts as: by moments of a Dirichlet law, from how far products stray beyond chance."""
    known = offered > 0
    chance = (offered * curve * (1 - curve))[known]
    strayed = ((sold - offered * curve) ** 2)[known]
    room = (offered**2 * curve * (1 - curve))[known].sum()
    excess = (strayed.sum() - chance.sum()) / max(float(room), 1e-9)
    if excess <= 0:
        return MOST_PRIOR
    return float(np.clip(1 / excess - 1, LEAST_PRIOR, MOST_PRIOR))


def broken_runs(on_hand: Sequence[int], wanted: Sequence[float], variants: Variants) -> dict[tuple[str, str], str]:
    """By style and colour, for those whose wanted sizes are partly gone: "M sold out, XL 40 left".

    `wanted`: pieces expected of each product; a size that nobody asks for breaks no run.
    """
    runs: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, key in enumerate(zip(variants.styles, variants.colours, strict=True)):
        runs[key].append(number)
    found = {}
    for key, members in runs.items():
        gone = [n for n in members if on_hand[n] <= 0 and wanted[n] > 0]
        left = sorted((n for n in members if on_hand[n] > 0), key=lambda n: -on_hand[n])
        if gone and left and len(members) > 1:
            names = ", ".join(variants.sizes[n] for n in gone)
            rest = ", ".join(f"{variants.sizes[n]} {on_hand[n]}" for n in left)
            found[key] = f"{names} sold out, {rest} left"
    return found


def _numbers(names: Sequence[str]) -> Ints:
    order = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([order[name] for name in names], dtype=np.int64)


def _sums(values: Floats, numbers: Ints) -> Floats:
    return np.bincount(numbers, weights=values, minlength=int(numbers.max()) + 1).astype(np.float64)


def _distinct(values: Ints, within: Ints) -> list[int]:
    """For each place, how many different values share its group."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for value, group in zip(values.tolist(), within.tolist(), strict=True):
        found[group].add(value)
    return [len(found[group]) for group in within.tolist()]
