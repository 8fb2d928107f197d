"""The hybrid: a `BambaForCausalLM` whose weights begin as the teacher's, and its forward pass for training.

The forward pass here uses our scan, and gives the attention layers a bounded view (sinks + sliding window).
transformers' own forward on the same weights is equal while a sequence is no longer than the window.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint
from transformers import BambaConfig, BambaForCausalLM, LlamaConfig, LlamaForCausalLM
from transformers.models.bamba.modeling_bamba import apply_rotary_pos_emb, repeat_kv

from training.mixer import MixerState, mix


@dataclass(frozen=True)
class View:
    """What an attention layer sees: the first `sinks` tokens and the last `window`. window 0 means all.

    `windows` are those of single layers that differ, by the layer's number.
    Towards the sinks a query stands at most at position sinks + window - 1, so no distance grows past those trained.
    Source: StreamingLLM, arXiv 2309.17453.
    """

    window: int = 0
    sinks: int = 4
    windows: dict[int, int] = field(default_factory=dict)

    def at(self, layer: int) -> "View":
        """The view of one layer."""
        return View(self.windows.get(layer, self.window), self.sinks)

    def cache(self) -> dict:
        """The engine's `rivulet_cache`."""
        own = {str(layer): window for layer, window in sorted(self.windows.items())}
        return {"window": self.window, "sinks": self.sinks} | ({"windows": own} if own else {})

    @staticmethod
    def of(cache: dict) -> "View":
        """The inverse of `cache`; an empty one means all."""
        own = {int(layer): window for layer, window in cache.get("windows", {}).items()}
        return View(cache.get("window", 0), cache.get("sinks", 4), own)


@dataclass
class HybridState:
    """What a dialogue carries on: tokens seen, and per layer a `MixerState` or (keys, values, positions)."""

    tokens: int = 0
    layers: dict = field(default_factory=dict)


def hybrid_config(teacher: LlamaConfig, attention_layers: list[int], chunk: int = 64, norm_groups: int = 0) -> BambaConfig:
    """Mixers of the teacher's shape: one head and one group per query head, state width = head width.

    `norm_groups`: over so many groups of features the gated norm is taken; 0: over each of the mixer's, as transformers has it.
    """
    heads = teacher.num_attention_heads
    return BambaConfig(
        vocab_size=teacher.vocab_size,
        tie_word_embeddings=teacher.tie_word_embeddings,
        hidden_size=teacher.hidden_size,
        intermediate_size=teacher.intermediate_size,
        num_hidden_layers=teacher.num_hidden_layers,
        num_attention_heads=heads,
        num_key_value_heads=teacher.num_key_value_heads,
        rms_norm_eps=teacher.rms_norm_eps,
        bos_token_id=teacher.bos_token_id,
        eos_token_id=teacher.eos_token_id,
        pad_token_id=None,  # a padding id would freeze that row of the embedding, and it is <|im_end|>
        max_position_embeddings=teacher.max_position_embeddings,
        attn_layer_indices=sorted(attention_layers),
        mamba_n_heads=heads,
        mamba_d_head=teacher.hidden_size // heads,
        mamba_n_groups=heads,
        mamba_d_state=teacher.hidden_size // heads,
        mamba_d_conv=4,
        mamba_expand=1,
        mamba_chunk_size=chunk,
        rope_parameters={  # the kept attention layers turn the whole head, as the teacher's do
            "rope_type": "default",
            "rope_theta": teacher.rope_parameters["rope_theta"],
            "partial_rotary_factor": 1.0,
        },
        **({"mamba_norm_groups": norm_groups} if norm_groups else {}),
    )


def with_norm_groups(hybrid: BambaForCausalLM) -> BambaForCausalLM:
    """The same model, whose mixers norm over `mamba_norm_groups` groups where its configuration has them; our forward pass and transformers' alike."""
    groups = getattr(hybrid.config, "mamba_norm_groups", None)
    for mixer in mamba_layers(hybrid).values() if groups else ():
        mixer.norm_groups, mixer.norm.group_size = groups, mixer.intermediate_size // groups
    return hybrid


def inherit(teacher: LlamaForCausalLM, attention_layers: list[int], norm_groups: int = 0) -> BambaForCausalLM:
    """A hybrid with everything the teacher has in common; mixers are left as transformers starts them."""
    hybrid = with_norm_groups(BambaForCausalLM(hybrid_config(teacher.config, attention_layers, norm_groups=norm_groups)).float())
    source, target = teacher.model, hybrid.model
    target.embed_tokens.load_state_dict(source.embed_tokens.state_dict())
    target.final_layernorm.load_state_dict(source.norm.state_dict())
    for old, new in zip(source.layers, target.layers):
        new.input_layernorm.load_state_dict(old.input_layernorm.state_dict())
        new.pre_ff_layernorm.load_state_dict(old.post_attention_layernorm.state_dict())
        new.feed_forward.load_state_dict(old.mlp.state_dict())
        if hasattr(new, "self_attn"):
            new.self_attn.load_state_dict(old.self_attn.state_dict())
    return hybrid


def mamba_layers(model: BambaForCausalLM) -> dict[int, torch.nn.Module]:
    """Layer number -> mixer, for the layers that have one."""
    return {i: layer.mamba for i, layer in enumerate(model.model.layers) if hasattr(layer, "mamba")}


def forward_hidden(model, ids, view: View = View(), state: HybridState | None = None, recompute: bool = False):
    """ids (B,T) -> final normed hidden (B,T,D), which lm_head reads. A given `state` is replaced by the new one."""
    body = model.model
    seen = 0 if state is None else state.tokens
    hidden = body.embed_tokens(ids)
    positions = torch.arange(seen, seen + ids.shape[1], device=ids.device)
    turned = body.rotary_emb(hidden, positions[None])
    to_sinks = {}  # by window: the queries' turn towards the sinks, where it is another
    for window in {view.window, *view.windows.values()}:
        if window and seen + ids.shape[1] > view.sinks + window:
            to_sinks[window] = body.rotary_emb(hidden, positions[None].clamp(max=view.sinks + window - 1))
    for index, layer in enumerate(body.layers):
        past = None if state is None else state.layers.get(index)
        own = view.at(index)
        rotary = [turned, to_sinks[own.window]] if own.window in to_sinks else [turned]
        arguments = (layer, hidden, rotary, positions, own, past, state is not None)
        if recompute and torch.is_grad_enabled():
            hidden, _ = checkpoint(block, *arguments, use_reentrant=False)
        else:
            hidden, now = block(*arguments)
            if state is not None:
                state.layers[index] = now
    if state is not None:
        state.tokens += ids.shape[1]
    return body.final_layernorm(hidden)


def block(layer, hidden, rotary, positions, view: View, past, carry: bool):
    """One residual block: mixer or attention, then the gated MLP. hidden (B,T,D) -> the same, and the state."""
    if hasattr(layer, "mamba"):
        if past is None and not carry:
            return mixer_block(layer, hidden), None
        mixed, past = mix(layer.mamba, layer.input_layernorm(hidden), past)
    else:
        mixed, past = attend(layer.self_attn, layer.input_layernorm(hidden), rotary, positions, view, past, carry)
    return gated(layer, hidden + mixed), past


def gated(layer, hidden):
    """hidden (B,T,D) -> hidden plus what the MLP makes of it."""
    return hidden + layer.feed_forward(layer.pre_ff_layernorm(hidden))


def mixer_block(layer, hidden):
    """A mixer's residual block on a whole sequence. hidden (B,T,D) -> the same."""
    if compiled_block and torch.is_grad_enabled() and tuple(hidden.shape[:2]) in compiled_shapes:
        return compiled_block(layer, hidden)
    return plain_mixer_block(layer, hidden)


def plain_mixer_block(layer, hidden):
    return gated(layer, hidden + mix(layer.mamba, layer.input_layernorm(hidden))[0])


compiled_block, compiled_shapes = None, set()


def compile_mixers(shapes: set[tuple[int, int]]) -> None:
    """Lets training passes over ids of these shapes (B,T) run compiled mixers: one graph for each shape, whose weights are its inputs.

    Half the time of a step on a GPU, where a launch costs as much as what it does; 20 seconds of compiling for each shape.
    """
    global compiled_block, compiled_shapes
    torch._dynamo.config.cache_size_limit = 64
    compiled_block, compiled_shapes = torch.compile(plain_mixer_block, dynamic=False), set(shapes)


def attend(attention, x, rotary, positions, view: View, past, carry: bool):
    """x (B,T,D) -> (B,T,D) and, to `carry` on, (keys, values, positions) of what later tokens may still see."""
    heads = (*x.shape[:-1], -1, attention.head_dim)
    q, k, v = (p(x).view(heads).transpose(1, 2) for p in (attention.q_proj, attention.k_proj, attention.v_proj))
    turned, k = apply_rotary_pos_emb(q, k, *rotary[0])
    at = positions
    if past is not None:
        k, v, at = (torch.cat(pair, dim=-2 if pair[0].dim() > 1 else 0) for pair in zip(past, (k, v, positions)))
    mask, keys = visible(positions, at, view), k
    if len(rotary) > 1:  # two queries side by side, one for the sinks' keys and one for all others
        to_sinks = apply_rotary_pos_emb(q, q, *rotary[1])[0]
        is_sink = (at < view.sinks)[:, None]
        turned, keys = torch.cat([turned, to_sinks], -1), torch.cat([k * ~is_sink, k * is_sink], -1)
    share = attention.num_key_value_groups
    out = F.scaled_dot_product_attention(
        turned, repeat_kv(keys, share), repeat_kv(v, share), attn_mask=mask, is_causal=mask is None, scale=attention.scaling
    )
    out = attention.o_proj(out.transpose(1, 2).flatten(2))
    if not carry:
        return out, None
    keep = (at < view.sinks) | (at > positions[-1] - view.window) if view.window else slice(None)
    return out, (k[:, :, keep], v[:, :, keep], at[keep])


def visible(queries: torch.Tensor, keys: torch.Tensor, view: View) -> torch.Tensor | None:
    """queries (T), keys (S): positions -> (T,S), true where seen. None when plain causal attention is the same."""
    if len(queries) == len(keys) and (not view.window or len(keys) <= view.window):
        return None
    age = queries[:, None] - keys[None, :]
    seen = age >= 0
    return seen & ((age < view.window) | (keys < view.sinks)[None, :]) if view.window else seen


__all__ = ["HybridState", "MixerState", "View", "forward_hidden", "hybrid_config", "inherit", "mamba_layers", "with_norm_groups"]
