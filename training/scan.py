"""The Mamba-2 scan in chunks: inside a chunk a masked matrix product, between chunks the state.

B batch, T tokens, H heads, P head width, G groups, N state width, L chunk length.
Source: Mamba-2, arXiv 2405.21060, listing 1. Reference: transformers `models/bamba`; tests/test_scan.py compares them.
"""

import torch
import torch.nn.functional as F


def chunked_scan(x, dt, a, b, c, d, chunk: int, state=None):
    """s_t = exp(dt_t a) s_{t-1} + dt_t x_t b_t^T and y_t = s_t c_t + d x_t, for every head.

    x (B,T,H,P); dt (B,T,H), after softplus; a (H), negative; b, c (B,T,G,N), G divides H; d (H);
    state (B,H,P,N) or None for zeros. Returns y (B,T,H,P) and the last state (B,H,P,N), float32.
    """
    batch, tokens, heads, width = x.shape
    length = min(chunk, tokens)
    pad = -tokens % length
    if pad:  # dt = 0 leaves the state as it is: decay 1, input 0
        x, dt, b, c = (F.pad(v, (0, 0) * (v.dim() - 2) + (0, pad)) for v in (x, dt, b, c))
    x, b, c = (heads_first(v, length, heads) for v in (x, b, c))  # (B,chunks,H,L,·)
    dt = dt.float().unflatten(1, (-1, length)).transpose(2, 3)  # (B,chunks,H,L)

    log_decay = torch.cumsum(dt * a.float()[:, None], dim=-1)
    between = log_decay[..., :, None] - log_decay[..., None, :]  # from token j (last axis) to token i
    causal = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()
    decay = torch.exp(between.masked_fill(~causal, -torch.inf))

    input = x * dt[..., None].to(x.dtype)
    y = ((c @ b.transpose(-1, -2)) * decay).to(x.dtype) @ input
    to_end = torch.exp(log_decay[..., -1:] - log_decay)[..., None].to(x.dtype)
    added = ((input * to_end).transpose(-1, -2) @ b).float()  # (B,chunks,H,P,N)
    whole = torch.exp(log_decay[..., -1])[..., None, None]

    state = x.new_zeros(added[:, 0].shape, dtype=torch.float32) if state is None else state
    before = []
    for index in range(added.shape[1]):
        before.append(state)
        state = state * whole[:, index] + added[:, index]
    carried = c @ torch.stack(before, 1).to(c.dtype).transpose(-1, -2)  # (B,chunks,H,L,P)
    y = y + carried * torch.exp(log_decay)[..., None] + x * d[:, None, None]
    return y.transpose(2, 3).reshape(batch, -1, heads, width)[:, :tokens], state


def heads_first(v: torch.Tensor, length: int, heads: int) -> torch.Tensor:
    """(B,T,G,K) -> (B,chunks,H,L,K); each group serves H/G neighbouring heads."""
    v = v.unflatten(1, (-1, length)).transpose(2, 3)
    return v if v.shape[2] == heads else v.repeat_interleave(heads // v.shape[2], dim=2)
