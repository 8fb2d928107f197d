"""Writes the goldens: tiny random checkpoints and the logits that transformers computes from them.

    python training/golden.py [case ...]

Each case of golden/cases.py becomes test/golden/<case>/: config.json and model.safetensors as transformers writes them,
and golden.safetensors with `tokens` (int32 [T]) and `logits` (float32 [T, V]) of one forward over the whole prompt,
without a cache, by the plain PyTorch path on one CPU thread. The same machine and versions write the same bytes.
"""

import os

os.environ |= {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}

import json
import math
import shutil
import sys
import zlib
from pathlib import Path

import torch
import transformers
from safetensors.torch import save
from transformers import CONFIG_MAPPING, MODEL_FOR_CAUSAL_LM_MAPPING

from golden.cases import CASES

OUT = Path(__file__).parent.parent / "test" / "golden"


def main(names: list[str]) -> None:
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    unknown = [name for name in names if name not in CASES]
    if unknown:
        sys.exit(f"golden: no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    for name in names or CASES:
        logits = write(name, CASES[name])
        size = sum(file.stat().st_size for file in (OUT / name).iterdir())
        print(f"{name:24} {len(logits):4} tokens  logits std {logits.std():.2f}  {size / 1000:.0f} kB")


def write(name: str, case: dict) -> torch.Tensor:
    config_class = CONFIG_MAPPING[case["type"]]
    model_class = MODEL_FOR_CAUSAL_LM_MAPPING[config_class]
    random = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    model = model_class(config_class(**case["config"]))
    for key, parameter in sorted(model.named_parameters()):
        parameter.data = value(key, parameter.shape, case, random)
    for key, buffer in sorted(model.named_buffers()):
        if key.endswith("e_score_correction_bias"):
            buffer.copy_(value(key, buffer.shape, case, random))
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size=case.get("shard", "5GB"))
    (folder / "generation_config.json").unlink(missing_ok=True)
    if "old_config" in case:
        rewrite(folder / "config.json", case["old_config"])

    # The logits are those of the files as read back, so config.json and weights say all there is to know.
    model = model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    for layer in model.model.layers if hasattr(model.config, "mamba_norm_groups") else ():  # a field of ours, see src/models/bamba.ts
        if hasattr(layer, "mamba"):
            layer.mamba.norm.group_size = layer.mamba.intermediate_size // model.config.mamba_norm_groups
    tokens = torch.randint(model.config.vocab_size, (case["tokens"],), generator=random)
    with torch.inference_mode():
        logits = model(tokens[None], use_cache=False).logits[0].contiguous()
    assert logits.isfinite().all(), name
    data = save(
        {"tokens": tokens.int(), "logits": logits},
        metadata={"case": name, "torch": torch.__version__, "transformers": transformers.__version__},
    )
    (folder / "golden.safetensors").write_bytes(with_sorted_header(data))
    return logits


def value(key: str, shape: torch.Size, case: dict, random: torch.Generator) -> torch.Tensor:
    """Random values of a realistic size, none of them trivially 0 or 1."""

    def normal(std: float) -> torch.Tensor:
        return torch.randn(shape, generator=random) * std

    def spread(low: float, high: float) -> torch.Tensor:
        return torch.exp(torch.empty(shape).uniform_(math.log(low), math.log(high), generator=random))

    if "norm" in key:
        return 1 + normal(0.2)
    if key.endswith("A_log"):
        return spread(*case["decay"]).log()
    if key.endswith("dt_bias"):
        return inverse_softplus(spread(*case["dt"]))
    if key.endswith(".D"):
        return normal(1)
    if key.endswith("bias"):
        return normal(0.3)
    if key.endswith(("conv1d.weight", "conv.conv.weight")):
        return normal(shape[-1] ** -0.5)
    if "router" in key or key.endswith("gate.weight"):
        return normal(2 * shape[-1] ** -0.5)  # a router that prefers some experts
    if "q_proj" in key or "k_proj" in key:
        return normal(1.4 * shape[-1] ** -0.5)  # attention that picks, not an average
    return normal(shape[-1] ** -0.5)


def inverse_softplus(x: torch.Tensor) -> torch.Tensor:
    return x + torch.log(-torch.expm1(-x))


def with_sorted_header(data: bytes) -> bytes:
    """The same safetensors file with its header's keys in order; the library writes metadata in the order of a hash map."""
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def rewrite(path: Path, changes: dict) -> None:
    config = json.loads(path.read_text()) | changes
    kept = {key: config[key] for key in sorted(config) if config[key] is not None}
    path.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
