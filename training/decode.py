"""One-token steps of a Llama model for many lanes at the same position, with a preallocated cache.

transformers' static cache attends to its whole length and repeats the key heads; on a CPU that costs more than the
matrices. Here the query heads that share a key head are folded together, and only the filled part is read.
"""

import torch
import torch.nn.functional as F
from transformers import LlamaForCausalLM
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb


class LockstepDecoder:
    """Feeds one token per lane and returns the logits; all lanes are at the same position."""

    def __init__(self, model: LlamaForCausalLM, lanes: int, length: int):
        config = model.config
        self.model, self.at = model, 0
        self.kv_heads = config.num_key_value_heads
        shape = (config.num_hidden_layers, lanes, self.kv_heads, length, config.head_dim)
        self.keys = torch.zeros(shape, dtype=model.dtype, device=model.device)
        self.values = torch.zeros_like(self.keys)

    @torch.inference_mode()
    def step(self, ids: torch.Tensor) -> torch.Tensor:
        """ids (lanes) -> logits (lanes, V) of the next token."""
        body, lanes = self.model.model, ids.shape[0]
        hidden = body.embed_tokens(ids)[:, None]
        rotary = body.rotary_emb(hidden, torch.tensor([[self.at]], device=ids.device))
        for index, layer in enumerate(body.layers):
            hidden = hidden + self.attend(layer.self_attn, layer.input_layernorm(hidden), rotary, index, lanes)
            hidden = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
        self.at += 1
        return self.model.lm_head(body.norm(hidden))[:, 0]

    def attend(self, attention, x: torch.Tensor, rotary, index: int, lanes: int) -> torch.Tensor:
        heads = (lanes, 1, -1, self.keys.shape[-1])
        q, k = apply_rotary_pos_emb(
            attention.q_proj(x).view(heads).transpose(1, 2), attention.k_proj(x).view(heads).transpose(1, 2), *rotary
        )
        self.keys[index, :, :, self.at] = k[:, :, 0]
        self.values[index, :, :, self.at] = attention.v_proj(x).view(heads)[:, 0]
        q = q.reshape(lanes, self.kv_heads, -1, self.keys.shape[-1])  # (lanes, KV, heads per KV, P)
        filled = slice(0, self.at + 1)
        out = F.scaled_dot_product_attention(q, self.keys[index, :, :, filled], self.values[index, :, :, filled])
        return attention.o_proj(out.reshape(lanes, 1, -1))
