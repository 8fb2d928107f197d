"""Perplexity and KL over windows of held-out tokens, a slice of logits at a time."""

import torch
from tqdm import tqdm

from training.hybrid import View, forward_hidden


@torch.no_grad()
def hidden_of(model, windows: torch.Tensor, view: View = View(), batch: int = 4) -> torch.Tensor:
    """windows (n,T) ids -> final normed hidden (n,T,D) of a hybrid or of the teacher."""
    bamba = model.config.model_type == "bamba"
    parts = []
    for ids in tqdm(windows.split(batch), desc="scoring", leave=False, mininterval=5):
        parts.append(forward_hidden(model, ids, view) if bamba else model.model(ids, use_cache=False).last_hidden_state)
    return torch.cat(parts)


@torch.no_grad()
def perplexity(hidden: torch.Tensor, head, windows: torch.Tensor) -> float:
    """exp of the mean negative log-likelihood of every next token in windows (n,T); head maps hidden to logits."""
    total = 0.0
    for h, ids in zip(hidden, windows):
        total += float(torch.nn.functional.cross_entropy(head(h[:-1]).float(), ids[1:], reduction="sum"))
    return float(torch.tensor(total / (windows.numel() - len(windows))).exp())


@torch.no_grad()
def divergence(hidden_p: torch.Tensor, head_p, hidden_q: torch.Tensor, head_q) -> float:
    """Mean KL(p || q) per token, nats; hidden (n,T,D) of each and the head that reads it."""
    total = 0.0
    for p, q in zip(hidden_p, hidden_q):
        log_p, log_q = torch.log_softmax(head_p(p).float(), -1), torch.log_softmax(head_q(q).float(), -1)
        total += float((log_p.exp() * (log_p - log_q)).sum())
    return total / hidden_p[..., 0].numel()
