"""Keeps every out_proj at its ridge solution while the features before it are trained: a variable projection.

The output is linear in out_proj and its features are badly conditioned, so that a gradient step moves it far too slowly.
Source: Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems, 1973.
"""

import torch
from torch import nn

from training.closed_form import ridge

STRENGTH = 1e-4  # ridge penalty as a share of the features' mean square
FORGET = 0.8  # what is left of the older sums after a refit: the features they saw are no longer those of today


class OutProjections:
    """Sums for one ridge regression per mixer: features (n,F) onto the teacher's attention output (n,O), float64."""

    def __init__(self, mixers: dict[str, nn.Module]):
        self.mixers = mixers
        self.sums = {name: None for name in mixers}

    def add(self, products: dict[str, torch.Tensor], reduce) -> None:
        """products: `product` of one step per mixer; `reduce` sums a tensor over all ranks."""
        for name, one in products.items():
            one = reduce(one).double()
            self.sums[name] = one if self.sums[name] is None else self.sums[name] + one

    @torch.no_grad()
    def solve(self) -> None:
        """Sets every out_proj, then lets the older sums fade."""
        for name, mixer in self.mixers.items():
            width = mixer.out_proj.in_features
            ff, fy = self.sums[name].split([width, self.sums[name].shape[1] - width], dim=1)
            mixer.out_proj.weight.copy_(ridge(ff, fy, STRENGTH).T)
            self.sums[name] = self.sums[name] * FORGET

    def state_dict(self) -> dict:
        return {name: total.cpu() for name, total in self.sums.items() if total is not None}

    def load_state_dict(self, state: dict) -> None:
        self.sums = {name: state[name].to(m.out_proj.weight.device) if name in state else None for name, m in self.mixers.items()}


def product(features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """features (B,T,F), target (B,T,O) -> (F, F+O), float32: what one step adds to the sums."""
    f, y = features.detach().float().flatten(0, -2), target.float().flatten(0, -2)
    return f.T @ torch.cat([f, y], dim=1)
