"""The loader: deterministic, exact after a restart, and free to change its number of ranks."""

import torch
import pytest

from training.loader import GlobalBatches, Windows, make_loader, shares

MIX = {"chat": 0.5, "text": 0.5}


def take(loader, count):
    batches = iter(loader)
    return [next(batches) for _ in range(count)]


def loaders(data, ranks, seed=3):
    windows = Windows(data / "tokens", list(MIX), 16)
    return [make_loader(windows, MIX, 4, seed, rank, ranks) for rank in range(ranks)]


def as_set(batches):
    return sorted(tuple(row.tolist()) for batch in batches for row in batch)


def test_resumes_to_the_exact_sample(data):
    expected = take(loaders(data, 1)[0], 60)  # several epochs
    first = loaders(data, 1)[0]
    batches = iter(first)
    for _ in range(23):
        next(batches)
    state = first.state_dict()
    second = loaders(data, 1)[0]
    second.load_state_dict(state)
    for got, want in zip(take(second, 37), expected[23:], strict=True):
        assert torch.equal(got, want)
    assert not torch.equal(expected[23], expected[0])  # the comparison can fail


@pytest.mark.parametrize("before, after", [(1, 2), (2, 1), (2, 4), (4, 2)])
def test_number_of_ranks_may_change_between_restarts(data, before, after):
    whole = take(loaders(data, 1)[0], 9)
    old = loaders(data, before)
    running = [iter(loader) for loader in old]
    for n in range(5):
        assert as_set(next(r) for r in running) == as_set([whole[n]])
    new = loaders(data, after)
    for loader in new:
        loader.load_state_dict(old[0].state_dict())
    running = [iter(loader) for loader in new]
    for n in range(5, 9):
        assert as_set(next(r) for r in running) == as_set([whole[n]])


def test_every_window_is_seen_once_per_epoch(data):
    windows = Windows(data / "tokens", list(MIX), 16)
    batches = GlobalBatches(windows, {"chat": 1}, 2, 0)
    count = windows.count("chat") // 2 * 2
    seen = [i for n in range(count // 2) for i in batches.global_batch(n)]
    assert len(set(seen)) == count


def test_shares_follow_the_mix():
    assert shares({"chat": 0.5, "text": 0.5}, 8) == {"chat": 4, "text": 4}
    assert shares({"chat": 0.7, "text": 0.3}, 4) == {"chat": 3, "text": 1}
    assert shares({"chat": 1.0, "text": 0.0}, 4) == {"chat": 4}


def test_a_batch_that_ranks_cannot_share_is_refused(data):
    with pytest.raises(ValueError, match="multiple of 3 ranks"):
        GlobalBatches(Windows(data / "tokens", ["chat"], 16), {"chat": 1}, 4, 0, 0, 3)
