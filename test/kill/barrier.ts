/**
 * Barrier: where a fault point calls while the server waits inside it. Whoever holds it decides
 * what happens at that very place.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class Barrier {
  readonly #server: Server;
  readonly visits: string[] = [];
  /** Resolving lets the server go on. */
  at: (point: string) => Promise<void> | void = () => {};

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Barrier> {
    const server = createServer();
    const barrier = new Barrier(server);
    server.on("request", async ({ url }, response) => {
      const point = url!.replace("/at/", "");
      barrier.visits.push(point);
      await barrier.at(point);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return barrier;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when the point is reached. */
  reached(): Promise<string> {
    return new Promise((resolve) => {
      this.at = (point) => {
        resolve(point);
        return new Promise(() => {});
      };
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
