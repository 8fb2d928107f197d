/** TurnPlace: a turn's row as a file has it; the pieces of its detail and its ids follow in records of their own. */
import * as z from "zod";

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const turnId = z.string().regex(/^[0-9a-f]{16}$/);

export const turnPlace = z.strictObject({
  id: turnId,
  parent: turnId.nullable(),
  depth: count,
  createdMs: count,
  status: z.enum(["completed", "incomplete", "cancelled", "failed"]),
  start: count,
  position: count,
  logged: count,
  hidden: z.boolean(),
  /** Bytes of its detail, in as few records as they fit. */
  detailBytes: count.max(64 * 1024 * 1024),
});
export type TurnPlace = z.infer<typeof turnPlace>;
