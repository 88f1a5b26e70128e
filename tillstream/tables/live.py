"""The live layer: what the stream has added since the published cut, by epoch, and how far it has come."""

from tillstream.tables.columns import (
    COUNT_KEY,
    COUNTED,
    DAY_COLUMN,
    EPOCH,
    HOUR_COLUMN,
    MONEY_CODE,
    PRODUCT,
    SALES_FIGURES,
    STOCK_FIGURES,
    STORE,
)
from tillstream.tables.declaration import COUNT, INSTANT, NAME, NUMBER, REASON, TEXT, TOPIC, Column, Table

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
