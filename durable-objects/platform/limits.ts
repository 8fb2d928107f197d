/**
 * Limits of every turn and of its stream, whoever asks. They are objects that can be written to, so that tests may
 * tighten them. What a tenant or a key may use is a quota: src/api/shared/quota-limits.ts.
 */
import { countSetting } from "../../src/core/settings.ts";

export const limits = {
  /** 4096 tokens of a model of 135 M parameters: about half of the 300 s of CPU that wrangler.toml asks for. */
  unitsPerInvocation: 4096 * 135,
  /** Of a turn without a conversation, which cannot pause: most of the 300 s. */
  unitsWithoutPause: 7168 * 135,
  /** Tokens fed or generated between two checkpoints: what a crash may cost. */
  checkpointTokens: 512,
  /** Takeovers without progress after which a turn is given up. */
  attempts: 10,
  /** Tokens that a foreground turn may be ahead of its fastest reader. */
  leadTokens: 256,
  /** Bytes of kept states along one path of a conversation; 0 keeps only the last. */
  stateBudgetBytes: countSetting({}, "STATE_BUDGET_BYTES"),
  /**
   * A page of turns ends behind the turn with which it has so many characters, because one turn may have a megabyte.
   */
  listChars: 2 * 1024 * 1024,
  /** An unfinished turn that nobody computes is found after this long, and a little more at random. */
  alarmMs: 30_000,
};

export interface StreamLimits {
  /** Bytes that a reader may be behind before the writer waits. */
  bufferBytes: number;
  /** A stream is never silent for longer than this. */
  heartbeatMs: number;
  /** A reader that takes nothing for this long has left. */
  stallMs: number;
}

export const streamLimits: StreamLimits = { bufferBytes: 64 * 1024, heartbeatMs: 10_000, stallMs: 30_000 };
