/** tokenIds: `eos_token_id` and its like, which may be absent, null, −1 (none), one id or a list of ids. */
import { Failure } from "../../core/failure.ts";

export function tokenIds(field: string, value: unknown): number[] {
  if (value === undefined || value === null || value === -1) return [];
  return (Array.isArray(value) ? value : [value]).map((id) => {
    if (Number.isSafeInteger(id) && id >= 0 && id <= 0xffffffff) return id as number;
    throw new Failure("weights_invalid", `${field}: expected token ids, got ${JSON.stringify(value).slice(0, 80)}`, {
      param: field,
    });
  });
}
