"""What the JSON columns of `forecast_models` hold: written with a forecast, read to explain it and to plan again."""

import msgspec

EVERY_STORE = ""  # the scope of what is said of all stores together
PLACES = 3  # of a piece, as in the other columns of a forecast


class Known(msgspec.Struct, frozen=True, array_like=True):
    """What was known of a month: demand (empty shelves made good; None: nothing is known), pieces sold, share of it on
    the shelf, 0 to 1.
    """

    demand: float | None
    sold: float
    on_shelf: float


class Model(msgspec.Struct, frozen=True):
    """Of one product, in one store or in all of them.

    `history`, `expected`: by month, 'YYYY-MM'; `expected` begins with what is left of the month in progress. `weights`:
    by member of the pool. `sums`: by level, the quantiles of the demand of the first 1, 2, … months of `expected`.
    """

    history: dict[str, Known]
    weights: dict[str, float]
    expected: dict[str, float]
    sums: dict[float, list[float]]


def documents(model: Model) -> tuple[str, str, str, str]:
    """The columns `history`, `weights`, `expected` and `sums`."""
    return (
        _json({month: _known(known) for month, known in model.history.items()}),
        _json({member: _rounded(weight) for member, weight in model.weights.items()}),
        _json({month: _rounded(pieces) for month, pieces in model.expected.items()}),
        _json({level: [_rounded(pieces) for pieces in quantiles] for level, quantiles in model.sums.items()}),
    )


def model(history: str, weights: str, expected: str, sums: str) -> Model:
    """A model out of its columns."""
    return Model(
        msgspec.json.decode(history, type=dict[str, Known]),
        msgspec.json.decode(weights, type=dict[str, float]),
        msgspec.json.decode(expected, type=dict[str, float]),
        msgspec.json.decode(sums, type=dict[float, list[float]]),
    )


def _known(known: Known) -> Known:
    demand = None if known.demand is None else _rounded(known.demand)
    return Known(demand, _rounded(known.sold), _rounded(known.on_shelf))


def _rounded(number: float) -> float:
    return round(float(number), PLACES)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
