"""Exports a run's hybrid as a plain folder that transformers and `rivulet convert` read: weights, config, tokenizer.

    python -m training.export training/configs/cpu-longer.toml training/runs/cpu-longer/export
    python -m training.export training/configs/cpu-longer.toml training/runs/cpu-longer/export-4bit --calibration 8

A run that trained on the 4-bit grid leaves its weights there. With --calibration other weights are balanced and lie on the 4-bit grid, found with so many training windows of each kind:
`rivulet convert --dtype q4` finds that grid again, so its pack has the calibrated values.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch

from training import checkpoint
from training.balance import balance
from training.grid import final_weights
from training.hybrid import View, inherit
from training.loader import Windows
from training.quantize import input_products, quantized
from training.settings import Run, load_run
from training.stage import view_of
from training.teacher import load_teacher, load_tokenizer

KINDS = ("chat", "text")
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def calibrated(student, tokens: Path, count: int, sequence: int = 256):
    """A copy on the 4-bit grid, calibrated on the first `count` training windows of each kind."""
    batches = [windows[kind, n][None] for kind in KINDS for windows in [Windows(tokens, [kind], sequence)] for n in range(count)]
    with torch.no_grad():
        balance(student, input_products(student, batches))
        return quantized(student, 4, input_products(student, batches), activations=False)


def blended(last: dict, earlier: dict, share: float) -> dict:
    """share · last + (1 - share) · earlier: part of what the last stage changed. Source: WiSE-FT, arXiv 2109.01903."""
    return {name: torch.lerp(earlier[name], weight, share) for name, weight in last.items()}


def export(run: Run, out: Path, dtype="f32", window=512, sinks=4, calibration=0, blend: Path | None = None, share=0.5, saved: Path | None = None) -> None:
    """Writes `out`. `rivulet_cache` in its config is the attention view of the last stage, or else the one that is given."""
    student = inherit(load_teacher(run.teacher), list(run.attention_layers), run.norm_groups)
    last = checkpoint.load(saved or run.out / "checkpoint.pt")
    weights = final_weights(last["student"], last["grid"]) if "grid" in last else last["student"]
    student.load_state_dict(blended(weights, checkpoint.load(blend)["student"], share) if blend else weights)
    student.config.mamba_chunk_size = run.chunk
    if calibration:
        student = calibrated(student, run.tokens, calibration)
    trained = view_of(run.stages[-1]) if run.stages else View()
    student.config.rivulet_cache = (trained if trained.windows else View(window, sinks)).cache()
    student.to(DTYPES[dtype]).save_pretrained(out)
    if run.norm_groups:
        carry_norm(out)
    load_tokenizer(run.teacher).save_pretrained(out)


def carry_norm(out: Path) -> None:
    """What `rivulet export` adds for a norm that transformers has not: a type of its own, and the code that it is loaded with."""
    config = json.loads((out / "config.json").read_text())
    config |= {"model_type": "rivulet_bamba", "architectures": ["RivuletBambaForCausalLM"]}
    config["auto_map"] = {"AutoConfig": "modeling_rivulet.RivuletBambaConfig", "AutoModelForCausalLM": "modeling_rivulet.RivuletBambaForCausalLM"}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    shutil.copy(Path(__file__).with_name("modeling_rivulet.py"), out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, help="the run's folder, where it is not the config's own")
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--sinks", type=int, default=4)
    parser.add_argument("--calibration", type=int, default=0, help="windows of each kind; 0 leaves the weights as trained")
    parser.add_argument("--blend", type=Path, help="an earlier stage's weights (stage-N.pt), to be mixed in")
    parser.add_argument("--checkpoint", type=Path, help="instead of the run's last one, e.g. a stage-N.pt")
    parser.add_argument("--share", type=float, default=0.5, help="of the last stage in that mixture")
    arguments = parser.parse_args()
    run = load_run(arguments.config, arguments.data, arguments.out)
    shape = (arguments.dtype, arguments.window, arguments.sinks, arguments.calibration)
    export(run, arguments.folder, *shape, arguments.blend, arguments.share, arguments.checkpoint)


if __name__ == "__main__":
    main()
