"""Trains the hybrid by the stages of one TOML file; run the same command again to go on after a stop.

    python -m training.train training/configs/cpu.toml
    torchrun --nproc-per-node 8 -m training.train training/configs/gpu.toml
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch
from accelerate import Accelerator

from training import checkpoint
from training.closed_form import closed_form_start
from training.curves import Log
from training.grid import Grid
from training.hybrid import inherit
from training.loader import GlobalBatches, Windows
from training.pack import bamba_from_pack
from training.settings import Run, Stage, load_run
from training.stage import run_stage
from training.teacher import load_teacher


def train(run: Run, accelerator: Accelerator, stop_after: float | None = None) -> None:
    """Runs what is left of `run`; the result is `checkpoint.pt` in its folder. `stop_after` is in seconds, of one stage."""
    if run.threads:
        torch.set_num_threads(run.threads)
    torch.manual_seed(run.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    if accelerator.is_main_process:
        run.out.mkdir(parents=True, exist_ok=True)
    dtype = torch.bfloat16 if run.precision == "bf16" else torch.float32
    teacher = load_teacher(run.teacher, dtype).to(accelerator.device)
    student = inherit(load_teacher(run.teacher), list(run.attention_layers), run.norm_groups).to(accelerator.device)
    student.config.mamba_chunk_size = run.chunk
    for mixer in (layer.mamba for layer in student.model.layers if hasattr(layer, "mamba")):
        mixer.chunk_size = run.chunk

    log = Log(run.out / "log.jsonl")
    saved, known, begun = None, None, {}
    if (run.out / "checkpoint.pt").exists():
        saved = checkpoint.load(run.out / "checkpoint.pt")
        student.load_state_dict(saved["student"])
    elif run.start and run.start.is_dir():
        model, known = bamba_from_pack(run.start)
        take_weights(student, model.state_dict())
    elif run.start:
        begun = checkpoint.load(run.start)
        take_weights(student, begun["student"])
    first = saved["stage"] if saved else 0
    if accelerator.is_main_process:
        log.rewind(first, saved["step"] if saved else 0)
    accelerator.wait_for_everyone()
    left, grid = (saved or begun).get("grid"), None
    for number, stage in enumerate(run.stages[first:], start=first):
        if stage.kind == "closed-form":
            start_closed_form(run, stage, number, teacher, student, accelerator, log)
            continue
        if stage.grid and not grid:  # searched anew where the weights have left the one they began on
            grid = Grid(student, known, left)
        if not stage.grid:
            known = left = None
        if not run_stage(run, stage, number, teacher, student, accelerator, log, saved, stop_after, grid if stage.grid else None):
            return
        saved = None


def take_weights(student, other: dict[str, torch.Tensor]) -> None:
    """Copies what another run learned; layers that are attention here and were mixers there keep the teacher's weights."""
    own = student.state_dict()
    student.load_state_dict({name: other.get(name, value) for name, value in own.items()})


def start_closed_form(run: Run, stage: Stage, number: int, teacher, student, accelerator, log: Log) -> None:
    """All ranks compute the same start from the same batches, so nothing needs to be sent."""
    windows = Windows(run.tokens, list(stage.mix), stage.sequence)
    batches = GlobalBatches(windows, stage.mix, stage.batch, run.seed + number)
    drawn = [[windows[i] for i in batches.global_batch(n)] for n in range(stage.steps)]
    ids = [torch.stack(batch).to(accelerator.device) for batch in drawn]
    report = closed_form_start(teacher, student, ids)
    if accelerator.is_main_process:
        log.add(stage=number, step=0, kind=stage.kind, layers=report)
        content = {"stage": number + 1, "step": 0, "student": student.state_dict(), "random": checkpoint.random_state()}
        checkpoint.save(run.out / "checkpoint.pt", content)
        checkpoint.save(run.out / f"stage-{number}.pt", {"student": student.state_dict()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, help="replaces the file's data folder")
    parser.add_argument("--out", type=Path, help="replaces the file's output folder")
    parser.add_argument("--start", type=Path, help="replaces the file's starting checkpoint")
    parser.add_argument("--stop-after", type=float, help="seconds; saves a checkpoint and stops")
    parser.add_argument("--within", type=float, help="seconds for all stages together, in the proportions of the file, compiling included")
    parser.add_argument("--rehearse", type=float, nargs=2, metavar=("STEPS", "ROWS"), help="shares of the file's steps and rows")
    arguments = parser.parse_args()
    run = load_run(arguments.config, arguments.data, arguments.out, arguments.start, arguments.rehearse)
    if arguments.within:
        run = replace(run, until=time.monotonic() + arguments.within)
    train(run, Accelerator(mixed_precision=run.precision, cpu=not torch.cuda.is_available()), arguments.stop_after)


if __name__ == "__main__":
    main()
