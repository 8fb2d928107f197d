"""Values to ids and back, with a running location and scale. src/forecast/codec.ts is the same arithmetic.

A value's deviation from the running mean, in units of the running mean absolute deviation, is compressed by asinh and cut into equal bins.
Location and scale are those *before* the value, so that a reader of ids who knows the past knows what each id means. Both follow the last
`WINDOW` values, and one value moves them by at most `REACH` scales, so that a fault does not spoil what comes after it.
Until a second, different value has come there is no scale: ids are then the middle bin. The first difference becomes the scale.
"""

import numpy as np

BEGIN, GAP, END, FIRST = 0, 1, 2, 3
VOCABULARY = 512
BINS = VOCABULARY - FIRST  # odd: the middle bin is the running mean
MIDDLE = BINS // 2
LIMIT = 6.0  # asinh of the furthest bin's centre
STEP = LIMIT / MIDDLE
WINDOW = 192
REACH = 10.0
FLOOR = 1e-9  # of |mean|: rounding noise of a constant series is no scale


def centres() -> np.ndarray:
    """(BINS,) deviations in scales at the centres of the bins."""
    return np.sinh((np.arange(BINS) - MIDDLE) * STEP)


def encode(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """values (B,T), NaN for a gap -> ids (B,T), and location and scale (B,T) *before* each value; scale 0: none yet."""
    batch, length = values.shape
    ids = np.full((batch, length), GAP, np.int64)
    locations, scales = np.zeros((batch, length)), np.zeros((batch, length))
    mean, scale, count = np.zeros(batch), np.zeros(batch), np.zeros(batch)
    for t in range(length):
        x = values[:, t]
        here = ~np.isnan(x)
        x = np.where(here, x, 0.0)
        mean = np.where(here & (count == 0), x, mean)
        locations[:, t], scales[:, t] = mean, scale
        deviation = x - mean
        first = here & (scale == 0) & (np.abs(deviation) > FLOOR * np.abs(mean))
        unit = np.where(first, np.abs(deviation), scale)
        unit = np.maximum(unit, np.where(unit > 0, FLOOR * np.abs(mean), 0))
        z = np.where(unit > 0, deviation / np.where(unit > 0, unit, 1), 0.0)
        bins = np.rint(np.clip(np.arcsinh(z), -LIMIT, LIMIT) / STEP).astype(np.int64) + MIDDLE
        ids[:, t] = np.where(here, bins + FIRST, GAP)
        count = np.minimum(count + here, WINDOW)
        share = np.where(here, 1 / np.maximum(count, 1), 0)
        reach = REACH * unit
        mean = mean + share * np.clip(deviation, -reach, reach)
        scale = np.where(unit > 0, unit + share * (np.minimum(np.abs(deviation), reach) - unit), scale)
    return ids, locations, scales
