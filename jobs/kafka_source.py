"""Spark's source of Kafka records, as one of the product's accounts."""

from typing import TypeVar

from pyspark.sql import DataFrameReader
from pyspark.sql.streaming.readwriter import DataStreamReader

from tillstream.settings import Settings
from tillstream.stores.kafka import java_connection

# After each answer Kafka's client asks for more at once, and the broker lets all that follows on that connection wait
# until there is more, or for so long: half a second by default, for each partition that a batch ends with. Spark asks
# only for records that are there.
OPTIONS = {"fetch.max.wait.ms": "1"}

Reader = TypeVar("Reader", DataFrameReader, DataStreamReader)


def from_kafka(reader: Reader, settings: Settings, account: str) -> Reader:
    """A reader of that account's. Spark shows its options in plans and errors, so there is no password among them."""
    options = {f"kafka.{name}": value for name, value in (java_connection(settings, account) | OPTIONS).items()}
    return reader.format("kafka").options(**options)
