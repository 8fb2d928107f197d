"""Checkpoints: everything the next step depends on, written so that a kill leaves the old one or the new one."""

import os
import random
from pathlib import Path

import numpy as np
import torch


def random_state() -> dict:
    state = {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state()}
    return state | ({"cuda": torch.cuda.get_rng_state_all()} if torch.cuda.is_available() else {})


def set_random_state(state: dict) -> None:
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available() and len(state.get("cuda", [])) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def save(path: Path, content: dict | torch.Tensor) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load(path: Path) -> dict:
    # Our own file: it holds Python's and numpy's generator states, which the weights-only reader refuses.
    return torch.load(path, map_location="cpu", weights_only=False)
