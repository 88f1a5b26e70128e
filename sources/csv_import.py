"""Imports CSV files: reads them, numbers the lines of each order, passes every event through the contract, sends it.

Every event has an identity that the same lines give again in every call, so a call that was interrupted is simply
repeated, and a repeated call adds nothing. Nothing is sent before every file has been read.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec

from sources.csv_files import Chosen, chosen_files
from sources.csv_numbering import Fate, Numbered, numbered
from sources.csv_options import ImportOptions
from sources.csv_reading import FileReader
from sources.csv_refused import remove_refused, write_refused
from sources.csv_staging import MAX_LINES_PER_ORDER, Refusal, StagedLine, Staging, staging
from sources.csv_summary import FileSummary, ImportSummary, Progress, RefusedLine, total
from tillstream.events import TOPICS, Reason, Reject, decoder, event_id

_REPORT_EVERY = 5_000  # lines or events
_EXAMPLES = 20  # refusals shown in a summary; the refused files have them all

Report = Callable[[Progress], None]


class Sender(Protocol):
    """Takes records for Kafka."""

    def send(self, topic: str, key: str, value: bytes) -> None:
        """Queues one record."""

    def flush(self) -> None:
        """Waits until every record is taken."""


def import_files(
    paths: Sequence[Path], options: ImportOptions, producer: Sender | None, report: Report
) -> ImportSummary:
    """Sends the events of CSV files and folders to Kafka, keyed by order; without a producer it is a dry run.

    Refused lines go to `<file>.refused.csv`, but not in a dry run, which writes nothing. Raises TerminalError for what
    the user must mend, before anything is sent, and what the producer raises: the same call again then completes the
    import and counts nothing twice.
    """
    options.check()
    chosen, skipped = chosen_files(paths, options)
    with staging() as waiting:
        call = _Call(chosen, options, waiting, report)
        call.read()
        call.send(producer)
        if producer is not None:
            call.write_refused()
        return ImportSummary(
            dry_run=producer is None,
            total=total(call.files),
            files=call.files,
            skipped=skipped,
            examples=call.examples(),
        )


class _Call:
    """One call: its files, and what is counted on the way."""

    def __init__(self, chosen: Sequence[Chosen], options: ImportOptions, waiting: Staging, report: Report) -> None:
        self._chosen, self._options, self._waiting, self._report = chosen, options, waiting, report
        self._decoders = {topic: decoder(topic, options.rules) for topic in TOPICS}
        self.files = [FileSummary(path=str(file.path), layout=layout.name) for file, layout in chosen]

    def read(self) -> None:
        """Reads every file into the staging area."""
        before = 0
        for number, (file, layout) in enumerate(self._chosen):
            path, tally = str(file.path), self.files[number]
            FileReader(number, file, layout, self._options, self._waiting, tally).read(self._reporter(path, before))
            before += tally.lines
            self._report(Progress("reading", path, before))

    def send(self, producer: Sender | None) -> None:
        """Numbers the lines of every order, and sends those that the contract takes."""
        sent, keep = 0, self._options.duplicates == "keep"
        for (topic, _, order_id), lines in self._waiting.orders(self._refuse_excess):
            for item in numbered(lines, keep=keep):
                value = self._accepted(item)
                if value is None:
                    continue
                if producer is not None:
                    producer.send(topic, order_id, value)
                sent += 1
                if sent % _REPORT_EVERY == 0:
                    self._report(Progress("sending", "", sent))
        if producer is not None:
            producer.flush()
        self._report(Progress("sending", "", sent))

    def write_refused(self) -> None:
        """Writes the refused lines beside each file, or removes those of an earlier call."""
        for number, (file, _) in enumerate(self._chosen):
            if self.files[number].refused:
                refusals = partial(self._waiting.refusals, number)
                place = write_refused(file.path, self._options.refused_folder, refusals)
                self.files[number].refused_file = str(place)
            else:
                remove_refused(file.path, self._options.refused_folder)

    def examples(self) -> list[RefusedLine]:
        """The first refused lines of the call."""
        with_refusals = (number for number, file in enumerate(self.files) if file.refused)
        refusals = (refusal for number in with_refusals for refusal in self._waiting.refusals(number))
        return [
            RefusedLine(self.files[refusal.file].path, refusal.line, refusal.reason, refusal.detail)
            for refusal in islice(refusals, _EXAMPLES)
        ]

    def _reporter(self, path: str, before: int) -> Callable[[int], None]:
        def passed(lines: int) -> None:
            if lines % _REPORT_EVERY == 0:
                self._report(Progress("reading", path, before + lines))

        return passed

    def _accepted(self, item: Numbered) -> bytes | None:
        """The Kafka value of a line, once the contract has taken it; otherwise what became of the line is counted."""
        line, number, fate = item
        tally = self.files[line.file]
        if fate is Fate.CONFLICT:
            self._refuse(line, Reason.CONFLICT, "another line has the same number in the same order")
        elif fate is Fate.COPY and number is None:
            tally.duplicates_dropped += 1
        elif number is not None and line.content is not None:
            topic, till_id, order_id = line.key
            value = _value(event_id(till_id, order_id, number), number, line.content)
            outcome = self._decoders[topic](value, self._options.received_ms)
            if not isinstance(outcome, Reject):
                tally.sent += 1
                tally.duplicates_kept += fate is Fate.COPY
                return value
            self._refuse(line, outcome.reason, outcome.detail)
        return None

    def _refuse_excess(self, line: StagedLine) -> None:
        self._refuse(line, Reason.BAD_ID, f"line_no: the order has more than {MAX_LINES_PER_ORDER} lines")

    def _refuse(self, line: StagedLine, reason: str, detail: str) -> None:
        self._waiting.refuse(Refusal(line.file, line.line, reason, detail, line.text))
        refused = self.files[line.file].refused
        refused[reason] = refused.get(reason, 0) + 1


def _value(identity: str, number: int, content: bytes) -> bytes:
    """The event as it travels: its identity, then the content that was made when the line was read."""
    return b'{"event_id":%b,"line_no":%d,%b' % (msgspec.json.encode(identity), number, content[1:])
