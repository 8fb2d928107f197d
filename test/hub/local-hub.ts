/**
 * A hub on this machine with the API that the client uses: revisions, file lists in pages, downloads that redirect to a
 * store of another origin, ranges, gated and missing repositories; and faults: connections that tear, stores that
 * ignore ranges, contents that are damaged.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HubFile {
  content: Uint8Array;
  /** Kept in the store of large files. */
  large?: boolean;
}

export interface HubPlan {
  files: Record<string, HubFile>;
  card?: Record<string, unknown>;
  gated?: boolean;
  /** What may read it; everybody where it is absent. */
  token?: string;
}

export interface Faults {
  /** The store's answer number i ends after so many bytes. */
  tearAfter?: (answer: number) => number | undefined;
  ignoreRanges?: boolean;
  damage?: (content: Uint8Array, answer: number) => Uint8Array;
}

const COMMIT = "c0ffee00".repeat(5);

export class LocalHub {
  readonly repositories: Record<string, HubPlan> = {};
  faults: Faults = {};
  /** Requests of the store: range and whether a token came along. */
  readonly stored: { range: string | undefined; token: string | undefined; bytes: number }[] = [];
  readonly asked: string[] = [];
  readonly #servers: Server[] = [];
  #store = "";
  url = "";

  static async open(): Promise<LocalHub> {
    const hub = new LocalHub();
    hub.#store = await hub.#listen((request, response) => hub.#fromStore(request, response));
    hub.url = await hub.#listen((request, response) => hub.#answer(request, response));
    return hub;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(answer);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url!, this.url);
    this.asked.push(pathname);
    const [, name, rest] =
      /^\/(?:api\/models\/)?([^/]+\/[^/]+)\/(.*)$/.exec(decodeURIComponent(pathname)) ?? ([] as string[]);
    const repository = this.repositories[name ?? ""];
    const refuse = (status: number, code: string, error: string) =>
      void response
        .writeHead(status, { "content-type": "application/json", "x-error-code": code })
        .end(JSON.stringify({ error }));
    if (!repository) return void refuse(401, "RepoNotFound", "Repository not found");
    const authorised = repository.token === undefined || request.headers.authorization === `Bearer ${repository.token}`;
    if (rest!.startsWith("revision/")) {
      if (!["HEAD", "main", COMMIT].includes(rest!.slice(9)))
        return void refuse(404, "RevisionNotFound", `Invalid rev id: ${rest!.slice(9)}`);
      const info = { _id: "1", id: name, private: false, downloads: 0, likes: 0, lastModified: "2026-01-01T00:00:00Z" };
      const more = { gated: repository.gated ? "manual" : false, sha: COMMIT, cardData: repository.card };
      return void response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ ...info, ...more }));
    }
    if (rest!.startsWith(`tree/${COMMIT}`)) return void this.#list(repository, searchParams, pathname, response);
    const path = rest!.replace(`resolve/${COMMIT}/`, "");
    const file = repository.files[path];
    if (!file) return void refuse(404, "EntryNotFound", "Entry not found");
    if (!authorised)
      return void refuse(
        403,
        "GatedRepo",
        `Access to model ${name} is restricted and you are not in the authorized list`,
      );
    if (!file.large) return void send(request, response, file.content);
    response
      .writeHead(302, {
        location: `${this.#store}/${name}/${path}?signature=1`,
        "x-linked-size": file.content.length,
        "x-linked-etag": `"${digest("sha256", file.content)}"`,
      })
      .end();
  }

  /** Two entries a page. */
  #list(repository: HubPlan, query: URLSearchParams, pathname: string, response: ServerResponse): void {
    const from = Number(query.get("cursor") ?? 0);
    const entries = Object.entries(repository.files).map(([path, { content, large }]) => ({
      type: "file",
      path,
      size: content.length,
      oid: digest("sha1", Buffer.concat([Buffer.from(`blob ${content.length}\0`), content])),
      ...(large ? { lfs: { oid: digest("sha256", content), size: content.length, pointerSize: 134 } } : {}),
    }));
    const next = `${this.url}${pathname}?recursive=true&cursor=${from + 2}`;
    response
      .writeHead(200, {
        "content-type": "application/json",
        ...(from + 2 < entries.length ? { link: `<${next}>; rel="next"` } : {}),
      })
      .end(JSON.stringify(entries.slice(from, from + 2)));
  }

  #fromStore(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url!, this.#store).pathname).slice(1);
    const [owner, repository, ...rest] = path.split("/");
    const content = this.repositories[`${owner}/${repository}`]!.files[rest.join("/")]!.content;
    const { range, authorization: token } = request.headers;
    const isProbe = range === "bytes=0-0";
    const answer = this.stored.filter(({ range: known }) => known !== "bytes=0-0").length;
    const record = { range, token, bytes: 0 };
    this.stored.push(record);
    const faults = isProbe ? {} : this.faults;
    if (faults.ignoreRanges) delete request.headers.range;
    const bytes = faults.damage?.(content, answer) ?? content;
    record.bytes = send(request, response, bytes, faults.tearAfter?.(answer));
  }
}

const digest = (kind: string, content: Uint8Array) => createHash(kind).update(content).digest("hex");

function send(request: IncomingMessage, response: ServerResponse, content: Uint8Array, tearAfter?: number): number {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const end = to ? Number(to) + 1 : content.length;
  const part = from === undefined ? content : content.subarray(Number(from), end);
  const head = { etag: '"1"', "content-length": part.length, "accept-ranges": "bytes" };
  if (from === undefined) response.writeHead(200, head);
  else response.writeHead(206, { ...head, "content-range": `bytes ${from}-${end - 1}/${content.length}` });
  if (tearAfter === undefined || tearAfter >= part.length) {
    response.end(part);
    return part.length;
  }
  response.write(part.subarray(0, tearAfter), () => setImmediate(() => response.destroy()));
  return tearAfter;
}
