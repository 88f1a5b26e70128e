"""What will sell, and what to order."""

from tillstream.tables.columns import MONTH_COLUMN, PRODUCT, RUN_COLUMN, STORE
from tillstream.tables.declaration import (
    COUNT,
    CURRENCY,
    DAY,
    DOCUMENT,
    FLAG,
    ID,
    INSTANT,
    MONEY,
    MONTH,
    NAME,
    NUMBER,
    PIECES,
    SHARE,
    TEXT,
    WORD,
    Column,
    Table,
)

FORECAST = Column("forecast", COUNT, "number of the forecast, from 1")
SCOPE = Column("store_id", ID, "the shop or branch; empty: all of them together")
FORECASTS = Table(
    "forecasts",
    "Each forecast that was made; with its plan it is published whole or not at all.",
    (FORECAST,),
    (
        RUN_COLUMN,
        Column("generation", COUNT, "the published generation that it learned from"),
        Column("issued_on", DAY, "the shop's day on which it was made: what was known then is all it knows"),
        Column("history_months", NUMBER, "months of history that it learned from"),
        Column("code_version", "VARCHAR(64)", "the code that made it"),
        Column("created_at", INSTANT, "when it began to read, UTC: what was entered later it does not know"),
        Column("written_at", INSTANT, "when all its rows were there, UTC", nullable=True),
        Column("published_at", INSTANT, "when readers began to see it, UTC", nullable=True),
    ),
    unique=("run_id",),
)
CURRENT_FORECAST = Table(
    "current_forecast",
    "One row: the forecast and plan that readers see.",
    (Column("id", NUMBER, "always 1"),),
    (FORECAST,),
)
FORECAST_MONTHS = Table(
    "forecast_months",
    "What each forecast expects; never changed once it is published.",
    (FORECAST, SCOPE, PRODUCT, MONTH_COLUMN),
    (
        Column("quantity", PIECES, "pieces expected, returns not subtracted"),
        Column("p10", PIECES, "with a chance of 10 % no more than this is asked for"),
        Column("p50", PIECES, "likewise 50 %"),
        Column("p90", PIECES, "likewise 90 %"),
        Column("naive", PIECES, "what the same month of the last year, else the last month, would say", nullable=True),
        Column("method", WORD, "how it was come by; nowcast: the month in progress"),
        Column(
            "backtest_error",
            PIECES,
            "mean error at earlier origins, pieces a month: absolute; of slow movers the root of squares",
            nullable=True,
        ),
        Column("naive_error", PIECES, "likewise of the same month of the last year", nullable=True),
        Column("last_month_error", PIECES, "likewise of the last month", nullable=True),
        Column("season_known", FLAG, "0 with less than two years of history: the season is not known"),
    ),
)
FORECAST_MODELS = Table(
    "forecast_models",
    "What each forecast of a product was made from, as JSON: for explanations, and to plan again within a budget.",
    (FORECAST, SCOPE, PRODUCT),
    (
        Column(
            "history", DOCUMENT, "by month: demand, pieces sold and the share of the month that it was on the shelf"
        ),
        Column("weights", DOCUMENT, "by member of the pool: its weight"),
        Column("expected", DOCUMENT, "pieces expected by month, from the month in progress on"),
        Column("sums", DOCUMENT, "quantiles of the demand of the first 1, 2, … months together: by level, by month"),
    ),
)
FORECAST_SCORES = Table(
    "forecast_scores",
    "What became of the months that a forecast spoke of, once they were over.",
    (FORECAST, SCOPE, PRODUCT, MONTH_COLUMN),
    (
        Column("actual", PIECES, "demand of the month, empty shelves made good"),
        Column("sold", COUNT, "pieces sold"),
        Column("scored_at", INSTANT, "when, UTC"),
    ),
)
PLAN_LINES = Table(
    "plan_lines",
    "What to do about each product, and the numbers behind it.",
    (FORECAST, STORE, PRODUCT),
    (
        Column("quantity", COUNT, "pieces to order now"),
        Column("order_by", DAY, "the day by which to order, where it runs out in sight", nullable=True),
        Column("refill_month", MONTH, "the month in which it runs short", nullable=True),
        Column("urgency", WORD, "red: late already; amber: before the next review; green: there is time"),
        Column("reorder_point", PIECES, "order at or below this stock"),
        Column("order_up_to", PIECES, "an order raises stock to this"),
        Column("safety_stock", PIECES, "of that, what covers more demand than is expected"),
        Column("service", SHARE, "chance not to run out that was aimed at"),
        Column("abc", WORD, "A: the products that bring 80 % of revenue; B: the next 15 %; C: the others"),
        Column("months_of_cover", PIECES, "how long stock lasts; NULL: nothing is expected to sell", nullable=True),
        Column("runs_out_on", DAY, "when stock is gone, if it sells as expected", nullable=True),
        Column("on_hand", COUNT, "pieces there by the books"),
        Column("on_order", COUNT, "pieces on order"),
        Column("reserved", COUNT, "pieces promised to customers"),
        Column("lead_time_days", NUMBER, "days from order to delivery", nullable=True),
        Column("pack_size", NUMBER, "pieces per pack"),
        Column("minimum_order", NUMBER, "least pieces per order"),
        Column("supplier", NAME, "who delivers", nullable=True),
        Column("unit_cost", MONEY, "what a piece costs", nullable=True),
        Column("cost", MONEY, "what the order costs", nullable=True),
        Column("cost_currency", CURRENCY, "ISO 4217 code of the costs", nullable=True),
        Column("reason", TEXT, "why, in one sentence"),
        Column("idle", WORD, "dead: unsold for a year; slow: more than a year's cover; else ok"),
        Column("idle_units", COUNT, "pieces that are too many"),
        Column("idle_cost", MONEY, "what those have cost", nullable=True),
        Column("sell_through", SHARE, "share sold of what there was to sell in the last year", nullable=True),
        Column("lost_units", PIECES, "pieces that empty shelves cost in the last year, by estimate"),
        Column("lost_revenue", MONEY, "likewise in money", nullable=True),
        Column("price_currency", CURRENCY, "ISO 4217 code of lost revenue", nullable=True),
    ),
)
PLAN_MONTHS = Table(
    "plan_months",
    "What to refill in which month, if it sells as expected.",
    (FORECAST, STORE, PRODUCT, MONTH_COLUMN),
    (
        Column("quantity", COUNT, "pieces to be there by the start of the month"),
        Column("order_by", DAY, "the day by which to order them"),
        Column("cost", MONEY, "what they cost", nullable=True),
        Column("reason", TEXT, "why, in one sentence"),
    ),
)
SIZE_RUNS = Table(
    "broken_size_runs",
    "Styles of which some wanted sizes are gone and others are left.",
    (FORECAST, STORE, Column("style", NAME, "the style"), Column("colour", "VARCHAR(40)", "the colour")),
    (Column("state", TEXT, "which sizes are gone and what is left"),),
)
ORDERS = Table(
    "orders",
    "What was ordered from suppliers, as the owner entered it.",
    (Column("order_id", COUNT, "number of the order line, from 1"),),
    (
        STORE,
        PRODUCT,
        Column("quantity", COUNT, "pieces ordered"),
        Column("received", COUNT, "pieces that have come", default="0"),
        Column("ordered_on", DAY, "when"),
        Column("due_on", DAY, "when it should come"),
        Column("closed_on", DAY, "when it had come, or was given up", nullable=True),
        Column("recorded_at", INSTANT, "when it was entered, UTC: a plan made before does not know it"),
    ),
    (("product_id",),),
)
UPLIFTS = Table(
    "expected_uplifts",
    "What the owner expects beyond the forecast.",
    (MONTH_COLUMN, Column("product_id", ID, "the product; empty: all of them")),
    (Column("factor", PIECES, "1.2: a fifth more than the forecast"),),
)
