"""Measures the forecast against statsforecast: `make bench-forecast`, or `python -m benchmarks.forecast`.

Needs the environment of locks/bench.txt. Prints a table, writes benchmarks/results/forecast.json, exits 1 when a bar is
missed. What the peers said is kept under .build/peers; `--fresh` asks them again, which takes about half an hour.
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import cache

from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure, missing, show, this_machine, write
from benchmarks.forecast_competitions import Competitions
from benchmarks.forecast_retail import retail
from benchmarks.forecast_shops import stock_outs, year_2019
from benchmarks.forecast_speed import speed
from benchmarks.shop_demand import ShopHistory, simulated
from ml.demand import monthly_demand

MONTHS, SEED = 48, 5


def main(arguments: Sequence[str]) -> int:
    """Runs what was asked for; gives the exit code."""
    chosen = _parser().parse_args(arguments)
    machine = this_machine(1.0)
    parts: dict[str, Callable[[], list[Figure]]] = {
        "competitions": lambda: Competitions(fresh=chosen.fresh).figures(),
        "retail": lambda: retail(monthly_demand(_shop().days).demand, fresh=chosen.fresh),
        "shop": lambda: stock_outs(_shop()),
        "2019": year_2019,
        "speed": lambda: speed(fresh=chosen.fresh),
    }
    figures: list[Figure] = []
    with threadpool_limits(1):  # one thread each; the peers take no more by themselves
        for name, part in parts.items():
            if not chosen.only or name in chosen.only:
                print(f"{name} …", flush=True)
                figures += _taken(name, part)
    show("The forecast", figures)
    print(f"Written to {write('forecast', machine, figures)}")
    return int(any(figure.holds is False for figure in figures))


@cache
def _shop() -> ShopHistory:
    return simulated(MONTHS, SEED)


def _taken(name: str, part: Callable[[], list[Figure]]) -> list[Figure]:
    try:
        return part()
    except Exception:  # whatever it is, the other parts go on
        traceback.print_exc()
        return [missing(name, failed=True)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="ask the peers again")
    parser.add_argument("--only", nargs="*", default=(), help="competitions, retail, shop, 2019, speed")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
