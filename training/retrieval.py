"""Where a model looks things up: what its answers lose when one attention layer sees only its neighbourhood, and windows that follow.

    python -m training.retrieval --pack models/rivulet-150m        # the attention layers of a pack
    python -m training.retrieval                                   # all layers of the teacher, which a hybrid may keep

Each layer in turn is held to its sinks and `--near` tokens while the others see all; the loss is that on held-out answers whose proof lies
further back. A second column holds every other layer instead, so that what one layer can do alone shows too. Source: arXiv 2602.11374.
"""

import argparse
from pathlib import Path

import torch
from tqdm import tqdm

from training.hybrid import View, inherit
from training.loader import Piece, Pieces
from training.objectives import Answers
from training.pack import bamba_from_pack
from training.teacher import load_teacher


@torch.no_grad()
def loss_on_answers(model, pieces: list[Piece], view: View) -> float:
    """Nats of an answer's token."""
    objective = Answers(model, None, view, False)
    return sum(float(objective(piece)) for piece in pieces) / sum(float(piece.weights.sum()) for piece in pieces)


def ablation(model, layers: list[int], pieces: list[Piece], near: int, sinks: int) -> tuple[float, dict[int, tuple[float, float]]]:
    """The loss with all in view, and per layer what it rises by with that layer held near, and with all others held near."""
    whole = loss_on_answers(model, pieces, View(0, sinks))
    rows = {}
    for layer in tqdm(layers, desc="layers", leave=False):
        without = loss_on_answers(model, pieces, View(0, sinks, {layer: near}))
        alone = loss_on_answers(model, pieces, View(near, sinks, {layer: 0}))
        rows[layer] = (without - whole, alone - whole)
    return whole, rows


def proposal(rows: dict[int, tuple[float, float]], share: float, near: int, far: int) -> dict[int, int]:
    """Layer -> window: far where holding the layer near costs at least `share` of what the costliest one costs."""
    most = max(rise for rise, _ in rows.values())
    return {layer: far if most > 0 and rise >= share * most else near for layer, (rise, _) in rows.items()}


def report(kept: list[int], whole: float, rows: dict[int, tuple[float, float]], windows: dict[int, int], near: int) -> str:
    lines = [f"Loss on held-out answers: {whole:.3f} nats. Rise with a layer held to {near} tokens, and with all others held to them:", "",
             "| layer | held near | alone far | window |", "|---|---|---|---|"]
    lines += [f"| {layer} | {rise:+.3f} | {alone:+.3f} | {windows[layer]:,} |" for layer, (rise, alone) in sorted(rows.items(), key=lambda row: -row[1][0])]
    common = min(windows.values())
    own = {str(layer): window for layer, window in sorted(windows.items()) if window != common}
    lines += ["", f'"rivulet_cache": {{"window": {common}, "sinks": 4, "windows": {own}}}'.replace("'", '"')]
    best = sorted(rows, key=lambda layer: -rows[layer][0])[: len(kept)]
    moved = [layer for layer in best if layer not in kept]
    if moved:
        lines.append(f"Layers that look things up and are not attention in {kept}: {moved}.")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, help="a Bamba pack; without it the teacher's layers are measured")
    parser.add_argument("--data", type=Path, default=Path("training/data"))
    parser.add_argument("--kind", default="dialogues-512", help="rows of held-out dialogues")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--near", type=int, default=32)
    parser.add_argument("--far", type=int, default=2048)
    parser.add_argument("--share", type=float, default=0.1, help="of the greatest rise, from which on a layer gets the far window")
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.pack:
        model, _ = bamba_from_pack(arguments.pack)
        layers = kept = list(model.config.attn_layer_indices)
    else:
        teacher = load_teacher(arguments.data / "teacher")
        layers = list(range(teacher.config.num_hidden_layers))
        model, kept = inherit(teacher, layers), [1, 2, 13, 20, 23, 24]  # attention everywhere: the teacher itself
    held = Pieces(arguments.data / "tokens", [arguments.kind], 512, "held")
    count = min(arguments.rows, held.count(arguments.kind))
    pieces = [Pieces.collate([held[arguments.kind, n]])[0].without_padding() for n in range(count)]
    whole, rows = ablation(model.eval(), layers, pieces, arguments.near, 4)
    print(report(kept, whole, rows, proposal(rows, arguments.share, arguments.near, arguments.far), arguments.near))


if __name__ == "__main__":
    main()
