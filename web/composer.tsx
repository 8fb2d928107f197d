/** Composer: the next message. Enter sends, Shift+Enter begins a line, Escape stops the answer. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { answer, stop } from "./answer.ts";
import { send } from "./ask.ts";
import { Icon } from "./icon.tsx";
import { opened } from "./store.ts";

const draft = signal("");

export function Composer(): VNode {
  const field = useRef<HTMLTextAreaElement>(null);
  const busy = answer.value !== null;
  // Another conversation is another place to write.
  useEffect(() => field.current?.focus({ preventScroll: true }), [opened.value]);
  const submit = () => {
    const text = draft.value.trim();
    if (busy || text === "") return;
    draft.value = "";
    void send(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a word.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "Escape" && busy) void stop();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        aria-label="Message"
        placeholder="Write a message"
        value={draft}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={onKeyDown}
      />
      {busy ? (
        <button
          type="button"
          class="round"
          aria-label="Stop"
          title="Stop (Escape)"
          disabled={answer.value?.stopping}
          onClick={() => void stop()}
        >
          <Icon name="stop" />
        </button>
      ) : (
        <button type="submit" class="round" aria-label="Send" title="Send (Enter)" disabled={draft.value.trim() === ""}>
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
