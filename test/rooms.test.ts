import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

/**
 * The rooms of the house, lowest first. A room may import from itself and from rooms above it in this list. A large
 * room lists its sub-rooms and single files before itself, in their own order.
 */
const rooms = [
  "wasm",
  "src/core",
  "src/kernels",
  "src/layers",
  "src/models",
  "src/weights",
  "src/tokenizer",
  "src/constrain/constraint",
  "src/constrain/language",
  "src/constrain/json",
  "src/constrain/schema/values",
  "src/constrain/schema/place",
  "src/constrain/schema/known-keywords",
  "src/constrain/schema/document",
  "src/constrain/check/idn",
  "src/constrain/check/format-checks",
  "src/constrain/check/validator",
  "src/constrain/schema",
  "src/constrain/reply",
  "src/constrain/check",
  "src/constrain/tokens",
  "src/constrain",
  "src/backends/backend",
  "src/backends/check-state",
  "src/backends/wasm",
  "src/backends/onnx",
  "src/backends/pipeline",
  "src/backends",
  "src/sampling",
  "src/state",
  "src/portable",
  "src/dialogue",
  "src/forecast",
  "src/sentences",
  "src/convert/checkpoint",
  "src/convert/safetensors",
  "src/convert/gguf",
  "src/convert/onnx",
  "src/convert/pack",
  "src/convert",
  "src/export",
  "src/hub",
  "src/api/shared",
  "src/api/models",
  "src/api/chat",
  "src/api/messages",
  "src/api/completions",
  "src/api/responses",
  "src/api/tokens",
  "src/api/conversations",
  "src/api/streams",
  "src/api",
  "src/client",
  "web",
  "durable-objects/platform",
  "durable-objects/storage",
  "durable-objects/model",
  "durable-objects/prompt-cache",
  "durable-objects/recall",
  "durable-objects/turn",
  "durable-objects/reply",
  "durable-objects/directory",
  "durable-objects/stage",
  "durable-objects/stream",
  "durable-objects/conversation",
  "durable-objects/socket",
  "src/routes",
  "src/index",
  "scripts",
  "src/cli",
];
const roomOf = (path: string) => rooms.findIndex((room) => `${path.replace(/\.tsx?$/, "")}/`.startsWith(`${room}/`));
const imports = /(?:from|import|import\()\s*["'](\.[^"']+)["']/g;
const importsOf = (file: string) =>
  [...readFileSync(file, "utf8").matchAll(imports)].map(([, target]) => join(dirname(file), target!));

const files = globSync("{src,durable-objects,web}/**/*.{ts,tsx}");
/** Kernels import without an extension, as AssemblyScript wants it. */
const everything = globSync("{src,durable-objects,web,wasm,scripts,bench,test}/**/*.{ts,tsx}", {
  exclude: ["**/node_modules/**"], // of bench/peers, once `npm run bench` was run
});

it("finds the house", () => {
  expect(files.length).toBeGreaterThan(20);
});

it.each(files)("%s imports only downwards", (file) => {
  expect(roomOf(file), `${file} stands in no room`).toBeGreaterThanOrEqual(0);
  for (const target of importsOf(file)) {
    const to = roomOf(target);
    expect(to, `${file} → ${target}`).toBeGreaterThanOrEqual(0);
    expect(to, `${file} → ${target}`).toBeLessThanOrEqual(roomOf(file));
  }
});

/** Code is as wide as the formatter makes it, which leaves comments as they are. */
it("has no comment wider than 120 columns", () => {
  const comment = /^\s*(?:\*|\/\/|\{?\/\*)| \/\/ [^"`]*$/;
  const commented = [
    ...everything,
    ...globSync("{bin,examples,templates}/**/*.{ts,js}", { exclude: ["**/node_modules/**"] }),
  ];
  const wide = commented.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, i) => (line.length > 120 && comment.test(line) ? [`${file}:${i + 1}`] : [])),
  );
  expect(wide).toEqual([]);
});

/** Programs share one reader of their command line. What is shipped needs neither that nor a bench. */
it.each([
  ["bench/", /^(test\/)?bench\//],
  ["scripts/command-line.ts", /^(bench|scripts|test)\//],
])("%s is imported by %s alone", (target, importers) => {
  const others = everything.filter((file) => !importers.test(file));
  expect(others.filter((file) => importsOf(file).some((each) => each.startsWith(target)))).toEqual([]);
});

it.each([...new Set(globSync("test/**/*.test.ts").map(dirname))].filter((folder) => folder !== "test"))(
  "%s stands where its sources stand",
  (folder) => {
    const room = folder.replace(/^test\/(workerd\/)?/, "");
    const helpers = room === "support";
    expect(helpers || ["src", "."].some((root) => existsSync(join(root, room)))).toBe(true);
  },
);

/**
 * What others build upon, the package's client and Worker, and what is loaded by a name that bundlers do not follow.
 */
const importedElsewhere = /^src\/(?:client\/|index\/mount|backends\/onnx\/node)/;
const exporting = everything.filter(
  (file) =>
    /^(?:src|durable-objects|web|scripts|test\/support)\/.*(?<!\.d)\.tsx?$/.test(file) && !importedElsewhere.test(file),
);
const exported = /^export (?:abstract |async )*(?:function\*?|const|let|class|interface|type) (\w+)/gm;

it("exports nothing that no other file imports", () => {
  const texts = new Map([...everything, "vitest.config.ts"].map((file) => [file, readFileSync(file, "utf8")]));
  const imported = new Set([...texts].flatMap(([file, text]) => importedNames(file, text)));
  const names = exporting.flatMap((file) =>
    [...texts.get(file)!.matchAll(exported)].map(([, name]) => ({ file, name: name! })),
  );
  expect(names.length).toBeGreaterThan(1000);
  const isUsed = ({ file, name }: { file: string; name: string }) =>
    imported.has(`${file} ${name}`) || imported.has(`${file} *`);
  expect(names.filter((each) => !isUsed(each))).toEqual([]);
});

/** `file name` of each thing that a text imports; `file *` where it takes all of it, or imports it when it runs. */
function importedNames(from: string, text: string): string[] {
  const list = /(?:import|export)\s+(?:type\s+)?(\*|\{[^}]*\})[^"';]*from\s*["'](\.[^"']+)["']/g;
  const named = [...text.matchAll(list)].flatMap(([, what, target]) =>
    (what!.match(/(?<=[{,]\s*(?:type\s+)?)\w+|^\*/g) ?? []).map((name) => `${join(dirname(from), target!)} ${name}`),
  );
  const whole = [...text.matchAll(/import\(\s*["'](\.[^"']+)["']/g)];
  return [...named, ...whole.map(([, target]) => `${join(dirname(from), target!)} *`)];
}

it("finds a circle where there is one", () => {
  const circle = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["d2"], d2: [] };
  expect(circles(new Map(Object.entries(circle)))).toEqual([["a", "b", "c"]]);
});

it("has no circle of imports, of types neither", () => {
  const known = new Set(everything);
  const found = new Map(
    everything.map((file) => [
      file,
      importsOf(file).flatMap((target) => [target, `${target}.ts`].find((each) => known.has(each)) ?? []),
    ]),
  );
  expect(circles(found)).toEqual([]);
});

/** Sets of files that can all reach each other. Tarjan, "Depth-first search and linear graph algorithms", 1972. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const visit = (node: string): number => {
    const mine = order.size;
    order.set(node, mine);
    lowest.set(node, mine);
    open.push(node);
    for (const next of graph.get(node) ?? []) {
      const reached = !order.has(next) ? visit(next) : open.includes(next) ? order.get(next)! : mine;
      lowest.set(node, Math.min(lowest.get(node)!, reached));
    }
    if (lowest.get(node) === mine) {
      const circle = open.splice(open.indexOf(node));
      if (circle.length > 1) found.push(circle.sort());
    }
    return lowest.get(node)!;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}
