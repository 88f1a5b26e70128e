"""Turns the cells of a CSV file into the values of an event: clean text, whole numbers, exact money, instants."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from sources.csv_lines import LineReason
from tillstream.errors import TerminalError
from tillstream.events import normalised
from tillstream.money import CURRENCY_PLACES

# ASCII digits only; the contract judges the size. Thousands separators and decimal commas are refused, not guessed.
_AMOUNT = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?")
_QUANTITY = re.compile(r"([0-9]{1,18})(?:\.0+)?")  # spreadsheets write 2.0 for 2
_DIRECTIVE = re.compile("%(.)")
_CLOCK = frozenset("HIMSfp")  # strptime's codes of a time of day
_US_ADDRESS = re.compile(r".+, ([^,]+), ([A-Z]{2}) [0-9]{5}(?:-[0-9]{4})?")


class UnparsableError(ValueError):
    """A cell that is not what its column holds. `detail` names the column's field and the rule, never the value."""

    def __init__(self, reason: LineReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@lru_cache(8192)  # products, prices and quantities come back all the time
def clean(cell: str) -> str:
    """The text as the contract wants it; '' for a cell without any."""
    if cell.isascii() and cell.isprintable() and "  " not in cell:
        return cell.strip()
    return normalised(cell)


@lru_cache(1024)
def whole_number(text: str, field: str) -> int:
    """The number of pieces: '2' and '2.0' are 2. Raises UnparsableError for anything but plain digits."""
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise UnparsableError(LineReason.UNPARSABLE_NUMBER, f"{field}: not a whole number in plain digits")
    return int(match[1])


@lru_cache(4096)
def amount(text: str, currency: str, field: str) -> str:
    """Money with its currency's places: '700.0' USD is '700.00', '700.00' MMK is '700'.

    What would have to be rounded, or is in an unknown currency, stays as it is for the contract to refuse. Raises
    UnparsableError for anything but plain digits and one point.
    """
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise UnparsableError(LineReason.UNPARSABLE_NUMBER, f"{field}: not a plain decimal number")
    places = CURRENCY_PLACES.get(currency)
    fraction = (match[2] or "").rstrip("0")
    if places is None or len(fraction) > places:
        return text
    whole = match[1].lstrip("0") or "0"
    return f"{whole}.{fraction:0<{places}}" if places else whole


def us_city_and_state(address: str) -> tuple[str, str] | None:
    """City and state of 'street, City, ST zip'; None for an address of another form."""
    match = _US_ADDRESS.fullmatch(address)
    return (match[1], match[2]) if match else None


def moment_parser(date_format: str | None) -> Callable[[str, str], datetime]:
    """Parses (text, field) as a moment, with or without an offset: ISO 8601, or the given strptime format.

    The parser raises UnparsableError; this raises TerminalError for a format that can parse nothing.
    """
    parse: Callable[[str], datetime] = datetime.fromisoformat
    if date_format is not None:
        parse = _format_parser(date_format)

    def moment(text: str, field: str) -> datetime:
        try:
            return parse(text)
        except ValueError as error:
            raise UnparsableError(LineReason.UNPARSABLE_DATE, f"{field}: not {date_format or 'ISO 8601'}") from error

    return moment


def instant(moment: datetime, local_zone: ZoneInfo | timezone, field: str) -> datetime:
    """The moment in UTC; without an offset it is on the clock of `local_zone`, and keeps its calendar day there.

    A time that the clock shows twice is its first. A time that the clock skips is moved ahead, or, if that would be
    the next day, back. Raises UnparsableError for a day that the zone skipped as a whole.
    """
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        for fold in (0, 1):
            found = moment.replace(tzinfo=local_zone, fold=fold).astimezone(UTC)
            if found.astimezone(local_zone).date() == moment.date():
                return found
    except OverflowError:
        pass
    raise UnparsableError(LineReason.UNPARSABLE_DATE, f"{field}: there is no such time in {local_zone}")


def calendar_day(moment: datetime, local_zone: ZoneInfo | timezone) -> date:
    """The day as written; of a moment with an offset, its day in `local_zone`."""
    return moment.date() if moment.tzinfo is None else moment.astimezone(local_zone).date()


def _format_parser(date_format: str) -> Callable[[str], datetime]:
    sample = datetime(2019, 1, 22, 21, 25, tzinfo=UTC)
    try:
        datetime.strptime(sample.strftime(date_format), date_format)  # noqa: DTZ007 only whether it parses
    except (ValueError, re.error) as error:
        raise TerminalError(
            f"'{date_format}' is not a date format.", "Write it like '%d/%m/%Y %H:%M', with Python's strptime codes."
        ) from error
    day_format, _, time_format = date_format.partition(" ")
    day_codes, time_codes = set(_DIRECTIVE.findall(day_format)), set(_DIRECTIVE.findall(time_format))
    if not time_codes or not time_codes <= _CLOCK or day_codes & _CLOCK:
        return lambda text: datetime.strptime(text, date_format)  # noqa: DTZ007 the caller knows the zone
    return _two_part_parser(day_format, time_format)


def _two_part_parser(day_format: str, time_format: str) -> Callable[[str], datetime]:
    # strptime is the slowest part of an import, but a file has few different days and times of day.
    parsed = lru_cache(8192)(datetime.strptime)

    def parse(text: str) -> datetime:
        day, _, time = text.partition(" ")
        return datetime.combine(parsed(day, day_format), parsed(time, time_format).time())

    return parse
