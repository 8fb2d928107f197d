"""Writes a pack as another one is, with what a run has learnt on its grid: the bytes of what did not learn stay as they are.

    python -m training.splice models/rivulet-150m training/runs/memory-8/checkpoint.pt <pack>

`export` and `rivulet convert` search for scales anew, so that a few bits of every matrix differ; here codes, gains and vectors go where they lie.
What git keeps of a changed shard is then its difference.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import torch

from training import checkpoint
from training.pack import BLOCK, FLOAT32, GROUP, STACKED, read_q4
from training.quantize import blocks_of, steps


def parts_of(name: str) -> list[str]:
    """The checkpoint's names of what one of the pack's tensors holds, in the order of its rows."""
    for stack, parts in STACKED.items():
        if f".{stack}." in name:
            return [name.replace(stack, part) for part, _ in parts]
    return [name]


def stacked(name: str, values: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([values[part] for part in parts_of(name)])


def with_codes(data: bytes, codes: torch.Tensor | None, gain: torch.Tensor) -> bytes:
    """A 4-bit matrix of the pack with other codes (R, blocks, 32), or its own, and its rows' scales times `gain` (R,1)."""
    rows = len(gain)
    blocks = (len(data) // (-(-rows // GROUP)) - 64) // 144
    groups = np.frombuffer(data, np.uint8).reshape(-1, 64 + blocks * 144).copy()
    padded = np.ones(len(groups) * GROUP, FLOAT32)
    padded[:rows] = gain[:, 0].numpy()
    scales = groups[:, :64].copy().view(FLOAT32).reshape(-1, 2, GROUP) * padded.reshape(-1, 1, GROUP)
    groups[:, :64] = np.ascontiguousarray(scales.astype(FLOAT32)).reshape(len(groups), 16).view(np.uint8)
    if codes is not None:
        body = groups[:, 64:].reshape(-1, blocks, 144).copy()
        every = read_q4(data, len(groups) * GROUP, blocks * BLOCK).codes  # rows that fill the last group too
        every[:rows] = codes
        low, high = every.numpy().astype(np.uint8).reshape(-1, 2, 4, blocks, 2, 4, 4).transpose(4, 0, 3, 5, 1, 2, 6)
        body[..., 16:] = (low | high << 4).reshape(-1, blocks, 128)  # step j, half h, row r of the half, byte i; as `read_q4` reads it
        groups[:, 64:] = body.reshape(len(groups), -1)
    return groups.tobytes()


def vector_bytes(name: str, value: torch.Tensor) -> bytes:
    if name.endswith("conv1d.weight"):  # the pack has them tap by tap
        value = value[:, 0].T
    if name.endswith("A_log"):  # the pack has -exp of it
        value = -torch.exp(value)
    return np.ascontiguousarray(value.float().numpy().astype(FLOAT32)).tobytes()


def spliced(name: str, data: bytes, entry: dict, student: dict[str, torch.Tensor], grid: dict) -> bytes:
    """The bytes of one tensor as learnt; the same where nothing of it moved."""
    if entry["kind"] == "matrix":
        if entry["dtype"] != "q4" or parts_of(name)[0] not in grid["gain"]:
            return data
        gain, old = stacked(name, grid["gain"]), read_q4(data, *entry["shape"])
        scale, offset = stacked(name, grid["scale"]), stacked(name, grid["offset"])
        codes = steps(blocks_of(stacked(name, student)), scale, offset)
        moved = not torch.equal(codes, old.codes)
        return data if not moved and bool((gain == 1).all()) else with_codes(data, codes if moved else None, gain)
    new = vector_bytes(name, student[name])
    was, now = np.frombuffer(data, FLOAT32, len(new) // 4), np.frombuffer(new, FLOAT32)
    return data if np.allclose(was, now, rtol=1e-6, atol=0) else new + data[len(new) :]


def splice(pack: Path, saved: Path, out: Path) -> dict[str, int]:
    """Writes `out`; how many tensors changed in each shard."""
    stated = (pack / "manifest.json").read_bytes()
    manifest, content = json.loads(stated), checkpoint.load(saved)
    shards = [bytearray((pack / shard["file"]).read_bytes()) for shard in manifest["shards"]]
    whole, starts = bytearray(b"".join(shards)), np.cumsum([0] + [len(shard) for shard in shards])
    changed = {}
    for entry in manifest["tensors"]:
        at = int(starts[entry["shard"]]) + entry["offset"]
        data = bytes(whole[at : at + entry["bytes"]])
        new = spliced(entry["name"], data, entry, content["student"], content["grid"])
        if len(new) != len(data):
            raise ValueError(f"{entry['name']}: expected {len(data)} bytes, got {len(new)}")
        if new != data:
            whole[at : at + len(data)] = new
            file = manifest["shards"][entry["shard"]]["file"]
            changed[file] = changed.get(file, 0) + 1
    shutil.copytree(pack, out, dirs_exist_ok=True)
    for shard, start, end in zip(manifest["shards"], starts, starts[1:]):
        (out / shard["file"]).write_bytes(whole[start:end])
        shard["sha256"] = hashlib.sha256(whole[start:end]).hexdigest()
    manifest.pop("golden", None)  # another model's; scripts/pack-manifest.ts computes this one's
    learnt = saved.read_bytes()
    # Whose teaching it holds and how it was made stays said; scripts/pack-manifest.ts says otherwise.
    manifest["provenance"] = manifest.get("provenance", {}) | {"format": "rivulet-pack", "files": [
        {"file": "manifest.json", "bytes": len(stated), "sha256": hashlib.sha256(stated).hexdigest()},
        {"file": saved.name, "bytes": len(learnt), "sha256": hashlib.sha256(learnt).hexdigest()},
    ]}  # fmt: skip
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return changed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack", type=Path, help="the pack that the run began with")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    print(splice(arguments.pack, arguments.checkpoint, arguments.out))
