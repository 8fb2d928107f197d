/** Replies of /v1/streams. */
import * as z from "zod";
import "../shared/openapi.ts";
import { conditions } from "../../forecast/alert-rules.ts";
import { errorReply } from "../shared/error-body.ts";

const count = z.int().min(0);
const time = z.string().nullable().openapi({ description: "ISO 8601; null if no time was given." });

export const streamReply = z
  .strictObject({
    id: z.string(),
    object: z.literal("stream"),
    created_at: z.int(),
    name: z.string().nullable(),
    model: z.string(),
    frequency: z.string().nullable(),
    horizon: count,
    quantiles: z.array(z.number()),
    anomaly_threshold: z.number(),
    alerts: z.array(z.strictObject({ name: z.string(), when: z.enum(conditions), threshold: z.number(), for: count })),
    metadata: z.record(z.string(), z.string()),
    position: count.openapi({ description: "The number of values so far, including gaps." }),
    last_time: time,
    oldest_rewind: count.openapi({ description: "The earliest position that it can be rewound to." }),
    state_bytes: count,
    expires_at: z.int().nullable(),
    forked_from: z.strictObject({ stream: z.string(), position: count }).nullable(),
  })
  .openapi("Stream");

const streamValue = z
  .strictObject({
    position: count,
    time,
    value: z.number().nullable(),
    tail_probability: z.number().nullable().openapi({
      description:
        "How often a value this far from what was expected occurs, calibrated on this stream; null for a gap, and while nothing can be expected yet.",
    }),
    anomaly: z.boolean(),
    expected: z
      .strictObject({ low: z.number(), median: z.number(), high: z.number() })
      .nullable()
      .openapi({ description: "What was expected before the value arrived: the median and the middle 95 %." }),
  })
  .openapi("StreamValue");

export const streamForecast = z
  .strictObject({
    object: z.literal("stream.forecast"),
    stream: z.string(),
    position: count.openapi({ description: "The position of the forecast's first value." }),
    quantiles: z.array(z.number()),
    steps: z.array(z.strictObject({ time, values: z.array(z.number()) })),
  })
  .openapi("StreamForecast");

const streamAlert = z
  .strictObject({ name: z.string(), when: z.enum(conditions), position: count, time, value: z.number().nullable() })
  .openapi("StreamAlert");

export const appendReply = z
  .strictObject({
    object: z.literal("stream.values"),
    stream: z.string(),
    position: count.openapi({ description: "The number of values so far, including these." }),
    gaps_filled: count,
    duplicates: count.openapi({ description: "The number of values that the stream already had at the same time." }),
    replayed: count.openapi({ description: "The number of values that were fed again because of late ones." }),
    repeated: z.boolean().openapi({ description: "The batch had been accepted before; nothing was changed." }),
    values: z.array(streamValue),
    alerts: z.array(streamAlert),
    forecast: streamForecast.optional(),
  })
  .openapi("StreamValues");

export const togetherReply = z
  .strictObject({
    object: z.literal("list"),
    data: z.array(
      z.union([
        appendReply,
        z
          .strictObject({
            object: z.literal("stream.refused"),
            stream: z.string(),
            error: errorReply.shape.error,
          })
          .openapi("StreamRefused"),
      ]),
    ),
  })
  .openapi("StreamsValues", {
    description: "In the order of the request: what each stream accepted, or why it accepted nothing.",
  });

export const historyReply = z
  .strictObject({ object: z.literal("list"), data: z.array(streamValue), has_more: z.boolean() })
  .openapi("StreamHistory");

export type StreamView = z.infer<typeof streamReply>;
export type StreamValue = z.infer<typeof streamValue>;
export type StreamForecast = z.infer<typeof streamForecast>;
export type AppendReply = z.infer<typeof appendReply>;
export type TogetherReply = z.infer<typeof togetherReply>;

export const isoTime = (timeMs: number | null): string | null =>
  timeMs === null ? null : new Date(timeMs).toISOString();
