"""The simulated formats: on the engine's grid, calibrated where it helps, close where it must be."""

import torch

from training.balance import balance
from training.hybrid import inherit
from training.quantize import blocks_of, input_products, quantized, through_q4, through_q4_compensated, through_q8


def weight(rows=24, columns=100):
    torch.manual_seed(0)
    return torch.randn(rows, columns) * torch.rand(rows, 1)


def error(got, want, moments):
    return float((moments * (got - want).square()).sum() / (moments * want.square()).sum())


def test_8_bit_rounds_to_127_steps_of_a_block():
    w = weight()
    blocks = blocks_of(w)
    scale = blocks.abs().amax(-1, keepdim=True) / 127
    q = blocks_of(through_q8(w)) / scale
    torch.testing.assert_close(q, q.round(), atol=1e-3, rtol=0)
    assert ((blocks_of(through_q8(w)) - blocks).abs() <= scale * 0.5001).all()


def test_4_bit_has_16_values_a_block_and_an_offset_not_above_zero():
    got = blocks_of(through_q4(weight(columns=96)))
    for block in got.flatten(0, 1):
        values = block.unique()
        assert len(values) <= 16
        assert values.min() <= 0
        steps = (values - values.min()) / values.diff().min()
        torch.testing.assert_close(steps, steps.round(), atol=2e-3, rtol=0)


def test_4_bit_again_changes_nothing():
    once = through_q4(weight())
    torch.testing.assert_close(through_q4(once), once, atol=1e-5, rtol=1e-5)


def test_calibration_lowers_the_error_of_outputs():
    w, moments = weight(), torch.rand(100) ** 4
    blind, calibrated = error(through_q4(w), w, moments), error(through_q4(w, moments), w, moments)
    assert calibrated < 0.9 * blind
    assert blind < 0.01  # 4 bits of a normal distribution


def test_a_block_of_zeros_and_a_block_above_zero_survive():
    w = torch.zeros(2, 64)
    w[1, 32:] = torch.linspace(1, 2, 32)
    got = through_q4(w)
    assert torch.equal(got[0], torch.zeros(64))
    torch.testing.assert_close(got[1], w[1], atol=0.08, rtol=0)


def test_quantized_model_stays_near_and_its_original_untouched(teacher):
    model, ids = inherit(teacher, [1]).eval(), torch.randint(3, 128, (2, 30))
    before = model(ids).logits
    products = input_products(model, [ids])
    assert set(products) == {name for name, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    def drift(bits):
        p, q = torch.log_softmax(before, -1), torch.log_softmax(quantized(model, bits, products)(ids).logits, -1)
        return float((p.exp() * (p - q)).sum(-1).mean())
    with torch.no_grad():
        assert 0 < drift(8) < drift(4)
        assert torch.equal(model(ids).logits, before)


def test_compensation_lowers_the_error_of_correlated_outputs():
    w = weight(columns=96)
    x = torch.randn(400, 20) @ torch.randn(20, 96) + 0.1 * torch.randn(400, 96)
    product = x.T @ x / len(x)
    outputs = lambda got: float((x @ (got - w).T).square().sum() / (x @ w.T).square().sum())  # noqa: E731 -- shorthand
    assert outputs(through_q4_compensated(w, product)) < 0.5 * outputs(through_q4(w, product.diagonal()))


def test_compensated_weights_are_on_the_grid_too():
    x = torch.randn(300, 96)
    once = through_q4_compensated(weight(columns=96), x.T @ x / 300)
    for block in blocks_of(once).flatten(0, 1):
        assert len(block.unique()) <= 16
    assert float((through_q4(once) - once).square().mean() / once.square().mean()) < 1e-5


def test_balancing_keeps_the_function_and_evens_the_inputs(hybrid):
    model, ids = hybrid([1]), torch.randint(3, 128, (2, 60))
    model.model.layers[0].input_layernorm.weight.data[3] = 20.0  # a large channel
    model.model.layers[2].pre_ff_layernorm.weight.data[5] = 20.0
    with torch.no_grad():
        before, products = model(ids).logits, input_products(model, [ids])
        balance(model, products)
        torch.testing.assert_close(model(ids).logits, before, atol=2e-3, rtol=1e-3)
        after = input_products(model, [ids])
    spread = lambda p: float(p.diagonal().max() / p.diagonal().mean())  # noqa: E731 -- shorthand
    assert spread(after["model.layers.0.mamba.in_proj"]) < 0.5 * spread(products["model.layers.0.mamba.in_proj"])
    assert any(spread(after[name]) < spread(products[name]) for name in products if "down_proj" in name)
