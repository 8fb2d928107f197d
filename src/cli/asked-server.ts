/**
 * The server that a command asks: its address as it was typed, its key from the environment, and the variable named
 * where the key is missing or wrong. An address where none has answered yet is wrong as well.
 */
import { type Call, Server, Unreachable } from "../client/server.ts";
import { check, Failure } from "../core/failure.ts";

export const KEY_VARIABLE = "RIVULET_API_KEY";

class AskedServer extends Server {
  #isThere = false;

  /** Fails with `request_invalid` where no server is, and none has been: the URL is the user's. */
  override async open(path: string, call?: Call): Promise<Response> {
    try {
      const response = await super.open(path, call);
      this.#isThere = true;
      return response;
    } catch (thrown) {
      if (thrown instanceof Unreachable && !this.#isThere)
        throw new Failure("request_invalid", `${thrown.message}; start one with npm start`, { cause: thrown });
      if (!(thrown instanceof Failure && thrown.code === "unauthorized")) throw thrown;
      throw new Failure("unauthorized", `${thrown.message}; the variable ${KEY_VARIABLE} holds the key`, {
        cause: thrown,
      });
    }
  }
}

/** Fails with `request_invalid` where the address is none. */
export function askedServer(url: string): Server {
  const message = () => `${url}: expected a URL like http://127.0.0.1:8787`;
  check(URL.canParse(url) && /^https?:/.test(url), "request_invalid", message);
  return new AskedServer(url, process.env[KEY_VARIABLE] || undefined);
}
