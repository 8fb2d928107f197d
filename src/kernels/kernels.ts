/**
 * Kernels: the arithmetic of every layer, as functions over addresses in one WebAssembly memory.
 *
 * Two implementations: `reference/` (the definition, f64, slow) and wasm/ (fast). Both are held to
 * test/kernels/cases.ts. All addresses are byte offsets, 16-byte aligned unless said otherwise; the host checks shapes
 * once, kernels trust. Letters and matrix layouts: docs/notation.md. A "stride" counts floats between two tokens.
 */

/** Byte offset into the memory that all kernels share. */
export type Address = number;

export interface Kernels {
  /** y (T, pad8(R)) = x (T, C; stride `xStride`) · Wᵀ, W (R, C) f32 in kernel order. */
  matF32(y: Address, x: Address, xStride: number, w: Address, T: number, R: number, C: number): void;
  /** As matF32 with f16 weights (no infinities or NaN; the converter refuses them). */
  matF16(y: Address, x: Address, xStride: number, w: Address, T: number, R: number, C: number): void;
  /** y (T, pad8(R)) = xq · Wᵀ; xq: T quantised rows of C inputs (see `quantize`), W (R, C) q8 in kernel order. */
  matQ8(y: Address, xq: Address, w: Address, T: number, R: number, C: number): void;
  /**
   * As matQ8 with q4 weights. A row of T tokens has the same bits as T calls of one token (also matQ8, matF32, matF16).
   */
  matQ4(y: Address, xq: Address, w: Address, T: number, R: number, C: number): void;

  /** Rows of W (R, C) chosen by T u32 ids, as f32 into y (T, C; stride C). Ids are < R. */
  embedF32(y: Address, w: Address, ids: Address, T: number, C: number): void;
  embedF16(y: Address, w: Address, ids: Address, T: number, C: number): void;
  embedQ8(y: Address, w: Address, ids: Address, T: number, C: number): void;
  embedQ4(y: Address, w: Address, ids: Address, T: number, C: number): void;

  /** Quantised rows: per block of 32 inputs, scale = max|x|/127, q = round-half-even(x/scale); a block below 2^-100
   *  counts as zero and has scale 0. */
  quantize(xq: Address, x: Address, xStride: number, T: number, C: number): void;

  /** y (n) = the nearest halves of x (n) f32, ties to even, and 1; or 0, with y left alone, where one of them is too
   *  large to have a finite half, infinite or no number. y may be x. */
  toHalves(y: Address, x: Address, n: number): number;
  /** y (n) f32 = halves x (n), all of them finite. x may be the second half of y. */
  fromHalves(y: Address, x: Address, n: number): void;

  /** y (T, D) = x / sqrt(mean(x²) + eps) · w. In place when y = x. */
  rmsNorm(y: Address, x: Address, w: Address, T: number, D: number, eps: number): void;
  /**
   * y (T, D) = rmsNorm over each run of `width` of (x · silu(z)), then · w. x stride
   * xStride, z stride zStride, y stride D.
   */
  gatedRmsNorm(
    y: Address,
    x: Address,
    xStride: number,
    z: Address,
    zStride: number,
    w: Address,
    T: number,
    D: number,
    width: number,
    eps: number,
  ): void;
  /** x (n) += y (n). */
  add(x: Address, y: Address, n: number): void;
  /** x (n) *= a. */
  scale(x: Address, n: number, a: number): void;
  /** y (T, ·; stride yStride) gets each row of n floats += b (n). */
  addBias(y: Address, yStride: number, b: Address, T: number, n: number): void;
  /** y (T, I; stride I) = silu(x[.., 0…I)) · x[.., upAt…upAt+I); x stride xStride. */
  swiglu(y: Address, x: Address, xStride: number, upAt: number, T: number, I: number): void;
  /** As swiglu with gelu (by the error function) in place of silu. */
  geglu(y: Address, x: Address, xStride: number, upAt: number, T: number, I: number): void;
  /** As geglu with the tanh approximation of gelu. */
  gegluTanh(y: Address, x: Address, xStride: number, upAt: number, T: number, I: number): void;
  /** x (n) ← max(x, 0)², in place. */
  relu2(x: Address, n: number): void;
  /**
   * y (T, n; dense) = factor · sigmoid(gate (T, n; stride gateStride)) · x (T, n; dense); x 0 stands
   * for ones. In place when y = x.
   */
  sigmoidTimes(y: Address, gate: Address, gateStride: number, x: Address, T: number, n: number, factor: number): void;
  /** Each head of x (T, H, N; stride xStride) ← factor · head / sqrt(Σ head² + eps), in place. */
  l2Norm(x: Address, xStride: number, T: number, H: number, N: number, eps: number, factor: number): void;
  /** y (T, C; stride C) = silu(causal conv of x (T, C; stride xStride)); w (K, C) tap-major, oldest first; b (C) or 0;
   *  tail (K−1, C) holds the last K−1 inputs, oldest first, and is updated. C need not be a multiple of 4. */
  causalConv1d(
    y: Address,
    x: Address,
    xStride: number,
    tail: Address,
    w: Address,
    b: Address,
    T: number,
    C: number,
    K: number,
  ): void;
  /**
   * As causalConv1d over p ⊙ r without silu, then ⊙ q; rows of x hold p, q, r of C each,
   * and tail the last K−1 products.
   */
  gatedConv1d(
    y: Address,
    x: Address,
    xStride: number,
    tail: Address,
    w: Address,
    b: Address,
    T: number,
    C: number,
    K: number,
  ): void;

  /**
   * dt (T, H) = clamp(softplus(raw (T, H; stride rawStride) + bias), lo, hi); logDecay (T, H) = dt
   * · A, with A (H) = −exp(A_log).
   */
  mambaDt(
    dt: Address,
    logDecay: Address,
    raw: Address,
    rawStride: number,
    bias: Address,
    A: Address,
    T: number,
    H: number,
    lo: number,
    hi: number,
  ): void;
  /** One token of Mamba-2: s (H, P, N) ← exp(logDecay)·s + (dt·x)⊗B; y (H·P) = s·C + skip·x. B, C (G, N); skip (H). */
  ssmStep(
    y: Address,
    s: Address,
    x: Address,
    B: Address,
    C: Address,
    dt: Address,
    logDecay: Address,
    skip: Address,
    H: number,
    P: number,
    N: number,
    G: number,
  ): void;
  /** T tokens of the same by the chunked scan (SSD). x, B, C rows have stride `stride` (they lie in one conv output);
   *  y (T, H·P); dt, logDecay (T, H); scratch: ssdScratchBytes(T, H, P, N, G) bytes (scratch.ts).
   *  Source: Mamba-2, arXiv 2405.21060, section 6. */
  ssdChunk(
    y: Address,
    s: Address,
    x: Address,
    B: Address,
    C: Address,
    stride: number,
    dt: Address,
    logDecay: Address,
    skip: Address,
    scratch: Address,
    T: number,
    H: number,
    P: number,
    N: number,
    G: number,
  ): void;

  /**
   * One token of the gated delta rule: s (H, P, N) ← a·s, then s ← s + β·(v − s·k)⊗k; y (H·P) = s·q, with a
   * = exp(logDecay). q, k (G, N) serve H/G neighbouring heads each; v (H, P); beta, logDecay (H). Source:
   * Gated DeltaNet, arXiv 2412.06464.
   */
  gatedDeltaStep(
    y: Address,
    s: Address,
    q: Address,
    k: Address,
    v: Address,
    beta: Address,
    logDecay: Address,
    H: number,
    P: number,
    N: number,
    G: number,
  ): void;
  /** T tokens of the same in chunks. q, k, v rows have stride `stride` (they lie in one conv output); y (T, H·P);
   *  beta, logDecay (T, H); scratch: gatedDeltaScratchBytes(T, P, N) bytes (scratch.ts). */
  gatedDeltaChunk(
    y: Address,
    s: Address,
    q: Address,
    k: Address,
    v: Address,
    stride: number,
    beta: Address,
    logDecay: Address,
    scratch: Address,
    T: number,
    H: number,
    P: number,
    N: number,
    G: number,
  ): void;

  /** table (T, half, 2): cos and sin of position·frequency, in f64 then rounded; frequencies (half) f32.
   *  Token t has position min(S + t, limit). */
  rotaryTable(table: Address, frequencies: Address, half: number, T: number, S: number, limit: number): void;
  /**
   * y = x with the first 2·half of each head's P turned (rotate_half pairs i and i+half). x (T, H, P)
   * stride xStride; y (T, H, P) dense.
   */
  rotary(y: Address, x: Address, xStride: number, table: Address, half: number, T: number, H: number, P: number): void;

  /**
   * Writes T new keys (dense) and values (stride vStride) at positions S… into a ring cache; see `attendF32` for slots.
   */
  cacheF32(
    keys: Address,
    values: Address,
    k: Address,
    v: Address,
    vStride: number,
    T: number,
    S: number,
    H: number,
    P: number,
    sinks: number,
    ring: number,
  ): void;
  /** int8 form: per position and head one f32 scale; keys/values (slots, H, P) int8, scales (slots, H) f32. */
  cacheI8(
    keys: Address,
    keyScales: Address,
    values: Address,
    valueScales: Address,
    k: Address,
    v: Address,
    vStride: number,
    T: number,
    S: number,
    H: number,
    P: number,
    sinks: number,
    ring: number,
  ): void;
  /**
   * Grouped-query attention of T tokens at positions S…S+T−1 over a cache that already holds them; out (T, Hq·P), q (T,
   * Hq, P) dense. Position p sees j < sinks and p − window < j ≤ p. Position j lies in slot j when j < sinks, else
   * sinks + (j − sinks) % ring. `qSink` (same shape) is used for j < sinks (the query turned to a position nearer to
   * the sinks); pass q when there are none.
   */
  attendF32(
    out: Address,
    q: Address,
    qSink: Address,
    keys: Address,
    values: Address,
    T: number,
    S: number,
    Hq: number,
    Hkv: number,
    P: number,
    scale: number,
    sinks: number,
    window: number,
    ring: number,
  ): void;
  attendI8(
    out: Address,
    q: Address,
    qSink: Address,
    keys: Address,
    keyScales: Address,
    values: Address,
    valueScales: Address,
    T: number,
    S: number,
    Hq: number,
    Hkv: number,
    P: number,
    scale: number,
    sinks: number,
    window: number,
    ring: number,
  ): void;

  /** x (n) ← exp(x − max) / Σ, in place. */
  softmax(x: Address, n: number): void;
}
