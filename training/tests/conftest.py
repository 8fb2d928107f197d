"""Tiny models and token files, seconds on a CPU. Run from the repository root: python -m pytest training/tests"""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training.hybrid import inherit, mamba_layers

torch.set_num_threads(1)
VOCABULARY = 128


def tiny_teacher() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=48, intermediate_size=64, num_hidden_layers=3, num_attention_heads=3,
        num_key_value_heads=1, head_dim=16, max_position_embeddings=512, rms_norm_eps=1e-5, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )
    model = LlamaForCausalLM(config).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.mul_(5 if parameter.dim() > 1 else 1)  # far from uniform, so that an error shows
    return model


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    words = ["<|endoftext|>", "<s>", "<|im_end|>", "<|im_start|>", "assistant", *(f"w{n}" for n in range(5, VOCABULARY))]
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(words)}, unk_token="<s>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, additional_special_tokens=["<|im_end|>", "<|im_start|>"])


@pytest.fixture
def teacher() -> LlamaForCausalLM:
    return tiny_teacher()


@pytest.fixture
def hybrid(teacher):
    """Builds a hybrid whose mixers matter: transformers' own start is so small that a lost state would not show."""

    def build(attention_layers: list[int]):
        model = inherit(teacher, attention_layers).eval()
        for mixer in mamba_layers(model).values():
            torch.nn.init.normal_(mixer.in_proj.weight, std=0.4)
            torch.nn.init.normal_(mixer.conv1d.weight, std=0.6)
            torch.nn.init.normal_(mixer.out_proj.weight, std=0.4)
            torch.nn.init.constant_(mixer.dt_bias, -2.0)  # a state that lasts several tokens
        return model

    return build


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder: the tiny teacher, and token files of both kinds and splits."""
    folder = tmp_path / "data"
    tiny_teacher().save_pretrained(folder / "teacher")
    tiny_tokenizer().save_pretrained(folder / "teacher")
    (folder / "tokens").mkdir()
    random = np.random.default_rng(0)
    for kind in ("chat", "text"):
        for split, count in (("train", 1700), ("held", 300)):
            ids = random.integers(5, VOCABULARY, count).astype(np.uint16)
            ids[6::16], ids[7::16] = 3, 4  # "<|im_start|>", "assistant": where an answer begins
            ids.tofile(folder / "tokens" / f"{kind}.{split}.u16")
    return folder
