"""Which forecast a product is given: the pool's, last year's or last month's."""

import numpy as np
import pytest

from ml.honesty import METHODS, worth

MONTHS = 12


def errors(own: float, naive: float, last: float) -> np.ndarray:
    """METHODS x MONTHS origins x one month ahead x one series."""
    return np.repeat(np.array([own, naive, last])[:, None, None, None], MONTHS, axis=1)


@pytest.mark.parametrize(("own", "naive", "last", "method"), [(1, 2, 3, 0), (2, 1, 3, 1), (3, 2, 1, 2), (1, 1, 1, 1)])
def test_the_least_error_says_which(own: float, naive: float, last: float, method: int) -> None:
    found = worth(errors(own, naive, last), np.array([False]))
    assert METHODS[found.method[0]] == METHODS[method]
    assert [found.own[0], found.naive[0], found.last[0]] == [own, naive, last]


def test_what_sells_in_few_months_is_not_forecast_as_nothing_for_its_smaller_absolute_errors() -> None:
    """Four pieces every fourth month: one a month errs by 1.5 and 3 in the square, none by 1 and 4."""
    demand = np.tile([0.0, 0.0, 0.0, 4.0], 3)[:, None, None]
    said = np.stack([1 - demand, 0 - demand, 0 - demand])
    assert METHODS[worth(said, np.array([False])).method[0]] == "seasonal naive"
    found = worth(said, np.array([True]))
    assert METHODS[found.method[0]] == "pool"
    assert [found.own[0] ** 2, found.naive[0] ** 2, found.last[0] ** 2] == pytest.approx([3.0, 4.0, 4.0])


def test_each_kind_is_drawn_to_its_own_kind() -> None:
    """A hundred lumpy series of which naive is right do not make others naive, and the other way round."""
    rough, calm = errors(2, 1, 1), errors(1, 2, 2)
    found = worth(np.concatenate([rough] * 100 + [calm], axis=3), np.array([True] * 100 + [False]))
    assert (found.method[:100] == 1).all()
    assert found.method[100] == 0


def test_without_an_origin_there_is_no_error_and_the_pool_is_used() -> None:
    found = worth(np.full((3, MONTHS, 2, 1), np.nan), np.array([True]))
    assert np.isnan([found.own[0], found.naive[0], found.last[0]]).all()
    assert found.method[0] == 0
