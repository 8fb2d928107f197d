"""Exports a Llama checkpoint with PyTorch's own exporter: a graph that we did not write, for the tests of the ONNX backend.

    python training/export_onnx_torch.py <Hugging Face folder> <out>

Unlike our graphs it takes `attention_mask` and gives every row of logits. Needs onnxscript besides what export_onnx.py needs.
"""

import os
import shutil
import sys
from pathlib import Path

os.environ |= {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}

import onnx
import torch
from transformers import DynamicCache, LlamaForCausalLM


class WithState(torch.nn.Module):
    """The model with its cache as plain tensors: keys and values of each layer in turn."""

    def __init__(self, model: LlamaForCausalLM):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, position_ids, pasts):
        cache = DynamicCache(config=self.model.config)
        for i in range(len(pasts) // 2):
            cache.update(pasts[2 * i], pasts[2 * i + 1], i)
        given = dict(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids)
        logits = self.model(**given, past_key_values=cache, use_cache=True).logits
        return logits, *(state for layer in cache.layers for state in (layer.keys, layer.values))


def main(source: Path, out: Path) -> None:
    model = LlamaForCausalLM.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    config = model.config
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    T, S = 5, 3
    ids = torch.ones(1, T, dtype=torch.long)
    pasts = [torch.randn(1, config.num_key_value_heads, S, width) for _ in range(2 * config.num_hidden_layers)]
    arguments = (ids, torch.ones(1, S + T, dtype=torch.long), torch.arange(S, S + T)[None], pasts)
    open_size = torch.export.Dim.DYNAMIC
    shapes = ({1: open_size}, {1: open_size}, {1: open_size}, [{2: open_size}] * len(pasts))
    parts = [f"{i}.{part}" for i in range(config.num_hidden_layers) for part in ("key", "value")]
    inputs = ["input_ids", "attention_mask", "position_ids", *(f"past_key_values.{part}" for part in parts)]
    outputs = ["logits", *(f"present.{part}" for part in parts)]
    names = dict(input_names=inputs, output_names=outputs, dynamic_shapes=shapes, opset_version=18)
    program = torch.onnx.export(WithState(model), arguments, dynamo=True, **names)
    graph = program.model_proto
    strip(graph)
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(graph, out / "model.onnx")
    shutil.copyfile(source / "config.json", out / "config.json")


def strip(model: onnx.ModelProto) -> None:
    """Where each node came from, which is most of the file and holds paths of the machine."""
    for part in (model, model.graph, *model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output, *model.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.graph.ClearField("value_info")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
