/**
 * No container engine runs here, so the Dockerfile is read: what it copies exists, what it starts is
 * known, and it does not run as root.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../../scripts/package-root.ts";
import { startOptions } from "../../scripts/start-options.ts";

const lines = readFileSync(join(root, "Dockerfile"), "utf8").replaceAll("\\\n", " ").split("\n");
const all = (instruction: string) =>
  lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1));

it("has only instructions that exist", () => {
  const known = /^(FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|HEALTHCHECK|ENTRYPOINT) \S/;
  expect(lines.filter((line) => line !== "" && !line.startsWith("#") && !known.test(line))).toEqual([]);
});

it("copies what is there, and packs folders that are packages", () => {
  for (const copied of all("COPY").filter((line) => !line.startsWith("--from")))
    expect(existsSync(join(root, copied.split(" ")[0]!)), copied).toBe(true);
  const commands = all("RUN").flatMap((line) => line.split("&&"));
  const packed = commands.filter((command) => command.includes("npm pack")).flatMap((command) => command.split(" "));
  const folders = packed.filter((word) => word.startsWith("./")).map((word) => word.slice(2));
  const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { workspaces: string[] };
  expect(folders, "each pack that is a package of its own").toEqual(workspaces);
  for (const folder of folders) expect(existsSync(join(root, folder, "package.json")), folder).toBe(true);
});

it("starts the command with options that it has, as a user who is not root, on the port that it exposes", () => {
  const entry = JSON.parse(all("ENTRYPOINT")[0]!) as string[];
  expect(existsSync(join(root, entry[1]!.replace("node_modules/rivulet/", "")))).toBe(true);
  const options = entry.filter((word) => word.startsWith("--")).map((word) => word.slice(2));
  expect(Object.keys(startOptions)).toEqual(expect.arrayContaining(options));
  expect(all("VOLUME")).toEqual([entry[entry.indexOf("--persist-to") + 1]]);
  expect(all("USER")).toEqual(["node"]);
  expect(all("EXPOSE")).toEqual(["8787"]);
  expect(all("HEALTHCHECK")[0]).toContain(`:${all("EXPOSE")[0]}/healthz`);
});

it("leaves out of the image what is secret", () => {
  const ignored = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
  expect(ignored).toEqual(expect.arrayContaining([".dev.vars*", "session.key", "secrets.json", ".rivulet"]));
});
