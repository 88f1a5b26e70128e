"""Looks at the stream from outside: heartbeat, lag, share of rejects, raw record against the stream's own count.

Exit code 0: all is well; 1: the message says what is not. A stream that hangs has counted nothing for
TILLSTREAM_HANG_SECONDS while Kafka has records for it. Then the last line of the output is `RESTART`, and whoever runs
this on the machine of an embedded stack follows with `tillstream restart stream`: jobs know stores, not processes.
"""

import argparse
import sys

from jobs.batch.command import parser, run
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores.mysql import connect
from tillstream.stores.watch import look

RESTART = "RESTART"


def work(settings: Settings, _chosen: argparse.Namespace) -> str:
    """Looks once. Raises TerminalError when something is wrong."""
    connection = connect(settings, "batch")
    try:
        seen = look(settings, connection)
    finally:
        connection.close()
    if seen.hangs:
        print(RESTART, flush=True)
    if seen.troubles:
        remedy = "`tillstream restart stream`" if seen.hangs else "`tillstream status` and `tillstream logs stream`"
        raise TerminalError(" ".join(seen.troubles), f"{remedy}; docs/cookbook.md, 'What the watch says'.")
    return f"The stream is well: {seen.behind:,} behind, {seen.rejected:,} of {seen.records:,} new records rejected."


def main() -> int:
    """The task's command."""
    return run(parser(__doc__, of_run=False), work)


if __name__ == "__main__":
    sys.exit(main())
