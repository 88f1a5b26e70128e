"""The stream: Kafka to the raw record and the live figures, until it is told to stop.

Exit codes: 0 stopped on request; 1 failed for good, `tillstream status` says why; 75 failed for now.
"""

import signal
import sys
import threading
import time
import traceback
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from jobs.failures import failure_of
from jobs.kafka_source import from_kafka
from jobs.session import spark_session
from jobs.streaming.checkpoint import CHECKPOINT, set_aside_if_damaged
from jobs.streaming.micro_batch import MicroBatches
from tillstream.errors import TerminalError, TillstreamError, TransientError
from tillstream.events import TOPICS
from tillstream.settings import Settings, load
from tillstream.stores import live
from tillstream.stores.kafka import TopicReader
from tillstream.stores.mysql import Connection, Cursor, connect

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0  # between two starts of a failing query
LAST_BEAT_SECONDS = 15.0  # waited for it, when Kafka or MySQL do not answer
PATIENCE_SECONDS = 300.0  # a query that fails for so long is left to the supervisor


class LiveStream:
    """One streaming query with its heart beat. `stop` may be called from a signal handler."""

    def __init__(self, settings: Settings, session: SparkSession) -> None:
        self._settings = settings
        self._session = session
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._batches = MicroBatches(settings, self._stopping)
        self._failure: TillstreamError | None = None  # of the running batch
        self._refusal: TerminalError | None = None  # of the heart beat: the sources are no longer what they were
        self._in_batch = threading.Lock()

    def stop(self, *_signal: Any) -> None:
        """Asks the stream to stop after the batch that it is in."""
        self._stopping.set()

    def run(self) -> None:
        """Counts until `stop`. Raises TerminalError for what somebody must mend, TransientError when patience ends."""
        heart = threading.Thread(target=self._beat, daemon=True)
        heart.start()
        try:
            self._count_until_stopped()
        finally:
            self._ended.set()
            heart.join(LAST_BEAT_SECONDS)

    def _count_until_stopped(self) -> None:
        failing_since, pause = None, FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                check_sources(self._settings)
                self._run_query()
            except TransientError as error:
                if time.monotonic() - started > PATIENCE_SECONDS:  # it ran well until now
                    failing_since, pause = None, FIRST_PAUSE_SECONDS
                failing_since = failing_since or started
                if time.monotonic() - failing_since > PATIENCE_SECONDS:
                    raise
                print(f"{error.what} Trying again.", flush=True)
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        if self._refusal is not None:
            raise self._refusal

    def _run_query(self) -> None:
        self._failure = None
        try:
            query = self._start()
        except PySparkException as error:
            raise failure_of(error) from error
        while query.isActive and not self._stopping.wait(0.2):
            pass
        with self._in_batch:
            pass  # a batch that has begun is finished first, and `_count` begins no other
        query.stop()
        self._batches.close()
        ended_by = query.exception()
        if ended_by is not None and not self._stopping.is_set():
            failure: TillstreamError | None = self._failure  # set by another thread
            raise failure or failure_of(ended_by)

    def _start(self) -> StreamingQuery:
        checkpoint = self._settings.home / CHECKPOINT
        set_aside_if_damaged(checkpoint)
        records = (
            from_kafka(self._session.readStream, self._settings, "stream")
            .option("subscribe", ",".join(TOPICS))
            .option("startingOffsets", "earliest")
            .option("failOnDataLoss", "true")
            .option("maxOffsetsPerTrigger", self._settings.batch_size)
            .load()
        )
        return (
            records.writeStream.foreachBatch(self._count)
            .option("checkpointLocation", str(checkpoint))
            .trigger(processingTime=f"{self._settings.trigger_ms} milliseconds")
            .start()
        )

    def _count(self, records: DataFrame, _batch_number: int) -> None:
        with self._in_batch:
            if self._stopping.is_set():
                raise TransientError("The stream is stopping: this batch is read again at the next start.")
            try:
                self._batches.run(records)
            except TillstreamError as error:
                self._failure = error  # Spark hands on the text of an exception, not its type
                raise

    def _beat(self) -> None:
        """Once more after the last batch: a stream that stands says how far Kafka reached, and is not alive later."""
        reader = TopicReader(self._settings, "stream")
        connection: Connection[Cursor] | None = None
        while True:
            last = self._ended.is_set()
            try:
                connection = connection or connect(self._settings, "stream")
                live.check_topics(connection, reader.topic_ids())
                counted = live.counted_offsets(connection)  # before Kafka is asked: what comes meanwhile is no gap
                bounds = reader.bounds()
                live.check_gaps(counted, bounds)
                live.beat(connection, bounds)
            except TransientError:
                connection = None  # the freshness that readers see grows old, which is the truth
            except TerminalError as error:
                self._refusal = error
                self.stop()
                return
            if last:
                return
            self._ended.wait(live.BEAT_SECONDS)


def check_sources(settings: Settings) -> None:
    """Raises TerminalError when Kafka's topics are others than those counted so far, or lack records never counted."""
    reader = TopicReader(settings, "stream")
    connection = connect(settings, "stream")
    try:
        live.check_topics(connection, reader.topic_ids())
        live.check_gaps(live.counted_offsets(connection), reader.bounds())
    finally:
        connection.close()


def main() -> int:
    """Runs the stream with the settings of this process; gives the exit code."""
    settings = load()
    try:
        stream = LiveStream(settings, spark_session(settings, "tillstream-live"))
        signal.signal(signal.SIGTERM, stream.stop)
        signal.signal(signal.SIGINT, stream.stop)
        print("The stream is running.", flush=True)
        stream.run()
    except TillstreamError as error:
        print(f"The stream stopped: {error}", file=sys.stderr, flush=True)
        _say_stopped(settings, str(error))
        return error.exit_code
    except Exception:  # a lost JVM, or a bug: what is not known to be final is tried again by the supervisor
        traceback.print_exc()
        return TransientError.exit_code
    _say_stopped(settings, "stopped on request")
    return 0


def _say_stopped(settings: Settings, message: str) -> None:
    try:
        connection = connect(settings, "stream")
        live.stopped(connection, message)
        connection.close()
    except TillstreamError as error:
        print(f"MySQL could not be told: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
