"""An order sheet: a page that says what is ordered, in plain HTML that needs nothing from outside."""

import re
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports.order_files import write_csv, write_sheets
from reports.order_plan import OrderPlan, PlanLine
from reports.order_sheet import order_sheet
from tests.unit.plan_lines import plan_line
from tillstream.errors import TerminalError
from tillstream.stores.forecasts import Forecast

TODAY = date(2026, 3, 10)
EVIL = "<script>alert('1')</script>&\"<img src=x onerror=alert(1)>"
VOID = {"meta"}


class Parsed(HTMLParser):
    """The elements of a page, its text, and whether all that was opened was closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def sheet(*lines: PlanLine, supplier: str | None = "Golden Loom") -> Parsed:
    parsed = Parsed(order_sheet(supplier, lines, TODAY, TODAY))
    assert parsed.open == []
    return parsed


def plan(*lines: PlanLine) -> OrderPlan:
    at = datetime(2026, 3, 10)  # noqa: DTZ001 UTC, as MySQL keeps it
    return OrderPlan(Forecast(1, "run", 1, TODAY, 24, "code", at, at, at), list(lines))


def test_a_sheet_says_who_when_what_how_many_and_what_it_costs() -> None:
    text = sheet(plan_line(), plan_line(product_name="Socks", quantity=12, cost="114000")).text

    for words in (
        "Golden Loom", "Order of 2026-03-10, for main", "T-Shirt", "TS-01", "M, White", "2 × 12", "9,500", "228,000",  # noqa: RUF001 as printed
        "Unit cost, MMK", "2026-03-20", "Order 24: 5 on hand.", "2 lines, 36 pieces", "342,000 MMK",
    ):  # fmt: skip
        assert words in text


def test_nothing_in_a_name_becomes_markup() -> None:
    texts = ("product_id", "product_name", "size", "colour", "store_id", "reason")
    parsed = sheet(plan_line(**dict.fromkeys(texts, EVIL)), supplier=EVIL)

    assert parsed.text.count(EVIL) == len(texts) + 2  # and the supplier, as heading and as title
    assert not {"script", "img", "link", "iframe"} & set(parsed.tags)


def test_a_page_needs_nothing_from_outside() -> None:
    page = order_sheet("Golden Loom", [plan_line()], TODAY, TODAY)

    assert not re.search(r"https?:|//|url\(|@import|src=|href=", page)


def test_the_head_of_the_table_comes_again_on_every_page_and_no_line_is_torn() -> None:
    page = order_sheet("Golden Loom", [plan_line()] * 60, TODAY, TODAY)

    assert "thead { display: table-header-group; }" in page
    assert "tbody { break-inside: avoid;" in page
    assert "size: A4" in page
    assert page.count("<tbody>") == 60


def test_currencies_are_told_apart_and_never_added() -> None:
    parsed = sheet(plan_line(), plan_line(unit_cost="12.50", cost="300.00", currency="USD"))

    assert "228,000 MMK" in parsed.text
    assert "300.00 USD" in parsed.text
    assert "Unit cost, " not in parsed.text


def test_what_has_no_cost_or_date_or_supplier_is_ordered_all_the_same() -> None:
    line = plan_line(unit_cost=None, cost=None, currency=None, order_by=None, size=None, colour=None, supplier=None)
    text = sheet(line, supplier=None).text

    assert "Supplier not known" in text
    assert "1 line, 24 pieces1 without a known cost" in text
    assert "None" not in text


def test_what_is_late_is_ordered_at_once_and_today() -> None:
    text = sheet(plan_line(order_by=date(2026, 2, 1))).text

    assert "at once" in text
    assert "order by2026-03-10" in text


def test_lines_of_several_stores_say_for_which() -> None:
    text = sheet(plan_line(), plan_line(store_id="branch")).text

    assert "For" in text
    assert ", for main" not in text


def test_each_supplier_has_a_file_of_its_own(tmp_path: Path) -> None:
    names = ("Golden Loom", "golden/loom", "../../etc/passwd", "ရွှေချည်", None, "x" * 200, "...")
    paths = write_sheets(plan(*(plan_line(supplier=name) for name in names)), tmp_path / "new", TODAY)

    assert len({path.name.casefold() for path in paths}) == len(names)
    assert {path.parent for path in paths} == {tmp_path / "new"}
    assert {path.name for path in paths} >= {
        "order-2026-03-10-Golden-Loom.html", "order-2026-03-10-golden-loom-2.html", "order-2026-03-10-ရွှေချည်.html",
        "order-2026-03-10-etc-passwd.html", "order-2026-03-10-supplier-not-known.html",
    }  # fmt: skip
    assert all(len(path.name.encode()) < 255 for path in paths)
    assert all("ရွှေချည်" in path.read_text() for path in paths if "ရွှေ" in path.name)


def test_what_is_not_ordered_is_on_no_sheet(tmp_path: Path) -> None:
    assert write_sheets(plan(plan_line(quantity=0)), tmp_path, TODAY) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(TerminalError, match="file"):
        write_sheets(plan(plan_line()), tmp_path / "file", TODAY)
    with pytest.raises(TerminalError, match=r"plan\.csv"):
        write_csv(plan(plan_line()), tmp_path / "file" / "plan.csv")
