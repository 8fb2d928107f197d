"""The ablation holds one layer near and tells what that costs; windows follow the cost."""

import torch

from training.hybrid import View
from training.loader import Piece
from training.retrieval import ablation, loss_on_answers, proposal, report


def test_a_layer_held_near_changes_the_loss_and_the_one_alone_is_another_thing(hybrid):
    model = hybrid([0, 2])
    weights = torch.zeros(1, 60)
    weights[0, 40:50] = 1
    pieces = [Piece(torch.arange(5, 65)[None], weights)]
    whole, rows = ablation(model, [0, 2], pieces, 4, 1)
    assert set(rows) == {0, 2} and whole == loss_on_answers(model, pieces, View())
    for layer, (rise, alone) in rows.items():
        other = 2 - layer
        assert abs(rise) > 1e-6
        assert abs(whole + rise - loss_on_answers(model, pieces, View(0, 1, {layer: 4}))) < 1e-6
        assert abs(rows[other][1] - rise) < 1e-6, "with two layers, one held near is the other alone far"


def test_windows_follow_the_cost_and_layers_worth_moving_are_named():
    rows = {1: (0.001, 0.5), 8: (0.4, 0.1), 23: (0.9, 0.05)}
    windows = proposal(rows, 0.1, 32, 2048)
    assert windows == {1: 32, 8: 2048, 23: 2048}
    text = report([1, 23], 1.25, rows, windows, 32)
    assert '"window": 32' in text and '"windows": {"8": "2048"' not in text and '{"8": 2048, "23": 2048}' in text
    assert "[8]" in text
