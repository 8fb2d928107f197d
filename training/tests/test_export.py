"""An export is a plain Bamba checkpoint: transformers loads it with no code of ours and gives the same logits."""

import json

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from training import checkpoint
from training.export import export
from training.hybrid import View, forward_hidden, inherit
from training.settings import Run
from training.teacher import load_teacher


def test_transformers_loads_the_export_with_identical_logits(data, tmp_path):
    words = Tokenizer(WordLevel({f"t{i}": i for i in range(128)}, unk_token="t0"))
    PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(data / "teacher")
    run = Run("tiny", data, tmp_path / "run", (), (1,), chunk=8)
    model = inherit(load_teacher(run.teacher), [1]).eval()
    model.config.mamba_chunk_size = 8
    for layer in model.model.layers:
        if hasattr(layer, "mamba"):
            layer.mamba.chunk_size = 8
    run.out.mkdir()
    checkpoint.save(run.out / "checkpoint.pt", {"student": model.state_dict()})
    export(run, tmp_path / "export", window=64, sinks=4)

    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "export", dtype=torch.float32).eval()
    ids = torch.randint(3, 128, (2, 40))
    with torch.no_grad():
        assert torch.equal(loaded(ids).logits, model(ids).logits)
        torch.testing.assert_close(loaded(ids).logits, model.lm_head(forward_hidden(model, ids, View(64, 4))), atol=2e-3, rtol=1e-3)
    config = json.loads((tmp_path / "export" / "config.json").read_text())
    assert config["model_type"] == "bamba" and "auto_map" not in config
    assert config["rope_parameters"]["partial_rotary_factor"] == 1.0
    assert config["rivulet_cache"] == {"window": 64, "sinks": 4}
    assert config["attn_layer_indices"] == [1]
