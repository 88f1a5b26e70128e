"""Every MySQL table, declared once: DDL, documentation and column lists are rendered from here.

Live tables hold what the stream has added since the published cut, by epoch. Truth tables hold what a night has
recounted, by generation. The views in `tillstream.views` put the two together.
"""

from dataclasses import dataclass, field

from tillstream.money import DIGITS, PLACES

ID = "VARCHAR(64)"
EVENT_ID = "VARCHAR(160)"
NAME = "VARCHAR(200)"
MONEY = f"DECIMAL({DIGITS},{PLACES})"
COUNT = "BIGINT"
NUMBER = "INT"
CURRENCY = "CHAR(3)"
DAY = "DATE"
HOUR = "DATETIME"
INSTANT = "DATETIME(3)"
MONTH = "CHAR(7)"
TOPIC = "VARCHAR(100)"
REASON = "VARCHAR(40)"
FLAG = "TINYINT"
TEXT = "VARCHAR(1000)"
RUN = "VARCHAR(250)"
WORD = "VARCHAR(20)"


@dataclass(frozen=True)
class Column:
    """One column: its SQL type, what it means, and whether it may be NULL or has a default."""

    name: str
    type: str
    meaning: str
    nullable: bool = False
    default: str | None = None

    @property
    def ddl(self) -> str:
        default = f" DEFAULT {self.default}" if self.default is not None else ""
        return f"`{self.name}` {self.type}{'' if self.nullable else ' NOT NULL'}{default}"


@dataclass(frozen=True)
class Table:
    """One table. Every key column is compared byte by byte, without padding."""

    name: str
    meaning: str
    key: tuple[Column, ...]
    values: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = field(default=())
    unique: tuple[str, ...] = ()  # columns that no two rows have alike, besides the key

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.key + self.values

    @property
    def key_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.key)

    @property
    def value_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.values)

    def ddl(self, collation: str) -> str:
        """CREATE TABLE for MySQL 8.4, 9 and MariaDB; the binary NO PAD collation has another name on each."""
        lines = [column.ddl for column in self.columns]
        lines.append(f"PRIMARY KEY ({_names(self.key_names)})")
        lines += [f"UNIQUE KEY `{name}` (`{name}`)" for name in self.unique]
        lines += [f"KEY `{'_'.join(index)}` ({_names(index)})" for index in self.indexes]
        body = ",\n  ".join(lines)
        options = f"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation}"
        return f"CREATE TABLE IF NOT EXISTS `{self.name}` (\n  {body}\n) {options}"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


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

LIVE_SALES = Table(
    "live_sales",
    "Sales since the published cut, added up by the stream.",
    (EPOCH, HOUR_COLUMN, STORE, PRODUCT, MONEY_CODE),
    SALES_FIGURES,
)
LIVE_STOCK = Table(
    "live_stock", "Deliveries and losses since the published cut.", (EPOCH, DAY_COLUMN, STORE, PRODUCT), STOCK_FIGURES
)
LIVE_COUNTS = Table("live_counts", "Physical counts since the published cut.", (EPOCH, *COUNT_KEY), COUNTED)

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

PRODUCT_NAMES = Table(
    "product_names",
    "The names under which a product was sold: the reference name, else the most recent one, is shown.",
    (PRODUCT, Column("product_name", NAME, "display name")),
    (Column("last_sold_at", INSTANT, "latest event under this name, UTC"),),
)

SOURCE_KEY = (Column("topic", TOPIC, "Kafka topic"), Column("partition", NUMBER, "Kafka partition"))
STREAM_OFFSETS = Table(
    "stream_offsets",
    "How far the stream has counted: the idempotence key of the live layer.",
    SOURCE_KEY,
    (
        Column("next_offset", COUNT, "every record below it is in the figures; none at or above it is"),
        Column("counted", COUNT, "records that count", default="0"),
        Column("duplicates", COUNT, "records sent again, which do not count", default="0"),
        Column("rejected", COUNT, "records in quarantine", default="0"),
        Column("skipped", COUNT, "offsets without a record, or accepted as lost by an operator", default="0"),
    ),
)
SOURCE_ENDS = Table(
    "source_ends",
    "How far each partition reaches in Kafka, as the stream last saw it.",
    SOURCE_KEY,
    (Column("end_offset", COUNT, "offset that the next record will get"),),
)
REJECT_COUNTS = Table(
    "reject_counts",
    "Records in quarantine.",
    (Column("topic", TOPIC, "Kafka topic"), Column("reason", REASON, "why, out of the closed set")),
    (
        Column("rejected", COUNT, "records put into quarantine"),
        Column("last_at", INSTANT, "when Kafka received the latest, UTC"),
    ),
)
STREAM_TOPICS = Table(
    "stream_topics",
    "The identity of each topic: one that was deleted and created again is another topic.",
    (Column("topic", TOPIC, "Kafka topic"),),
    (Column("topic_id", "VARCHAR(64)", "Kafka's own id of the topic"),),
)
STREAM_GAPS = Table(
    "stream_gaps",
    "Offsets that Kafka had already deleted and that an operator accepted as lost.",
    (*SOURCE_KEY, Column("first_offset", COUNT, "first offset that is missing")),
    (
        Column("next_offset", COUNT, "first offset that is there again"),
        Column("accepted_at", INSTANT, "when an operator accepted the loss, UTC"),
    ),
)
HEARTBEAT = Table(
    "heartbeat",
    "The stream's sign of life.",
    (Column("layer", "VARCHAR(20)", "always 'live'"),),
    (
        Column("beat_at", INSTANT, "latest sign of life, UTC", nullable=True),
        Column("committed_at", INSTANT, "latest commit of figures, UTC", nullable=True),
        Column("newest_event_at", INSTANT, "when Kafka received the newest counted record, UTC", nullable=True),
        Column("state", "VARCHAR(20)", "running or stopped", default="'running'"),
        Column("message", TEXT, "why it stopped", default="''"),
    ),
)
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
    (RUN_COLUMN, Column("stage", WORD, "slice, candidate or reconcile"), Column("check_name", "VARCHAR(150)", "which")),
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

SHOP = Table(
    "shop",
    "One row: the setting that every figure depends on, fixed with the schema.",
    (Column("id", NUMBER, "always 1"),),
    (Column("timezone", "VARCHAR(64)", "IANA time zone of the business day"),),
)
SUPPLIERS = Table(
    "suppliers",
    "Who delivers.",
    (Column("supplier", NAME, "the supplier's name"),),
    (Column("lead_time_days", NUMBER, "days from order to delivery"),),
)
PRODUCTS = Table(
    "products",
    "Reference data of products.",
    (PRODUCT,),
    (
        Column("product_name", NAME, "display name"),
        Column("category", NAME, "group of products", nullable=True),
        Column("style", NAME, "clothing: the style", nullable=True),
        Column("size", "VARCHAR(40)", "clothing: the size", nullable=True),
        Column("colour", "VARCHAR(40)", "clothing: the colour", nullable=True),
        Column("supplier", NAME, "who delivers it", nullable=True),
        Column("unit_cost", MONEY, "what one piece costs to buy", nullable=True),
        Column("cost_currency", CURRENCY, "currency of the cost", nullable=True),
        Column("lead_time_days", NUMBER, "days from order to delivery, if other than the supplier's", nullable=True),
        Column("pack_size", NUMBER, "pieces per pack", nullable=True),
        Column("minimum_order", NUMBER, "least pieces per order", nullable=True),
        Column("reorder_level", COUNT, "order at or below this stock, as the owner set it", nullable=True),
        Column("discontinued_on", DAY, "not ordered from this day on", nullable=True),
    ),
    (("category",),),
)

TABLES = (
    LIVE_SALES, LIVE_STOCK, LIVE_COUNTS,
    TRUTH_SALES_BY_HOUR, TRUTH_SALES_BY_DAY, TRUTH_SALES_BY_MONTH, TRUTH_STOCK, TRUTH_COUNTS,
    PRODUCT_NAMES, STREAM_OFFSETS, SOURCE_ENDS, REJECT_COUNTS, STREAM_TOPICS, STREAM_GAPS, HEARTBEAT,
    LAYERS, EPOCHS, CUTS, GENERATIONS, GENERATION_MONTHS, PUBLISHED_MONTHS, PUBLICATIONS, PUBLICATION_MONTHS,
    RAW_BLOCKS, SLICE_PROFILE, QUALITY_RESULTS, RECONCILIATIONS, RESTATEMENT_ROWS, STREAM_LOOKS,
    SHOP, SUPPLIERS, PRODUCTS,
)  # fmt: skip


def adding_upsert(table: Table) -> str:
    """INSERT that adds the values onto an existing row."""
    return f"{_insert(table)} {adding_tail(table)}"


def adding_tail(table: Table) -> str:
    """The end of an INSERT that adds its values onto an existing row; `VALUES()` because MariaDB has no row alias."""
    updates = ", ".join(f"`{name}` = `{name}` + VALUES(`{name}`)" for name in table.value_names)
    return f"ON DUPLICATE KEY UPDATE {updates}"


# Begins a SELECT that groups very many rows: the server sorts them then. Left to itself it looks each one up by its
# long key in a temporary table on the disk, which takes twice as long.
GROUPING = "SELECT SQL_BIG_RESULT"


def replacing_upsert(table: Table) -> str:
    """INSERT that puts the values in the place of an existing row's."""
    return f"{_insert(table)} {replacing_tail(table)}"


def replacing_tail(table: Table) -> str:
    """The end of an INSERT that puts its values in the place of an existing row's."""
    updates = ", ".join(f"`{name}` = VALUES(`{name}`)" for name in table.value_names)
    return f"ON DUPLICATE KEY UPDATE {updates}"


def insert_head(table: Table) -> str:
    """The begin of an INSERT of all columns, up to the values."""
    return f"INSERT INTO `{table.name}` ({_names(tuple(column.name for column in table.columns))}) VALUES"


def _insert(table: Table) -> str:
    return f"{insert_head(table)} ({', '.join(['%s'] * len(table.columns))})"
