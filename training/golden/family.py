"""Golden checkpoints of the architectures besides Bamba and Llama. The keys of a case are those of cases.py."""

SMALL = dict(vocab_size=96, hidden_size=32, num_hidden_layers=3)
HEADS = dict(num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512)
PLAIN_IDS = dict(pad_token_id=None, bos_token_id=1, eos_token_id=2)  # where the defaults lie beyond a small vocabulary
MIXER = dict(mamba_n_heads=8, mamba_d_state=16, mamba_chunk_size=16)

DEFAULTS = {
    "mamba2": SMALL | dict(num_heads=8, head_dim=8, state_size=16, n_groups=1, chunk_size=16),
    "granitemoehybrid": SMALL | HEADS | MIXER | dict(
        shared_intermediate_size=48, num_local_experts=0, layer_types=["mamba", "attention", "mamba"],
        embedding_multiplier=12, residual_multiplier=0.246, attention_multiplier=0.25, logits_scaling=3,
    ),
    "falcon_h1": SMALL | HEADS | MIXER | dict(
        intermediate_size=48, mamba_d_ssm=48, embedding_multiplier=5.6, lm_head_multiplier=0.04, mlp_multipliers=[0.9, 0.37],
        key_multiplier=0.39, attention_in_multiplier=1.3, attention_out_multiplier=0.94, ssm_in_multiplier=1.25, ssm_out_multiplier=0.24,
        ssm_multipliers=[0.35, 0.25, 0.18, 0.5, 0.32],
    ),
    "nemotron_h": SMALL | HEADS | dict(
        layers_block_type=["mamba", "mlp", "attention", "mamba", "mlp"], head_dim=12, intermediate_size=56, mamba_num_heads=8,
        mamba_head_dim=8, ssm_state_size=16, n_groups=2, chunk_size=16,
    ),
    "lfm2": SMALL | HEADS | dict(
        intermediate_size=96, block_multiple_of=8, layer_types=["conv", "full_attention", "conv"], conv_L_cache=3,
    ),
    "zamba2": SMALL | HEADS | dict(
        num_key_value_heads=4, num_hidden_layers=5, layers_block_type=["mamba", "hybrid", "mamba", "hybrid", "hybrid"], n_mamba_heads=8,
        mamba_d_state=16, chunk_size=16, intermediate_size=40, adapter_rank=6, num_mem_blocks=2, pad_token_id=0,
    ),
    "qwen2": SMALL | HEADS | dict(intermediate_size=48),
    "qwen3": SMALL | HEADS | dict(intermediate_size=48, head_dim=12),
    "smollm3": SMALL | HEADS | dict(num_hidden_layers=5, intermediate_size=48, **PLAIN_IDS),
    "qwen3_5_text": SMALL | HEADS | dict(
        num_hidden_layers=4, intermediate_size=48, head_dim=16, linear_key_head_dim=8, linear_value_head_dim=12, linear_num_key_heads=2,
        linear_num_value_heads=4, rope_parameters=dict(rope_type="default", rope_theta=1e5, partial_rotary_factor=0.25, mrope_section=[1, 1, 0]),
    ),
    "gemma3_text": SMALL | HEADS | dict(
        num_hidden_layers=4, intermediate_size=48, head_dim=12, sliding_window=9, query_pre_attn_scalar=20, **PLAIN_IDS,
        layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"],
    ),
    "olmo_hybrid": SMALL | HEADS | dict(
        num_hidden_layers=4, intermediate_size=48, linear_key_head_dim=8, linear_value_head_dim=12, **PLAIN_IDS,
    ),
}


def case(type: str, tokens: int, dt=(0.01, 1.0), decay=(0.3, 8.0), old_config=None, **config) -> dict:
    own = {"type": type, "tokens": tokens, "dt": dt, "decay": decay}
    return own | ({"old_config": old_config} if old_config else {}) | {"config": DEFAULTS[type] | config}


def rope(theta: float = 1e4, **more) -> dict:
    return {"rope_type": "default", "rope_theta": theta} | more


FAMILY = {
    "mamba2-plain": case("mamba2", 33, tie_word_embeddings=True),
    "mamba2-groups2-bias": case("mamba2", 70, n_groups=2, use_bias=True, use_conv_bias=False, vocab_size=101, conv_kernel=3),
    "mamba2-groups4": case("mamba2", 70, n_groups=4, hidden_size=48, num_heads=12, state_size=12, time_step_limit=[0.1, 0.7]),
    "granitemoehybrid-dense": case("granitemoehybrid", 70, tie_word_embeddings=True, mamba_n_groups=2),
    "granitemoehybrid-rope": case(
        "granitemoehybrid", 70, position_embedding_type="rope", rope_parameters=rope(1e5), attention_bias=True,
        mamba_proj_bias=True, mamba_conv_bias=False, layer_types=["attention", "mamba", "attention"], vocab_size=101,
    ),
    # As published: "nope", the names of layers before transformers 5, no head width, no time limit.
    "granitemoehybrid-old-config": case(
        "granitemoehybrid", 40, mamba_n_groups=4,
        old_config=dict(
            position_embedding_type="nope", layer_types=["mamba", "attention", "mamba"], mamba_d_head="auto", time_step_limit=None,
            rope_parameters=None, rope_theta=10000, rope_scaling=None, dtype=None, transformers_version=None, tie_word_embeddings=None,
            num_key_value_heads=2, mamba_conv_bias=None, mamba_proj_bias=None, attention_bias=None,
        ),
    ),
    "granitemoehybrid-experts": case(
        "granitemoehybrid", 70, num_local_experts=8, num_experts_per_tok=3, intermediate_size=16, shared_intermediate_size=24,
        tie_word_embeddings=True, layer_types=["mamba", "attention"], num_hidden_layers=2,
    ),
    "granitemoehybrid-experts-odd": case(
        "granitemoehybrid", 33, hidden_size=40, mamba_n_heads=10, num_attention_heads=5, num_key_value_heads=1, num_local_experts=5,
        num_experts_per_tok=2, intermediate_size=8, shared_intermediate_size=20, layer_types=["attention", "mamba"], num_hidden_layers=2,
        vocab_size=101,
    ),
    "falcon_h1-plain": case("falcon_h1", 70),
    "falcon_h1-norm-inside": case(
        "falcon_h1", 70, mamba_rms_norm=True, mamba_norm_before_gate=False, mamba_n_groups=2, tie_word_embeddings=True,
        rope_parameters=rope(1e11), vocab_size=101,
    ),
    "falcon_h1-norm-before": case(
        "falcon_h1", 33, mamba_rms_norm=True, mamba_n_groups=4, mamba_proj_bias=True, projectors_bias=True, attention_bias=True,
        mlp_bias=True, mamba_d_ssm=None, num_hidden_layers=2,
    ),
    "falcon_h1-sizes": case(
        "falcon_h1", 33, hidden_size=40, head_dim=12, num_attention_heads=5, num_key_value_heads=1, mamba_d_ssm=56, mamba_d_head=7,
        mamba_d_state=12, mamba_d_conv=3, mamba_conv_bias=False, projectors_bias=True, num_hidden_layers=2,
    ),
    "nemotron_h-plain": case("nemotron_h", 70),
    "nemotron_h-biases": case(
        "nemotron_h", 33, hidden_size=40, vocab_size=101, use_bias=True, mlp_bias=True, use_conv_bias=False, n_groups=4, intermediate_size=50,
        mamba_num_heads=12, mamba_head_dim=6, num_key_value_heads=4, time_step_min=0.2, layers_block_type=["attention", "mamba", "mlp"],
    ),
    "nemotron_h-experts": case(
        "nemotron_h", 70, layers_block_type=["mamba", "moe", "attention", "moe"], n_routed_experts=8, num_experts_per_tok=3,
        moe_intermediate_size=24, moe_shared_expert_intermediate_size=20, routed_scaling_factor=2.5,
    ),
    "nemotron_h-expert-groups": case(
        "nemotron_h", 40, layers_block_type=["moe", "mamba"], n_routed_experts=12, num_experts_per_tok=2, n_group=4, topk_group=2,
        norm_topk_prob=False, moe_intermediate_size=16, moe_shared_expert_intermediate_size=16, mlp_bias=True,
    ),
    # As published: the kinds of block as one letter each.
    "nemotron_h-old-config": case(
        "nemotron_h", 40,
        old_config=dict(
            hybrid_override_pattern="M-*M-", layers_block_type=None, layer_types=None, num_hidden_layers=5,
            time_step_limit=None, mtp_layers_block_type=None, dtype=None, transformers_version=None,
        ),
    ),
    "lfm2-plain": case("lfm2", 70),
    "lfm2-biases": case(
        "lfm2", 33, hidden_size=40, num_attention_heads=5, num_key_value_heads=1, vocab_size=101, conv_bias=True, conv_L_cache=4,
        tie_word_embeddings=False, block_auto_adjust_ff_dim=False, intermediate_size=44, layer_types=["full_attention", "conv", "conv"],
        rope_parameters=rope(1e4), norm_eps=0.01,
    ),
    # As published before transformers 5: names of LiquidAI's own code.
    "lfm2-old-config": case(
        "lfm2", 40, layer_types=["conv", "conv", "full_attention"], block_ffn_dim_multiplier=1.3, conv_L_cache=2,
        old_config=dict(
            layer_types=None, full_attn_idxs=[2], block_ff_dim=96, intermediate_size=None, tie_embedding=True, tie_word_embeddings=None,
            rope_parameters=None, rope_theta=1000000.0, dtype=None, transformers_version=None,
        ),
    ),
    "zamba2-plain": case("zamba2", 40),
    "zamba2-adapters-rope": case(
        "zamba2", 40, use_shared_attention_adapter=True, use_mem_rope=True, mamba_ngroups=2, num_mem_blocks=1, num_hidden_layers=4,
        layers_block_type=["hybrid", "mamba", "hybrid", "mamba"], adapter_rank=8,
    ),
    "zamba2-odd": case(
        "zamba2", 33, hidden_size=20, n_mamba_heads=5, num_key_value_heads=2, add_bias_linear=True, hidden_act="silu",
        vocab_size=101, intermediate_size=28, time_step_min=0.1, mamba_d_conv=3, num_hidden_layers=4,
        layers_block_type=["mamba", "hybrid", "hybrid", "hybrid"],
    ),
    "qwen2-plain": case("qwen2", 70),
    "qwen2-tied-odd": case("qwen2", 33, hidden_size=40, num_attention_heads=5, num_key_value_heads=1, vocab_size=101, tie_word_embeddings=True),
    # As published: no layer types, positions beside each other, a window that no layer uses.
    "qwen2-old-config": case(
        "qwen2", 40, rope_parameters=rope(1e6), rms_norm_eps=1e-6,
        old_config=dict(
            rope_parameters=None, rope_theta=1000000.0, layer_types=None, use_sliding_window=False, sliding_window=32768, max_window_layers=21,
            dtype=None, transformers_version=None, tie_word_embeddings=None,
        ),
    ),
    "qwen3-plain": case("qwen3", 70),
    "qwen3-bias-tied": case(
        "qwen3", 33, attention_bias=True, num_key_value_heads=4, head_dim=8, vocab_size=101, tie_word_embeddings=True, rms_norm_eps=0.01,
        rope_parameters=rope(1e6),
    ),
    "smollm3-plain": case("smollm3", 70),
    "smollm3-odd": case(
        "smollm3", 33, hidden_size=40, num_attention_heads=5, num_key_value_heads=1, num_hidden_layers=3, no_rope_layers=[0, 1, 0],
        attention_bias=True, mlp_bias=True, tie_word_embeddings=False, vocab_size=101, rope_parameters=rope(5e6),
    ),
    "qwen3_5_text-plain": case("qwen3_5_text", 70),
    "qwen3_5_text-odd": case(
        "qwen3_5_text", 75, hidden_size=40, num_attention_heads=5, num_key_value_heads=1, head_dim=24, num_hidden_layers=3, vocab_size=101,
        layer_types=["full_attention", "linear_attention", "linear_attention"], linear_num_key_heads=3, linear_num_value_heads=3,
        linear_key_head_dim=10, linear_value_head_dim=7, linear_conv_kernel_dim=3, tie_word_embeddings=True, attention_bias=True, rms_norm_eps=0.01,
        rope_parameters=dict(rope_type="default", rope_theta=1e4, partial_rotary_factor=0.5, mrope_section=[2, 2, 2]),
    ),
    "qwen3_5_text-linear": case("qwen3_5_text", 40, num_hidden_layers=2, linear_num_value_heads=2, dt=(0.5, 20.0)),
    "olmo_hybrid-plain": case("olmo_hybrid", 70),
    "olmo_hybrid-rope-odd": case(
        "olmo_hybrid", 75, hidden_size=40, num_attention_heads=5, num_key_value_heads=1, num_hidden_layers=3, vocab_size=101,
        layer_types=["full_attention", "linear_attention", "full_attention"], linear_num_key_heads=2, linear_num_value_heads=6,
        linear_key_head_dim=7, linear_value_head_dim=9, linear_conv_kernel_dim=3, linear_allow_neg_eigval=False, tie_word_embeddings=True,
        attention_bias=True, rope_parameters=rope(5e5),
    ),
    "qwen2-sliding": case("qwen2", 70, use_sliding_window=True, sliding_window=11, max_window_layers=1, num_hidden_layers=4),
    "gemma3_text-plain": case("gemma3_text", 70),
    "gemma3_text-untied-odd": case(
        "gemma3_text", 75, hidden_size=40, num_attention_heads=5, num_key_value_heads=1, head_dim=10, vocab_size=101, num_hidden_layers=3,
        tie_word_embeddings=False, attention_bias=True, sliding_window=16, layer_types=["full_attention", "sliding_attention", "full_attention"],
        rope_parameters={"sliding_attention": rope(1e3), "full_attention": rope(1e5, rope_type="linear", factor=8.0)},
    ),
    # As published: a pattern in place of types, and positions of both kinds beside each other.
    "gemma3_text-old-config": case(
        "gemma3_text", 60, num_hidden_layers=7, sliding_window=7, layer_types=None, query_pre_attn_scalar=12,
        rope_parameters={"sliding_attention": rope(1e4), "full_attention": rope(1e6)},
        old_config=dict(
            layer_types=None, sliding_window_pattern=6, _sliding_window_pattern=None, rope_parameters=None, rope_theta=1000000.0,
            rope_local_base_freq=10000.0, rope_scaling=None, dtype=None, transformers_version=None, tie_word_embeddings=None,
        ),
    ),
}
