"""What the recount makes of raw records: stock and what counts found missing, by formulas of its own."""

from datetime import date, datetime, time

from reports.recount import Recount, Sums, on_hand, shrinkage, sold_lately

TEN = time(10)
KEY = ("main", "longyi")


def at(day: int) -> date:
    return date(2026, 1, day)


def recounted(sold: dict[int, int], moved: dict[int, int], counted: dict[int, int]) -> Recount:
    """Of one product by day of January: pieces sold, delivered less lost, and counted."""
    found = Recount()
    found.hours = {(datetime.combine(at(day), TEN), *KEY, "MMK"): Sums(units) for day, units in sold.items()}
    found.movements = {(at(day), *KEY): change for day, change in moved.items()}
    found.counts = {(at(day), *KEY): (datetime.combine(at(day), TEN), "c", n) for day, n in counted.items()}
    return found


def test_what_a_count_expects_is_the_count_before_and_what_moved_since_its_opening() -> None:
    found = recounted({4: 1, 5: 2, 9: 3, 20: 4}, {5: 10, 9: -1}, {5: 30, 9: 35, 20: 30})

    assert shrinkage(found) == {(*KEY, at(9)): (38, 35, 3), (*KEY, at(20)): (31, 30, 1)}
    assert on_hand(found) == {KEY: (26, at(20))}


def test_the_first_count_has_nothing_to_expect() -> None:
    assert shrinkage(recounted({4: 1}, {3: 9}, {5: 30})) == {}


def test_sold_lately_ends_with_the_last_day_of_which_anything_is_on_record() -> None:
    assert sold_lately(recounted({2: 5, 3: 1, 4: 2}, {30: 1}, {}), 28) == {KEY: 3}
    assert sold_lately(Recount(), 28) == {}
