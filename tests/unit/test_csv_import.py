"""An import counts every line once, in any order of files and however often it is run, and tells what became of it."""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sources import csv_staging
from sources.csv_import import import_files
from sources.csv_summary import Progress
from tests.unit.csv_calls import (
    ADDRESS,
    HEADER,
    HEADER_2019,
    RecordingSender,
    imported,
    no_report,
    options,
    refused,
    sales,
    written,
)
from tillstream.errors import TerminalError, TransientError
from tillstream.events import Sale, StockMovement

SHIRT, TIE = "17,shirt,1,20.00,2019-01-05T10:00", "17,tie,2,5,2019-01-05T10:00"
BELT = "18,belt,1,9.5,2019-01-06T11:30"
MAPPED = "order_id=Bill,product_id=SKU,quantity=Qty,unit_price=Price,sold_at=Date"


def records_of(paths: Sequence[Path], **changes: Any) -> set[tuple[str, str, bytes]]:
    sender = RecordingSender()
    import_files(paths, options(paths[0].parent, **changes), sender, no_report)
    assert len(set(sender.records)) == len(sender.records)
    return set(sender.records)


def test_a_line_of_2019_becomes_a_sale(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", f"176558,USB-C Cable,2,11.95,04/19/19 08:46,{ADDRESS}", header=HEADER_2019)
    events, summary = imported(path, shop_currency="MMK")
    sale = events["import-176558-1"]
    assert isinstance(sale, Sale)
    assert (sale.product_id, sale.product_name, sale.quantity) == ("USB-C Cable", "USB-C Cable", 2)
    assert (sale.unit_price, sale.currency, sale.kind, sale.store_id) == ("11.95", "USD", "sale", "main")
    assert (sale.city, sale.region, sale.address) == ("Portland", "OR", "917 1st St, Portland, OR 97035")
    assert sale.sold_at.isoformat() == "2019-04-19T02:16:00+00:00"
    assert summary.files[0].layout == "2019"


def test_the_same_price_written_in_two_ways_is_the_same_line(tmp_path: Path) -> None:
    lines = [f"1,iPhone,1,{price},01/22/19 21:25,{ADDRESS}" for price in ("700", "700.0")]
    _, summary = imported(sales(tmp_path / "a.csv", *lines, header=HEADER_2019))
    assert (summary.total.sent, summary.total.duplicates_dropped) == (1, 1)


def test_an_own_line_keeps_all_its_fields(tmp_path: Path) -> None:
    header = (
        "kind,order_id,line_no,till_id,store_id,product_id,product_name,quantity,unit_price,discount,currency,sold_at"
    )
    line = "return,R-9,4,till-2,yangon-1,p1,Oxford Shirt,1,28000,500,MMK,2026-01-02T10:00:00+06:30"
    event = imported(sales(tmp_path / "a.csv", line, header=header))[0]["till-2-R-9-4"]
    assert isinstance(event, Sale)
    assert (event.kind, event.discount, event.currency, event.store_id) == ("return", "500", "MMK", "yangon-1")


def test_a_stock_movement_goes_to_its_own_topic(tmp_path: Path) -> None:
    header = "kind,order_id,line_no,till_id,store_id,product_id,product_name,quantity,day,recorded_at"
    line = "count,C-1,1,stock,yangon-1,p1,Oxford Shirt,0,2025-05-01,2025-05-01T09:00:00+06:30"
    path = sales(tmp_path / "a.csv", line, header=header)
    event = imported(path)[0]["stock-C-1-1"]
    assert isinstance(event, StockMovement)
    assert {(topic, key) for topic, key, _ in records_of([path])} == {("stock", "C-1")}


def test_a_mapped_movement_without_a_time_was_recorded_as_its_day_began(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", "delivery,D1,p1,40,01.05.2025", header="What,Doc,SKU,Pieces,Day")
    columns = {"kind": "What", "order_id": "Doc", "product_id": "SKU", "quantity": "Pieces", "day": "Day"}
    event = imported(path, columns=columns, date_format="%d.%m.%Y")[0]["import-D1-1"]
    assert isinstance(event, StockMovement)
    assert (event.day.isoformat(), event.recorded_at.isoformat()) == ("2025-05-01", "2025-04-30T17:30:00+00:00")


def test_a_mapping_reads_any_other_file(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", "B7;S1;3;1500.00;22/01/2019;21:25;Ko Ko", header="Bill;SKU;Qty;Price;Day;Time;By")
    columns = {"order_id": "Bill", "product_id": "SKU", "quantity": "Qty", "unit_price": "Price", "sold_at": "Day+Time"}
    events, _ = imported(path, columns=columns, date_format="%d/%m/%Y %H:%M", currency="MMK", timezone="UTC", till="t9")
    event = events["t9-B7-1"]
    assert isinstance(event, Sale)
    assert (event.unit_price, event.currency, event.sold_at.isoformat()) == ("1500", "MMK", "2019-01-22T21:25:00+00:00")


def test_two_stores_may_have_the_same_order_number(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", f"{SHIRT},a", f"{SHIRT},b", header=HEADER + ",store_id")
    assert set(imported(path)[0]) == {"import-a-17-1", "import-b-17-1"}


def test_twice_and_in_another_order_of_files_is_the_same(tmp_path: Path) -> None:
    files = [
        sales(tmp_path / "march.csv", SHIRT, TIE, SHIRT),
        sales(tmp_path / "april.csv", BELT, TIE),
        sales(tmp_path / "x" / "april.csv", "17,hat,1,8,2019-01-07T10:00"),
    ]
    once = records_of(files)
    assert records_of(files) == once == records_of(files[::-1]) == records_of([tmp_path])
    assert records_of([*files, tmp_path, files[0]]) == once
    kept = records_of(files, duplicates="keep")
    assert kept == records_of(files[::-1], duplicates="keep")
    assert kept > once
    assert len(kept) == len(once) + 2


def test_every_order_has_one_line_numbered_1(tmp_path: Path) -> None:
    events, _ = imported(sales(tmp_path / "a.csv", SHIRT, BELT, TIE, SHIRT), duplicates="keep")
    assert sorted(events) == ["import-17-1", "import-17-2", "import-17-3", "import-18-1"]


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", SHIRT, SHIRT, "", ",,,,", HEADER, "19,hat,0,8,2019-01-07", "20,hat", BELT)
    _, summary = imported(path)
    total = summary.total
    assert msgspec.to_builtins(total) == {
        "lines": 8, "sent": 2, "duplicates_dropped": 1, "duplicates_kept": 0, "blank": 2, "repeated_headers": 1,
        "refused": {"wrong_columns": 1, "bad_quantity": 1},
    }  # fmt: skip
    assert refused(path) == [(7, "bad_quantity"), (8, "wrong_columns")]
    assert [(line.line, line.reason) for line in summary.examples] == refused(path)
    assert msgspec.json.decode(msgspec.json.encode(summary))["total"]["sent"] == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("17,shirt,1,20.00,yesterday", "unparsable_date"),
        ('17,shirt,1,"1,234.50",2019-01-05', "unparsable_number"),
        ("17,shirt,-1,20.00,2019-01-05", "unparsable_number"),
        ("17,shirt,1,20.005,2019-01-05", "bad_money"),
        ("17,shirt,1,9999999999999,2019-01-05", "bad_money"),
        ("17,shirt,9999999,20,2019-01-05", "bad_quantity"),
        (f"17,{'x' * 65},1,20,2019-01-05", "bad_id"),
        (f"{'9' * 65},shirt,1,20,2019-01-05", "bad_id"),
        ("17,,1,20,2019-01-05", "missing_field"),
        (",shirt,1,20,2019-01-05", "missing_field"),
        ("17,shirt,,20,2019-01-05", "missing_field"),
        ("17,shirt,1,20,", "missing_field"),
        ("17,shirt,1,20,1999-12-31", "too_early"),
        ("17,shirt,1,20,2031-01-01", "too_late"),
        ("17,shirt,1,20,0001-01-01", "unparsable_date|too_early"),
        ("17,shirt,1,20,9999-12-31", "too_late"),
        ("17,shirt,1,20", "wrong_columns"),
        ('17,"shirt,1,20,2019-01-05', "bad_quotes"),
        ("17,sh\udce9rt,1,20,2019-01-05", "undecodable"),
    ],
)
def test_a_bad_line_is_refused_with_its_reason_and_never_sent(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\n{BELT}\n{line}\n{BELT.replace('18', '19')}\n".encode(errors="surrogateescape"))
    events, summary = imported(path)
    assert sorted(events) == ["import-18-1", "import-19-1"]
    assert [(number, found in reason.split("|")) for number, found in refused(path)] == [(3, True)]
    assert sum(summary.total.refused.values()) == 1


def test_a_currency_that_is_not_known_is_refused_line_by_line(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", f"{SHIRT},USD", f"{BELT},XXX", header=HEADER + ",currency")
    assert set(imported(path)[0]) == {"import-17-1"}
    assert refused(path) == [(3, "unknown_currency")]


def test_a_given_number_that_comes_twice_with_other_content_is_a_conflict(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", f"{SHIRT},1", f"{TIE},1", f"{BELT},", header=HEADER + ",line_no")
    assert set(imported(path)[0]) == {"import-17-1"}
    assert refused(path) == [(3, "conflict"), (4, "unparsable_number")]


def test_a_mended_line_comes_in_and_moves_no_other(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", SHIRT.replace(",1,", ",one,"), TIE)
    before, _ = imported(path)
    sales(path, SHIRT, TIE)
    after, summary = imported(path)
    assert set(before) == {"import-17-2"}
    assert {**after, **before} == after
    assert set(after) == {"import-17-1", "import-17-2"}
    assert not summary.total.refused


def test_the_refused_lines_lie_beside_the_file_until_none_is_left(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", SHIRT, '19,"hat, red",x,8,2019-01-07')
    _, summary = imported(path)
    beside = tmp_path / "a.csv.refused.csv"
    assert summary.files[0].refused_file == str(beside)
    with beside.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["file", "line", "reason", "detail", "text"],
            [
                "a.csv",
                "3",
                "unparsable_number",
                "quantity: not a whole number in plain digits",
                '19,"hat, red",x,8,2019-01-07',
            ],
        ]
    imported(tmp_path)  # which does not read it as sales
    sales(path, SHIRT)
    imported(path)
    assert not beside.exists()


def test_refused_lines_go_to_the_state_folder_when_their_own_cannot_be_written(tmp_path: Path) -> None:
    path = sales(tmp_path / "data" / "a.csv", "19,hat,x,8,2019-01-07")
    (tmp_path / "data" / "a.csv.refused.csv").mkdir()  # stands in the way even of root
    _, summary = imported(path, refused_folder=tmp_path / "state")
    place = Path(summary.files[0].refused_file or "")
    assert place.parent == tmp_path / "state"
    assert place.read_text().count("\n") == 2
    with pytest.raises(TerminalError, match="neither"):
        imported(path, refused_folder=path)


def test_a_dry_run_counts_and_leaves_no_trace(tmp_path: Path) -> None:
    path = sales(tmp_path / "a.csv", SHIRT, "19,hat,x,8,2019-01-07")
    summary = import_files([path], options(tmp_path), None, no_report)
    assert (summary.dry_run, summary.total.sent, summary.total.refused) == (True, 1, {"unparsable_number": 1})
    assert [(line.line, line.detail[:8]) for line in summary.examples] == [(3, "quantity")]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_leaves_products_and_the_truth_of_a_simulation_alone_and_says_so(tmp_path: Path) -> None:
    sales(tmp_path / "sales" / "a.csv", SHIRT)
    products = sales(tmp_path / "products.csv", "p1,Shirt,9", header="product_id,product_name,unit_cost")
    truth = sales(tmp_path / "truth" / "stock.csv", "m,p1,4", header="store_id,product_id,on_hand")
    _, summary = imported(tmp_path)
    assert {skip.path for skip in summary.skipped} == {str(products), str(truth)}
    assert any("products import" in skip.why for skip in summary.skipped)
    for path in (products, truth):
        with pytest.raises(TerminalError, match=path.name):
            imported(path)


def test_a_folder_with_a_file_of_an_unknown_layout_sends_nothing(tmp_path: Path) -> None:
    sales(tmp_path / "a.csv", SHIRT)
    sales(tmp_path / "b.csv", "1,2", header="x,y")
    sender = RecordingSender()
    with pytest.raises(TerminalError, match=r"b\.csv"):
        import_files([tmp_path], options(tmp_path), sender, no_report)
    assert not sender.records


def test_paths_without_sales_are_the_callers_mistake(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TerminalError, match="no CSV files"):
        imported(tmp_path / "empty")
    with pytest.raises(TerminalError, match="no file or folder"):
        imported(tmp_path / "missing")
    sales(tmp_path / "p" / "products.csv", "p1,Shirt,9", header="product_id,product_name,unit_cost")
    with pytest.raises(TerminalError, match="no sales or stock"):
        imported(tmp_path / "p")


@pytest.mark.parametrize(
    "changes",
    [{"timezone": "Mars/Base"}, {"currency": "XXX"}, {"store": ""}, {"till": " x"}, {"columns": {"order_id": "A"}},
     {"date_format": "%Q"}, {"encoding": "klingon"}],
)  # fmt: skip
def test_an_option_that_no_line_could_be_imported_with_is_the_callers_mistake(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(TerminalError):
        imported(sales(tmp_path / "a.csv", SHIRT), **changes)


def test_a_compressed_file_in_utf_16_with_a_repeated_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{SHIRT}\n\ufeff{HEADER}\n{TIE}\n".encode("utf-16")))
    _, summary = imported(path)
    assert (summary.total.sent, summary.total.repeated_headers) == (2, 1)


def test_a_last_line_that_may_be_cut_is_noted(tmp_path: Path) -> None:
    _, summary = imported(written(tmp_path / "a.csv", f"{HEADER}\n{SHIRT}\n{TIE}"))
    assert summary.total.sent == 2
    assert "line, 3," in summary.files[0].notes[0]


def test_an_import_that_kafka_interrupted_is_completed_by_the_same_call(tmp_path: Path) -> None:
    class Failing(RecordingSender):
        def send(self, topic: str, key: str, value: bytes) -> None:
            if len(self.records) == 2:
                raise TransientError("Kafka is away.")
            super().send(topic, key, value)

    path, sender = sales(tmp_path / "a.csv", SHIRT, TIE, BELT), Failing()
    with pytest.raises(TransientError):
        import_files([path], options(tmp_path), sender, no_report)
    assert set(sender.records) < records_of([path])


def test_progress_tells_of_reading_and_of_sending(tmp_path: Path) -> None:
    seen: list[Progress] = []
    path = sales(tmp_path / "a.csv", SHIRT, TIE)
    import_files([path], options(tmp_path), RecordingSender(), seen.append)
    assert seen == [Progress("reading", str(path), 2), Progress("sending", "", 2)]


def test_an_order_with_more_lines_than_the_contract_allows_is_refused_from_there_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_staging, "MAX_LINES_PER_ORDER", 3)
    path = sales(tmp_path / "a.csv", *(f"17,p{n},1,1,2019-01-05" for n in range(5)))
    _, summary = imported(path)
    assert (summary.total.sent, summary.total.refused) == (3, {"bad_id": 2})
    assert refused(path) == [(5, "bad_id"), (6, "bad_id")]
