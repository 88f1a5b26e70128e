"""The restock plan of one store: a line by stocked product, what to refill in which month, and broken size runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ml.curves import broken_runs
from ml.health import Idle, idle, lost_sales, sell_through
from ml.outlook import Outlook
from ml.restock import MONTH_DAYS, Line, Stock, Terms, line
from ml.schedule import Refill, refills
from ml.shop_forecast import MONTHS, Issued
from ml.store_record import Catalogue
from tillstream.months import first_day, number_of

LONGEST_COVER = 240.0  # months, beyond which no day can be named on which stock is gone


@dataclass(frozen=True)
class Price:
    """What a piece sells for."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Stocked:
    """A product that is on record in a store: its number in the catalogue, and all that its line is reckoned from."""

    product: int
    stock: Stock
    terms: Terms
    price: Price | None


@dataclass(frozen=True)
class Planned:
    """What to do about one product. Pieces and money of the last year; `runs_out_on` is None where that is far away."""

    stocked: Stocked
    months: tuple[date, ...]  # the first days of those of the outlook
    line: Line
    refills: list[Refill]
    runs_out_on: date | None
    idle: Idle
    sell_through: float | None
    lost_pieces: float
    lost_money: Decimal | None


def months_ahead(today: date) -> tuple[date, ...]:
    """The first days of the months of an outlook."""
    number = number_of(today)
    return tuple(first_day(number + ahead) for ahead in range(MONTHS))


def planned(issued: Issued, stocked: Stocked, today: date) -> Planned:
    """The plan of one product."""
    outlook, months = issued.outlook(stocked.product), months_ahead(today)
    due = line(outlook, stocked.stock, stocked.terms, today, months)
    lost = float(issued.lost_last_year[stocked.product])
    return Planned(
        stocked=stocked,
        months=months,
        line=due,
        refills=refills(outlook, stocked.stock, stocked.terms, due, today, months),
        runs_out_on=_gone_on(outlook, stocked.stock.on_hand, today),
        idle=idle(stocked.stock, outlook, stocked.terms.unit_cost),
        sell_through=sell_through(int(issued.sold_last_year[stocked.product]), stocked.stock.on_hand),
        lost_pieces=lost,
        lost_money=lost_sales(lost, stocked.price.amount if stocked.price else None),
    )


def size_runs(issued: Issued, stocked: Sequence[Stocked], catalogue: Catalogue) -> dict[tuple[str, str], str]:
    """By style and colour, the broken runs of products that are parts of styles."""
    if catalogue.variants is None:
        return {}
    parts = [one for one in stocked if catalogue.variants.sizes[one.product]]
    numbers = [one.product for one in parts]
    on_hand = [one.stock.on_hand for one in parts]
    return broken_runs(on_hand, issued.remaining[numbers].sum(axis=1).tolist(), catalogue.variants.of(numbers))


def _gone_on(outlook: Outlook, on_hand: int, today: date) -> date | None:
    """The day on which stock is gone if it sells as expected."""
    there, begin = float(max(0, on_hand)), 0.0
    for number, pieces in enumerate(outlook.expected.tolist()):
        end = outlook.end(number)
        if pieces >= there:
            months = begin + (end - begin) * (there / pieces if pieces else 0.0)
            return today + timedelta(days=int(months * MONTH_DAYS))
        there, begin = there - pieces, end
    if outlook.pace <= 0 or there / outlook.pace > LONGEST_COVER:
        return None
    return today + timedelta(days=int((begin + there / outlook.pace) * MONTH_DAYS))
