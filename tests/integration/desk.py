"""A shop's desk with a forecast on it: rows as the night's forecast would have put them there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from click.testing import CliRunner
from scipy.stats import poisson

from ml.outlook import LEVELS, outlook
from ml.restock import Line, Receipt, Stock, Terms, line
from tillstream import tables
from tillstream.cli import command
from tillstream.forecast_models import Known, Model, documents
from tillstream.settings import Settings
from tillstream.shop_calendar import month
from tillstream.stores.mysql import Cursor, connect, transaction
from tillstream.tables import Table, replacing_upsert

TODAY = date(2026, 3, 10)
HORIZON = 7
MONTHS = tuple(date(2026, 3 + n, 1) for n in range(HORIZON))
AT = datetime(2026, 3, 10, 1)  # noqa: DTZ001 UTC, as MySQL keeps it


@dataclass(frozen=True)
class Item:
    """A product, what it sells in a month, and what there is of it."""

    product_id: str
    name: str
    monthly: float = 20.0
    on_hand: int = 5
    on_order: int = 0
    supplier: str | None = "Golden Loom"
    cost: Decimal | None = Decimal("9500.00")
    currency: str = "MMK"
    pack: int = 6
    minimum: int = 0
    lead: int | None = 14
    size: str | None = None
    colour: str | None = None
    store: str = "main"
    season_known: bool = True
    method: str = "pool"

    @property
    def model(self) -> Model:
        """A steady demand, by the Poisson distribution."""
        sums = {level: [float(poisson.ppf(level, self.monthly * n)) for n in range(1, HORIZON + 1)] for level in LEVELS}
        history = {f"2025-{n:02}": Known(self.monthly, round(self.monthly) - 1, 0.95) for n in range(1, 13)}
        expected = {month(day): self.monthly for day in MONTHS}
        return Model(history, {"ses": 0.5, "theta": 0.3, "ma12": 0.2}, expected, sums)

    @property
    def terms(self) -> Terms:
        """As the plan would buy it."""
        return Terms(self.lead, pack=self.pack, minimum=self.minimum, unit_cost=self.cost, abc="A")

    @property
    def line(self) -> Line:
        """What the plan would say of it."""
        receipts = (Receipt(TODAY + timedelta(days=7), self.on_order),) if self.on_order else ()
        return line(outlook(self.model, TODAY), Stock(self.on_hand, receipts), self.terms, TODAY, MONTHS)


@dataclass
class Desk:
    """A database with products, a store in which something was sold, and forecasts."""

    settings: Settings
    forecasts: int = field(default=0)

    def clear(self) -> None:
        """No reference data."""
        for table in (tables.PRODUCTS, tables.SUPPLIERS):
            self.change(f"DELETE FROM `{table.name}`")

    def run(self, *arguments: str) -> str:
        """What a command prints. Raises TerminalError as the command would."""
        environment = {"TILLSTREAM_HOME": str(self.settings.home)}
        result = CliRunner().invoke(command, arguments, env=environment, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """What a command tells with `--json`."""
        return json.loads(self.run(*arguments, "--json"))

    def put(self, table: Table, *rows: tuple[object, ...]) -> None:
        """Rows of a table, with all its columns."""
        with _owner(self.settings) as cursor:
            for row in rows:
                _put(cursor, table, row)

    def change(self, statement: str) -> None:
        """What a test needs besides."""
        with _owner(self.settings) as cursor:
            cursor.execute(statement)

    def open(self, *items: Item, stores: tuple[str, ...] = ("main",)) -> None:
        """Products are known, and stores have sold something."""
        with _owner(self.settings) as cursor:
            for item in items:
                cursor.execute(replacing_upsert(tables.PRODUCTS), _product(item))
                _put(cursor, tables.PRODUCT_NAMES, (item.product_id, item.name, AT))
            for store in stores:
                sale = (AT, store, items[0].product_id, "MMK", 1, 0, 1, 1, 700, 0, 700)
                _put(cursor, tables.LIVE_SALES, (1, *sale))

    def publish(self, *items: Item, issued_on: date = TODAY, current: bool = True) -> int:
        """A forecast and its plan, seen by readers if it is current; by store where there are several."""
        several = len({item.store for item in items}) > 1
        self.forecasts += 1
        number = self.forecasts
        with _owner(self.settings) as cursor:
            head = (number, f"run-{number}", 1, issued_on, 24, "code", AT, AT, AT if current else None)
            _put(cursor, tables.FORECASTS, head)
            for item in items:
                for scope in ("", *[item.store] * several):
                    for row in _months(number, scope, item):
                        _put(cursor, tables.FORECAST_MONTHS, row)
                    _put(cursor, tables.FORECAST_MODELS, (number, scope, item.product_id, *documents(item.model)))
                _put(cursor, tables.PLAN_LINES, _plan_line(number, item))
                _refill(cursor, number, item)
            if current:
                _put(cursor, tables.CURRENT_FORECAST, (1, number))
        return number


@contextmanager
def _owner(settings: Settings) -> Iterator[Cursor]:
    """A transaction of the account that may do anything."""
    connection = connect(settings, "migrate")
    try:
        with transaction(connection) as cursor:
            yield cursor
    finally:
        connection.close()


def _put(cursor: Cursor, table: Table, row: tuple[object, ...]) -> None:
    cursor.execute(replacing_upsert(table), row)


def _product(item: Item) -> tuple[object, ...]:
    return (
        item.product_id, item.name, "Shirts", item.name, item.size, item.colour, item.supplier, item.cost,
        item.currency if item.cost is not None else None, item.lead, item.pack, item.minimum, None, None,
    )  # fmt: skip


def _months(number: int, scope: str, item: Item) -> list[tuple[object, ...]]:
    low, half, high = (float(poisson.ppf(level, item.monthly)) for level in (0.1, 0.5, 0.9))
    return [
        (
            number, scope, item.product_id, month(day), item.monthly, low, half, high, item.monthly,
            item.method if n else "nowcast", 2.5, 3.75, 4.0, item.season_known,
        )
        for n, day in enumerate(MONTHS)
    ]  # fmt: skip


def _plan_line(number: int, item: Item) -> tuple[object, ...]:
    made = item.line
    refill = None if made.refill_month is None else month(MONTHS[made.refill_month])
    currency = item.currency if item.cost is not None else None
    out = TODAY + timedelta(days=int(max(0, item.on_hand) / item.monthly * 30)) if item.monthly else None
    return (
        number, item.store, item.product_id, made.quantity, made.order_by, refill, made.urgency.value,
        made.reorder_point, made.order_up_to, made.safety_stock, made.service, "A",
        made.months_of_cover if np.isfinite(made.months_of_cover) else None, out, item.on_hand, item.on_order, 0,
        item.lead, item.pack, item.minimum, item.supplier, item.cost, made.cost, currency, made.reason, "ok", 0, None,
        0.8, 0, None, None,
    )  # fmt: skip


def _refill(cursor: Cursor, number: int, item: Item) -> None:
    made = item.line
    if made.refill_month is not None and made.quantity:
        row = (month(MONTHS[made.refill_month]), made.quantity, made.order_by, made.cost, made.reason)
        _put(cursor, tables.PLAN_MONTHS, (number, item.store, item.product_id, *row))
