/** Sidebar: the conversations, last used first, a search over them, and what can be done to each. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import type { Conversation } from "../src/client/turns.ts";
import { open, remove, rename, startNew } from "./actions.ts";
import { dayOf, timeOf } from "./dates.ts";
import { load, save } from "./files.ts";
import { showHelp } from "./help-sheet.tsx";
import { Icon, type IconName, Mark } from "./icon.tsx";
import { Menu } from "./menu.tsx";
import { lastUse, running } from "./recent.ts";
import { found, query, search, searchField } from "./search.ts";
import { conversations, model, opened, titleOf } from "./store.ts";
import { shownStream, showStreams } from "./streams.ts";
import { nextTheme, theme } from "./theme.ts";

export function Sidebar({ onPick }: { onPick(): void }): VNode {
  const sorted = [...(found.value ?? conversations.value)].sort((a, b) => lastUse(b) - lastUse(a));
  let day = "";
  return (
    <nav class="sidebar" aria-label="Conversations">
      <p class="brand">
        <Mark /> Rivulet
      </p>
      <button
        type="button"
        class="new"
        onClick={() => {
          startNew();
          onPick();
        }}
      >
        <Icon name="add" /> New conversation
      </button>
      <button
        type="button"
        class="to-streams"
        aria-current={shownStream.value === null ? undefined : "page"}
        title="Values that are forecast and watched as they come (Ctrl+Shift+L)"
        onClick={() => {
          void showStreams();
          onPick();
        }}
      >
        <Icon name="chart" /> Streams
      </button>
      <label class="search">
        <Icon name="search" />
        <input
          type="search"
          ref={(field) => {
            searchField.value = field;
          }}
          aria-label="Search conversations"
          placeholder="Search"
          value={query.value}
          onInput={(event) => search(event.currentTarget.value)}
        />
      </label>
      {found.value && found.value.length === 0 && <p class="fine nothing">Nothing found.</p>}
      <ul>
        {sorted.map((conversation) => {
          const its = dayOf(lastUse(conversation));
          const begins = its !== day;
          day = its;
          return [
            begins && (
              <li class="day" key={its}>
                {its}
              </li>
            ),
            <Row key={conversation.id} conversation={conversation} onPick={onPick} />,
          ];
        })}
      </ul>
      <footer>
        <label class="quiet file">
          <Icon name="import" /> Import
          <input
            type="file"
            class="hidden"
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? [];
              event.currentTarget.value = "";
              if (file) void load(file);
            }}
          />
        </label>
        <span class="fine">{model.value?.id}</span>
        <button
          type="button"
          class="quiet"
          aria-label={`Theme: ${theme.value}`}
          title={`Theme: ${theme.value}`}
          onClick={nextTheme}
        >
          <Icon name="theme" />
        </button>
        <button
          type="button"
          class="quiet"
          aria-label="Keys and help"
          title="Keys and help (Ctrl+/)"
          onClick={showHelp}
        >
          <Icon name="help" />
        </button>
      </footer>
    </nav>
  );
}

function Row({ conversation, onPick }: { conversation: Conversation; onPick(): void }): VNode {
  const mode = useSignal<"" | "rename" | "delete">("");
  const pick = useRef<HTMLButtonElement>(null);
  const title = titleOf(conversation);
  const { id } = conversation;
  const turnTo = (next: "rename" | "delete") => {
    mode.value = next;
  };
  const back = () => {
    mode.value = "";
    // The button is there again after the next drawing.
    requestAnimationFrame(() => pick.current?.focus());
  };
  if (mode.value === "rename")
    return (
      <Renaming
        title={title}
        onDone={(name) => {
          back();
          if (name && name !== title) void rename(id, name);
        }}
      />
    );
  if (mode.value === "delete") {
    return (
      <li class="row asks">
        <span>Delete it with all its branches?</span>
        <button type="button" onClick={back}>
          Keep
        </button>
        <button type="button" class="danger" ref={(button) => button?.focus()} onClick={() => void remove(id)}>
          Delete
        </button>
      </li>
    );
  }
  const items: [IconName, string, () => void][] = [
    ["edit", "Rename", () => turnTo("rename")],
    ["export", "Export", () => void save(id, "state")],
    ["export", "Save as Markdown", () => void save(id, "markdown")],
    ["export", "Save as JSON", () => void save(id, "json")],
    ["trash", "Delete", () => turnTo("delete")],
  ];
  const isRunning = running.value.has(id);
  return (
    <li class="row">
      <button
        ref={pick}
        type="button"
        class="pick"
        aria-current={opened.value === id && shownStream.value === null ? "page" : undefined}
        onClick={() => {
          void open(id);
          onPick();
        }}
      >
        {title}
      </button>
      {isRunning ? (
        <i class="running" role="img" aria-label="is being answered" />
      ) : (
        <time dateTime={new Date(lastUse(conversation)).toISOString()}>{timeOf(lastUse(conversation))}</time>
      )}
      <Menu label={`More for ${title}`} items={items} />
    </li>
  );
}

function Renaming({ title, onDone }: { title: string; onDone(name: string): void }): VNode {
  return (
    <li class="row">
      <input
        aria-label="Name of the conversation"
        maxLength={200}
        value={title}
        ref={(field) => field?.select()}
        onBlur={(event) => onDone(event.currentTarget.value.trim())}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") onDone("");
        }}
      />
    </li>
  );
}
