"""Which of MySQL's errors pass, and which are for good."""

import pymysql
import pytest
from pymysql.constants import CR, ER

from tillstream.errors import TerminalError, TillstreamError, TransientError
from tillstream.stores.mysql import translated


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pymysql.OperationalError(CR.CR_SERVER_LOST, "Lost connection to MySQL server during query"), TransientError),
        (pymysql.OperationalError(ER.LOCK_DEADLOCK, "Deadlock found"), TransientError),
        (pymysql.OperationalError(CR.CR_COMMANDS_OUT_OF_SYNC, "Command Out of Sync"), TransientError),
        (pymysql.InternalError("Packet sequence number wrong - got 7 expected 1"), TransientError),
        (pymysql.InterfaceError(0, ""), TransientError),
        (ConnectionResetError(104, "Connection reset by peer"), TransientError),
        (pymysql.OperationalError(ER.ACCESS_DENIED_ERROR, "Access denied"), TerminalError),
        (pymysql.ProgrammingError(ER.NO_SUCH_TABLE, "no such table"), TerminalError),
        (pymysql.InternalError(ER.WRONG_VALUE_COUNT, "Column count"), TerminalError),
        (pymysql.ProgrammingError("not all arguments converted"), TerminalError),
    ],
    ids=str,
)
def test_an_error_says_whether_a_later_try_can_succeed(error: Exception, kind: type[TillstreamError]) -> None:
    with pytest.raises(kind), translated("the test"):
        raise error
