/**
 * Gives schemas `.openapi`, by which they say their names and descriptions in /openapi.json.
 * Imported by every file that says one.
 *
 * Wherever the library is imported it is as a namespace: by its exports `z` and `default` the bundler cannot tell what
 * of it is used, and puts messages in fifty languages into the Worker, which are 0.9 MB of an isolate.
 */
import { extendZodWithOpenApi } from "@asteasolutions/zod-to-openapi";
import { ZodType } from "zod";

// All that is read of it is this class; to hand over the whole namespace would keep all of it.
extendZodWithOpenApi({ ZodType } as Parameters<typeof extendZodWithOpenApi>[0]);
