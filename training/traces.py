"""What the teacher's attention layers read and write: the targets of the closed-form and the layer-by-layer steps."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import LlamaForCausalLM

from training import checkpoint


@dataclass
class Trace:
    """One attention layer on one batch. input (B,T,D), normed; heads (B,T,H*P), before o_proj; output (B,T,D)."""

    input: torch.Tensor
    heads: torch.Tensor
    output: torch.Tensor


@torch.no_grad()
def trace(teacher: LlamaForCausalLM, ids: torch.Tensor) -> list[Trace]:
    """One forward pass of the teacher's body over ids (B,T); one `Trace` per layer."""
    traces, hooks = [Trace(None, None, None) for _ in teacher.model.layers], []
    for layer, at in zip(teacher.model.layers, traces):

        def read(module, positional, named, at=at):
            at.input = named["hidden_states"] if "hidden_states" in named else positional[0]

        def read_heads(module, positional, at=at):
            at.heads = positional[0]

        def written(module, positional, output, at=at):
            at.output = output[0]

        hooks.append(layer.self_attn.register_forward_pre_hook(read, with_kwargs=True))
        hooks.append(layer.self_attn.o_proj.register_forward_pre_hook(read_heads))
        hooks.append(layer.self_attn.register_forward_hook(written))
    try:
        teacher.model(ids, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return traces


def recorded(teacher: LlamaForCausalLM, ids: torch.Tensor, layers: list[int], folder: Path) -> dict[int, Trace]:
    """`trace` of some layers, without their heads, kept in `folder` per sequence so that a later epoch only reads it.

    Kept as bf16, and rounded to it on the first pass too: what training sees does not depend on what was there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{hashlib.sha256(row.cpu().numpy().tobytes()).hexdigest()[:32]}.pt" for row in ids]
    if not all(path.exists() for path in paths):
        traces = trace(teacher, ids)
        kept = torch.stack([torch.stack([traces[i].input, traces[i].output]) for i in layers]).bfloat16().cpu()
        for path, of_row in zip(paths, kept.unbind(2)):  # (layers,2,T,D)
            checkpoint.save(path, of_row.clone())
    rows = torch.stack([torch.load(path) for path in paths], dim=2).to(ids.device)
    return {i: Trace(pair[0].float(), None, pair[1].float()) for i, pair in zip(layers, rows)}
