"""An independent recount of the raw record: mongod's own aggregation, in Decimal128, up to given Kafka offsets.

Nothing here is shared with the stream or the batch: another engine, another time zone library, other formulas.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tillstream.settings import Settings
from tillstream.stores.kafka import Source
from tillstream.stores.mongo import Document, events, rejects, translated

SaleKey = tuple[datetime, str, str, str]  # hour, store_id, product_id, currency
StockKey = tuple[str, str]  # store_id, product_id


@dataclass
class Sums:
    """Figures of one key. Units and money are net of returns."""

    units: int = 0
    returned_units: int = 0
    lines: int = 0
    receipts: int = 0
    gross: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    newer: int = 0  # lines since the published cut

    @property
    def revenue(self) -> Decimal:
        return self.gross - self.discount

    def add(self, other: "Sums") -> None:
        """Takes in the figures of another key."""
        self.units += other.units
        self.returned_units += other.returned_units
        self.lines += other.lines
        self.receipts += other.receipts
        self.gross += other.gross
        self.discount += other.discount
        self.newer += other.newer


@dataclass
class Recount:
    """What the raw record says."""

    hours: dict[SaleKey, Sums] = field(default_factory=dict)
    movements: dict[tuple[date, str, str], int] = field(default_factory=dict)  # delivered less lost
    counts: dict[tuple[date, str, str], tuple[datetime, str, int]] = field(default_factory=dict)  # the one that holds
    names: dict[str, str] = field(default_factory=dict)
    records: dict[Source, int] = field(default_factory=dict)
    rejects: dict[tuple[str, str], int] = field(default_factory=dict)  # (topic, reason)


def recount(settings: Settings, offsets: Mapping[Source, int], cut: Mapping[Source, int]) -> Recount:
    """Folds all raw records whose source lies below `offsets`, and tells how many of them lie at or above `cut`.

    Raises TransientError when MongoDB does not answer.
    """
    result = Recount()
    below = _below(offsets)
    is_sale = {"$match": {"kind": {"$in": ["sale", "return"]}}}
    for row in _aggregate(settings, [below, is_sale, *_sales(settings.timezone, _at_or_above(offsets, cut))]):
        key = row["_id"]
        hour = datetime.strptime(key["hour"], "%Y-%m-%d %H")  # noqa: DTZ007 the shop's own clock, already local
        result.hours[hour, key["store"], key["product"], key["currency"]] = Sums(
            row["units"],
            row["returned"],
            row["lines"],
            row["receipts"],
            row["gross"].to_decimal(),
            row["discount"].to_decimal(),
            row["newer"],
        )
    _recount_stock(settings, below, result)
    for row in _aggregate(settings, [below, *_NAMES]):
        result.names[row["_id"]] = row["latest"]["name"]
    for row in _aggregate(settings, [below, _BY_SOURCE]):
        result.records[row["_id"]["topic"], row["_id"]["partition"]] = row["number"]
    for row in _aggregate(settings, [below, _BY_REASON], quarantine=True):
        result.rejects[row["_id"]["topic"], row["_id"]["reason"]] = row["number"]
    return result


def rolled_up(hours: Mapping[SaleKey, Sums], key: Any) -> dict[Any, Sums]:
    """The hours added up under `key(hour, store_id, product_id, currency)`."""
    totals: dict[Any, Sums] = defaultdict(Sums)
    for parts, sums in hours.items():
        totals[key(*parts)].add(sums)
    return dict(totals)


def on_hand(recounted: Recount) -> dict[StockKey, tuple[int, date | None]]:
    """Stock by the rule, last count + deliveries + returns - losses - sales of the days since, and the count's day."""
    last: dict[StockKey, tuple[date, int]] = {}
    for (day, store, product), (_, _, quantity) in sorted(recounted.counts.items()):
        last[store, product] = (day, quantity)
    stock: dict[StockKey, int] = {key: quantity for key, (_, quantity) in last.items()}
    for (day, store, product), change in recounted.movements.items():
        if (store, product) not in last or day >= last[store, product][0]:
            stock[store, product] = stock.get((store, product), 0) + change
    for (hour, store, product, _), sums in recounted.hours.items():
        key = (store, product)
        known = key in last or key in stock
        if known and (key not in last or hour.date() >= last[key][0]):
            stock[key] -= sums.units
    return {key: (quantity, last[key][0] if key in last else None) for key, quantity in stock.items()}


def shrinkage(recounted: Recount) -> dict[tuple[str, str, date], tuple[int, int, int]]:
    """Of each count but a product's first: expected, counted, and what is missing."""
    changes = _changes(recounted)
    found = {}
    before: dict[StockKey, tuple[date, int]] = {}
    for (day, store, product), (_, _, counted) in sorted(recounted.counts.items()):
        if last := before.get((store, product)):
            since, quantity = last
            expected = quantity + sum(n for on, n in changes[store, product].items() if since <= on < day)
            found[store, product, day] = (expected, counted, expected - counted)
        before[store, product] = (day, counted)
    return found


def sold_lately(recounted: Recount, days: int) -> dict[StockKey, int]:
    """Pieces sold, less those returned, in so many days up to the last one of which anything is on record."""
    recorded = [hour.date() for hour, *_ in recounted.hours]
    recorded += [day for day, *_ in (*recounted.movements, *recounted.counts)]
    since = max(recorded, default=date.max) - timedelta(days)
    totals: dict[StockKey, int] = defaultdict(int)
    for (hour, store, product, _), sums in recounted.hours.items():
        if hour.date() > since:
            totals[store, product] += sums.units
    return totals


def _changes(recounted: Recount) -> dict[StockKey, dict[date, int]]:
    """By store and product what each day has changed: deliveries and returns in, losses and sales out."""
    changes: dict[StockKey, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for (day, store, product), change in recounted.movements.items():
        changes[store, product][day] += change
    for (hour, store, product, _), sums in recounted.hours.items():
        changes[store, product][hour.date()] -= sums.units
    return changes


def _below(offsets: Mapping[Source, int]) -> Document:
    ranges = [
        {"source.topic": topic, "source.partition": partition, "source.offset": {"$lt": offset}}
        for (topic, partition), offset in offsets.items()
    ]
    return {"$match": {"$or": ranges}} if ranges else {"$match": {"_id": None}}


def _at_or_above(offsets: Mapping[Source, int], cut: Mapping[Source, int]) -> Document:
    same = [
        {
            "$and": [
                {"$eq": ["$source.topic", topic]},
                {"$eq": ["$source.partition", partition]},
                {"$gte": ["$source.offset", cut.get((topic, partition), 0)]},
            ]
        }
        for topic, partition in offsets
    ]
    return {"$or": same}


def _sales(timezone: str, is_newer: Document) -> list[Document]:
    signed = {"$cond": [{"$eq": ["$kind", "return"]}, -1, 1]}
    amount = {"$multiply": [signed, "$quantity", {"$toDecimal": "$unit_price"}]}
    discount = {"$multiply": [signed, {"$toDecimal": {"$ifNull": ["$discount", "0"]}}]}
    return [
        {
            "$group": {
                "_id": {
                    "hour": {"$dateToString": {"date": "$sold_at", "timezone": timezone, "format": "%Y-%m-%d %H"}},
                    "store": "$store_id",
                    "product": "$product_id",
                    "currency": "$currency",
                },
                "units": {"$sum": {"$multiply": [signed, "$quantity"]}},
                "returned": {"$sum": {"$cond": [{"$eq": ["$kind", "return"]}, "$quantity", 0]}},
                "lines": {"$sum": 1},
                "receipts": {"$sum": {"$cond": [{"$eq": ["$line_no", 1]}, 1, 0]}},
                "gross": {"$sum": amount},
                "discount": {"$sum": discount},
                "newer": {"$sum": {"$cond": [is_newer, 1, 0]}},
            }
        }
    ]


def _recount_stock(settings: Settings, below: Document, result: Recount) -> None:
    stock = {"$match": {"kind": {"$in": ["delivery", "loss", "count"]}}}
    fields = {"kind": 1, "day": 1, "store_id": 1, "product_id": 1, "quantity": 1, "recorded_at": 1}
    for row in _aggregate(settings, [below, stock, {"$project": fields}]):
        key = (date.fromisoformat(row["day"]), row["store_id"], row["product_id"])
        if row["kind"] == "count":
            entry = (row["recorded_at"], row["_id"], row["quantity"])
            result.counts[key] = max(entry, result.counts.get(key, entry))
        else:
            change = row["quantity"] if row["kind"] == "delivery" else -row["quantity"]
            result.movements[key] = result.movements.get(key, 0) + change


_NAMES: list[Document] = [
    {
        "$group": {
            "_id": {"product": "$product_id", "name": "$product_name"},
            "at": {"$max": {"$ifNull": ["$sold_at", "$recorded_at"]}},
        }
    },
    {"$sort": {"at": -1, "_id.name": 1}},
    {"$group": {"_id": "$_id.product", "latest": {"$first": {"name": "$_id.name"}}}},
]
_BY_SOURCE: Document = {
    "$group": {"_id": {"topic": "$source.topic", "partition": "$source.partition"}, "number": {"$sum": 1}}
}
_BY_REASON: Document = {"$group": {"_id": {"topic": "$source.topic", "reason": "$reason"}, "number": {"$sum": 1}}}


def _aggregate(settings: Settings, stages: list[Document], *, quarantine: bool = False) -> Iterator[Document]:
    collection = rejects(settings, "operator") if quarantine else events(settings, "operator")
    with translated("recounting the raw record"):
        yield from collection.aggregate(stages, allowDiskUse=True)
