"""What the teacher's attention layers read and write: the targets of the closed-form and the layer-by-layer steps."""

from dataclasses import dataclass

import torch
from transformers import LlamaForCausalLM


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
