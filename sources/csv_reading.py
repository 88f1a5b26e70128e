"""Reads one CSV file into the staging area: every line becomes the content of an event, or is counted as what it is."""

import unicodedata
from collections.abc import Callable, Sequence

import msgspec

from sources.csv_events import Cells, Fields, fields_reader, order_reader
from sources.csv_layouts import Layout
from sources.csv_lines import CsvFile, Record, records
from sources.csv_options import ImportOptions
from sources.csv_staging import Refusal, StagedLine, Staging
from sources.csv_summary import FileSummary
from sources.csv_values import UnparsableError
from tillstream.events import Reason, normalised

_encode = msgspec.json.Encoder(order="deterministic").encode  # equal events are equal bytes, whatever their columns


class FileReader:
    """Reads one file. `number` is its place among the files of the call."""

    def __init__(
        self, number: int, file: CsvFile, layout: Layout, options: ImportOptions, waiting: Staging, tally: FileSummary
    ) -> None:
        self._number, self._file, self._layout = number, file, layout
        self._waiting, self._tally = waiting, tally
        self._read_fields = fields_reader(layout, options)
        self._read_order = order_reader(layout, options)
        self._read_rest = _rest_reader(file, layout)

    def read(self, passed: Callable[[int], None]) -> None:
        """Reads all lines; calls `passed` with the number of lines that this file has given so far."""
        for record in records(self._file):
            self._tally.lines += 1
            passed(self._tally.lines)
            if record.reason is not None:
                self._refuse(record, record.reason, record.detail)
            elif not record.cells[0].strip() and not any(map(str.strip, record.cells)):
                self._tally.blank += 1
            elif record.cells[-1].strip() == self._file.header[-1] and self._is_header(record.cells):
                self._tally.repeated_headers += 1
            else:
                self._stage(record)

    def _is_header(self, cells: Sequence[str]) -> bool:
        return tuple(normalised(cell.strip("\ufeff")) for cell in cells) == self._file.header

    def _stage(self, record: Record) -> None:
        try:
            fields = self._read_fields(record.cells)
        except UnparsableError as error:
            self._refuse(record, error.reason, error.detail)
            return
        if "order_id" not in fields:
            self._refuse(record, Reason.MISSING_FIELD, "order_id: the line names no order")
            return
        if record.unended:
            self._tally.notes.append(f"the file ends without a line break: its last line, {record.line}, may be cut")
        self._waiting.add(self._staged(record, fields))

    def _staged(self, record: Record, fields: Fields) -> StagedLine:
        return StagedLine(
            (self._layout.topic, fields["till_id"], fields["order_id"]),
            self._number,
            record.line,
            fields.pop("line_no", None),
            _encode(fields),
            self._read_rest(record.cells),
            record.text,
        )

    def _refuse(self, record: Record, reason: str, detail: str) -> None:
        self._waiting.refuse(Refusal(self._number, record.line, reason, detail, record.text))
        self._tally.refused[reason] = self._tally.refused.get(reason, 0) + 1
        if "line_no" not in self._layout.positions:
            self._hold_place(record)

    def _hold_place(self, record: Record) -> None:
        till_id, order_id = self._read_order(record.cells)
        if till_id and order_id and not any(unicodedata.category(c) == "Cs" for c in till_id + order_id):
            text = record.text.encode(errors="backslashreplace").decode()
            key = self._layout.topic, till_id, order_id
            self._waiting.add(StagedLine(key, self._number, record.line, None, None, "", text))


def _rest_reader(file: CsvFile, layout: Layout) -> Callable[[Cells], str]:
    """The function from a line's cells to those of columns that no field is made of."""
    used = {position for positions in layout.positions.values() for position in positions}
    rest = [position for position in range(len(file.header)) if position not in used]
    return (lambda cells: "\x1f".join(cells[position] for position in rest)) if rest else (lambda _cells: "")
