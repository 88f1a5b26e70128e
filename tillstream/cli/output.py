"""What commands share: printing tables or JSON, parsing days, and lines of progress."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from tillstream import shop_calendar

as_json = click.option("--json", "json", is_flag=True, help="Print JSON with stable keys; money as decimal strings.")


class Day(click.ParamType[date]):
    """A business day, YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day, or a usage error."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is not a day; write it as 2019-04-30.", param, ctx)


class Month(click.ParamType[str]):
    """A business month, YYYY-MM."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The month, or a usage error."""
        try:
            return shop_calendar.month(date.fromisoformat(f"{value}-01"))
        except ValueError:
            self.fail(f"'{value}' is not a month; write it as 2019-04.", param, ctx)


class Number(click.ParamType[Decimal]):
    """A decimal number from 0 to `most`; `example` shows how one is written."""

    def __init__(self, name: str, most: int, places: int, example: str) -> None:
        self.name = name
        self.most, self.places, self.example = most, places, example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The number, or a usage error."""
        try:
            number = Decimal(value)
            fits = 0 <= number <= self.most and number == round(number, self.places)
        except ArithmeticError:  # no number, or none that can be compared
            fits = False
        if not fits:
            self.fail(f"'{value}' does not do; write {self.example}.", param, ctx)
        return Decimal(f"{number:f}")  # 5e5 is shown as 500000


def print_json(value: Any) -> None:
    """Any struct, dataclass, list or dict as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], most: int | None = None) -> None:
    """A table with a title, numbers to the right; of more than `most` rows the first, and how many there are."""
    every = [[_cell(value) for value in row] for row in rows]
    listed = every[:most]
    if not listed:
        click.echo(f"{title}: none")
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        right = all(row[index].replace(",", "").replace(".", "").lstrip("-").isdigit() for row in listed)
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in listed:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    # In a pipe there is no terminal to fit: nothing is cut.
    (console if console.is_terminal else Console(width=200, highlight=False, markup=False)).print(table)
    if len(listed) < len(every):
        click.echo(f"… and {len(every) - len(listed):,} more.")


def amount(text: str) -> str:
    """Decimal text with separated thousands: '1812742.87' is '1,812,742.87'."""
    return f"{Decimal(text):,}"


def pieces(number: float | None) -> str:
    """Pieces of a forecast, which need not be whole; nothing where they are not known."""
    return "" if number is None else f"{number:,.1f}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
