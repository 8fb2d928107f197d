"""Trains the forecaster on synthetic series. It can be killed at any moment; the same command goes on, bit for bit.

    python -m training.forecast.train training/runs/forecast                          # as long as one likes
    python -m training.forecast.train training/runs/forecast --end 3000 --cooling 400  # and to its end
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from training import checkpoint
from training.forecast import codec, series
from training.forecast.model import CONTEXT, fresh
from training.hybrid import View, forward_hidden

SEED = 11
HELD_OUT = 10**9  # steps of the validation batches, which no training run reaches


def inputs(values: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """values (B,T) -> ids in (B,T), ids out (B,T), and which outputs are learned: not gaps, nor before there is a scale."""
    ids, _, scales = codec.encode(values)
    shifted = np.concatenate([np.full((len(ids), 1), codec.BEGIN), ids[:, :-1]], 1)
    learned = (ids != codec.GAP) & (scales > 0)
    return torch.from_numpy(shifted), torch.from_numpy(ids), torch.from_numpy(learned)


def loss_of(model, ids, targets, learned, spread: float = 0.0):
    """Mean cross-entropy over learned positions; `spread` goes to each neighbouring bin, for bins have an order."""
    hidden = forward_hidden(model, ids, View())[learned]
    logs = F.log_softmax(F.linear(hidden, model.model.embed_tokens.weight).float(), -1)
    at = targets[learned]
    own = logs.gather(1, at[:, None])[:, 0]
    if not spread:
        return -own.mean()
    below = logs.gather(1, (at - 1).clamp(min=codec.FIRST)[:, None])[:, 0]
    above = logs.gather(1, (at + 1).clamp(max=codec.VOCABULARY - 1)[:, None])[:, 0]
    return -((1 - 2 * spread) * own + spread * (below + above)).mean()


def rate_at(step: int, peak: float, end: int | None, cooling: int, warmup: int = 40) -> float:
    """Constant after a warm-up, so that a run may go on for as long as there is time; falls to nothing over the last `cooling` steps before `end`."""
    left = 1.0 if end is None else min(1.0, max(0.0, (end - step) / cooling))
    return peak * min(1.0, (step + 1) / warmup) * left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--end", type=int, help="the last step; the rate falls towards it")
    parser.add_argument("--cooling", type=int, default=300)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--stop-after", type=float, default=math.inf, help="seconds")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    model = fresh(SEED)
    decayed = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=arguments.rate, betas=(0.9, 0.98))
    step = 0
    if (out / "checkpoint.pt").exists():
        last = checkpoint.load(out / "checkpoint.pt")
        model.load_state_dict(last["model"])
        optimizer.load_state_dict(last["optimizer"])
        step = last["step"]

    def save():
        content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
        checkpoint.save(out / "checkpoint.pt", content)

    held = inputs(series.batch(SEED, HELD_OUT, 16, CONTEXT))
    began, learned_total, mean = time.time(), 0, None
    while (arguments.end is None or step < arguments.end) and time.time() - began < arguments.stop_after:
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, arguments.rate, arguments.end, arguments.cooling)
        ids, targets, learned = inputs(series.batch(SEED, step, arguments.batch, CONTEXT))
        loss = loss_of(model, ids, targets, learned, 0.08)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        learned_total += int(learned.sum())
        mean = loss.item() if mean is None else 0.97 * mean + 0.03 * loss.item()
        if step % 20 == 0 or step < 5:
            line = {"step": step, "loss": round(mean, 4), "norm": round(float(norm), 3), "values_per_s": round(learned_total / (time.time() - began))}
            if step % 100 == 0:
                with torch.no_grad():
                    line["held_out"] = round(float(np.mean([loss_of(model, *(t[i : i + 8] for t in held)) for i in range(0, 16, 8)])), 4)
                save()
            with (out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            print(line, flush=True)
    save()


if __name__ == "__main__":
    main()
