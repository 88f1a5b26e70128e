"""Checks that a candidate holds everything that it must: months, products and currencies."""

from expectations.checks import Check, Severity, Subject
from expectations.pictures import SALE_KINDS, candidate, published, touched
from expectations.truth_tables import SALES_TABLES
from tillstream.tables import TRUTH_COUNTS, TRUTH_SALES_BY_MONTH, TRUTH_STOCK

_MONTH = "DATE_FORMAT(`day`, '%Y-%m')"

# Of each month: whether the night recounted it, the slice touched it, readers see it, and sales of it must be there.
_NEEDS = " UNION ALL ".join([
    "SELECT `month`, 1 AS `recounted`, 0 AS `touched`, 0 AS `seen`, 0 AS `sales` "
    "FROM `generation_months` WHERE `generation` = {generation}",
    f"SELECT {_MONTH}, 0, 1, 0, `kind` IN {SALE_KINDS} {touched('IS NOT NULL')}",
    "SELECT `month`, 0, 0, 1, 0 FROM `published_months`",
    f"SELECT t.`month`, 0, 0, 0, 1 {published(TRUTH_SALES_BY_MONTH)}",
])  # fmt: skip
_THERE = " AND ".join(f"EXISTS (SELECT 1 {candidate(table)} AND t.`month` = s.`month`)" for table in SALES_TABLES)

MONTHS = Subject(
    "months",
    "Each month that the night recounted, that the slice touched or that readers see.",
    "SELECT `month`, MAX(`recounted`) AS `recounted`, MAX(`touched`) AS `touched`, MAX(`seen`) AS `seen`, "
    f"MAX(`sales`) AS `sales` FROM ({_NEEDS}) n GROUP BY `month`",
    "`month`",
    "Clear the task `recount`. If it fails again, profile and recount disagree about which months were touched.",
    (
        Check("touched", "Every month that the slice touched was recounted.", "`touched` = 0 OR `recounted` = 1"),
        Check(
            "full",
            "A full recount leaves out no month that readers see.",
            "{kind} <> 'full' OR `seen` = 0 OR `recounted` = 1",
        ),
        Check(
            "not_empty",
            "A recounted month with sales has rows by hour, by day and by month.",
            f"`recounted` = 0 OR `sales` = 0 OR ({_THERE})",
            facts="'sales are published or in the slice, the candidate lacks them'",
        ),
    ),
    f"SELECT COUNT(DISTINCT {_MONTH}) {touched('IS NOT NULL')}",
)

_SOLD = f"SELECT DISTINCT t.`product_id`, 1 AS `sold` {candidate(TRUTH_SALES_BY_MONTH)}"
_STOCKED = " UNION ALL ".join(f"SELECT t.`product_id`, 0 {candidate(table)}" for table in (TRUTH_STOCK, TRUTH_COUNTS))
_PRODUCTS = f"SELECT `product_id` FROM ({_SOLD} UNION ALL {_STOCKED}) p GROUP BY `product_id`"

PRODUCTS = Subject(
    "products",
    "Each product of the candidate.",
    f"SELECT c.`product_id`, n.`product_id` AS `named`, r.`product_id` AS `listed` FROM ({_PRODUCTS}) c "
    "LEFT JOIN (SELECT DISTINCT `product_id` FROM `product_names`) n ON n.`product_id` = c.`product_id` "
    "LEFT JOIN `products` r ON r.`product_id` = c.`product_id`",
    "`product_id`",
    "`tillstream products import FILE` adds reference data. A product that no event named is a damaged key.",
    (
        Check("named", "Some event of the stream named it.", "`named` IS NOT NULL"),
        Check("listed", "It is in the reference data.", "`listed` IS NOT NULL", Severity.WARNING),
    ),
    "SELECT COUNT(DISTINCT 1) FROM `slice_profile` WHERE `generation` = {generation}",
)

CURRENCIES = Subject(
    "currencies",
    "Each currency of the candidate.",
    f"SELECT t.`currency`, SUM(t.`lines`) AS `lines` {candidate(TRUTH_SALES_BY_MONTH)} GROUP BY t.`currency`",
    "`currency`",
    "A till that sends another currency is set up wrongly, or the shop takes a new one: then the next night is silent.",
    (
        Check("iso", "It is one that the shop can count in (ISO 4217).", "`currency` IN ({currencies})"),
        Check(
            "known",
            "It is the shop's own, or readers see sales in it already.",
            "`currency` = {currency} OR `currency` IN (SELECT t.`currency` FROM `truth_sales_by_month` t "
            "JOIN `published_months` p ON p.`month` = t.`month` AND p.`generation` = t.`generation`)",
            Severity.WARNING,
            facts="CONCAT(`lines`, ' lines')",
        ),
    ),
    f"SELECT COUNT(DISTINCT `currency`) {touched(f'IN {SALE_KINDS}')}",
)

SUBJECTS = (MONTHS, PRODUCTS, CURRENCIES)
