/** Keys of the whole page. All take Ctrl (on a Mac, Command), so that none of them is a letter that somebody types. */
interface Shortcut {
  keys: readonly string[];
  does: string;
  /** Undefined: a component takes the key where it has the focus. */
  id?: "help" | "search" | "new" | "settings" | "attach" | "write" | "streams";
}

export const shortcuts: readonly Shortcut[] = [
  { keys: ["Enter"], does: "send" },
  { keys: ["Shift", "Enter"], does: "begin a new line" },
  { keys: ["Escape"], does: "stop the answer; close what is open" },
  { keys: ["Ctrl", "K"], does: "search conversations", id: "search" },
  { keys: ["Ctrl", "Shift", "O"], does: "new conversation", id: "new" },
  { keys: ["Ctrl", "Shift", "E"], does: "write here: to the message field", id: "write" },
  { keys: ["Ctrl", "Shift", "A"], does: "attach a document", id: "attach" },
  { keys: ["Ctrl", "Shift", "L"], does: "streams of values", id: "streams" },
  { keys: ["Ctrl", ","], does: "settings of the conversation", id: "settings" },
  { keys: ["Ctrl", "/"], does: "these keys", id: "help" },
];

/** The shortcut that a key calls. */
export function shortcutOf(event: KeyboardEvent): Shortcut["id"] {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return undefined;
  const pressed = event.key.toLowerCase();
  return shortcuts.find(
    ({ id, keys }) => id && keys.at(-1)!.toLowerCase() === pressed && keys.includes("Shift") === event.shiftKey,
  )?.id;
}
