"""Nights on real stores, recounted by Spark: exact, unseen until published, the same bytes however they come about."""

from collections.abc import Iterator
from datetime import date

import pytest

from reports.verify import verify
from tests.night.nights import live, night, selected, truth
from tests.night.shop import Shop, empty
from tillstream.settings import Settings

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture
def shop(servers: Settings) -> Iterator[Shop]:
    """A shop without a past."""
    empty(servers)
    yield Shop(servers)
    empty(servers)


def figures_hold(settings: Settings) -> None:
    verdict = verify(settings)
    assert verdict.holds, verdict.differences[:5]


def test_the_first_night_is_exact_and_live_begins_at_its_cut(shop: Shop) -> None:
    shop.trade(JANUARY, 70)
    shop.garbage()
    shop.count()
    before = selected(shop.settings, "SELECT month, SUM(units), SUM(revenue) FROM sales_by_month GROUP BY month")
    figures_hold(shop.settings)
    first = night(shop.settings, "first")
    figures_hold(shop.settings)

    assert first.published_at is not None
    assert live(shop.settings) == {"live_sales": [], "live_stock": [], "live_counts": []}
    after = selected(shop.settings, "SELECT month, SUM(units), SUM(revenue) FROM sales_by_month GROUP BY month")
    assert after == before
    assert [len(found) > 0 for found in truth(shop.settings).values()] == [True] * 5
    shop.trade(MARCH, 5)
    shop.count()
    figures_hold(shop.settings)
