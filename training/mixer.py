"""Forward pass of one `BambaMixer` with the chunked scan, and with a state that can be carried on.

The parameters stay in transformers' module, so that a checkpoint is a plain Bamba checkpoint.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from transformers.models.bamba.modeling_bamba import BambaMixer

from training.scan import chunked_scan


@dataclass
class MixerState:
    """conv (B, K-1, channels): the convolution's last inputs. ssm (B,H,P,N), float32."""

    conv: torch.Tensor
    ssm: torch.Tensor


def mix(mixer: BambaMixer, hidden: torch.Tensor, state: MixerState | None = None) -> tuple[torch.Tensor, MixerState]:
    """hidden (B,T,D), normed -> mixed (B,T,D) and the state after the last token."""
    features, state = mixer_features(mixer, hidden, state)
    return mixer.out_proj(features), state


def mixer_features(mixer: BambaMixer, hidden, state: MixerState | None = None) -> tuple[torch.Tensor, MixerState]:
    """hidden (B,T,D) -> the gated, normed features (B,T,H*P) that out_proj reads, and the state."""
    batch, tokens, _ = hidden.shape
    inner, groups, width = mixer.intermediate_size, mixer.n_groups, mixer.ssm_state_size
    gate, mixed, dt = mixer.in_proj(hidden).split([inner, mixer.conv_dim, mixer.num_heads], dim=-1)

    taps = mixer.conv_kernel_size - 1
    tail = mixed.new_zeros(batch, taps, mixer.conv_dim) if state is None else state.conv
    mixed = torch.cat([tail.to(mixed.dtype), mixed], dim=1)
    conv_tail = mixed[:, -taps:]
    mixed = F.silu(depthwise(mixed, mixer.conv1d.weight, mixer.conv1d.bias, tokens))
    x, b, c = mixed.split([inner, groups * width, groups * width], dim=-1)

    low, high = mixer.time_step_limit
    dt = F.softplus(dt.float() + mixer.dt_bias.float()).clamp(low, high)
    y, ssm = chunked_scan(
        x.reshape(batch, tokens, mixer.num_heads, -1),
        dt,
        -torch.exp(mixer.A_log.float()),
        b.reshape(batch, tokens, groups, width),
        c.reshape(batch, tokens, groups, width),
        mixer.D,
        mixer.chunk_size,
        None if state is None else state.ssm,
    )
    features = gated_norm(mixer, y.reshape(batch, tokens, inner), gate)
    return features.to(hidden.dtype), MixerState(conv_tail, ssm)


def gated_norm(mixer: BambaMixer, y: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """y, gate (B,T,H*P) -> y · silu(gate) over its root mean square by group, times the norm's weight.

    Written out here, since transformers' own spans all groups up to version 5.17 and each by itself in later ones.
    """
    gated = y.float() * F.silu(gate.float())
    groups = gated.unflatten(-1, (getattr(mixer, "norm_groups", mixer.n_groups), -1))
    normed = groups * torch.rsqrt(groups.square().mean(-1, keepdim=True) + mixer.norm.variance_epsilon)
    return mixer.norm.weight * normed.flatten(-2).to(y.dtype)


def depthwise(mixed: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, tokens: int) -> torch.Tensor:
    """Causal depthwise convolution as K shifted products, channels last: several times quicker than conv1d on a CPU.

    mixed (B, K-1+T, channels), weight (channels, 1, K) -> (B, T, channels).
    """
    rows = weight[:, 0].T.to(mixed.dtype)  # (K, channels)
    out = sum(mixed[:, k : k + tokens] * row for k, row in enumerate(rows))
    return out if bias is None else out + bias.to(mixed.dtype)
