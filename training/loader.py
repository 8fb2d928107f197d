"""Training batches: deterministic, resumable to the exact sample, over any number of ranks.

Which windows form global batch n depends only on (seed, n). A rank takes its share of each global batch, so the
loader's state is one number, equal on all ranks, and the number of ranks may change between restarts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset
from torchdata.stateful_dataloader import StatefulDataLoader

from training.settings import length_of


class Windows(Dataset):
    """Non-overlapping windows of each kind's token file. An index is (kind, number)."""

    def __init__(self, folder: Path, kinds: list[str], sequence: int, split: str = "train", most: int = 0):
        self.sequence, self.most = sequence, most  # `most` windows of each kind, 0 for all
        self.files = {k: np.memmap(folder / f"{k}.{split}.u16", dtype=np.uint16, mode="r") for k in kinds}
        self.weights = {k: np.memmap(path, dtype=np.uint8, mode="r") for k in kinds if (path := folder / f"{k}.{split}.weights").exists()}
        for kind, file in self.files.items():
            if len(file) < self.length(kind):
                raise ValueError(f"{kind}.{split}.u16: expected at least {self.length(kind)} tokens, got {len(file)}")

    def length(self, kind: str) -> int:
        return length_of(kind, self.sequence)

    def count(self, kind: str) -> int:
        whole = len(self.files[kind]) // self.length(kind)
        return min(whole, self.most) if self.most else whole

    def __getitem__(self, index: tuple[str, int]) -> torch.Tensor:
        return self.window(self.files, np.int64, *index)

    def window(self, files: dict, dtype, kind: str, number: int) -> torch.Tensor:
        length = self.length(kind)
        return torch.from_numpy(files[kind][number * length : (number + 1) * length].astype(dtype))


@dataclass
class Piece:
    """Rows of one kind: ids (b,T); weights (b,T) of the loss on each token, or None where the teacher's view of all is learnt."""

    ids: torch.Tensor
    weights: torch.Tensor | None = None

    def to(self, device) -> "Piece":
        return Piece(self.ids.to(device), None if self.weights is None else self.weights.to(device))

    def without_padding(self) -> "Piece":
        """Cut after the last token that counts."""
        if self.weights is None:
            return self
        end = int(self.weights.any(0).nonzero().max()) + 1
        return Piece(self.ids[:, :end], self.weights[:, :end])


class Pieces(Windows):
    """Windows whose item is (kind, ids, weights or None), for batches of several kinds and lengths."""

    def __getitem__(self, index: tuple[str, int]):
        weights = self.window(self.weights, np.float32, *index) / 255 if index[0] in self.weights else None
        return index[0], super().__getitem__(index), weights

    @staticmethod
    def collate(items: list) -> list[Piece]:
        """One piece for the rows of each length with weights, and of each without."""
        pieces, shape = [], lambda item: (item[2] is None, len(item[1]))
        for own in dict.fromkeys(map(shape, items)):
            rows = [item for item in items if shape(item) == own]
            pieces.append(Piece(torch.stack([ids for _, ids, _ in rows]), None if own[0] else torch.stack([w for _, _, w in rows])))
        return pieces


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
    """Endless batches of ids (batch / ranks, sequence), int64; of `Pieces`, lists of pieces."""
    sampler = GlobalBatches(windows, mix, batch, seed, rank, ranks)
    return StatefulDataLoader(windows, batch_sampler=sampler, collate_fn=getattr(windows, "collate", None))
