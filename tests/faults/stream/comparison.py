"""Raw record, views and a till's own book, compared exactly."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from reports.verify import verify
from tests.faults.stream.book import Book, Figures, on_hand, sales_by_hour, sales_by_month
from tillstream.settings import Settings
from tillstream.stores.mongo import events, rejects
from tillstream.stores.mysql import reading, rows

MOST = 5  # differences that are told of each kind


class Inexact(AssertionError):  # noqa: N818 it reads as what it says
    """Something was lost, counted twice, or is not what was sent."""


def assert_exact(settings: Settings, store: str, book: Book) -> None:
    """Raises Inexact unless raw record, views and book say the same, and every record of Kafka is accounted for."""
    found = [
        *_raw_differences(settings, store, book),
        *_view_differences(settings, store, book),
        *_unaccounted(settings),
    ]
    verdict = verify(settings)
    found += [f"verify: {difference}" for difference in verdict.differences[:MOST]]
    if found or not verdict.holds:
        raise Inexact("\n".join(found))


def _raw_differences(settings: Settings, store: str, book: Book) -> list[str]:
    raw = {document["_id"]: document for document in events(settings, "operator").find({"store_id": store})}
    differences = [f"raw record: {one} is missing" for one in sorted(book.first.keys() - raw.keys())[:MOST]]
    differences += [f"raw record: {one} was never sent" for one in sorted(raw.keys() - book.first.keys())[:MOST]]
    for event_id in sorted(raw.keys() & book.first.keys()):
        line, document = book.first[event_id].line, raw[event_id]
        said = (document["kind"], document["product_id"], document["quantity"])
        if line is not None and said != (line.kind, line.product, line.quantity):
            differences.append(f"raw record: {event_id} is {said}, sent first as {line}")
    if len(raw) != len(book.first):
        differences.append(f"raw record: {len(raw)} events, {len(book.first)} were sent")
    ids = sorted(book.conflicts | book.rubbish)
    kept = {one["_id"]: one["reason"] for one in rejects(settings, "operator").find({"_id": {"$in": ids}})}
    differences += [f"quarantine: {one} is missing" for one in ids if one not in kept]
    wrong = [one for one in book.conflicts if kept.get(one, "conflict") != "conflict"]
    return differences + [f"quarantine: {one} is {kept[one]}, not a conflict" for one in wrong]


def _view_differences(settings: Settings, store: str, book: Book) -> list[str]:
    columns = "`product_id`, `currency`, `units`, `returned_units`, `lines`, `gross`, `discount`, `revenue`"
    with reading(settings, "bi") as cursor:
        hours = rows(cursor, f"SELECT `hour`, {columns} FROM `sales_by_hour` WHERE `store_id` = %s", (store,))
        months = rows(cursor, f"SELECT `month`, {columns} FROM `sales_by_month` WHERE `store_id` = %s", (store,))
        query = "SELECT `product_id`, `on_hand` FROM `stock_on_hand` WHERE `store_id` = %s"
        stock = {product: int(number) for product, number in rows(cursor, query, (store,))}
    return [
        *_differences("sales_by_hour", _in_money(sales_by_hour(book.lines)), _by_key(hours)),
        *_differences("sales_by_month", _in_money(sales_by_month(book.lines)), _by_key(months)),
        *_differences("stock_on_hand", on_hand(book.lines), stock),
    ]


def _unaccounted(settings: Settings) -> list[str]:
    known = "`counted` + `duplicates` + `rejected` + `skipped`"
    query = f"SELECT `topic`, `partition`, `next_offset`, {known} FROM `stream_offsets`"
    with reading(settings, "operator") as cursor:
        found = rows(cursor, query)
    return [
        f"{topic}-{partition}: {known} of {end} records are accounted for"
        for topic, partition, end, known in found
        if end != known
    ]


def _in_money(figures: Mapping[Any, Figures]) -> dict[Any, tuple[Any, ...]]:
    return {
        key: (units, returned, lines, _money(gross), _money(off), _money(gross - off))
        for key, (units, returned, lines, gross, off) in figures.items()
    }


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _by_key(found: Sequence[tuple[Any, ...]]) -> dict[Any, tuple[Any, ...]]:
    return {row[:3]: row[3:] for row in found}


def _differences(view: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> list[str]:
    keys = sorted(expected.keys() | found.keys(), key=str)
    wrong = [key for key in keys if expected.get(key) != found.get(key)]
    told = [f"{view}: {key} is {found.get(key)}, sold were {expected.get(key)}" for key in wrong[:MOST]]
    return told + ([f"{view}: {len(wrong)} of {len(keys)} rows differ"] if wrong else [])
