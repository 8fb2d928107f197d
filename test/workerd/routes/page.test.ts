import { expect, it } from "vitest";
import { http } from "../../support/chat-client.ts";

const get = (path: string, headers: Record<string, string> = {}) => http(path, { headers });

declare global {
  interface ImportMeta {
    /** Of Vite, which runs the tests. */
    glob(pattern: string): object;
  }
}
/** What the page loads later: each file of web/lazy/ must be served. Nothing is imported here, only listed. */
const lazy = Object.keys(import.meta.glob("../../../web/lazy/*.ts")).map((path) =>
  path.replace(/^.*\/(.*)\.ts$/, "/$1.js"),
);

it("there are files that the page loads later", () => expect(lazy).toContain("/maths.js"));

it.each<[path: string, type: string]>([
  ["/", "text/html"],
  ["/page.js", "text/javascript"],
  ["/page.css", "text/css"],
  ...lazy.map((path) => [path, "text/javascript"] as [string, string]),
])("serves %s under a policy that lets nothing in, and not again to who has it", async (path, type) => {
  const response = await get(path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(`${type}; charset=utf-8`);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  const policy = response.headers.get("content-security-policy")!.split("; ");
  for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
    expect(policy).toContain(rule);
  expect(policy.join(" ")).not.toMatch(/unsafe|https?:|\*/);
  expect((await response.text()).length).toBeGreaterThan(500);
  const again = await get(path, { "if-none-match": response.headers.get("etag")! });
  expect(again.status).toBe(304);
});

it("the page runs no script but its file, and loads nothing from elsewhere", async () => {
  const html = await (await get("/")).text();
  expect(html.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="page.js">']);
  expect(html).not.toMatch(/<style| style=| on\w+=|src="http|href="http/);
});

it("a pack cannot be fetched", async () => {
  for (const path of ["/tiny/manifest.json", "/packs/tiny/manifest.json", "/manifest.json", "/../tiny/manifest.json"])
    expect((await get(path)).status, path).toBe(404);
});
