/** Requests of /v1/streams. */
import * as z from "zod";
import "../shared/openapi.ts";
import { conditions } from "../../forecast/alert-rules.ts";
import { TTL_MAX_SECONDS } from "../conversations/prefix.ts";
import { intQuery, metadata, pageQuery } from "../shared/fields.ts";
import { frequencyField, VALUES_MAX, valueField } from "./values.ts";

const HORIZON_MAX = 512;
const QUANTILES_MAX = 21;
export const QUANTILES = [0.1, 0.5, 0.9];
const RULES_MAX = 16;

const streamId = z
  .string()
  .regex(/^stream_[0-9a-f]{32}$/, "expected an id that POST /v1/streams gave: stream_ and 32 hex digits");
export const streamPath = z.object({ id: streamId });

const quantile = z.number().gt(0, "expected a number between 0 and 1").lt(1, "expected a number between 0 and 1");
const quantiles = z.array(quantile).min(1).max(QUANTILES_MAX).openapi({ example: QUANTILES });
const horizon = z.int().min(1).max(HORIZON_MAX);
const ttl = z.int().min(1).max(TTL_MAX_SECONDS).nullish().openapi({
  description: "It is removed this many seconds after its last value. The default is to keep it forever.",
});

const rule = z
  .strictObject({
    name: z.string().regex(/^[\w.-]{1,64}$/, "expected 1 to 64 letters, digits, '_', '.', '-'"),
    when: z.enum(conditions),
    threshold: z.number().optional(),
    for: z.int().min(1).max(10_000).optional(),
  })
  .refine(({ when, threshold }) => when === "gap" || when === "anomaly" || threshold !== undefined, {
    path: ["threshold"],
    message: "expected a number, for this condition compares with one",
  })
  .openapi("StreamAlertRule", {
    description:
      "The alert is raised once, when the condition has held for `for` values in a row (default 1). `anomaly` compares the tail probability with the threshold, or with the stream's `anomaly_threshold` if none is given; `gap` needs no threshold.",
  });

const options = {
  name: z.string().min(1).max(128).nullish(),
  horizon: horizon.nullish().openapi({ description: "The default number of steps of a forecast. The default is 12." }),
  quantiles: quantiles.nullish().openapi({ description: "The default is 0.1, 0.5 and 0.9." }),
  anomaly_threshold: quantile.nullish().openapi({
    description: "A value is an anomaly if its tail probability is at most this. The default is 0.001.",
  }),
  alerts: z
    .array(rule)
    .max(RULES_MAX)
    .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, "expected names that differ")
    .nullish(),
  metadata: metadata.nullish(),
  ttl_seconds: ttl,
};

export const streamCreate = z
  .strictObject({
    ...options,
    frequency: frequencyField.nullish().openapi({
      description: "The time between two values. If it is given, missing times between two values become gaps.",
    }),
  })
  .openapi("StreamCreate");

export const streamUpdate = z.strictObject(options).openapi("StreamUpdate");

export const forkStream = z
  .strictObject({ name: z.string().min(1).max(128).nullish(), ttl_seconds: ttl, metadata: metadata.nullish() })
  .openapi("StreamFork");

export const valuesAppend = z
  .strictObject({
    values: z.array(valueField).min(1).max(VALUES_MAX, `expected at most ${VALUES_MAX} values in one request`),
    late: z.enum(["refuse", "replay"]).nullish().openapi({
      description:
        "What happens to a value whose time is before the last one. The default is to refuse it; `replay` takes back the values after it and feeds them again.",
    }),
    forecast: z
      .union([z.boolean(), z.int().min(1).max(HORIZON_MAX)], "expected true, false or a number of steps")
      .nullish()
      .openapi({
        description:
          "Adds the forecast after these values to the reply: true for the stream's horizon, or a number of steps.",
      }),
  })
  .openapi("StreamValuesAppend");

/** Of one request that carries values of many streams: each is a request of its own within the server. */
const STREAMS_MAX = 1000;

export const streamsAppend = z
  .strictObject({
    streams: z
      .array(z.strictObject({ id: streamId, values: valuesAppend.shape.values, late: valuesAppend.shape.late }))
      .min(1)
      .max(STREAMS_MAX, `expected at most ${STREAMS_MAX} streams in one request`)
      .refine((given) => new Set(given.map(({ id }) => id)).size === given.length, "expected each stream once")
      .refine(
        (given) => given.reduce((n, { values }) => n + values.length, 0) <= VALUES_MAX,
        `expected at most ${VALUES_MAX} values in one request`,
      )
      .openapi({ description: "The values for each stream. A stream accepts all of its values or none." }),
  })
  .openapi("StreamsValuesAppend");

export const rewindStream = z
  .strictObject({ position: z.int().min(0).openapi({ description: "The number of values to keep." }) })
  .openapi("StreamRewind");

const numbersOf = (list: string): number[] =>
  list.split(",").map((text) => (text.trim() === "" ? Number.NaN : Number(text)));

export const forecastQuery = z.strictObject({
  h: intQuery(1, HORIZON_MAX)
    .optional()
    .openapi({ description: "The number of steps. The default is the stream's horizon." }),
  quantiles: z
    .string()
    .max(400)
    .refine(
      (list) => quantiles.safeParse(numbersOf(list)).success,
      `expected 1 to ${QUANTILES_MAX} numbers between 0 and 1, separated by commas`,
    )
    .transform(numbersOf)
    .optional()
    .openapi({ type: "string", example: "0.1,0.5,0.9" }),
  paths: intQuery(1, 512).optional().openapi({ description: "The number of futures to sample. The default is 24." }),
});

export const historyQuery = z.strictObject({
  limit: intQuery(1, VALUES_MAX)
    .optional()
    .openapi({ description: "How many of the last values to list. The default is 256." }),
});

export const eventsQuery = z.strictObject({
  h: intQuery(1, HORIZON_MAX)
    .optional()
    .openapi({ description: "Adds a forecast of this many steps after each batch." }),
});

export const streamsQuery = z.strictObject(pageQuery);

export type StreamOptions = z.infer<typeof streamUpdate> & { frequency?: string | null | undefined };
export type ValuesAppend = z.infer<typeof valuesAppend>;
export type StreamsAppend = z.infer<typeof streamsAppend>;
