"""How a view is declared, and how published truth and what is live since are put together."""

from dataclasses import dataclass

from tillstream.tables import SALES_FIGURES


@dataclass(frozen=True)
class View:
    """One view: its name, what it shows, and its query. `public` ones are promised to readers."""

    name: str
    meaning: str
    query: str
    public: bool = True


# A closed month was over at the published cut. What the stream has added since makes a row provisional again.
FINAL = "CASE WHEN MIN(`closed`) = 1 AND SUM(`is_live`) = 0 THEN 'final' ELSE 'provisional' END"

# A published month's rows of truth `t`, and what came in live rows `l` since.
PUBLISHED = "JOIN `published_months` p ON p.`month` = t.`month` AND p.`generation` = t.`generation`"
LIVE = "JOIN `layers` y ON l.`epoch` >= y.`published_epoch`"


def sums(names: tuple[str, ...], prefix: str = "") -> str:
    return ", ".join(f"SUM({prefix}`{name}`) AS `{name}`" for name in names)


def listed(names: tuple[str, ...], prefix: str = "") -> str:
    return ", ".join(f"{prefix}`{name}`" for name in names)


def of_period(period: str) -> str:
    """A published month's rows of truth `t`, led to by the days or hours `p` that are asked for.

    From the months alone the server would read all their rows, and find out afterwards which hours it wanted.
    """
    return (
        f"FROM `published_{period}s` p STRAIGHT_JOIN `truth_sales_by_{period}` t "
        f"ON t.`generation` = p.`generation` AND t.`month` = p.`month` AND t.`{period}` = p.`{period}`"
    )


def merged(truth: str, key: str, live_key: str) -> str:
    """Sales of published generations, and live ones of the epochs since, told apart by `is_live`.

    `truth`: the FROM of rows `t` of published months `p`.
    """
    names = tuple(column.name for column in SALES_FIGURES)
    return (
        f"SELECT t.`month` AS `month`, {key}, {listed(names, 't.')}, p.`closed` AS `closed`, 0 AS `is_live` {truth} "
        f"UNION ALL SELECT {live_key}, {listed(names, 'l.')}, 0 AS `closed`, 1 AS `is_live` "
        f"FROM `live_sales` l {LIVE}"
    )


HOUR_MONTH = "DATE_FORMAT(l.`hour`, '%Y-%m') AS `month`"
SALES_KEY = "`store_id`, `product_id`, `currency`"
T_SALES_KEY = "t.`store_id` AS `store_id`, t.`product_id` AS `product_id`, t.`currency` AS `currency`"
L_SALES_KEY = "l.`store_id`, l.`product_id`, l.`currency`"
