/** App: the list of conversations, the conversation, and the picture of what it costs. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Composer } from "./composer.tsx";
import { Dialogue } from "./dialogue.tsx";
import { Icon } from "./icon.tsx";
import { KeyDialog } from "./key-dialog.tsx";
import { Picture } from "./picture.tsx";
import { Sidebar } from "./sidebar.tsx";
import { family, notice, openedTitle, spoken } from "./store.ts";

/** On narrow screens the list and the picture are drawers; one is open at a time. */
export const drawer = signal<"" | "list" | "picture">("");

const toggle = (which: "list" | "picture") => () => {
  drawer.value = drawer.value === which ? "" : which;
};

const close = () => {
  drawer.value = "";
};

export function App(): VNode {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => event.key === "Escape" && close();
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
  return (
    <div class="app" data-drawer={drawer.value}>
      <Sidebar onPick={close} />
      <main>
        <header class="bar">
          <button
            type="button"
            class="quiet only-phone"
            aria-label="Conversations"
            aria-expanded={drawer.value === "list"}
            onClick={toggle("list")}
          >
            <Icon name="menu" />
          </button>
          <h1>{openedTitle}</h1>
          <button
            type="button"
            class="quiet only-narrow"
            aria-label="What this conversation costs"
            aria-expanded={drawer.value === "picture"}
            disabled={family.value.turns.length === 0}
            onClick={toggle("picture")}
          >
            <Icon name="chart" />
          </button>
        </header>
        <Dialogue />
        <div class="foot">
          {notice.value && (
            <p class="notice" role="alert">
              <span>{notice}</span>
              <button
                type="button"
                class="quiet"
                aria-label="Dismiss"
                onClick={() => {
                  notice.value = "";
                }}
              >
                <Icon name="close" />
              </button>
            </p>
          )}
          <Composer />
        </div>
      </main>
      <Picture onClose={close} />
      {drawer.value !== "" && <button type="button" class="veil" aria-label="Close" onClick={close} />}
      <KeyDialog />
      <p class="hidden" role="status">
        {spoken}
      </p>
    </div>
  );
}
