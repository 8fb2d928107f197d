/** printInfo: the facts of `info` as lines of text. */
import { bytes, count } from "./amounts.ts";
import type { Info } from "./describe.ts";
import type { StageFacts } from "./pack-facts.ts";

export function printInfo(info: Info): string {
  const lines: [string, string][] = [
    ["name", info.name],
    ["architecture", info.architecture],
    ["parameters", `${count(info.parameters)} (${info.parameters})`],
    ["vocabulary", String(info.vocab)],
    ["context length", String(info.contextLength)],
    ...(info.kind === "pack" ? packLines(info) : configLines(info)),
    ...(info.stages ?? []).map((stage, k): [string, string] => [`  stage ${k}`, stageLine(stage)]),
    ["state", stateLine(info)],
  ];
  const width = Math.max(18, ...lines.map(([label]) => label.length)) + 2;
  return `${lines.map(([label, text]) => `${label.padEnd(width)}${clean(text)}`).join("\n")}\n`;
}

const inWords = (value: unknown): string =>
  value !== null && typeof value === "object" ? Object.values(value).join(" ") : String(value);

/** A record as lines of its own, one for each value: a column of text, and none of braces. */
const facts = (title: string, record: object, depth = 0): [string, string][] =>
  Object.entries(record).flatMap(([name, value], i): [string, string][] => {
    const label = i === 0 && depth === 0 ? title : "";
    const key = `${"  ".repeat(depth)}${name}`;
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      return [[label, key], ...facts("", value, depth + 1)];
    return [[label, `${key.padEnd(22)}  ${Array.isArray(value) ? value.map(inWords).join(", ") : String(value)}`]];
  });

type PackInfo = Extract<Info, { kind: "pack" }>;

function packLines(info: PackInfo): [string, string][] {
  const parts = Object.entries(info.parts).sort(([, a], [, b]) => b - a);
  const chat = info.template ? "and chat template" : "without chat template";
  return [
    ["weights", `${info.dtype}, ${bytes(info.bytes)} in ${info.shards} shard${info.shards === 1 ? "" : "s"}`],
    ...parts.map(([part, size]): [string, string] => [`  ${part}`, bytes(size)]),
    ["tokenizer", info.tokenizer ? `yes, ${chat}` : "none: can be scored, not chatted with"],
    ["licence", info.licence ?? "not stated"],
    ...facts("provenance", info.provenance),
    ...(info.quality ? facts("quality", info.quality) : [["quality", "not measured"] satisfies [string, string]]),
    ["fingerprint", info.fingerprint],
    ["checked", info.verified ? "every byte" : "the manifest only"],
  ];
}

type ConfigInfo = Extract<Info, { kind: "config" }>;

const configLines = (info: ConfigInfo): [string, string][] => [
  ...Object.entries(info.bytesAt).map(([dtype, size]): [string, string] => [`bytes at ${dtype}`, bytes(size)]),
  // A config by itself says nothing of it.
  ...(info.tokenizer === undefined ? [] : [["tokenizer", textLine(info)] satisfies [string, string]]),
];

function textLine({ tokenizer, template, textFault }: ConfigInfo): string {
  if (textFault) return `cannot be used: ${textFault}`;
  if (!tokenizer) return "none: can be scored, not chatted with";
  return template ? "yes, and chat template" : "yes, without chat template";
}

function stageLine({ blocks: [from, to], bytes: size, shards, state }: StageFacts): string {
  const held = from === to ? "no block" : `blocks ${from} to ${to - 1}`;
  return `${held}, ${bytes(size)}${shards ? ` in shards ${shards[0]} to ${shards[1] - 1}` : ""}, state at most ${bytes(state.maxBytes)}`;
}

function stateLine({ cache, state }: Info): string {
  const { fixedBytes, bytesPerToken, maxBytes } = state;
  if (bytesPerToken === 0) return `${bytes(fixedBytes)}, constant`;
  const own = Object.entries(cache.windows ?? {}).map(([layer, window]) => `${window} in layer ${layer}`);
  const others = own.length > 0 ? ` (${own.join(", ")})` : "";
  const seen =
    cache.policy === "window"
      ? `the last ${cache.window} positions${others} and the first ${cache.sinks}`
      : "every position";
  return `${bytes(fixedBytes)} constant + ${bytes(bytesPerToken)} per cached token (${cache.dtype}; ${seen}), at most ${bytes(maxBytes)}`;
}

/** Text from a pack may not steer the terminal. */
const clean = (text: string) => text.replace(/\p{Cc}/gu, "\ufffd");
