/** A `fetch` that holds every JSON reply against the server's own /openapi.json, and remembers what was seen. */
import { Ajv2020 } from "ajv/dist/2020.js";

interface ApiDocument {
  paths: Record<
    string,
    Record<string, { operationId: string; responses: Record<string, { content?: Record<string, unknown> }> }>
  >;
}

export interface DocumentCheck {
  fetch: typeof fetch;
  /** What is wrong with replies so far. */
  faults: string[];
  /** Operations whose replies were looked at. */
  seen: Set<string>;
}

const pointerPart = (text: string) => text.replaceAll("~", "~0").replaceAll("/", "~1");

export async function documentCheck(url: string): Promise<DocumentCheck> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as ApiDocument;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema(document, "openapi");
  const paths = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{.+?\}/g, "[^/]+")}$`),
  }));
  const check: DocumentCheck = {
    faults: [],
    seen: new Set(),
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (!response.headers.get("content-type")?.includes("json")) return response;
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      // A path without parameters is the one that is meant.
      const at = paths
        .filter(({ pattern }) => pattern.test(pathname))
        .toSorted((a, b) => a.path.split("{").length - b.path.split("{").length)[0];
      const method = (init?.method ?? "GET").toLowerCase();
      const operation = at && document.paths[at.path]![method];
      if (!operation) {
        if (response.status < 400) check.faults.push(`${method} ${pathname} is not in the document`);
        return response;
      }
      const status = operation.responses[response.status] ? String(response.status) : "default";
      const pointer = ["paths", at.path, method, "responses", status, "content", "application/json", "schema"].map(
        pointerPart,
      );
      const validate = ajv.getSchema(`openapi#/${pointer.map(encodeURIComponent).join("/")}`);
      const body: unknown = await response.clone().json();
      if (!validate) check.faults.push(`${operation.operationId} ${status}: no schema`);
      else if (!validate(body))
        check.faults.push(
          `${operation.operationId} ${response.status}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 600)}`,
        );
      check.seen.add(`${operation.operationId} ${status}`);
      return response;
    },
  };
  return check;
}
