"""Perplexity of packs as the engine runs them, beside the teacher's on the same held-out tokens.

    python -m training.pack_perplexity models/rivulet-150m --windows 6

The engine is asked by `rivulet score`, one process per window; the teacher runs in float32.
"""

import argparse
import json
import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch
from tqdm import tqdm

from training.loader import Windows
from training.scoring import hidden_of, perplexity
from training.teacher import load_teacher

KINDS = ("text", "chat")


def node() -> str:
    """The repository's own node where it is installed."""
    own = Path("node_modules/.bin/node")
    return str(own) if own.exists() else shutil.which("node") or "node"


def engine_nll(pack: Path, ids: list[int]) -> float:
    """Mean nats per predicted token of one window."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(ids, file)
        file.flush()
        done = subprocess.run([node(), "bin/rivulet.js", "score", str(pack), "--tokens", file.name], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"rivulet score {pack}: {done.stderr.strip()}")
    return json.loads(done.stdout)["nll"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packs", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, default=Path("training/data"))
    parser.add_argument("--windows", type=int, default=6, help="held-out windows of each kind")
    parser.add_argument("--sequence", type=int, default=512)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    teacher = load_teacher(arguments.data / "teacher")
    lines = ["| pack | " + " | ".join(f"{kind} | / teacher" for kind in KINDS) + " |", "|" + "---|" * (1 + 2 * len(KINDS))]
    rows = {"teacher": []} | {str(pack): [] for pack in arguments.packs}
    for kind in KINDS:
        windows = Windows(arguments.data / "tokens", [kind], arguments.sequence, "held")
        ids = torch.stack([windows[kind, n] for n in range(min(arguments.windows, windows.count(kind)))])
        base = perplexity(hidden_of(teacher, ids, batch=1), teacher.lm_head, ids)
        rows["teacher"].append((base, 1.0))
        for pack in arguments.packs:
            scored = [engine_nll(pack, row.tolist()) for row in tqdm(ids, desc=f"{pack.name} {kind}", leave=False)]
            got = math.exp(sum(scored) / len(scored))
            rows[str(pack)].append((got, got / base))
        lines[0] = lines[0].replace(f"| {kind} |", f"| {kind}, {ids.numel():,} tokens |")
    lines += [f"| {name} | " + " | ".join(f"{p:.2f} | {ratio:.3f}" for p, ratio in row) + " |" for name, row in rows.items()]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
