/**
 * A setting is the same wherever it is named: the list, the Worker's configuration, the package's
 * types, the help and the documents.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { workerdConfig } from "../../scripts/serve-config.ts";
import { startHelp } from "../../scripts/start-options.ts";
import {
  type CountName,
  countSetting,
  listSetting,
  settings,
  settingsOf,
  startCounts,
} from "../../src/core/settings.ts";

const namesOf = (where: "start" | "worker") => settingsOf(where).map(([name]) => name);
const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name!);
/** `NAME = "value"` under [vars], and the secrets. */
function variablesOf(path: string): Map<string, string> {
  const text = readFileSync(path, "utf8");
  const vars = /\[vars\]([\s\S]*?)\n\[/.exec(text)![1]!;
  const plain = [...vars.matchAll(/^([A-Z_]+) = "(.*)"$/gm)].map(([, name, value]): [string, string] => [
    name!,
    value!,
  ]);
  const secrets = found(/required = \[(.*)\]/.exec(text)![1]!, /"(\w+)"/g);
  return new Map([...plain, ...secrets.map((name): [string, string] => [name, ""])]);
}

it("wrangler.toml has every setting of a Worker, with the usual numbers", () => {
  const variables = variablesOf("wrangler.toml");
  expect([...variables.keys()].sort()).toEqual(namesOf("worker").sort());
  for (const [name, setting] of settingsOf("worker"))
    if (setting.counts) expect(variables.get(name), name).toBe(String(setting.counts.usual));
});

it("the template sets nothing else, and the package's types name all", () => {
  for (const name of variablesOf("templates/worker/wrangler.toml").keys()) expect(namesOf("worker")).toContain(name);
  const types = readFileSync("scripts/package/worker.d.ts", "utf8");
  expect(found(types, /^ {2}([A-Z_]+)\??: string;$/gm).sort()).toEqual(namesOf("worker").sort());
});

it("start explains and passes on every one that it takes, as docs/operations.md says", () => {
  expect(found(startHelp(), /^ {2}([A-Z_]+) /gm).sort()).toEqual(namesOf("start").sort());
  const table = readFileSync("docs/operations.md", "utf8");
  expect(found(table, /^\| `([A-Z_]+)` /gm).sort()).toEqual(namesOf("start").sort());
  const bundle = { folder: "/", modules: [] };
  const plain = { apiKeys: "", sessionKey: "", allowedOrigins: "", allowedHosts: "", limits: "" };
  const config = workerdConfig({
    port: 1,
    host: "127.0.0.1",
    folder: "/",
    packs: [],
    bundle: bundle as unknown as Parameters<typeof workerdConfig>[0]["bundle"],
    memoryBytes: 1,
    ...plain,
  });
  for (const name of namesOf("start")) if (name !== "PORT") expect(config).toContain(`(name = "${name}", text = `);
});

it("what is no whole number is refused in one line; nothing is the usual one", () => {
  for (const name of [...startCounts, "STAGE_MAX_BYTES"] as CountName[]) {
    const { unit, usual } = settings[name].counts;
    expect(countSetting({ [name]: "7" }, name)).toBe(7);
    for (const none of [undefined, ""]) expect(countSetting({ [name]: none }, name)).toBe(usual);
    for (const wrong of ["24MB", "-1", "1.5", "1e6", " 7", "9".repeat(16)])
      expect(() => countSetting({ [name]: wrong }, name)).toThrow(
        `${name}: expected a whole number of ${unit}, got ${wrong}`,
      );
  }
});

it("a list names what can be met, and what cannot is refused in one line", () => {
  const sound = "https://app.example, http://127.0.0.1:3000\nhttps://[::1]:8443,chrome-extension://abcdefgh,null";
  expect(listSetting({ ALLOWED_ORIGINS: sound }, "ALLOWED_ORIGINS")).toHaveLength(5);
  for (const wrong of [
    "app.example",
    "*",
    "https://app.example/",
    "https://app.example:443",
    "https://App.example",
    "HTTP://app.example",
    "https://*.app.example/x",
  ])
    expect(() => listSetting({ ALLOWED_ORIGINS: `https://a.example,${wrong}` }, "ALLOWED_ORIGINS"), wrong).toThrow(
      `ALLOWED_ORIGINS: expected origins as https://app.example, separated by commas, got ${wrong}`,
    );
  const names = "chat.example,Chat.example:8080 [::1] [::1]:80 192.168.0.7 address rivulet my_host";
  expect(listSetting({ ALLOWED_HOSTS: names }, "ALLOWED_HOSTS")).toHaveLength(8);
  for (const wrong of ["http://chat.example", "chat.example/x", "*.example", "::1", "a:b"])
    expect(() => listSetting({ ALLOWED_HOSTS: wrong }, "ALLOWED_HOSTS"), wrong).toThrow(
      `ALLOWED_HOSTS: expected names as chat.example or chat.example:8080, separated by commas, got ${wrong}`,
    );
  for (const name of ["ALLOWED_ORIGINS", "ALLOWED_HOSTS"] as const)
    for (const none of [undefined, "", " , "]) expect(listSetting({ [name]: none }, name)).toEqual([]);
});
