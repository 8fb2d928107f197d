"""Bamba whose mixers' gated norm spans mamba_norm_groups groups of heads, not each group by itself. Written by 'rivulet export'."""

from transformers import BambaConfig, BambaForCausalLM


class RivuletBambaConfig(BambaConfig):
    model_type = "rivulet_bamba"


class RivuletBambaForCausalLM(BambaForCausalLM):
    config_class = RivuletBambaConfig

    def __init__(self, config):
        super().__init__(config)
        for layer in self.model.layers:
            if hasattr(layer, "mamba"):
                norm = layer.mamba.norm
                if not hasattr(norm, "group_size") and config.mamba_norm_groups != 1:
                    raise ValueError("mamba_norm_groups: expected a transformers version whose BambaRMSNormGated has a group_size")
                norm.group_size = layer.mamba.intermediate_size // config.mamba_norm_groups
