"""The lines of an order get the same numbers in every call, so that importing again adds nothing."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sources.csv_numbering import Fate, numbered
from sources.csv_staging import StagedLine


def staged(name: str, line: int, file: int = 0, sold_at: str = "2019-01-01", line_no: int | None = None) -> StagedLine:
    content = msgspec.json.encode({"product_id": name, "sold_at": sold_at})
    return StagedLine(("sales", "till", "17"), file, line, line_no, content, "", f"{name} {sold_at}")


def held(name: str, line: int) -> StagedLine:
    return StagedLine(("sales", "till", "17"), 0, line, None, None, "", name)


def numbers(order: list[StagedLine], *, keep: bool = False) -> dict[tuple[int, int], tuple[int | None, Fate]]:
    return {(item.line.file, item.line.line): (item.number, item.fate) for item in numbered(order, keep=keep)}


def test_lines_are_numbered_as_they_stand() -> None:
    order = [staged("shirt", 2), staged("belt", 3), staged("tie", 4)]
    assert numbers(order) == {(0, 2): (1, Fate.FIRST), (0, 3): (2, Fate.FIRST), (0, 4): (3, Fate.FIRST)}


def test_a_duplicate_is_dropped_or_comes_after_the_last_distinct_line() -> None:
    order = [staged("shirt", 2), staged("shirt", 3), staged("tie", 4)]
    assert numbers(order)[0, 3] == (None, Fate.COPY)
    assert numbers(order, keep=True) == {(0, 2): (1, Fate.FIRST), (0, 4): (2, Fate.FIRST), (0, 3): (3, Fate.COPY)}


def test_lines_that_differ_in_a_column_that_nothing_is_made_of_are_no_duplicates() -> None:
    order = [staged("shirt", 2)._replace(rest="cash"), staged("shirt", 3)._replace(rest="card")]
    assert numbers(order)[0, 3] == (2, Fate.FIRST)


def test_a_refused_line_keeps_its_number_until_it_is_mended() -> None:
    refused = [held("sh!rt", 2), staged("belt", 3), held("sh!rt", 4), staged("tie", 5)]
    mended = [staged("shirt", 2), staged("belt", 3), staged("shirt", 4), staged("tie", 5)]
    for keep in (False, True):
        before, after = numbers(refused, keep=keep), numbers(mended, keep=keep)
        assert {place: number for place, (number, _) in before.items()} == {
            place: number for place, (number, _) in after.items()
        }
    assert numbers(refused)[0, 2] == (1, Fate.HELD)


def test_a_later_file_goes_on_counting_where_the_earlier_stopped_whatever_their_names() -> None:
    april, january = staged("return", 2, file=0, sold_at="2019-04-01"), staged("shirt", 9, file=1)
    assert numbers([april, january]) == {(1, 9): (1, Fate.FIRST), (0, 2): (2, Fate.FIRST)}


def test_numbers_that_a_file_gives_are_kept() -> None:
    order = [staged("shirt", 2, line_no=7), staged("tie", 3, line_no=3)]
    assert numbers(order) == {(0, 2): (7, Fate.FIRST), (0, 3): (3, Fate.FIRST)}


def test_the_same_given_number_is_a_copy_or_a_conflict() -> None:
    order = [staged("shirt", 2, line_no=1), staged("shirt", 3, line_no=1), staged("tie", 4, line_no=1)]
    assert numbers(order, keep=True)[0, 3] == (None, Fate.COPY)
    assert numbers(order)[0, 4] == (None, Fate.CONFLICT)


def test_lines_without_a_number_follow_those_with_one() -> None:
    order = [staged("shirt", 2, line_no=4), staged("tie", 2, file=1)]
    assert numbers(order)[1, 2] == (5, Fate.FIRST)


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=8))
def test_keep_after_drop_adds_the_duplicates_and_nothing_else(names: list[str]) -> None:
    order = [staged(name, line) for line, name in enumerate(names)]
    dropped = {(i.line.content, i.number) for i in numbered(order, keep=False) if i.number}
    kept = {(i.line.content, i.number) for i in numbered(order, keep=True) if i.number}
    assert dropped <= kept
    assert len(dropped) == len(set(names))
    assert sorted(number for _, number in kept if number) == list(range(1, len(names) + 1))
