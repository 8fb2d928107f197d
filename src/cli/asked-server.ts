/** The server that a command asks: its address as it was typed, its key from the environment, and the variable named where the key is missing or wrong. */
import { type Call, Server } from "../client/server.ts";
import { check, Failure } from "../core/failure.ts";

export const KEY_VARIABLE = "RIVULET_API_KEY";

class AskedServer extends Server {
  override async open(path: string, call?: Call): Promise<Response> {
    try {
      return await super.open(path, call);
    } catch (thrown) {
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
