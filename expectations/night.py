"""What queries must know about a night: its generation, its cut, and what the shop's settings allow."""

from datetime import timedelta
from decimal import Decimal

from tillstream.events import MAX_FUTURE
from tillstream.money import CURRENCY_PLACES
from tillstream.settings import Settings
from tillstream.shop_calendar import business_day, zone
from tillstream.stores import generations
from tillstream.stores.generations import Generation
from tillstream.stores.mysql import Cursor, rows

CLOCK_SKEW = timedelta(hours=1)  # between Kafka's clock, which judged the events, and MySQL's, which dated the cut


def marks(cursor: Cursor, settings: Settings, night: Generation) -> dict[str, str]:
    """SQL for each mark in the checks' queries. Every text comes from a closed set, so nothing needs escaping."""
    [(opened_at,)] = rows(cursor, "SELECT `opened_at` FROM `epochs` WHERE `epoch` = %s", (night.epoch,))
    opened, shop_zone = generations.aware(opened_at), zone(settings.timezone)
    months = generations.months(cursor, night.generation)
    return {
        "generation": str(night.generation),
        "epoch": str(night.epoch),
        "base": str(night.base_epoch),
        "kind": f"'{night.kind}'",
        "months": _texts(months),
        "years": _texts(sorted({month[:4] for month in months})),
        "opening_day": str(settings.opening_day),
        "cut_day": str(business_day(opened, shop_zone)),
        "last_day": str(business_day(opened + MAX_FUTURE + CLOCK_SKEW, shop_zone)),
        "last_stock_day": str(business_day(opened + 2 * MAX_FUTURE + CLOCK_SKEW, shop_zone)),
        "currency": f"'{settings.currency}'",
        "currencies": _texts(sorted(CURRENCY_PLACES)),
        "whole_currencies": _texts(sorted(code for code, places in CURRENCY_PLACES.items() if places == 0)),
        "change_limit": str(Decimal(repr(settings.change_limit))),
    }


def _texts(values: list[str]) -> str:
    """A list for IN; never an empty one, which SQL does not know."""
    return ", ".join(f"'{value}'" for value in values or [""])
