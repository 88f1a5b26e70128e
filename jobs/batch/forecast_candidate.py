"""From features to a forecast with its plan: pure, and the same for the same features."""

from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from jobs.batch import forecast_features as features_of
from jobs.batch.forecast_features import Features
from ml.plan import Planned, planned, size_runs
from ml.shop_forecast import MONTHS, Issued, adding_up, issue, trade_of
from ml.store_record import Catalogue, Store, store, together
from ml.trade import country_of, public_holidays
from tillstream.forecast_models import EVERY_STORE
from tillstream.months import YEAR, number_of
from tillstream.settings import Settings


@dataclass(frozen=True)
class Plan:
    """The plan of one store: its lines, and what is broken of which style and colour."""

    lines: list[Planned]
    runs: dict[tuple[str, str], str]


@dataclass(frozen=True)
class Candidate:
    """What is issued, by scope: all stores together, and each of several; and the plan of each store."""

    issued: dict[str, Issued]
    plans: dict[str, Plan]


def candidate(features: Features, settings: Settings) -> Candidate:
    """Fits and plans."""
    products = features_of.catalogue(features)
    stores = {name: store(record, products) for name, record in features_of.records(features)}
    if not products.ids:
        return Candidate({}, {})
    with threadpool_limits(1):  # one thread adds up in the same order every time
        issued = _issued(features, settings, products, stores)
    plans = {
        name: _plan(features, settings, products, name, one, issued.get(name, issued[EVERY_STORE]))
        for name, one in stores.items()
    }
    return Candidate(issued, plans)


def _issued(features: Features, settings: Settings, products: Catalogue, stores: dict[str, Store]) -> dict[str, Issued]:
    country = country_of(settings.timezone)
    last_year = (number_of(features.span.today) + MONTHS) // YEAR
    festivals = public_holidays(country, features.span.first.year, last_year) if country else {}
    factors = features_of.factors(features, products)

    def of(one: Store) -> Issued:
        return issue(one, products, trade_of(one, festivals), factors)

    if len(stores) == 1:
        return {EVERY_STORE: of(*stores.values())}
    whole = of(together(list(stores.values())))
    parts = adding_up([of(one) for one in stores.values()], whole)
    return {EVERY_STORE: whole, **dict(zip(stores, parts, strict=True))}


def _plan(features: Features, settings: Settings, products: Catalogue, name: str, one: Store, issued: Issued) -> Plan:
    stocked = features_of.stocked(features, name, one, settings.currency)
    lines = [planned(issued, each, features.span.today) for each in stocked]
    return Plan(lines, size_runs(issued, stocked, products))
