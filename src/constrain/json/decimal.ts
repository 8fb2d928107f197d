/** Numbers as the decimals that they are written in. */

/** A number as digits × 10^exponent. */
export function decimalOf(value: number): { digits: bigint; exponent: number } {
  const [, mantissa = "0", power = "0"] = /^(-?[\d.]+)(?:e([+-]?\d+))?$/.exec(`${value}`) ?? [];
  const [whole, fraction = ""] = mantissa.split(".");
  return { digits: BigInt(`${whole}${fraction}`), exponent: Number(power) - fraction.length };
}

/** In decimals, as they are written: 0.3 is a multiple of 0.1. */
export function isMultiple(value: number, divisor: number): boolean {
  const [a, b] = [decimalOf(value), decimalOf(divisor)];
  const shift = Math.min(a.exponent, b.exponent);
  return (a.digits * 10n ** BigInt(a.exponent - shift)) % (b.digits * 10n ** BigInt(b.exponent - shift)) === 0n;
}
