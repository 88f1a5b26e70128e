"""A live till: the sales of a shop as they are rung up, with the faults of real tills where they are asked for."""

import enum
import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sources.addresses import address
from sources.corruptions import CORRUPTIONS
from sources.history import CURRENCY, STORE_ID
from sources.receipts import HOME_DELIVERY
from sources.seeds import Purpose, stream
from sources.till_receipts import Kind, TillLine, TillProduct, receipts
from tillstream.errors import TerminalError
from tillstream.events import SALES, Rules, Sale, encode, event_id
from tillstream.shop_calendar import opening, zone

LATE = timedelta(hours=1), timedelta(days=3)  # a till that was without a network: at least, at most
RESENT_WITHIN, REORDERED_WITHIN = 500, 20  # records that come between


class Fault(enum.StrEnum):
    """What is wrong with a record."""

    RESENT = "re-sent"
    DELAYED = "delayed"
    REORDERED = "reordered"
    CORRUPTED = "corrupted"


_Home = tuple[str, str, str] | tuple[None, None, None]

SOUND: frozenset[Fault] = frozenset()


@dataclass(frozen=True)
class TillFaults:
    """Shares, from 0 to 1, of records that are sent twice, of receipts that arrive hours or days late, of records
    that others overtake, and of records that the contract refuses. Raises TerminalError for other numbers.
    """

    resend: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0 <= share <= 1:
                raise TerminalError(f"{share} is not a share of faults ({name}).", "Choose a number from 0 to 1.")


@dataclass(frozen=True)
class Till:
    """Which till it is. Two tills that run at the same time need ids of their own."""

    rules: Rules
    till_id: str = "live-1"
    store_id: str = STORE_ID
    currency: str = CURRENCY


class TillRecord(NamedTuple):
    """A Kafka record. `faults`: what is wrong with it, if anything."""

    topic: str
    key: str
    value: bytes | None
    faults: frozenset[Fault]


def till_records(
    seed: int,
    faults: TillFaults,
    clock: Callable[[], datetime],
    products: Sequence[TillProduct],
    till: Till,
    goes_on: Callable[[int], bool] = lambda _: True,
) -> Iterator[TillRecord]:
    """The records of a till, in the order in which it sends them.

    `clock` gives aware instants; it is asked once at the start, which makes the order ids unique across restarts, and
    once per receipt. `goes_on` is asked before each new line with the number of records that are sent or will be; once
    it says no, what was held back is still sent, and no other record.
    """
    draw = _draws(seed)
    held: list[tuple[int, int, TillRecord]] = []  # after how many lines of the till, a number of its own, the record
    sent = rung_up = 0
    numbers = itertools.count()
    lines = _rung_up(draw, seed, faults, clock, products, till)
    while goes_on(sent + len(held)):
        record = next(lines)
        rung_up += 1
        if draw() < faults.resend and goes_on(sent + len(held) + 1):
            again = record._replace(faults=record.faults | {Fault.RESENT})
            heapq.heappush(held, (rung_up + 1 + int(draw() * RESENT_WITHIN), next(numbers), again))
        if draw() < faults.reorder:
            late = record._replace(faults=record.faults | {Fault.REORDERED})
            heapq.heappush(held, (rung_up + 1 + int(draw() * REORDERED_WITHIN), next(numbers), late))
        else:
            yield record
            sent += 1
        while held and held[0][0] <= rung_up:
            yield heapq.heappop(held)[2]
            sent += 1
    for _, _, record in sorted(held):
        yield record


def _draws(seed: int) -> Callable[[], float]:
    generator = stream(seed, Purpose.TILL)
    return itertools.chain.from_iterable(generator.random(4096).tolist() for _ in itertools.count()).__next__


def _rung_up(
    draw: Callable[[], float],
    seed: int,
    faults: TillFaults,
    clock: Callable[[], datetime],
    products: Sequence[TillProduct],
    till: Till,
) -> Iterator[TillRecord]:
    """The lines of receipt after receipt, some of them late, some of them spoilt."""
    shop_zone = zone(till.rules.timezone)
    earliest = opening(till.rules.opening_day, shop_zone)
    started = f"{clock().astimezone(UTC):%Y%m%dT%H%M%S.%f}"[:-3]
    home_draws = stream(seed, Purpose.TILL, 1)
    homes = [address(home_draws) for _ in range(200)]
    for number, (kind, lines) in enumerate(receipts(draw, products), 1):
        late = draw() < faults.delay
        now = clock()
        sold_at = max(earliest, now - LATE[0] - draw() * (LATE[1] - LATE[0])) if late else now
        sold_at = sold_at.astimezone(shop_zone)
        home: _Home = homes[int(draw() * len(homes))] if draw() < HOME_DELIVERY else (None, None, None)
        order_id = f"{started}-{number}"
        faulty = frozenset((Fault.DELAYED,)) if late else SOUND
        for line_no, line in enumerate(lines, 1):
            value = encode(_sale(till, kind, order_id, line_no, line, sold_at, home))
            if draw() < faults.corrupt:
                spoilt = CORRUPTIONS[int(draw() * len(CORRUPTIONS))].spoil(value)
                yield TillRecord(SALES, order_id, spoilt, faulty | {Fault.CORRUPTED})
            else:
                yield TillRecord(SALES, order_id, value, faulty)


def _sale(till: Till, kind: Kind, order_id: str, line_no: int, line: TillLine, sold_at: datetime, home: _Home) -> Sale:
    city, region, street = home
    return Sale(
        event_id=event_id(till.till_id, order_id, line_no),
        schema_version=1,
        kind=kind,
        order_id=order_id,
        line_no=line_no,
        till_id=till.till_id,
        store_id=till.store_id,
        product_id=line.product.product_id,
        product_name=line.product.product_name,
        quantity=line.quantity,
        unit_price=str(line.product.unit_price),
        discount=line.discount,
        currency=till.currency,
        sold_at=sold_at,
        city=city,
        region=region,
        address=street,
    )
