"""Simulates the engine's weight formats: a copy of the hybrid whose matrices went through 8 or 4 bits and back.

8 bit: blocks of 32 inputs, int8, one float scale per block (largest / 127).
4 bit: blocks of 32 inputs, w = d·s·q + m·t with q 0…15 and s, t 0…255 per block, d ≥ 0 and m ≤ 0 float32 per row. Scales are
searched so that the error of outputs is least: each input's squared error counts by that input's mean square.
Definition of the formats: docs/notation.md. Source of the search: ggml `make_qkx2_quants`.
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from training.hybrid import View, forward_hidden

BLOCK = 32
TRIES = [-1.0 + 0.2 * i for i in range(11)]  # added to the 15 steps of the full range
ROWS = 4096  # rows searched at once


def blocks_of(weight: torch.Tensor) -> torch.Tensor:
    """(R,C) -> (R, blocks, 32), the last block padded with zeros."""
    return F.pad(weight.float(), (0, -weight.shape[1] % BLOCK)).unflatten(1, (-1, BLOCK))


def through_q8(weight: torch.Tensor) -> torch.Tensor:
    """(R,C) -> the same after 8 bits."""
    blocks = blocks_of(weight)
    scale = blocks.abs().amax(-1, keepdim=True) / 127
    q = torch.where(scale > 0, (blocks / scale).round(), 0.0)
    return (q * scale).flatten(1)[:, : weight.shape[1]]


def through_q4(weight: torch.Tensor, moments: torch.Tensor | None = None) -> torch.Tensor:
    """(R,C) -> the same after 4 bits; moments (C): mean square of each input, or None for all alike."""
    moments = torch.ones(weight.shape[1], device=weight.device) if moments is None else moments.float()
    importance = blocks_of(moments[None])[0] + 1e-12 * moments.mean()  # (blocks, 32)
    parts = [rows_through_q4(blocks_of(rows), importance) for rows in weight.split(ROWS)]
    return torch.cat(parts).flatten(1)[:, : weight.shape[1]]


def rows_through_q4(x: torch.Tensor, importance: torch.Tensor) -> torch.Tensor:
    """x (R, blocks, 32) -> the same after 4 bits."""
    scale, offset = on_grid(*best_range(x, importance))
    return steps(x, scale, offset) * scale[..., None] + offset[..., None]


def best_range(x: torch.Tensor, importance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Scale and offset (R, blocks) of least weighted error, before they are rounded themselves."""
    low, high = x.amin(-1).clamp(max=0), x.amax(-1)
    reach = (high - low).clamp(min=1e-30)
    best_scale, best_low = reach / 15, low
    best = error_of(x, steps(x, best_scale, best_low), best_scale, best_low, importance)
    for extra in TRIES:
        q = steps(x, reach / (15 + extra), low)
        scale, offset = least_squares(x, q, importance)
        error = error_of(x, q, scale, offset, importance)
        better = error < best
        best, best_scale = torch.where(better, error, best), torch.where(better, scale, best_scale)
        best_low = torch.where(better, offset, best_low)
    return best_scale, best_low


def on_grid(scale: torch.Tensor, offset: torch.Tensor, d=None, m=None) -> tuple[torch.Tensor, torch.Tensor]:
    """d·s and m·t: both (R, blocks) as 8-bit multiples of their row's d and m (R,1), by default the largest / 255."""
    d = scale.amax(1, keepdim=True) / 255 if d is None else d
    m = offset.amin(1, keepdim=True) / 255 if m is None else m
    s = torch.where(d > 0, scale / d, 0).round().clamp(0, 255)
    t = torch.where(m < 0, offset / m, 0).round().clamp(0, 255)
    return d * s, m * t


def through_q4_compensated(weight: torch.Tensor, product: torch.Tensor, damping: float = 0.01) -> torch.Tensor:
    """(R,C) -> the same after 4 bits, column by column: what one column's rounding adds to the outputs, later columns take back.

    product (C,C): mean of x xᵀ over the inputs. Source: GPTQ, arXiv 2210.17323.
    """
    (rows, columns), x = weight.shape, weight.float().clone()
    h = product.double() + damping * product.diagonal().mean().double() * torch.eye(columns, device=weight.device)
    upper = torch.linalg.cholesky(torch.linalg.inv(h), upper=True).float()
    importance = blocks_of(product.diagonal()[None])[0] + 1e-12 * product.diagonal().mean()
    scale, offset = best_range(blocks_of(x), importance)
    d, m = scale.amax(1, keepdim=True) / 255, offset.amin(1, keepdim=True) / 255
    for at in range(0, columns, BLOCK):
        end = min(at + BLOCK, columns)
        block, errors = x[:, at:end], torch.empty(rows, end - at, device=x.device)
        own = best_range(blocks_of(block), importance[at // BLOCK][None])
        scale, offset = (v[:, 0] for v in on_grid(*own, d, m))
        for j in range(end - at):
            rounded = steps(block[:, j, None, None], scale[:, None], offset[:, None])[:, 0, 0] * scale + offset
            errors[:, j] = (block[:, j] - rounded) / upper[at + j, at + j]
            block[:, j] = rounded
            block[:, j + 1 :] -= errors[:, j, None] * upper[at + j, at + j + 1 : end]
        x[:, end:] -= errors @ upper[at:end, end:]
    return x


def steps(x, scale, offset) -> torch.Tensor:
    """The nearest q, 0…15, for scale and offset (R, blocks)."""
    return ((x - offset[..., None]) / scale.clamp(min=1e-30)[..., None]).round().clamp(0, 15)


def error_of(x, q, scale, offset, importance) -> torch.Tensor:
    return (importance * (q * scale[..., None] + offset[..., None] - x).square()).sum(-1)


def least_squares(x, q, importance) -> tuple[torch.Tensor, torch.Tensor]:
    """The scale ≥ 0 and offset ≤ 0 (R, blocks) that fit x best for given q."""
    w, wq = importance.sum(-1), (importance * q).sum(-1)
    wqq, wx, wqx = (importance * q * q).sum(-1), (importance * x).sum(-1), (importance * q * x).sum(-1)
    determinant = w * wqq - wq * wq
    scale = (w * wqx - wx * wq) / determinant.clamp(min=1e-30)
    offset = (wqq * wx - wq * wqx) / determinant.clamp(min=1e-30)
    alone = wqx / wqq.clamp(min=1e-30)  # best scale when the offset is held at 0
    return torch.where(offset > 0, alone, scale).clamp(min=0), offset.clamp(max=0)


def matrices(model: nn.Module) -> dict[str, nn.Linear]:
    return {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}


@torch.no_grad()
def input_products(model, batches: list[torch.Tensor], view: View = View()) -> dict[str, torch.Tensor]:
    """Mean of x xᵀ over every matrix's inputs x for ids (B,T) in `batches`: name -> (C,C)."""
    sums, counts, hooks = {}, {}, []
    for name, linear in matrices(model).items():

        def add(module, positional, name=name):
            x = positional[0].flatten(0, -2).float()
            sums[name] = sums.get(name, 0) + x.T @ x
            counts[name] = counts.get(name, 0) + len(x)

        hooks.append(linear.register_forward_pre_hook(add))
    for ids in batches:
        model.lm_head(forward_hidden(model, ids, view))
    for hook in hooks:
        hook.remove()
    return {name: sums[name] / counts[name] for name in sums}


@torch.no_grad()
def quantized(model, bits: int, products: dict[str, torch.Tensor] | None = None, activations: bool = True):
    """A copy of `model` with every matrix through `bits` (8 or 4), and its inputs through 8 bits as in the engine.

    With `products` (of `input_products`) 4 bits are calibrated: compensated, but for the head, which is the embedding too.
    """
    model = copy.deepcopy(model)
    for name, linear in matrices(model).items():
        product = (products or {}).get(name)
        if bits == 8:
            weight = through_q8(linear.weight)
        elif product is None:
            weight = through_q4(linear.weight)
        elif name == "lm_head":
            weight = through_q4(linear.weight, product.diagonal())
        else:
            weight = through_q4_compensated(linear.weight, product)
        linear.weight.copy_(weight)
        if activations:
            linear.register_forward_pre_hook(lambda _, positional: (through_q8_rows(positional[0]),))
    return model


def through_q8_rows(x: torch.Tensor) -> torch.Tensor:
    """Activations (..., C) as the engine rounds them: 8 bits, one scale per 32 inputs."""
    return through_q8(x.flatten(0, -2)).reshape(x.shape).to(x.dtype)
