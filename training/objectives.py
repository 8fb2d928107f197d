"""What is minimised: step 2, each mixer against its own attention layer; step 3, KL to the teacher's next tokens.

Both are modules whose forward takes ids (B,T) and returns (loss, parts), so that DDP can wrap them. The teacher is not
registered: it is neither trained, saved nor synchronised.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from transformers import BambaForCausalLM, LlamaForCausalLM

from training.hybrid import View, forward_hidden, mamba_layers
from training.loader import Piece
from training.mixer import mixer_features
from training.refit import product
from training.rollouts import Rollouts, unlikelihood
from training.traces import recorded, trace


class LayerByLayer(nn.Module):
    """Mean over layers of |mixer(x) - attention(x)|² / |attention(x)|², x being the teacher's own input there.

    `record` is a folder that keeps the teacher's traces for later epochs. With `refit` the products of the last forward
    pass, which `OutProjections` adds up, are left in `products`.
    """

    def __init__(self, student: BambaForCausalLM, teacher: LlamaForCausalLM, record: Path | None = None, refit: bool = False):
        super().__init__()
        self.mixers = nn.ModuleDict({str(i): mixer for i, mixer in mamba_layers(student).items()})
        self.unregistered, self.record, self.refit = (teacher,), record, refit
        self.products: dict[str, torch.Tensor] = {}

    def forward(self, ids: torch.Tensor):
        teacher, layers = self.unregistered[0], [int(i) for i in self.mixers]
        traces = recorded(teacher, ids, layers, self.record) if self.record else trace(teacher, ids)
        parts = []
        for i, mixer in self.mixers.items():
            at = traces[int(i)]
            target = at.output.float()
            features = mixer_features(mixer, at.input)[0]
            mixed = mixer.out_proj(features).float()
            parts.append((mixed - target).square().sum() / target.square().sum())
            if self.refit and torch.is_grad_enabled():
                self.products[i] = product(features, target)
        parts = torch.stack(parts)
        return parts.mean(), parts.detach()


class EndToEnd(nn.Module):
    """Mean over tokens of KL(teacher || student), nats; with `rollouts` also `weight` times their unlikelihood.

    Parts: the KL alone, then, with rollouts, the unlikelihood and the share of repeating tokens in them.
    """

    def __init__(self, student, teacher, view: View, recompute: bool, rollouts: Rollouts | None = None, weight: float = 0):
        super().__init__()
        self.student, self.view, self.recompute = student, view, recompute
        self.rollouts, self.weight = rollouts, weight
        self.unregistered = (teacher,)

    def forward(self, ids: torch.Tensor):
        teacher = self.unregistered[0]
        with torch.no_grad():
            target = teacher.model(ids, use_cache=False).last_hidden_state
        hidden = forward_hidden(self.student, ids, self.view, recompute=self.recompute)
        dtype = target.dtype
        loss = HeadKl.apply(hidden, self.student.lm_head.weight, target, teacher.lm_head.weight, dtype)
        parts = [loss.detach()]
        if self.rollouts and torch.is_grad_enabled():
            unlikely, share = unlikelihood(self.student, teacher, self.rollouts.next(), self.view)
            loss = loss + self.weight * unlikely
            parts += [unlikely.detach(), torch.tensor(share, device=loss.device)]
        return loss, torch.stack(parts)


class Answers(nn.Module):
    """Pieces of several kinds: cross-entropy where the text proves the answer, KL to the teacher elsewhere.

    forward takes a `Piece` and returns the sum of its loss: of weight times nats over the weighted tokens, or of KL over all tokens.
    """

    def __init__(self, student, teacher, view: View, recompute: bool, every: int = 1):
        super().__init__()
        self.student, self.view, self.recompute, self.every = student, view, recompute, every
        self.unregistered = (teacher,)

    def forward(self, piece: Piece) -> torch.Tensor:
        hidden = forward_hidden(self.student, piece.ids, self.view, recompute=self.recompute)
        return self.distilled(hidden, piece.ids) if piece.weights is None else self.proven(hidden, piece)

    def proven(self, hidden: torch.Tensor, piece: Piece) -> torch.Tensor:
        """Only the tokens that count go through the head."""
        counted = piece.weights[:, 1:] > 0
        hidden, ids, weights = hidden[:, :-1][counted], piece.ids[:, 1:][counted], piece.weights[:, 1:][counted]
        total = hidden.sum() * 0
        for h, i, w in zip(hidden.split(512), ids.split(512), weights.split(512)):
            total = total + (F.cross_entropy(self.student.lm_head(h).float(), i, reduction="none") * w).sum()
        return total

    def distilled(self, hidden: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        teacher = self.unregistered[0]
        with torch.no_grad():
            target = teacher.model(ids, use_cache=False).last_hidden_state
        first = int(torch.randint(self.every, ())) if torch.is_grad_enabled() else 0
        hidden, target = hidden[:, first :: self.every], target[:, first :: self.every]
        return HeadKl.apply(hidden, self.student.lm_head.weight, target, teacher.lm_head.weight, target.dtype) * ids.numel()


def divergence(student: torch.Tensor, teacher: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (n,V) of both -> the sum over n of KL(teacher || student), and its gradient by the student's logits."""
    q, log_p = torch.log_softmax(student.float(), -1), torch.log_softmax(teacher.float(), -1)
    p = log_p.exp()
    return (p * (log_p - q)).sum(), (q.exp() - p).to(student.dtype)


class HeadKl(torch.autograd.Function):
    """KL after both heads, a slice of tokens at a time, so that (tokens, V) never exists in full.

    hidden (B,T,D) and weight (V,D) are the student's, the other two the teacher's. The gradient of the logits is
    softmax(student) - softmax(teacher), so it is formed in the forward pass and nothing large is kept.
    """

    SLICE = 512  # tokens; on a GPU 16 times as many, for larger products
    quick = None

    @staticmethod
    def compile() -> None:
        HeadKl.quick = torch.compile(divergence, dynamic=False)

    @staticmethod
    def forward(ctx, hidden, weight, target_hidden, target_weight, dtype):
        flat, target = hidden.reshape(-1, hidden.shape[-1]), target_hidden.reshape(-1, hidden.shape[-1])
        head, target_head = weight.to(dtype), target_weight.to(dtype)
        wants_weight = ctx.needs_input_grad[1]
        total = flat.new_zeros((), dtype=torch.float32)
        by_hidden = torch.empty_like(flat, dtype=torch.float32)
        by_weight = torch.zeros_like(weight, dtype=torch.float32) if wants_weight else None
        with torch.autocast(hidden.device.type, enabled=False):
            size = HeadKl.SLICE * (16 if flat.is_cuda else 1)
            for at in range(0, len(flat), size):
                here = slice(at, at + size)
                of_logits = HeadKl.quick if HeadKl.quick and len(flat[here]) == size else divergence
                kl, error = of_logits(flat[here].to(dtype) @ head.T, target[here].to(dtype) @ target_head.T)
                total += kl
                by_hidden[here] = (error @ head).float()
                if wants_weight:
                    by_weight += (error.T @ flat[here].to(dtype)).float()
        ctx.save_for_backward(by_hidden.div_(len(flat)).reshape(hidden.shape), by_weight)
        ctx.tokens, ctx.dtype = len(flat), hidden.dtype
        return total / len(flat)

    @staticmethod
    def backward(ctx, upstream):
        by_hidden, by_weight = ctx.saved_tensors
        if by_weight is not None:
            by_weight = by_weight * (upstream / ctx.tokens)
        return (by_hidden * upstream).to(ctx.dtype), by_weight, None, None, None
