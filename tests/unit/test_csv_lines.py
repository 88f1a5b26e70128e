"""Files as shops have them: every encoding, delimiter and kind of damage costs at most the lines that it struck."""

import gzip
from pathlib import Path

import pytest

from sources.csv_lines import MAX_LINES_PER_RECORD, Record, opened, records
from sources.csv_text import MAX_TEXT
from tests.unit.csv_calls import written
from tillstream.errors import TerminalError

TEXT = 'id,name,price\n1,Café,5\n2,"Scarf, red",7\n'
CELLS = [["1", "Café", "5"], ["2", "Scarf, red", "7"]]


def read(path: Path, encoding: str = "utf-8") -> list[Record]:
    return list(records(opened(path, encoding)))


def reasons(path: Path) -> list[tuple[int, str | None]]:
    return [(record.line, record.reason) for record in read(path)]


@pytest.mark.parametrize(
    ("stored", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-8"), ("cp1252", "cp1252"), ("utf-16-le", "utf-16-le")],
)
def test_every_encoding_gives_the_same_cells(tmp_path: Path, stored: str, named: str) -> None:
    path = written(tmp_path / "sales.csv", TEXT, stored)
    assert opened(path, named).header == ("id", "name", "price")
    assert [record.cells for record in read(path, named)] == CELLS


def test_utf_16_with_a_mark_is_read_in_either_byte_order(tmp_path: Path) -> None:
    path = written(tmp_path / "sales.csv", "\ufeff" + TEXT, "utf-16-be")
    assert [record.cells for record in read(path)] == CELLS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_splits_the_header(tmp_path: Path, delimiter: str) -> None:
    lines = [["id", "name, first", "price"], ["1", "a|b;c,d", "5"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    path = written(tmp_path / "sales.csv", text)
    assert [record.cells for record in read(path)] == lines[1:]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(tmp_path: Path, line_break: str) -> None:
    path = written(tmp_path / "sales.csv", TEXT.replace("\n", line_break))
    assert [(record.line, record.cells) for record in read(path)] == [(2, CELLS[0]), (3, CELLS[1])]


def test_a_compressed_file_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert [record.cells for record in read(path)] == CELLS


def test_a_line_that_cannot_be_decoded_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(b"id,name\n1,Caf\xe9\n2,Tea\n")
    assert reasons(path) == [(2, "undecodable"), (3, None)]


def test_a_value_in_quotes_may_span_lines_and_keeps_the_number_of_its_first(tmp_path: Path) -> None:
    path = written(tmp_path / "sales.csv", 'id,address\n1,"5 Road\n\nYangon"\n2,x\n')
    assert [(record.line, record.cells) for record in read(path)] == [(2, ["1", "5 Road\n\nYangon"]), (5, ["2", "x"])]


@pytest.mark.parametrize("follower", ["2,x", '2,"x, y"'])
def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path: Path, follower: str) -> None:
    text = 'id,name\n1,"Monitor\n' + f"{follower}\n" * (MAX_LINES_PER_RECORD * 2)
    found = reasons(written(tmp_path / "sales.csv", text))
    assert found[0] == (2, "bad_quotes")
    assert all(reason is None for _, reason in found[1:])
    assert len(found) == 1 + MAX_LINES_PER_RECORD * 2


def test_an_inch_sign_within_a_plain_value_is_text(tmp_path: Path) -> None:
    path = written(tmp_path / "sales.csv", 'id,name\n1,20" Monitor\n')
    assert read(path)[0].cells == ["1", '20" Monitor']


def test_a_quote_within_a_quoted_value_is_refused_rather_than_guessed(tmp_path: Path) -> None:
    path = written(tmp_path / "sales.csv", 'id,name\n1,"20" Monitor"\n2,x\n')
    assert reasons(path) == [(2, "bad_quotes"), (3, None)]


def test_a_line_with_another_number_of_columns_is_refused_and_a_blank_one_is_not(tmp_path: Path) -> None:
    path = written(tmp_path / "sales.csv", "id,name\n1\n1,2,3\n\n,,,\n  \n2,x\n")
    assert reasons(path) == [(2, "wrong_columns"), (3, "wrong_columns"), (4, None), (5, None), (6, None), (7, None)]


@pytest.mark.parametrize("end", ["3", '3,"Mon'])
def test_a_file_that_is_cut_in_mid_line_says_so(tmp_path: Path, end: str) -> None:
    assert reasons(written(tmp_path / "sales.csv", f"id,name\n1,x\n{end}")) == [(2, None), (3, "cut_in_mid_line")]


def test_a_last_line_without_a_line_break_is_taken_and_marked(tmp_path: Path) -> None:
    last = read(written(tmp_path / "sales.csv", "id,name\n1,x"))[0]
    assert last.reason is None
    assert last.unended


@pytest.mark.parametrize("lost", [1, 9, 400])
def test_a_compressed_file_that_is_cut_gives_what_is_there_and_says_that_more_is_lost(
    tmp_path: Path, lost: int
) -> None:
    text = "id,name\n" + "".join(f"{n},{n * 7919 % 10007}\n" for n in range(2000))
    path = tmp_path / "sales.csv.gz"
    path.write_bytes(gzip.compress(text.encode(), mtime=0)[:-lost])
    found = read(path)
    assert found[-1].reason == "cut_in_mid_line"
    assert [record.reason for record in found[:-1]] == [None] * (len(found) - 1)
    assert [int(record.cells[0]) for record in found[:-1]] == list(range(len(found) - 1))


def test_a_line_without_end_is_refused_without_being_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "sales.csv", "id,name\n1," + "x" * (MAX_TEXT * 3) + "\n2,x\n")
    found = read(path)
    assert [(record.line, record.reason) for record in found] == [(2, "too_long"), (3, None)]
    assert len(found[0].text) < 1000


@pytest.mark.parametrize("content", [b"", b"\n\n", b" , \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sales.csv").write_bytes(content)
    with pytest.raises(TerminalError, match="empty"):
        opened(tmp_path / "sales.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"PK\x03\x04rest", "spreadsheet"), (b"id\xe9,name\n", "encoding"), ("id,name\n".encode("utf-16-le"), "encoding")],
)
def test_a_file_that_is_not_csv_is_refused_with_what_to_do(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "sales.csv").write_bytes(content)
    with pytest.raises(TerminalError, match=message):
        opened(tmp_path / "sales.csv")


@pytest.mark.parametrize("encoding", ["klingon", "base64", ""])
def test_an_encoding_that_does_not_exist_is_named(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(TerminalError, match="encoding"):
        opened(written(tmp_path / "sales.csv", TEXT), encoding)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"missing\.csv"):
        opened(tmp_path / "missing.csv")
