"""A night as the batch jobs leave it, written by hand: what is published, what came in since, and its candidate."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal

from tillstream import tables
from tillstream.stores.mysql import Connection, Cursor, transaction
from tillstream.tables import Table, replacing_upsert

RUN = "night-2"
BASE, EPOCH = 2, 3  # the published cut's epoch, and this night's
PUBLISHED, CANDIDATE = 1, 2  # generations
CODE = "abc1234"
_NOTHING = [None] * (len(tables.PRODUCTS.columns) - 2)
WRITTEN = (
    tables.LIVE_SALES, tables.LIVE_STOCK, tables.LIVE_COUNTS,
    tables.TRUTH_SALES_BY_HOUR, tables.TRUTH_SALES_BY_DAY, tables.TRUTH_SALES_BY_MONTH,
    tables.TRUTH_STOCK, tables.TRUTH_COUNTS,
    tables.PRODUCT_NAMES, tables.PRODUCTS, tables.EPOCHS, tables.CUTS, tables.GENERATIONS, tables.GENERATION_MONTHS,
    tables.PUBLISHED_MONTHS, tables.RAW_BLOCKS, tables.SLICE_PROFILE, tables.QUALITY_RESULTS,
)  # fmt: skip


def at(day: int, hour: int, month: int = 3) -> datetime:
    """An hour of 2019, as MySQL keeps it: without a zone."""
    return datetime.combine(date(2019, month, day), time(hour))


@dataclass(frozen=True)
class Line:
    """One receipt line: a sale, or with `returned` a return."""

    hour: datetime
    product: str
    quantity: int = 1
    price: Decimal = Decimal("10.00")
    discount: Decimal = Decimal(0)
    store: str = "yangon-1"
    currency: str = "USD"
    returned: bool = False
    first: bool = True

    @property
    def figures(self) -> tuple[Decimal, ...]:
        """As tables.SALES_FIGURES."""
        sign = -1 if self.returned else 1
        gross, discount = sign * self.quantity * self.price, sign * self.discount
        returned = self.quantity if self.returned else 0
        counts = (Decimal(sign * self.quantity), Decimal(returned), Decimal(1), Decimal(int(self.first)))
        return (*counts, gross, discount, gross - discount)


@dataclass(frozen=True)
class Move:
    """One stock movement: 'delivery', 'loss' or 'count'."""

    day: date
    kind: str
    quantity: int
    product: str = "belt"
    store: str = "yangon-1"


@dataclass(frozen=True)
class Night:
    """What readers see, what was added since, and the day of the cut."""

    published: Sequence[Line] = ()
    added: Sequence[Line] = ()
    stock_published: Sequence[Move] = ()
    stock_added: Sequence[Move] = ()
    opened_at: datetime = field(default=at(4, 18))  # UTC: 00:30 of 5 March on the shop's clock
    kind: str = "night"
    epoch: int = EPOCH
    months: Sequence[str] = field(default=())  # recounted besides those that were touched

    @property
    def recounted(self) -> list[str]:
        """The months of the candidate."""
        touched = {f"{line.hour:%Y-%m}" for line in self.added} | {f"{move.day:%Y-%m}" for move in self.stock_added}
        return sorted(touched | set(self.months))

    def write(self, connection: "Connection[Cursor]") -> None:
        """Puts it into the database in the place of whatever was there."""
        clear(connection)
        with transaction(connection) as cursor:
            cursor.execute("UPDATE `layers` SET `current_epoch` = %s, `published_epoch` = %s", (self.epoch, BASE))
            cursor.execute(
                "UPDATE `heartbeat` SET `beat_at` = UTC_TIMESTAMP(3), `state` = 'running', `newest_event_at` = %s",
                (self.opened_at,),
            )
            self._write_generations(cursor)
            self._write_raw(cursor)
            old = {f"{line.hour:%Y-%m}" for line in self.published} | {f"{m.day:%Y-%m}" for m in self.stock_published}
            write_truth(cursor, PUBLISHED, self.published, self.stock_published, old)
            write_truth(
                cursor, CANDIDATE, [*self.published, *self.added], [*self.stock_published, *self.stock_added],
                set(self.recounted),
            )  # fmt: skip
            put(
                cursor,
                tables.PUBLISHED_MONTHS,
                [(month, PUBLISHED, month < f"{self.opened_at:%Y-%m}") for month in old],
            )
            _write_live(cursor, self.added, self.stock_added)
            products = {line.product for line in (*self.published, *self.added)}
            products |= {move.product for move in (*self.stock_published, *self.stock_added)}
            put(cursor, tables.PRODUCT_NAMES, [(each, each.title(), self.opened_at) for each in products])
            put(cursor, tables.PRODUCTS, [(each, each.title(), *_NOTHING) for each in products])

    def _write_generations(self, cursor: Cursor) -> None:
        before = self.opened_at.replace(year=self.opened_at.year - 1)
        put(cursor, tables.EPOCHS, [(BASE, before), (self.epoch, self.opened_at)])
        made = (self.opened_at, self.opened_at, 1, self.opened_at)
        put(
            cursor,
            tables.GENERATIONS,
            [
                (PUBLISHED, BASE, "night-1", "night", None, 1, CODE, *made, self.opened_at),
                (CANDIDATE, self.epoch, RUN, self.kind, None, BASE, CODE, *made, None),
            ],
        )
        closed = f"{self.opened_at:%Y-%m}"
        put(cursor, tables.GENERATION_MONTHS, [(CANDIDATE, month, month < closed, 0) for month in self.recounted])

    def _write_raw(self, cursor: Cursor) -> None:
        old = {"sales": len(self.published), "stock": len(self.stock_published)}
        new = {"sales": len(self.added), "stock": len(self.stock_added)}
        put(cursor, tables.CUTS, [(BASE, topic, 0, number, number, 0, 0) for topic, number in old.items()])
        ends = {topic: old[topic] + new[topic] for topic in old}
        put(cursor, tables.CUTS, [(self.epoch, topic, 0, number, number, 0, 0) for topic, number in ends.items()])
        blocks = [(topic, 0, 0, "2019-01", number, 0, number - 1) for topic, number in ends.items() if number]
        put(cursor, tables.RAW_BLOCKS, blocks)
        profile: dict[tuple[object, ...], list[Decimal]] = {}
        for line in self.added:
            key = ("sales", 0, line.hour.date(), "return" if line.returned else "sale", line.currency)
            revenue = line.quantity * line.price - line.discount
            _add(profile.setdefault(key, [Decimal(0)] * 3), (1, line.quantity, revenue))
        for move in self.stock_added:
            _add(profile.setdefault(("stock", 0, move.day, move.kind, ""), [Decimal(0)] * 3), (1, move.quantity, 0))
        put(cursor, tables.SLICE_PROFILE, [(CANDIDATE, *key, *sums) for key, sums in profile.items()])


def clear(connection: "Connection[Cursor]") -> None:
    """Leaves a database without figures, as it was laid."""
    with transaction(connection) as cursor:
        for table in WRITTEN:
            cursor.execute(f"DELETE FROM `{table.name}`")
        cursor.execute("UPDATE `layers` SET `current_epoch` = 1, `published_epoch` = 1")
        cursor.execute("INSERT INTO `epochs` (`epoch`, `opened_at`) VALUES (1, UTC_TIMESTAMP(3))")
        cursor.execute("UPDATE `heartbeat` SET `beat_at` = NULL, `newest_event_at` = NULL, `state` = 'running'")


def ordinary(**changes: object) -> Night:
    """Two months of two products in two stores, and a day since with a late sale, a return and stock movements."""
    published = [
        Line(at(day, hour, month), product, 2, Decimal("10.50"), Decimal("0.25"), store)
        for month in (1, 2)
        for day in range(1, 29)
        for hour, product, store in ((9, "belt", "yangon-1"), (9, "shirt", "yangon-1"), (17, "belt", "yangon-2"))
    ]
    added = [
        Line(at(4, 10), "belt", 3, Decimal("11.95")),
        Line(at(4, 10), "shirt", 1, Decimal("11.95"), first=False),
        Line(at(4, 15), "belt", 1, Decimal("11.95"), returned=True),
        Line(at(28, 20, month=2), "shirt", 1, Decimal("20.00")),
    ]
    stock_published = [Move(date(2019, 2, 1), "count", 40), Move(date(2019, 2, 10), "delivery", 20)]
    stock_added = [
        Move(date(2019, 3, 4), "delivery", 12),
        Move(date(2019, 3, 4), "loss", 1, "shirt"),
        Move(date(2019, 2, 28), "count", 31),
    ]
    return replace(Night(published, added, stock_published, stock_added), **changes)  # type: ignore[arg-type]


def put(cursor: Cursor, table: Table, rows: Iterable[Sequence[object]]) -> None:
    """Writes rows in the place of those with the same keys."""
    written = list(rows)
    if written:
        cursor.executemany(replacing_upsert(table), written)


def _add(sums: list[Decimal], addends: Iterable[Decimal | int]) -> None:
    sums[:] = [one + other for one, other in zip(sums, addends, strict=True)]


def _folded(lines: Iterable[Line], period: str) -> dict[tuple[object, ...], list[Decimal]]:
    sums: dict[tuple[object, ...], list[Decimal]] = {}
    for line in lines:
        of = {"hour": (line.hour,), "day": (line.hour.date(),), "month": ()}[period]
        key = (f"{line.hour:%Y-%m}", *of, line.store, line.product, line.currency)
        _add(sums.setdefault(key, [Decimal(0)] * len(line.figures)), line.figures)
    return sums


def write_truth(
    cursor: Cursor, generation: int, lines: Iterable[Line], moves: Iterable[Move], months: set[str]
) -> None:
    """The truth tables' rows of some months."""
    kept = [line for line in lines if f"{line.hour:%Y-%m}" in months]
    for table, period in (
        (tables.TRUTH_SALES_BY_HOUR, "hour"),
        (tables.TRUTH_SALES_BY_DAY, "day"),
        (tables.TRUTH_SALES_BY_MONTH, "month"),
    ):
        put(cursor, table, [(generation, *key, *sums) for key, sums in _folded(kept, period).items()])
    stock, counts = _moved([move for move in moves if f"{move.day:%Y-%m}" in months])
    put(cursor, tables.TRUTH_STOCK, [(generation, f"{key[0]:%Y-%m}", *key, *sums) for key, sums in stock.items()])
    put(cursor, tables.TRUTH_COUNTS, [(generation, f"{count[0]:%Y-%m}", *count) for count in counts])


def _moved(moves: Iterable[Move]) -> tuple[dict[tuple[date, str, str], list[Decimal]], list[tuple[object, ...]]]:
    stock: dict[tuple[date, str, str], list[Decimal]] = {}
    counts: list[tuple[object, ...]] = []
    number: Counter[str] = Counter()
    for move in moves:
        if move.kind == "count":
            number[move.product] += 1
            event = f"{move.store}-{move.product}-{move.day}-{number[move.product]}"
            noted = datetime.combine(move.day, time(2))
            counts.append((move.day, move.store, move.product, noted, event, move.quantity))
        else:
            of = (move.quantity, 0) if move.kind == "delivery" else (0, move.quantity)
            _add(stock.setdefault((move.day, move.store, move.product), [Decimal(0)] * 2), of)
    return stock, counts


def _write_live(cursor: Cursor, lines: Iterable[Line], moves: Iterable[Move]) -> None:
    put(cursor, tables.LIVE_SALES, [(BASE, *key[1:], *sums) for key, sums in _folded(lines, "hour").items()])
    stock, counts = _moved(moves)
    put(cursor, tables.LIVE_STOCK, [(BASE, *key, *sums) for key, sums in stock.items()])
    put(cursor, tables.LIVE_COUNTS, [(BASE, *count) for count in counts])
