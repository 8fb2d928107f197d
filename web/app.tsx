/** App: the list of conversations, the conversation, and the picture of what it costs. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { startNew } from "./actions.ts";
import { Composer, pickDocument, take, writeHere } from "./composer.tsx";
import { Dialogue } from "./dialogue.tsx";
import { HelpSheet, showHelp } from "./help-sheet.tsx";
import { Icon } from "./icon.tsx";
import { KeyDialog } from "./key-dialog.tsx";
import { Notice } from "./notice.tsx";
import { Picture } from "./picture.tsx";
import { searchField } from "./search.ts";
import { SettingsDialog, showSettings } from "./settings-dialog.tsx";
import { shortcutOf } from "./shortcuts.ts";
import { Sidebar } from "./sidebar.tsx";
import { openedTitle, spoken, tree } from "./store.ts";
import { StreamView } from "./stream-view.tsx";
import { nameOf, shownStream, showStreams, stream } from "./streams.ts";
import { StreamsView } from "./streams-view.tsx";

/** On narrow screens the list and the picture are drawers; one is open at a time. */
const drawer = signal<"" | "list" | "picture">("");
/** A file is held over the page. */
const isOver = signal(false);

const toggle = (which: "list" | "picture") => () => {
  drawer.value = drawer.value === which ? "" : which;
};

const close = () => {
  drawer.value = "";
};

const acts = {
  help: showHelp,
  search: () => {
    drawer.value = "list";
    requestAnimationFrame(() => searchField.peek()?.focus());
  },
  new: () => {
    startNew();
    close();
    writeHere();
  },
  streams: () => {
    void showStreams();
    close();
  },
  // Of a stream there are none.
  settings: () => {
    if (shownStream.peek() === null) showSettings();
  },
  attach: pickDocument,
  write: () => {
    close();
    writeHere();
  },
};

function onKeyDown(event: KeyboardEvent): void {
  if (event.key === "Escape") close();
  const called = shortcutOf(event);
  // An open dialog has the keyboard.
  if (called === undefined || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  acts[called]();
}

const streamTitle = (): string => (stream.value && shownStream.value !== "" ? nameOf(stream.value) : "Streams");

const holdsFile = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;

export function App(): VNode {
  // Before the page is painted: a key pressed at the first sight of it counts.
  useLayoutEffect(() => {
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
  const streamsAreShown = shownStream.value !== null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a file can also be chosen with the button
    <div
      class={["app", isOver.value && "over", streamsAreShown && "wide"].filter(Boolean).join(" ")}
      data-drawer={drawer.value}
      onDragOver={(event) => {
        if (!holdsFile(event) || streamsAreShown) return;
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) isOver.value = false;
      }}
      onDrop={(event) => {
        isOver.value = false;
        if (!holdsFile(event)) return;
        event.preventDefault();
        if (!streamsAreShown) void take(event.dataTransfer?.files[0]);
      }}
    >
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
          <h1>{streamsAreShown ? streamTitle() : openedTitle}</h1>
          {!streamsAreShown && (
            <>
              <button
                type="button"
                class="quiet"
                aria-label="Settings of the conversation"
                title="Settings of the conversation (Ctrl+,)"
                onClick={showSettings}
              >
                <Icon name="settings" />
              </button>
              <button
                type="button"
                class="quiet only-narrow"
                aria-label="What this conversation costs"
                aria-expanded={drawer.value === "picture"}
                disabled={tree.value.turns.length === 0}
                onClick={toggle("picture")}
              >
                <Icon name="chart" />
              </button>
            </>
          )}
        </header>
        {streamsAreShown ? (
          <>
            <Notice onDismissed={() => {}} />
            {shownStream.value === "" ? <StreamsView /> : <StreamView key={shownStream.value} />}
          </>
        ) : (
          <>
            <Dialogue />
            <div class="foot">
              <Notice onDismissed={writeHere} />
              <Composer />
            </div>
          </>
        )}
      </main>
      {!streamsAreShown && <Picture onClose={close} />}
      {drawer.value !== "" && <button type="button" class="veil" aria-label="Close" onClick={close} />}
      {isOver.value && <p class="drop">Drop the document to attach it</p>}
      <KeyDialog />
      <SettingsDialog />
      <HelpSheet />
      <p class="hidden" role="status">
        {spoken}
      </p>
    </div>
  );
}
