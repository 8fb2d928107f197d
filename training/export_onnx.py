"""Exports a Bamba or Llama checkpoint to an ONNX decoder whose state is explicit tensors, for `rivulet convert`.

    python training/export_onnx.py <Hugging Face folder> <out> [--int8] [--check]

Writes model.onnx (weights above 1 MB beside it, in model.onnx_data), config.json and the tokenizer's files. `--check` compares with
transformers' logits at every position, token by token and in slices. Needs torch, transformers, onnx; the check also onnxruntime.
"""

import argparse
import json
import os
import shutil
from pathlib import Path

os.environ |= {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}

import numpy as np
import onnx
from safetensors import safe_open
from transformers import AutoConfig

from export_onnx_layers import NAMES, Decoder, rotary_of

EMBEDDED_MAX_BYTES = 1_000_000
BESIDE = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "generation_config.json", "README.md"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Export a Bamba or Llama checkpoint to an ONNX decoder.")
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--int8", action="store_true", help="8-bit weights and activations")
    parser.add_argument("--external", action="store_true", help="weights beside the graph whatever their size")
    parser.add_argument("--check", action="store_true", help="compare with transformers")
    options = parser.parse_args()
    export(options.source, options.out, options.int8, options.external)
    if options.check:
        from export_onnx_check import check

        print(json.dumps(check(options.source, options.out)))


def export(source: Path, out: Path, int8: bool = False, external: bool = False) -> None:
    config = AutoConfig.from_pretrained(source)
    if config.model_type not in NAMES:
        raise SystemExit(f"export_onnx: expected model_type {' or '.join(NAMES)}, got {config.model_type}")
    model = Decoder(config, rotary_of(config), read_weights(source), int8).build()
    onnx.checker.check_model(model)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("model.onnx", "model.onnx_data"):
        (out / name).unlink(missing_ok=True)
    outside = external or model.ByteSize() > EMBEDDED_MAX_BYTES
    beside = dict(save_as_external_data=True, location="model.onnx_data", size_threshold=1024) if outside else {}
    onnx.save(model, out / "model.onnx", **beside)
    write_config(source, out)
    for name in BESIDE:
        if (source / name).exists():
            shutil.copyfile(source / name, out / name)


def read_weights(source: Path) -> dict[str, np.ndarray]:
    files = sorted(source.glob("model*.safetensors"))
    if not files:
        raise SystemExit(f"export_onnx: {source}: no model*.safetensors")
    weights = {}
    for path in files:
        with safe_open(path, framework="pt") as file:
            weights |= {name: file.get_tensor(name).float().numpy() for name in file.keys()}
    return weights


def write_config(source: Path, out: Path) -> None:
    """The checkpoint's own. A bounded window is a policy of our cache; this graph attends to every position."""
    config = json.loads((source / "config.json").read_text())
    if config.pop("rivulet_cache", None) is not None:
        print("export_onnx: the graph keeps every position; the checkpoint's bounded window (rivulet_cache) is left out")
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
