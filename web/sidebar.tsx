/** Sidebar: the conversations, newest first, with what can be done to each. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import type { Conversation } from "../src/client/turns.ts";
import { load, open, remove, rename, save, startNew } from "./actions.ts";
import { Icon, type IconName, Mark } from "./icon.tsx";
import { conversations, model, opened, titleOf } from "./store.ts";

export function Sidebar({ onPick }: { onPick(): void }): VNode {
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
      <ul>
        {conversations.value.map((conversation) => (
          <Row key={conversation.id} conversation={conversation} onPick={onPick} />
        ))}
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
      </footer>
    </nav>
  );
}

function Row({ conversation, onPick }: { conversation: Conversation; onPick(): void }): VNode {
  const mode = useSignal<"" | "rename" | "delete">("");
  const title = titleOf(conversation);
  const { id } = conversation;
  const back = () => {
    mode.value = "";
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
  return (
    <li class="row">
      <button
        type="button"
        class="pick"
        aria-current={opened.value === id ? "page" : undefined}
        onClick={() => {
          void open(id);
          onPick();
        }}
      >
        {title}
      </button>
      <Menu
        label={`More for ${title}`}
        items={[
          [
            "edit",
            "Rename",
            () => {
              mode.value = "rename";
            },
          ],
          ["export", "Export", () => void save(id)],
          [
            "trash",
            "Delete",
            () => {
              mode.value = "delete";
            },
          ],
        ]}
      />
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

function Menu({ label, items }: { label: string; items: [IconName, string, () => void][] }): VNode {
  return (
    <details
      class="menu"
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) event.currentTarget.open = false;
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.currentTarget.open = false;
        event.currentTarget.querySelector("summary")?.focus();
      }}
    >
      <summary aria-label={label}>
        <Icon name="more" />
      </summary>
      <div>
        {items.map(([icon, text, act]) => (
          <button type="button" onClick={act}>
            <Icon name={icon} /> {text}
          </button>
        ))}
      </div>
    </details>
  );
}
