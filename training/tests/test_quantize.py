"""The simulated formats: on the engine's grid, calibrated where it helps, close where it must be."""

import torch

from training.hybrid import inherit
from training.quantize import blocks_of, input_moments, quantized, through_q4, through_q8


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
    moments = input_moments(model, [ids])
    assert set(moments) == {name for name, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    def drift(bits):
        p, q = torch.log_softmax(before, -1), torch.log_softmax(quantized(model, bits, moments)(ids).logits, -1)
        return float((p.exp() * (p - q)).sum(-1).mean())
    with torch.no_grad():
        assert 0 < drift(8) < drift(4)
        assert torch.equal(model(ids).logits, before)
