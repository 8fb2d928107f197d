"""Compares an exported decoder with transformers' logits of the same checkpoint, at every position."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from transformers import AutoModelForCausalLM


def check(source: Path, out: Path, length: int = 70, seed: int = 1) -> dict:
    """Largest difference in units of the logits' standard deviation, for whole slices of 32 and token by token."""
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    tokens = torch.randint(model.config.vocab_size, (length,), generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        expected = model(tokens[None], use_cache=False).logits[0].numpy()
    session = onnxruntime.InferenceSession(out / "model.onnx", providers=["CPUExecutionProvider"])
    far = lambda size: float(np.abs(run(session, tokens.numpy(), size) - expected).max() / expected.std())
    return {"tokens": length, "slices_of_32": far(32), "one_by_one": far(1)}


def run(session: onnxruntime.InferenceSession, tokens: np.ndarray, size: int) -> np.ndarray:
    """Logits (T, V) of tokens fed `size` at a time, the state handed on as tensors."""
    pasts = [value for value in session.get_inputs() if value.name.startswith("past_")]
    state = {v.name: np.zeros([d if isinstance(d, int) else 0 for d in v.shape], np.float32) for v in pasts}
    wanted = {v.name for v in session.get_inputs()}
    names = [v.name for v in session.get_outputs()]
    rows = []
    for at in range(0, len(tokens), size):
        ids = tokens[None, at : at + size]
        feeds = {"input_ids": ids, "position_ids": np.arange(at, at + ids.shape[1])[None], "num_logits_to_keep": np.array(0)}
        result = dict(zip(names, session.run(None, state | {k: v for k, v in feeds.items() if k in wanted})))
        rows.append(result.pop("logits")[0])
        state = {name.replace("present.", "past_key_values.").replace("present_", "past_"): v for name, v in result.items()}
    return np.concatenate(rows)
