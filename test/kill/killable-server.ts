/**
 * KillableServer: the real start script on a folder of its own, whose server process can be ended
 * without a word and started again.
 */
import { type Started, serverPid, start } from "../support/start-server.ts";

export interface ServerOptions {
  folder: string;
  pack: string;
  forecaster?: string;
  /** 0 takes a free one, another at each start. */
  port?: number;
  env?: Record<string, string>;
  /** Of the start script, besides. */
  args?: string[];
}

export class KillableServer {
  readonly #options: ServerOptions;
  #started: Started | undefined;
  starts = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#started?.url ?? "";
  }

  get pid(): number {
    return serverPid(this.#options.folder);
  }

  /** Resolves when the weights are verified and a forward pass has run. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const { folder, pack, forecaster, port = 0, args: more = [] } = this.#options;
    const args = [
      "--port",
      String(port),
      "--persist-to",
      folder,
      "--pack",
      pack,
      ...(forecaster ? ["--forecaster", forecaster] : []),
      ...more,
    ];
    this.#started = await start(args, { ...this.#options.env, ...env });
    if (this.#started.url === "") throw new Error(`the server did not start:\n${this.#started.output()}`);
    this.starts++;
  }

  /** SIGKILL to the server process; resolves when its supervisor has ended as well. */
  async kill(): Promise<void> {
    if (!this.#started) return;
    process.kill(this.pid, "SIGKILL");
    await this.#started.ended;
    this.#started = undefined;
  }

  /** The polite end. */
  async end(): Promise<void> {
    if (!this.#started) return;
    this.#started.supervisor.kill("SIGTERM");
    await this.#started.ended;
    this.#started = undefined;
  }

  /** The process of a start that is under way is there. */
  get isListening(): boolean {
    try {
      return this.pid > 0;
    } catch {
      return false;
    }
  }

  /** SIGKILL, without waiting for anything. */
  strike(): void {
    process.kill(this.pid, "SIGKILL");
  }

  get output(): string {
    return this.#started?.output() ?? "";
  }
}
