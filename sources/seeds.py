"""Random numbers by purpose: each has its own stream, so that a change in one leaves the others as they were."""

import enum

import numpy as np

# A day, a month or a style takes its numbers from a stream of its own: a longer history begins like a shorter one.


class Purpose(enum.IntEnum):
    """What random numbers are drawn for. The numbers are part of the output: never reuse one."""

    STYLE = 1
    LAUNCHES = 2
    TASTE = 3
    TRAFFIC = 4
    LINES = 5
    RECEIPTS = 6
    RETURNS = 7
    LOSSES = 8
    ORDERS = 9
    PRICES = 10
    OPENING_STOCK = 11
    TILL = 12


def stream(seed: int, purpose: Purpose, *key: int) -> np.random.Generator:
    """The generator of one purpose and, for example, one day or style."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(purpose), *key))))
