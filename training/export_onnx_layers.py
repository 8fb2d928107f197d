"""The decoder as an ONNX graph: Bamba and Llama, with every state an input and an output.

Inputs: `input_ids` (1, T), `position_ids` (1, T) where attention turns, `num_logits_to_keep` () with 0 for all, and the state: `past_conv.N`
(1, channels, K - 1), `past_ssm.N` (1, H, P, N), `past_key_values.N.key|value` (1, Hkv, S, P). Outputs: `logits` and the same as `present…`.
"""

import math

import numpy as np
import torch
from onnx import TensorProto

from export_onnx_graph import END, Graph
from export_onnx_mamba import mamba

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
NAMES = {
    "bamba": dict(norm="model.final_layernorm", before_mlp="pre_ff_layernorm", mlp="feed_forward"),
    "llama": dict(norm="model.norm", before_mlp="post_attention_layernorm", mlp="mlp"),
}


class Decoder:
    def __init__(self, config, rotary, weights: dict[str, np.ndarray], int8: bool):
        """`rotary`: transformers' own rotary embedding of this config; only its frequencies are used."""
        self.config = config
        self.names = NAMES[config.model_type]
        self.graph = Graph(weights, int8)
        self.head_width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        attention = range(config.num_hidden_layers) if config.model_type == "llama" else config.attn_layer_indices or []
        self.attends = [i in attention for i in range(config.num_hidden_layers)]
        self.frequencies = rotary.inv_freq.float().numpy()
        self.turn_scale = float(rotary.attention_scaling)

    def build(self):
        g, config = self.graph, self.config
        g.output("logits", [1, "kept_length", config.vocab_size])
        ids = g.reshape(g.input("input_ids", INT64, [1, "sequence_length"]), -1)
        if any(self.attends):
            self.prepare_attention()
        kept = g.reshape(g.input("num_logits_to_keep", INT64, []), 1)
        if not all(self.attends):
            self.prepare_scan(ids)
        x = g.embed(ids, "model.embed_tokens.weight")
        for i, attends in enumerate(self.attends):
            at = f"model.layers.{i}"
            normed = g.rms_norm(x, f"{at}.input_layernorm.weight", config.rms_norm_eps)
            x = g.op("Add", x, self.attention(normed, at, i) if attends else mamba(self, normed, f"{at}.mamba", i))
            normed = g.rms_norm(x, f"{at}.{self.names['before_mlp']}.weight", config.rms_norm_eps)
            x = g.op("Add", x, self.mlp(normed, f"{at}.{self.names['mlp']}"))
        x = g.op("Slice", x, g.op("Neg", kept), g.ints(END), g.ints(0))
        x = g.rms_norm(x, f"{self.names['norm']}.weight", config.rms_norm_eps)
        head = "model.embed_tokens" if config.tie_word_embeddings else "lm_head"
        g.op("Unsqueeze", g.linear(x, head), g.ints(0), named="logits")
        return g.model(config.model_type)

    def mlp(self, x: str, at: str) -> str:
        g = self.graph
        gate = g.silu(g.linear(x, f"{at}.gate_proj"))
        return g.linear(g.op("Mul", gate, g.linear(x, f"{at}.up_proj")), f"{at}.down_proj")

    def prepare_attention(self) -> None:
        """Angles of the new positions, (T, 1, half), and what each new token may see, (T, S + T)."""
        g = self.graph
        positions = g.reshape(g.input("position_ids", INT64, [1, "sequence_length"]), -1, 1, 1)
        angles = g.op("Mul", g.op("Cast", positions, to=FLOAT), g.constant(self.frequencies))
        self.turns = [g.op("Mul", g.op(kind, angles), g.constant(self.turn_scale)) for kind in ("Cos", "Sin")]
        new = g.op("Shape", "input_ids", start=1, end=2)
        past = g.op("Shape", f"past_key_values.{self.attends.index(True)}.key", start=2, end=3)
        total = g.op("Squeeze", g.op("Add", past, new))
        keys = g.op("Range", g.constant(0, np.int64), total, g.constant(1, np.int64))
        queries = g.op("Slice", keys, past, g.ints(END))
        self.visible = g.op("LessOrEqual", keys, g.op("Unsqueeze", queries, g.ints(1)))

    def turn(self, x: str) -> str:
        """Rotary embedding of (T, heads, width): the first dims turn, in halves; the rest stays."""
        g, half = self.graph, len(self.frequencies)
        cos, sin = self.turns
        rest = self.head_width - 2 * half
        a, b, *left = g.split(x, half, half, *([rest] if rest else []))
        first = g.op("Sub", g.op("Mul", a, cos), g.op("Mul", b, sin))
        second = g.op("Add", g.op("Mul", b, cos), g.op("Mul", a, sin))
        return g.op("Concat", first, second, *left, axis=-1)

    def attention(self, x: str, at: str, i: int) -> str:
        g, width = self.graph, self.head_width
        Hq, Hkv = self.config.num_attention_heads, self.config.num_key_value_heads
        project = lambda kind, heads: g.reshape(g.linear(x, f"{at}.self_attn.{kind}_proj"), -1, heads, width)
        q = g.reshape(self.turn(project("q", Hq)), -1, Hkv, Hq // Hkv, width)
        keys = self.grow(self.turn(project("k", Hkv)), f"{i}.key", Hkv)
        values = self.grow(project("v", Hkv), f"{i}.value", Hkv)
        q = g.op("Transpose", g.op("Mul", q, g.constant(1 / math.sqrt(width))), perm=[1, 2, 0, 3])  # (Hkv, R, T, width)
        scores = g.op("MatMul", q, g.op("Transpose", keys, perm=[1, 0, 3, 2]))
        seen = g.op("Where", self.visible, scores, g.constant(-np.inf))
        mixed = g.op("MatMul", g.op("Softmax", seen, axis=-1), g.op("Transpose", values, perm=[1, 0, 2, 3]))
        return g.linear(g.reshape(g.op("Transpose", mixed, perm=[2, 0, 1, 3]), -1, Hq * width), f"{at}.self_attn.o_proj")

    def grow(self, x: str, name: str, heads: int) -> str:
        """Appends (T, heads, width) to a cache (1, heads, S, width)."""
        g = self.graph
        past = g.input(f"past_key_values.{name}", FLOAT, [1, heads, "past_sequence_length", self.head_width])
        g.output(f"present.{name}", [1, heads, "total_sequence_length", self.head_width])
        fresh = g.op("Unsqueeze", g.op("Transpose", x, perm=[1, 0, 2]), g.ints(0))
        return g.op("Concat", past, fresh, axis=2, named=f"present.{name}")

    def prepare_scan(self, ids: str) -> None:
        """Lower triangles (T, T): `before`, s < t; `until`, s ≤ t."""
        g = self.graph
        length = g.op("Squeeze", g.op("Shape", ids))
        steps = g.op("Range", g.constant(0, np.int64), length, g.constant(1, np.int64))
        rows = g.op("Unsqueeze", steps, g.ints(1))
        self.before, self.until = g.op("Less", steps, rows), g.op("LessOrEqual", steps, rows)


def rotary_of(config) -> torch.nn.Module:
    from transformers.models.bamba.modeling_bamba import BambaRotaryEmbedding
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    return {"bamba": BambaRotaryEmbedding, "llama": LlamaRotaryEmbedding}[config.model_type](config)
