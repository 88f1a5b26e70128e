"""Which column of a CSV file holds which field of an event.

Three layouts are known by their header: the public sales data of 2019, and the product's own for sales and for stock.
Any other is described by a mapping of event fields to headers.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sources.csv_lines import CsvFile
from tillstream.errors import TerminalError
from tillstream.events import SALES, STOCK, Sale, StockMovement, normalised

_COMPUTED = ("event_id", "schema_version")
FIELDS = {
    SALES: tuple(name for name in Sale.__struct_fields__ if name not in _COMPUTED),
    STOCK: tuple(name for name in StockMovement.__struct_fields__ if name not in _COMPUTED),
}
MANDATORY = {SALES: ("order_id", "quantity", "unit_price", "sold_at"), STOCK: ("kind", "order_id", "quantity", "day")}
COLUMNS_OF_2019 = {
    "order_id": "Order ID",
    "product_name": "Product",
    "quantity": "Quantity Ordered",
    "unit_price": "Price Each",
    "sold_at": "Order Date",
    "address": "Purchase Address",
}
_EXAMPLE = "--columns 'order_id=Bill No,product_id=SKU,quantity=Qty,unit_price=Price,sold_at=Date'"


@dataclass(frozen=True)
class Layout:
    """Where the fields of an event stand in a line: field to the positions whose cells, joined by a blank, hold it."""

    name: str
    topic: str
    positions: Mapping[str, tuple[int, ...]]
    date_format: str | None = None
    currency: str | None = None
    us_addresses: bool = False


def layout_of(file: CsvFile, columns: Mapping[str, str]) -> Layout:
    """The layout of a file; `columns` (event field to header) wins over the known ones where it fits.

    Raises TerminalError that shows the headers when no layout fits.
    """
    if fits(columns, file.header):
        return Layout("columns", topic_of(columns), _positions(columns, file))
    if set(file.header) <= set(COLUMNS_OF_2019.values()) and len(_missing(COLUMNS_OF_2019.values(), file.header)) == 0:
        positions = _positions(COLUMNS_OF_2019, file)
        return Layout("2019", SALES, positions, "%m/%d/%y %H:%M", currency="USD", us_addresses=True)
    topic = STOCK if "day" in file.header and "sold_at" not in file.header else SALES
    if set(file.header) <= set(FIELDS[topic]) and not missing_fields(topic, file.header):
        return Layout(topic, topic, _positions({name: name for name in file.header}, file))
    raise _unknown(file, topic, columns)


def fits(columns: Mapping[str, str], header: Sequence[str]) -> bool:
    """Whether there is a mapping and the header has all that it names."""
    return bool(columns) and not _missing(columns.values(), header)


def is_reference_data(header: Sequence[str]) -> bool:
    """Whether the header is that of a products file."""
    return "product_id" in header and ("unit_cost" in header or "supplier" in header)


def topic_of(fields: Iterable[str]) -> str:
    """Stock movements have a day, sales a time."""
    return STOCK if "day" in fields else SALES


def missing_fields(topic: str, fields: Iterable[str]) -> list[str]:
    """The mandatory fields of a topic that are not there."""
    present = set(fields)
    missing = [name for name in MANDATORY[topic] if name not in present]
    return missing if present & {"product_id", "product_name"} else [*missing, "product_id or product_name"]


def parsed_columns(text: str) -> dict[str, str]:
    """The mapping in 'order_id=Bill No,product_id=SKU,…'; an item whose header has a comma is quoted.

    A header of the form 'Date+Time' joins two columns, unless a column is really called so. Raises TerminalError for
    unknown, repeated or missing fields.
    """
    try:
        items = next(csv.reader((text,), strict=True, skipinitialspace=True), [])
    except csv.Error as error:
        raise TerminalError(f"--columns cannot be read: {error}.", f"Write it like {_EXAMPLE}.") from error
    columns: dict[str, str] = {}
    for field, equals, header in (item.partition("=") for item in items):
        name = field.strip()
        if not equals or not normalised(header) or name in columns:
            raise TerminalError(f"--columns: '{name}' needs one header.", f"Write it like {_EXAMPLE}.")
        columns[name] = normalised(header)
    check_columns(columns)
    return columns


def check_columns(columns: Mapping[str, str]) -> None:
    """Raises TerminalError for a mapping with unknown fields or without a mandatory one."""
    topic = topic_of(columns)
    unknown = [name for name in columns if name not in FIELDS[topic]]
    if unknown:
        raise TerminalError(
            f"--columns: an event of {topic} has no field {_listed(unknown)}.", f"Fields are {_listed(FIELDS[topic])}."
        )
    if missing := missing_fields(topic, columns):
        raise TerminalError(f"--columns: {_listed(missing)} is missing.", f"Write it like {_EXAMPLE}.")


def _parts(name: str, header: Sequence[str]) -> list[str]:
    return [name] if name in header else [normalised(part) for part in name.split("+")]


def _missing(names: Iterable[str], header: Sequence[str]) -> list[str]:
    return [part for name in names for part in _parts(name, header) if part not in header]


def _positions(columns: Mapping[str, str], file: CsvFile) -> dict[str, tuple[int, ...]]:
    parts = {field: _parts(name, file.header) for field, name in columns.items()}
    twice = [name for names in parts.values() for name in names if file.header.count(name) > 1]
    if twice:
        raise TerminalError(f"{file.path} has several columns called {_listed(twice)}.", "Rename all but one.")
    return {field: tuple(file.header.index(name) for name in names) for field, names in parts.items()}


def _unknown(file: CsvFile, topic: str, columns: Mapping[str, str]) -> TerminalError:
    found = f"Its columns are {_listed(file.header)}."
    if columns:
        lacking = _listed(_missing(columns.values(), file.header))
        return TerminalError(f"{file.path} has no column {lacking}.", f"{found} Mend --columns or leave the file out.")
    for known in (COLUMNS_OF_2019.values(), FIELDS[topic]):
        shared = set(known) & set(file.header)
        if 2 * len(shared) > len(MANDATORY[topic]):
            return _lacking(file, topic, found, is_2019="Order ID" in known)
    return TerminalError(f"The layout of {file.path} is not known. {found}", f"Say which is which: {_EXAMPLE}")


def _lacking(file: CsvFile, topic: str, found: str, *, is_2019: bool) -> TerminalError:
    known: Iterable[str] = COLUMNS_OF_2019.values() if is_2019 else FIELDS[topic]
    missing = _missing(known, file.header) if is_2019 else missing_fields(topic, file.header)
    unknown = [name for name in file.header if name not in known]
    faults = [f"lacks {_listed(missing)}"] if missing else []
    faults += [f"has unknown columns: {_listed(unknown)}"] if unknown else []
    layout = "the layout of 2019" if is_2019 else f"the layout of {topic}"
    remedy = f"Mend the header, or say which column is which: {_EXAMPLE}"
    return TerminalError(f"{file.path} resembles {layout}, but {' and '.join(faults)}. {found}", remedy)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
