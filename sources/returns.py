"""What customers bring back: a few lines, some days later, at the price that was paid."""

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from sources.receipts import TILLS, Line, receipt_seconds
from sources.seeds import Purpose, stream

RETURNED = 0.03
FAULTY = 0.12  # of what comes back, how much cannot be sold again
WHOLE_LINE = 0.7  # of lines with several pieces, how often all of them come back
LATEST_RETURN_DAYS = 21


class Return(NamedTuple):
    """Pieces of an earlier line, brought back at a second of the day."""

    second: int
    till_id: str
    sold: Line
    quantity: int
    faulty: bool


class Returns:
    """The returns still to come. `next_open`: the first open day from a day on; `returnable`: by product."""

    def __init__(self, seed: int, next_open: Callable[[int], int], returnable: list[bool]) -> None:
        self._seed = seed
        self._next_open = next_open
        self._returnable = returnable
        self._coming: defaultdict[int, list[Return]] = defaultdict(list)

    def decide(self, day_no: int, lines: list[Line]) -> None:
        """Which of the day's sales will come back, and when."""
        draws = stream(self._seed, Purpose.RETURNS, day_no)
        for line, draw in zip(lines, draws.random(len(lines)).tolist(), strict=True):
            if line.kind != "sale" or draw >= RETURNED or not self._returnable[line.product]:
                continue
            days = min(LATEST_RETURN_DAYS, 1 + int(draws.geometric(0.22)))
            quantity = line.quantity if draws.random() < WHOLE_LINE else 1
            [second] = receipt_seconds(draws, 1)
            till_id = TILLS[int(draws.integers(2))]
            faulty = bool(draws.random() < FAULTY)
            self._coming[self._next_open(day_no + days)].append(Return(second, till_id, line, quantity, faulty))

    def due(self, day_no: int) -> list[Return]:
        """The day's returns, in the order of time."""
        return sorted(self._coming.pop(day_no, []), key=lambda back: back.second)
