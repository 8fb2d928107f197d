"""Step 1, the closed-form start: mixers built from the teacher's attention, out_proj by ridge regression.

C starts from the query, B from the key, x from the value projection, each head's decay is the best of a few by measured
fit, and out_proj is the ridge solution from the mixer's features to the teacher's attention output.
"""

import math

import torch
from tqdm import tqdm
from transformers import BambaForCausalLM, LlamaForCausalLM
from transformers.models.bamba.modeling_bamba import BambaMixer

from training.hybrid import mamba_layers
from training.mixer import mixer_features
from training.traces import trace

HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 64.0)  # tokens after which a head has forgotten half
TIME_STEP = 0.5  # dt at the start
GATE = 1.3  # silu(1.3) is about 1
KEY_SCALE, VALUE_SCALE = 0.15, 0.3  # keep SiLU near its linear part; chosen by measured fit


def ridge(ff: torch.Tensor, fy: torch.Tensor, strength: float) -> torch.Tensor:
    """ff (F,F) and fy (F,O), sums of products -> (F,O), with the penalty `strength` times the features' mean square."""
    penalty = strength * ff.diagonal().mean() * torch.eye(len(ff), device=ff.device, dtype=ff.dtype)
    return torch.linalg.solve(ff + penalty, fy)


class Normal:
    """Sums for a ridge regression of targets (n,O) on features (n,F), kept in float64."""

    def __init__(self):
        self.ff = self.fy = self.yy = 0.0

    def add(self, features: torch.Tensor, targets: torch.Tensor) -> None:
        f, y = features.flatten(0, -2).double(), targets.flatten(0, -2).double()
        self.ff, self.fy, self.yy = self.ff + f.T @ f, self.fy + f.T @ y, self.yy + (y * y).sum()

    def solve(self, strength: float = 1e-3) -> torch.Tensor:
        """(F,O), with the penalty `strength` times the features' mean square."""
        return ridge(self.ff, self.fy, strength)

    def explained(self, weight: torch.Tensor) -> float:
        """1 - squared error / squared target, on what was added."""
        error = self.yy - 2 * (weight * self.fy).sum() + (weight * (self.ff @ weight)).sum()
        return float(1 - error / self.yy)


@torch.no_grad()
def build_mixer(mixer: BambaMixer, attention, gate_row: torch.Tensor) -> None:
    """Sets all of `mixer` but out_proj and the decays. gate_row (D): projects a normed input onto about 1."""
    inner, width = mixer.intermediate_size, mixer.ssm_state_size
    share = mixer.num_heads // attention.config.num_key_value_heads

    def repeated(weight):  # key and value heads serve `share` query heads each
        return weight.unflatten(0, (-1, width)).repeat_interleave(share, 0).flatten(0, 1)

    rows = [
        (GATE * gate_row).expand(inner, -1),
        VALUE_SCALE * repeated(attention.v_proj.weight),
        KEY_SCALE * repeated(attention.k_proj.weight),
        KEY_SCALE * attention.q_proj.weight,
        torch.zeros_like(gate_row).expand(mixer.num_heads, -1),
    ]
    mixer.in_proj.weight.copy_(torch.cat([row.to(mixer.in_proj.weight) for row in rows]))
    mixer.conv1d.weight.zero_()[..., -1] = 1  # the identity tap
    mixer.conv1d.bias.zero_()
    mixer.dt_bias.fill_(math.log(math.expm1(TIME_STEP)))
    mixer.D.fill_(1)
    mixer.norm.weight.fill_(1)


@torch.no_grad()
def set_half_lives(mixer: BambaMixer, half_lives: torch.Tensor) -> None:
    """half_lives (H), tokens: exp(dt A) ** half_life = 1/2 at dt = TIME_STEP."""
    mixer.A_log.copy_(torch.log(math.log(2) / (half_lives * TIME_STEP)).to(mixer.A_log))


@torch.no_grad()
def closed_form_start(teacher: LlamaForCausalLM, hybrid: BambaForCausalLM, batches: list[torch.Tensor]) -> dict[int, dict]:
    """Starts every mixer of `hybrid` in place from ids (B,T) in `batches`. Returns fit and decays per layer."""
    mixers = mamba_layers(hybrid)
    build_all(teacher, mixers, batches)
    heads = hybrid.config.mamba_n_heads
    fits = {i: [[Normal() for _ in range(heads)] for _ in HALF_LIVES] for i in mixers}
    for ids in tqdm(batches[: max(1, len(batches) // 4)], desc="closed form: decays"):
        traces = trace(teacher, ids)
        for i, mixer in mixers.items():
            target = traces[i].heads.unflatten(-1, (heads, -1))
            for half_life, of_heads in zip(HALF_LIVES, fits[i]):
                set_half_lives(mixer, torch.full((heads,), half_life))
                features = mixer_features(mixer, traces[i].input.float())[0].unflatten(-1, (heads, -1))
                for h, normal in enumerate(of_heads):
                    normal.add(features[..., h, :], target[..., h, :])
    report = {}
    for i, mixer in mixers.items():
        scores = torch.tensor([[n.explained(n.solve()) for n in of_heads] for of_heads in fits[i]])
        report[i] = {"half_lives": torch.tensor(HALF_LIVES)[scores.argmax(0)].tolist()}
        set_half_lives(mixer, torch.tensor(report[i]["half_lives"]))
    outputs = {i: Normal() for i in mixers}
    for ids in tqdm(batches, desc="closed form: out_proj"):
        traces = trace(teacher, ids)
        for i, mixer in mixers.items():
            outputs[i].add(mixer_features(mixer, traces[i].input.float())[0], traces[i].output)
    for i, mixer in mixers.items():
        weight = outputs[i].solve()
        mixer.out_proj.weight.copy_(weight.T)
        report[i]["explained"] = outputs[i].explained(weight)
    return report


def build_all(teacher, mixers: dict[int, BambaMixer], batches: list[torch.Tensor]) -> None:
    traces = trace(teacher, batches[0])
    for i, mixer in mixers.items():
        constant = Normal()
        # Normed inputs have a nearly constant direction: the gate's constant start needs no bias.
        constant.add(traces[i].input, torch.ones_like(traces[i].input[..., :1]))
        build_mixer(mixer, teacher.model.layers[i].self_attn, constant.solve(1e-4)[:, 0])
