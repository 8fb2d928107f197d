/**
 * importFile: a signed file becomes a conversation of an object that holds none.
 *
 * Records are set aside as they come. When the signature over the whole file is right, one
 * transaction makes them turns, state and head; before that nothing of them is decoded, and a failure
 * at any point leaves the object as it was.
 */
import { MAIN } from "../../src/api/shared/ids.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { atOnce, inSlices } from "../../src/core/work.ts";
import { yieldToEvents } from "../../src/dialogue/round-robin.ts";
import type { FileHeader, FileKeys, ModelIdentity } from "../../src/portable/file-format.ts";
import { readConversationFile } from "../../src/portable/read-file.ts";
import { type TurnPlace, turnPlace } from "../../src/portable/turn-place.ts";
import { unpack } from "../../src/state/strict-msgpack.ts";
import { fault } from "../platform/fault-points.ts";
import type { ConversationStore, TreeIdentity } from "../storage/conversation-store.ts";
import { idsOf } from "../storage/database.ts";
import { jsonOf } from "../storage/erasable.ts";
import { type Head, newHead } from "../storage/heads.ts";
import { ImportStaging } from "../storage/import-staging.ts";
import { type IndexedWords, indexedWords } from "../storage/passage-index.ts";
import { saidIn, type TurnRecord } from "../storage/stored-turn.ts";
import type { Host } from "../turn/context.ts";
import { PORTABLE_SCHEMA } from "./export-file.ts";

/** Bytes between two waits for the disk. */
const SYNC_BYTES = 8_000_000;
const LEFT_BEHIND_MS = 60_000;

interface ImportOptions {
  keys: FileKeys;
  model: ModelIdentity;
  identity: TreeIdentity;
  /** Fields of the new head; the file's stand where none are given. Null: no head stands at the last turn. */
  head: Partial<Head> | null;
  /** More of them, known when the file was read. */
  more?: () => Partial<Head>;
}

/**
 * Resolves when it is on disk. Fails with `import_refused`, or `conversation_conflict` when
 * the object holds a conversation.
 */
export async function importFile(
  { store: get, alarms }: Pick<Host, "store" | "alarms">,
  body: ReadableStream<Uint8Array>,
  { keys, model, identity, head, more }: ImportOptions,
): Promise<Head | undefined> {
  const store = get();
  store.database.open();
  const staging = new ImportStaging(store.database);
  checkFree(store);
  // Should this instance end in the middle: what it leaves is removed then.
  alarms.ask(Date.now() + LEFT_BEHIND_MS);
  store.importing = true;
  try {
    staging.clear();
    const header = await stage(staging, store, body, { keys, model });
    await fault("import.staged");
    const words = await wordsIn(store, staging);
    const made = store.database.transaction(() => {
      checkFree(store);
      store.createTree(identity);
      const tip = unstage(store, staging, header, identity, head, words);
      staging.clear();
      if (!head) return undefined;
      const { moved, prefix, metadata } = header;
      const fields = { turn: tip, moved, prefix, metadata: Object.fromEntries(metadata), ...head, ...more?.() };
      const made = newHead(head.id ?? MAIN, fields);
      store.heads.put(made);
      return made;
    });
    await store.database.settled();
    return made;
  } finally {
    store.importing = false;
  }
}

function checkFree(store: ConversationStore): void {
  const message = "a conversation of this name exists; delete it first or import under another id";
  check(!store.identity(), "conversation_conflict", () => message, "id");
}

async function stage(
  staging: ImportStaging,
  store: ConversationStore,
  body: ReadableStream<Uint8Array>,
  options: { keys: FileKeys; model: ModelIdentity },
): Promise<FileHeader> {
  let header: FileHeader | undefined;
  let unsynced = 0;
  for await (const part of readConversationFile(body, { ...options, schema: PORTABLE_SCHEMA })) {
    if (!("kind" in part)) {
      header = part;
      continue;
    }
    staging.put(part);
    unsynced += part.bytes.length;
    if (unsynced < SYNC_BYTES) continue;
    unsynced = 0;
    await store.database.settled();
  }
  return header!;
}

/** Turns of fewer bytes are indexed when they are inserted, for their words. */
const LONG_BYTES = 64 * 1024;
/** Bytes of turns of which the sentences are encoded too, the first ones of a file: some milliseconds each. */
const ENCODED_BYTES = 1024 * 1024;

/**
 * The words of turns, by their number: found with pauses, and before the transaction, which has none. What
 * is not sound is refused there.
 */
async function wordsIn({ tree }: ConversationStore, staging: ImportStaging): Promise<Map<number, IndexedWords>> {
  const words = new Map<number, IndexedWords>();
  let turns = 0;
  let encoded = 0;
  let detail: Uint8Array[] = [];
  const finish = async () => {
    const bytes = Buffer.concat(detail);
    if (bytes.length === 0) return; // before the first turn
    encoded += bytes.length;
    const isEncoded = encoded <= ENCODED_BYTES;
    if (!isEncoded && bytes.length < LONG_BYTES) return;
    const said = saidIn(jsonOf(bytes) as TurnRecord);
    words.set(turns, await inSlices(isEncoded ? tree.passages.wordsOf(said) : indexedWords(said), yieldToEvents));
  };
  for (const { kind, bytes } of staging.records()) {
    if (kind === "detail") detail.push(bytes);
    if (kind !== "turn") continue;
    await finish();
    turns++;
    detail = [];
  }
  await finish();
  return words;
}

/** The id of the last turn. */
function unstage(
  store: ConversationStore,
  staging: ImportStaging,
  header: FileHeader,
  { owner, fingerprint }: TreeIdentity,
  head: Partial<Head> | null,
  words: ReadonlyMap<number, IndexedWords>,
) {
  let tip: TurnPlace | undefined;
  let turns = 0;
  const records = staging.records();
  for (let record = records.next(); !record.done; ) {
    const { kind, bytes } = record.value;
    sound(kind === "turn", `expected a turn, got ${kind}`);
    const { detailBytes, ...place } = unpack(bytes, turnPlace, "import_refused", `turn ${turns + 1}`);
    const follows =
      place.parent === (tip?.id ?? null) && place.start === (tip?.logged ?? 0) && place.depth === turns + 1;
    sound(follows, `turn ${place.id} does not follow the one before it`);
    record = records.next();
    const take = (wanted: "detail" | "ids", length: number) => {
      const whole = new Uint8Array(length);
      let at = 0;
      for (; at < length; record = records.next()) {
        const isNext = !record.done && record.value.kind === wanted && at + record.value.bytes.length <= length;
        sound(isNext, `turn ${place.id}: its ${wanted} end after ${at} of ${length} bytes`);
        whole.set(record.value!.bytes, at);
        at += record.value!.bytes.length;
      }
      return whole;
    };
    // The tag is that of a state as it lay elsewhere.
    const { stateTag: _tag, ...detail } = jsonOf(take("detail", detailBytes)) as TurnRecord;
    const ids = idsOf(take("ids", (place.logged - place.start) * 4));
    const { conversation: _, head: __, ...asked } = detail.request;
    const { conversation } = head ?? {};
    const request = {
      ...asked,
      tenant: owner,
      ...(head ? { head: head.id ?? MAIN } : {}),
      ...(conversation ? { conversation } : {}),
    };
    const known = words.get(turns + 1) ?? atOnce(indexedWords(saidIn(detail)));
    store.tree.insert({ ...place, ...detail, request }, ids, known);
    tip = { ...place, detailBytes };
    turns++;
  }
  sound(turns === header.turns && (tip?.logged ?? 0) === header.tokens, `${turns} turns, expected ${header.turns}`);
  // The state of another pack stays behind, and is computed again from the ids.
  const isOwn = header.model.fingerprint === fingerprint;
  if (header.state && isOwn) staging.moveState(header.state.turn, header.state.position);
  return tip?.id ?? null;
}

/** Only a file that a broken server signed can fail here. */
function sound(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Failure("import_refused", `the file is inconsistent: ${message}`, { param: "file" });
}
