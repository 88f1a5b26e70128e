"""Columns that several tables have, and the figures that live and truth tables share."""

from tillstream.tables.declaration import COUNT, CURRENCY, DAY, EVENT_ID, HOUR, ID, INSTANT, MONEY, MONTH, RUN, Column

EPOCH = Column("epoch", COUNT, "which cut these figures come after")
GENERATION = Column("generation", COUNT, "which night recounted these figures")
RUN_COLUMN = Column("run_id", RUN, "the run, as Airflow names it")
STORE = Column("store_id", ID, "the shop or branch")
PRODUCT = Column("product_id", ID, "stable key of the product")
MONEY_CODE = Column("currency", CURRENCY, "ISO 4217 code; amounts are never added across currencies")
HOUR_COLUMN = Column("hour", HOUR, "start of the hour on the shop's clock")
DAY_COLUMN = Column("day", DAY, "business day on the shop's clock")
MONTH_COLUMN = Column("month", MONTH, "business month, YYYY-MM")

SALES_FIGURES = (
    Column("units", COUNT, "pieces sold, less pieces returned"),
    Column("returned_units", COUNT, "pieces returned"),
    Column("lines", COUNT, "receipt lines, returns included"),
    Column("receipts", COUNT, "lines numbered 1: one per receipt"),
    Column("gross", MONEY, "quantity x unit price, returns subtracted"),
    Column("discount", MONEY, "discounts given, those of returns subtracted"),
    Column("revenue", MONEY, "gross less discount"),
)
STOCK_FIGURES = (
    Column("delivered", COUNT, "pieces delivered"),
    Column("lost", COUNT, "pieces lost, broken or stolen"),
)
COUNT_KEY = (
    DAY_COLUMN,
    STORE,
    PRODUCT,
    Column("recorded_at", INSTANT, "when the count was written down, UTC: the latest of a day holds"),
    Column("event_id", EVENT_ID, "the count's event"),
)
COUNTED = (Column("quantity", COUNT, "pieces counted at the opening of the day"),)
