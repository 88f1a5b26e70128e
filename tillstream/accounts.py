"""Who may do what: one account per service, each with the least rights it needs."""

from tillstream import tables
from tillstream.events import SALES, STOCK

DATABASE = "tillstream"

MYSQL_ACCOUNTS = {
    "migrate": "tillstream_migrate",
    "stream": "tillstream_stream",
    "batch": "tillstream_batch",
    "operator": "tillstream_operator",
    "bi": "tillstream_bi",
}

_ADD = ("SELECT", "INSERT", "UPDATE")
_READ = ("SELECT",)
_REPLACE = ("SELECT", "INSERT", "UPDATE", "DELETE")

# What each account may do with tables. The BI account reads the views of `tillstream.views` and nothing else; the
# migration account owns the database.
MYSQL_RIGHTS: dict[str, dict[tables.Table, tuple[str, ...]]] = {
    "stream": {
        tables.LIVE_SALES: _ADD,
        tables.LIVE_STOCK: _ADD,
        tables.LIVE_COUNTS: _ADD,
        tables.PRODUCT_NAMES: _ADD,
        tables.STREAM_OFFSETS: _ADD,
        tables.SOURCE_ENDS: _ADD,
        tables.REJECT_COUNTS: _ADD,
        tables.STREAM_TOPICS: _ADD,
        tables.STREAM_GAPS: _READ,
        tables.HEARTBEAT: _ADD,
        tables.LAYERS: _READ,
        tables.SHOP: _READ,
    },
    "batch": dict.fromkeys(tables.TABLES, _READ)
    | {
        tables.TRUTH_SALES_BY_HOUR: _REPLACE,
        tables.TRUTH_SALES_BY_DAY: _REPLACE,
        tables.TRUTH_SALES_BY_MONTH: _REPLACE,
        tables.TRUTH_STOCK: _REPLACE,
        tables.TRUTH_COUNTS: _REPLACE,
        tables.LIVE_SALES: _REPLACE,
        tables.LIVE_STOCK: _REPLACE,
        tables.LIVE_COUNTS: _REPLACE,
        tables.LAYERS: _ADD,
        tables.EPOCHS: _ADD,
        tables.CUTS: _ADD,
        tables.GENERATIONS: _ADD,
        tables.PUBLISHED_MONTHS: _REPLACE,
        tables.STREAM_OFFSETS: _ADD,
        tables.PUBLICATIONS: _ADD,
        tables.GENERATION_MONTHS: _REPLACE,
        tables.PUBLICATION_MONTHS: _REPLACE,
        tables.RAW_BLOCKS: _REPLACE,
        tables.SLICE_PROFILE: _REPLACE,
        tables.QUALITY_RESULTS: _REPLACE,
        tables.RECONCILIATIONS: _REPLACE,
        tables.RESTATEMENT_ROWS: _REPLACE,
        tables.STREAM_LOOKS: _ADD,
        tables.FORECASTS: _REPLACE,
        tables.CURRENT_FORECAST: _ADD,
        tables.FORECAST_MONTHS: _REPLACE,
        tables.FORECAST_MODELS: _REPLACE,
        tables.FORECAST_SCORES: _REPLACE,
        tables.PLAN_LINES: _REPLACE,
        tables.PLAN_MONTHS: _REPLACE,
        tables.SIZE_RUNS: _REPLACE,
    },
    "operator": dict.fromkeys(tables.TABLES, _READ)
    | {
        tables.PRODUCTS: _ADD,
        tables.SUPPLIERS: _ADD,
        tables.STREAM_GAPS: _ADD,
        tables.STREAM_OFFSETS: _ADD,
        tables.ORDERS: _ADD,
        tables.UPLIFTS: _REPLACE,
    },
}

MONGO_DATABASE = "sales"
EVENTS, REJECTS = "events", "rejects"

# What each account may do with the raw record. Nobody deletes an event; the account that deletes customers' addresses
# on request is the only one that changes some.
MONGO_RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "stream": {EVENTS: ("find", "insert"), REJECTS: ("find", "insert", "update")},
    "batch": {EVENTS: ("find",), REJECTS: ("find",)},
    "operator": {EVENTS: ("find",), REJECTS: ("find", "update")},
    "privacy": {EVENTS: ("find", "update"), REJECTS: ("find", "update")},
    "migrate": {
        EVENTS: ("find", "insert", "createCollection", "createIndex", "listIndexes", "collMod"),
        REJECTS: ("find", "insert", "createCollection", "createIndex", "listIndexes", "collMod"),
    },
}

KAFKA_ADMINISTRATOR = "administrator"

# What each account may do with topics; to look at a topic (DESCRIBE) comes with both. Nobody needs a consumer group:
# how far the stream has counted stands in MySQL.
KAFKA_RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "till": {SALES: ("WRITE",), STOCK: ("WRITE",)},  # imports too: they are tills of the past
    "stream": {SALES: ("READ",), STOCK: ("READ",)},
    "batch": {SALES: ("READ",), STOCK: ("READ",)},
    "operator": {SALES: ("WRITE",), STOCK: ("WRITE",)},  # repaired records, deliveries of orders
    "privacy": {SALES: ("DELETE",)},
}


def kafka_name(account: str) -> str:
    """The name under which Kafka knows an account, or its administrator."""
    return account if account == KAFKA_ADMINISTRATOR else f"tillstream_{account}"
