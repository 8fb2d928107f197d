/** plot: lines over a common axis as an SVG picture, light and dark. */

interface Line {
  name: string;
  values: readonly number[];
}

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 60;
const BOTTOM = 40;
const TOP = 36;
const COLOURS = ["#3b76d9", "#d9743b", "#3ba36b", "#8a5bd0"];

/** `labels` below the axis; with `log`, tens are as far apart as each other. */
export function plot(title: string, labels: readonly string[], lines: readonly Line[], { log = false } = {}): string {
  const all = lines.flatMap(({ values }) => values).filter((value) => value > 0);
  const scale = (value: number) => (log ? Math.log10(Math.max(value, least)) : value);
  const least = log ? 10 ** Math.floor(Math.log10(Math.min(...all))) : 0;
  const most = log ? 10 ** Math.ceil(Math.log10(Math.max(...all))) : Math.max(...all) * 1.1;
  const x = (at: number) => LEFT + (at * (WIDTH - LEFT - 16)) / Math.max(1, labels.length - 1);
  const y = (value: number) =>
    HEIGHT - BOTTOM - ((scale(value) - scale(least)) * (HEIGHT - BOTTOM - TOP)) / (scale(most) - scale(least) || 1);
  const steps = log
    ? Array.from({ length: Math.round(Math.log10(most / least)) + 1 }, (_, n) => least * 10 ** n)
    : [0, 0.25, 0.5, 0.75, 1].map((part) => (part * most) / 1.1);
  const each = Math.ceil(labels.length / 12);
  const grid = steps.map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - 16}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" class="grid"/><text x="${LEFT - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${short(value)}</text>`,
  );
  const below = labels.map((label, at) =>
    at % each ? "" : `<text x="${x(at).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${label}</text>`,
  );
  const drawn = lines.map(({ name, values }, n) => {
    const points = values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    const key = `<text x="${LEFT + n * 150}" y="${HEIGHT - 4}" style="fill:${COLOURS[n]}">${name}</text>`;
    return `<polyline points="${points}" fill="none" stroke="${COLOURS[n]}" stroke-width="2"/>${key}`;
  });
  const style = `<style>text{font:12px sans-serif;fill:#444}.grid{stroke:#8884}@media(prefers-color-scheme:dark){text{fill:#bbb}}</style>`;
  const heading = `<text x="${LEFT}" y="18" style="font-weight:bold">${title}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}"><title>${title}</title>${style}${heading}${[...grid, ...below, ...drawn].join("")}</svg>\n`;
}

const short = (value: number): string =>
  value >= 1e6
    ? `${+(value / 1e6).toPrecision(3)}M`
    : value >= 1000
      ? `${+(value / 1000).toPrecision(3)}k`
      : String(+value.toPrecision(3));
