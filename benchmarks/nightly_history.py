"""What a night costs with more and more history behind it: an ordinary one, and one that recounts everything."""

from datetime import datetime, timedelta

from benchmarks.figures import Figure, at_most, told
from benchmarks.nightly_run import Night, bring, curve, night
from benchmarks.process_tree import MemoryWatch, of_task
from benchmarks.stream_run import Run, say
from tillstream.settings import Settings
from tillstream.stores.mysql import connect, rows, snapshot
from tillstream.stores.truth import TRUTH

MONTHS = (1, 12, 36)
OPENING = datetime.fromisoformat("2022-01-01T09:00:00+06:30")
A_MONTH, A_DAY = 277_000, 30_000  # events: 36 months are about ten million
DAY_OF_MONTH = 20


def history(run: Run) -> list[Figure]:
    """Grows a history; at 1, 12 and 36 months of it, an ordinary day comes in, and a night runs."""
    ordinary: dict[int, Night] = {}
    full: dict[int, tuple[Night, int]] = {}
    opening, same = OPENING, True
    for number in range(1, MONTHS[-1] + 1):
        following = (opening + timedelta(days=31)).replace(day=1)
        a_month = run.records(A_MONTH)
        bring(run.settings, a_month, f"m{number:02}", opening, a_month // (following - opening).days)
        if number in MONTHS:
            night(run.settings)
            a_day = run.records(A_DAY)
            bring(run.settings, a_day, f"d{number:02}", opening.replace(day=DAY_OF_MONTH), a_day)
            ordinary[number] = night(run.settings)
            if "full" in run.parts and number != MONTHS[0]:
                before = _digests(run.settings)
                with MemoryWatch(of_task(run.settings, "jobs.batch.recount")) as memory:
                    full[number] = night(run.settings, full=True), memory.peak
                same &= _digests(run.settings) == before
        opening = following
    figures = _ordinary_figures(ordinary) if "ordinary" in run.parts else []
    return figures + (_full_figures(full, same=same) if "full" in run.parts else [])


def _ordinary_figures(nights: dict[int, Night]) -> list[Figure]:
    seconds = {months: done.seconds for months, done in nights.items()}
    curve("an ordinary night", seconds)
    least, most = seconds[MONTHS[0]], seconds[MONTHS[-1]]
    figures = [told(f"ordinary night, {months} months of history", value, "s") for months, value in seconds.items()]
    return [*figures, at_most(f"ordinary night, {MONTHS[-1]} months over {MONTHS[0]}", most / least, 1.3, "times")]


def _full_figures(nights: dict[int, tuple[Night, int]], *, same: bool) -> list[Figure]:
    recounts = {months: done.tasks["recount"] for months, (done, _) in nights.items()}
    curve("the recount of everything", recounts)
    a_month = {months: seconds / months for months, seconds in recounts.items()}
    return [
        *(told(f"full night, {months} months", done.seconds, "s") for months, (done, _) in nights.items()),
        at_most("full recount, seconds a month, most history over less", a_month[MONTHS[-1]] / a_month[MONTHS[-2]],
                1.2, "times"),
        at_most("full recount, peak memory of driver and workers", nights[MONTHS[-1]][1] / 2**30, 3.0, "GiB"),
        at_most("full recounts that differ from the incremental truth", int(not same), 0, "recounts"),
    ]  # fmt: skip


def _digests(settings: Settings) -> list[tuple[int, int]]:
    """Of each table of published truth the number of rows, and a sum over all that they hold but their generation."""
    connection = connect(settings, "operator")
    found = []
    try:
        for table in TRUTH:
            columns = ", ".join(f"t.`{column.name}`" for column in table.columns if column.name != "generation")
            number = f"CAST(CONV(LEFT(MD5(CONCAT_WS('|', {columns})), 12), 16, 10) AS UNSIGNED)"
            with snapshot(connection) as cursor:
                [(count, digest)] = rows(
                    cursor,
                    f"SELECT COUNT(*), COALESCE(SUM({number}), 0) FROM `{table.name}` t JOIN `published_months` p "
                    "ON p.`month` = t.`month` AND p.`generation` = t.`generation`",
                )
            found.append((int(count), int(digest)))
    finally:
        connection.close()
    say(f"{sum(count for count, _ in found):,} rows of published truth")
    return found
