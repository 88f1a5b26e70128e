"""Every view against an independent recount of the raw record, at one instant, to the cent."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from reports.recount import Recount, Sums, on_hand, recount, rolled_up, shrinkage, sold_lately
from tillstream.settings import Settings
from tillstream.stores import generations, live
from tillstream.stores.mysql import Cursor, reading, rows
from tillstream.views.stock import WINDOW_DAYS

Key = tuple[Any, ...]
Values = tuple[Any, ...]
MOST_DIFFERENCES = 1_000  # named one by one; the number of all is told


class Difference(msgspec.Struct, frozen=True):
    """One figure that is not what the raw record says; `expected` or `found` is None where a whole row is missing."""

    view: str
    key: str
    column: str
    expected: str | None
    found: str | None


class Verdict(msgspec.Struct, frozen=True):
    """The outcome: how much was compared, and every difference (of very many, the first)."""

    events: int
    figures: int
    differing: int
    differences: list[Difference]

    @property
    def holds(self) -> bool:
        return self.differing == 0


class _Comparison:
    def __init__(self) -> None:
        self.figures = 0
        self.differing = 0
        self.differences: list[Difference] = []

    def compare(
        self, view: str, columns: tuple[str, ...], expected: Mapping[Key, Values], found: Mapping[Key, Values]
    ) -> None:
        for key in sorted(expected.keys() | found.keys(), key=str):
            self.figures += len(columns)
            if key not in expected or key not in found:
                self._note(Difference(view, _text(key), "row", _presence(key, expected), _presence(key, found)))
                continue
            for column, wanted, got in zip(columns, expected[key], found[key], strict=True):
                if wanted != got:
                    self._note(Difference(view, _text(key), column, str(wanted), str(got)))

    def _note(self, difference: Difference) -> None:
        self.differing += 1
        if len(self.differences) < MOST_DIFFERENCES:
            self.differences.append(difference)


_SALES = ("units", "returned_units", "lines", "gross", "discount", "revenue")


class _Period(NamedTuple):
    """Of a sales view: its key's first column, that column out of an hour, and the last month of its key."""

    column: str
    of: Callable[[datetime], Any]
    last_month: Callable[[Any], str]


_PERIODS = {
    "sales_by_hour": _Period("hour", lambda hour: hour, lambda hour: f"{hour:%Y-%m}"),
    "sales_by_day": _Period("day", lambda hour: hour.date(), lambda day: f"{day:%Y-%m}"),
    "sales_by_month": _Period("month", lambda hour: f"{hour:%Y-%m}", lambda month: month),
    "sales_by_year": _Period("year", lambda hour: hour.year, lambda year: f"{year}-12"),
}


def verify(settings: Settings) -> Verdict:
    """Compares all views with a recount up to the offsets that they hold. Raises TransientError if a store is away."""
    with reading(settings, "operator") as cursor:
        offsets = live.floors(cursor)
        [(published,)] = rows(cursor, "SELECT `published_epoch` FROM `layers`")
        cut = generations.offsets(cursor, published)
        open_month = generations.first_open_month(cursor, published, settings.timezone) if published > 1 else ""
        # The recount runs inside the snapshot: what the stream adds meanwhile lies above these offsets.
        recounted = recount(settings, offsets, cut)
        comparison = _Comparison()
        _compare_sales(comparison, cursor, recounted, open_month)
        _compare_receipts(comparison, cursor, recounted)
        _compare_best_sellers(comparison, cursor, recounted)
        _compare_demand(comparison, cursor, recounted)
        _compare_stock(comparison, cursor, recounted)
        _compare_records(comparison, cursor, recounted)
    return Verdict(sum(recounted.records.values()), comparison.figures, comparison.differing, comparison.differences)


def _compare_sales(comparison: _Comparison, cursor: Cursor, recounted: Recount, open_month: str) -> None:
    """Figures, and their state: final is a period that was over at the published cut, and of which nothing is newer."""
    columns = (*_SALES, "state")
    for view, period in _PERIODS.items():
        sums = rolled_up(recounted.hours, lambda hour, *rest, of=period.of: (of(hour), *rest))
        expected = {
            key: (
                *figures,
                "final" if period.last_month(key[0]) < open_month and not sums[key].newer else "provisional",
            )
            for key, figures in _values(sums, _SALES).items()
        }
        key = (period.column, "store_id", "product_id", "currency")
        comparison.compare(view, columns, expected, _found(cursor, view, key, columns))


def _compare_receipts(comparison: _Comparison, cursor: Cursor, recounted: Recount) -> None:
    sums = rolled_up(recounted.hours, lambda hour, store, _, currency: (hour.date(), store, currency))
    columns = ("receipts", "revenue")
    found = _found(cursor, "receipts_by_day", ("day", "store_id", "currency"), columns)
    comparison.compare("receipts_by_day", columns, _values(sums, columns), found)


def _compare_best_sellers(comparison: _Comparison, cursor: Cursor, recounted: Recount) -> None:
    names = dict(rows(cursor, "SELECT `product_id`, `product_name` FROM `products`"))
    names = recounted.names | names
    totals = rolled_up(recounted.hours, lambda _, __, product, currency: (product, currency))
    expected = {
        (product, currency): (names[product], sums.units, sums.revenue, *_ranks(totals, product, currency))
        for (product, currency), sums in totals.items()
    }
    columns = ("product_name", "units", "revenue", "rank_by_units", "rank_by_revenue")
    comparison.compare(
        "best_sellers", columns, expected, _found(cursor, "best_sellers", ("product_id", "currency"), columns)
    )
    months = rolled_up(recounted.hours, lambda hour, _, product, currency: (f"{hour:%Y-%m}", currency, product))
    comparison.compare(
        "best_seller_by_month",
        ("product_id", "units", "revenue"),
        _top_ten(months),
        _found(cursor, "best_seller_by_month", ("month", "currency", "rank"), ("product_id", "units", "revenue")),
    )


def _ranks(totals: Mapping[Key, Sums], product: str, currency: str) -> tuple[int, int]:
    mine = totals[product, currency]
    others = [sums for (_, other), sums in totals.items() if other == currency]
    return 1 + sum(o.units > mine.units for o in others), 1 + sum(o.revenue > mine.revenue for o in others)


def _top_ten(months: Mapping[Key, Sums]) -> dict[Key, Values]:
    best: dict[Key, list[tuple[Any, ...]]] = {}
    for (month, currency, product), sums in months.items():
        best.setdefault((month, currency), []).append((-sums.units, -sums.revenue, product))
    return {
        (*group, rank): (product, -units, -revenue)
        for group, entries in best.items()
        for rank, (units, revenue, product) in enumerate(sorted(entries)[:10], 1)
    }


def _compare_demand(comparison: _Comparison, cursor: Cursor, recounted: Recount) -> None:
    """Pieces sold, returns not subtracted: months without any may have a row, and need none."""
    sums = rolled_up(recounted.hours, lambda hour, _, product, __: (f"{hour:%Y-%m}", product))
    expected = {key: (figures.units + figures.returned_units,) for key, figures in sums.items()}
    found = _found(cursor, "demand_by_month", ("month", "product_id"), ("sold",))
    comparison.compare("demand_by_month", ("sold",), _some(expected), _some(found))


def _some(figures: Mapping[Key, Values]) -> dict[Key, Values]:
    """Those that are not zero or nothing."""
    return {key: values for key, values in figures.items() if any(values)}


def _compare_stock(comparison: _Comparison, cursor: Cursor, recounted: Recount) -> None:
    """Stock, what was missing at counts, and the sales that days of cover, reorder points and states are made of."""
    key = ("store_id", "product_id")
    stock, lately = on_hand(recounted), sold_lately(recounted, WINDOW_DAYS)
    windows = {each: (lately[each],) for each in stock}
    expected: dict[str, tuple[Key, tuple[str, ...], Mapping[Key, Values]]] = {
        "stock_on_hand": (key, ("on_hand", "last_count_day"), stock),
        "stock_levels": (key, ("window_units",), windows),
        "stock_shrinkage": ((*key, "day"), ("expected", "counted", "shrinkage"), shrinkage(recounted)),
    }
    for view, (of, columns, wanted) in expected.items():
        comparison.compare(view, columns, wanted, _found(cursor, view, of, columns))


def _compare_records(comparison: _Comparison, cursor: Cursor, recounted: Recount) -> None:
    found = {(topic, number): (counted,) for topic, number, counted in _counted(cursor) if counted}
    records: Mapping[Key, Values] = {source: (number,) for source, number in recounted.records.items()}
    comparison.compare("stream_offsets", ("counted",), records, found)
    expected: Mapping[Key, Values] = {key: (number,) for key, number in recounted.rejects.items()}
    comparison.compare(
        "rejects_by_reason",
        ("rejected",),
        expected,
        _found(cursor, "rejects_by_reason", ("topic", "reason"), ("rejected",)),
    )


def _counted(cursor: Cursor) -> list[tuple[Any, ...]]:
    return rows(cursor, "SELECT `topic`, `partition`, `counted` FROM `stream_offsets`")


def _values(sums: Mapping[Key, Sums], columns: tuple[str, ...]) -> dict[Key, Values]:
    return {key: tuple(getattr(figures, column) for column in columns) for key, figures in sums.items()}


def _found(cursor: Cursor, view: str, key: tuple[str, ...], columns: tuple[str, ...]) -> dict[Key, Values]:
    names = ", ".join(f"`{name}`" for name in (*key, *columns))
    found = rows(cursor, f"SELECT {names} FROM `{view}`")
    return {row[: len(key)]: row[len(key) :] for row in found}


def _text(key: Iterable[Any]) -> str:
    return " · ".join(str(part) for part in key)


def _presence(key: Key, side: Mapping[Key, Values]) -> str | None:
    return None if key not in side else "present"
