"""The forecaster: a small BambaForCausalLM over bins, two of its six layers attention."""

import numpy as np
import torch
from transformers import BambaConfig, BambaForCausalLM

from training.forecast import codec

CONTEXT = 512


def config(width: int = 128) -> BambaConfig:
    made = BambaConfig(
        vocab_size=codec.VOCABULARY,
        tie_word_embeddings=True,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        attn_layer_indices=[1, 4],
        mamba_n_heads=4,
        mamba_d_head=width // 2,
        mamba_n_groups=1,
        mamba_d_state=32,
        mamba_d_conv=4,
        mamba_expand=2,
        mamba_chunk_size=32,
        max_position_embeddings=CONTEXT,
        rope_parameters={"rope_type": "default", "rope_theta": 2000.0, "partial_rotary_factor": 1.0},
        bos_token_id=codec.BEGIN,
        eos_token_id=codec.END,
        pad_token_id=None,
    )
    made.rivulet_cache = {"window": CONTEXT, "sinks": 0}
    made.rivulet_forecast = {
        "version": 1,
        "begin": codec.BEGIN,
        "gap": codec.GAP,
        "end": codec.END,
        "first": codec.FIRST,
        "bins": codec.BINS,
        "limit": codec.LIMIT,
        "window": codec.WINDOW,
        "reach": codec.REACH,
        "floor": codec.FLOOR,
    }
    return made


def fresh(seed: int, width: int = 128) -> BambaForCausalLM:
    """Random weights; bins begin with smooth embeddings, so that neighbours are alike from the first step."""
    torch.manual_seed(seed)
    model = BambaForCausalLM(config(width)).float()
    r = np.random.default_rng(seed)
    at = (np.arange(codec.BINS) - codec.MIDDLE) * codec.STEP
    frequencies = r.normal(size=width) * np.exp(r.uniform(np.log(0.3), np.log(12), width))
    smooth = 0.04 * np.cos(np.outer(at, frequencies) + r.uniform(0, 2 * np.pi, width))
    with torch.no_grad():
        model.model.embed_tokens.weight[codec.FIRST :] = torch.from_numpy(smooth).float()
    return model
