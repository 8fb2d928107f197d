"""Reads a Rivulet pack back into weights: the start of a run that goes on from what is shipped, and what tests compare with.

A pack holds a manifest, which says how every tensor lies in the shards, and matrices in kernel order (docs/notation.md).
Matrices of 4 bits come with the grid they lie on, so that training on it begins exactly where the pack is.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import BambaConfig, BambaForCausalLM

from training.hybrid import with_norm_groups

BLOCK = 32  # inputs that share a scale
GROUP = 8  # rows that lie together
FLOAT32 = np.dtype("<f4")


@dataclass(frozen=True)
class Q4:
    """A matrix (R,C) on the 4-bit grid: codes (R, blocks, 32) of 0…15, scale and offset (R, blocks): w = scale·code + offset."""

    codes: torch.Tensor
    scale: torch.Tensor
    offset: torch.Tensor
    columns: int

    @property
    def weight(self) -> torch.Tensor:
        return (self.codes * self.scale[..., None] + self.offset[..., None]).flatten(1)[:, : self.columns]


def read_q4(data: bytes, rows: int, columns: int) -> Q4:
    """The inverse of `packQ4Row` in src/kernels/pack-q4.ts, with the same products in the same order."""
    blocks = -(-columns // BLOCK)
    groups = np.frombuffer(data, np.uint8).reshape(-1, 64 + blocks * 144)
    by_row = groups[:, :64].copy().view(FLOAT32).reshape(-1, 2, GROUP)  # d and m of each row
    body = groups[:, 64:].reshape(-1, blocks, 144)
    s, t = body[..., :8], body[..., 8:16]
    # step j, half h, row r of the half, byte i -> row 4h+r, columns 4j+i and 16+4j+i
    nibbles = body[..., 16:].reshape(-1, blocks, 4, 2, 4, 4).transpose(0, 3, 4, 1, 2, 5).reshape(-1, GROUP, blocks, 16)
    codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).reshape(-1, blocks, BLOCK)
    scale = (by_row[:, 0, None, :] * s).transpose(0, 2, 1).reshape(-1, blocks)
    offset = (by_row[:, 1, None, :] * t).transpose(0, 2, 1).reshape(-1, blocks)
    tensors = (torch.from_numpy(np.ascontiguousarray(v[:rows])).float() for v in (codes, scale, offset))
    return Q4(*tensors, columns)


def read_matrix(data: bytes, dtype: str, rows: int, columns: int) -> torch.Tensor | Q4:
    if dtype == "q4":
        return read_q4(data, rows, columns)
    if dtype == "q8":
        blocks = -(-columns // BLOCK)
        body = np.frombuffer(data, np.uint8).reshape(-1, blocks, 288)
        scale = body[..., :32].copy().view(FLOAT32).reshape(-1, blocks, GROUP).transpose(0, 2, 1)
        codes = body[..., 32:].copy().view(np.int8).reshape(-1, blocks, 16, GROUP, 2).transpose(0, 3, 1, 2, 4)
        values = codes.reshape(-1, GROUP, blocks, BLOCK) * scale[..., None]
    else:
        width = {"f32": FLOAT32, "f16": np.dtype("<f2")}[dtype]
        values = np.frombuffer(data, width).reshape(-1, columns, GROUP).transpose(0, 2, 1)
    return torch.from_numpy(values.reshape(-(-rows // GROUP) * GROUP, -1)[:rows, :columns].astype(np.float32))


def read_pack(folder: Path) -> tuple[dict, dict[str, torch.Tensor | Q4]]:
    """The manifest, and every tensor by the pack's name: vectors as float32, matrices as float32 or `Q4`."""
    manifest = json.loads((folder / "manifest.json").read_text())
    payload = b"".join((folder / shard["file"]).read_bytes() for shard in manifest["shards"])  # a tensor may cross shards
    starts = np.cumsum([0] + [shard["bytes"] for shard in manifest["shards"]])
    tensors = {}
    for entry in manifest["tensors"]:
        at = int(starts[entry["shard"]]) + entry["offset"]
        data = payload[at : at + entry["bytes"]]
        if entry["kind"] == "matrix":
            tensors[entry["name"]] = read_matrix(data, entry["dtype"], *entry["shape"])
        else:
            count = int(np.prod(entry["shape"]))
            tensors[entry["name"]] = torch.from_numpy(np.frombuffer(data, FLOAT32, count).copy()).reshape(entry["shape"])
    return manifest, tensors


STACKED = {  # the pack's name -> the checkpoint's names, and how many rows of the stack each takes
    "gate_up_proj": (("gate_proj", 1), ("up_proj", 1)),
    "qkv_proj": (("q_proj", "num_attention_heads"), ("k_proj", "num_key_value_heads"), ("v_proj", "num_key_value_heads")),
}


def unstacked(name: str, value: torch.Tensor | Q4, config: BambaConfig) -> dict[str, torch.Tensor | Q4]:
    """The checkpoint's tensors inside one of the pack's: rows of stacked matrices, and what the pack keeps in another form."""
    if name.endswith("conv1d.weight"):  # the pack has them tap by tap
        channels, _, taps = value.shape
        return {name: value.reshape(taps, channels).T.reshape(channels, 1, taps).contiguous()}
    if name.endswith("A_log"):  # the pack has -exp of it
        return {name: torch.log(-value)}
    for stack, parts in STACKED.items():
        if f".{stack}." not in name:
            continue
        shares = [getattr(config, share) if isinstance(share, str) else share for _, share in parts]
        unit = (value.codes if isinstance(value, Q4) else value).shape[0] // sum(shares)
        ends = [sum(shares[: i + 1]) * unit for i in range(len(shares))]
        cut = [slice(end - share * unit, end) for end, share in zip(ends, shares)]
        return {name.replace(stack, part): rows_of(value, rows) for (part, _), rows in zip(parts, cut)}
    return {name: value}


def rows_of(value: torch.Tensor | Q4, rows: slice) -> torch.Tensor | Q4:
    return Q4(value.codes[rows], value.scale[rows], value.offset[rows], value.columns) if isinstance(value, Q4) else value[rows]


def bamba_from_pack(folder: Path) -> tuple[BambaForCausalLM, dict[str, Q4]]:
    """The hybrid of a pack with its weights as they are, and the grid of every 4-bit matrix by its weight's name."""
    manifest, tensors = read_pack(folder)
    model = with_norm_groups(BambaForCausalLM(bamba_config(manifest["model"]["config"])).float())
    own = {k: v for name, value in tensors.items() for k, v in unstacked(name, value, model.config).items()}
    weights = {name: value.weight if isinstance(value, Q4) else value for name, value in own.items()}
    weights["lm_head.weight"] = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
    model.load_state_dict(weights)
    model.tie_weights()
    return model, {name: value for name, value in own.items() if isinstance(value, Q4)}


def bamba_config(fields: dict) -> BambaConfig:
    """The configuration in a manifest; JavaScript's JSON has lost the point of 1.0, and spells infinity out."""
    usual = BambaConfig().to_dict()
    fields = {k: float(v) if isinstance(usual.get(k), float) and v is not None else v for k, v in fields.items()}
    fields["time_step_limit"] = [infinite(v) for v in fields["time_step_limit"]]
    fields["rope_parameters"] = {k: v if isinstance(v, str) else float(v) for k, v in fields["rope_parameters"].items()}
    return BambaConfig(**fields)


def infinite(value) -> float:
    return float(value["__float__"]) if isinstance(value, dict) else float(value)
