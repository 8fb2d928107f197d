/** Storage whose n-th statement fails, once or from then on; refuses rows that the platform would refuse. */
import type { SqlValue, Storage } from "../../durable-objects/storage/schema.ts";

interface Plan {
  /** 1 is the first statement after `arm`. */
  failAt?: number;
  forever?: boolean;
  /** Only statements like this count. */
  only?: RegExp;
  message?: string;
}

export class FaultyStorage implements Storage {
  readonly #inner: Storage;
  #plan: Plan = {};
  statements = 0;
  failures = 0;

  constructor(inner: Storage) {
    this.#inner = inner;
  }

  arm(plan: Plan): void {
    this.#plan = plan;
    this.statements = 0;
    this.failures = 0;
  }

  readonly sql = {
    exec: (query: string, ...bindings: SqlValue[]) => {
      const { failAt, forever, only, message } = this.#plan;
      if (!only || only.test(query)) this.statements++;
      else return this.#inner.sql.exec(query, ...bindings);
      if (failAt !== undefined && (this.statements === failAt || (forever && this.statements > failAt))) {
        this.failures++;
        throw new Error(message ?? `statement ${this.statements} fails by plan`);
      }
      for (const value of bindings) {
        if (value !== null && typeof value === "object" && value.byteLength > 2_000_000)
          throw new Error("SQLITE_TOOBIG");
      }
      return this.#inner.sql.exec(query, ...bindings);
    },
  };

  transactionSync<T>(work: () => T): T {
    return this.#inner.transactionSync(work);
  }

  sync(): Promise<void> {
    return this.#inner.sync();
  }
}
