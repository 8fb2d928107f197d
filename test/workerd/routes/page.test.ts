import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { http } from "../../support/chat-client.ts";

afterEach(() => {
  Object.assign(env, { ALLOWED_ORIGINS: "" });
});

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

it.each([["gzip"], ["gzip, deflate, br, zstd"], ["br;q=1.0, GZIP;q=0.5"]])(
  "sends whoever takes %j what it holds, once compressed",
  async (takes) => {
    const response = await get("/", { "accept-encoding": takes });
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(response.headers.get("vary")).toContain("Accept-Encoding");
    // The runtime has undone one compression by now.
    expect(await response.text()).toBe(await (await get("/")).text());
  },
);

it.each([[undefined], ["identity"], ["br, deflate"], ["gzip;q=0"], ["gzip;q=0.2, identity"]])(
  "unpacks it for whoever takes %j",
  async (takes) => {
    const response = await get("/", takes === undefined ? {} : { "accept-encoding": takes });
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(response.headers.get("vary")).toContain("Accept-Encoding");
    expect(await response.text()).toMatch(/^<!doctype html>/i);
  },
);

it("each form has an ETag of its own, a HEAD without a body, and is not sent again to who has it", async () => {
  const etags = new Set<string>();
  // One after the other: the runner fetches a module on behalf of the request that asks for it first.
  for (const takes of ["gzip", "identity"]) {
    const headers = { "accept-encoding": takes };
    const etag = (await get("/page.css", headers)).headers.get("etag")!;
    const head = await http("/page.css", { method: "HEAD", headers });
    expect([head.status, head.headers.get("etag"), await head.text()]).toEqual([200, etag, ""]);
    const again = await get("/page.css", { ...headers, "if-none-match": etag });
    expect([again.status, again.headers.get("content-encoding"), again.headers.get("vary")]).toEqual([
      304,
      null,
      expect.stringContaining("Accept-Encoding"),
    ]);
    etags.add(etag);
  }
  expect(etags.size).toBe(2);
});

it("keeps what a reply varies by beside the origin", async () => {
  const origin = "https://app.example";
  Object.assign(env, { ALLOWED_ORIGINS: origin });
  const response = await get("/page.css", { origin, "accept-encoding": "gzip" });
  expect(response.headers.get("access-control-allow-origin")).toBe(origin);
  expect(response.headers.get("vary")!.split(/, ?/)).toEqual(["Accept-Encoding", "Origin"]);
  expect(response.headers.get("content-encoding")).toBe("gzip");
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
