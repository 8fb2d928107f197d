/**
 * Failure: every error a caller can meet, with what to do next.
 *
 * Throw it anywhere. `Failure.from` in the Worker's error handler, in stream writers and in the command line is the only translation.
 */
export const failures = {
  // The caller's request.
  request_invalid: { status: 400, type: "invalid_request_error", retry: "never" },
  schema_unmet: { status: 422, type: "invalid_request_error", retry: "now" },
  schema_too_complex: { status: 400, type: "invalid_request_error", retry: "never" },
  model_unknown: { status: 404, type: "invalid_request_error", retry: "never" },
  not_found: { status: 404, type: "invalid_request_error", retry: "never" },
  method_not_allowed: { status: 405, type: "invalid_request_error", retry: "never" },
  origin_refused: { status: 403, type: "permission_error", retry: "never" },
  host_refused: { status: 403, type: "permission_error", retry: "never" },
  scope_missing: { status: 403, type: "permission_error", retry: "never" },
  upgrade_required: { status: 426, type: "invalid_request_error", retry: "never" },
  unauthorized: { status: 401, type: "authentication_error", retry: "never" },
  client_gone: { status: 400, type: "invalid_request_error", retry: "never" },
  body_too_large: { status: 413, type: "invalid_request_error", retry: "never" },
  context_length_exceeded: { status: 400, type: "invalid_request_error", retry: "never" },
  turn_in_progress: { status: 409, type: "conflict_error", retry: "later" },
  conversation_conflict: { status: 409, type: "conflict_error", retry: "never" },
  idempotency_mismatch: { status: 422, type: "invalid_request_error", retry: "never" },
  import_refused: { status: 422, type: "invalid_request_error", retry: "never" },
  // Capacity.
  busy: { status: 503, type: "overloaded_error", retry: "later" },
  memory_exceeded: { status: 503, type: "overloaded_error", retry: "later" },
  stage_lost: { status: 503, type: "server_error", retry: "later" },
  // Platform and artefacts.
  storage_unavailable: { status: 500, type: "server_error", retry: "later" },
  weights_invalid: { status: 503, type: "server_error", retry: "never" },
  weights_unavailable: { status: 503, type: "server_error", retry: "later" },
  state_unreadable: { status: 500, type: "server_error", retry: "never" },
  storage_full: { status: 507, type: "server_error", retry: "never" },
  newer_state: { status: 409, type: "conflict_error", retry: "never" },
  model_changed: { status: 409, type: "conflict_error", retry: "never" },
  // Ours.
  bug: { status: 500, type: "server_error", retry: "never" },
} as const satisfies Record<string, { status: number; type: string; retry: "now" | "later" | "never" }>;

export type FailureCode = keyof typeof failures;

export class Failure extends Error {
  readonly code: FailureCode;
  /** Name of the field at fault (`messages[2].role`, a tensor, a file), or null. */
  readonly param: string | null;

  constructor(code: FailureCode, message: string, options: { param?: string | null; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Failure";
    this.code = code;
    this.param = options.param ?? null;
  }

  /** Names any thrown value. RPC keeps an error's own fields but not its class, so `code` decides. */
  static from(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    const { code, message, param } = (thrown ?? {}) as { code?: FailureCode; message?: string; param?: string | null };
    if (typeof code === "string" && Object.hasOwn(failures, code)) {
      return new Failure(code, message ?? code, { param: param ?? null, cause: thrown });
    }
    return new Failure("bug", "internal error", { cause: thrown });
  }
}

/** Throws `code` unless the condition holds. */
export function check(condition: unknown, code: FailureCode, message: () => string, param?: string): asserts condition {
  if (!condition) throw new Failure(code, message(), { param });
}
