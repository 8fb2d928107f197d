"""Writes test/models/published.json: what transformers says of the configs in models/configs/, without weights.

    python training/golden/published.py

Per config: parameters (tied ones once), bytes of state (f32) before the first token and per token, and the checkpoint's tensors:
name with `*` for the layer's number, then a shape and the layers that have it.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import torch
from transformers import CONFIG_MAPPING, MODEL_FOR_CAUSAL_LM_MAPPING

ROOT = Path(__file__).parent.parent.parent
# What transformers renames when it loads a checkpoint, undone: (pattern in the module tree, name in the file).
RENAMED = {
    "nemotron_h": [(r"^model\.", "backbone.")],
    "granitemoehybrid": [
        (r"experts\.gate_up_proj$", "input_linear.weight"), (r"experts\.down_proj$", "output_linear.weight"),
        (r"router\.weight$", "router.layer.weight"),
    ],
}


def main() -> None:
    out = {}
    for path in sorted((ROOT / "models" / "configs").glob("*.json")):
        out[path.stem] = describe(json.loads(path.read_text()))
        print(f"{path.stem:20} {out[path.stem]['parameters']:>14,} parameters")
    lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in out.items()]
    (ROOT / "test" / "models" / "published.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def describe(fields: dict) -> dict:
    config = CONFIG_MAPPING[fields["model_type"]].from_dict(fields)
    with torch.device("meta"):
        model = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)](config)
    model.tie_weights()
    tensors = dict(model.named_parameters())
    fixed, per_token = state_bytes(model)
    return {
        "parameters": sum(tensor.numel() for tensor in tensors.values()),
        "stateBytes": fixed,
        "stateBytesPerToken": per_token,
        "tensors": by_layer({saved(name, fields["model_type"]): list(t.shape) for name, t in tensors.items()}),
    }


def saved(name: str, type: str) -> str:
    for pattern, replacement in RENAMED.get(type, []):
        name = re.sub(pattern, replacement, name)
    return name


def by_layer(shapes: dict[str, list[int]]) -> dict[str, list]:
    found: dict[str, dict[tuple, list[int]]] = defaultdict(lambda: defaultdict(list))
    for name, shape in shapes.items():
        layer = re.search(r"\.layers\.(\d+)\.", name)
        key = re.sub(r"(\.layers\.)\d+\.", r"\1*.", name)
        found[key][tuple(shape)].append(int(layer[1]) if layer else -1)
    return {name: [[list(shape), runs(layers)] for shape, layers in by.items()] for name, by in sorted(found.items())}


def runs(layers: list[int]) -> list[list[int]]:
    """[0, 1, 2, 5] → [[0, 2], [5, 5]]; [] outside the layers."""
    out: list[list[int]] = []
    for layer in layers:
        if layer < 0:
            continue
        if out and out[-1][1] == layer - 1:
            out[-1][1] = layer
        else:
            out.append([layer, layer])
    return out


def state_bytes(model: torch.nn.Module) -> tuple[int, int]:
    """Of the scan and of K − 1 inputs of each convolution, and of one position's keys and values."""
    fixed = per_token = 0
    for name, module in model.named_modules():
        if type(module).__name__.endswith("GatedDeltaNet"):
            inner = module.num_v_heads * module.head_v_dim
            fixed += 4 * (inner * module.head_k_dim + (module.conv_kernel_size - 1) * module.conv1d.in_channels)
        elif hasattr(module, "ssm_state_size"):
            inner = module.num_heads * module.head_dim
            fixed += 4 * (inner * module.ssm_state_size + (module.conv_kernel_size - 1) * module.conv1d.in_channels)
        elif type(module).__name__ == "Lfm2ShortConv":
            fixed += 4 * (module.conv_kernel_size - 1) * module.conv.in_channels
        elif name.endswith(("self_attn", "mixer")) and hasattr(module, "k_proj"):
            per_token += 4 * (module.k_proj.out_features + module.v_proj.out_features)
    return fixed, per_token


if __name__ == "__main__":
    main()
