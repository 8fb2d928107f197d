/** Cases of test/golden that are exported to ONNX in test/golden-onnx, with what each is for. */
export const onnxCases: Readonly<Record<string, string>> = {
  "bamba-groups4": "mixer and attention, four groups, half of each head turns; weights beside the graph",
  "bamba-biases": "every bias, a convolution of 2",
  "bamba-large-dt": "decay that underflows within a slice",
  "bamba-no-attention": "constant state only, tied head",
  "llama-rope-llama3": "keys and values only, scaled frequencies",
  "llama-plain": "a graph that PyTorch wrote: attention_mask, every row of logits",
};

/**
 * Architectures that training/export_onnx.py does not write, and why. The backend itself runs any
 * decoder with explicit float32 state.
 */
export const notExported: Readonly<Record<string, string>> = {
  falcon_h1: "parallel mixers and their multipliers are not in the exporter",
  gemma3_text: "sliding layers and norms after a layer are not in the exporter",
  granitemoehybrid: "multipliers and expert routing are not in the exporter",
  lfm2: "short convolutions are not in the exporter",
  mamba2: "a mixer without MLP is not in the exporter",
  nemotron_h: "one mixer per block is not in the exporter",
  olmo_hybrid: "the gated delta rule is not in the exporter",
  qwen2: "biases of q, k and v alone are not in the exporter",
  qwen3: "norms of heads are not in the exporter",
  qwen3_5_text: "the gated delta rule is not in the exporter",
  smollm3: "layers without positions are not in the exporter",
  zamba2: "a shared attention block is not in the exporter",
};
