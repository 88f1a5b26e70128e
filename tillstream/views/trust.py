"""How far each layer has come, and what nights have checked, explained and restated."""

from tillstream.views.view import View

_LIVE_FRESHNESS = """
SELECT h.`layer` AS `layer`,
  CASE WHEN b.`events_behind` = 0 THEN GREATEST(h.`beat_at`, COALESCE(h.`newest_event_at`, h.`beat_at`))
    ELSE h.`newest_event_at` END AS `as_of`,
  b.`events_behind` AS `events_behind`, h.`committed_at` AS `published_at`, h.`state` AS `state`,
  h.`message` AS `message`
FROM `heartbeat` h
CROSS JOIN (SELECT CAST(COALESCE(SUM(GREATEST(e.`end_offset` - COALESCE(o.`next_offset`, 0), 0)), 0) AS SIGNED)
              AS `events_behind`
            FROM `source_ends` e
            LEFT JOIN `stream_offsets` o ON o.`topic` = e.`topic` AND o.`partition` = e.`partition`) b
"""

_TRUTH_FRESHNESS = """
SELECT 'truth' AS `layer`, MAX(e.`opened_at`) AS `as_of`,
  CAST(COALESCE((SELECT SUM(o.`next_offset` - COALESCE(c.`next_offset`, 0)) FROM `stream_offsets` o
     JOIN `layers` y LEFT JOIN `cuts` c
       ON c.`epoch` = y.`published_epoch` AND c.`topic` = o.`topic` AND c.`partition` = o.`partition`), 0) AS SIGNED)
    AS `events_behind`,
  MAX(g.`published_at`) AS `published_at`, 'published' AS `state`, '' AS `message`
FROM `generations` g JOIN `layers` l ON g.`epoch` = l.`published_epoch` JOIN `epochs` e ON e.`epoch` = g.`epoch`
WHERE g.`published_at` IS NOT NULL
HAVING MAX(g.`published_at`) IS NOT NULL
"""

_FRESHNESS = f"""
SELECT `layer`, `as_of`, `events_behind`,
  GREATEST(TIMESTAMPDIFF(MICROSECOND, `as_of`, UTC_TIMESTAMP(3)) / 1000000, 0) AS `seconds_behind`,
  `published_at`, `state`, `message`
FROM ({_LIVE_FRESHNESS} UNION ALL {_TRUTH_FRESHNESS}) f
"""

_QUALITY = """
SELECT q.`run_id` AS `run_id`, g.`generation` AS `generation`, q.`stage` AS `stage`, q.`check_name` AS `check_name`,
  CASE WHEN q.`passed` = 1 THEN 'passed' ELSE 'failed' END AS `result`, q.`severity` AS `severity`,
  q.`observed` AS `observed`, q.`expected` AS `expected`, q.`detail` AS `detail`, q.`rows_seen` AS `rows_seen`,
  q.`checked_at` AS `checked_at`
FROM `quality_results` q LEFT JOIN `generations` g ON g.`run_id` = q.`run_id`
"""

_RECONCILIATION = """
SELECT r.`generation` AS `generation`, g.`run_id` AS `run_id`, r.`figure` AS `figure`, r.`day` AS `day`,
  r.`store_id` AS `store_id`, r.`product_id` AS `product_id`, r.`currency` AS `currency`,
  r.`published_units` AS `published_units`, r.`live_units` AS `live_units`, r.`candidate_units` AS `candidate_units`,
  r.`published_revenue` AS `published_revenue`, r.`live_revenue` AS `live_revenue`,
  r.`candidate_revenue` AS `candidate_revenue`, r.`units_difference` AS `units_difference`,
  r.`revenue_difference` AS `revenue_difference`, r.`cause` AS `cause`
FROM `reconciliations` r JOIN `generations` g ON g.`generation` = r.`generation`
"""

_RESTATEMENTS = """
SELECT r.`generation` AS `generation`, g.`published_at` AS `published_at`, r.`month` AS `month`,
  r.`product_id` AS `product_id`, r.`currency` AS `currency`,
  SUM(r.`before_revenue`) AS `before`, SUM(r.`after_revenue`) AS `after`,
  SUM(r.`before_units`) AS `before_units`, SUM(r.`after_units`) AS `after_units`,
  GROUP_CONCAT(DISTINCT r.`cause` ORDER BY r.`cause` SEPARATOR ', ') AS `cause`
FROM `restatement_rows` r JOIN `generations` g ON g.`generation` = r.`generation`
GROUP BY r.`generation`, g.`published_at`, r.`month`, r.`product_id`, r.`currency`
"""

TRUST_VIEWS: tuple[View, ...] = (
    View("freshness", "How far each layer has counted.", _FRESHNESS),
    View(
        "rejects_by_reason",
        "Records in quarantine.",
        "SELECT `topic`, `reason`, `rejected`, `last_at` FROM `reject_counts` WHERE `rejected` > 0",
    ),
    View("quality_checks", "Every check of every night, and what it found.", _QUALITY),
    View("reconciliation", "What a night found different from the figures shown before it, and why.", _RECONCILIATION),
    View("restatements", "Figures of closed months that a publication changed.", _RESTATEMENTS),
)
