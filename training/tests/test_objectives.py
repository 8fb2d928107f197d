"""What is minimised, against its plain definition; the closed-form start; and the difficulty measure."""

import torch

from training.closed_form import Normal, closed_form_start
from training.difficulty import difficulties
from training.hybrid import View, inherit, mamba_layers
from training.objectives import EndToEnd, HeadKl, LayerByLayer
from training.traces import trace


def test_sliced_kl_and_its_gradients_are_autograd_s():
    torch.manual_seed(0)
    hidden, weight = torch.randn(2, 9, 6, requires_grad=True), torch.randn(11, 6, requires_grad=True)
    target, head = torch.randn(2, 9, 6), torch.randn(11, 6)
    HeadKl.SLICE, whole = 4, HeadKl.SLICE
    try:
        loss = HeadKl.apply(hidden, weight, target, head, torch.float32)
    finally:
        HeadKl.SLICE = whole
    got = torch.autograd.grad(loss * 3, (hidden, weight))
    p, q = torch.log_softmax(target @ head.T, -1), torch.log_softmax(hidden @ weight.T, -1)
    plain = (p.exp() * (p - q)).sum(-1).mean()
    torch.testing.assert_close(loss, plain)
    for one, other in zip(got, torch.autograd.grad(plain * 3, (hidden, weight)), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_end_to_end_of_the_teacher_itself_is_zero(teacher):
    ids = torch.randint(3, 128, (2, 20))
    assert float(EndToEnd(inherit(teacher, [0, 1, 2]), teacher, View(), False)(ids)[0].detach()) < 1e-5
    assert float(EndToEnd(inherit(teacher, [0, 1]), teacher, View(), False)(ids)[0].detach()) > 1e-3


def test_recomputing_gives_the_same_gradients(teacher, hybrid):
    ids, model = torch.randint(3, 128, (2, 20)), hybrid([1])
    gradients = []
    for recompute in (False, True):
        model.zero_grad()
        EndToEnd(model, teacher, View(6, 2), recompute)(ids)[0].backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)


def test_traces_are_the_attention_layers_inputs_and_outputs(teacher):
    ids = torch.randint(3, 128, (1, 12))
    at = trace(teacher, ids)[1]
    attention = teacher.model.layers[1].self_attn
    torch.testing.assert_close(attention.o_proj(at.heads), at.output)
    hidden = teacher.model(ids, output_hidden_states=True).hidden_states[1]
    torch.testing.assert_close(teacher.model.layers[1].input_layernorm(hidden), at.input)


def test_ridge_finds_a_linear_map():
    torch.manual_seed(0)
    x, weight = torch.randn(200, 5), torch.randn(5, 3)
    normal = Normal()
    normal.add(x[:100], x[:100] @ weight)
    normal.add(x[100:], x[100:] @ weight)
    solved = normal.solve(1e-9)
    torch.testing.assert_close(solved.float(), weight, atol=1e-4, rtol=1e-4)
    assert abs(normal.explained(solved) - 1) < 1e-6


def test_the_closed_form_start_beats_predicting_nothing(teacher):
    model = inherit(teacher, [1])
    batches = [torch.randint(3, 128, (4, 32)) for _ in range(4)]
    before = float(LayerByLayer(model, teacher)(batches[0])[0].detach())
    report = closed_form_start(teacher, model, batches)
    after = float(LayerByLayer(model, teacher)(batches[0])[0].detach())
    assert set(report) == {0, 2}
    assert after < 0.9 < before  # 1 is the error of predicting zero


def test_the_layer_with_the_worse_mixer_is_the_more_difficult(teacher):
    model = inherit(teacher, [])
    batches = [torch.randint(3, 128, (4, 32)) for _ in range(4)]
    closed_form_start(teacher, model, batches)
    with torch.no_grad():
        model.model.layers[1].mamba.out_proj.weight.mul_(-3)
        rows = difficulties(teacher, mamba_layers(model), {"chat": batches[0]}, torch.float32)
    assert max(rows, key=lambda row: row["kl"])["layer"] == 1
