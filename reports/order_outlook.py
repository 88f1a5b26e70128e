"""What the lines of a plan were reckoned from: the outlooks and the terms, put together again."""

from decimal import Decimal

from ml.outlook import Outlook, outlook
from ml.restock import Terms
from reports.order_plan import PlanLine
from tillstream.errors import TerminalError
from tillstream.forecast_models import EVERY_STORE, model
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import Cursor, rows

Outlooks = dict[tuple[str, str], Outlook]  # by store and product


def outlooks_of(cursor: Cursor, issue: Forecast, product_id: str | None = None) -> Outlooks:
    """Of the products to order, or of one product."""
    found: Outlooks = {}
    for scope in ("l.`store_id`", f"'{EVERY_STORE}'"):  # each by the whole key: either of two would search the forecast
        query = (
            "SELECT m.`store_id`, m.`product_id`, m.`history`, m.`weights`, m.`expected`, m.`sums` "
            "FROM `plan_lines` l JOIN `forecast_models` m ON m.`forecast` = l.`forecast` "
            f"AND m.`store_id` = {scope} AND m.`product_id` = l.`product_id` "
            "WHERE l.`forecast` = %s AND (%s IS NULL AND l.`quantity` > 0 OR l.`product_id` = %s)"
        )
        for store, product, *columns in rows(cursor, query, (issue.forecast, product_id, product_id)):
            found[store, product] = outlook(model(*columns), issue.issued_on)
    return found


def outlook_of(outlooks: Outlooks, line: PlanLine) -> Outlook:
    """The outlook of a line's store, or of all stores together where there is one. Raises TerminalError for none."""
    found = outlooks.get((line.store_id, line.product_id)) or outlooks.get((EVERY_STORE, line.product_id))
    if found is None:
        raise TerminalError(
            f"The forecast has kept no model of {line.product_name}.", "A night makes another: `tillstream nightly`."
        )
    return found


def terms_of(line: PlanLine) -> Terms:
    """How a line's product is bought. Of what a missed and a left-over piece cost, the ratio is known: the service."""
    cost, service = Decimal(line.unit_cost or 0), Decimal(str(line.service))
    return Terms(
        lead_days=line.lead_time_days, pack=line.pack_size, minimum=line.minimum_order, unit_cost=cost,
        margin=service * cost, holding=(1 - service) * cost, abc=line.abc,
    )  # fmt: skip
