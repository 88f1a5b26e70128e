"""A live till: what it sends when all is well, what its faults look like, and how a run is paced and ended."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from sources.corruptions import CORRUPTIONS, Corruption
from sources.till import Fault, Till, TillFaults, TillRecord, till_records
from sources.till_receipts import TillProduct, till_products
from sources.till_run import NO_FAULTS, TillClock, TillRun, TillSummary, run_till
from tillstream.errors import TerminalError
from tillstream.events import SALES, Reason, Reject, Rules, Sale, decoder

TILL = Till(Rules(timezone="Asia/Yangon", opening_day=date(2019, 1, 1)))
MORNING = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
RECEIVED_MS = int((MORNING + timedelta(hours=2)).timestamp() * 1000)
PRODUCTS = [TillProduct("p1", "Oxford Shirt White M", 28_000, 2.0), TillProduct("p2", "ချည်ပုဆိုး အပြာ", 14_500, 1.0)]
ALL_FAULTS = TillFaults(resend=0.1, delay=0.1, reorder=0.1, corrupt=0.1)


@dataclass
class FakeTime:
    """Time that passes while somebody sleeps, and a little with each record that is taken."""

    passed: float = 0.0
    per_record: float = 0.0
    records: list[tuple[str, str, bytes | None]] = field(default_factory=list)

    def send(self, topic: str, key: str, value: bytes | None) -> None:
        self.records.append((topic, key, value))
        self.passed += self.per_record

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    @property
    def clock(self) -> TillClock:
        return TillClock(lambda: MORNING + timedelta(seconds=self.passed), lambda: self.passed, self.sleep)


def records(number: int, faults: TillFaults = NO_FAULTS, seed: int = 1, start: datetime = MORNING) -> list[TillRecord]:
    """The first records of a till whose clock advances by a second per receipt."""
    clock = (start + timedelta(seconds=n) for n in itertools.count())
    return list(itertools.islice(till_records(seed, faults, lambda: next(clock), PRODUCTS, TILL), number))


def sales(sent: list[TillRecord]) -> Iterator[Sale]:
    decode = decoder(SALES, TILL.rules)
    for record in sent:
        event = decode(record.value, RECEIVED_MS)
        assert isinstance(event, Sale), event
        yield event


def test_the_same_seed_and_clock_give_the_same_records() -> None:
    assert records(500, ALL_FAULTS) == records(500, ALL_FAULTS)
    assert records(500, ALL_FAULTS, seed=2) != records(500, ALL_FAULTS, seed=3)


def test_a_till_without_faults_sends_sound_events_only() -> None:
    sent = records(3000)
    assert {record.faults for record in sent} == {frozenset()}
    events = list(sales(sent))
    assert len({event.event_id for event in events}) == len(events)
    assert {event.product_id for event in events} == {"p1", "p2"}


def test_the_lines_of_a_receipt_have_one_key_and_are_numbered_from_one() -> None:
    sent = records(3000)
    numbers: Counter[str] = Counter()
    for record, sale in zip(sent, sales(sent), strict=True):
        numbers[sale.order_id] += 1
        assert (record.topic, record.key, sale.line_no) == (SALES, sale.order_id, numbers[sale.order_id])
    assert max(numbers.values()) > 1


def test_what_comes_back_was_sold_before_at_the_same_price() -> None:
    sold: Counter[tuple[object, ...]] = Counter()
    returns = 0
    for sale in sales(records(3000)):
        line = (sale.product_id, sale.quantity, sale.unit_price, sale.discount)
        sold[line] += 1 if sale.kind == "sale" else -1
        returns += sale.kind == "return"
        assert sold[line] >= 0
    assert returns > 10


def test_a_till_that_is_started_again_never_repeats_an_identity() -> None:
    first, again = records(200), records(200, start=MORNING + timedelta(milliseconds=1))
    assert not {sale.event_id for sale in sales(first)} & {sale.event_id for sale in sales(again)}


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.name)
def test_each_corruption_is_refused_for_its_reason(corruption: Corruption) -> None:
    decode = decoder(SALES, TILL.rules)
    for record in records(20):
        assert record.value is not None
        verdict = decode(corruption.spoil(record.value), RECEIVED_MS)
        assert isinstance(verdict, Reject)
        assert verdict.reason == corruption.reason


def test_every_reason_of_the_contract_has_a_corruption_but_conflict() -> None:
    assert {corruption.reason for corruption in CORRUPTIONS} == set(Reason) - {Reason.CONFLICT}


def test_corrupted_records_and_no_others_are_refused() -> None:
    sent = records(2000, TillFaults(corrupt=0.1))
    decode = decoder(SALES, TILL.rules)
    refused = [isinstance(decode(record.value, RECEIVED_MS), Reject) for record in sent]
    assert refused == [Fault.CORRUPTED in record.faults for record in sent]
    assert 0.07 < sum(refused) / len(sent) < 0.13


def test_a_record_that_is_sent_again_is_the_same_to_the_byte() -> None:
    sent = records(3000, TillFaults(resend=0.1))
    seen: Counter[tuple[str, bytes | None]] = Counter()
    for record in sent:
        assert seen[record.key, record.value] == (Fault.RESENT in record.faults)
        seen[record.key, record.value] += 1
    assert 0.06 < sum(Fault.RESENT in record.faults for record in sent) / len(sent) < 0.12


def test_a_delayed_receipt_is_hours_or_days_old_and_still_counts() -> None:
    sent = records(2000, TillFaults(delay=0.2))
    ages = {True: set[timedelta](), False: set[timedelta]()}
    for record, sale in zip(sent, sales(sent), strict=True):
        ages[Fault.DELAYED in record.faults].add(MORNING + timedelta(hours=1) - sale.sold_at)
    assert max(ages[False]) <= timedelta(hours=1) < min(ages[True]) < max(ages[True]) < timedelta(days=3, hours=2)


def test_no_sale_is_older_than_the_shop() -> None:
    young = Till(Rules(timezone="Asia/Yangon", opening_day=date(2026, 1, 5)))
    sent = itertools.islice(till_records(1, TillFaults(delay=1.0), lambda: MORNING, PRODUCTS, young), 200)
    decode = decoder(SALES, young.rules)
    assert all(isinstance(decode(record.value, RECEIVED_MS), Sale) for record in sent)


def line_of(sale: Sale) -> tuple[int, int]:
    """The number of the receipt since the till was started, and of the line in it."""
    return int(sale.order_id.rpartition("-")[2]), sale.line_no


def test_a_reordered_record_is_overtaken_and_not_lost() -> None:
    sent = records(2000, TillFaults(reorder=0.1))
    lines = [line_of(sale) for sale in sales(sent)]
    late = [line for line, record in zip(lines, sent, strict=True) if Fault.REORDERED in record.faults]
    assert 150 < len(late) < 250
    assert [line for line in lines if line not in late] == sorted(set(lines) - set(late))
    assert sum(max(lines[: lines.index(line)], default=line) > line for line in late) > 100
    assert {number for number, _ in lines} >= set(range(1, max(lines)[0] - 20))


def run(time: FakeTime, plan: TillRun, faults: TillFaults = NO_FAULTS) -> TillSummary:
    return run_till(time, plan, PRODUCTS, TILL, faults, time.clock)


@pytest.mark.parametrize("faults", [NO_FAULTS, ALL_FAULTS])
@pytest.mark.parametrize("count", [1, 2, 37, 1000])
def test_a_run_sends_as_many_records_as_it_was_told(count: int, faults: TillFaults) -> None:
    time = FakeTime()
    summary = run(time, TillRun(rate=100, count=count), faults)
    assert summary.sent == len(time.records) == count


@pytest.mark.parametrize(("rate", "seconds"), [(0.5, 60), (7, 20), (300, 10), (5000, 4)])
def test_a_run_keeps_its_rate(rate: float, seconds: float) -> None:
    summary = run(FakeTime(), TillRun(rate, seconds=seconds))
    assert abs(summary.sent - rate * seconds) <= rate * 0.01 + 1
    assert seconds <= summary.seconds < seconds + 0.3


def test_a_sender_that_is_too_slow_ends_the_run_in_time() -> None:
    summary = run(FakeTime(per_record=0.1), TillRun(rate=1000, seconds=5))
    assert summary.sent in (50, 51)


def test_a_run_that_is_stopped_still_sends_what_it_holds_back() -> None:
    time = FakeTime()
    summary = run_till(
        time, TillRun(rate=100), PRODUCTS, TILL, TillFaults(reorder=1.0), time.clock, lambda: time.passed >= 3
    )
    assert 280 < summary.sent < 320
    decode = decoder(SALES, TILL.rules)
    lines = sorted(
        line_of(sale) for _, _, value in time.records if isinstance(sale := decode(value, RECEIVED_MS), Sale)
    )
    assert {number for number, _ in lines} == set(range(1, lines[-1][0] + 1))


def test_the_summary_tells_what_was_sent() -> None:
    time = FakeTime()
    summary = run(time, TillRun(rate=1000, count=3000, seed=4), ALL_FAULTS)
    decode = decoder(SALES, TILL.rules)
    decoded = [decode(value, RECEIVED_MS) for _, _, value in time.records]
    good = [event for event in decoded if isinstance(event, Sale)]
    values = Counter(value for _, _, value in time.records)
    assert summary.corrupted == len(decoded) - len(good)
    assert summary.events == len({event.event_id for event in good})
    assert summary.sent - summary.events - summary.corrupted == len(good) - summary.events > 0
    assert summary.resent >= sum(number - 1 for value, number in values.items() if value and len(value) > 100) > 0
    assert min(summary.delayed, summary.reordered) > 150


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_of_faults_is_from_0_to_1(share: float) -> None:
    with pytest.raises(TerminalError, match="share"):
        TillFaults(reorder=share)


@pytest.mark.parametrize(("rate", "count", "seconds"), [(0, 1, None), (-1, 1, None), (1, 0, None), (1, None, 0.0)])
def test_a_run_that_sends_nothing_is_refused(rate: float, count: int | None, seconds: float | None) -> None:
    with pytest.raises(TerminalError):
        TillRun(rate, count, seconds)


def test_the_till_sells_what_the_simulated_shop_has_on_sale() -> None:
    products = till_products()
    assert 200 < len(products) < 900
    assert len({product.product_id for product in products}) == len(products)
    assert all(product.unit_price > 0 and product.weight > 0 for product in products)
