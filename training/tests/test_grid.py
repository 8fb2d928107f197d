"""Training on the 4-bit grid: what the forward pass sees lies on it, and what is exported is what was seen."""

import pytest
import torch

from training.export import export
from training.grid import Grid, final_weights
from training.hybrid import View, forward_hidden
from training.pack import Q4
from training.quantize import blocks_of, steps
from training.settings import Run, Stage
from training import checkpoint, compact
from training.train import train
from transformers import BambaForCausalLM


def towards(hidden: torch.Tensor) -> torch.Tensor:
    """A loss on normed hidden states, whose own length never changes."""
    return (hidden * torch.linspace(-1, 1, hidden.shape[-1])).sum()


def step(model, grid, rate=0.05):
    """One plain gradient step through the grid; the loss before it."""
    ids = torch.arange(3, 60)[None]
    grid.enter()
    loss = torch.nn.functional.cross_entropy(model.lm_head(forward_hidden(model, ids))[0, :-1], ids[0, 1:])
    loss.backward()
    grid.leave()
    parameters = [p for p in [*model.parameters(), *grid.parameters()] if p.grad is not None]
    with torch.no_grad():
        for p in parameters:
            p -= rate * p.grad
            p.grad = None
    return float(loss)


def test_the_forward_pass_sees_16_values_in_a_block_and_the_hidden_weights_come_back(hybrid):
    model = hybrid([1])
    grid, weight = Grid(model), model.model.layers[0].mamba.in_proj.weight
    before = weight.detach().clone()
    grid.enter()
    assert not torch.equal(weight, before)
    assert all(len(block.unique()) <= 16 for block in blocks_of(weight.detach()).flatten(0, 1))
    assert float((weight - before).abs().max()) < 0.2 * float(before.abs().max())
    grid.leave()
    assert torch.equal(weight, before)


def test_steps_through_the_grid_lower_the_loss_and_move_hidden_weights_and_gains(hybrid):
    model = hybrid([1])
    grid, weight = Grid(model), model.model.layers[1].self_attn.q_proj.weight
    before = weight.detach().clone()
    losses = [step(model, grid) for _ in range(12)]
    assert losses[-1] < losses[0] - 0.1
    assert not torch.equal(weight, before)
    assert any(float((gain - 1).abs().max()) > 1e-4 for gain in grid.parameters())


def test_the_gradient_of_a_gain_is_that_of_scaling_its_row(hybrid):
    model = hybrid([1])
    grid, name = Grid(model), "model.layers.0.mamba.in_proj.weight"
    loss = lambda: towards(forward_hidden(model, torch.arange(3, 40)[None]))  # noqa: E731 -- asked for three times
    grid.enter()
    loss().backward()
    grid.leave()
    gradient, values, h = grid.gain[name].grad.clone(), [], 1e-3
    row = int(gradient.abs().argmax())  # a row that hardly matters is lost in the rounding of the sum
    for sign in (1, -1):
        grid.gain[name].data[row] += sign * h
        grid.enter()
        values.append(float(loss().detach()))
        grid.leave()
        grid.gain[name].data[row] -= sign * h
    numeric = (values[0] - values[1]) / (2 * h)
    assert abs(float(gradient[row]) - numeric) < 0.02 * abs(numeric) + 0.05


def test_a_run_on_the_grid_exports_what_its_last_forward_pass_saw(data, tmp_path):
    stage = Stage("end-to-end", 16, 2, steps=3, rate=1e-2, rest_rate=1e-2, warmup=1, grid=True, window=8, sinks=2, layer_windows={"2": 12}, save_every=3)
    run = Run("tiny", data, tmp_path / "run", (stage,), (1, 2), chunk=8)
    from accelerate import Accelerator

    train(run, Accelerator(cpu=True))
    saved = checkpoint.load(run.out / "checkpoint.pt")
    export(run, tmp_path / "export")
    exported = BambaForCausalLM.from_pretrained(tmp_path / "export", dtype=torch.float32)
    for name, weight in final_weights(saved["student"], saved["grid"]).items():
        assert torch.equal(exported.state_dict()[name], weight), name
    assert exported.config.rivulet_cache == {"window": 8, "sinks": 2, "windows": {"2": 12}}
    for block in blocks_of(exported.model.layers[0].mamba.in_proj.weight.detach()).flatten(0, 1):
        assert len(block.unique()) <= 16


@pytest.mark.parametrize("pack", ["on the same grid", "on another grid", "without such a matrix"])
def test_what_was_learnt_travels_in_four_bits(data, tmp_path, monkeypatch, hybrid, pack):
    """As what differs from the pack, or whole where the pack has no such matrix."""
    model = hybrid([1])
    grid = Grid(model)
    known = {n: Q4(codes_of(grid, n), grid.scale[n], grid.offset[n], w.weight.shape[1]) for n, w in grid.linears.items()}
    if pack == "on another grid":
        known = {n: Q4(one.codes, one.scale * 1.1, one.offset * 1.1, one.columns) for n, one in known.items()}
    if pack == "without such a matrix":
        known = {}
    for _ in range(3):
        step(model, grid)
    checkpoint.save(tmp_path / "checkpoint.pt", {"student": model.state_dict(), "grid": grid.state_dict()})
    other = hybrid([1])  # its embedding is the same, all else is replaced
    other.model.embed_tokens.weight.data.copy_(model.model.embed_tokens.weight)
    monkeypatch.setattr(compact, "bamba_from_pack", lambda pack: (other, known))
    compact.save_learnt(tmp_path / "checkpoint.pt", tmp_path / "learnt.gz", tmp_path)
    compact.load_learnt(tmp_path / "learnt.gz", tmp_path / "again.pt", tmp_path)
    before, after = checkpoint.load(tmp_path / "checkpoint.pt"), checkpoint.load(tmp_path / "again.pt")
    expected, got = final_weights(before["student"], before["grid"]), final_weights(after["student"], after["grid"])
    assert expected.keys() == got.keys()
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=1e-6, atol=1e-6)
    assert (tmp_path / "learnt.gz").stat().st_size < (0.6 if pack == "without such a matrix" else 0.4) * (tmp_path / "checkpoint.pt").stat().st_size


def codes_of(grid, name):
    weight = grid.linears[name].weight.data
    return steps(blocks_of(weight), grid.scale[name], grid.offset[name])


def test_matrices_that_do_not_learn_are_rounded_once_and_a_known_grid_is_not_searched_again(hybrid):
    model = hybrid([1])
    first = Grid(model)
    model.model.layers[0].requires_grad_(False)
    name = "model.layers.0.mamba.in_proj.weight"
    first.enter()
    rounded = model.get_parameter(name).data
    first.leave()
    assert not torch.equal(model.get_parameter(name).data, rounded)
    first.enter()
    assert model.get_parameter(name).data_ptr() == rounded.data_ptr()
    first.leave()
    model.model.layers[0].requires_grad_(True)  # and when it learns again, its value is followed
    model.get_parameter(name).data.mul_(0.5)
    first.enter()
    assert not torch.equal(model.get_parameter(name).data, rounded)
    first.leave()
    first.gain[name].data.mul_(1.5)
    again = Grid(model, state=first.state_dict())
    assert torch.equal(again.gain[name], first.gain[name])
    assert torch.equal(again.scale[name], first.scale[name])
    assert not torch.equal(Grid(model).scale[name], first.scale[name])


def test_a_view_of_single_layers_is_what_a_longer_window_shows(hybrid):
    model, ids = hybrid([0, 2]), torch.arange(3, 60)[None]
    everywhere = forward_hidden(model, ids, View(12, 2))
    same = forward_hidden(model, ids, View(40, 2, {0: 12, 2: 12}))
    assert torch.equal(everywhere, same)
    mixed = forward_hidden(model, ids, View(12, 2, {2: 40}))
    assert not torch.allclose(everywhere, mixed)
    assert torch.allclose(everywhere[:, :12], mixed[:, :12])
    assert View.of(View(12, 2, {2: 40}).cache()) == View(12, 2, {2: 40}) and View.of({}) == View()


def test_a_gain_behind_the_product_learns_as_one_whose_matrix_learns_too(hybrid):
    model = hybrid([1])
    grid = Grid(model)
    gains = {name: torch.linspace(0.5, 1.5, len(gain))[:, None] for name, gain in grid.gain.items()}

    def gradients(dtype=torch.float32):
        for name, gain in gains.items():
            grid.gain[name].data.copy_(gain)
            grid.gain[name].grad = None
            grid.learns(name, gain=True, dtype=dtype)
        model.zero_grad()
        grid.enter()
        hidden = forward_hidden(model, torch.arange(3, 40)[None])
        towards(hidden).backward()
        grid.leave()
        return hidden.detach(), {name: gain.grad.clone() for name, gain in grid.gain.items()}

    whole, expected = gradients()
    for linear in grid.linears.values():
        linear.weight.requires_grad_(False)
    hidden, got = gradients()
    torch.testing.assert_close(hidden, whole, rtol=1e-4, atol=1e-4)
    assert all(linear.weight.grad is None or not linear.weight.requires_grad for linear in grid.linears.values())
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=2e-3, atol=2e-3 * float(expected[name].abs().max()), msg=name)
