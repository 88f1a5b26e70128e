"""The last night: when it was, how long it took, what it changed, and what its checks said."""

from datetime import datetime

import msgspec

from tillstream.settings import Settings
from tillstream.stores import generations
from tillstream.stores.generations import Generation
from tillstream.stores.mysql import Cursor, reading, rows

PUBLISHED, OVERTAKEN, OPEN = "published", "overtaken", "not published"


class Night(msgspec.Struct, frozen=True):
    """One run: `outcome` is PUBLISHED, OVERTAKEN or OPEN (it runs still, or was refused: `failed_checks` say why).

    `seconds` from the cut to the publication; `changed` has the days' figures that changed after they were published,
    by cause; `restated` the figures of closed months.
    """

    run_id: str
    kind: str
    generation: int
    code_version: str
    opened_at: datetime
    published_at: datetime | None
    seconds: float | None
    outcome: str
    months: list[str]
    events: int
    changed: dict[str, int]
    restated: int
    checks: int
    failed_checks: list[str]


def last_night(settings: Settings) -> Night | None:
    """The youngest night, backfills included; None before the first one."""
    with reading(settings, "operator") as cursor:
        youngest = rows(cursor, "SELECT `run_id` FROM `generations` ORDER BY `generation` DESC LIMIT 1")
        return _night(cursor, generations.find(cursor, youngest[0][0])) if youngest else None


def sentences(night: Night | None) -> list[str]:
    """What `tillstream status` says of it."""
    if night is None:
        return ["last night: none yet"]
    took = "" if night.seconds is None else f" after {night.seconds:.0f} s"
    months = f"{len(night.months)} month{'s' * (len(night.months) != 1)}"
    changed = ", ".join(f"{number:,} {cause}" for cause, number in sorted(night.changed.items())) or "none"
    failed = f", failed: {'; '.join(night.failed_checks)}" if night.failed_checks else ""
    return [
        f"last night: {night.run_id} ({night.kind}), opened {night.opened_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"{night.outcome}{took}; generation {night.generation}, {months}, {night.events:,} new events",
        f"  changed after it was published: {changed}; figures of closed months restated: {night.restated:,}",
        f"  {night.checks:,} checks{failed}",
    ]


def _night(cursor: Cursor, night: Generation) -> Night:
    checks = rows(
        cursor,
        "SELECT `stage`, `check_name`, `severity`, `passed` FROM `quality_results` WHERE `run_id` = %s ORDER BY 1, 2",
        (night.run_id,),
    )
    published = night.published_at
    # A backfill stands on a cut that readers see already.
    overtaken = published is None and generations.is_overtaken(cursor, night)
    return Night(
        run_id=night.run_id,
        kind=night.kind,
        generation=night.generation,
        code_version=night.code_version,
        opened_at=night.created_at,
        published_at=published,
        seconds=None if published is None else (published - night.created_at).total_seconds(),
        outcome=PUBLISHED if published else OVERTAKEN if overtaken else OPEN,
        months=generations.months(cursor, night.generation),
        events=_number(cursor, "SELECT SUM(`events`) FROM `slice_profile` WHERE `generation` = %s", night.generation),
        changed=dict(
            rows(
                cursor,
                "SELECT `cause`, COUNT(*) FROM `reconciliations` WHERE `generation` = %s GROUP BY `cause`",
                (night.generation,),
            )
        ),
        restated=_number(cursor, "SELECT COUNT(*) FROM `restatement_rows` WHERE `generation` = %s", night.generation),
        checks=len(checks),
        failed_checks=[f"{stage}: {name} ({severity})" for stage, name, severity, passed in checks if not passed],
    )


def _number(cursor: Cursor, query: str, generation: int) -> int:
    [(number,)] = rows(cursor, query, (generation,))
    return int(number or 0)
