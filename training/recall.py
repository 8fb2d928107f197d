"""Recall of a planted fact: one of 16 code words is told, text follows, then the word is asked for.

The state is forked at every distance, so one pass over the filler serves all of them.
"""

import copy

import torch
from tqdm import tqdm
from transformers import DynamicCache

from training.hybrid import HybridState, View, forward_hidden

WORDS = "apple river stone tiger silver garden winter candle bridge orange forest mirror castle pepper music ocean".split()
TOLD = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\nMy code word is {word}. Please remember it.<|im_end|>\n"
    "<|im_start|>assistant\nI will remember that your code word is {word}.<|im_end|>\n<|im_start|>user\n"
)
ASKED = "<|im_end|>\n<|im_start|>user\nWhat is my code word?<|im_end|>\n<|im_start|>assistant\nYour code word is"
SLICE = 1024  # tokens of filler fed at once


class Reader:
    """Feeds ids (lanes,T) to either model and keeps its state; `fork` copies it."""

    def __init__(self, model, view: View, state=None):
        self.model, self.view = model, view
        self.hybrid = model.config.model_type == "bamba"
        self.state = state or (HybridState() if self.hybrid else DynamicCache(config=model.config))

    def feed(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits (lanes,V) after the last of ids."""
        for part in ids.split(SLICE, dim=1):
            if self.hybrid:
                hidden = forward_hidden(self.model, part, self.view, self.state)
            else:
                hidden = self.model.model(part, past_key_values=self.state, use_cache=True).last_hidden_state
        return self.model.lm_head(hidden[:, -1])

    def fork(self) -> "Reader":
        return Reader(self.model, self.view, copy.deepcopy(self.state))


@torch.no_grad()
def recall(model, tokenizer, filler: torch.Tensor, distances: list[int], facts: int, view: View = View()) -> list[dict]:
    """One row per distance (tokens of filler between telling and asking): accuracy among the words, and log-probability.

    filler (≥ longest distance,) ids. Lanes differ only in the word, which is one token in all of them.
    """
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)  # noqa: E731 -- a local shorthand
    device = model.lm_head.weight.device
    words = [w for w in WORDS if len(encode(" " + w)) == 1]
    ids_of = torch.tensor([encode(" " + w)[0] for w in words], device=device)
    told = [encode(TOLD.format(word=w)) for w in words[:facts]]
    ask = torch.tensor(encode(ASKED), device=device).expand(len(told), -1)
    reader, rows, fed = Reader(model, view), [], 0
    reader.feed(torch.tensor(told, device=device))
    for distance in tqdm(sorted(distances), desc="recall", leave=False):
        reader.feed(filler[fed:distance].to(device).expand(len(told), -1))
        fed = distance
        logits = torch.log_softmax(reader.fork().feed(ask).float(), -1)[:, ids_of]
        right = torch.arange(len(told), device=device)
        accuracy = (logits.argmax(-1) == right).float().mean()
        rows.append({"distance": distance, "accuracy": float(accuracy), "log p": float(logits[right, right].mean())})
    return rows
