"""A run as a GPU has it: compiled mixers, a stage off the grid before one on it, within a time, and back from what travels."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from training import checkpoint
from training.compact import multiples

HEAD = """
name = "tiny"
seed = 5
threads = 1
chunk = 8
compile = true
attention_layers = [1]
"""
STAGE = """
[[stage]]
kind = "end-to-end"
sequence = 16
rows = {{ chat = 1, text = 1, "dialogues-32" = 2 }}
needs = ["ready"]
steps = 4000
seconds = 4
rate = 1e-3
attention_share = 0.5
rest_rate = 1e-3
embedding = false
grid = {grid}
window = 8
sinks = 2
layer_windows = {{ 1 = 16 }}
warmup = 2
save_every = 100000
"""


def test_stages_share_the_time_that_is_left_and_the_second_has_a_grid_of_its_own(data: Path, tmp_path: Path):
    rows = np.random.default_rng(3)
    for split, count in (("train", 40), ("held", 4)):
        rows.integers(5, 128, 32 * count).astype(np.uint16).tofile(data / "tokens" / f"dialogues-32.{split}.u16")
        weights = np.zeros((count, 32), np.uint8)
        weights[:, 20:24] = 255
        weights.tofile(data / "tokens" / f"dialogues-32.{split}.weights")
    (data / "tokens" / "ready").touch()
    config, out = tmp_path / "tiny.toml", tmp_path / "out"
    config.write_text(HEAD + STAGE.format(grid="false") + STAGE.format(grid="true"))
    arguments = [sys.executable, "-m", "training.train", str(config), "--data", str(data), "--out", str(out), "--within", "1"]
    done = subprocess.run(arguments, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("warm: ") >= 2
    stages = {json.loads(line)["stage"] for line in (out / "log.jsonl").read_text().splitlines()}
    assert stages == {0, 1}
    last = checkpoint.load(out / "checkpoint.pt")
    assert "grid" not in checkpoint.load(out / "stage-0.pt") and last["grid"]["gain"]


def test_scales_come_back_from_8_bits():
    unit, steps = torch.tensor([[0.3], [2.0], [0.0]]), torch.tensor([[255.0, 7.0], [0.0, 255.0], [0.0, 0.0]])
    for sign in (1, -1):
        bits, back = multiples(sign * unit * steps)
        torch.testing.assert_close(bits.float() * back, sign * unit * steps)
