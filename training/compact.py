"""What a run on the 4-bit grid has learnt, small enough to travel: codes of four bits, scales, gains and vectors, without the embedding.

    python -m training.compact save training/runs/gpu-memory/checkpoint.pt learnt.safetensors
    python -m training.compact load learnt.safetensors training/runs/gpu-memory/checkpoint.pt --pack models/rivulet-150m

The embedding does not learn on the grid, so it is that of the pack the run began with.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from training import checkpoint
from training.pack import bamba_from_pack
from training.quantize import blocks_of, steps

PARTS = ("scale", "offset", "gain")
SHARED = ("model.embed_tokens.weight", "lm_head.weight")


def save(source: Path, out: Path) -> None:
    saved = checkpoint.load(source)
    grid, tensors = saved["grid"], {}
    for name, weight in saved["student"].items():
        if name in grid["gain"]:
            codes = steps(blocks_of(weight), grid["scale"][name], grid["offset"][name]).to(torch.uint8).flatten(1)
            tensors[f"codes/{name}"] = codes[:, ::2] | codes[:, 1::2] << 4
            tensors |= {f"{part}/{name}": grid[part][name].contiguous() for part in PARTS}
            tensors[f"columns/{name}"] = torch.tensor(weight.shape[1])
        elif name not in SHARED:
            tensors[name] = weight.contiguous()
    save_file(tensors, out)


def load(source: Path, out: Path, pack: Path) -> None:
    """A checkpoint that `training.export` reads; its hidden weights lie on the grid."""
    tensors = load_file(source)
    student = bamba_from_pack(pack)[0].state_dict()
    grid = {part: {} for part in PARTS}
    for name in student:
        if f"codes/{name}" in tensors:
            for part in PARTS:
                grid[part][name] = tensors[f"{part}/{name}"]
            packed = tensors[f"codes/{name}"]
            codes = torch.stack([packed & 15, packed >> 4], -1).flatten(1).unflatten(1, (-1, 32)).float()
            values = codes * grid["scale"][name][..., None] + grid["offset"][name][..., None]
            student[name] = values.flatten(1)[:, : int(tensors[f"columns/{name}"])]
        elif name in tensors:
            student[name] = tensors[name]
    checkpoint.save(out, {"student": student, "grid": grid})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("save", "load"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--pack", type=Path, default=Path("models/rivulet-150m"))
    arguments = parser.parse_args()
    if arguments.action == "save":
        save(arguments.source, arguments.target)
    else:
        arguments.target.parent.mkdir(parents=True, exist_ok=True)
        load(arguments.source, arguments.target, arguments.pack)


if __name__ == "__main__":
    main()
