/**
 * openRepository: one revision of a model on a Hugging Face-compatible hub.
 *
 * The revision is resolved to its commit once, so that every file comes from the same one. The token goes to the hub
 * only, never to the store that it redirects to.
 */
import { downloadFile, listFiles, modelInfo } from "@huggingface/hub";
import { check, Failure } from "../core/failure.ts";
import { hubFailure } from "./hub-failure.ts";

interface HubOptions {
  /** Base URL of the hub; the client's own where it is absent. */
  endpoint?: string;
  token?: string;
  signal?: AbortSignal;
}

export interface RepositoryFile {
  path: string;
  bytes: number;
  /** What the content must hash to: SHA-256 of large files, git's blob hash of small ones. */
  hash: { kind: "sha256" | "git"; hex: string };
}

export interface Repository {
  name: string;
  commit: string;
  licence?: string;
  files: RepositoryFile[];
  /** The file's bytes from `from` on. */
  read(file: RepositoryFile, from: number): Promise<ReadableStream<Uint8Array>>;
}

/** `owner/name`, or `owner/name@revision`. Fails with `request_invalid`. */
export function parseRepository(text: string): { name: string; revision?: string } {
  const [, name, revision] = /^([\w.-]{1,96}\/[\w.-]{1,96})(?:@([\w./-]{1,255}))?$/.exec(text) ?? [];
  check(
    name !== undefined && !/(^|\/)\.\.?(\/|$)/.test(text),
    "request_invalid",
    () => `expected owner/name or owner/name@revision, got ${JSON.stringify(text).slice(0, 120)}`,
    "repository",
  );
  return { name, ...(revision === undefined ? {} : { revision }) };
}

/**
 * Fails with `request_invalid` where there is none for this caller, `weights_unavailable`
 * where the hub does not answer.
 */
export async function openRepository(text: string, options: HubOptions = {}): Promise<Repository> {
  const { name, revision } = parseRepository(text);
  const hub = hubOf(options);
  const common = { ...(hub.url ? { hubUrl: hub.url } : {}), fetch: hub.fetch };
  const shown = hub.url ?? "the hub";
  try {
    const info = await modelInfo({
      ...common,
      name,
      ...(revision ? { revision } : {}),
      additionalFields: ["sha", "cardData"],
    });
    const commit = String(info.sha);
    check(
      /^[0-9a-f]{40,64}$/.test(commit),
      "weights_unavailable",
      () => `${text}: ${shown} names no commit for this revision`,
    );
    const files: RepositoryFile[] = [];
    for await (const entry of listFiles({ ...common, repo: name, revision: commit, recursive: true })) {
      if (entry.type !== "file" || !isPlainPath(entry.path)) continue;
      const { path } = entry;
      if (entry.lfs) files.push({ path, bytes: entry.lfs.size, hash: { kind: "sha256", hex: entry.lfs.oid } });
      else if (entry.oid) files.push({ path, bytes: entry.size, hash: { kind: "git", hex: entry.oid } });
    }
    const licence = licenceOf(info.cardData);
    const read: Repository["read"] = async (file, from) => {
      try {
        // The plain way over the hub's own redirects; what the other one (xet) would bring is not tried here.
        const blob = await downloadFile({ ...common, repo: name, revision: commit, path: file.path, xet: false });
        return streamOf(blob, file, name, from);
      } catch (thrown) {
        throw hubFailure(thrown, `${name}: ${file.path}`, shown);
      }
    };
    return { name, commit, ...(licence === undefined ? {} : { licence }), files, read };
  } catch (thrown) {
    throw hubFailure(thrown, text, shown);
  }
}

function streamOf(blob: Blob | null, file: RepositoryFile, name: string, from: number): ReadableStream<Uint8Array> {
  if (!blob) throw new Failure("request_invalid", `${name}: ${file.path}: no such file`, { param: file.path });
  check(
    blob.size === file.bytes,
    "weights_unavailable",
    () => `${name}: ${file.path}: expected ${file.bytes} bytes, the hub announces ${blob.size}`,
    file.path,
  );
  return (from === 0 ? blob : blob.slice(from)).stream() as ReadableStream<Uint8Array>;
}

/** `license_name` says more where the licence is none of the hub's list. */
function licenceOf(card: unknown): string | undefined {
  const { license, license_name: named } = (card ?? {}) as { license?: unknown; license_name?: unknown };
  const first = Array.isArray(license) ? license[0] : license;
  const chosen = (first === undefined || first === "other") && typeof named === "string" ? named : first;
  return typeof chosen === "string" ? chosen.slice(0, 100) : undefined;
}

/** A path that stays inside of its folder. */
const isPlainPath = (path: string): boolean =>
  !path.startsWith("/") &&
  !/[\\\p{Cc}]/u.test(path) &&
  path.split("/").every((part) => part !== "" && part !== ".." && part !== ".");

function hubOf({ endpoint, token, signal }: HubOptions): { url?: string; fetch: typeof fetch } {
  const url = endpoint?.replace(/\/+$/, "");
  check(
    url === undefined || /^https?:\/\/[^\s/]/.test(url),
    "request_invalid",
    () => `HF_ENDPOINT: expected a URL that begins with http:// or https://, got ${JSON.stringify(endpoint)}`,
    "HF_ENDPOINT",
  );
  const asked: typeof fetch = async (input, init = {}) => {
    const headers = new Headers(init.headers);
    if (token) headers.set("authorization", `Bearer ${token}`);
    const response = await fetch(input, { ...init, headers, ...(signal ? { signal } : {}) });
    const from = /^bytes=([1-9]\d*)-/.exec(headers.get("range") ?? "")?.[1];
    // A store that gives everything where a part was asked for would be written behind what is there already.
    if (from !== undefined && response.status === 200) {
      await response.body?.cancel();
      throw new RangeIgnored();
    }
    return response;
  };
  return { ...(url ? { url } : {}), fetch: asked };
}

/** The store does not give parts of files: begin from the start. */
export class RangeIgnored extends Error {
  constructor() {
    super("range ignored");
  }
}
