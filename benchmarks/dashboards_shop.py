"""What lies behind the dashboards: three years of a shop with 500 products, its stock, a night and a forecast."""

from collections.abc import Iterator
from datetime import date, datetime, time

from benchmarks.command_line import tillstream
from benchmarks.commits import Commits
from benchmarks.dashboards_stock import write_products, write_stock
from benchmarks.load import ends, new_till, send_backlog
from benchmarks.nightly_run import bring
from benchmarks.shop_events import PRODUCTS, STORES, present_moments
from benchmarks.stream_run import DRAIN_LOOK_SECONDS, Run, say
from tillstream.shop_calendar import zone

MONTHS = 36
STORE = STORES[0]
EVENTS, TODAY = 10_000_000, 2_000
BUILT = "benchmark-scale"  # in the state folder, once the shop is there: at which scale
SPARE_DAYS = 3  # lines per receipt vary: the last record must not be of a day to come
STEP = 4  # `daily_moments` sells two lines to a receipt in each of two processes


def build(run: Run) -> None:
    """Builds the shop, unless the folder has it, and lets it sell something today. Cut off, it goes on.

    Raises RuntimeError when the folder has one of another scale.
    """
    built = run.settings.home / BUILT
    if not built.exists():
        _history(run)
        built.write_text(f"{run.scale:g}")
    elif built.read_text() != f"{run.scale:g}":
        raise RuntimeError(f"{run.settings.home} has a shop of scale {built.read_text()}; give another BENCH_HOME.")
    say("the tills open")
    send_backlog(run.settings, run.records(TODAY), new_till("today"), _now, (STORE,))
    with Commits(run.settings, DRAIN_LOOK_SECONDS) as commits:
        commits.wait_for(ends(run.settings))


def _history(run: Run) -> None:
    settings = run.settings
    today = datetime.now(zone(settings.timezone)).date()
    first = _months_before(today, MONTHS)
    days = (today - first).days
    a_day = max(STEP, run.records(EVENTS) // days // STEP * STEP)
    months = [f"{_months_before(today, number):%Y-%m}" for number in range(MONTHS, -1, -1)]
    products, stock = settings.home / "products.csv", settings.home / "stock.csv"
    write_products(products)
    write_stock(stock, STORE, months, a_day * days / MONTHS / PRODUCTS)
    say(f"importing the products and the stock of {MONTHS} months, from {first:%Y-%m} on")
    tillstream(settings, "products", "import", products)
    tillstream(settings, "import", "--wait", stock)
    opening = datetime.combine(first, time(9), zone(settings.timezone))
    bring(settings, a_day * (days - SPARE_DAYS), "behind", opening, a_day, (STORE,))
    say("a night, and the forecast")
    say(tillstream(settings, "nightly", "--forecast").splitlines()[-1])


def _months_before(day: date, months: int) -> date:
    """The first day of the month so many months before a day's."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _now(_share: int) -> Iterator[bytes]:
    return present_moments()
