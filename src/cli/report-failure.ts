/** faultOf: what a thrown value means for the user of the command line. */
import { CommanderError } from "commander";
import { Failure, type FailureCode } from "../core/failure.ts";

interface Fault {
  message: string;
  exitCode: number;
}

/** Failures that another input would not cure. */
const notTheUsers: ReadonlySet<FailureCode> = new Set([
  "bug",
  "busy",
  "memory_exceeded",
  "stage_lost",
  "storage_unavailable",
  "weights_unavailable",
]);
/** A path that does not exist or may not be used. */
const badPath = new Set(["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "EROFS", "ENAMETOOLONG", "ELOOP"]);

export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof CommanderError) return { message: thrown.message.replace(/^error: /, ""), exitCode: 2 };
  if (thrown instanceof Failure) return { message: thrown.message, exitCode: notTheUsers.has(thrown.code) ? 1 : 2 };
  const { code, message } =
    thrown instanceof Error ? (thrown as NodeJS.ErrnoException) : { code: undefined, message: String(thrown) };
  if (thrown instanceof Error && thrown.name === "AbortError") return { message: "interrupted", exitCode: 1 };
  return { message, exitCode: code !== undefined && badPath.has(code) ? 2 : 1 };
}

/** One line for stderr, whatever the message holds. */
export const line = (message: string): string => `rivulet: ${message.replace(/\p{Cc}+/gu, " ").trim()}\n`;
