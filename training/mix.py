r"""Takes a run's parts from a pack: a checkpoint in which the weights and gains of the named parts are the pack's again.

    python -m training.mix models/rivulet-150m training/runs/memory-12/checkpoint.pt <out.pt> --from-pack 'layers\.(19|2\d)\.(mamba|\w+norm)|final_layernorm'

What a run gains and what it loses may lie in different layers: measure mixtures of both, and `training.splice` the best one into the pack.
"""

import argparse
import re
from pathlib import Path

import torch

from training import checkpoint
from training.pack import bamba_from_pack


def mixed(learnt: dict, pack: dict[str, torch.Tensor], part: re.Pattern) -> dict:
    """`learnt`: student and grid of a run; its gains are factors on those of the pack it began with, so that 1 is the pack's own."""
    student, grid = learnt["student"], learnt["grid"]
    if not any(map(part.search, student)):
        raise ValueError(f"--from-pack: expected a part of a weight's name, got {part.pattern!r}, which none has")
    return {
        "student": {name: pack[name].to(value.dtype) if part.search(name) else value for name, value in student.items()},
        "grid": {**grid, "gain": {name: torch.ones_like(gain) if part.search(name) else gain for name, gain in grid["gain"].items()}},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--from-pack", type=re.compile, required=True, help="regular expression of weights' names")
    arguments = parser.parse_args()
    model, _ = bamba_from_pack(arguments.pack)
    torch.save(mixed(checkpoint.load(arguments.checkpoint), model.state_dict(), arguments.from_pack), arguments.out)


if __name__ == "__main__":
    main()
