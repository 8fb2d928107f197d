/** What objects publish to their tenant's directory, and what it lists. Both sides may be of different releases. */
export type EntryKind = "conversation" | "prefix" | "stream";

export interface DirectoryEntry {
  kind: EntryKind;
  /** The caller's name of it. */
  id: string;
  createdMs: number;
  /** Grows with every change of the entry: what is published twice or too late changes nothing. */
  revision: number;
  deleted?: boolean;
  /** What a list shows beside the id. */
  info: Record<string, unknown>;
}

export interface DirectoryPage {
  entries: DirectoryEntry[];
  hasMore: boolean;
}
