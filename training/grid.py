"""Training on the engine's 4-bit grid: what the forward pass sees is what the pack will hold.

Every matrix keeps hidden float weights beside it. `enter` puts their nearest codes in their place, the gradient of the rounded weights is
taken as theirs (straight through), and `leave` puts the hidden ones back for the optimizer. Scales and offsets of the blocks stay; a gain per
row, which the pack's row scales can hold exactly, is trained beside them. Of a matrix that does not learn its gain still may: it then stands
behind the product, so that no gradient of the matrix is needed, which is a third of a step. Source: Jacob et al., arXiv 1712.05877; Esser et al., arXiv 1902.08153.
"""

from functools import partial

import torch
from torch import nn

from training.pack import Q4
from training.quantize import best_range, blocks_of, matrices, on_grid, steps


class Grid:
    """The grid of a model's matrices but the head, which is the embedding too and stays as it is. Matrices are (R,C)."""

    def __init__(self, model: nn.Module, known: dict[str, Q4] | None = None, state: dict | None = None):
        """`known`: grids by weight name, of a pack; `state`: what `state_dict` gave. The others are searched for the weights as they are."""
        self.linears = {f"{name}.weight": linear for name, linear in matrices(model).items() if name != "lm_head"}
        self.scale, self.offset, self.gain, self.hidden = {}, {}, {}, {}
        for name, linear in self.linears.items():
            weight = linear.weight.data
            if state and name in state["scale"]:
                scale, offset = state["scale"][name], state["offset"][name]
            elif known and name in known:
                scale, offset = known[name].scale, known[name].offset
            else:
                blocks = blocks_of(weight)
                scale, offset = on_grid(*best_range(blocks, torch.ones(blocks.shape[1], 32, device=weight.device)))
            self.scale[name], self.offset[name] = scale.to(weight.device), offset.to(weight.device)
            self.gain[name] = nn.Parameter(torch.ones(len(weight), 1, device=weight.device))
        self.fixed: dict[str, torch.Tensor] = {}  # values of matrices that do not learn: rounded once
        self.dtype = torch.float32  # of those values
        self.hooks: list = []
        self.inside = False
        if state:
            self.load_state_dict(state)

    def nearest(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """weight (R,C) -> the nearest values of the grid, without the gain."""
        scale, offset = self.scale[name], self.offset[name]
        codes = steps(blocks_of(weight), scale, offset)
        return codes.mul_(scale[..., None]).add_(offset[..., None]).flatten(1)[:, : weight.shape[1]]

    @torch.no_grad()
    def enter(self) -> None:
        for name, linear in self.linears.items():
            self.hidden[name] = linear.weight.data
            if linear.weight.requires_grad:
                self.fixed.pop(name, None)
                linear.weight.data = self.nearest(name, linear.weight.data) * self.gain[name]
                continue
            behind = self.gain[name].requires_grad
            if name not in self.fixed:
                values = self.nearest(name, linear.weight.data)
                self.fixed[name] = (values if behind else values * self.gain[name]).to(self.dtype)
            linear.weight.data = self.fixed[name]
            if behind:
                self.hooks.append(linear.register_forward_hook(partial(times, self.gain[name])))
        self.inside = True

    @torch.no_grad()
    def leave(self) -> None:
        """Hidden weights return; gradients become theirs, and those of the gains."""
        while self.hooks:
            self.hooks.pop().remove()
        for name, linear in self.linears.items():
            rounded, gradient = linear.weight.data, linear.weight.grad
            if gradient is not None:
                self.gain[name].grad = (gradient * rounded).sum(1, keepdim=True) / self.gain[name]
                gradient.mul_(self.gain[name])
            linear.weight.data = self.hidden.pop(name)
        self.inside = False

    def learns(self, name: str, gain: bool, dtype: torch.dtype) -> None:
        """Whether the gain of a matrix that does not learn does; `dtype`: of the products."""
        self.gain[name].requires_grad_(gain or self.linears[name].weight.requires_grad)
        self.dtype = dtype

    def parameters(self) -> list[nn.Parameter]:
        return list(self.gain.values())

    def state_dict(self) -> dict:
        return {"scale": self.scale, "offset": self.offset, "gain": {name: gain.data for name, gain in self.gain.items()}}

    def load_state_dict(self, state: dict) -> None:
        for name, gain in state["gain"].items():
            device = self.gain[name].device
            self.scale[name], self.offset[name] = state["scale"][name].to(device), state["offset"][name].to(device)
            self.gain[name].data.copy_(gain)


def times(gain: torch.Tensor, module: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
    return output * gain[:, 0].to(output.dtype)


def final_weights(student: dict[str, torch.Tensor], grid: dict) -> dict[str, torch.Tensor]:
    """A checkpoint's hidden weights and its grid -> the weights that were trained, all of them on the grid."""
    out = dict(student)
    for name, gain in grid["gain"].items():
        scale, offset = grid["scale"][name], grid["offset"][name]
        codes = steps(blocks_of(student[name]), scale, offset)
        out[name] = (codes * scale[..., None] + offset[..., None]).flatten(1)[:, : student[name].shape[1]] * gain
    return out
