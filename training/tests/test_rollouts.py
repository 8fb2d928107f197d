"""Unlikelihood: what counts as a repetition, what it costs, and that a gradient step makes it less likely."""

import numpy as np
import torch

from training.hybrid import View, forward_hidden
from training.loader import Windows
from training.rollouts import Rollout, prompts_of, unlikelihood


def test_a_repeat_ends_an_n_gram_seen_before_and_lies_in_the_answer():
    ids = [1, 2, 3, 4, 9, 1, 2, 3, 4, 4]
    assert [at for at, flag in enumerate(Rollout(ids, 5).repeats()) if flag] == [8]
    assert not any(Rollout(ids, 9).repeats())
    assert sum(Rollout([7] * 12, 2).repeats()) == 8  # the first four-gram of sevens ends at 3, in the answer but new
    assert not any(Rollout([1, 2, 3, 1, 2, 3], 0).repeats())


def test_unlikelihood_is_its_plain_definition(hybrid):
    model = hybrid([1])
    rollouts = [Rollout([5, 6, 7, 8, 9, 5, 6, 7, 8, 11], 4), Rollout([20, 21, 20, 21, 20, 21, 20], 2)]
    got, share = unlikelihood(model, rollouts, View())
    total, flagged, answered = 0.0, 0, 0
    for r in rollouts:
        p = torch.softmax(model.lm_head(forward_hidden(model, torch.tensor([r.ids]))[0]), -1)
        for at, flag in enumerate(r.repeats()):
            flagged, answered = flagged + flag, answered + (at >= r.start)
            total += -torch.log(1 - p[at - 1, r.ids[at]]) if flag else 0
    assert flagged and share == flagged / answered
    torch.testing.assert_close(got, total / answered)


def test_a_step_makes_the_repetition_less_likely(hybrid):
    model, rollouts = hybrid([1]), [Rollout([20, 21] * 8, 2)]
    before, _ = unlikelihood(model, rollouts, View())
    before.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 1e-3 * parameter.grad
    assert float(unlikelihood(model, rollouts, View())[0].detach()) < float(before.detach())


def test_no_repetition_costs_nothing_and_still_has_a_gradient(hybrid):
    loss, share = unlikelihood(hybrid([1]), [Rollout([3, 4, 5, 6, 7, 8], 2)], View())
    loss.backward()
    assert float(loss.detach()) == share == 0


def test_prompts_end_with_the_marker_that_begins_the_answer(tmp_path):
    rows = np.array([[5, 6, 1, 2, 9, 9, 1, 2], [7, 7, 7, 7, 7, 7, 7, 7], [8, 1, 2, 4, 4, 4, 4, 4]], dtype=np.uint16)
    rows.tofile(tmp_path / "chat.train.u16")
    windows = Windows(tmp_path, ["chat"], 8)
    assert prompts_of(windows, [1, 2], 10) == [[5, 6, 1, 2], [8, 1, 2]]
    assert prompts_of(windows, [1, 2], 1) == [[5, 6, 1, 2]]
