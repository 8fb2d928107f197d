"""Training batches: deterministic, resumable to the exact sample, over any number of ranks.

Which windows form global batch n depends only on (seed, n). A rank takes its share of each global batch, so the
loader's state is one number, equal on all ranks, and the number of ranks may change between restarts.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset
from torchdata.stateful_dataloader import StatefulDataLoader


class Windows(Dataset):
    """Non-overlapping windows of each kind's token file. An index is (kind, number)."""

    def __init__(self, folder: Path, kinds: list[str], sequence: int, split: str = "train", most: int = 0):
        self.sequence, self.most = sequence, most  # `most` windows of each kind, 0 for all
        self.files = {k: np.memmap(folder / f"{k}.{split}.u16", dtype=np.uint16, mode="r") for k in kinds}
        for kind, file in self.files.items():
            if len(file) < sequence:
                raise ValueError(f"{kind}.{split}.u16: expected at least {sequence} tokens, got {len(file)}")

    def count(self, kind: str) -> int:
        whole = len(self.files[kind]) // self.sequence
        return min(whole, self.most) if self.most else whole

    def __getitem__(self, index: tuple[str, int]) -> torch.Tensor:
        kind, number = index
        window = self.files[kind][number * self.sequence : (number + 1) * self.sequence]
        return torch.from_numpy(window.astype(np.int64))


def shares(mix: dict[str, float], batch: int) -> dict[str, int]:
    """How many of a global batch's sequences come from each kind (largest remainders)."""
    total = sum(mix.values())
    exact = {kind: batch * weight / total for kind, weight in mix.items()}
    counts = {kind: int(value) for kind, value in exact.items()}
    for kind in sorted(exact, key=lambda k: counts[k] - exact[k])[: batch - sum(counts.values())]:
        counts[kind] += 1
    return {kind: count for kind, count in counts.items() if count}


class GlobalBatches:
    """A batch sampler with state: yields this rank's indices of global batches `done`, `done` + 1, …"""

    def __init__(self, windows: Windows, mix: dict[str, float], batch: int, seed: int, rank: int = 0, ranks: int = 1):
        if batch % ranks:
            raise ValueError(f"batch: expected a multiple of {ranks} ranks, got {batch}")
        self.windows, self.seed, self.rank, self.ranks, self.batch = windows, seed, rank, ranks, batch
        self.shares = shares(mix, batch)
        self.done = 0
        self.orders: dict[tuple[str, int], np.ndarray] = {}

    def global_batch(self, number: int) -> list[tuple[str, int]]:
        indices = []
        for kind, share in self.shares.items():
            count = self.windows.count(kind)
            for nth in range(number * share, (number + 1) * share):
                indices.append((kind, int(self.order(kind, nth // count)[nth % count])))
        return indices

    def order(self, kind: str, epoch: int) -> np.ndarray:
        if (kind, epoch) not in self.orders:
            seed = [self.seed, epoch, *kind.encode()]
            self.orders[kind, epoch] = np.random.default_rng(seed).permutation(self.windows.count(kind))
        return self.orders[kind, epoch]

    def __iter__(self) -> Iterator[list[tuple[str, int]]]:
        while True:
            share = self.global_batch(self.done)[self.rank :: self.ranks]
            self.done += 1
            yield share

    def state_dict(self) -> dict:
        return {"done": self.done}

    def load_state_dict(self, state: dict) -> None:
        self.done = state["done"]


def make_loader(windows: Windows, mix, batch: int, seed: int, rank: int = 0, ranks: int = 1) -> StatefulDataLoader:
    """Endless batches of ids (batch / ranks, sequence), int64."""
    return StatefulDataLoader(windows, batch_sampler=GlobalBatches(windows, mix, batch, seed, rank, ranks))
