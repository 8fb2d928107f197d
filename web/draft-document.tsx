/** DraftDocument: above the field, the document that the next message brings, and how far it is read. */
import type { ComponentChildren, VNode } from "preact";
import { titleOfDocument } from "../src/client/documents.ts";
import { bytes, count } from "./amounts.ts";
import { opening, stopAttaching } from "./attach.ts";
import { reading } from "./documents.ts";
import { draft, keepDraft } from "./drafts.ts";
import { Icon } from "./icon.tsx";
import { opened } from "./store.ts";

export function DraftDocument(): VNode | null {
  if (opening.value) {
    const { name, done, total } = opening.value;
    return (
      <Chip name={name} label="Stop opening it" onRemove={stopAttaching}>
        <progress {...(total > 0 ? { value: done, max: total } : {})} aria-label="Opening" />
        {total > 0 ? `page ${count(done)} of ${count(total)}` : "opening"}
      </Chip>
    );
  }
  const { text, attachment, document } = draft.value;
  if (document !== undefined)
    return (
      <Chip name={titleOfDocument(document)} label="Leave it out" onRemove={() => keepDraft({ text })}>
        read before: ask at once
      </Chip>
    );
  if (!attachment) return null;
  const size = `${bytes(new TextEncoder().encode(attachment.text).length)} of text`;
  return (
    <Chip name={attachment.name} label="Leave it out" onRemove={() => keepDraft({ text })}>
      {opened.value === null ? <Reading size={size} /> : `${size}, sent with the message`}
      {attachment.name.startsWith("Pasted text") && (
        <button
          type="button"
          class="link"
          onClick={() => keepDraft({ text: text === "" ? attachment.text : `${text}\n\n${attachment.text}` })}
        >
          put it into the message
        </button>
      )}
    </Chip>
  );
}

function Reading({ size }: { size: string }): VNode {
  if (!reading.value) return <>{size}</>;
  const { done, total, beganMs } = reading.value;
  const seconds = (Date.now() - beganMs) / 1000;
  const left = done > 0 && seconds > 2 ? Math.ceil(((total - done) * seconds) / done) : undefined;
  return (
    <>
      <progress value={done} max={Math.max(1, total)} aria-label="Reading the document" />
      reading {count(done)} of {count(total)} tokens, once
      {left !== undefined && left > 0 && `, about ${left} s left`}
    </>
  );
}

interface ChipProperties {
  name: string;
  label: string;
  onRemove(): void;
  children: ComponentChildren;
}

const Chip = ({ name, label, onRemove, children }: ChipProperties): VNode => (
  <p class="chip">
    <Icon name="document" />
    <b>{name}</b>
    <span>{children}</span>
    <button type="button" class="quiet" aria-label={label} title={label} onClick={onRemove}>
      <Icon name="close" />
    </button>
  </p>
);
