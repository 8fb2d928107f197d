/** Kept: a process of the server that is started again when it ends. */
import { end, pause, type Server } from "./serve-process.ts";

/** Ends in a row, each this soon after the start before it, after which something is wrong that no start mends. */
const ENDS_MAX = 5;
const ENDS_WITHIN_MS = 5_000;

interface KeptOptions {
  /** As a person is told of it: "the server". */
  name: string;
  folder: string;
  /** False: it is not started again. */
  restart: boolean;
  /** `before`: what ended, where this is not the first start. */
  launch(before?: Server): Promise<Server>;
}

export class Kept {
  readonly #options: KeptOptions;
  #server: Server;
  #isStopping = false;
  /**
   * Resolves when it has ended and is not started again; never when it was stopped. Rejects
   * when it cannot be started again.
   */
  readonly over: Promise<void>;

  private constructor(options: KeptOptions, server: Server) {
    this.#options = options;
    this.#server = server;
    this.over = this.#keep();
    // Whoever waits for it hears of it; a process that is stopped meanwhile is no longer waited for.
    this.over.catch(() => {});
  }

  /** Resolves when it listens. */
  static async start(options: KeptOptions): Promise<Kept> {
    return new Kept(options, await options.launch());
  }

  get server(): Server {
    return this.#server;
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await end(this.#options.folder, this.#server);
  }

  async #keep(): Promise<void> {
    const { name, restart, launch } = this.#options;
    for (let ends = 0; ; ) {
      const beganMs = Date.now();
      const how = await ended(this.#server);
      if (this.#isStopping) return forever;
      ends = Date.now() - beganMs < ENDS_WITHIN_MS ? ends + 1 : 1;
      const again = restart && ends < ENDS_MAX;
      console.error(`${name} ended (${how})${again ? "; starting it again" : ""}`);
      if (!again) return;
      await pause(100 * 2 ** ends);
      if (this.#isStopping) return forever;
      this.#server = await launch(this.#server);
    }
  }
}

const forever = new Promise<void>(() => {});

const ended = ({ process: server }: Server): Promise<string | number> =>
  new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode) resolve(server.signalCode ?? server.exitCode ?? "");
    else server.once("exit", (code, signal) => resolve(signal ?? code ?? ""));
  });
