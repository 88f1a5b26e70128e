"""A candidate against what readers see: published truth plus the live rows up to the cut give it, or it is wrong.

Each figure of each hour is compared. A difference is `unexplained`, and refuses the publication. What changes a day
that readers have seen published is kept as a row with its cause. mongod counts the raw events besides: what was taken
out of the raw record is missed even where nothing else shows it.
"""

from collections.abc import Mapping
from datetime import date

import msgspec

from tillstream import tables
from tillstream.settings import Settings
from tillstream.shop_calendar import business_day, zone
from tillstream.stores import comparison, generations, raw_counts
from tillstream.stores.comparison import FIGURES, LATE, UNEXPLAINED
from tillstream.stores.generations import FULL, Cut, Generation
from tillstream.stores.kafka import Source
from tillstream.stores.mysql import Connection, Cursor, rows, snapshot, transaction
from tillstream.stores.replays import replayed

CONFLICT, REPAIRED = "conflict", "repaired reject"
STAGE, CRITICAL = "reconcile", "critical"
EQUAL_FIGURES, EQUAL_RECORDS = "candidate is published and live", "raw events are the counted records"
CHECKS = frozenset({EQUAL_FIGURES, EQUAL_RECORDS})
FIRST_DAY = date(1000, 1, 1)  # of MySQL's calendar


class Reconciled(msgspec.Struct, frozen=True):
    """What came of it: days' keys of the candidate, differences by cause, raw events beside the stream's own count."""

    compared: int
    causes: dict[str, int]
    raw_events: int
    counted: int
    example: str

    @property
    def clean(self) -> bool:
        return not self.causes.get(UNEXPLAINED) and self.raw_events == self.counted


def reconcile(connection: "Connection[Cursor]", settings: Settings, night: Generation) -> Reconciled:
    """Compares a candidate and keeps what it found. Idempotent: it takes the place of an earlier comparison."""
    with snapshot(connection) as cursor:
        months = generations.months(cursor, night.generation)
        base_day = _base_day(cursor, night, settings.timezone)
        begin = {} if night.kind == FULL else generations.cut(cursor, night.base_epoch)
        end = generations.cut(cursor, night.epoch)
    # Not one snapshot: READ COMMITTED takes no lock on what it reads for an INSERT, so the stream goes on. Each
    # statement sees one instant, and a publication between two of them changes neither side's sum.
    with transaction(connection) as cursor:
        cursor.execute("DELETE FROM `reconciliations` WHERE `generation` = %s", (night.generation,))
    for month in months:
        with transaction(connection) as cursor:
            for figure in FIGURES:
                comparison.compare(cursor, night, figure, month, base_day)
            comparison.compare_grains(cursor, night, month)
    with transaction(connection) as cursor:
        for figure in FIGURES:
            comparison.compare_forgotten(cursor, night, figure)
        _name_causes(cursor, settings, night, begin, end)
    raw = raw_counts.between(settings, _offsets(begin), _offsets(end))
    with transaction(connection) as cursor:
        outcome = _outcome(cursor, night.generation, raw, _counted(end) - _counted(begin))
        _keep(cursor, night.run_id, outcome)
    return outcome


def _base_day(cursor: Cursor, night: Generation, timezone: str) -> date:
    """The day of the cut before: readers have seen the days before it published. On the first night, none."""
    if night.base_epoch == 1:
        return FIRST_DAY
    [(opened_at,)] = rows(cursor, "SELECT `opened_at` FROM `epochs` WHERE `epoch` = %s", (night.base_epoch,))
    return business_day(generations.aware(opened_at), zone(timezone))


def _name_causes(
    cursor: Cursor, settings: Settings, night: Generation, begin: Mapping[Source, Cut], end: Mapping[Source, Cut]
) -> None:
    """Tells what was repaired from what merely came late."""
    found = rows(
        cursor,
        "SELECT 1 FROM `reconciliations` WHERE `generation` = %s AND `cause` = %s LIMIT 1",
        (night.generation, LATE),
    )
    if found:
        repairs = replayed(settings, _offsets(begin), _offsets(end))
        # Sorted: where a key has both, the conflict is named.
        cursor.executemany(
            "UPDATE `reconciliations` SET `cause` = %s WHERE `generation` = %s "
            "AND `figure` IN ('sales', 'stock', 'count') AND `day` = %s AND `store_id` = %s AND `product_id` = %s "
            "AND `currency` = %s AND `cause` <> %s",
            [
                (CONFLICT if each.was_conflict else REPAIRED, night.generation, *each[:4], UNEXPLAINED)
                for each in sorted(repairs, key=lambda each: each.was_conflict)
            ],
        )


def _outcome(cursor: Cursor, generation: int, raw: int, counted: int) -> Reconciled:
    causes = dict(
        rows(
            cursor,
            "SELECT `cause`, COUNT(*) FROM `reconciliations` WHERE `generation` = %s GROUP BY `cause`",
            (generation,),
        )
    )
    examples = rows(
        cursor,
        "SELECT CONCAT(`figure`, ' of ', `day`, ', ', `store_id`, ', ', `product_id`, ': published ', "
        "`published_units`, ' + live ', `live_units`, ' units, candidate ', `candidate_units`, '; published ', "
        "`published_revenue`, ' + live ', `live_revenue`, ' ', `currency`, ', candidate ', `candidate_revenue`) "
        "FROM `reconciliations` WHERE `generation` = %s AND `cause` = %s ORDER BY `figure`, `day` LIMIT 1",
        (generation, UNEXPLAINED),
    )
    [(compared,)] = rows(
        cursor,
        "SELECT (SELECT COUNT(*) FROM `truth_sales_by_day` WHERE `generation` = %s) "
        "+ (SELECT COUNT(*) FROM `truth_stock` WHERE `generation` = %s) "
        "+ (SELECT COUNT(*) FROM `truth_counts` WHERE `generation` = %s)",
        (generation,) * 3,
    )
    return Reconciled(compared, causes, raw, counted, examples[0][0] if examples else "")


def _keep(cursor: Cursor, run_id: str, outcome: Reconciled) -> None:
    unexplained = outcome.causes.get(UNEXPLAINED, 0)
    checks = (
        (
            EQUAL_FIGURES, not unexplained, f"{unexplained} unexplained", "0 unexplained", outcome.example,
            outcome.compared,
        ),
        (
            EQUAL_RECORDS, outcome.raw_events == outcome.counted, f"{outcome.raw_events}", f"{outcome.counted}",
            "events of the raw record since the base, and records that the stream counted", outcome.raw_events,
        ),
    )  # fmt: skip
    cursor.execute("SELECT UTC_TIMESTAMP(3)")
    [(now,)] = cursor.fetchall()
    cursor.executemany(
        tables.replacing_upsert(tables.QUALITY_RESULTS),
        [
            (run_id, STAGE, name, CRITICAL, passed, observed, expected, detail, seen, now)
            for name, passed, observed, expected, detail, seen in checks
        ],
    )


def _offsets(cut: Mapping[Source, Cut]) -> dict[Source, int]:
    return {source: at.next_offset for source, at in cut.items()}


def _counted(cut: Mapping[Source, Cut]) -> int:
    return sum(at.counted for at in cut.values())
