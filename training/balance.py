"""Balances a hybrid for quantisation: input channels that are large get smaller, and their weights larger by as much.

The function stays the same: a norm's weight (or the rows that make a product's factor) is divided by what the next matrix's
columns are multiplied with. Large channels no longer spoil the 8-bit activations of their block, and their weights round finer.
Source: SmoothQuant, arXiv 2211.10438, and AWQ, arXiv 2306.00978.
"""

import torch


def factors(moments: torch.Tensor, strength: float) -> torch.Tensor:
    """moments (C): mean square of each channel -> positive factors (C) with geometric mean 1."""
    size = moments.clamp(min=moments.mean() * 1e-6).sqrt() ** strength
    return size / size.log().mean().exp()


@torch.no_grad()
def balance(model, products: dict[str, torch.Tensor], strength: float = 0.5) -> None:
    """Changes `model` in place; `products` are its `input_products`, of which the diagonals are used."""
    for index, layer in enumerate(model.model.layers):
        at = f"model.layers.{index}"
        mlp = layer.feed_forward
        if hasattr(layer, "mamba"):
            mixer = layer.mamba
            move(layer.input_layernorm.weight, [mixer.in_proj], products[f"{at}.mamba.in_proj"], strength)
            move(mixer.norm.weight, [mixer.out_proj], products[f"{at}.mamba.out_proj"], strength)
        else:
            attention = layer.self_attn
            readers = [attention.q_proj, attention.k_proj, attention.v_proj]
            move(layer.input_layernorm.weight, readers, products[f"{at}.self_attn.q_proj"], strength)
        move(layer.pre_ff_layernorm.weight, [mlp.gate_proj, mlp.up_proj], products[f"{at}.feed_forward.gate_proj"], strength)
        move(mlp.up_proj.weight, [mlp.down_proj], products[f"{at}.feed_forward.down_proj"], strength)


def move(source: torch.Tensor, readers: list[torch.nn.Linear], product: torch.Tensor, strength: float) -> None:
    """source (C) or (C,·): what makes the channels; readers' weights (R,C): what reads them."""
    by = factors(product.diagonal(), strength).to(source)
    source.div_(by if source.dim() == 1 else by[:, None])
    for reader in readers:
        reader.weight.mul_(by)
