"""Mamba-2 mixer in standard ONNX operators: the T new tokens are one chunk of the scan, in the stable form with masked cumulative sums.

Memory grows with H·T², so callers feed a few dozen tokens at a time. Source: Mamba-2, arXiv 2405.21060; transformers `BambaMixer`.
"""

import numpy as np
from onnx import TensorProto

from export_onnx_graph import END


def mamba(decoder, x: str, at: str, i: int) -> str:
    g, config = decoder.graph, decoder.config
    H, G, N = config.mamba_n_heads, config.mamba_n_groups, config.mamba_d_state
    inner = int(config.mamba_expand * config.hidden_size)
    channels = inner + 2 * G * N
    z, xBC, dt = g.split(g.linear(x, f"{at}.in_proj"), inner, channels, H)
    xs, B, C = g.split(convolve(decoder, xBC, at, i, channels), inner, G * N, G * N)
    y = scan(decoder, xs, B, C, time_step(decoder, dt, at), at, i)
    return g.linear(g.rms_norm(g.op("Mul", y, g.silu(z)), f"{at}.norm.weight", config.rms_norm_eps, groups=G), f"{at}.out_proj")


def convolve(decoder, x: str, at: str, i: int, channels: int) -> str:
    """Causal depthwise convolution over (T, channels) as K shifted products, then silu."""
    g, K = decoder.graph, decoder.config.mamba_d_conv
    past = g.input(f"past_conv.{i}", TensorProto.FLOAT, [1, channels, K - 1])
    g.output(f"present_conv.{i}", [1, channels, K - 1])
    tail = g.op("Transpose", g.reshape(past, channels, K - 1), perm=[1, 0])
    whole = g.op("Concat", tail, x, axis=0)  # (K - 1 + T, channels)
    last = g.op("Transpose", g.slice(whole, -(K - 1), END, 0), perm=[1, 0])
    g.op("Reshape", last, g.ints(1, channels, K - 1), named=f"present_conv.{i}")
    weight = g.weights[f"{at}.conv1d.weight"].astype(np.float32)
    total = g.weight(f"{at}.conv1d.bias") if f"{at}.conv1d.bias" in g.weights else None
    for k in range(K):
        end = END if k == K - 1 else k - (K - 1)
        tap = g.op("Mul", g.slice(whole, k, end, 0), g.store(f"{at}.conv1d.tap{k}", weight[:, 0, k]))
        total = tap if total is None else g.op("Add", total, tap)
    return g.silu(total)


def time_step(decoder, dt: str, at: str) -> str:
    g, (low, high) = decoder.graph, decoder.config.time_step_limit
    dt = g.op("Softplus", g.op("Add", dt, g.weight(f"{at}.dt_bias")))
    return dt if (low, high) == (0.0, float("inf")) else g.op("Clip", dt, g.constant(low), g.constant(high))


def scan(decoder, x: str, B: str, C: str, dt: str, at: str, i: int) -> str:
    """y (T, inner) and the next state; heads are (G, R), R of them sharing B and C."""
    g, config = decoder.graph, decoder.config
    H, P, G, N = config.mamba_n_heads, config.mamba_d_head, config.mamba_n_groups, config.mamba_d_state
    R = H // G
    past = g.reshape(g.input(f"past_ssm.{i}", TensorProto.FLOAT, [1, H, P, N]), G, R, P, N)
    g.output(f"present_ssm.{i}", [1, H, P, N])
    A = g.store(f"{at}.A", -np.exp(g.weights[f"{at}.A_log"].astype(np.float32)))
    by_head = lambda v: g.op("Transpose", g.reshape(v, -1, G, R), perm=[1, 2, 0])  # (G, R, T)
    decay = by_head(g.op("Mul", dt, A))
    # segments[t, s] = decay of steps s+1…t, 0 on the diagonal
    spread = g.op("Where", decoder.before, g.op("Unsqueeze", decay, g.ints(-1)), g.constant(0))
    segments = g.op("CumSum", spread, g.constant(-2, np.int64))
    weights = g.op("Exp", g.op("Where", decoder.until, segments, g.constant(-np.inf)))
    since = g.op("Exp", g.op("CumSum", decay, g.constant(-1, np.int64)))  # from the state before to step t
    heads = g.reshape(x, -1, G, R, P)
    xs = g.op("Transpose", heads, perm=[1, 2, 0, 3])  # (G, R, T, P)
    xdt = g.op("Mul", xs, g.op("Unsqueeze", by_head(dt), g.ints(-1)))
    by_group = lambda v, perm: g.op("Unsqueeze", g.op("Transpose", g.reshape(v, -1, G, N), perm=perm), g.ints(1))
    columns = by_group(B, [1, 2, 0])  # (G, 1, N, T)
    within = g.op("Mul", g.op("MatMul", by_group(C, [1, 0, 2]), columns), weights)  # (G, R, T, T)
    carried = g.op("Mul", g.op("MatMul", past, by_group(C, [1, 2, 0])), g.op("Unsqueeze", since, g.ints(2)))  # (G, R, P, T)
    y = g.op("Add", g.op("MatMul", within, xdt), g.op("Transpose", carried, perm=[0, 1, 3, 2]))
    skip = g.op("Mul", xs, g.weight(f"{at}.D", (G, R, 1, 1)))
    y = g.reshape(g.op("Transpose", g.op("Add", y, skip), perm=[2, 0, 1, 3]), -1, H * P)

    to_end = g.op("Transpose", g.slice(weights, -1, END, 2), perm=[0, 1, 3, 2])  # (G, R, T, 1)
    added = g.op("MatMul", g.op("Transpose", g.op("Mul", xdt, to_end), perm=[0, 1, 3, 2]), by_group(B, [1, 0, 2]))
    kept = g.op("Mul", past, g.op("Unsqueeze", g.slice(since, -1, END, 2), g.ints(-1)))
    g.op("Reshape", g.op("Add", kept, added), g.ints(1, H, P, N), named=f"present_ssm.{i}")
    return y
