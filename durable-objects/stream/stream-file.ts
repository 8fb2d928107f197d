/**
 * A stream as one text: a line with its form and signature, a line with everything else. Nothing of it is used before
 * the signature fits; the state comes along, so that an imported stream goes on bit for bit.
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { Failure } from "../../src/core/failure.ts";
import { type Entry, entriesOf, entryBytes } from "./entry.ts";
import type { Kept, Moment, StreamRecord } from "./stream-store.ts";

const FORMAT = "rivulet-stream";
const VERSION = 1;

interface StreamFile {
  record: StreamRecord;
  tail: Entry[];
  kept: Kept | undefined;
  /** Values before the tail, up to where the kept state stands. */
  history: Entry[];
}

interface Payload {
  record: StreamRecord;
  tail: string;
  history: string;
  kept: { moment: Moment; state: string; logits: string } | null;
}

export function writeStreamFile(
  key: string,
  tenant: string,
  { record, tail, kept, history }: Omit<StreamFile, "history"> & { history: { entries: Entry[] } },
): string {
  const payload: Payload = {
    record,
    tail: base64(entryBytes(tail)),
    history: base64(entryBytes(history.entries)),
    kept: kept
      ? { moment: kept.moment, state: base64(kept.state), logits: base64(new Uint8Array(kept.logits.slice().buffer)) }
      : null,
  };
  const text = JSON.stringify(payload);
  return `${JSON.stringify({ format: FORMAT, version: VERSION, signature: signed(key, tenant, text) })}\n${text}`;
}

/** Fails with `import_refused`, having used nothing of it. */
export function readStreamFile(key: string, tenant: string, file: string): StreamFile {
  const end = file.indexOf("\n");
  let header: { format?: unknown; version?: unknown; signature?: unknown } | null = null;
  try {
    header = JSON.parse(file.slice(0, Math.max(0, end)));
  } catch {
    // Said below.
  }
  if (header?.format !== FORMAT) throw refused("not the file of a stream");
  if (header.version !== VERSION) throw refused(`version: expected ${VERSION}, got ${JSON.stringify(header.version)}`);
  const text = file.slice(end + 1);
  const [own, given] = [Buffer.from(signed(key, tenant, text)), Buffer.from(String(header.signature))];
  if (own.length !== given.length || !timingSafeEqual(own, given))
    throw refused("the signature does not fit: the file is damaged, or of another tenant or server");
  const { record, tail, history, kept } = JSON.parse(text) as Payload;
  return {
    record,
    tail: entriesOf(Buffer.from(tail, "base64")),
    history: entriesOf(Buffer.from(history, "base64")),
    kept: kept
      ? {
          moment: kept.moment,
          state: Uint8Array.from(Buffer.from(kept.state, "base64")),
          logits: new Float32Array(Uint8Array.from(Buffer.from(kept.logits, "base64")).buffer),
        }
      : undefined,
  };
}

const refused = (message: string) => new Failure("import_refused", `body: ${message}`, { param: "body" });
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const signed = (key: string, tenant: string, text: string): string =>
  createHmac("sha256", key || "rivulet")
    .update(`${JSON.stringify(["stream file", tenant])}\n${text}`)
    .digest("hex");
