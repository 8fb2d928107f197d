import re

import pytest
import torch

from training.mix import mixed

LEARNT = {
    "student": {"layers.1.mamba.D": torch.full((2,), 3.0), "layers.2.mamba.in_proj.weight": torch.full((2, 2), 3.0)},
    "grid": {"scale": {}, "gain": {"layers.1.mamba.in_proj.weight": torch.full((2, 1), 1.1), "layers.2.mamba.in_proj.weight": torch.full((2, 1), 1.2)}},
}
PACK = {name: torch.zeros_like(value) for name, value in LEARNT["student"].items()}


def test_named_parts_are_the_packs_and_the_others_the_runs():
    both = mixed(LEARNT, PACK, re.compile(r"layers\.2\."))
    assert both["student"]["layers.1.mamba.D"].tolist() == [3, 3]
    assert both["student"]["layers.2.mamba.in_proj.weight"].tolist() == [[0, 0], [0, 0]]
    assert both["grid"]["gain"]["layers.1.mamba.in_proj.weight"].flatten().tolist() == pytest.approx([1.1, 1.1])
    assert both["grid"]["gain"]["layers.2.mamba.in_proj.weight"].tolist() == [[1], [1]]


def test_a_part_that_no_weight_has_is_refused():
    with pytest.raises(ValueError, match="--from-pack: expected a part of a weight's name, got 'layers.9', which none has"):
        mixed(LEARNT, PACK, re.compile("layers.9"))
