/** Composer: the next message and its document. Enter sends, Shift+Enter begins a line, Escape stops the answer. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { answer, stop } from "./answer.ts";
import { isSendable, send } from "./ask.ts";
import { ACCEPTED, attach, attachmentOf, attachText, opening } from "./attach.ts";
import { beginReading } from "./documents.ts";
import { DraftDocument } from "./draft-document.tsx";
import { draft, keepDraft } from "./drafts.ts";
import { Icon } from "./icon.tsx";
import { settings } from "./settings.ts";
import { model, opened, path } from "./store.ts";

/** Counts the wishes to write here, from keys and from what has just been closed. */
const wishes = signal(0);
export const writeHere = (): void => {
  wishes.value++;
};

const picker = signal<HTMLInputElement | null>(null);
export const pickDocument = (): void => picker.peek()?.click();

/** Takes a file; in a conversation that has not begun it is read at once. */
export async function take(file: File | undefined): Promise<void> {
  if (!file) return;
  await attach(file);
  readAhead();
  writeHere();
}

function readAhead(): void {
  const { attachment } = draft.peek();
  if (attachment && opened.peek() === null && path.peek().length === 0)
    beginReading(attachment, settings.peek().system);
}

/** Fewer parameters than this write well and know little. */
const SMALL_PARAMETERS = 1e9;

export function Composer(): VNode {
  const field = useRef<HTMLTextAreaElement>(null);
  const busy = answer.value !== null;
  // Another conversation is another place to write.
  useEffect(() => field.current?.focus({ preventScroll: true }), [opened.value, wishes.value]);
  const submit = () => {
    if (busy || opening.value || !isSendable()) return;
    void send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a word.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "Escape" && busy) void stop();
  };
  const onPaste = (event: ClipboardEvent) => {
    const [file] = event.clipboardData?.files ?? [];
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    const long = file ? undefined : attachmentOf(pasted);
    // One attachment at a time: a second long paste is a part of the message.
    if (!file && (!long || draft.value.attachment)) return;
    event.preventDefault();
    if (file) return void take(file);
    attachText(long!);
    readAhead();
  };
  const isSmall = model.value !== undefined && model.value.parameters < SMALL_PARAMETERS;
  return (
    <>
      <DraftDocument />
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <button
          type="button"
          class="quiet"
          aria-label="Attach a document"
          title="Attach a document: text, Markdown, HTML, CSV or PDF"
          onClick={pickDocument}
        >
          <Icon name="attach" />
        </button>
        <input
          type="file"
          class="hidden"
          tabIndex={-1}
          aria-label="Document"
          accept={ACCEPTED}
          ref={(input) => {
            picker.value = input;
          }}
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            void take(file);
            event.currentTarget.value = "";
          }}
        />
        <textarea
          ref={field}
          rows={1}
          aria-label="Message"
          placeholder={draft.value.attachment || draft.value.document ? "Ask about the document" : "Write a message"}
          value={draft.value.text}
          onInput={(event) => keepDraft({ ...draft.peek(), text: event.currentTarget.value })}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        {/* Neither is ever `disabled`: that takes the focus from a button, as an answer may end when somebody presses
            Stop. */}
        {busy ? (
          <button
            type="button"
            class="round"
            aria-label="Stop"
            title="Stop (Escape)"
            aria-disabled={answer.value?.stopping}
            onClick={() => {
              field.current?.focus({ preventScroll: true });
              void stop();
            }}
          >
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" class="round" aria-label="Send" title="Send (Enter)" aria-disabled={!isSendable()}>
            <Icon name="send" />
          </button>
        )}
      </form>
      {isSmall && <p class="fine honest">A small model: it states wrong things with confidence. Check what matters.</p>}
    </>
  );
}
