"""A random history of a shop, its streams and its nights, killed anywhere, two of each at once; and what must hold."""

import multiprocessing
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reports.verify import verify
from tests.faults.night_shift import NightPlant, NightShift
from tests.faults.shop_record import ShopRecord, begin_anew, raw_units, units_shown
from tests.faults.stand_in import Design, StandIn, dying_in_mid_bulk
from tests.night.nights import truth
from tillstream.settings import Settings

MOST_BATCHES = 3  # of one life
LIFE_SECONDS = 60


@dataclass
class Outcome:
    """How a history went: what did not hold (None when all did), how often a stream or a night died, and nights."""

    failure: str | None
    kills: int
    nights: int = 0


@dataclass(frozen=True)
class Plan:
    """What kind of history: `plant` puts a wrong design into the process that counts, `plant_night` into a night."""

    seed: int
    steps: int
    design: Design = field(default_factory=Design)
    plant: Callable[[Settings], None] = lambda _settings: None
    plant_night: NightPlant = lambda _settings, _streams: None


def history(settings: Settings, folder: Path, plan: Plan) -> Outcome:
    """Runs a history from an empty shop until all is counted. The same seed makes the same choices."""
    rng = random.Random(plan.seed)
    start = begin_anew(settings)
    record = ShopRecord(f"s{plan.seed}", rng)
    folder.mkdir()
    streams = [StandIn(settings, folder / name, start, rng) for name in "ab"]
    shift = NightShift(settings, folder, rng, streams, plan.plant_night)
    kills = 0
    for _ in range(plan.steps):
        roll = rng.random()
        if roll < 0.25:
            record.produce(settings, rng.randint(1, 12))
        elif roll < 0.32:
            rng.choice(streams).lose_checkpoint()
        elif roll < 0.62:
            kills += _life(settings, streams, plan, deadly=True)
        else:
            kills += shift.work()
        if failure := shift.refusal or (_difference(settings) if rng.random() < 0.4 else None):
            return Outcome(failure, kills, shift.begun)
    shift.finish()
    record.produce(settings, 5)
    for _ in range(50):
        _life(settings, streams[:1], plan, deadly=False)
        if raw_units(settings).keys() == record.ids() and not _behind(settings):
            break
    failure = shift.refusal or _difference(settings) or _loss(settings, record) or _unequal_truth(settings, shift)
    return Outcome(failure, kills, shift.begun)


def _life(settings: Settings, streams: list[StandIn], plan: Plan, *, deadly: bool) -> int:
    """One life of a stream in a process of its own; 1 when it was killed."""
    seed = plan.seed if not deadly else streams[0].rng.random()
    process = multiprocessing.get_context("fork").Process(target=_live, args=(settings, streams, plan, seed, deadly))
    process.start()
    process.join(LIFE_SECONDS)
    assert process.exitcode in (0, -signal.SIGKILL), f"a stream ended with {process.exitcode}"
    return int(process.exitcode != 0)


def _live(settings: Settings, streams: list[StandIn], plan: Plan, seed: float, deadly: bool) -> None:
    rng = random.Random(seed)
    plan.plant(settings)
    for stream in streams:
        stream.rng, stream.deadly, stream.design = rng, deadly, plan.design
    first = rng.choice(streams)
    dying_in_mid_bulk(first)
    others = [stream for stream in streams if stream is not first]

    def meanwhile() -> None:
        for other in others:
            if rng.random() < 0.4:
                other.batch()

    first.between = meanwhile
    for _ in range(MOST_BATCHES if deadly else 100):
        if not first.batch():
            return


def _difference(settings: Settings) -> str | None:
    """What a reader sees against an independent recount up to the committed offsets."""
    verdict = verify(settings)
    return None if verdict.holds else f"{verdict.differing} figures differ, as {verdict.differences[0]}"


def _unequal_truth(settings: Settings, shift: NightShift) -> str | None:
    """The truth that nights made of what was touched, against one made of everything."""
    shift.whole("the last night")
    touched = truth(settings)
    shift.whole("a full night", full=True)
    if shift.refusal is not None or truth(settings) != touched:
        return shift.refusal or "a full night gives other bytes than the nights before"
    return _difference(settings)


def _loss(settings: Settings, record: ShopRecord) -> str | None:
    """What is shown at the end against all that was produced."""
    raw = raw_units(settings)
    if raw.keys() != record.ids():
        return f"{len(record.ids() - raw.keys())} of {len(record.ids())} events are not in the raw record"
    said = {sale.event_id: {s.quantity for s in record.sent if s.event_id == sale.event_id} for sale in record.sent}
    invented = [one for one, units in raw.items() if units not in said[one]]
    if invented:
        return f"{invented[0]} was never produced as it is in the raw record"
    shown = units_shown(settings)
    return None if shown == sum(raw.values()) else f"{shown} units are shown, {sum(raw.values())} were sold"


def _behind(settings: Settings) -> bool:
    return units_shown(settings) != sum(raw_units(settings).values())
