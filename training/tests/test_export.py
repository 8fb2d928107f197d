"""An export is a plain Bamba checkpoint: transformers loads it with no code of ours and gives the same logits."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from training import checkpoint
from training.export import export
from training.hybrid import View, forward_hidden, inherit, mamba_layers
from training.quantize import blocks_of
from training.settings import Run
from training.teacher import load_teacher


@pytest.fixture
def run(data, tmp_path) -> Run:
    words = Tokenizer(WordLevel({f"t{i}": i for i in range(128)}, unk_token="t0"))
    PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(data / "teacher")
    return Run("tiny", data, tmp_path / "run", (), (1,), chunk=8)


def test_a_calibrated_export_is_on_the_4_bit_grid_and_near_the_plain_one(run, hybrid, tmp_path):
    run.out.mkdir()
    checkpoint.save(run.out / "checkpoint.pt", {"student": hybrid([1]).state_dict()})
    logits = {}
    for name, calibration in (("plain", 0), ("calibrated", 2)):
        export(run, tmp_path / name, calibration=calibration)
        loaded = AutoModelForCausalLM.from_pretrained(tmp_path / name, dtype=torch.float32).eval()
        with torch.no_grad():
            logits[name] = torch.log_softmax(loaded(torch.arange(3, 60)[None]).logits, -1)
    for block in blocks_of(loaded.model.layers[0].mamba.in_proj.weight.detach()).flatten(0, 1):
        assert len(block.unique()) <= 16
    kl = (logits["plain"].exp() * (logits["plain"] - logits["calibrated"])).sum(-1).mean()
    assert 1e-6 < float(kl) < 0.5


def exported(run: Run, folder: Path):
    """A hybrid as it is begun with, after its export to `folder`."""
    model = inherit(load_teacher(run.teacher), [1], run.norm_groups).eval()
    model.config.mamba_chunk_size = 8
    for mixer in mamba_layers(model).values():
        mixer.chunk_size = 8
    run.out.mkdir()
    checkpoint.save(run.out / "checkpoint.pt", {"student": model.state_dict()})
    export(run, folder, window=64, sinks=4)
    return model


def test_transformers_loads_the_export_with_identical_logits(run, tmp_path):
    model = exported(run, tmp_path / "export")

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


def test_a_norm_over_all_heads_is_loaded_with_the_code_that_comes_along_and_refused_without(run, tmp_path):
    run = replace(run, norm_groups=1)
    model = exported(run, tmp_path / "export")

    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "export", dtype=torch.float32, trust_remote_code=True).eval()
    ids = torch.randint(3, 128, (2, 40))
    grouped = inherit(load_teacher(run.teacher), [1]).eval()
    grouped.load_state_dict(model.state_dict())
    with torch.no_grad():
        ours = model.lm_head(forward_hidden(model, ids, View(64, 4)))
        torch.testing.assert_close(loaded(ids).logits, ours, atol=2e-3, rtol=1e-3)
        assert not torch.allclose(grouped.lm_head(forward_hidden(grouped, ids, View(64, 4))), ours, atol=2e-3, rtol=1e-3)
    with pytest.raises(ValueError, match="trust_remote_code|custom code"):
        AutoModelForCausalLM.from_pretrained(tmp_path / "export", trust_remote_code=False)
