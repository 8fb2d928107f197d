"""The evaluation of a forecaster: its scores on cases that can be computed by hand, and what its parts promise."""

import numpy as np
import pytest

from training.forecast import codec, evaluate, series

QUANTILES = evaluate.QUANTILES


def flat(value: float, horizon: int, spread: float = 0.0) -> np.ndarray:
    """A forecast (horizon, quantiles) whose quantiles lie evenly around a value."""
    return np.full((horizon, len(QUANTILES)), value) + spread * (np.array(QUANTILES) - 0.5)


def test_mase_is_the_error_in_seasonal_steps():
    past = np.array([0.0, 2, 0, 2, 0, 2])  # steps of 2 at period 1, of 0 at period 2
    found = evaluate.scores(flat(1.0, 3), np.array([2.0, 3, 4]), past, 1)
    assert found["MASE"] == pytest.approx((1 + 2 + 3) / 3 / 2)


def test_weighted_quantile_loss_of_a_point_is_its_relative_error():
    found = evaluate.scores(flat(10.0, 2), np.array([12.0, 8.0]), np.arange(9.0), 1)
    # Over all deciles the loss of a point forecast is half its absolute error.
    assert found["WQL"] == pytest.approx((2 + 2) / (12 + 8))


def test_a_perfect_forecast_costs_nothing_and_gaps_do_not_count():
    truth = np.array([5.0, np.nan, 5.0])
    found = evaluate.scores(flat(5.0, 3), truth, np.arange(9.0), 1)
    assert (found["MASE"], found["WQL"]) == (0, 0)
    assert found["in 50 %"] == found["in 95 %"] == 1


def test_coverage_counts_what_lies_inside():
    truth = np.array([0.0, 0.2, 0.3, 0.45, 0.6])  # the quantiles of flat(0, ., 1) are q - 0.5
    found = evaluate.scores(flat(0.0, 5, 1.0), truth, np.arange(9.0), 1)
    assert found["in 50 %"] == pytest.approx(2 / 5)
    assert found["in 80 %"] == pytest.approx(3 / 5)
    assert found["in 95 %"] == pytest.approx(4 / 5)


def test_seasonal_naive_repeats_the_last_season_and_widens_with_each():
    past = np.tile([1.0, 5, 9, 2], 6) + np.arange(24) * 0.01
    rows = evaluate.seasonal_naive(past, 9, 4)
    median = rows[:, QUANTILES.index(0.5)]
    assert median[:8] == pytest.approx(np.tile(past[-4:], 2))
    assert np.all(np.diff(rows, axis=1) >= 0)
    past[::5] += 3
    width = np.ptp(evaluate.seasonal_naive(past, 9, 4), axis=1)
    assert width[0] < width[4] < width[8]


def test_gaps_are_filled_by_a_line():
    assert evaluate.fill(np.array([1.0, np.nan, 3, np.nan])) == pytest.approx([1, 2, 3, 3])


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e12])
def test_ids_do_not_know_the_unit_of_a_series(factor):
    values = series.one(np.random.default_rng(3), 300)[None]
    assert np.array_equal(codec.encode(values)[0], codec.encode(values * factor)[0])


def test_ids_stay_in_the_vocabulary_and_gaps_change_no_scale():
    r = np.random.default_rng(5)
    for _ in range(20):
        values = series.one(r, 200)[None].copy()
        values[0, 7::17] = np.nan
        ids, locations, scales = codec.encode(values)
        assert ids.min() >= codec.GAP and ids.max() < codec.VOCABULARY
        assert np.all((ids == codec.GAP) == np.isnan(values))
        assert np.all(scales >= 0) and np.isfinite(locations).all()
        gaps = np.flatnonzero(np.isnan(values[0]))[:-1]
        assert np.array_equal(locations[0, gaps], locations[0, gaps + 1])


def test_the_same_seed_draws_the_same_series_and_another_draws_others():
    draw = lambda seed: series.one(np.random.default_rng(seed), 128)  # noqa: E731
    assert np.array_equal(draw(1), draw(1), equal_nan=True)
    assert not np.array_equal(draw(1), draw(2), equal_nan=True)
