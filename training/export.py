"""Exports a run's hybrid as a plain folder that transformers and `rivulet convert` read: weights, config, tokenizer.

    python -m training.export training/configs/cpu.toml training/runs/cpu/export
"""

import argparse
from pathlib import Path

import torch

from training import checkpoint
from training.hybrid import inherit
from training.settings import Run, load_run
from training.teacher import load_teacher, load_tokenizer

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def export(run: Run, out: Path, dtype: str = "f32", window: int = 512, sinks: int = 4) -> None:
    """Writes `out`. `rivulet_cache` in its config is the attention view the last stage was trained with."""
    student = inherit(load_teacher(run.teacher), list(run.attention_layers))
    student.load_state_dict(checkpoint.load(run.out / "checkpoint.pt")["student"])
    student.config.mamba_chunk_size = run.chunk
    student.config.rivulet_cache = {"window": window, "sinks": sinks}
    student.to(DTYPES[dtype]).save_pretrained(out)
    load_tokenizer(run.teacher).save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, help="the run's folder, where it is not the config's own")
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--sinks", type=int, default=4)
    arguments = parser.parse_args()
    run = load_run(arguments.config, arguments.data, arguments.out)
    export(run, arguments.folder, arguments.dtype, arguments.window, arguments.sinks)


if __name__ == "__main__":
    main()
