"""Unlikelihood: what counts as a repetition, what it costs, and that a gradient step makes it less likely."""

import numpy as np
import torch

from training.hybrid import View, forward_hidden, inherit
from training.loader import Windows
from training.rollouts import Rollout, prompts_of, unlikelihood


def test_a_repeat_ends_an_n_gram_seen_before_and_lies_in_the_answer():
    ids = [1, 2, 3, 4, 9, 1, 2, 3, 4, 4]
    assert [at for at, flag in enumerate(Rollout(ids, 5).repeats()) if flag] == [8]
    assert not any(Rollout(ids, 9).repeats())
    assert sum(Rollout([7] * 12, 2).repeats()) == 8  # the first four-gram of sevens ends at 3, in the answer but new
    assert not any(Rollout([1, 2, 3, 1, 2, 3], 0).repeats())


def test_unlikelihood_is_its_plain_definition(hybrid, teacher):
    model = hybrid([1])
    rollouts = [Rollout([5, 6, 7, 8, 9, 5, 6, 7, 8, 11], 4), Rollout([20, 21] * 6, 2), Rollout([30, 31, 32] * 4, 2)]
    got, share = unlikelihood(model, teacher, rollouts, View())
    total, flagged, counted, answered = 0.0, 0, 0, 0
    for r in rollouts:
        p = torch.softmax(model.lm_head(forward_hidden(model, torch.tensor([r.ids]))[0]), -1)
        allowed = torch.softmax(teacher(torch.tensor([r.ids])).logits[0], -1)
        for at, flag in enumerate(r.repeats()):
            flagged, answered = flagged + flag, answered + (at >= r.start)
            if flag and p[at - 1, r.ids[at]] > allowed[at - 1, r.ids[at]]:
                total, counted = total - torch.log(1 - p[at - 1, r.ids[at]]), counted + 1
    assert 0 < counted < flagged and share == flagged / answered
    torch.testing.assert_close(got, total / answered)


def test_a_step_makes_the_repetition_less_likely(hybrid, teacher):
    model, rollouts = hybrid([1]), [Rollout([30, 31, 32] * 5, 2)]
    before, _ = unlikelihood(model, teacher, rollouts, View())
    before.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 1e-3 * parameter.grad
    assert float(unlikelihood(model, teacher, rollouts, View())[0].detach()) < float(before.detach())


def test_what_the_teacher_would_repeat_as_willingly_costs_nothing(teacher):
    loss, share = unlikelihood(inherit(teacher, [0, 1, 2]).eval(), teacher, [Rollout([20, 21] * 8, 2)], View())
    assert abs(float(loss.detach())) < 1e-6 < share


def test_no_repetition_costs_nothing_and_still_has_a_gradient(hybrid, teacher):
    loss, share = unlikelihood(hybrid([1]), teacher, [Rollout([3, 4, 5, 6, 7, 8], 2)], View())
    loss.backward()
    assert float(loss.detach()) == share == 0


def test_prompts_end_with_the_marker_that_begins_the_answer(tmp_path):
    rows = np.array([[5, 6, 1, 2, 9, 9, 1, 2], [7, 7, 7, 7, 7, 7, 7, 7], [8, 1, 2, 4, 4, 4, 4, 4]], dtype=np.uint16)
    rows.tofile(tmp_path / "chat.train.u16")
    windows = Windows(tmp_path, ["chat"], 8)
    assert prompts_of(windows, [1, 2], 10) == [[5, 6, 1, 2], [8, 1, 2]]
    assert prompts_of(windows, [1, 2], 1) == [[5, 6, 1, 2]]
