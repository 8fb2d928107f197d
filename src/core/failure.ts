/**
 * Failure: every error a caller can meet, with what to do next.
 *
 * Throw it anywhere. Whoever catches what was thrown makes a Failure of it by `Failure.from`; over HTTP it becomes a
 * reply in api/shared/error-body.ts.
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
  stream_conflict: { status: 409, type: "conflict_error", retry: "never" },
  idempotency_mismatch: { status: 422, type: "invalid_request_error", retry: "never" },
  import_refused: { status: 422, type: "invalid_request_error", retry: "never" },
  // Capacity.
  rate_limit_exceeded: { status: 429, type: "rate_limit_error", retry: "later" },
  quota_unavailable: { status: 503, type: "server_error", retry: "later" },
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
  /** Seconds after which another try may succeed, where that is known. */
  readonly afterSeconds: number | undefined;

  constructor(
    code: FailureCode,
    message: string,
    options: { param?: string | null; cause?: unknown; afterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Failure";
    this.code = code;
    this.param = options.param ?? null;
    this.afterSeconds = options.afterSeconds;
  }

  /** Names any thrown value. RPC keeps an error's own fields but not its class, so `code` decides. */
  static from(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    const { code, message, param } = (thrown ?? {}) as { code?: FailureCode; message?: string; param?: string | null };
    if (typeof code === "string" && Object.hasOwn(failures, code)) {
      return new Failure(code, message ?? code, { param: param ?? null, cause: thrown });
    }
    if (isStorageFull(thrown)) return storageFull(thrown);
    return new Failure("bug", "internal error", { cause: thrown });
  }
}

/**
 * What SQLite and the platform say when there is no room: where it was found out, or where an
 * object was reset because of it.
 */
export const isStorageFull = (thrown: unknown): boolean =>
  /SQLITE_FULL|database or disk is full|no space left on device|ENOSPC/i.test(
    String((thrown as Error | undefined)?.message ?? thrown),
  );

export const storageFull = (cause: unknown): Failure =>
  new Failure("storage_full", "there is no room to store anything; delete conversations or make room on the disk", {
    cause,
  });

/** Throws `code` unless the condition holds. */
export function check(condition: unknown, code: FailureCode, message: () => string, param?: string): asserts condition {
  if (!condition) throw new Failure(code, message(), { param });
}
