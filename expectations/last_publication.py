"""Checks of a candidate against what readers see now: nothing shrinks unexplained, no closed month leaps."""

from expectations.checks import Check, Subject, grown
from expectations.pictures import STOCK_COMPARED, candidate, listed, live, names, published, side_by_side, stock
from tillstream.tables import (
    LIVE_COUNTS,
    LIVE_SALES,
    LIVE_STOCK,
    SALES_FIGURES,
    TRUTH_COUNTS,
    TRUTH_SALES_BY_MONTH,
    TRUTH_STOCK,
)

FIGURES = names(SALES_FIGURES)
KEY = ("month", "store_id", "product_id", "currency")
STOCK_KEY = KEY[:-1]
CHANGE_LINES = 100  # a month of fewer published lines may change by any share

REMEDY = (
    "What readers see and what the raw record says differ, and no sale, return or late event explains it. "
    "`tillstream verify` names the figures; a full night recounts every month."
)
CHANGE_REMEDY = (
    "A closed month changed by more than TILLSTREAM_CHANGE_LIMIT. If a late import explains it, set that higher for "
    "this night; if not, look with `tillstream explain --month 2019-04` at what came in."
)


def _compared(figure: str) -> Check:
    return grown(figure, "live", "are those published before plus those that the stream has added since", "live")


def _never_less(figures: tuple[str, ...]) -> str:
    return " AND ".join(f"`candidate_{figure}` >= `published_{figure}`" for figure in figures)


def _sides(figures: str, month: str, key: str) -> dict[str, str]:
    select = f"SELECT t.`month`, {key}, {figures}"
    return {
        "candidate": f"{select} {candidate(TRUTH_SALES_BY_MONTH)}",
        "published": f"{select} {published(TRUTH_SALES_BY_MONTH)}",
        "live": f"SELECT {month} AS `month`, {key}, {figures} {live(LIVE_SALES)}",
    }


_LIVE_MONTH = "DATE_FORMAT(t.`hour`, '%Y-%m')"
_NEVER_LESS = ("lines", "receipts", "returned_units")

SALES = Subject(
    "sales_since",
    "Each month x store x product x currency that the night recounted.",
    side_by_side(KEY, FIGURES, _sides(listed(FIGURES, "t."), _LIVE_MONTH, listed(KEY[1:], "t."))),
    f"CONCAT_WS(' · ', {listed(KEY)})",
    REMEDY,
    (
        Check(
            "shrinking",
            "Lines, receipts, pieces sold and pieces returned are never less than published before.",
            f"{_never_less(_NEVER_LESS)} AND `candidate_units` + `candidate_returned_units` "
            ">= `published_units` + `published_returned_units`",
            facts="CONCAT(`candidate_lines`, ' lines, ', `candidate_units`, ' units; published: ', "
            "`published_lines`, ' lines, ', `published_units`, ' units')",
        ),
        *(_compared(figure) for figure in FIGURES),
    ),
    f"SELECT COUNT(*) {published(TRUTH_SALES_BY_MONTH)}",
)

_STOCK_SIDES = {
    "candidate": stock(candidate(TRUTH_STOCK), candidate(TRUTH_COUNTS), listed(STOCK_KEY, "t.")),
    "published": stock(published(TRUTH_STOCK), published(TRUTH_COUNTS), listed(STOCK_KEY, "t.")),
    "live": stock(
        live(LIVE_STOCK),
        live(LIVE_COUNTS),
        f"DATE_FORMAT(t.`day`, '%Y-%m') AS `month`, {listed(STOCK_KEY[1:], 't.')}",
    ),
}
STOCK = Subject(
    "stock_since",
    "Each month x store x product whose stock movements the night recounted.",
    side_by_side(STOCK_KEY, STOCK_COMPARED, _STOCK_SIDES),
    f"CONCAT_WS(' · ', {listed(STOCK_KEY)})",
    REMEDY,
    (
        Check(
            "shrinking",
            "Deliveries, losses and counts are never less than published before.",
            _never_less(("delivered", "lost", "counts")),
            facts="CONCAT(`candidate_delivered`, ' delivered, ', `candidate_lost`, ' lost, ', `candidate_counts`, "
            "' counts; published: ', `published_delivered`, ', ', `published_lost`, ', ', `published_counts`)",
        ),
        *(_compared(figure) for figure in STOCK_COMPARED),
    ),
    f"SELECT COUNT(DISTINCT t.`month`, t.`store_id`, t.`product_id`) {published(TRUTH_STOCK)}",
)

_CLOSED = "SELECT `month` FROM `published_months` WHERE `closed` = 1"
_CHANGED = ("lines", "units", "revenue")


def _within_limit(figure: str) -> Check:
    return Check(
        figure,
        f"`{figure}` of a month that was closed changed by no more than the setting `change_limit` allows.",
        f"`published_lines` < {CHANGE_LINES} OR "
        f"ABS(`candidate_{figure}` - `published_{figure}`) <= ABS(`published_{figure}`) * {{change_limit}}",
        facts=f"CONCAT('was ', `published_{figure}`, ', would be ', `candidate_{figure}`)",
    )


CHANGES = Subject(
    "closed_months",
    f"Each closed month and currency that the night recounted; those below {CHANGE_LINES} lines may change at will.",
    "SELECT * FROM ("
    + side_by_side(
        ("month", "currency"),
        _CHANGED,
        {
            side: f"SELECT t.`month`, t.`currency`, {listed(_CHANGED, 't.')} {where}"
            for side, where in {
                "candidate": candidate(TRUTH_SALES_BY_MONTH),
                "published": published(TRUTH_SALES_BY_MONTH),
            }.items()
        },
    )
    + f") c WHERE `month` IN ({_CLOSED})",
    "CONCAT_WS(' · ', `month`, `currency`)",
    CHANGE_REMEDY,
    tuple(_within_limit(figure) for figure in _CHANGED),
    f"SELECT COUNT(DISTINCT t.`month`, t.`currency`) {published(TRUTH_SALES_BY_MONTH)} WHERE p.`closed` = 1",
)

SUBJECTS = (SALES, STOCK, CHANGES)
