"""A till's book added up: what must be in the raw record and in the views. Plain Python and whole numbers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from tests.faults.stream.till import Line, Sent

HourKey = tuple[datetime, str, str]  # hour on the shop's clock, product, currency
# units, returned units, lines, gross, discount (both in cents)
Figures = tuple[int, int, int, int, int]


@dataclass
class Book:
    """The first event of each id holds. `lost` names records that Kafka deleted before anyone read them."""

    first: dict[str, Sent] = field(default_factory=dict)
    conflicts: set[str] = field(default_factory=set)
    rubbish: set[str] = field(default_factory=set)
    again: int = 0

    @property
    def lines(self) -> list[Line]:
        return [sent.line for sent in self.first.values() if sent.line is not None]


def book_of(sent: Iterable[Sent], lost: frozenset[str] = frozenset()) -> Book:
    """Tells what counts from what was sent again, contradicts what counts, or is rubbish."""
    book = Book()
    for record in sent:
        if record.coordinates in lost:
            continue
        if record.line is None:
            book.rubbish.add(record.coordinates)
        elif (first := book.first.setdefault(record.line.event_id, record)) is record:
            continue
        elif first.line == record.line:
            book.again += 1
        else:
            book.conflicts.add(record.coordinates)
    return book


def sales_by_hour(lines: Iterable[Line]) -> dict[HourKey, Figures]:
    """The figures of the view of the same name, for one store."""
    sums: dict[HourKey, list[int]] = defaultdict(lambda: [0] * 5)
    for line in lines:
        if line.topic == "sales":
            sign = -1 if line.kind == "return" else 1
            returned = line.quantity if line.kind == "return" else 0
            amounts = (sign * line.quantity, returned, 1, sign * line.quantity * line.cents, sign * line.off)
            hour = line.at.replace(minute=0, second=0, microsecond=0)
            total = sums[hour, line.product, line.currency]
            total[:] = [one + other for one, other in zip(total, amounts, strict=True)]
    return {key: (total[0], total[1], total[2], total[3], total[4]) for key, total in sums.items()}


def sales_by_month(lines: Iterable[Line]) -> dict[tuple[str, str, str], Figures]:
    """The figures of the view of the same name, for one store."""
    months: dict[tuple[str, str, str], Figures] = {}
    for (hour, product, currency), figures in sales_by_hour(lines).items():
        key = (f"{hour:%Y-%m}", product, currency)
        one = months.get(key, (0, 0, 0, 0, 0))
        months[key] = (
            one[0] + figures[0], one[1] + figures[1], one[2] + figures[2], one[3] + figures[3], one[4] + figures[4]
        )  # fmt: skip
    return months


def on_hand(lines: Iterable[Line]) -> dict[str, int]:
    """Last count + deliveries + returns - losses - sales of the days since, of products that the stock knows."""
    lines = list(lines)
    stock: dict[str, int] = {}
    for product in {line.product for line in lines if line.topic == "stock"}:
        mine = [line for line in lines if line.product == product]
        counts = [line for line in mine if line.kind == "count"]
        last = max(counts, key=lambda line: (line.day, line.at, line.event_id), default=None)
        since = last.at.date() if last else date.min  # a till writes a count down on its own day
        changes = (_change(line) for line in mine if line.at.date() >= since)
        stock[product] = (last.quantity if last else 0) + sum(changes)
    return stock


def _change(line: Line) -> int:
    return {"count": 0, "delivery": 1, "return": 1, "loss": -1, "sale": -1}[line.kind] * line.quantity
