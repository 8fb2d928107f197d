"""out_proj in closed form beside training, and the teacher's traces kept on disk."""

import torch

from training.hybrid import inherit, mamba_layers
from training.objectives import LayerByLayer
from training.refit import OutProjections, product
from training.traces import recorded, trace


def test_refit_finds_the_out_projection_and_lowers_the_loss(teacher):
    model, ids = inherit(teacher, [1]), torch.randint(3, 128, (8, 32))
    objective = LayerByLayer(model, teacher, refit=True)
    before = float(objective(ids)[0].detach())
    refit = OutProjections(objective.mixers)
    refit.add(objective.products, lambda t: t)
    refit.solve()
    after = objective(ids)[0]
    assert float(after.detach()) < 0.9 * before
    after.backward()
    for mixer in mamba_layers(model).values():  # at its optimum, so no gradient is left
        assert mixer.out_proj.weight.grad.norm() < 0.02 * mixer.in_proj.weight.grad.norm()


def test_sums_of_parts_are_the_sum_of_the_whole_and_survive_a_checkpoint():
    mixer = torch.nn.Module()
    mixer.out_proj = torch.nn.Linear(5, 3, bias=False)
    features, target = torch.randn(2, 30, 5), torch.randn(2, 30, 3)
    parts, whole = OutProjections({"0": mixer}), OutProjections({"0": mixer})
    for half in (0, 1):
        parts.add({"0": product(features[half : half + 1], target[half : half + 1])}, lambda t: t)
        other = OutProjections({"0": mixer})
        other.load_state_dict(parts.state_dict())
        parts = other
    whole.add({"0": product(features, target)}, lambda t: t)
    torch.testing.assert_close(parts.sums["0"], whole.sums["0"], atol=1e-4, rtol=1e-5)


def test_recorded_traces_are_the_teacher_s_in_bf16_on_both_passes(teacher, tmp_path):
    ids = torch.randint(3, 128, (3, 12))
    first = recorded(teacher, ids, [0, 2], tmp_path)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) == 3 and first.keys() == {0, 2}
    again = recorded(teacher, ids.flip(0), [0, 2], tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files
    plain = trace(teacher, ids)
    for i in (0, 2):
        assert torch.equal(first[i].input, plain[i].input.bfloat16().float())
        assert torch.equal(again[i].output, first[i].output.flip(0))
