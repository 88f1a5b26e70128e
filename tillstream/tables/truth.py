"""What nights have recounted, by generation, what they published of it and how they checked it."""

from tillstream.tables.columns import (
    COUNT_KEY,
    COUNTED,
    DAY_COLUMN,
    EPOCH,
    GENERATION,
    HOUR_COLUMN,
    MONEY_CODE,
    MONTH_COLUMN,
    PRODUCT,
    RUN_COLUMN,
    SALES_FIGURES,
    STOCK_FIGURES,
    STORE,
)
from tillstream.tables.declaration import (
    COUNT,
    CURRENCY,
    FLAG,
    INSTANT,
    MONEY,
    MONTH,
    NUMBER,
    TEXT,
    WORD,
    Column,
    Table,
)
from tillstream.tables.live import SOURCE_KEY

TRUTH_SALES_BY_HOUR = Table(
    "truth_sales_by_hour",
    "Recounted sales by hour.",
    (GENERATION, MONTH_COLUMN, HOUR_COLUMN, STORE, PRODUCT, MONEY_CODE),
    SALES_FIGURES,
)
TRUTH_SALES_BY_DAY = Table(
    "truth_sales_by_day",
    "Recounted sales by day.",
    (GENERATION, MONTH_COLUMN, DAY_COLUMN, STORE, PRODUCT, MONEY_CODE),
    SALES_FIGURES,
    # What a product sold in a month before the day of a count.
    (("generation", "month", "store_id", "product_id", "day", "units"),),
)
TRUTH_SALES_BY_MONTH = Table(
    "truth_sales_by_month",
    "Recounted sales by month.",
    (GENERATION, MONTH_COLUMN, STORE, PRODUCT, MONEY_CODE),
    SALES_FIGURES,
)
TRUTH_STOCK = Table(
    "truth_stock",
    "Recounted deliveries and losses.",
    (GENERATION, MONTH_COLUMN, DAY_COLUMN, STORE, PRODUCT),
    STOCK_FIGURES,
)
TRUTH_COUNTS = Table("truth_counts", "Physical counts, recounted.", (GENERATION, MONTH_COLUMN, *COUNT_KEY), COUNTED)

LAYERS = Table(
    "layers",
    "One row: which epoch the stream writes, and which one the truth was cut at.",
    (Column("id", NUMBER, "always 1"),),
    (
        Column("current_epoch", COUNT, "the epoch of new live rows"),
        Column("published_epoch", COUNT, "live rows of this epoch and later ones come on top of the truth"),
        Column("final_before", MONTH, "months before this one were over at the published cut", default="''"),
    ),
)
EPOCHS = Table(
    "epochs",
    "Each cut that was opened.",
    (EPOCH,),
    (Column("opened_at", INSTANT, "when, UTC"),),
)
CUTS = Table(
    "cuts",
    "The offsets at which each epoch was opened, and what had become of the records below them.",
    (EPOCH, *SOURCE_KEY),
    (
        Column("next_offset", COUNT, "truth of this cut holds every record below it"),
        Column("counted", COUNT, "records below it that count"),
        Column("duplicates", COUNT, "records below it that were sent again"),
        Column("rejected", COUNT, "records below it in quarantine"),
    ),
)
GENERATIONS = Table(
    "generations",
    "Each recount by a night.",
    (GENERATION,),
    (
        EPOCH,
        RUN_COLUMN,
        Column("kind", WORD, "night: what was touched; full: everything; backfill: one month at the published cut"),
        Column("asked_month", MONTH, "the month that the run was asked for", nullable=True),
        Column("base_epoch", COUNT, "the published epoch when it was opened: what it recounts begins at that cut"),
        Column("code_version", "VARCHAR(64)", "the code that made it"),
        Column("created_at", INSTANT, "when, UTC"),
        Column("profiled_at", INSTANT, "when all raw events since the base were looked at, UTC", nullable=True),
        Column("recounts", NUMBER, "how often its recount was begun", default="0"),
        Column("recounted_at", INSTANT, "when all its rows were there, UTC", nullable=True),
        Column("published_at", INSTANT, "when readers began to see it, UTC", nullable=True),
    ),
    unique=("run_id",),
)
GENERATION_MONTHS = Table(
    "generation_months",
    "The months that each generation recounted.",
    (GENERATION, MONTH_COLUMN),
    (
        Column("closed", FLAG, "1 when the month was over at the cut"),
        Column("first_final", FLAG, "1 when readers saw the month closed for the first time with it", default="0"),
    ),
)
PUBLISHED_MONTHS = Table(
    "published_months",
    "Which generation of each month readers see.",
    (MONTH_COLUMN,),
    (GENERATION, Column("closed", FLAG, "1 when the month was over at its publication")),
)
PUBLICATION = Column("publication", COUNT, "number of the publication, from 1")
PUBLICATIONS = Table(
    "publications",
    "Each time that readers were given another truth.",
    (PUBLICATION,),
    (
        GENERATION,
        EPOCH,
        Column("origin", COUNT, "the publication whose truth this is: itself, or where a rollback led"),
        Column("kind", WORD, "as the generation's, or rollback"),
        Column("published_at", INSTANT, "when, UTC"),
    ),
)
PUBLICATION_MONTHS = Table(
    "publication_months",
    "`published_months` as it was after each of the last publications: where a rollback leads.",
    (PUBLICATION, MONTH_COLUMN),
    PUBLISHED_MONTHS.values,
)
RAW_BLOCKS = Table(
    "raw_blocks",
    "Where in the raw record the events of each month are: a month is recounted from these offsets alone.",
    (*SOURCE_KEY, Column("block", COUNT, "offset div 20000"), MONTH_COLUMN),
    (
        Column("events", COUNT, "events of the month in the block"),
        Column("first_offset", COUNT, "offset of the first of them"),
        Column("last_offset", COUNT, "offset of the last of them"),
    ),
)
SLICE_PROFILE = Table(
    "slice_profile",
    "The raw events between a generation's base and its cut, added up by mongod.",
    (
        GENERATION,
        *SOURCE_KEY,
        DAY_COLUMN,
        Column("kind", WORD, "kind of event"),
        Column("currency", CURRENCY, "ISO 4217 code, empty for stock movements"),
    ),
    (
        Column("events", COUNT, "how many"),
        Column("units", COUNT, "pieces as written in the events, without a sign"),
        Column("revenue", MONEY, "quantity x unit price less discount, without a sign; 0 for stock movements"),
    ),
)
QUALITY_RESULTS = Table(
    "quality_results",
    "Each check of each run.",
    (
        RUN_COLUMN,
        Column("stage", WORD, "slice, candidate, reconcile or forecast"),
        Column("check_name", "VARCHAR(150)", "which"),
    ),
    (
        Column("severity", WORD, "critical: refuses the publication; warning: shows"),
        Column("passed", FLAG, "1 when it passed"),
        Column("observed", TEXT, "what was found"),
        Column("expected", TEXT, "what should be"),
        Column("detail", TEXT, "where, and what to do"),
        Column("rows_seen", COUNT, "rows that it looked at"),
        Column("checked_at", INSTANT, "when, UTC"),
    ),
)
RECONCILIATIONS = Table(
    "reconciliations",
    "Differences between what readers saw and a candidate, with their cause.",
    (
        GENERATION,
        Column("figure", WORD, "sales, stock or count"),
        DAY_COLUMN,
        STORE,
        PRODUCT,
        Column("currency", CURRENCY, "ISO 4217 code, empty for stock"),
    ),
    (
        Column("published_units", COUNT, "in the published truth"),
        Column("live_units", COUNT, "added by the stream since, up to the cut"),
        Column("candidate_units", COUNT, "in the candidate"),
        Column("published_revenue", MONEY, "in the published truth"),
        Column("live_revenue", MONEY, "added by the stream since, up to the cut"),
        Column("candidate_revenue", MONEY, "in the candidate"),
        Column("units_difference", COUNT, "candidate less what readers saw, published and live"),
        Column("revenue_difference", MONEY, "candidate less what readers saw, published and live"),
        Column("cause", WORD, "late, conflict, repaired reject or unexplained"),
    ),
)
RESTATEMENT_ROWS = Table(
    "restatement_rows",
    "Figures of closed months that a publication changed.",
    (GENERATION, MONTH_COLUMN, STORE, PRODUCT, MONEY_CODE),
    (
        Column("before_units", COUNT, "units as last published"),
        Column("after_units", COUNT, "units from now on"),
        Column("before_revenue", MONEY, "revenue as last published"),
        Column("after_revenue", MONEY, "revenue from now on"),
        Column("cause", WORD, "late, conflict or repaired reject"),
    ),
)
STREAM_LOOKS = Table(
    "stream_looks",
    "What the watch over the stream saw at its last look: rates are of the time since.",
    SOURCE_KEY,
    (
        Column("next_offset", COUNT, "how far the stream had counted"),
        Column("counted", COUNT, "records that counted"),
        Column("rejected", COUNT, "records in quarantine"),
        Column("looked_at", INSTANT, "when, UTC"),
    ),
)
