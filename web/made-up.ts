/**
 * Made-up values of a press, for who has none at hand: a shift's rhythm, noise, slow wear, and a fault now and then.
 */

const PERIOD = 48;
const FAULT_EVERY = 90;

export function* madeUpValues(): Generator<number, never> {
  for (let i = 0; ; i++) {
    const rhythm = 4 * Math.sin((i / PERIOD) * 2 * Math.PI) + (i % PERIOD < PERIOD / 3 ? 2 : 0);
    const noise = Math.random() + Math.random() + Math.random() - 1.5;
    const fault = i % FAULT_EVERY === FAULT_EVERY - 7 ? 9 + 3 * Math.random() : 0;
    yield Number((60 + rhythm + 0.5 * noise + i / 2000 + fault).toFixed(2));
  }
}
