"""Checks across the tables of a candidate: hours add up to days, days to months and years, products to the total."""

from expectations.checks import Check, Subject, grown
from expectations.pictures import (
    AFTERWARDS,
    SALE_KINDS,
    SALES_COMPARED,
    SLICE_SALES,
    SLICE_STOCK,
    STOCK_COMPARED,
    candidate,
    listed,
    names,
    published,
    side_by_side,
    stock,
    touched,
)
from tillstream.tables import (
    SALES_FIGURES,
    TRUTH_COUNTS,
    TRUTH_SALES_BY_DAY,
    TRUTH_SALES_BY_HOUR,
    TRUTH_SALES_BY_MONTH,
    TRUTH_STOCK,
    Table,
)

FIGURES = names(SALES_FIGURES)
REMEDY = (
    "The tables of the candidate contradict each other: clear the task `recount`. "
    "If it fails again, jobs/batch or jobs/transforms.py is wrong: yesterday's truth stays until it is mended."
)
RAW_REMEDY = (
    "Spark and mongod disagree about the same raw events, or the published truth is not what the raw record says. "
    "`tillstream verify` and `tillstream explain --month 2019-04` show which; a full night recounts everything."
)

# A weight of each store and product: the weighted sum differs, too, when an amount moved from one product to another.
# Two keys share a weight once in four thousand million pairs. DECIMAL, so that no product overflows or turns unsigned.
_WEIGHT = "CAST(CRC32(CONCAT_WS('|', t.`store_id`, t.`product_id`)) AS DECIMAL(10,0))"
# All figures at once, each with a factor of its own. Revenue is in it as what it is made of.
_ALL = " + ".join(f"{factor} * t.`{figure}`" for factor, figure in zip((2, 3, 5, 7, 11, 13), FIGURES[:-1], strict=True))
_MOVED = "weighted"


def _summed(period: str, where: str, sign: str = "") -> str:
    """Sums per period and currency, and the weighted sum of all figures."""
    sums = [f"{sign}SUM(t.`{figure}`) AS `{figure}`" for figure in FIGURES]
    weighted = f"{sign}SUM(({_ALL}) * {_WEIGHT}) AS `{_MOVED}`"
    return f"SELECT {period} AS `period`, t.`currency`, {', '.join(sums)}, {weighted} {where} GROUP BY 1, 2"


def _difference(one: str, other: str) -> str:
    sums = [f"SUM(`{name}`) AS `{name}`" for name in (*FIGURES, _MOVED)]
    return f"SELECT `period`, `currency`, {', '.join(sums)} FROM ({one} UNION ALL {other}) u GROUP BY 1, 2"


def _same(figure: str, parts: str, whole: str) -> Check:
    return Check(
        figure,
        f"`{figure}` of {parts} add up to that of {whole}.",
        f"`{figure}` = 0",
        facts=f"CONCAT('off by ', `{figure}`)",
    )


def _adds_up(name: str, meaning: str, parts: tuple[str, str], whole: tuple[str, str], floor: str) -> Subject:
    """`parts` and `whole` are what people call them, and their sums."""
    return Subject(
        name,
        meaning,
        _difference(parts[1], whole[1]),
        "CONCAT_WS(' · ', `period`, `currency`)",
        REMEDY,
        (
            *(_same(figure, parts[0], whole[0]) for figure in FIGURES),
            Check(
                "moved", "They do so for each product and store, too: nothing moved between them.", f"`{_MOVED}` = 0"
            ),
        ),
        floor,
    )


def _periods(period: str) -> str:
    """How many periods x currencies of sales the slice touched."""
    rows = f"SELECT DISTINCT {period} AS `period`, `currency` {touched(f'IN {SALE_KINDS}')}"
    return f"SELECT COUNT(*) FROM ({rows}) d"


_MONTH = "DATE_FORMAT(`day`, '%Y-%m')"
_YEARS = (
    f"JOIN ({AFTERWARDS}) a ON a.`month` = t.`month` AND a.`generation` = t.`generation` "
    "WHERE LEFT(t.`month`, 4) IN ({years})"
)

DAYS_OF_HOURS = _adds_up(
    "days_of_hours",
    "Each day and currency of the candidate.",
    ("a day's hours", _summed("DATE(t.`hour`)", candidate(TRUTH_SALES_BY_HOUR))),
    ("the day", _summed("t.`day`", candidate(TRUTH_SALES_BY_DAY), "-")),
    _periods("`day`"),
)
MONTHS_OF_DAYS = _adds_up(
    "months_of_days",
    "Each month and currency of the candidate.",
    ("a month's days", _summed("t.`month`", candidate(TRUTH_SALES_BY_DAY))),
    ("the month", _summed("t.`month`", candidate(TRUTH_SALES_BY_MONTH), "-")),
    _periods(_MONTH),
)
YEARS_OF_MONTHS = _adds_up(
    "years_of_months",
    "Each year that the night touched and its currencies, with the months that stay as they are published.",
    ("a year's months", _summed("LEFT(t.`month`, 4)", f"FROM `{TRUTH_SALES_BY_MONTH.name}` t {_YEARS}")),
    ("the year's days", _summed("YEAR(t.`day`)", f"FROM `{TRUTH_SALES_BY_DAY.name}` t {_YEARS}", "-")),
    _periods("YEAR(`day`)"),
)


def _grown(name: str, meaning: str, table: Table, key: tuple[str, ...], period: str) -> Subject:
    """Whether a truth table is what readers see of it, plus what mongod found in the slice."""
    select = f"SELECT {listed((*key, *SALES_COMPARED), 't.')}"
    sides = {
        "candidate": f"{select} {candidate(table)}",
        "published": f"{select} {published(table)}",
        "slice": f"SELECT {period} AS `{key[0]}`, `currency`, {listed(SALES_COMPARED)} FROM ({SLICE_SALES}) r",
    }
    return Subject(
        name,
        meaning,
        side_by_side(key, SALES_COMPARED, sides),
        f"CONCAT_WS(' · ', {listed(key)})",
        RAW_REMEDY,
        tuple(_explained(figure) for figure in SALES_COMPARED),
        _periods(period),
    )


def _explained(figure: str) -> Check:
    adding = "of all products are those published before plus those that mongod finds in the slice"
    return grown(figure, "slice", adding, "new")


DAYS_OF_RAW = _grown(
    "days_of_raw",
    "Each day and currency that the night recounted.",
    TRUTH_SALES_BY_DAY,
    ("day", "currency"),
    "`day`",
)
TOTALS = _grown(
    "totals",
    "Each month and currency that the night recounted.",
    TRUTH_SALES_BY_MONTH,
    ("month", "currency"),
    _MONTH,
)

_STOCK_SIDES = {
    "candidate": stock(candidate(TRUTH_STOCK), candidate(TRUTH_COUNTS), "t.`day`"),
    "published": stock(published(TRUTH_STOCK), published(TRUTH_COUNTS), "t.`day`"),
    "slice": SLICE_STOCK,
}
STOCK_OF_RAW = Subject(
    "stock_of_raw",
    "Each day of stock movements that the night recounted.",
    side_by_side(("day",), STOCK_COMPARED, _STOCK_SIDES),
    "`day`",
    RAW_REMEDY,
    tuple(_explained(figure) for figure in STOCK_COMPARED),
    f"SELECT COUNT(DISTINCT `day`) {touched(f'NOT IN {SALE_KINDS}')}",
)

SUBJECTS = (DAYS_OF_HOURS, MONTHS_OF_DAYS, YEARS_OF_MONTHS, TOTALS, DAYS_OF_RAW, STOCK_OF_RAW)
