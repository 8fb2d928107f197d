/** rivulet convert --template: a chat template that the source lacks, or in place of its own. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { loadServed } from "../../src/dialogue/load.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { fixture } from "../convert/sample-files.ts";
import { inProcess } from "./in-process.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-template-"));
});
afterAll(() => rm(folder, { recursive: true }));

const template = "{% for m in messages %}{{ m.content }}\n{% endfor %}";

it("makes a pack that can be talked to", async () => {
  const [file, pack] = [join(folder, "own.jinja"), join(folder, "pack")];
  await writeFile(file, template);
  const { exitCode, stderr } = await inProcess(["convert", fixture("tiny-llama.gguf"), pack, "--template", file]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(await readFile(join(pack, "chat_template.jinja"), "utf8")).toBe(template);
  const { prompt, codec } = await loadServed(folderSource(pack), compiledKernels());
  expect(codec.decode(prompt.start([{ role: "user", content: "hello" }]))).toBe("hello\n");
});

it.each([
  ["no such file", undefined, /--template: .*none\.jinja: expected a file that can be read \(ENOENT\)/],
  ["an empty file", " \n", /expected a Jinja template, got an empty file/],
  ["no template", "{% for %}", /chat template/],
])("names what is wrong and writes nothing: %s", async (_, text, message) => {
  const [file, pack] = [join(folder, "none.jinja"), join(folder, "refused")];
  if (text !== undefined) await writeFile(file, text);
  const { exitCode, stderr } = await inProcess(["convert", fixture("tiny-llama.gguf"), pack, "--template", file]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^rivulet: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect(existsSync(pack)).toBe(false);
});
