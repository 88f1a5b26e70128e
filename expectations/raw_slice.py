"""Checks of the raw slice before anything is recounted: mongod's own sums of it against what the stream counted."""

from expectations.checks import Check, Severity, Subject
from expectations.pictures import (
    LIVE_DAYS,
    LIVE_STOCK_DAYS,
    SALES_COMPARED,
    SLICE_SALES,
    SLICE_STOCK,
    STOCK_COMPARED,
    side_by_side,
)
from tillstream.tables import TRUTH_SALES_BY_DAY

VOLUME_DAYS = 14  # so many days before the cut are compared with the same weekday of VOLUME_WEEKS weeks
VOLUME_WEEKS = 8
VOLUME_TIMES = 3  # a third of what is usual is few, three times as much is many
VOLUME_LINES = 10  # below this mean, chance makes such days
STALE_HOURS = 36
BEAT_SECONDS = 60

REMEDY = (
    "The raw record and what the stream counted differ: documents were lost, deleted or changed, or another MongoDB "
    "answers. `tillstream verify` names the figures; the DAG rebuild_raw restores the record from Kafka."
)

_PARTITION = "SELECT `topic`, `partition`"
_PARTITIONS = f"""
SELECT `topic`, `partition`, SUM(`counted`) AS `counted`, SUM(`rejected`) AS `rejected`, SUM(`raw`) AS `raw`,
  SUM(`whole`) AS `whole`, SUM(`blocks`) AS `blocks`, MAX(`last_offset`) >= MAX(`next_offset`) AS `ahead`
FROM (
  {_PARTITION}, `counted`, `rejected`, 0 AS `raw`, `counted` AS `whole`, 0 AS `blocks`, -1 AS `last_offset`,
    `next_offset` FROM `cuts` WHERE `epoch` = {{epoch}}
  UNION ALL {_PARTITION}, -`counted`, -`rejected`, 0, 0, 0, -1, 0 FROM `cuts` WHERE `epoch` = {{base}}
  UNION ALL {_PARTITION}, 0, 0, `events`, 0, 0, -1, 0 FROM `slice_profile` WHERE `generation` = {{generation}}
  UNION ALL {_PARTITION}, 0, 0, 0, 0, `events`, `last_offset`, 0 FROM `raw_blocks`
) p GROUP BY `topic`, `partition`
"""

PARTITIONS = Subject(
    "slice_partitions",
    "Each partition of Kafka, as far as the cut reaches.",
    _PARTITIONS,
    "CONCAT(`topic`, '-', `partition`)",
    REMEDY,
    (
        Check(
            "events",
            "The slice holds exactly the events that the stream counted between the published cut and this one.",
            "`raw` = `counted`",
            facts="CONCAT(`raw`, ' raw events, ', `counted`, ' counted')",
        ),
        Check(
            "whole",
            "The raw record up to the cut has no event less than the stream has ever counted.",
            "`blocks` >= `whole`",
            facts="CONCAT(`blocks`, ' raw events, ', `whole`, ' counted')",
        ),
        Check(
            "extra",
            "Nor has it one more, unless another night has looked further already.",
            "`blocks` <= `whole` OR `ahead`",
            Severity.WARNING,
            facts="CONCAT(`blocks`, ' raw events, ', `whole`, ' counted')",
        ),
        Check(
            "rejects",
            "Of the new records, no more than one in twenty, or ten, went to the quarantine.",
            "`rejected` <= GREATEST(10, (`counted` + `rejected`) / 20)",
            Severity.WARNING,
            facts="CONCAT(`rejected`, ' in quarantine, ', `counted`, ' counted')",
        ),
    ),
    "SELECT GREATEST(COUNT(*), 1) FROM `cuts` WHERE `epoch` = {epoch}",  # a stream that runs has counted partitions
)

_SALES_SLICED = "SELECT SUM(`counted`) FROM `cuts` WHERE `topic` = 'sales' AND `epoch` = "
_NEW_SALES = f"COALESCE(({_SALES_SLICED}{{epoch}}), 0) - COALESCE(({_SALES_SLICED}{{base}}), 0)"


def _as_counted(figure: str) -> Check:
    return Check(
        figure,
        f"mongod finds the same `{figure}` as the stream added up.",
        f"`slice_{figure}` = `live_{figure}`",
        facts=f"CONCAT(`slice_{figure}`, ' in the raw record, ', `live_{figure}`, ' counted')",
    )


DAYS = Subject(
    "slice_sales",
    "Each day and currency of the new sales, by mongod and by the stream.",
    side_by_side(("day", "currency"), SALES_COMPARED, {"slice": SLICE_SALES, "live": LIVE_DAYS}),
    "CONCAT_WS(' · ', `day`, `currency`)",
    REMEDY,
    (
        Check(
            "not_empty",
            "A day with sales in the live figures has raw events.",
            "`slice_lines` > 0 OR `live_lines` = 0",
            facts="CONCAT('no raw event, ', `live_lines`, ' lines counted')",
        ),
        *(_as_counted(figure) for figure in SALES_COMPARED),
        Check("days", "It lies between the opening day and the cut.", "`day` BETWEEN '{opening_day}' AND '{last_day}'"),
        Check("currency", "The shop can count in the currency (ISO 4217).", "`currency` IN ({currencies})"),
    ),
    f"SELECT LEAST(1, {_NEW_SALES})",
)
STOCK = Subject(
    "slice_stock",
    "Each day of the new stock movements, by mongod and by the stream.",
    side_by_side(("day",), STOCK_COMPARED, {"slice": SLICE_STOCK, "live": LIVE_STOCK_DAYS}),
    "`day`",
    REMEDY,
    (
        *(_as_counted(figure) for figure in STOCK_COMPARED),
        Check(
            "days",
            "It lies between the opening day and the cut.",
            "`day` BETWEEN '{opening_day}' AND '{last_stock_day}'",
        ),
    ),
    f"SELECT LEAST(1, {_NEW_SALES.replace('sales', 'stock')})",
)

_CALENDAR = " UNION ALL ".join(
    f"SELECT DATE('{{cut_day}}') - INTERVAL {n} DAY AS `day`" for n in range(1, VOLUME_DAYS + 1)
)
_SOLD = f"""
SELECT `day`, SUM(`lines`) AS `lines` FROM (
  SELECT `day`, `lines` FROM ({SLICE_SALES}) r
  UNION ALL SELECT t.`day`, t.`lines` FROM `{TRUTH_SALES_BY_DAY.name}` t
    JOIN `published_months` p ON p.`month` = t.`month` AND p.`generation` = t.`generation`
    WHERE t.`month` >= DATE_FORMAT('{{cut_day}}' - INTERVAL {VOLUME_DAYS + 7 * VOLUME_WEEKS} DAY, '%Y-%m')
) d GROUP BY `day`
"""
VOLUMES = Subject(
    "slice_volumes",
    f"Each of the {VOLUME_DAYS} days before the cut, beside the same weekday of the {VOLUME_WEEKS} weeks before it.",
    f"""
    SELECT c.`day`, COALESCE(MAX(o.`lines`), 0) AS `lines`, COALESCE(AVG(w.`lines`), 0) AS `usual`
    FROM ({_CALENDAR}) c LEFT JOIN ({_SOLD}) o ON o.`day` = c.`day`
    LEFT JOIN ({_SOLD}) w ON w.`day` < c.`day` AND w.`day` >= c.`day` - INTERVAL {7 * VOLUME_WEEKS} DAY
      AND WEEKDAY(w.`day`) = WEEKDAY(c.`day`)
    GROUP BY c.`day`
    """,
    "`day`",
    "A till that is offline, a holiday, or a good day: look at it. What comes in later is counted on its own day.",
    (
        Check(
            "lines",
            "It has no less than a third of the usual lines and no more than three times as many.",
            f"`usual` < {VOLUME_LINES} "
            f"OR (`lines` * {VOLUME_TIMES} >= `usual` AND `lines` <= `usual` * {VOLUME_TIMES})",
            Severity.WARNING,
            facts="CONCAT(`lines`, ' lines, ', ROUND(`usual`), ' are usual')",
        ),
    ),
    str(VOLUME_DAYS),
)

FRESHNESS = Subject(
    "freshness",
    "The cut and the stream's sign of life.",
    "SELECT e.`opened_at`, h.`beat_at`, h.`state`, h.`newest_event_at` "
    "FROM `epochs` e JOIN `heartbeat` h ON h.`layer` = 'live' WHERE e.`epoch` = {epoch}",
    "CONCAT('cut of ', `opened_at`)",
    "`tillstream status` says what runs; `tillstream logs stream` why the stream does not.",
    (
        Check(
            "cut",
            f"The cut is no older than {STALE_HOURS} hours, unless an old one is recounted.",
            f"{{kind}} = 'backfill' OR `opened_at` > UTC_TIMESTAMP(3) - INTERVAL {STALE_HOURS} HOUR",
            Severity.WARNING,
        ),
        Check(
            "stream",
            f"The stream runs and has given a sign of life in the last {BEAT_SECONDS} s.",
            f"`state` = 'running' AND `beat_at` > UTC_TIMESTAMP(3) - INTERVAL {BEAT_SECONDS} SECOND",
            Severity.WARNING,
            facts="CONCAT(`state`, ', last sign ', COALESCE(`beat_at`, 'never'))",
        ),
        Check(
            "events",
            f"The newest counted record is no more than {STALE_HOURS} hours older than the cut.",
            f"`newest_event_at` > `opened_at` - INTERVAL {STALE_HOURS} HOUR",
            Severity.WARNING,
            facts="CONCAT('newest of ', COALESCE(`newest_event_at`, 'never'))",
        ),
    ),
    "1",
)

SUBJECTS = (PARTITIONS, DAYS, STOCK, VOLUMES, FRESHNESS)
