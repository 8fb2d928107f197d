"""One gradient stage: the loop over global batches, with log, curves, held-out loss and exact resume."""

import math
import time

import torch
from accelerate import Accelerator
from tqdm import tqdm

from training import checkpoint
from training.curves import Log, draw
from training.hybrid import View, mamba_layers
from training.loader import Windows, make_loader
from training.objectives import EndToEnd, LayerByLayer
from training.refit import OutProjections
from training.rollouts import Rollouts
from training.settings import Run, Stage

HELD_WINDOWS = 2  # held-out sequences of each kind, measured at every save
FAST = ("A_log", "dt_bias", ".D")  # few numbers on a log scale: they move ten times faster


def factor(step: int, stage: Stage) -> float:
    """Share of the full learning rate at `step`: linear warm-up, then half a cosine."""
    if step < stage.warmup:
        return (step + 1) / stage.warmup
    progress = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    return stage.final_share + (1 - stage.final_share) * 0.5 * (1 + math.cos(math.pi * progress))


def parameter_groups(stage: Stage, student) -> list[dict]:
    """Mixers at `rate`, their time constants at ten times that, the rest at `rest_rate`; 0 freezes."""
    mixer_ids = {id(p) for mixer in mamba_layers(student).values() for p in mixer.parameters()}
    groups = {}
    for name, parameter in student.named_parameters():
        if name.endswith("mamba.out_proj.weight"):
            rate = 0 if stage.refit_every else stage.out_rate or stage.rate
        elif id(parameter) not in mixer_ids:
            frozen = stage.kind != "end-to-end" or (parameter is student.lm_head.weight and not stage.embedding)
            rate = 0 if frozen else stage.rest_rate
        else:
            rate = stage.rate * (10 if name.endswith(FAST) else 1)
        parameter.requires_grad_(rate > 0)
        if rate > 0:
            groups.setdefault(rate, []).append(parameter)
    return [{"params": p, "lr": rate, "full": rate} for rate, p in groups.items()]


def run_stage(run: Run, stage: Stage, number: int, teacher, student, accelerator: Accelerator, log: Log, saved, stop_after) -> bool:
    """Trains `student` in place; False when `stop_after` seconds ended it before its last step."""
    started, ranks = time.monotonic(), accelerator.num_processes
    student.train()
    groups = parameter_groups(stage, student)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=stage.weight_decay)
    if stage.kind == "layer-by-layer":
        objective = LayerByLayer(student, teacher, run.out / "traces" if stage.record else None, bool(stage.refit_every))
    else:
        view = View(stage.window, stage.sinks)
        objective = EndToEnd(student, teacher, view, stage.recompute, rollouts_of(run, stage, student, view), stage.unlikelihood)
    wrapped = torch.compile(objective) if run.compile else objective
    wrapped, optimizer = accelerator.prepare(wrapped, optimizer)

    refit = OutProjections(objective.mixers) if stage.refit_every else None
    rollouts = getattr(objective, "rollouts", None)

    windows = Windows(run.tokens, list(stage.mix), stage.sequence, most=stage.windows)
    loader = make_loader(windows, stage.mix, stage.batch, run.seed + number, accelerator.process_index, ranks)
    sizes = {kind: len(file) for kind, file in windows.files.items()}
    step = 0
    if saved and saved["step"]:
        if saved["sizes"] != sizes:
            raise ValueError(f"token files: expected {saved['sizes']} as in the checkpoint, got {sizes}")
        step = saved["step"]
        loader.load_state_dict(saved["loader"])
    batches = iter(loader)
    if saved and saved["step"]:
        optimizer.load_state_dict(saved["optimizer"])
        checkpoint.set_random_state(saved["random"])
        if refit:
            refit.load_state_dict(saved["refit"])
        if rollouts:
            rollouts.load_state_dict(saved["rollouts"])

    def save(done: int) -> None:
        held = held_out_loss(run, stage, objective, accelerator)
        if accelerator.is_main_process:
            finished = done == stage.steps
            content = {"stage": number + finished, "step": 0 if finished else done, "student": student.state_dict()}
            if not finished:
                content |= {"optimizer": optimizer.state_dict(), "loader": loader.state_dict(), "sizes": sizes}
                content |= {"refit": refit.state_dict()} if refit else {}
                content |= {"rollouts": rollouts.state_dict()} if rollouts else {}
            checkpoint.save(run.out / "checkpoint.pt", content | {"random": checkpoint.random_state()})
            if finished:
                checkpoint.save(run.out / f"stage-{number}.pt", {"student": student.state_dict()})
            log.add(stage=number, step=done - 1, kind=stage.kind, tokens=done * stage.batch * stage.sequence, held=held)
            draw(log.rows(), run.out / "curves.png", run.name)
        accelerator.wait_for_everyone()

    quiet = not accelerator.is_main_process
    with tqdm(total=stage.steps, initial=step, desc=f"{number} {stage.kind}", disable=quiet, mininterval=5) as bar:
        while step < stage.steps:
            for group in optimizer.param_groups:
                group["lr"] = group["full"] * factor(step, stage)
            loss, parts = one_step(wrapped, optimizer, next(batches).to(accelerator.device), stage, accelerator, refit)
            step += 1
            if refit and step % stage.refit_every == 0 and step >= stage.warmup:
                refit.solve()
            if accelerator.is_main_process:
                row = {"stage": number, "step": step - 1, "kind": stage.kind, "tokens": step * stage.batch * stage.sequence}
                log.add(**row, loss=loss, seconds=round(time.monotonic() - started, 2), **parts)
                bar.set_postfix(loss=f"{loss:.4f}")
                bar.update()
            late = stop_after is not None and time.monotonic() - started > stop_after
            if step % stage.save_every == 0 or step == stage.steps or late:
                save(step)
            if late and step < stage.steps:
                return False
    return True


def rollouts_of(run: Run, stage: Stage, student, view: View) -> Rollouts | None:
    if not stage.unlikelihood:
        return None
    windows = Windows(run.tokens, ["chat"], stage.sequence)
    return Rollouts(student, windows, run.teacher, stage.lanes, stage.new_tokens, stage.rollout_every, view)


def one_step(objective, optimizer, ids, stage: Stage, accelerator: Accelerator, refit=None) -> tuple[float, dict]:
    """One optimizer step on this rank's ids (b,T); returns the mean loss over all ranks, and its parts."""
    pieces = ids.split(stage.micro_batch or len(ids))
    total, parts = torch.zeros((), device=ids.device), 0
    for piece in pieces:
        weight = len(piece) / len(ids)
        with accelerator.autocast():
            loss, piece_parts = objective(piece)
        accelerator.backward(loss * weight)
        if refit:
            refit.add(accelerator.unwrap_model(objective).products, lambda t: accelerator.reduce(t, "sum"))
        total, parts = total + loss.detach() * weight, parts + piece_parts * weight
    accelerator.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], stage.clip)
    optimizer.step()
    optimizer.zero_grad()
    total, parts = accelerator.reduce(total, "mean"), accelerator.reduce(parts, "mean")
    shown = {"layers": [round(v, 4) for v in parts.tolist()]} if stage.kind == "layer-by-layer" else {}
    if stage.unlikelihood:
        shown = dict(zip(("kl", "unlikelihood", "repeats"), parts.tolist()))
    return float(total), shown


@torch.no_grad()
def held_out_loss(run: Run, stage: Stage, objective, accelerator: Accelerator) -> dict[str, float]:
    """The stage's own loss on the first held-out windows of each kind; every rank computes the same."""
    losses = {}
    for kind in stage.mix:
        windows = Windows(run.tokens, [kind], stage.sequence, "held")
        count = min(HELD_WINDOWS, windows.count(kind))
        ids = torch.stack([windows[kind, i] for i in range(count)]).to(accelerator.device)
        with accelerator.autocast():
            losses[kind] = float(objective(ids)[0])
    return losses
