"""Which layers should stay attention: the KL to the teacher when one layer alone is replaced by its trained mixer.

Takes a run in which every layer has a mixer, prints a table, and the layers to keep, hardest first.
"""

import argparse
import json
from pathlib import Path

import torch
from tqdm import tqdm

from training import checkpoint
from training.hybrid import inherit, mamba_layers
from training.loader import Windows
from training.mixer import mix
from training.objectives import HeadKl
from training.settings import Run, load_run
from training.teacher import load_teacher
from training.traces import trace


@torch.no_grad()
def difficulties(teacher, mixers: dict, batches: dict[str, torch.Tensor], dtype) -> list[dict]:
    """One row per layer: its relative squared error, and the KL per kind of held-out ids (B,T) when it is replaced."""
    rows = []
    targets = {kind: teacher.model(ids, use_cache=False).last_hidden_state for kind, ids in batches.items()}
    traces = {kind: trace(teacher, ids) for kind, ids in batches.items()}
    for i, mixer in tqdm(mixers.items(), desc="one layer replaced"):
        row = {"layer": i}
        for kind, ids in batches.items():
            at = traces[kind][i]
            mixed = mix(mixer, at.input)[0].to(dtype)
            error = (mixed.float() - at.output.float()).square().sum() / at.output.float().square().sum()
            hook = teacher.model.layers[i].self_attn.register_forward_hook(lambda *_, out=mixed: (out, None))
            hidden = teacher.model(ids, use_cache=False).last_hidden_state
            hook.remove()
            head = teacher.lm_head.weight
            row[f"error {kind}"] = float(error)
            row[f"kl {kind}"] = float(HeadKl.apply(hidden, head, targets[kind], head, dtype))
        row["kl"] = sum(row[f"kl {kind}"] for kind in batches) / len(batches)
        rows.append(row)
    return rows


def table(rows: list[dict], explained: dict[str, dict], kinds: list[str], keep: list[int]) -> str:
    header = ["layer", "fit of the start, R²", *(f"error, {k}" for k in kinds), *(f"KL alone, {k}" for k in kinds), "kept as attention"]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row in rows:
        fit = explained.get(str(row["layer"]), {}).get("explained")
        numbers = [f"{row[f'error {k}']:.3f}" for k in kinds] + [f"{row[f'kl {k}']:.4f}" for k in kinds]
        kept = "yes" if row["layer"] in keep else ""
        lines.append("| " + " | ".join([str(row["layer"]), f"{fit:.3f}" if fit is not None else "", *numbers, kept]) + " |")
    return "\n".join(lines) + "\n"


def measure(run: Run, tokens: int, keep: int) -> tuple[str, list[int]]:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if run.precision == "bf16" else torch.float32
    if run.threads:
        torch.set_num_threads(run.threads)
    teacher = load_teacher(run.teacher, dtype).to(device)
    student = inherit(load_teacher(run.teacher), list(run.attention_layers), run.norm_groups)
    student.load_state_dict(checkpoint.load(run.out / "checkpoint.pt")["student"])
    sequence = 256
    batches = {}
    for kind in ("chat", "text"):
        windows = Windows(run.tokens, [kind], sequence, "held")
        count = min(windows.count(kind), max(1, tokens // sequence))
        batches[kind] = torch.stack([windows[kind, n] for n in range(count)]).to(device)
    with torch.autocast(device, dtype=torch.bfloat16, enabled=run.precision == "bf16"):
        rows = difficulties(teacher, mamba_layers(student.to(device)), batches, dtype)
    kept = sorted(sorted(range(len(rows)), key=lambda n: -rows[n]["kl"])[:keep])
    kept = [rows[n]["layer"] for n in kept]
    log = [json.loads(line) for line in (run.out / "log.jsonl").read_text().splitlines()]
    explained = next((row["layers"] for row in log if row["kind"] == "closed-form"), {})
    return table(rows, explained, list(batches), kept), kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, help="the run whose layers all have mixers")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tokens", type=int, default=1024, help="held-out tokens of each kind")
    parser.add_argument("--keep", type=int, default=6, help="how many layers stay attention")
    arguments = parser.parse_args()
    run = load_run(arguments.config, arguments.data, arguments.out)
    text, kept = measure(run, arguments.tokens, arguments.keep)
    (run.out / "difficulty.md").write_text(text)
    print(text)
    print(f"attention_layers = {kept}")


if __name__ == "__main__":
    main()
