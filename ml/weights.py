"""How much each member of the pool counts for each series, learned from its errors at earlier origins."""

import numpy as np
from numpy.typing import NDArray

from ml.origins import Origin, known_then
from ml.pool import MEMBERS

Floats = NDArray[np.float64]

SHARPNESS = 12.0  # how fast a weight falls with the error, when there are many origins
PRIOR_ORIGINS = 6.0  # with so many origins, half as fast: a few months may favour anything
PRIOR_ERRORS = 24.0  # how many errors of its own draw a series half-way from the panel's order of members to its own
# fmt: off
PRIOR = {
    "seasonal naive": 0.3, "MA3": 0.5, "MA6": 0.5, "MA12": 0.5,
    "SES": 1.0, "Theta": 1.0, "damped trend": 1.0, "Holt-Winters": 1.0,
    "SBA": 0.3, "TSB": 0.3, "IMAPA": 1.0, "mean of two years": 0.3,
    "SES on profile": 0.5, "MA12 on profile": 0.5, "Theta on profile": 0.5, "share of style": 1.0,
}
# fmt: on


def member_weights(origins: list[Origin]) -> Floats:
    """Members x series, from the errors of the members at the origins whose months are over."""
    prior = np.array([PRIOR[name] for name in MEMBERS])[:, None]
    errors = np.concatenate([np.abs(one.forecasts - one.actual) for one in origins], axis=1)
    if np.isnan(errors).all():
        return np.repeat(prior, errors.shape[2], axis=1)
    known = ~np.isnan(errors)
    sizes = np.where(known, errors, 0.0)
    typical = sizes.sum(axis=0) / np.maximum(known.sum(axis=0), 1)  # of each error, over the members that made it
    count = known.sum(axis=1)
    usable = count > 0
    own = sizes.sum(axis=1) / np.maximum((known * typical).sum(axis=1), 1e-9)
    panel = _panel_mean(own, usable)
    share = count / (count + PRIOR_ERRORS)
    relative = np.where(usable, share * own + (1 - share) * panel, panel)
    told = sum(1 for one in origins if not np.isnan(one.actual).all())
    sharpness = SHARPNESS * told / (told + PRIOR_ORIGINS)
    found: Floats = prior * np.exp(-sharpness * (relative - relative.min(axis=0)))
    return found


def honest_forecasts(origins: list[Origin], weights: Floats) -> list[Floats]:
    """What the pool says at each origin, horizon x series; at earlier ones with weights that were not learned there.

    The newer half of them takes the weights of what was known before it, the older half those of the newer.
    """
    half = (len(origins) - 1) // 2
    if half < 1:
        return [combined(one.forecasts, weights) for one in origins]
    older = member_weights([one._replace(actual=known_then(one, half)) for one in origins[half + 1 :]])
    newer = member_weights(origins[1 : half + 1])
    by_back = [weights] + [older] * half + [newer] * (len(origins) - 1 - half)
    return [combined(one.forecasts, own) for one, own in zip(origins, by_back, strict=True)]


def _panel_mean(own: Floats, usable: NDArray[np.bool_]) -> Floats:
    number = usable.sum(axis=1, keepdims=True)
    mean = np.where(usable, own, 0.0).sum(axis=1, keepdims=True) / np.maximum(number, 1)
    return np.where(number > 0, mean, 1.0)


def combined(forecasts: Floats, weights: Floats) -> Floats:
    """Horizon x series: the weighted mean of what the members say (members x horizon x series, NaN: nothing)."""
    there = ~np.isnan(forecasts)
    share = weights[:, None] * there
    found: Floats = (share * np.nan_to_num(forecasts)).sum(axis=0) / np.maximum(share.sum(axis=0), 1e-300)
    return found
