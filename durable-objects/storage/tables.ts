/**
 * The tables of a conversation object as they are: what a new database is made of. Older ones come here by the
 * migrations (schema.ts), and a test compares both ways. A change of these is a migration as well.
 *
 * No table has an index beside its key, for each would cost a row at every write.
 */
export const tables: readonly string[] = [
  // One row: whose conversation tree it is, of which model, and the object's own name.
  `CREATE TABLE family (
     id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT NOT NULL, object TEXT NOT NULL, fingerprint TEXT NOT NULL, created_ms INTEGER NOT NULL
   ) STRICT`,
  // A conversation: where it stands, and the rest as JSON.
  "CREATE TABLE heads (id TEXT PRIMARY KEY, turn TEXT, record BLOB NOT NULL) STRICT, WITHOUT ROWID",
  // Finished turns. `ids` (u32) are its part of the token log, from position `start` to `logged`; its state holds
  // `position` tokens. A value too long for a row lies in `overflow`, and is null here.
  `CREATE TABLE turns (
     id TEXT PRIMARY KEY, parent TEXT, depth INTEGER NOT NULL, created_ms INTEGER NOT NULL, status TEXT NOT NULL,
     start INTEGER NOT NULL, position INTEGER NOT NULL, logged INTEGER NOT NULL, hidden INTEGER NOT NULL, record BLOB, ids BLOB, lane INTEGER
   ) STRICT, WITHOUT ROWID`,
  // Accepted turns. A slot whose turn is among the finished ones is free to be written over.
  `CREATE TABLE journal (
     slot INTEGER PRIMARY KEY, turn TEXT NOT NULL, epoch INTEGER NOT NULL, record BLOB, ids BLOB
   ) STRICT`,
  // States, cut to fit; rows of states no longer kept are written over. `stretches`: row ids, as JSON, of what the
  // state shares with others (state-pieces.ts), in a state's first piece, and empty elsewhere.
  `CREATE TABLE pieces (
     id INTEGER PRIMARY KEY, turn TEXT NOT NULL, position INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL,
     stretches TEXT NOT NULL, bytes BLOB NOT NULL
   ) STRICT`,
  "CREATE TABLE overflow (key TEXT, part INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (key, part)) STRICT, WITHOUT ROWID",
  // Records of a file that is being imported, as they came.
  "CREATE TABLE staging (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, bytes BLOB NOT NULL) STRICT",
  // Conversations that are gone, until the directory knows it.
  "CREATE TABLE departed (head TEXT PRIMARY KEY, owner TEXT NOT NULL, record BLOB NOT NULL) STRICT, WITHOUT ROWID",
  // Words of what was said, for `PassageIndex`: terms and no text. Deleting takes the same terms
  // again, and leaves nothing of them.
  "CREATE VIRTUAL TABLE passages USING fts5(terms, content='', columnsize=0, detail=none, tokenize='ascii')",
  "INSERT INTO passages (passages, rank) VALUES ('secure-delete', 1)",
  // A turn by its place, lane · 2²⁰ + depth, where its sections start in its text (u32), and what the user's
  // sentences mean (passage-senses.ts).
  "CREATE TABLE passage_turns (place INTEGER PRIMARY KEY, turn TEXT NOT NULL, starts BLOB NOT NULL, senses BLOB) STRICT",
  // Lanes but the first: the lane and depth that each begins after. A mark at -1: turns of an
  // earlier release are not indexed yet.
  "CREATE TABLE passage_lanes (lane INTEGER PRIMARY KEY, parent INTEGER, depth INTEGER NOT NULL) STRICT",
];
