"""Reads a CSV file of products, whole or not at all."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sources.csv_lines import Record, opened, records
from sources.csv_values import amount, clean, whole_number
from tillstream.errors import TerminalError
from tillstream.events import normalised
from tillstream.money import CURRENCY_PLACES, has_places
from tillstream.tables import COUNT, CURRENCY, DAY, MONEY, NUMBER, PRODUCTS, Column

MANDATORY = ("product_id", "product_name")
_NAMES = tuple(column.name for column in PRODUCTS.columns)
_SHOWN = 20  # bad lines in a message
_MOST = {NUMBER: 2**31 - 1, COUNT: 2**63 - 1}
_LEAST = {"pack_size": 1}
_MONEY_DIGITS = 12  # whole digits, as in a sale

Product = dict[str, Any]


@dataclass(frozen=True)
class ProductFile:
    """Rows in the column order of `tables.PRODUCTS` and `tables.SUPPLIERS`.

    A supplier's lead time is the most common one among its products (of equally common ones the shortest), and a
    product keeps its own only where it differs. A supplier without any lead time has no row.
    """

    products: list[tuple[Any, ...]]
    suppliers: list[tuple[str, int]]


def read_products(path: Path, currency: str, encoding: str = "utf-8") -> ProductFile:
    """The products of a file; costs without a `cost_currency` are in `currency`.

    Raises TerminalError for a file that cannot be read, lacks a column or has an unknown one, and one that lists the
    first bad lines when any line is bad.
    """
    file = opened(path, encoding)
    _check_header(path, file.header)
    faults: list[str] = []
    found: dict[str, tuple[int, Product]] = {}
    for record in records(file):
        cells = [normalised(cell.strip("\ufeff")) for cell in record.cells]
        if tuple(cells) == file.header or (record.reason is None and not any(cells)):
            continue
        product, bad = _product(record, file.header, currency)
        product_id = product.get("product_id", "")
        if product_id in found:
            bad.append(f"product_id: '{product_id}' is on line {found[product_id][0]} as well")
        elif product_id:
            found[product_id] = record.line, product
        if bad:
            faults.append(f"line {record.line}: {'; '.join(bad)}")
    _raise_faults(path, faults, len(found))
    return _with_suppliers([product for _, product in found.values()])


def _check_header(path: Path, header: Sequence[str]) -> None:
    unknown = [name for name in header if name not in _NAMES]
    missing = [name for name in MANDATORY if name not in header]
    twice = [name for name, times in Counter(header).items() if times > 1]
    for names, fault in ((missing, "lacks the column"), (unknown, "has an unknown column"), (twice, "has twice")):
        if names:
            listed = ", ".join(f"'{name}'" for name in names)
            raise TerminalError(
                f"{path} {fault}: {listed}.", f"The columns of a products file are: {', '.join(_NAMES)}."
            )


def _raise_faults(path: Path, faults: Sequence[str], products: int) -> None:
    if faults:
        further = [f"… and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        listed = "\n  ".join([*faults[:_SHOWN], *further])
        raise TerminalError(f"{path} has bad lines:\n  {listed}", "Nothing was imported. Mend these lines first.")
    if not products:
        raise TerminalError(f"{path} has no products.", "A line of column names is followed by a line per product.")


def _product(record: Record, header: Sequence[str], currency: str) -> tuple[Product, list[str]]:
    """(the values that are good, what is wrong with the others)"""
    if record.reason is not None:
        return {}, [f"{record.reason}: {record.detail}"]
    texts = dict(zip(header, map(clean, record.cells), strict=True))
    cost_currency = texts.get("cost_currency") or currency
    product: Product = {}
    faults = []
    for column in PRODUCTS.columns:
        text = texts.get(column.name, "")
        if text:
            try:
                product[column.name] = _value(column, text, cost_currency)
            except ValueError as error:
                faults.append(str(error))
        elif column.name in MANDATORY:
            faults.append(f"{column.name}: missing")
    if "unit_cost" in product:
        product["cost_currency"] = cost_currency
    return product, faults


def _value(column: Column, text: str, currency: str) -> Any:
    parse = _PARSERS.get(column.type)
    if parse is not None:
        return parse(column, text, currency)
    longest = int(column.type.removeprefix("VARCHAR(").removesuffix(")"))
    if len(text) > longest:
        raise ValueError(f"{column.name}: longer than {longest} characters")
    return text


def _number(column: Column, text: str, _currency: str) -> int:
    number, least, most = whole_number(text, column.name), _LEAST.get(column.name, 0), _MOST[column.type]
    if not least <= number <= most:
        raise ValueError(f"{column.name}: not from {least} to {most}")
    return number


def _money(column: Column, text: str, currency: str) -> Decimal:
    if currency not in CURRENCY_PLACES:
        raise ValueError(f"{column.name}: its currency is not known")
    plain = amount(text, currency, column.name)
    cost = Decimal(plain)
    if not has_places(plain, CURRENCY_PLACES[currency]) or cost >= 10**_MONEY_DIGITS:
        raise ValueError(f"{column.name}: more places than {currency} has, or more than {_MONEY_DIGITS} digits")
    return cost


def _currency(column: Column, text: str, _currency: str) -> str:
    if text not in CURRENCY_PLACES:
        raise ValueError(f"{column.name}: not a supported ISO 4217 code")
    return text


def _day(column: Column, text: str, _currency: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{column.name}: not a day such as 2026-01-31") from error


_PARSERS: Mapping[str, Callable[[Column, str, str], Any]] = {
    NUMBER: _number,
    COUNT: _number,
    MONEY: _money,
    CURRENCY: _currency,
    DAY: _day,
}


def _with_suppliers(products: Sequence[Product]) -> ProductFile:
    lead_times = dict(_lead_times(products))
    for product in products:
        if product.get("lead_time_days") == lead_times.get(product.get("supplier", "")):
            product.pop("lead_time_days", None)
    rows = [tuple(product.get(name) for name in _NAMES) for product in products]
    return ProductFile(rows, sorted(lead_times.items()))


def _lead_times(products: Sequence[Product]) -> Iterator[tuple[str, int]]:
    by_supplier: dict[str, Counter[int]] = defaultdict(Counter)
    for product in products:
        if "supplier" in product and "lead_time_days" in product:
            by_supplier[product["supplier"]][product["lead_time_days"]] += 1
    for supplier, counted in by_supplier.items():
        yield supplier, min(counted, key=lambda days: (-counted[days], days))
