"""A month's figure, down to the receipts that it came from."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from tillstream.accounts import EVENTS
from tillstream.code_version import code_version
from tillstream.errors import TerminalError
from tillstream.money import text
from tillstream.settings import Settings
from tillstream.shop_calendar import opening, zone
from tillstream.stores import live
from tillstream.stores.kafka import Source
from tillstream.stores.mongo import Document, events, rejects, translated
from tillstream.stores.mysql import Cursor, reading, rows

MOST_RECEIPTS = 1_000  # listed; all are added up


class Figure(msgspec.Struct, frozen=True):
    """One currency's figure of the month: as the view shows it, and as its receipts add up."""

    currency: str
    units: int
    revenue: str
    units_of_receipts: int
    revenue_of_receipts: str
    lines: int
    state: str


class ReceiptLine(msgspec.Struct, frozen=True):
    """One event behind the figure, without the customer's address; `source` is its Kafka record."""

    event_id: str
    kind: str
    sold_at: str
    product_id: str
    quantity: int
    unit_price: str
    discount: str
    currency: str
    revenue: str
    source: str


class Conflict(msgspec.Struct, frozen=True):
    """A record that did not count because its event id was taken by other content."""

    id: str
    detail: str
    received_at: str


class Restatement(msgspec.Struct, frozen=True):
    """What a publication changed in a product's figure after the month was closed."""

    generation: int
    published_at: str
    product_id: str
    currency: str
    units_before: int
    units_after: int
    revenue_before: str
    revenue_after: str
    cause: str


class Explanation(msgspec.Struct, frozen=True):
    """All that stands behind a month's figure."""

    month: str
    product_id: str | None
    figures: list[Figure]
    from_truth: int
    from_live: int
    generation: int | None
    run_id: str | None
    code_version: str
    restatements: list[Restatement]
    conflicts: list[Conflict]
    rejected: dict[str, int]
    receipts: list[ReceiptLine]
    receipts_left_out: int


def explain(settings: Settings, month: str, product_id: str | None = None) -> Explanation:
    """Explains the sales of a month, 'YYYY-MM', of all products or of one. Raises TerminalError for no month."""
    first, end = _bounds(month, settings.timezone)
    with reading(settings, "operator") as cursor:
        offsets = live.floors(cursor)
        shown = _shown(cursor, month, product_id)
        layers = _layers(cursor, month, product_id)
        generation = _generation(cursor, month)
        restatements = _restatements(cursor, month, product_id)
        rejected = dict(
            rows(
                cursor,
                "SELECT `reason`, CAST(SUM(`rejected`) AS SIGNED) FROM `rejects_by_reason` GROUP BY `reason`",
            )
        )
    lines, sums, number = _receipts(settings, first, end, product_id, offsets)
    return Explanation(
        month=month,
        product_id=product_id,
        figures=_figures(shown, sums),
        from_truth=layers[0],
        from_live=layers[1],
        generation=generation[0],
        run_id=generation[1],
        code_version=generation[2] or code_version(),
        restatements=restatements,
        conflicts=_conflicts(settings, first, end),
        rejected=rejected,
        receipts=lines,
        receipts_left_out=number - len(lines),
    )


def _bounds(month: str, timezone: str) -> tuple[datetime, datetime]:
    try:
        first = datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 a business month has no zone
    except ValueError as error:
        raise TerminalError(f"'{month}' is not a month.", "Write it as 2019-04.") from error
    shop_zone = zone(timezone)
    return opening(first, shop_zone), opening((first + timedelta(days=31)).replace(day=1), shop_zone)


def _shown(cursor: Cursor, month: str, product_id: str | None) -> dict[str, tuple[int, Decimal, str]]:
    found = rows(
        cursor,
        "SELECT `currency`, SUM(`units`), SUM(`revenue`), MAX(`state`) FROM `sales_by_month` "
        "WHERE `month` = %s AND (%s IS NULL OR `product_id` = %s) GROUP BY `currency`",
        (month, product_id, product_id),
    )
    return {currency: (int(units), revenue, state) for currency, units, revenue, state in found}


def _layers(cursor: Cursor, month: str, product_id: str | None) -> tuple[int, int]:
    """Units that the published truth has, and units that the live layer adds."""
    [(truth,)] = rows(
        cursor,
        "SELECT COALESCE(SUM(t.`units`), 0) FROM `truth_sales_by_month` t JOIN `published_months` p "
        "ON p.`month` = t.`month` AND p.`generation` = t.`generation` "
        "WHERE t.`month` = %s AND (%s IS NULL OR t.`product_id` = %s)",
        (month, product_id, product_id),
    )
    [(newer,)] = rows(
        cursor,
        "SELECT COALESCE(SUM(l.`units`), 0) FROM `live_sales` l JOIN `layers` y ON l.`epoch` >= y.`published_epoch` "
        "WHERE DATE_FORMAT(l.`hour`, '%%Y-%%m') = %s AND (%s IS NULL OR l.`product_id` = %s)",
        (month, product_id, product_id),
    )
    return int(truth), int(newer)


def _generation(cursor: Cursor, month: str) -> tuple[int | None, str | None, str | None]:
    found = rows(
        cursor,
        "SELECT g.`generation`, g.`run_id`, g.`code_version` FROM `published_months` p "
        "JOIN `generations` g ON g.`generation` = p.`generation` WHERE p.`month` = %s",
        (month,),
    )
    return found[0] if found else (None, None, None)


def _restatements(cursor: Cursor, month: str, product_id: str | None) -> list[Restatement]:
    """The newest first, and of very many the newest."""
    found = rows(
        cursor,
        "SELECT `generation`, `published_at`, `product_id`, `currency`, `before_units`, `after_units`, `before`, "
        "`after`, `cause` FROM `restatements` WHERE `month` = %s AND (%s IS NULL OR `product_id` = %s) "
        f"ORDER BY `generation` DESC, `product_id`, `currency` LIMIT {MOST_RECEIPTS}",
        (month, product_id, product_id),
    )
    return [
        Restatement(
            generation, f"{at:%Y-%m-%dT%H:%M:%SZ}", product, currency, int(units), int(units_after),
            text(revenue, currency), text(revenue_after, currency), cause,
        )
        for generation, at, product, currency, units, units_after, revenue, revenue_after, cause in found
    ]  # fmt: skip


def _receipts(
    settings: Settings, first: datetime, end: datetime, product_id: str | None, offsets: dict[Source, int]
) -> tuple[list[ReceiptLine], dict[str, tuple[int, Decimal, int]], int]:
    """The first lines in the order of sale, the sums of all per currency (units, revenue, lines), and their number."""
    lines: list[ReceiptLine] = []
    sums: dict[str, tuple[int, Decimal, int]] = {}
    number = 0
    for document in _documents(settings, first, end, product_id):
        source = document["source"]
        if source["offset"] >= offsets.get((source["topic"], source["partition"]), 0):
            continue  # written, and not yet in the figures
        sign = -1 if document["kind"] == "return" else 1
        revenue = sign * (
            document["quantity"] * Decimal(document["unit_price"]) - Decimal(document.get("discount", "0"))
        )
        units, total, count = sums.get(document["currency"], (0, Decimal(0), 0))
        sums[document["currency"]] = (units + sign * document["quantity"], total + revenue, count + 1)
        number += 1
        if number <= MOST_RECEIPTS:
            lines.append(_line(document, revenue))
    return lines, sums, number


def _documents(settings: Settings, first: datetime, end: datetime, product_id: str | None) -> Iterator[Document]:
    query: Document = {"kind": {"$in": ["sale", "return"]}, "sold_at": {"$gte": first, "$lt": end}}
    if product_id is not None:
        query["product_id"] = product_id
    with translated("reading the raw record"):
        found = events(settings, "operator").find(query, {"address": 0, "city": 0, "region": 0}, allow_disk_use=True)
        yield from found.sort([("sold_at", 1), ("_id", 1)])


def _line(document: Document, revenue: Decimal) -> ReceiptLine:
    return ReceiptLine(
        event_id=document["_id"],
        kind=document["kind"],
        sold_at=_utc(document["sold_at"]),
        product_id=document["product_id"],
        quantity=document["quantity"],
        unit_price=document["unit_price"],
        discount=document.get("discount", "0"),
        currency=document["currency"],
        revenue=text(revenue, document["currency"]),
        source="{topic}-{partition}-{offset}".format(**document["source"]),
    )


def _figures(shown: dict[str, tuple[int, Decimal, str]], sums: dict[str, tuple[int, Decimal, int]]) -> list[Figure]:
    figures = []
    for currency in sorted(shown.keys() | sums.keys()):
        units, revenue, state = shown.get(currency, (0, Decimal(0), "missing"))
        units_found, revenue_found, lines = sums.get(currency, (0, Decimal(0), 0))
        figures.append(
            Figure(currency, units, text(revenue, currency), units_found, text(revenue_found, currency), lines, state)
        )
    return figures


def _conflicts(settings: Settings, first: datetime, end: datetime) -> list[Conflict]:
    """Records that were refused because an event of this month has their id."""
    with translated("reading the quarantine"):
        found = rejects(settings, "operator").aggregate(
            [
                {"$match": {"reason": "conflict"}},
                {"$lookup": {"from": EVENTS, "localField": "event_id", "foreignField": "_id", "as": "first"}},
                {"$match": {"first.sold_at": {"$gte": first, "$lt": end}}},
                {"$project": {"detail": 1, "received_at": 1}},
                {"$limit": MOST_RECEIPTS},
            ]
        )
        return [Conflict(document["_id"], document["detail"], _utc(document["received_at"])) for document in found]


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
