"""Decoding in lockstep, repetition, recall and the corpus: small parts with known answers."""

import torch

from training.answers import greedy
from training.corpus import is_held_out, key, without_seen_paragraphs
from training.decode import LockstepDecoder
from training.hybrid import View, forward_hidden
from training.repetition import repeated_share
from training.scoring import divergence, perplexity


def test_lockstep_decoder_is_the_model(teacher):
    ids = torch.randint(3, 128, (3, 12))
    decoder = LockstepDecoder(teacher, 3, 12)
    stepped = torch.stack([decoder.step(ids[:, t]) for t in range(12)], 1)
    torch.testing.assert_close(stepped, teacher(ids).logits, atol=1e-4, rtol=1e-4)


def test_greedy_lanes_of_different_lengths_are_each_alone(teacher, hybrid):
    for model in (teacher, hybrid([1])):
        prompts = [[5, 6, 7], [9, 8, 7, 6, 5, 4], [3]]
        together = greedy(model, prompts, 8, end=2)
        assert together == [greedy(model, [prompt], 8, end=2)[0] for prompt in prompts]
        assert any(together)


def test_greedy_hybrid_is_argmax_of_its_logits(hybrid):
    model = hybrid([1])
    fed = [5, 6, 7]
    answer = greedy(model, [fed], 5, end=2, view=View(4, 1))[0]
    for token in answer:
        with torch.no_grad():
            assert int(model.lm_head(forward_hidden(model, torch.tensor([fed]), View(4, 1)))[0, -1].argmax()) == token
        fed = [*fed, token]


def test_repeated_share():
    assert repeated_share([1, 2, 3]) == 0
    assert repeated_share(range(100)) == 0
    assert repeated_share([1, 2, 3, 4] * 25) == 1 - 4 / 97


def test_perplexity_and_divergence_of_known_distributions():
    uniform = torch.nn.Linear(4, 8, bias=False)
    torch.nn.init.zeros_(uniform.weight)
    hidden, ids = torch.randn(2, 5, 4), torch.randint(0, 8, (2, 5))
    assert abs(perplexity(hidden, uniform, ids) - 8) < 1e-4
    assert divergence(hidden, uniform, hidden, uniform) == 0


def test_split_depends_on_the_document_alone():
    keys = [key(f"document {n}") for n in range(3000)]
    share = sum(map(is_held_out, keys)) / len(keys)
    assert 0.02 < share < 0.06
    assert key("Hello,  World!") == key("hello world") != key("hello word")


def test_paragraphs_seen_before_are_left_out():
    long, seen = "a sentence that is long enough to be counted as a paragraph of its own, " * 2, set()
    assert without_seen_paragraphs(f"{long}\n\nshort", seen) == f"{long}\n\nshort"
    assert without_seen_paragraphs(f"{long}\n\nshort", seen) == "short"


def test_an_answer_ends_before_the_end_token(teacher):
    free = greedy(teacher, [[5, 6, 7]], 8, end=-1)[0]
    assert len(free) == 8
    end = free[3]
    assert greedy(teacher, [[5, 6, 7]], 8, end=end)[0] == free[: free.index(end)]
