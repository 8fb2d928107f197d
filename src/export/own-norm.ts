/**
 * ownNorm: what an export of a Bamba whose gated norm spans several groups
 * (`mamba_norm_groups`) carries beside its weights.
 *
 * transformers' BambaForCausalLM norms each group by itself, and would compute other logits without a word. So such a
 * checkpoint has a `model_type` of its own, which is loaded with `trust_remote_code=True` and refused without. The code
 * is training/modeling_rivulet.py, letter for letter.
 */
const code = `"""Bamba whose mixers' gated norm spans mamba_norm_groups groups of heads, not each group by itself. Written by 'rivulet export'."""

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
`;

interface OwnNorm {
  /** Of config.json, over the pack's. */
  fields: Record<string, unknown>;
  code: string;
}

/** Undefined for a checkpoint that transformers computes as it is. */
export function ownNorm(config: Record<string, unknown>): OwnNorm | undefined {
  const groups = config.mamba_norm_groups;
  if (groups === undefined || groups === config.mamba_n_groups) return undefined;
  return {
    fields: {
      model_type: "rivulet_bamba",
      architectures: ["RivuletBambaForCausalLM"],
      auto_map: {
        AutoConfig: "modeling_rivulet.RivuletBambaConfig",
        AutoModelForCausalLM: "modeling_rivulet.RivuletBambaForCausalLM",
      },
    },
    code,
  };
}
