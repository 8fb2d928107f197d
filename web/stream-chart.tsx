/**
 * StreamChart: a stream's values, what had been expected of each, the forecast as a fan, and anomalies marked.
 *
 * The library draws on a canvas, which says nothing to who cannot see it. So the chart is a slider over the values:
 * arrow keys move along them, and the line below says in words where it stands.
 */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Forecast, TakenValue } from "../src/client/streams.ts";
import { lazily } from "./lazily.ts";
import { FAN, type Series, seriesOf } from "./stream-series.ts";
import { momentOf, short } from "./stream-words.ts";
import { theme } from "./theme.ts";

const library = lazily(() => import("./lazy/chart.ts"));
type Library = typeof import("./lazy/chart.ts");
type Plot = InstanceType<Library["Plot"]>;

const HEIGHT = 300;
const HEIGHT_PHONE = 230;
const PHONE_WIDTH = 520;
/** Whether the system is dark: the canvas has to be drawn again when that changes. */
const isDark = signal(matchMedia("(prefers-color-scheme: dark)").matches);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => {
  isDark.value = matches;
});

interface Properties {
  values: readonly TakenValue[];
  forecast: Forecast | undefined;
  /** Where the reader points, an index into values and then steps; undefined: the last value. */
  pointed: number | undefined;
  point(index: number | undefined): void;
}

export function StreamChart({ values, forecast, pointed, point }: Properties): VNode {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const series = seriesOf(values, forecast);
  const newest = useRef(series);
  newest.current = series;
  const loaded = library();
  const colours = `${theme.value} ${isDark.value}`;

  // Another theme or another kind of axis is another plot.
  useLayoutEffect(() => {
    const host = box.current;
    if (!loaded || !host) return;
    const drawn = plotOf(loaded, host, newest.current);
    plot.current = drawn;
    const sized = new ResizeObserver(() => drawn.setSize(sizeOf(host)));
    sized.observe(host);
    return () => {
      sized.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [loaded, colours, series.isTime]);

  useEffect(() => plot.current?.setData(columnsOf(series)), [values, forecast]);

  const end = series.xs.length - 1;
  const at = Math.min(pointed ?? values.length - 1, end);
  useEffect(() => {
    const drawn = plot.current;
    if (!drawn) return;
    if (pointed === undefined) drawn.setCursor({ left: -10, top: -10 }, false);
    else drawn.setCursor({ left: drawn.valToPos(newest.current.xs[at]!, "x"), top: -10 }, false);
  }, [pointed, at]);

  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: end }[
      event.key
    ];
    if (event.key === "Escape") return point(undefined);
    if (to === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    point(Math.max(0, Math.min(end, to)));
  };
  const onPointerMove = ({ clientX }: PointerEvent) => {
    const drawn = plot.current;
    if (drawn) point(drawn.posToIdx(clientX - drawn.over.getBoundingClientRect().left));
  };
  return (
    <div
      class="plot"
      ref={box}
      role="slider"
      tabIndex={0}
      aria-label="Values, what was expected of them, and the forecast"
      aria-orientation="horizontal"
      aria-valuemin={series.from}
      aria-valuemax={series.from + end}
      aria-valuenow={series.from + at}
      aria-valuetext={momentOf(values, forecast, at)}
      onKeyDown={onKeyDown}
      onPointerMove={onPointerMove}
      onPointerLeave={() => point(undefined)}
      onBlur={() => point(undefined)}
    />
  );
}

const columnsOf = ({ xs, high, low, fan, value, anomaly }: Series) =>
  [xs, high, low, fan[4], fan[0], fan[3], fan[1], fan[2], value, anomaly] as Parameters<Plot["setData"]>[0];

const sizeOf = ({ clientWidth: width }: HTMLElement) => ({
  width,
  height: width < PHONE_WIDTH ? HEIGHT_PHONE : HEIGHT,
});

function plotOf({ Plot }: Library, host: HTMLElement, series: Series): Plot {
  const colour = paletteOf(host);
  const edge = { points: { show: false }, width: 0 } as const;
  const axis = {
    stroke: colour("soft"),
    font: `12px ${getComputedStyle(host).fontFamily}`,
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  return new Plot(
    {
      ...sizeOf(host),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: series.isTime } },
      axes: [
        axis,
        { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : short(tick))) },
      ],
      bands: [
        { series: [1, 2], fill: colour("expected") },
        { series: [3, 4], fill: colour("fan-outer") },
        { series: [5, 6], fill: colour("fan-inner") },
      ],
      series: [
        {},
        ...["high", "low", ...FAN.slice(1)].map(() => edge),
        { points: { show: false }, stroke: colour("sun"), width: 2, dash: [5, 4] },
        { points: { show: false }, stroke: colour("water"), width: 1.7 },
        { paths: () => null, points: { show: true, size: 9, stroke: colour("danger"), fill: colour("danger") } },
      ],
    },
    columnsOf(series),
    host,
  );
}

/** Colours of the style sheet, as a canvas takes them: their light or dark half is chosen by a probe in the page. */
function paletteOf(host: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = host.appendChild(document.createElement("i"));
    probe.className = `probe ${name}`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}
