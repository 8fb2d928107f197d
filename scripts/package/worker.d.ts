/** The Rivulet server to mount in a Worker of one's own, and its Durable Object classes to export again. */
import { DurableObject } from "cloudflare:workers";
import type { Hono } from "hono";

/** What the Worker's configuration must bind; templates/worker/wrangler.toml of the repository is a whole one. */
export interface RivuletBindings {
  CONVERSATION: DurableObjectNamespace;
  DIRECTORY: DurableObjectNamespace;
  SOCKET: DurableObjectNamespace;
  STAGE: DurableObjectNamespace;
  STREAM: DurableObjectNamespace;
  /** Where bound, values of many streams that come in one request are written in one commit. */
  STREAM_LEDGER?: DurableObjectNamespace;
  /** Where bound, a history that is sent again without a conversation is not read again. */
  PROMPT_CACHE?: DurableObjectNamespace;
  /** Seconds for which such states are kept (3600), and bytes of one tenant (256,000,000); 0 seconds: none are kept. */
  AUTO_RESUME_TTL?: string;
  AUTO_RESUME_BYTES?: string;
  /** Where the pack lies: static assets, or `PACKS`. */
  ASSETS: Fetcher;
  /** Where bound, the pack is read from this bucket. */
  PACKS?: R2Bucket;
  /** Folder of the pack under the assets, or the prefix of its keys. */
  PACK_PATH: string;
  /** Folder of the forecaster that /v1/streams asks, or the prefix of its keys; without it there is none. */
  FORECAST_PACK_PATH?: string;
  /**
   * Where bound, a folder with `encoder.bin`, what recall compares sentences with; else it is looked for in
   * `sentence-encoder/` of the assets.
   */
  SENTENCE_ENCODER?: Fetcher;
  /** Where bound, the forecaster is read from there instead. */
  FORECAST?: Fetcher;
  /** Callers as `tenant:sha256-of-key`, separated by commas; empty lets everybody in. */
  API_KEYS: string;
  /** Keys the names of conversation objects and signs their files; never change it. */
  SESSION_KEY: string;
  ALLOWED_ORIGINS: string;
  /** Hosts that are answered, separated by commas; empty or absent where routes decide. */
  ALLOWED_HOSTS?: string;
  STAGE_MAX_BYTES: string;
  /** Bytes of kept states along one path of a conversation (24,000,000); 0 keeps only the last. */
  STATE_BUDGET_BYTES?: string;
  /** Limits of tenants and keys as JSON: docs/limits.md. */
  LIMITS?: string;
}

/** A Hono application that answers below the path it is mounted at: `app.route("/ai", rivulet())`. */
export function rivulet(): Hono<{ Bindings: RivuletBindings }>;

/** The server by itself, as a Worker's handler. */
export const server: {
  fetch(request: Request, env: RivuletBindings, context?: ExecutionContext): Response | Promise<Response>;
};

export class Conversation extends DurableObject {}
export class Directory extends DurableObject {}
export class ResponseSocket extends DurableObject {}
export class Stage extends DurableObject {}
export class Stream extends DurableObject {}
export class StreamLedger extends DurableObject {}
export class PromptCache extends DurableObject {}
