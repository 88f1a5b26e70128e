"""Back to what readers saw after an earlier publication."""

import msgspec

from tillstream.errors import TerminalError
from tillstream.stores import generations
from tillstream.stores.mysql import Cursor, rows
from tillstream.stores.publication import note_publication

ROLLBACK = "rollback"


class Target(msgspec.Struct, frozen=True):
    """A publication that can be brought back."""

    publication: int
    generation: int
    epoch: int


def targets(cursor: Cursor) -> list[Target]:
    """The publications that can be brought back, the newest first; what readers see now is none of them."""
    found = rows(
        cursor,
        "SELECT `publication`, `generation`, `epoch` FROM `publications` WHERE `origin` = `publication` "
        "AND `publication` IN (SELECT `publication` FROM `publication_months`) "
        "AND `publication` <> (SELECT `origin` FROM `publications` ORDER BY `publication` DESC LIMIT 1) "
        "ORDER BY `publication` DESC",
    )
    return [Target(*row) for row in found]


def target(cursor: Cursor, generation: int | None) -> Target:
    """The publication of a generation, or the one before the one that readers see. Raises TerminalError for none."""
    known = targets(cursor)
    if generation is not None:
        wanted = [each for each in known if each.generation == generation]
    else:
        seen = rows(cursor, "SELECT `origin` FROM `publications` ORDER BY `publication` DESC LIMIT 1")
        wanted = [each for each in known if seen and each.publication < seen[0][0]]
    if not wanted:
        there = ", ".join(str(each.generation) for each in known) or "none"
        raise TerminalError(
            f"Generation {generation} cannot be brought back." if generation else "There is no earlier publication.",
            f"These can: {there}.",
        )
    return wanted[0]


def bring_back(cursor: Cursor, back: Target, timezone: str) -> None:
    """Lets readers see a publication again. Its live rows are made anew in the same transaction, by the caller."""
    if not rows(cursor, "SELECT 1 FROM `publication_months` WHERE `publication` = %s LIMIT 1", (back.publication,)):
        raise TerminalError(f"Generation {back.generation} cannot be brought back any more.")
    cursor.execute("DELETE FROM `published_months`")
    cursor.execute(
        "INSERT INTO `published_months` (`month`, `generation`, `closed`) "
        "SELECT `month`, `generation`, `closed` FROM `publication_months` WHERE `publication` = %s",
        (back.publication,),
    )
    cursor.execute(
        "UPDATE `layers` SET `published_epoch` = %s, `final_before` = %s WHERE `id` = 1",
        (back.epoch, generations.first_open_month(cursor, back.epoch, timezone)),
    )
    note_publication(cursor, back.generation, back.epoch, ROLLBACK, back.publication)
