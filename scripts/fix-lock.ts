/**
 * Completes package-lock.json after `npm install`.
 *
 * A registry mirror may lack prebuilt packages of other platforms. npm skips those optional dependencies silently and
 * leaves them out of the lock; `npm ci` then refuses it. This adds the absent entries (version, os, cpu, optional).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { commandLine } from "./command-line.ts";

interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

commandLine({});
const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Entry> };
const packages = lock.packages;
const platform =
  /(android|darwin|freebsd|linux|mac|win32|windows|win|openbsd|netbsd|sunos|aix|openharmony)(?:-([a-z0-9]+))?/;

/** Where npm would find `name` from the package at `from`. */
function isThere(from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    if (packages[`${at ? `${at}/` : ""}node_modules/${name}`]) return true;
    if (!at) return false;
    if (!at.includes("/node_modules/")) return packages[`node_modules/${name}`] !== undefined;
  }
}

let added = 0;
for (const [from, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const match = platform.exec(name);
    if (!match || !/^\d/.test(version) || isThere(from, name)) continue;
    const os = { windows: "win32", win: "win32", mac: "darwin" }[match[1]!] ?? match[1]!;
    const cpu = match[2] === undefined || match[2] === "64" ? "x64" : match[2];
    packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(entry.dev ? { dev: true } : {}),
      ...(/musl/.test(name) ? { libc: ["musl"] } : {}),
      optional: true,
      os: [os],
    };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} entries added`);
