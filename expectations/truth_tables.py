"""Checks of every row of a candidate, rendered from the declarations of the truth tables."""

import re

from expectations.checks import Check, Severity, Subject
from expectations.pictures import SALE_KINDS, candidate, listed, names, published, touched
from tillstream.tables import (
    COUNTED,
    SALES_FIGURES,
    STOCK_FIGURES,
    TRUTH_COUNTS,
    TRUTH_SALES_BY_DAY,
    TRUTH_SALES_BY_HOUR,
    TRUTH_SALES_BY_MONTH,
    TRUTH_STOCK,
    Column,
    Table,
)

SALES_TABLES = (TRUTH_SALES_BY_HOUR, TRUTH_SALES_BY_DAY, TRUTH_SALES_BY_MONTH)
TABLES = (*SALES_TABLES, TRUTH_STOCK, TRUTH_COUNTS)

# The contract's `Amount` has at most twelve digits before the point, of a price as of a line's discount.
MOST_PER_PIECE = "1000000000000.00"  # DECIMAL, whose products do not overflow

CODES = ("month", "currency")  # out of closed sets: their own checks leave nothing to fit or trim

REMEDY = (
    "The candidate is wrong, not what it was made of: clear the task `recount`. "
    "If it fails again, compare the month with `tillstream explain --month 2019-04`."
)

_PIECES = "(`units` + 2 * `returned_units`)"  # sold and returned, both counted up

_SALES_RULES = (
    Check(
        "lines", "Every row stems from at least one receipt line.", "`lines` >= 1", facts="CONCAT(`lines`, ' lines')"
    ),
    Check(
        "receipts",
        "There are no more receipts than lines, and none is negative.",
        "`receipts` BETWEEN 0 AND `lines`",
        facts="CONCAT(`receipts`, ' receipts of ', `lines`, ' lines')",
    ),
    Check(
        "units",
        "Neither the pieces sold nor those returned are negative, and each line has one at least.",
        f"`returned_units` >= 0 AND `units` + `returned_units` >= 0 AND {_PIECES} >= `lines`",
        facts="CONCAT(`units`, ' units net of ', `returned_units`, ' returned, on ', `lines`, ' lines')",
    ),
    Check(
        "revenue",
        "Revenue is gross less discount, to the cent.",
        "`revenue` = `gross` - `discount`",
        facts="CONCAT('revenue ', `revenue`, ', gross ', `gross`, ' less discount ', `discount`)",
    ),
    Check(
        "not_negative",
        "Without returns, neither gross nor discount is negative; without sales, neither is positive.",
        "(`returned_units` > 0 OR (`gross` >= 0 AND `discount` >= 0)) "
        "AND (`units` + `returned_units` > 0 OR (`gross` <= 0 AND `discount` <= 0))",
        facts="CONCAT('gross ', `gross`, ', discount ', `discount`, ', ', `returned_units`, ' returned')",
    ),
    Check(
        "money_range",
        "No amount is more than its pieces can have cost at the highest price that the contract allows.",
        f"(ABS(`gross`) <= {MOST_PER_PIECE} OR ABS(`gross`) <= {_PIECES} * {MOST_PER_PIECE}) "
        f"AND (ABS(`discount`) <= {MOST_PER_PIECE} OR ABS(`discount`) <= `lines` * {MOST_PER_PIECE})",
        facts="CONCAT('gross ', `gross`, ', discount ', `discount`)",
    ),
    Check(
        "currency",
        "The currency is one of those that the shop can count in.",
        "`currency` IN ({currencies})",
        facts="`currency`",
    ),
    Check(
        "currency_places",
        "Amounts have no more decimal places than their currency.",
        "`currency` NOT IN ({whole_currencies}) "
        "OR (`gross` = FLOOR(`gross`) AND `discount` = FLOOR(`discount`))",  # and with them their difference, revenue
        facts="CONCAT(`currency`, ', gross ', `gross`, ', discount ', `discount`)",
    ),
    Check(
        "discount",
        "Where nothing was returned, no more was given off than was charged.",
        "`returned_units` > 0 OR `discount` <= `gross`",
        Severity.WARNING,
        facts="CONCAT('discount ', `discount`, ' of gross ', `gross`)",
    ),
)
_STOCK_RULES = (
    Check(
        "pieces",
        "No movement is negative, and every row stems from one.",
        "`delivered` >= 0 AND `lost` >= 0 AND `delivered` + `lost` >= 1",
        facts="CONCAT(`delivered`, ' delivered, ', `lost`, ' lost')",
    ),
)
_COUNT_RULES = (Check("pieces", "No count is negative.", "`quantity` >= 0", facts="CONCAT(`quantity`, ' counted')"),)
_RULES = {SALES_FIGURES: _SALES_RULES, STOCK_FIGURES: _STOCK_RULES, COUNTED: _COUNT_RULES}


def subject(table: Table) -> Subject:
    """The rows of one truth table, with the checks that its declaration gives rise to."""
    return Subject(
        table.name,
        f"Each row of the candidate in `{table.name}`.",
        f"SELECT {listed([column.name for column in table.columns], 't.')} {candidate(table)}",
        f"CONCAT_WS(' · ', {listed(names(table.key[1:]))})",
        REMEDY,
        (*_key_checks(table), *_RULES[table.values]),
        _floor(table),
    )


def _key_checks(table: Table) -> list[Check]:
    texts = {column.name: width for column in table.key if (width := _width(column))}
    there = [
        f"`{column.name}` <> ''" if column.name in texts else f"`{column.name}` IS NOT NULL" for column in table.key
    ]
    fitting = [
        f"CHAR_LENGTH(`{name}`) <= {width} AND `{name}` NOT LIKE ' %' AND `{name}` NOT LIKE '% '"
        for name, width in texts.items()
        if name not in CODES
    ]
    present = [f"`{column.name}` IS NOT NULL" for column in table.values if not column.nullable]
    return [
        Check("keys", "No part of a key is missing or empty.", " AND ".join(there)),
        Check("ids", "Keys fit their columns and are trimmed.", " AND ".join(fitting)),
        Check("figures", "No figure is missing.", " AND ".join(present)),
        Check("recounted", "The month is one that this night recounted.", "`month` IN ({months})"),
        *_period_checks(table),
    ]


def _period_checks(table: Table) -> list[Check]:
    period = next((column.name for column in table.key if column.name in ("hour", "day")), None)
    if period is None:
        months = "`month` BETWEEN LEFT('{opening_day}', 7) AND LEFT('{last_day}', 7)"
        return [Check("days", "The month lies between the opening day and the cut.", months)]
    last = "last_day" if table in SALES_TABLES else "last_stock_day"
    checks = [
        Check("month", "The month is the day's own.", f"`month` = DATE_FORMAT(`{period}`, '%Y-%m')"),
        Check(
            "days",
            "The day lies between the opening day and the cut.",
            f"DATE(`{period}`) BETWEEN '{{opening_day}}' AND '{{{last}}}'",
        ),
    ]
    if period == "hour":
        checks.append(Check("hour", "Hours are whole.", "MINUTE(`hour`) = 0 AND SECOND(`hour`) = 0"))
    return checks


def _width(column: Column) -> int:
    width = re.fullmatch(r"(?:VAR)?CHAR\((\d+)\)", column.type)
    return int(width[1]) if width else 0


def _floor(table: Table) -> str:
    """What readers see already cannot become less rows; and each period that the slice touched has a row."""
    kinds = {SALES_FIGURES: f"IN {SALE_KINDS}", STOCK_FIGURES: "IN ('delivery', 'loss')", COUNTED: "= 'count'"}
    period = "DATE_FORMAT(`day`, '%Y-%m')" if table is TRUTH_SALES_BY_MONTH else "`day`"
    rows = f"SELECT DISTINCT {period} AS `period`, `currency` {touched(kinds[table.values])}"
    return f"GREATEST((SELECT COUNT(*) {published(table)}), (SELECT COUNT(*) FROM ({rows}) d))"
