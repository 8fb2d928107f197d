/**
 * exportHead: the path to a head as one signed file, whose turns are drawn from storage
 * record by record while it is read.
 *
 * Turns are never changed, so a turn that is added meanwhile does no harm; one that is deleted breaks the file off.
 * The state is the nearest one that is as it was written: a damaged one does not travel. It is read at first, since
 * later turns may write over it.
 */
import type { Served } from "../../src/dialogue/load.ts";
import type { FileHeader, FileKeys, FileRecord, ModelIdentity } from "../../src/portable/file-format.ts";
import type { TurnPlace } from "../../src/portable/turn-place.ts";
import { conversationFile } from "../../src/portable/write-file.ts";
import { decodeState, encodeState } from "../../src/state/codec.ts";
import { pack } from "../../src/state/strict-msgpack.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import { bytesOf } from "../storage/database.ts";
import { jsonBytes } from "../storage/erasable.ts";
import type { Head } from "../storage/heads.ts";
import { PIECE_BYTES } from "../storage/state-pieces.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import { checkGoesOn } from "../turn/another-pack.ts";

/** Of the turns' detail in a file. */
export const PORTABLE_SCHEMA = 1;

interface ExportOptions {
  keys: FileKeys;
  /** Whose the file is: its ids, and its state where the conversation has one of this pack. */
  served: Served;
}

export const identityOf = ({ manifest, fingerprint }: Served): ModelIdentity => ({
  name: manifest.name,
  fingerprint,
  dtype: manifest.dtype,
  tokenizer: manifest.tokenizer?.sha256 ?? null,
  template: manifest.template?.sha256 ?? null,
});

/**
 * Fails with `state_unreadable` when the path has a gap, or with `model_changed` where its ids
 * mean nothing to the served model.
 */
export function exportHead(
  store: ConversationStore,
  head: Head,
  { keys, served }: ExportOptions,
): ReadableStream<Uint8Array> {
  checkGoesOn(store, head.turn === null ? undefined : store.tree.require(head.turn), served);
  const model = identityOf(served);
  const path = [...store.tree.path(head.turn)].reverse();
  const state = soundState(store, head.turn, model.fingerprint);
  const header: FileHeader = {
    schema: PORTABLE_SCHEMA,
    model,
    conversation: head.conversation ?? "",
    createdMs: head.createdMs,
    exportedMs: Date.now(),
    metadata: Object.entries(head.metadata),
    moved: head.moved,
    prefix: head.prefix,
    turns: path.length,
    tokens: path.at(-1)?.logged ?? 0,
    state: state && { turn: state.turn, position: state.position, bytes: state.bytes.length },
  };
  const ids = path.map(({ id }) => id);
  return conversationFile(header, recordsOf(store, ids, state?.bytes), keys);
}

/** As one, which needs nothing beside it. */
function soundState(
  store: ConversationStore,
  turn: string | null,
  fingerprint: string,
): { turn: string; position: number; bytes: Uint8Array } | null {
  for (const set of store.states.from(turn, fingerprint)) {
    try {
      const own = store.pieces.read(set);
      const state = decodeState(own, fingerprint, { stretches: store.pieces.readStretches(set) });
      return { turn: set.turn, position: set.position, bytes: set.stretches.length > 0 ? encodeState(state) : own };
    } catch (thrown) {
      console.warn("a state is not exported:", thrown);
    }
  }
  return null;
}

function* recordsOf(store: ConversationStore, path: string[], state: Uint8Array | undefined): Generator<FileRecord> {
  for (const id of path) {
    const { place, detail } = parted(store.tree.turn(id)!);
    const bytes = jsonBytes(detail);
    yield { kind: "turn", bytes: pack({ ...place, detailBytes: bytes.length }) };
    yield* cut("detail", bytes);
    yield* cut("ids", bytesOf(store.tree.ownIds(id)));
  }
  if (state) yield* cut("state", state);
}

function parted(turn: StoredTurn): { place: Omit<TurnPlace, "detailBytes">; detail: object } {
  const { id, parent, depth, createdMs, status, start, position, logged, hidden, ...detail } = turn;
  return { place: { id, parent, depth, createdMs, status, start, position, logged, hidden }, detail };
}

/** Records that fit a row where they are imported. */
function* cut(kind: "detail" | "ids" | "state", bytes: Uint8Array): Generator<FileRecord> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield { kind, bytes: bytes.subarray(at, at + PIECE_BYTES) };
}
