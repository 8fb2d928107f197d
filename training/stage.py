"""One gradient stage: the loop over global batches, with log, curves, held-out loss and exact resume."""

import math
import time
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from accelerate import Accelerator
from tqdm import tqdm

from training import checkpoint
from training.curves import Log, draw
from training.grid import Grid
from training.hybrid import View, compile_mixers, mamba_layers
from training.loader import Piece, Pieces, Windows, make_loader
from training.objectives import Answers, EndToEnd, HeadKl, LayerByLayer
from training.refit import OutProjections
from training.rollouts import Rollouts
from training.settings import Run, Stage, has_weights, length_of

FAST = ("A_log", "dt_bias", ".D")  # few numbers on a log scale: they have a rate of their own


def factor(step: int, stage: Stage, spent: float = 0) -> float:
    """Share of the full learning rate at `step` and after `spent` seconds: linear warm-up, then half a cosine."""
    if step < stage.warmup:
        return (step + 1) / stage.warmup
    progress = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    if stage.seconds:
        progress = min(1.0, max(progress, spent / stage.seconds))
    return stage.final_share + (1 - stage.final_share) * 0.5 * (1 + math.cos(math.pi * progress))


def parameter_groups(stage: Stage, student) -> list[dict]:
    """Mixers at `rate`, their time constants at `fast_share` of that, the rest at `rest_rate`; 0 freezes."""
    mixer_ids = {id(p) for mixer in mamba_layers(student).values() for p in mixer.parameters()}
    groups = {}
    for name, parameter in student.named_parameters():
        if name.endswith("mamba.out_proj.weight"):
            rate = 0 if stage.refit_every else stage.out_rate or stage.rate
        elif id(parameter) not in mixer_ids:
            frozen = stage.kind != "end-to-end" or (parameter is student.lm_head.weight and not stage.embedding)
            rate = 0 if frozen else stage.rest_rate
            if ".self_attn." in name and stage.attention_share and not frozen:
                rate = stage.rate * stage.attention_share
        else:
            rate = stage.rate * (stage.fast_share if name.endswith(FAST) else 1)
        if stage.matrices is not None:
            rate = rate if name.endswith(FAST) or matrix_learns(name, stage) else stage.vector_rate if is_vector(name) else 0
        if is_frozen(name, stage):
            rate = 0
        parameter.requires_grad_(rate > 0)
        if rate > 0:
            groups.setdefault(rate, []).append(parameter)
    return [{"params": p, "lr": rate, "full": rate} for rate, p in groups.items()]


def layer_of(name: str) -> int | None:
    _, found, after = name.partition("layers.")
    return int(after.split(".")[0]) if found else None


def is_vector(name: str) -> bool:
    return "norm" in name or ".conv1d." in name


def matrix_learns(name: str, stage: Stage) -> bool:
    """Whether the codes of a matrix learn, where not all do."""
    layer = layer_of(name)
    return name.endswith("_proj.weight") and layer in stage.matrices and (".feed_forward." not in name or layer >= stage.mlp_from)


def gain_learns(name: str, stage: Stage) -> bool:
    """Whether a matrix's gain learns where the matrix does not."""
    layer = layer_of(name)
    if stage.matrices is None or is_late_mixer(name, stage):
        return False
    return layer >= stage.frozen_layers and (stage.frozen_from is None or layer < stage.frozen_from)


def is_late_mixer(name: str, stage: Stage) -> bool:
    """Whether it is of a mixer that stays as it is, or of the norms beside it."""
    return stage.mixers_until is not None and (layer_of(name) or 0) >= stage.mixers_until and (".mamba." in name or "norm" in name)


def is_frozen(name: str, stage: Stage) -> bool:
    """Whether a parameter belongs to a layer, a mixer or an MLP, that stays as it is."""
    layer = layer_of(name)
    if layer is None:
        return (stage.frozen_from is not None or stage.mixers_until is not None) and name.startswith("model.final_")
    if is_late_mixer(name, stage) or layer < stage.frozen_layers or (stage.frozen_from is not None and layer >= stage.frozen_from):
        return True
    return ".feed_forward." in name and layer < stage.mlp_from


def view_of(stage: Stage) -> View:
    return View(stage.window, stage.sinks, {int(layer): window for layer, window in stage.layer_windows.items()})


def run_stage(
    run: Run, stage: Stage, number: int, teacher, student, accelerator: Accelerator, log: Log, saved, stop_after, grid: Grid | None = None
) -> bool:
    """Trains `student` in place, on `grid` where one is given; False when `stop_after` seconds ended it before its last step."""
    ranks = accelerator.num_processes
    student.train()
    groups = parameter_groups(stage, student)
    if grid:
        for name in grid.linears:
            grid.learns(name, gain_learns(name, stage), torch.bfloat16 if run.precision == "bf16" else torch.float32)
        groups.append({"params": grid.parameters(), "lr": stage.gain_rate, "full": stage.gain_rate})
    on_gpu = accelerator.device.type == "cuda"
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=stage.weight_decay, fused=on_gpu)
    if stage.kind == "layer-by-layer":
        objective = LayerByLayer(student, teacher, run.out / "traces" if stage.record else None, bool(stage.refit_every))
    elif stage.rows:
        objective = Answers(student, teacher, view_of(stage), stage.recompute, stage.kl_every)
    else:
        view = view_of(stage)
        objective = EndToEnd(student, teacher, view, stage.recompute, rollouts_of(run, stage, student, view), stage.unlikelihood)
    wrapped = torch.compile(objective) if run.compile and not stage.rows else objective
    wrapped, optimizer = accelerator.prepare(wrapped, optimizer)
    if run.compile and stage.rows:
        warm_up(wrapped, shapes_of(run.stages), student, accelerator)
    await_files(run.tokens / name for name in stage.needs)

    refit = OutProjections(objective.mixers) if stage.refit_every else None
    rollouts = getattr(objective, "rollouts", None)

    mix, batch = stage.rows or stage.mix, sum(stage.rows.values()) or stage.batch
    windows = (Pieces if stage.rows else Windows)(run.tokens, list(mix), stage.sequence, most=stage.windows)
    loader = make_loader(windows, mix, batch, run.seed + number, accelerator.process_index, ranks)
    sizes = {kind: len(file) for kind, file in windows.files.items()}
    step = 0
    if saved and saved["step"]:
        if saved["sizes"] != sizes:
            raise ValueError(f"token files: expected {saved['sizes']} as in the checkpoint, got {sizes}")
        step = saved["step"]
        loader.load_state_dict(saved["loader"])
    batches = iter(loader)
    if saved and saved["step"]:
        full = [group["full"] for group in optimizer.param_groups]
        optimizer.load_state_dict(saved["optimizer"])
        for group, rate in zip(optimizer.param_groups, full):
            group["full"] = rate  # a run file whose rates were changed is followed
        checkpoint.set_random_state(saved["random"])
        if refit:
            refit.load_state_dict(saved["refit"])
        if rollouts:
            rollouts.load_state_dict(saved["rollouts"])

    before, started = saved.get("spent", 0) if saved and saved["step"] else 0, time.monotonic()

    stage = replace(stage, seconds=run.seconds(number, started))

    def spent() -> float:
        return before + time.monotonic() - started

    def is_over() -> bool:
        return bool(stage.seconds) and spent() >= stage.seconds

    def save(done: int, finished: bool) -> None:
        with on(grid):
            held = held_out_loss(run, stage, objective, accelerator)
        if accelerator.is_main_process:
            content = {"stage": number + finished, "step": 0 if finished else done, "student": student.state_dict()}
            if not finished:
                content |= {"spent": spent(), "optimizer": optimizer.state_dict(), "loader": loader.state_dict(), "sizes": sizes}
                content |= {"refit": refit.state_dict()} if refit else {}
                content |= {"rollouts": rollouts.state_dict()} if rollouts else {}
            content |= {"grid": grid.state_dict()} if grid else {}
            checkpoint.save(run.out / "checkpoint.pt", content | {"random": checkpoint.random_state()})
            if finished:
                checkpoint.save(run.out / f"stage-{number}.pt", {k: content[k] for k in ("student", "grid") if k in content})
            log.add(stage=number, step=done - 1, kind=stage.kind, tokens=done * stage.step_tokens, held=held)
            draw(log.rows(), run.out / "curves.png", run.name)
        accelerator.wait_for_everyone()

    quiet = not accelerator.is_main_process
    with tqdm(total=stage.steps, initial=step, desc=f"{number} {stage.kind}", disable=quiet, mininterval=5) as bar:
        while step < stage.steps:
            for group in optimizer.param_groups:
                group["lr"] = group["full"] * factor(step, stage, spent())
            loss, parts = one_step(wrapped, optimizer, on_device(next(batches), accelerator), stage, accelerator, refit, grid)
            step += 1
            if refit and step % stage.refit_every == 0 and step >= stage.warmup:
                refit.solve()
            if accelerator.is_main_process:
                row = {"stage": number, "step": step - 1, "kind": stage.kind, "tokens": step * stage.step_tokens}
                log.add(**row, loss=loss, seconds=round(time.monotonic() - started, 2), **parts)
                bar.set_postfix(loss=f"{loss:.4f}")
                bar.update()
            late = stop_after is not None and time.monotonic() - started > stop_after
            done = step == stage.steps or is_over()
            if step % stage.save_every == 0 or done or late:
                save(step, done)
            if done:
                return True
            if late:
                return False
    return True


def shapes_of(stages: tuple[Stage, ...]) -> dict[tuple[int, int], bool]:
    """The shapes (b,T) of the pieces of all steps, and whether their rows have weights."""
    shapes = {}
    for stage in stages:
        for known in (False, True):
            for length in {length_of(kind, stage.sequence) for kind in stage.rows}:
                count = sum(n for kind, n in stage.rows.items() if length_of(kind, stage.sequence) == length and has_weights(kind) == known)
                if count:
                    shapes[min(count, stage.micro_batch or count), length] = known
    return shapes


def warm_up(objective, shapes: dict, student, accelerator: Accelerator) -> None:
    """Compiles what the steps will run, which takes a GPU's run 20 seconds for each shape; later stages find it done."""
    compile_mixers(set(shapes))
    HeadKl.compile()
    for (rows, length), known in shapes.items():
        at = time.monotonic()
        ids = torch.zeros(rows, length, dtype=torch.long, device=accelerator.device)
        piece = Piece(ids, torch.ones(rows, length, device=accelerator.device) if known else None)
        with accelerator.autocast():
            loss = objective(piece)
        accelerator.backward(loss * 0)
        float(loss)
        print(f"warm: {rows} × {length} in {time.monotonic() - at:.1f} s", flush=True)
    student.zero_grad()


def await_files(paths: Iterable[Path]) -> None:
    """Waits for what another process writes; RuntimeError where that one has left a file `failed` in its place."""
    for path in paths:
        while not path.exists():
            failed = path.with_name("failed")
            if failed.exists():
                raise RuntimeError(f"{path}: expected the process that prepares the data to write it, but it failed: {failed.read_text().strip()}")
            time.sleep(0.2)


def rollouts_of(run: Run, stage: Stage, student, view: View) -> Rollouts | None:
    if not stage.unlikelihood:
        return None
    windows = Windows(run.tokens, ["chat"], stage.sequence)
    return Rollouts(student, windows, run.teacher, stage.lanes, stage.new_tokens, stage.rollout_every, view)


@contextmanager
def on(grid: Grid | None):
    """Inside, the weights are those of the grid."""
    if grid:
        grid.enter()
    yield
    if grid:
        grid.leave()


def on_device(batch, accelerator: Accelerator):
    return [piece.to(accelerator.device) for piece in batch] if isinstance(batch, list) else batch.to(accelerator.device)


def one_step(objective, optimizer, batch, stage: Stage, accelerator: Accelerator, refit=None, grid=None) -> tuple[float, dict]:
    """One optimizer step on this rank's share of a batch; returns the mean loss over all ranks, and its parts."""
    with on(grid):
        if stage.rows:
            total, shown = backward_pieces(objective, batch, stage, accelerator)
        else:
            total, shown = backward(objective, batch, stage, accelerator, refit)
    norm = accelerator.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], stage.clip)
    if norm is None or math.isfinite(norm):
        optimizer.step()
    else:
        shown["left out"] = True  # one step that overflowed must not end a run
    optimizer.zero_grad()
    return total, shown


def backward_pieces(objective, pieces: list[Piece], stage: Stage, accelerator: Accelerator) -> tuple[float, dict]:
    """Gradients of: the mean loss on answers, by weight, and `distillation` times the mean KL."""
    answers = sum(float(piece.weights.sum()) for piece in pieces if piece.weights is not None)
    others = sum(piece.ids.numel() for piece in pieces if piece.weights is None)
    whole = accelerator.device.type == "cuda"  # there a new shape costs more than padding
    sums = {name: torch.zeros((), device=accelerator.device) for name in ("answers", "kl")}
    for piece in pieces:
        known = piece.weights is not None
        for part in slices_of(piece, stage.micro_batch, whole):
            with accelerator.autocast():
                loss = objective(part) / (answers if known else others)
            accelerator.backward(loss if known else loss * stage.distillation)
            sums["answers" if known else "kl"] += loss.detach()  # not read before the end of the step: a GPU would wait
    total = torch.stack([sums["answers"] + stage.distillation * sums["kl"], *sums.values()])
    total = accelerator.reduce(total, "mean").tolist()
    tokens = sum(piece.ids.numel() for piece in pieces)
    return total[0], {"answers": total[1], "kl": total[2], "fed": tokens, "answer tokens": sum(int((p.weights > 0).sum()) for p in pieces if p.weights is not None)}


def slices_of(piece: Piece, rows: int, whole: bool = False) -> list[Piece]:
    """At most `rows` rows each, 0: all at once; without the padding at their end, but where `whole` keeps every shape the same."""
    ids = piece.ids.split(rows or len(piece.ids))
    weights = piece.weights.split(rows or len(piece.ids)) if piece.weights is not None else [None] * len(ids)
    return [Piece(i, w) if whole else Piece(i, w).without_padding() for i, w in zip(ids, weights)]


def backward(objective, ids: torch.Tensor, stage: Stage, accelerator: Accelerator, refit=None) -> tuple[float, dict]:
    """Gradients of an objective that takes ids (b,T)."""
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
    total, parts = accelerator.reduce(total, "mean"), accelerator.reduce(parts, "mean")
    shown = {"layers": [round(v, 4) for v in parts.tolist()]} if stage.kind == "layer-by-layer" else {}
    if stage.unlikelihood:
        shown = dict(zip(("kl", "unlikelihood", "repeats"), parts.tolist()))
    return float(total), shown


@torch.no_grad()
def held_out_loss(run: Run, stage: Stage, objective, accelerator: Accelerator) -> dict[str, float]:
    """The stage's own loss on the first held-out windows of each kind; every rank computes the same."""
    losses = {}
    if stage.rows:
        return held_out_pieces(run, stage, objective, accelerator)
    for kind in stage.mix:
        windows = Windows(run.tokens, [kind], stage.sequence, "held")
        count = min(stage.held, windows.count(kind))
        ids = torch.stack([windows[kind, i] for i in range(count)]).to(accelerator.device)
        with accelerator.autocast():
            losses[kind] = float(objective(ids)[0])
    return losses


def held_out_pieces(run: Run, stage: Stage, objective, accelerator: Accelerator) -> dict[str, float]:
    """Mean loss on the first held-out rows of each kind: nats of an answer's token, or KL."""
    losses = {}
    for kind in stage.rows:
        windows = Pieces(run.tokens, [kind], stage.sequence, "held")
        count = min(windows.count(kind), stage.held)
        (piece,) = Pieces.collate([windows[kind, i] for i in range(count)])
        with accelerator.autocast():
            total = sum(float(objective(part.to(accelerator.device))) for part in slices_of(piece, 2))
        losses[kind] = total / (piece.ids.numel() if piece.weights is None else float(piece.weights.sum()))
    return losses
