/**
 * Puts the packs of the installed models into the folder `packs`, which wrangler.toml names as the Worker's assets.
 * Wrangler runs it before `dev` and `deploy`. A pack whose manifest is there already is left as it is, since a manifest
 * names the hash of everything in its pack.
 */
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";

const manifestOf = (folder) => {
  const file = `${folder}/manifest.json`;
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
};

for (const name of ["rivulet-150m", "rivulet-forecast"]) {
  const [from, to] = [`node_modules/${name}`, `packs/${name}`];
  if (manifestOf(from) === undefined) {
    console.warn(`${name} is not installed: npm install ${name}`);
    continue;
  }
  if (manifestOf(from) === manifestOf(to)) continue;
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, dereference: true });
}
