/** mixerSizes: the sizes of a Mamba-2 mixer from config.json, under whatever names an architecture gives them. */
import type { ConfigReader } from "../core/config-reader.ts";
import type { Mamba2Config } from "../layers/index.ts";
import { refuse } from "./architecture.ts";

type Sizes = Pick<Mamba2Config, "H" | "P" | "G" | "N" | "K" | "dtLow" | "dtHigh" | "normWidth">;
type Field = [name: string, fallback: number];

/** Fields of Bamba's configuration, which Granite and Falcon-H1 took over. */
export const bambaFields = {
  H: ["mamba_n_heads", 128],
  P: ["mamba_d_head"],
  G: ["mamba_n_groups", 1],
  N: ["mamba_d_state", 256],
  K: ["mamba_d_conv", 4],
} as const satisfies Fields;

/** The same without their fallbacks. */
export const bambaFieldNames = {
  H: bambaFields.H[0],
  P: bambaFields.P[0],
  G: bambaFields.G[0],
  N: bambaFields.N[0],
  K: bambaFields.K[0],
};

interface Fields {
  H: Readonly<Field>;
  /** Without a fallback, an absent field or "auto" is inner / H. */
  P: Readonly<[name: string, fallback?: number]>;
  G: Readonly<Field>;
  N: Readonly<Field>;
  K: Readonly<Field>;
}

/**
 * `inner`: values of all heads together. Fails with `weights_invalid` when heads do not add up to
 * it or groups do not divide them.
 */
export function mixerSizes(json: ConfigReader, inner: number, fields: Fields): Sizes {
  const H = json.int(...fields.H);
  const P = widthOfHead(json, inner / H, fields.P);
  const G = json.int(...fields.G);
  if (H * P !== inner) refuse(fields.P[0], `expected ${inner} / ${fields.H[0]} = ${inner / H}, got ${P}`);
  if (H % G !== 0) refuse(fields.G[0], `expected a divisor of ${fields.H[0]} ${H}, got ${G}`);
  const [dtLow = 0, dtHigh = Infinity] = json.has("time_step_limit") ? json.numbers("time_step_limit") : [];
  return { H, P, G, N: json.int(...fields.N), K: json.int(...fields.K, 2), dtLow, dtHigh, normWidth: inner / G };
}

function widthOfHead(json: ConfigReader, whole: number, [field, fallback]: Fields["P"]): number {
  const auto = fallback === undefined && (!json.has(field) || json.is(field, "auto"));
  return auto ? Math.floor(whole) : json.int(field, fallback);
}
