"""The shop's own day: which business day an instant belongs to, in the shop's time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tillstream.errors import TerminalError


def zone(name: str) -> ZoneInfo:
    """The named IANA time zone. Raises TerminalError for a name that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TerminalError(
            f"'{name}' is not a time zone.", "Use an IANA name such as Asia/Yangon or Europe/London."
        ) from error


def opening(day: date, shop_zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a business day begins."""
    return datetime.combine(day, time(), shop_zone).astimezone(UTC)


def business_day(instant: datetime, shop_zone: ZoneInfo) -> date:
    """The business day of an aware instant."""
    return instant.astimezone(shop_zone).date()


def today(shop_zone: ZoneInfo) -> date:
    """The business day it is now."""
    return business_day(datetime.now(UTC), shop_zone)


def month(day: date) -> str:
    """The key of a business month: '2019-01'."""
    return f"{day:%Y-%m}"


def days_between(first: date, last: date) -> list[date]:
    """Every day from first to last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
