"""What a run on the 4-bit grid has learnt, small enough to travel: what differs from the pack it began with, compressed.

    python -m training.compact save training/runs/gpu-memory/checkpoint.pt learnt.gz --pack models/rivulet-150m
    python -m training.compact load learnt.gz training/runs/gpu-memory/checkpoint.pt --pack models/rivulet-150m

The embedding does not learn on the grid, nor do the scales of the blocks: both are the pack's. Codes of four bits are kept as their
difference to the pack's, which is mostly nothing; gains and vectors whole.
"""

import argparse
import gzip
from pathlib import Path

import torch
from safetensors.torch import load, save

from training import checkpoint
from training.pack import Q4, bamba_from_pack
from training.quantize import blocks_of, steps

PARTS = ("scale", "offset", "gain")
SHARED = ("model.embed_tokens.weight", "lm_head.weight")


def nibbles(codes: torch.Tensor) -> torch.Tensor:
    """codes (R, blocks, 32) of 0…15 -> (R, blocks · 16), two in a byte."""
    flat = codes.to(torch.uint8).flatten(1)
    return flat[:, ::2] | flat[:, 1::2] << 4


def is_grid_of(known: Q4, grid: dict, name: str) -> bool:
    return torch.equal(known.scale, grid["scale"][name]) and torch.equal(known.offset, grid["offset"][name])


def save_learnt(source: Path, out: Path, pack: Path) -> None:
    saved, known = checkpoint.load(source), bamba_from_pack(pack)[1]
    grid, tensors = saved["grid"], {}
    for name, weight in saved["student"].items():
        if name in grid["gain"]:
            codes = nibbles(steps(blocks_of(weight), grid["scale"][name], grid["offset"][name]))
            if name in known and is_grid_of(known[name], grid, name):
                tensors[f"changed/{name}"] = codes ^ nibbles(known[name].codes)
                tensors[f"gain/{name}"] = grid["gain"][name].contiguous()
            else:
                tensors[f"codes/{name}"] = codes
                tensors |= {f"{part}/{name}": grid[part][name].contiguous() for part in PARTS}
            tensors[f"columns/{name}"] = torch.tensor(weight.shape[1])
        elif name not in SHARED:
            tensors[name] = weight.contiguous()
    out.write_bytes(gzip.compress(save(tensors), 2))


def load_learnt(source: Path, out: Path, pack: Path) -> None:
    """A checkpoint that `training.export` reads; its hidden weights lie on the grid."""
    tensors = load(gzip.decompress(source.read_bytes()))
    model, known = bamba_from_pack(pack)
    student = model.state_dict()
    grid = {part: {} for part in PARTS}
    for name in student:
        if f"gain/{name}" not in tensors:
            student[name] = tensors.get(name, student[name])
            continue
        if f"changed/{name}" in tensors:
            packed = tensors[f"changed/{name}"] ^ nibbles(known[name].codes)
            grid["scale"][name], grid["offset"][name] = known[name].scale, known[name].offset
        else:
            packed = tensors[f"codes/{name}"]
            grid["scale"][name], grid["offset"][name] = tensors[f"scale/{name}"], tensors[f"offset/{name}"]
        grid["gain"][name] = tensors[f"gain/{name}"]
        codes = torch.stack([packed & 15, packed >> 4], -1).flatten(1).unflatten(1, (-1, 32)).float()
        values = codes * grid["scale"][name][..., None] + grid["offset"][name][..., None]
        student[name] = values.flatten(1)[:, : int(tensors[f"columns/{name}"])]
    checkpoint.save(out, {"student": student, "grid": grid})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("save", "load"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--pack", type=Path, default=Path("models/rivulet-150m"))
    arguments = parser.parse_args()
    if arguments.action == "save":
        save_learnt(arguments.source, arguments.target, arguments.pack)
    else:
        arguments.target.parent.mkdir(parents=True, exist_ok=True)
        load_learnt(arguments.source, arguments.target, arguments.pack)


if __name__ == "__main__":
    main()
