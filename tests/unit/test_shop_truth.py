"""The physics of the simulated shop, recounted from its files alone: pieces, customers, seasons."""

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import pytest

from sources.assortment import CLEARANCE_DAYS
from sources.shop import simulate_shop

FIRST, LAST = date(2023, 1, 1), date(2024, 3, 31)
LONGEST_DELIVERY = timedelta(days=150)  # far beyond what a late supplier needs
Row = dict[str, str]
DayProduct = tuple[str, str]


class History:
    """The rows of a history, read with nothing but the csv module."""

    def __init__(self, out: Path) -> None:
        self.sales = self._rows(out, "sales/*.csv")
        self.stock = self._rows(out, "stock/*.csv")
        self.products = {row["product_id"]: row for row in self._rows(out, "products.csv")}
        self.lost = self._rows(out, "truth/lost_demand.csv")
        self.demand = self._rows(out, "truth/true_demand.csv")
        self.shrinkage = self._rows(out, "truth/shrinkage.csv")
        self.final = {row["product_id"]: row for row in self._rows(out, "truth/stock.csv")}
        self.days = [f"{FIRST + timedelta(days=n)}" for n in range((LAST - FIRST).days + 1)]

    def _rows(self, out: Path, pattern: str) -> list[Row]:
        rows = []
        for path in sorted(out.glob(pattern)):
            with path.open(encoding="utf-8", newline="") as file:
                rows += list(csv.DictReader(file))
        return rows

    @cached_property
    def pieces(self) -> dict[str, Counter[DayProduct]]:
        """Pieces by kind, day and product; for counts, whether there was one."""
        pieces: dict[str, Counter[DayProduct]] = defaultdict(Counter)
        for row in self.sales:
            pieces[row["kind"]][row["sold_at"][:10], row["product_id"]] += int(row["quantity"])
        for row in self.stock:
            if row["kind"] != "count":
                pieces[row["kind"]][row["day"], row["product_id"]] += int(row["quantity"])
        for row in self.shrinkage:
            pieces["vanished"][row["day"], row["product_id"]] += int(row["quantity"])
        return pieces

    @cached_property
    def counts(self) -> dict[DayProduct, int]:
        return {(row["day"], row["product_id"]): int(row["quantity"]) for row in self.stock if row["kind"] == "count"}

    @cached_property
    def shelves(self) -> dict[str, dict[str, tuple[int, int, int]]]:
        """Pieces by product and day: at the opening, after the day's customers, and in the evening."""
        return {product: self._shelf(product) for product in self.products}

    def _shelf(self, product: str) -> dict[str, tuple[int, int, int]]:
        kinds = (self.pieces[kind] for kind in ("delivery", "sale", "return", "loss", "vanished"))
        delivered, sold, returned, broken, vanished = kinds
        there = self.counts.get((self.days[0], product), 0)
        shelf = {}
        for day in self.days:
            key = (day, product)
            after_customers = there + delivered[key] - sold[key]
            evening = after_customers + returned[key] - broken[key] - vanished[key]
            shelf[day] = (there, after_customers, evening)
            there = evening
        return shelf

    def by_category(self, months: set[str]) -> Counter[str]:
        """True demand of some calendar months."""
        demand: Counter[str] = Counter()
        for row in self.demand:
            if row["month"] in months:
                demand[self.products[row["product_id"]]["category"]] += int(row["demand"])
        return demand

    def sold_pieces(self, first: date, days: int) -> int:
        wanted = {f"{first + timedelta(days=n)}" for n in range(days)}
        return sum(pieces for (day, _), pieces in self.pieces["sale"].items() if day in wanted)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return History(simulate_shop(15, seed=11, out=tmp_path_factory.mktemp("truth") / "history").out)


def test_what_came_in_less_what_went_out_is_what_is_there(history: History) -> None:
    for product in history.products:
        evening = history.shelves[product][history.days[-1]][2]
        assert evening == int(history.final[product]["on_hand_physical"])


def test_nothing_is_sold_that_is_not_there(history: History) -> None:
    assert all(min(pieces) >= 0 for shelf in history.shelves.values() for pieces in shelf.values())


def test_a_count_is_what_is_there_at_the_opening_of_the_first_of_a_month(history: History) -> None:
    assert {day[8:] for day, _ in history.counts} == {"01"}
    there = {key: history.shelves[key[1]][key[0]][0] for key in history.counts}
    assert there == history.counts
    firsts = [day for day in history.days if day.endswith("-01")]
    filled = {(day, product) for product, shelf in history.shelves.items() for day in firsts if shelf[day][0] > 0}
    assert filled <= history.counts.keys()


def test_the_records_follow_the_rule_of_the_last_count(history: History) -> None:
    last_count = f"{LAST.replace(day=1)}"
    since = [day for day in history.days if day >= last_count]
    signs = {"delivery": 1, "return": 1, "loss": -1, "sale": -1}
    for product, truth in history.final.items():
        moved = sum(sign * history.pieces[kind][day, product] for day in since for kind, sign in signs.items())
        assert history.counts[last_count, product] + moved == int(truth["on_hand_by_records"])
        vanished = sum(history.pieces["vanished"][day, product] for day in since)
        assert int(truth["on_hand_by_records"]) - int(truth["on_hand_physical"]) == vanished


def test_some_pieces_vanish_and_some_break(history: History) -> None:
    assert 50 < history.pieces["vanished"].total() < 1000
    assert 50 < history.pieces["loss"].total() < 2000


def test_lost_demand_is_demand_less_sales(history: History) -> None:
    assert history.lost
    for row in history.lost:
        demand, sold, lost = (int(row[name]) for name in ("demand", "sold", "lost"))
        assert sold == history.pieces["sale"][row["day"], row["product_id"]]
        assert lost == demand - sold > 0


def test_demand_is_lost_only_when_the_shelf_is_empty(history: History) -> None:
    assert all(history.shelves[row["product_id"]][row["day"]][1] == 0 for row in history.lost)


def test_the_true_demand_of_a_month_is_what_was_sold_and_what_was_lost(history: History) -> None:
    sold: Counter[DayProduct] = Counter()
    for (day, product), pieces in history.pieces["sale"].items():
        sold[day[:7], product] += pieces
    lost: Counter[DayProduct] = Counter()
    for row in history.lost:
        lost[row["day"][:7], row["product_id"]] += int(row["lost"])
    truth = {(row["month"], row["product_id"]): (int(row["demand"]), int(row["sold"])) for row in history.demand}
    assert truth == {key: (sold[key] + lost[key], sold[key]) for key in truth}
    assert sold.keys() | lost.keys() <= truth.keys()


def test_stock_runs_out_and_piles_up(history: History) -> None:
    demand = sum(int(row["demand"]) for row in history.demand)
    assert 0.03 < sum(int(row["lost"]) for row in history.lost) / demand < 0.15
    last_half_year: Counter[str] = Counter()
    for row in history.demand:
        if row["month"] >= "2023-10":
            last_half_year[row["product_id"]] += int(row["demand"])
    on_hand = {product: int(row["on_hand_physical"]) for product, row in history.final.items()}
    over = [product for product, pieces in on_hand.items() if 0 < last_half_year[product] < pieces]
    assert len(over) > 10


def test_every_return_gives_back_pieces_of_an_earlier_sale_at_the_price_paid(history: History) -> None:
    sold: dict[tuple[str, str, int], list[tuple[str, int]]] = defaultdict(list)
    returns = 0
    for row in history.sales:
        quantity = int(row["quantity"])
        per_piece, rest = divmod(int(row["discount"] or 0), quantity)
        assert rest == 0
        key = (row["product_id"], row["unit_price"], per_piece)
        if row["kind"] == "sale":
            sold[key].append((row["sold_at"][:10], quantity))
            continue
        returns += 1
        sold[key].append((row["sold_at"][:10], -quantity))
        assert sum(pieces for day, pieces in sold[key] if pieces < 0 or day < row["sold_at"][:10]) >= 0
    assert 0.01 < returns / len(history.sales) < 0.05


def test_a_discontinued_style_is_cleared_and_then_gone(history: History) -> None:
    ends = {product: row["discontinued_on"] for product, row in history.products.items() if row["discontinued_on"]}
    gone = {product: date.fromisoformat(end) + timedelta(days=CLEARANCE_DAYS) for product, end in ends.items()}
    assert any(day <= LAST for day in gone.values())
    assert not [key for key in history.pieces["sale"] if key[1] in gone and key[0] >= f"{gone[key[1]]}"]
    assert not [row for row in history.lost if row["product_id"] in gone and row["day"] >= f"{gone[row['product_id']]}"]
    late = [(day, product) for day, product in history.pieces["delivery"] if product in ends and day > ends[product]]
    assert all(date.fromisoformat(day) < date.fromisoformat(ends[product]) + LONGEST_DELIVERY for day, product in late)


def test_a_style_of_the_year_is_not_sold_before_it_is_delivered(history: History) -> None:
    first_delivery: dict[str, str] = {}
    for day, product in sorted(history.pieces["delivery"]):
        first_delivery.setdefault(product, day)
    new = [product for product in history.products if (history.days[0], product) not in history.counts]
    assert len(new) > 20
    assert all(day >= first_delivery[product] for day, product in history.pieces["sale"] if product in new)


def test_each_category_has_its_season(history: History) -> None:
    hot = history.by_category({"2023-03", "2023-04", "2023-05"})
    cool = history.by_category({"2023-11", "2023-12", "2024-01"})
    assert hot["Shorts"] > 1.3 * cool["Shorts"]
    assert cool["Jackets"] > 3 * hot["Jackets"]
    assert 0.5 < hot["Underwear"] / cool["Underwear"] < 1.5


def test_the_shop_is_full_before_thingyan_and_closed_during_it(history: History) -> None:
    assert history.sold_pieces(date(2023, 4, 6), 7) > 1.4 * history.sold_pieces(date(2023, 3, 9), 7)
    assert history.sold_pieces(date(2023, 4, 13), 4) == 0
    assert not [day for day, _ in history.pieces["delivery"] if "2023-04-13" <= day <= "2023-04-16"]


def test_weekends_are_busier_than_weekdays(history: History) -> None:
    by_weekday: Counter[int] = Counter()
    for (day, _), pieces in history.pieces["sale"].items():
        by_weekday[date.fromisoformat(day).weekday()] += pieces
    assert min(by_weekday[5], by_weekday[6]) > 1.2 * max(by_weekday[day] for day in range(4))


def test_the_shop_grows(history: History) -> None:
    first, second = (history.by_category({f"{year}-{month}" for month in ("01", "02", "03")}) for year in (2023, 2024))
    assert 1.05 < second.total() / first.total() < 1.25


def test_prices_rise_and_some_lines_are_discounted(history: History) -> None:
    prices: dict[str, list[int]] = defaultdict(list)
    for row in history.sales:
        if row["kind"] == "sale":
            prices[row["product_id"]].append(int(row["unit_price"]))
    assert all(one <= other for known in prices.values() for one, other in pairwise(known))
    assert any(known[0] < known[-1] for known in prices.values())
    assert 0.05 < sum(bool(row["discount"]) for row in history.sales) / len(history.sales) < 0.25
