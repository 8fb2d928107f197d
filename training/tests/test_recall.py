"""Recall: forking the state at every distance gives what one full pass over the same tokens gives."""

import re

import pytest
import torch

from training.hybrid import View, forward_hidden
from training.recall import ASKED, TOLD, WORDS, recall


class Words:
    """A tokenizer of a few words: the code words have an id each, every other piece shares a few."""

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return [WORDS.index(p.strip()) + 100 if p.strip() in WORDS else 3 + len(p) % 20 for p in re.findall(r" ?\w+|\W", text)]


@pytest.mark.parametrize("kind", ["teacher", "hybrid"])
def test_recall_is_what_one_full_pass_says(kind, teacher, hybrid, monkeypatch):
    monkeypatch.setattr("training.recall.SLICE", 7)
    model, view = (hybrid([1]), View(16, 2)) if kind == "hybrid" else (teacher, View())
    filler = torch.randint(30, 90, (40,))
    rows = recall(model, Words(), filler, [10, 40, 20], facts=3, view=view)
    assert [row["distance"] for row in rows] == [10, 20, 40]

    encode = lambda text: Words().encode(text, add_special_tokens=False)  # noqa: E731 -- shorthand
    question = encode(ASKED)
    for row in rows:
        expected, right = 0.0, 0
        for n, word in enumerate(WORDS[:3]):
            told = encode(TOLD.format(word=word))
            ids = torch.tensor([told + filler[: row["distance"]].tolist() + question])
            with torch.no_grad():
                hidden = forward_hidden(model, ids, view) if kind == "hybrid" else model.model(ids).last_hidden_state
                logits = torch.log_softmax(model.lm_head(hidden[0, -1]).float(), -1)[100 : 100 + len(WORDS)]
            expected, right = expected + float(logits[n]) / 3, right + int(logits.argmax() == n)
        assert row["log p"] == pytest.approx(expected, abs=1e-3)
        assert row["accuracy"] == pytest.approx(right / 3)
