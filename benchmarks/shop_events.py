"""The records of a busy chain of shops, made fast: three stores, 500 products, receipts of one to three lines.

As a real shop's they are not all good: one in 500 is sent twice, and one in 2,000 breaks the contract.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count, cycle, repeat
from typing import NamedTuple

STORES = ("store-1", "store-2", "store-3")
PRODUCTS = 500
RESENT_EVERY, RESENT_AFTER = 500, 250  # events
BAD_EVERY = 2_000
LINES_PER_RECEIPT = 2  # on average

# Of a backlog: so many events are sold in so many hours, three such stretches a day.
STRETCH_EVENTS, STRETCH = 200_000, timedelta(hours=4)
FIRST_OPENING = datetime.fromisoformat("2025-01-06T09:00:00+06:30")
STRETCHES_PER_DAY = 3
OPEN_HOURS = timedelta(hours=12)

VARIANTS = 40  # of each product: quantities, discounts, returns
CITIES = ("Yangon", "Mandalay", "Naypyidaw", "Mawlamyine", "Bago")


class Record(NamedTuple):
    """What is sent to Kafka."""

    key: str
    value: bytes


def records(till: str, moments: Iterator[bytes], stores: Sequence[str] = STORES) -> Iterator[Record]:
    """Records without end. `till` tells one caller's events from another's; each receipt takes one of `moments`."""
    draw, lines = random.Random(till).random, _lines()  # noqa: S311 the same shop in every run, not a secret
    bad = cycle(_BREAKS)
    number, again = 0, Record("", b"")
    for order, moment in enumerate(moments):
        store = stores[order % len(stores)]
        order_id = f"{till}-{order:08d}"
        head = f'"schema_version":1,"order_id":"{order_id}","till_id":"{store}-{till}","store_id":"{store}"'.encode()
        tail = b'"sold_at":"%b"%b}' % (moment, _address(draw) if draw() < 0.05 else b"")
        for line_no in range(1, 2 + int(draw() * 3)):
            identity = b'{"event_id":"%b-%b-%b-%d","line_no":%d,' % (
                store.encode(), till.encode(), order_id.encode(), line_no, line_no,
            )  # fmt: skip
            value = b"%b%b,%b,%b" % (identity, head, lines[int(draw() * len(lines))], tail)
            yield Record(order_id, value)
            number += 1
            if number % RESENT_EVERY == 0:
                again = Record(order_id, value)
            elif number % RESENT_EVERY == RESENT_AFTER and again.value:
                yield again
            if number % BAD_EVERY == 0:
                before, after = next(bad)
                yield Record(order_id, value.replace(before, after))


def backlog_moments(share: int) -> Iterator[bytes]:
    """When the receipts of a backlog were written, in order, for one of `share` processes that make it together."""
    receipts = STRETCH_EVENTS // LINES_PER_RECEIPT // share
    step = STRETCH / receipts
    for stretch in count():
        day, part = divmod(stretch, STRETCHES_PER_DAY)
        opening = FIRST_OPENING + timedelta(days=day) + part * STRETCH
        for receipt in range(receipts):
            yield (opening + receipt * step).isoformat(timespec="milliseconds").encode()


def daily_moments(share: int, opening: datetime, a_day: int) -> Iterator[bytes]:
    """When the receipts of an even trade of `a_day` events were written, day after day from an opening on.

    In order, for one of `share` processes that make it together.
    """
    receipts = a_day // LINES_PER_RECEIPT // share
    step = OPEN_HOURS / receipts
    for day in count():
        for receipt in range(receipts):
            yield (opening + timedelta(days=day) + receipt * step).isoformat(timespec="milliseconds").encode()


def present_moments() -> Iterator[bytes]:
    """Now, whenever it is asked for."""
    return (datetime.now(FIRST_OPENING.tzinfo).isoformat(timespec="milliseconds").encode() for _ in repeat(None))


def product_id(number: int) -> str:
    """Of one of PRODUCTS, from 0 on."""
    return f"SHIRT-{number:04d}"


def product_name(number: int) -> str:
    """Likewise."""
    return f"Shirt {number:04d}, long sleeve, indigo"


# A cut off record, a bad quantity, a currency that does not exist, and a float where money belongs.
_BREAKS = (
    (b'"}', b""),
    (b'"quantity":', b'"quantity":-'),
    (b'"MMK"', b'"XXX"'),
    (b'"unit_price":"', b'"unit_price":1.5,"":"'),
)


def _lines() -> list[bytes]:
    """The part of an event that says what was sold; each is as likely as the others."""
    draw = random.Random("assortment")  # noqa: S311 likewise
    lines = []
    for number in range(PRODUCTS):
        price = draw.randrange(3_000, 90_000, 500)
        for variant in range(VARIANTS):
            quantity = 1 + (variant % 5 == 0) + (variant % 20 == 0)
            kind = "return" if variant == 7 else "sale"
            discount = f'"discount":"{price // 10}",' if variant % 13 == 1 else ""
            lines.append(
                f'"product_id":"{product_id(number)}","product_name":"{product_name(number)}",'
                f'"kind":"{kind}","quantity":{quantity},"unit_price":"{price}",{discount}"currency":"MMK"'.encode()
            )
    return lines


def _address(draw: Callable[[], float]) -> bytes:
    city = CITIES[int(draw() * len(CITIES))]
    return f',"city":"{city}","region":"{city}","address":"{int(draw() * 300)} Strand Road, {city}"'.encode()
