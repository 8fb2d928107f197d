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

    before, state = states_before(added, log_decay[..., -1], state)
    carried = c @ before.to(c.dtype).transpose(-1, -2)  # (B,chunks,H,L,P)
    y = y + carried * torch.exp(log_decay)[..., None] + x * d[:, None, None]
    return y.transpose(2, 3).reshape(batch, -1, heads, width)[:, :tokens], state


def states_before(added, log_decay, state=None):
    """added (B,chunks,H,P,N): what each chunk adds to the state; log_decay (B,chunks,H): of a whole chunk; state (B,H,P,N) or None.

    Returns the state before each chunk (B,chunks,H,P,N) and the last one: one matrix product over chunks in place of a loop, which costs a
    GPU a launch for every chunk. The sums are float64, since what is wanted is differences of them.
    """
    batch, chunks, heads, width, length = added.shape
    ends = F.pad(log_decay.transpose(1, 2).double().cumsum(-1), (1, 0))  # (B,H,chunks+1): before chunk 0, after chunk 0, …
    between = ends[..., :, None] - ends[..., None, 1:]  # from the end of chunk j (last axis) to the beginning of chunk i
    earlier = torch.ones(chunks + 1, chunks, dtype=torch.bool, device=added.device).tril(-1)
    decay = torch.exp(between.masked_fill(~earlier, -torch.inf)).to(added.dtype)
    with torch.autocast(added.device.type, enabled=False):
        states = decay @ added.transpose(1, 2).flatten(3)  # (B,H,chunks+1,P·N)
    if state is not None:
        states = states + torch.exp(ends).to(added.dtype)[..., None] * state.flatten(2)[:, :, None]
    states = states.unflatten(-1, (width, length)).transpose(1, 2)
    return states[:, :-1], states[:, -1]


def heads_first(v: torch.Tensor, length: int, heads: int) -> torch.Tensor:
    """(B,T,G,K) -> (B,chunks,H,L,K); each group serves H/G neighbouring heads."""
    v = v.unflatten(1, (-1, length)).transpose(2, 3)
    return v if v.shape[2] == heads else v.repeat_interleave(heads // v.shape[2], dim=2)
