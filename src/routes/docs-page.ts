/** docsPage: the OpenAPI document as one page of HTML that needs no script. */
import { html, raw } from "hono/html";

type Html = ReturnType<typeof html>;
interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  description?: string;
  format?: string;
  [bound: string]: unknown;
}
interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}
export interface ApiDocument {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas?: Record<string, Schema> };
}

const BOUNDS = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern"];
const MAX_DEPTH = 6;

export function docsPage(document: ApiDocument): Html {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const { title, version, description } = document.info;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} API</title>
<link rel="stylesheet" href="docs.css">
</head>
<body>
<header>
<h1>${title} API <small>${version}</small></h1>
<p>${description ?? ""} The same as a file: <a href="openapi.json">openapi.json</a>.</p>
</header>
<nav aria-label="Groups"><ul>${tags.map((tag) => html`<li><a href="#${tag}">${tag}</a></li>`)}</ul></nav>
<main>
${tags.map(
  (tag) => html`<section id="${tag}"><h2>${tag}</h2>
${operations.filter(({ operation }) => operation.tags[0] === tag).map(({ path, method, operation }) => operationOf(document, path, method, operation))}</section>`,
)}
</main>
</body>
</html>`;
}

function operationOf(document: ApiDocument, path: string, method: string, operation: Operation): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses, security = [] } = operation;
  return html`<article id="${operationId}">
<h3><code class="${method}">${method.toUpperCase()}</code> <code>${path}</code></h3>
<p><strong>${summary}.</strong> ${description ?? ""} ${security.length === 0 ? html`<em>Needs no key.</em>` : ""}</p>
${
  parameters.length === 0
    ? ""
    : html`<h4>Parameters</h4><ul>${parameters.map(
        ({ name, in: place, required, schema, description: text }) =>
          html`<li><code>${name}</code> <em>${place}${required ? ", required" : ""}</em> ${kindOf(schema)} ${text ?? schema.description ?? ""}</li>`,
      )}</ul>`
}
${requestBody ? contentOf(document, "Body", requestBody.content) : ""}
${Object.entries(responses)
  .filter(([status]) => status !== "default")
  .map(([status, reply]) =>
    reply.content
      ? contentOf(document, `${status}: ${reply.description}`, reply.content)
      : html`<p>${status}: ${reply.description}</p>`,
  )}
</article>`;
}

function contentOf(document: ApiDocument, title: string, content: Record<string, { schema?: Schema }>): Html {
  const schema = Object.values(content).find((media) => media.schema)?.schema;
  return html`<details><summary>${title} <small>${Object.keys(content).join(", ")}</small></summary>
${schema ? fieldsOf(document, schema, 0) : ""}</details>`;
}

/** The fields of an object, or of what a list or a choice is made of. */
function fieldsOf(document: ApiDocument, schema: Schema, depth: number): Html | string {
  const { properties, items, anyOf, oneOf, required = [] } = resolved(document, schema);
  if (depth > MAX_DEPTH) return "";
  if (properties)
    return html`<ul>${Object.entries(properties).map(
      ([name, field]) =>
        html`<li><code>${name}</code> ${required.includes(name) ? html`<em>required</em> ` : ""}${kindOf(resolved(document, field))} ${field.description ?? ""}${fieldsOf(document, field, depth + 1)}</li>`,
    )}</ul>`;
  if (items) return fieldsOf(document, items, depth + 1);
  const choices = (anyOf ?? oneOf ?? []).map((choice) => fieldsOf(document, choice, depth + 1)).filter(Boolean);
  return choices.length === 0 ? "" : html`${choices}`;
}

function resolved(document: ApiDocument, schema: Schema): Schema {
  const name = schema.$ref?.split("/").at(-1);
  return (name && document.components.schemas?.[name]) || schema;
}

/** `integer, minimum 1, maximum 8` */
function kindOf(schema: Schema): Html {
  const choices = schema.anyOf ?? schema.oneOf;
  const kinds = choices ? choices.flatMap((choice) => choice.type ?? []) : [schema.type ?? []].flat();
  const known = schema.enum ? schema.enum.map((value) => JSON.stringify(value)) : [...new Set(kinds.flat())];
  const bounds = BOUNDS.filter((bound) => schema[bound] !== undefined).map((bound) => `${bound} ${schema[bound]}`);
  return html`<small>${[known.join(" | "), ...bounds].filter(Boolean).join(", ")}</small>`;
}

export const docsStyle = raw(`:root{color-scheme:light dark;--line:#8884;--quiet:#666;--accent:#0b62c4}
@media(prefers-color-scheme:dark){:root{--quiet:#aaa;--accent:#7ab8ff}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
a{color:var(--accent)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}
article{border-top:1px solid var(--line);padding:.5rem 0}
h3{margin:.5rem 0;font-size:1rem;overflow-wrap:anywhere}
h4{margin:.5rem 0 0;font-size:.9rem}
code{font:.9em ui-monospace,monospace}
h3 code:first-child{font-weight:700;color:var(--accent)}
small,em{color:var(--quiet);overflow-wrap:anywhere}
summary{cursor:pointer}
ul{padding-left:1.25rem;margin:.25rem 0}
:target{outline:2px solid var(--accent);outline-offset:4px}
`).toString();
