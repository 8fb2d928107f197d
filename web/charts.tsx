/** The three charts of the picture, in SVG: the same turns stand at the same place in each. */
import type { ComponentChildren, VNode } from "preact";
import { bytes, count, seconds } from "./amounts.ts";
import type { Cost } from "./costs.ts";

interface Properties {
  costs: readonly Cost[];
  chosen: number | undefined;
  point(turn: number | undefined): void;
}

const W = 320;
const TOP = 20;
const BAR_MAX = 26;

/** Where turns stand, and how wide a bar may be. */
function columns(n: number): { x(index: number): number; step: number; bar: number } {
  const step = W / Math.max(n, 6);
  return { x: (index) => step * (index + 0.5), step, bar: Math.min(BAR_MAX, step * 0.62) };
}

/** Height of a value, from the base line of a chart `H` high. */
const scaleTo = (H: number, max: number) => (value: number) => (max > 0 ? (value / max) * (H - TOP) : 0);

export function TokenChart({ costs, chosen, point }: Properties): VNode {
  const H = 102;
  const max = Math.max(...costs.map(({ computed, reused }) => computed + reused));
  const height = scaleTo(H, max);
  const { x, bar } = columns(costs.length);
  const said = costs
    .map(({ turn, computed, reused }) => `turn ${turn}: ${computed} computed, ${reused} reused`)
    .join("; ");
  return (
    <Frame H={H} label={`Tokens per turn. ${said}`} costs={costs} chosen={chosen} point={point} max={count(max)}>
      {costs.map(({ turn, computed, reused }, i) => {
        const [low, high] = [height(reused), height(computed)];
        return (
          <g class={turn === chosen ? "chosen" : ""}>
            <rect class="reused" x={x(i) - bar / 2} y={H - low} width={bar} height={low} rx={2} />
            <rect
              class="computed"
              x={x(i) - bar / 2}
              y={H - low - Math.max(2, high) - 1}
              width={bar}
              height={Math.max(2, high)}
              rx={2}
            />
          </g>
        );
      })}
    </Frame>
  );
}

export function MemoryChart({ costs, chosen, point }: Properties): VNode {
  const H = 116;
  const max = Math.max(...costs.map(({ stateBytes, cacheBytes }) => Math.max(stateBytes, cacheBytes ?? 0)));
  const height = scaleTo(H, max);
  const { x } = columns(costs.length);
  const line = (of: (cost: Cost) => number) =>
    costs.map((cost, i) => `${i === 0 ? "M" : "L"}${x(i)} ${H - height(of(cost))}`).join("");
  const cache = line(({ cacheBytes }) => cacheBytes ?? 0);
  const hasCache = costs[0]?.cacheBytes !== undefined;
  const at = costs.findIndex(({ turn }) => turn === chosen);
  const said = costs
    .map(
      ({ turn, stateBytes, cacheBytes }) =>
        `turn ${turn}: state ${bytes(stateBytes)}${hasCache ? `, cache ${bytes(cacheBytes!)}` : ""}`,
    )
    .join("; ");
  const dot = (kind: string, value: number, i: number) => (
    <circle class={kind} cx={x(i)} cy={H - height(value)} r={i === at ? 4 : costs.length > 12 ? 0 : 2.2} />
  );
  return (
    <Frame
      H={H}
      label={`Memory of the conversation. ${said}`}
      costs={costs}
      chosen={chosen}
      point={point}
      max={bytes(max)}
    >
      {hasCache && <path class="cache area" d={`${cache}L${x(costs.length - 1)} ${H}L${x(0)} ${H}Z`} />}
      {hasCache && <path class="cache line" d={cache} />}
      <path class="state line" d={line(({ stateBytes }) => stateBytes)} />
      {costs.map(({ stateBytes, cacheBytes }, i) => (
        <>
          {hasCache && dot("cache", cacheBytes!, i)}
          {dot("state", stateBytes, i)}
        </>
      ))}
    </Frame>
  );
}

export function FirstTokenChart({ costs, chosen, point }: Properties): VNode {
  const H = 84;
  const without = costs.map(({ withoutStateMs, firstTokenMs }) => withoutStateMs ?? firstTokenMs);
  const max = Math.max(...without);
  const height = scaleTo(H, max);
  const { x, bar } = columns(costs.length);
  const said = costs
    .map(
      ({ turn, firstTokenMs }, i) =>
        `turn ${turn}: ${seconds(firstTokenMs)}, without the state ${seconds(without[i]!)}`,
    )
    .join("; ");
  return (
    <Frame H={H} label={`Time to first token. ${said}`} costs={costs} chosen={chosen} point={point} max={seconds(max)}>
      {costs.map(({ turn, firstTokenMs }, i) => (
        <g class={turn === chosen ? "chosen" : ""}>
          <rect
            class="without"
            x={x(i) - bar / 2}
            y={H - height(without[i]!)}
            width={bar}
            height={height(without[i]!)}
            rx={2}
          />
          <line class="stem" x1={x(i)} x2={x(i)} y1={H} y2={H - height(firstTokenMs)} />
          <circle class="time" cx={x(i)} cy={H - height(firstTokenMs)} r={3.2} />
        </g>
      ))}
    </Frame>
  );
}

interface FrameProperties extends Properties {
  H: number;
  label: string;
  max: string;
  children: ComponentChildren;
}

/** Base line, the largest value, the chosen turn's guide, and a strip for each turn that a pointer chooses it by. */
function Frame({ H, label, max, costs, chosen, point, children }: FrameProperties): VNode {
  const { x, step } = columns(costs.length);
  const at = costs.findIndex(({ turn }) => turn === chosen);
  const everyOther = costs.length > 12;
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${W} ${H + 16}`}
      role="img"
      aria-label={label}
      onPointerLeave={() => point(undefined)}
    >
      <line class="top" x1={0} x2={W} y1={TOP} y2={TOP} />
      <text class="tick" x={0} y={TOP - 8}>
        {max}
      </text>
      {at >= 0 && <rect class="guide" x={x(at) - step / 2} y={TOP} width={step} height={H - TOP} />}
      {children}
      <line class="base" x1={0} x2={W} y1={H + 0.5} y2={H + 0.5} />
      {costs.map(({ turn }, i) =>
        everyOther && i % 2 === 1 ? null : (
          <text class={turn === chosen ? "tick turn chosen" : "tick turn"} x={x(i)} y={H + 12}>
            {turn === 0 ? "document" : turn}
          </text>
        ),
      )}
      {costs.map(({ turn }, i) => (
        <rect class="touch" x={x(i) - step / 2} y={0} width={step} height={H + 16} onPointerEnter={() => point(turn)} />
      ))}
    </svg>
  );
}
