/**
 * llama-server for this processor, from the source in PyPI's llama-cpp-python. A quarter to a full hour of one core.
 *
 *     node bench/peers/build-llama.ts
 *
 * Needs python3 with pip, cmake, ninja and a C++ compiler. One line of the source is left out: an assertion that a
 * hybrid's mixers are twice as wide as its stream, which the default model's are not; the computation asks for nothing
 * of the kind. The reader of images is not optimised: it is linked and never used.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { llamaServer } from "./llama-server.ts";

const PACKAGE = "llama-cpp-python==0.3.36";
const OPTIONS = {
  CMAKE_BUILD_TYPE: "Release",
  GGML_NATIVE: "ON",
  GGML_OPENMP: "OFF",
  BUILD_SHARED_LIBS: "OFF",
  LLAMA_BUILD_TESTS: "OFF",
  LLAMA_BUILD_EXAMPLES: "OFF",
  LLAMA_BUILD_APP: "OFF",
  LLAMA_BUILD_UI: "OFF",
  LLAMA_USE_PREBUILT_UI: "OFF",
  LLAMA_OPENSSL: "OFF",
};

const cache = join(import.meta.dirname, "build");
const run = (command: string, args: string[]) => execFileSync(command, args, { stdio: "inherit", cwd: cache });

mkdirSync(cache, { recursive: true });
const found = () => readdirSync(cache).find((name) => name.startsWith("llama_cpp_python-") && !name.endsWith(".gz"));
if (!found()) {
  run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", cache, PACKAGE]);
  run("tar", ["xzf", readdirSync(cache).find((name) => name.endsWith(".tar.gz"))!]);
}
const source = join(cache, found()!, "vendor/llama.cpp");
const hybrid = join(source, "src/models/granite-hybrid.cpp");
writeFileSync(hybrid, readFileSync(hybrid, "utf8").replace("GGML_ASSERT(2 * n_embd == d_inner);", ""));
const images = join(source, "tools/mtmd/CMakeLists.txt");
const unused = "target_compile_options(mtmd PRIVATE -O0)\n";
if (!readFileSync(images, "utf8").includes(unused)) appendFileSync(images, unused);
const target = join(cache, "llama-native");
const options = Object.entries(OPTIONS).map(([name, value]) => `-D${name}=${value}`);
if (!existsSync(join(target, "build.ninja"))) run("cmake", ["-G", "Ninja", "-S", source, "-B", target, ...options]);
run("cmake", ["--build", target, "--target", "llama-server", "-j", "1"]);
console.log(llamaServer());
