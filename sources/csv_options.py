"""What a call of the importer decides about its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sources.csv_layouts import check_columns
from sources.csv_values import moment_parser
from tillstream.errors import TerminalError
from tillstream.events import Rules, normalised
from tillstream.money import CURRENCY_PLACES
from tillstream.shop_calendar import zone


@dataclass(frozen=True)
class ImportOptions:
    """`received_ms` is now, in epoch milliseconds, by which the contract judges what lies in the future.

    `timezone` is the clock of times without an offset (default: the shop's). `currency` is for lines that name none
    (default: the layout's own, else `shop_currency`), `store` and `till` likewise. `columns` maps event fields to
    headers. `refused_folder` takes the refused lines of files whose own folder cannot be written.
    """

    rules: Rules
    received_ms: int
    shop_currency: str
    refused_folder: Path
    timezone: str | None = None
    currency: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    duplicates: Literal["drop", "keep"] = "drop"
    encoding: str = "utf-8"
    store: str = "main"
    till: str = "import"

    def check(self) -> None:
        """Raises TerminalError for an option that no line could be imported with."""
        zone(self.timezone or self.rules.timezone)
        moment_parser(self.date_format)
        if self.columns:
            check_columns(self.columns)
        currency = self.currency or self.shop_currency
        if currency not in CURRENCY_PLACES:
            raise TerminalError(
                f"'{currency}' is not a supported currency.", "Use an ISO 4217 code such as MMK or USD."
            )
        for name, text in (("store", self.store), ("till", self.till)):
            if not 1 <= len(text) <= 64 or text != normalised(text):
                raise TerminalError(f"'{text}' cannot name a {name}.", "Use 1 to 64 characters, without blanks around.")

    def till_of(self, store_id: str) -> str:
        """The till of lines that name none: one per store, since two stores may each have an order 17."""
        return self.till if store_id == self.store else f"{self.till}-{store_id}"
