"""How many events the raw record has between two sets of offsets: counted by its index, without reading one."""

from collections.abc import Mapping

from tillstream.settings import Settings
from tillstream.stores.kafka import Source
from tillstream.stores.mongo import events, translated


def between(settings: Settings, begin: Mapping[Source, int], end: Mapping[Source, int]) -> int:
    """Events at or above `begin` and below `end`. Raises TransientError when MongoDB does not answer."""
    number = 0
    with translated("counting the raw record"):
        for (topic, partition), limit in end.items():
            offsets = {"$gte": begin.get((topic, partition), 0), "$lt": limit}
            query = {"source.topic": topic, "source.partition": partition, "source.offset": offsets}
            number += events(settings, "batch").count_documents(query)
    return number
