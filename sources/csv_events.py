"""Turns the cells of a CSV line into the fields of an event, all but its identity: the line's number in its order."""

from collections.abc import Callable, Sequence
from typing import Any

from sources.csv_layouts import Layout
from sources.csv_options import ImportOptions
from sources.csv_values import amount, calendar_day, clean, instant, moment_parser, us_city_and_state, whole_number
from tillstream.events import SALES, SCHEMA_VERSION
from tillstream.shop_calendar import opening, zone

Fields = dict[str, Any]
Cells = Sequence[str]


def fields_reader(layout: Layout, options: ImportOptions) -> Callable[[Cells], Fields]:
    """The function from a line's cells to the fields of its event.

    A cell without text is a field that is not there. The function raises UnparsableError.
    """
    read_texts = _texts_reader(layout, options)
    parse = _sale_parser(layout, options) if layout.topic == SALES else _movement_parser(layout, options)

    def read(cells: Cells) -> Fields:
        fields = read_texts(cells)
        if "line_no" in layout.positions:
            fields["line_no"] = whole_number(fields.get("line_no", ""), "line_no")
        if "quantity" in fields:
            fields["quantity"] = whole_number(fields["quantity"], "quantity")
        parse(fields)
        return fields

    return read


def order_reader(layout: Layout, options: ImportOptions) -> Callable[[Cells], tuple[str, str]]:
    """The function from cells, even too few of them, to (till, order) as far as they tell; '' for an unknown order."""
    store, till, order = (layout.positions.get(name, ()) for name in ("store_id", "till_id", "order_id"))

    def read(cells: Cells) -> tuple[str, str]:
        try:
            return _text(cells, till) or options.till_of(_text(cells, store) or options.store), _text(cells, order)
        except IndexError:
            return "", ""

    return read


def _text(cells: Cells, positions: tuple[int, ...]) -> str:
    return clean(" ".join([cells[position] for position in positions]))


def _texts_reader(layout: Layout, options: ImportOptions) -> Callable[[Cells], Fields]:
    """The function from cells to text fields: those of one column, those joined of several, and what follows."""
    constants = _constants(layout, options)
    singles = [(name, places[0]) for name, places in layout.positions.items() if len(places) == 1]
    has_kind = "kind" in layout.positions
    joined = [(name, places) for name, places in layout.positions.items() if len(places) > 1]

    def read(cells: Cells) -> Fields:
        fields = constants.copy()
        for name, position in singles:
            if text := clean(cells[position]):
                fields[name] = text
        for name, positions in joined:
            if text := _text(cells, positions):
                fields[name] = text
        if "product_id" not in fields and "product_name" in fields:
            fields["product_id"] = fields["product_name"]
        elif "product_name" not in fields and "product_id" in fields:
            fields["product_name"] = fields["product_id"]
        if "till_id" not in fields:
            fields["till_id"] = options.till_of(fields["store_id"])
        if has_kind and "kind" in fields:
            fields["kind"] = fields["kind"].lower()
        return fields

    return read


def _constants(layout: Layout, options: ImportOptions) -> Fields:
    constants: Fields = {"schema_version": SCHEMA_VERSION, "store_id": options.store}
    if layout.topic == SALES:
        constants["kind"] = "sale"
        constants["currency"] = options.currency or layout.currency or options.shop_currency
    return constants


def _sale_parser(layout: Layout, options: ImportOptions) -> Callable[[Fields], None]:
    moment = moment_parser(options.date_format or layout.date_format)
    local_zone = zone(options.timezone or options.rules.timezone)

    def parse(fields: Fields) -> None:
        for name in ("unit_price", "discount"):
            if name in fields:
                fields[name] = amount(fields[name], fields["currency"], name)
        if "sold_at" in fields:
            fields["sold_at"] = instant(moment(fields["sold_at"], "sold_at"), local_zone, "sold_at")
        if layout.us_addresses and (place := us_city_and_state(fields.get("address", ""))):
            fields["city"], fields["region"] = place

    return parse


def _movement_parser(layout: Layout, options: ImportOptions) -> Callable[[Fields], None]:
    moment = moment_parser(options.date_format or layout.date_format)
    local_zone = zone(options.timezone or options.rules.timezone)
    shop_zone = zone(options.rules.timezone)

    def parse(fields: Fields) -> None:
        if "day" in fields:
            fields["day"] = calendar_day(moment(fields["day"], "day"), shop_zone)
        if "recorded_at" in fields:
            fields["recorded_at"] = instant(moment(fields["recorded_at"], "recorded_at"), local_zone, "recorded_at")
        elif "day" in fields:
            fields["recorded_at"] = opening(fields["day"], shop_zone)

    return parse
