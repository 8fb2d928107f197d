"""The chunked scan and the whole forward pass against transformers' Bamba."""

import pytest
import torch
from transformers import BambaConfig
from transformers.models.bamba.modeling_bamba import BambaMixer

from training.hybrid import HybridState, View, forward_hidden, inherit
from training.mixer import mix
from training.scan import chunked_scan


def step_by_step(x, dt, a, b, c, d):
    """The definition, one token at a time, float64."""
    x, dt, a, b, c, d = (v.double() for v in (x, dt, a, b, c, d))
    share = x.shape[2] // b.shape[2]
    b, c = b.repeat_interleave(share, 2), c.repeat_interleave(share, 2)
    state, out = x.new_zeros(*x.shape[:1], *x.shape[2:], b.shape[-1]), []
    for t in range(x.shape[1]):
        decay = torch.exp(dt[:, t] * a)[..., None, None]
        state = decay * state + (dt[:, t, :, None] * x[:, t])[..., None] * b[:, t, :, None, :]
        out.append((state * c[:, t, :, None, :]).sum(-1) + d[:, None] * x[:, t])
    return torch.stack(out, 1), state


@pytest.mark.parametrize("tokens", [1, 7, 8, 9, 31])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_scan_is_its_definition(tokens, groups):
    torch.manual_seed(tokens)
    x, b, c = torch.randn(2, tokens, 4, 6), torch.randn(2, tokens, groups, 5), torch.randn(2, tokens, groups, 5)
    dt, a, d = torch.rand(2, tokens, 4), -torch.rand(4) * 4, torch.randn(4)
    y, state = chunked_scan(x, dt, a, b, c, d, chunk=8)
    expected, last = step_by_step(x, dt, a, b, c, d)
    torch.testing.assert_close(y.double(), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(state.double(), last, atol=1e-5, rtol=1e-4)


def test_scan_goes_on_from_a_state():
    torch.manual_seed(0)
    x, b, c = torch.randn(1, 21, 2, 4), torch.randn(1, 21, 2, 3), torch.randn(1, 21, 2, 3)
    dt, a, d = torch.rand(1, 21, 2), -torch.rand(2), torch.randn(2)
    whole, last = chunked_scan(x, dt, a, b, c, d, 8)
    _, state = chunked_scan(x[:, :10], dt[:, :10], a, b[:, :10], c[:, :10], d, 8)
    rest, end = chunked_scan(x[:, 10:], dt[:, 10:], a, b[:, 10:], c[:, 10:], d, 8, state)
    torch.testing.assert_close(rest, whole[:, 10:], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(end, last, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("groups", [1, 3])
def test_mixer_is_transformers_mixer(groups):
    torch.manual_seed(groups)
    config = BambaConfig(
        hidden_size=48, mamba_n_heads=3, mamba_d_head=16, mamba_n_groups=groups, mamba_d_state=8, mamba_expand=1,
        num_hidden_layers=1, mamba_chunk_size=16, num_attention_heads=3, num_key_value_heads=1,
    )
    mixer = BambaMixer(config, 0).eval()
    for parameter in mixer.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    x = torch.randn(2, 37, 48)
    with torch.no_grad():
        torch.testing.assert_close(mix(mixer, x)[0], mixer(x), atol=2e-5, rtol=1e-4)


def test_hybrid_forward_is_transformers_forward(hybrid):
    model = hybrid([1])
    ids = torch.randint(3, 128, (2, 90))
    with torch.no_grad():
        torch.testing.assert_close(model.lm_head(forward_hidden(model, ids)), model(ids).logits, atol=2e-3, rtol=1e-3)


def test_a_hybrid_of_attention_alone_is_the_teacher(teacher):
    model = inherit(teacher, [0, 1, 2]).eval()
    ids = torch.randint(3, 128, (2, 40))
    with torch.no_grad():
        torch.testing.assert_close(model(ids).logits, teacher(ids).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("view", [View(), View(window=12, sinks=3), View(window=1, sinks=0)])
def test_forward_in_parts_is_forward_at_once(hybrid, view):
    model, ids = hybrid([0, 2]), torch.randint(3, 128, (2, 50))
    with torch.no_grad():
        whole = forward_hidden(model, ids, view)
        state = HybridState()
        parts = [forward_hidden(model, part, view, state) for part in ids.split([20, 1, 1, 28], dim=1)]
        torch.testing.assert_close(torch.cat(parts, 1), whole, atol=5e-4, rtol=1e-3)


def test_window_hides_old_tokens_but_not_sinks(teacher):
    model, ids = inherit(teacher, [0, 1, 2]).eval(), torch.randint(3, 128, (1, 40))
    def last(at):  # the last token's hidden state after token `at` was changed
        changed = ids.clone()
        changed[0, at] = (changed[0, at] + 1) % 120 + 3
        return forward_hidden(model, changed, View(window=4, sinks=2))[0, -1]
    with torch.no_grad():
        plain = forward_hidden(model, ids, View(window=4, sinks=2))[0, -1]
        assert torch.equal(last(10), plain)  # three layers reach back 3 * 3 tokens
        assert not torch.equal(last(1), plain)
        assert not torch.equal(last(38), plain)
