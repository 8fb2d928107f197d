"""What a run on the 4-bit grid has learnt, small enough to travel: what differs from the pack it began with, compressed.

    python -m training.compact save training/runs/gpu-memory/checkpoint.pt learnt.gz --pack models/rivulet-150m
    python -m training.compact load learnt.gz training/runs/gpu-memory/checkpoint.pt --pack models/rivulet-150m

The embedding does not learn on the grid: it is the pack's. Where the grid is the pack's too, codes of four bits are kept as their difference
to the pack's, which is mostly nothing; of a grid that was searched anew, the blocks' scales in 8 bits and the codes as their difference to
what the pack's weight would have there. Gains and vectors whole.
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


def multiples(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Scales or offsets (R, blocks), which are 8-bit multiples of a number of their row -> the multiples and that number (R,1)."""
    largest = values.abs().amax(1, keepdim=True)
    unit = torch.where(values.sum(1, keepdim=True) < 0, -largest, largest) / 255
    return torch.where(unit != 0, values / unit, 0).round().to(torch.uint8), unit


def decoded(tensors: dict[str, torch.Tensor], part: str, name: str) -> torch.Tensor:
    return tensors[f"{part}/{name}"].float() * tensors[f"{part} unit/{name}"]


def expected_codes(known: Q4 | None, tensors: dict[str, torch.Tensor], name: str) -> torch.Tensor | None:
    """The codes, packed, that the pack's weight has on the new grid: most of what was learnt is near them. None where the pack has no such matrix."""
    scale, offset = decoded(tensors, "scale", name), decoded(tensors, "offset", name)
    if known is None or known.scale.shape != scale.shape:
        return None
    return nibbles(steps(blocks_of(known.weight), scale, offset))


def less(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a - b of each nibble, modulo 16."""
    return (((a & 15) - (b & 15)) & 15) | ((((a >> 4) - (b >> 4)) & 15) << 4)


def plus(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (((a & 15) + (b & 15)) & 15) | ((((a >> 4) + (b >> 4)) & 15) << 4)


def save_learnt(source: Path, out: Path, pack: Path) -> None:
    saved, known = checkpoint.load(source), bamba_from_pack(pack)[1]
    grid, tensors = saved["grid"], {}
    for name, weight in saved["student"].items():
        if name in grid["gain"]:
            own = {part: grid[part][name].cpu() for part in PARTS}
            codes = nibbles(steps(blocks_of(weight.cpu()), own["scale"], own["offset"]))
            if name in known and is_grid_of(known[name], {part: {name: own[part]} for part in PARTS}, name):
                tensors[f"changed/{name}"] = codes ^ nibbles(known[name].codes)
            else:
                for part in ("scale", "offset"):
                    tensors[f"{part}/{name}"], tensors[f"{part} unit/{name}"] = multiples(own[part])
                expected = expected_codes(known.get(name), tensors, name)
                tensors[f"codes/{name}"] = codes if expected is None else less(codes, expected)
            tensors[f"gain/{name}"] = own["gain"].contiguous()
            tensors[f"columns/{name}"] = torch.tensor(weight.shape[1])
        elif name not in SHARED:
            tensors[name] = weight.cpu().contiguous()
    out.write_bytes(gzip.compress(save(tensors), 6))


def load_learnt(source: Path, out: Path, pack: Path) -> None:
    """A checkpoint that `training.export` reads; its hidden weights lie on the grid. Its layers may be others than the pack's."""
    tensors = load(gzip.decompress(source.read_bytes()))
    model, known = bamba_from_pack(pack)
    student = {name: model.state_dict()[name] for name in SHARED}
    student |= {name: value for name, value in tensors.items() if "/" not in name}
    grid = {part: {} for part in PARTS}
    for name in [key.removeprefix("gain/") for key in tensors if key.startswith("gain/")]:
        if f"changed/{name}" in tensors:
            packed = tensors[f"changed/{name}"] ^ nibbles(known[name].codes)
            grid["scale"][name], grid["offset"][name] = known[name].scale, known[name].offset
        else:
            for part in ("scale", "offset"):
                grid[part][name] = decoded(tensors, part, name)
            expected = expected_codes(known.get(name), tensors, name)
            packed = tensors[f"codes/{name}"] if expected is None else plus(tensors[f"codes/{name}"], expected)
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
