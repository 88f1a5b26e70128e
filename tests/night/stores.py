"""The stores of a test: emptied, and MongoDB as its administrator sees it."""

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo import MongoClient

from tillstream import tables
from tillstream.accounts import EVENTS, MONGO_DATABASE, REJECTS
from tillstream.settings import Settings
from tillstream.stores.mongo import Document
from tillstream.stores.mongo_server import ADMINISTRATOR
from tillstream.stores.mysql import connect, transaction

KEPT = (
    tables.SHOP, tables.HEARTBEAT, tables.LAYERS, tables.EPOCHS, tables.PRODUCTS, tables.SUPPLIERS,
    tables.CURRENT_FORECAST,
)  # fmt: skip


@contextmanager
def raw_record(settings: Settings) -> "Iterator[MongoClient[Document]]":
    """MongoDB as its administrator, who alone may change the raw record."""
    password = settings.secret("mongo_administrator")
    with MongoClient[Document](
        f"mongodb://{settings.mongo_hosts}", username=ADMINISTRATOR, password=password
    ) as client:
        yield client


def empty(settings: Settings) -> None:
    """A shop in which nothing was sold, counted, recounted or published."""
    with raw_record(settings) as client:
        for name in (EVENTS, REJECTS):
            client[MONGO_DATABASE][name].delete_many({})
    connection = connect(settings, "migrate")
    with transaction(connection) as cursor:
        for table in tables.TABLES:
            if table not in KEPT:
                cursor.execute(f"DELETE FROM `{table.name}`")
        cursor.execute("DELETE FROM epochs WHERE epoch > 1")
        cursor.execute("UPDATE layers SET current_epoch = 1, published_epoch = 1, final_before = ''")
        cursor.execute("UPDATE current_forecast SET forecast = 0")
    connection.close()
