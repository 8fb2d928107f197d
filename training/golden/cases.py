"""The golden checkpoints: what each one is for, its config, its prompt length. Other architectures: family.py.

A case is the transformers config over BAMBA or LLAMA below, plus:
  tokens      prompt length
  shard       max_shard_size, for several files and an index
  dt          range of the time step before the data moves it (log-uniform; Bamba)
  decay       range of A = exp(A_log) (log-uniform; Bamba)
  old_config  rewrites config.json: a value of None removes the key, as older checkpoints lack it
"""

from golden.family import FAMILY

BAMBA = dict(
    vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
    attn_layer_indices=[1], mamba_n_heads=8, mamba_d_state=16, mamba_chunk_size=16, max_position_embeddings=512,
)
LLAMA = dict(
    vocab_size=96, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=512,
)


def bamba(tokens: int, **config) -> dict:
    return {"type": "bamba", "tokens": tokens, "dt": (0.01, 1.0), "decay": (0.3, 8.0)} | split(BAMBA, config)


def llama(tokens: int, **config) -> dict:
    return {"type": "llama", "tokens": tokens} | split(LLAMA, config)


def split(defaults: dict, given: dict) -> dict:
    own = {key: given.pop(key) for key in ("dt", "decay", "shard", "old_config") if key in given}
    return own | {"config": defaults | given}


def rope(theta: float = 1e4, kind: str = "default", **more) -> dict:
    return {"rope_type": kind, "rope_theta": theta, **more}


LLAMA3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)

CASES = {
    "bamba-short": bamba(5),
    "bamba-one-chunk": bamba(16, mamba_proj_bias=True, attn_layer_indices=[2]),
    "bamba-groups2": bamba(
        17, mamba_n_groups=2, mamba_proj_bias=True, attn_layer_indices=[0], tie_word_embeddings=True,
        hidden_size=48, vocab_size=101, mamba_d_state=24,
    ),
    "bamba-groups4": bamba(70, mamba_n_groups=4, mamba_conv_bias=False, rms_norm_eps=0.01, shard="60KB"),
    "bamba-groups4-bias": bamba(
        70, mamba_n_groups=4, mamba_proj_bias=True, tie_word_embeddings=True, rope_parameters=rope(1e5, partial_rotary_factor=0.5),
    ),
    "bamba-norm-whole": bamba(70, mamba_n_groups=4, mamba_norm_groups=1),
    "bamba-norm-halves": bamba(70, mamba_n_groups=4, mamba_norm_groups=2, mamba_conv_bias=False),
    "bamba-no-attention": bamba(70, attn_layer_indices=[], tie_word_embeddings=True, vocab_size=104),
    "bamba-all-attention": bamba(33, attn_layer_indices=[0, 1, 2], num_key_value_heads=4),
    "bamba-rotary-full": bamba(70, attn_layer_indices=[0, 2], rope_parameters=rope(partial_rotary_factor=1.0), mamba_conv_bias=False),
    # Half of a head of 10 is 5 dimensions, which transformers rounds up to 6: frequencies theta ** -(0, 2, 4)/5.
    "bamba-rotary-odd": bamba(33, hidden_size=40, mamba_n_heads=10, vocab_size=100, attn_layer_indices=[0, 2]),
    "bamba-rotary-llama3": bamba(
        70, hidden_size=64, mamba_n_groups=2, num_hidden_layers=2, rope_parameters=rope(5e5, "llama3", partial_rotary_factor=0.5, **LLAMA3),
    ),
    "bamba-shapes": bamba(
        33, hidden_size=40, vocab_size=101, num_attention_heads=5, num_key_value_heads=1, mamba_expand=3, mamba_n_heads=5,
        mamba_d_head=24, mamba_d_state=12, mamba_d_conv=3, mamba_chunk_size=8, mamba_conv_bias=False, mamba_proj_bias=True,
    ),
    "bamba-biases": bamba(
        70, mamba_n_groups=2, mamba_d_state=20, mamba_d_conv=2, mamba_chunk_size=64, mamba_proj_bias=True,
        attention_bias=True, mlp_bias=True, vocab_size=160,
    ),
    "bamba-large-dt": bamba(70, mamba_n_groups=2, dt=(0.5, 40.0), decay=(0.01, 1.0)),
    "bamba-time-limit": bamba(70, time_step_limit=[0.1, 0.7]),
    "bamba-long": bamba(300, mamba_n_groups=2, mamba_chunk_size=256, attn_layer_indices=[0, 2]),
    "bamba-long-small-chunk": bamba(300, mamba_proj_bias=True, dt=(0.002, 0.2), decay=(0.3, 2.0), tie_word_embeddings=True),
    # As older checkpoints are: no rope_parameters but rope_theta, and a minimum of fields, so the defaults must be right.
    "bamba-old-config": bamba(
        40, rope_parameters=rope(2e4, partial_rotary_factor=0.5), mamba_chunk_size=256, num_key_value_heads=4,
        old_config=dict(
            rope_parameters=None, rope_theta=2e4, mamba_d_head="auto", mamba_n_groups=None, mamba_conv_bias=None,
            mamba_proj_bias=None, mamba_d_conv=None, mamba_expand=None, mamba_chunk_size=None, time_step_limit=None, rms_norm_eps=None,
            attention_bias=None, mlp_bias=None, attention_dropout=None, hidden_act=None, tie_word_embeddings=None, z_loss_coefficient=None,
            num_logits_to_keep=None, dtype=None, transformers_version=None,
        ),
    ),
    "llama-short": llama(3, attention_bias=True, mlp_bias=True, num_key_value_heads=1),
    "llama-plain": llama(17),
    "llama-grouped-tied": llama(70, hidden_size=48, vocab_size=101, num_key_value_heads=2, tie_word_embeddings=True),
    "llama-biases": llama(70, attention_bias=True, mlp_bias=True, num_key_value_heads=2, rms_norm_eps=0.01, vocab_size=160),
    "llama-long": llama(300, hidden_size=64, num_hidden_layers=2, num_key_value_heads=2, rope_parameters=rope(1e5), shard="60KB"),
    "llama-head-dim": llama(16, hidden_size=40, num_attention_heads=5, num_key_value_heads=1, head_dim=16, vocab_size=101),
    "llama-rope-llama3": llama(
        300, hidden_size=48, num_hidden_layers=2, num_key_value_heads=2, head_dim=16, rope_parameters=rope(5e5, "llama3", **LLAMA3),
    ),
    "llama-rope-linear": llama(70, head_dim=16, tie_word_embeddings=True, rope_parameters=rope(kind="linear", factor=4.0)),
    "llama-old-config": llama(
        70, rope_parameters=rope(1e5, "llama3", **LLAMA3), rms_norm_eps=1e-6,
        old_config=dict(
            rope_parameters=None, rope_theta=1e5, rope_scaling={"rope_type": "llama3", **LLAMA3}, head_dim=None, num_key_value_heads=None,
            attention_bias=None, mlp_bias=None, tie_word_embeddings=None, rms_norm_eps=None, hidden_act=None, attention_dropout=None,
            dtype=None, transformers_version=None,
        ),
    ),
} | FAMILY
