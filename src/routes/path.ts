/**
 * pathOf: which endpoint a request's address means, where clients write it in another way than the routes do.
 *
 * Azure's clients put OpenAI's paths behind `/openai`, and the model that a request is for into the path. As on Azure
 * that model holds, whatever the body says.
 */
import { getPath } from "hono/utils/url";

/** What Azure's clients ask for by the name of a deployment, which here is a model's. */
const DEPLOYMENT = /^\/openai\/deployments\/([^/]+)(\/(?:chat\/completions|completions|responses))$/;
/** What they ask for without one; their newer API has a version in the path as well. */
const AZURE = /^\/openai(?:\/v1)?(\/(?:chat\/completions|completions|responses|models)(?:\/.*)?)$/;

/** Clients join addresses by hand: `//` is `/`, and a slash at the end is none. */
const tidied = (request: Request): string =>
  getPath(request)
    .replace(/\/{2,}/g, "/")
    .replace(/(?<=.)\/$/, "");

export function pathOf(request: Request): string {
  const path = tidied(request);
  const endpoint = DEPLOYMENT.exec(path)?.[2] ?? AZURE.exec(path)?.[1];
  return endpoint === undefined ? path : `/v1${endpoint}`;
}

/** The model that the path names, where it names one beside the endpoint. */
export function modelInPath(request: Request): string | undefined {
  const [, name] = DEPLOYMENT.exec(tidied(request)) ?? [];
  if (name === undefined) return undefined;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
