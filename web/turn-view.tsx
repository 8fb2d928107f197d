/** TurnView: one message and its answer, with what can be done about them. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { fedTokens, firstTokenMs, type Turn } from "../src/client/turns.ts";
import { walkTo } from "./actions.ts";
import { count, seconds } from "./amounts.ts";
import { answer } from "./answer.ts";
import { AnswerState } from "./answer-state.tsx";
import { askInstead } from "./ask.ts";
import { CopyButton } from "./copy-button.tsx";
import { Icon } from "./icon.tsx";
import { Markdown } from "./markdown.tsx";
import { MessageEditor } from "./message-editor.tsx";
import { family } from "./store.ts";

export function TurnView({ turn }: { turn: Turn }): VNode {
  const editing = useSignal(false);
  const writing = answer.value?.turn === turn.id ? answer.value : null;
  const text = writing ? writing.text : turn.reply;
  const said = turn.messages.filter(({ role }) => role === "user" || role === "tool");
  const busy = answer.value !== null;
  return (
    <article class="turn" aria-label="Turn">
      {said.map((message) =>
        editing.value && message === said.at(-1) ? (
          <MessageEditor
            key={turn.id}
            text={message.content}
            onCancel={() => {
              editing.value = false;
            }}
            onSave={(content) => {
              editing.value = false;
              void askInstead(
                turn,
                turn.messages.map((old) => (old === message ? { ...old, content } : old)),
              );
            }}
          />
        ) : (
          <div class="said">
            {message === said.at(-1) && (
              <button
                type="button"
                class="quiet"
                aria-label="Edit message"
                title="Edit message"
                disabled={busy}
                onClick={() => {
                  editing.value = true;
                }}
              >
                <Icon name="edit" />
              </button>
            )}
            <p>{message.content}</p>
          </div>
        ),
      )}
      <Branches turn={turn} />
      <div class="answer">
        <Markdown text={text} />
        <AnswerState turn={turn} writing={writing} />
      </div>
      {!writing && (
        <div class="actions">
          <Cost turn={turn} />
          <CopyButton text={text} what="answer" />
          <button
            type="button"
            class="quiet"
            aria-label="Retry"
            title="Retry"
            disabled={busy}
            onClick={() => void askInstead(turn)}
          >
            <Icon name="retry" />
          </button>
        </div>
      )}
    </article>
  );
}

/** Previous and next among the turns that share this one's past. */
function Branches({ turn }: { turn: Turn }): VNode | null {
  const siblings = family.value.siblings(turn);
  if (siblings.length < 2) return null;
  const at = siblings.findIndex(({ id }) => id === turn.id);
  const step = (by: number, label: string) => (
    <button
      type="button"
      class="quiet"
      aria-label={label}
      title={label}
      disabled={!siblings[at + by]}
      onClick={() => walkTo(siblings[at + by]!)}
    >
      <Icon name={by < 0 ? "previous" : "next"} />
    </button>
  );
  return (
    <div class="actions end branches">
      {step(-1, "Previous branch")}
      <span>
        {at + 1} / {siblings.length}
      </span>
      {step(1, "Next branch")}
    </div>
  );
}

function Cost({ turn: { usage, timings } }: { turn: Turn }): VNode | null {
  if (!usage || !timings) return null;
  const rate = timings.decode_ms > 0 ? Math.round((1000 * timings.decode_tokens) / timings.decode_ms) : 0;
  return (
    <p class="cost">
      {count(fedTokens(usage))} fed, {count(usage.cached_tokens)} carried · first token in{" "}
      {seconds(firstTokenMs(timings))}
      {rate > 0 && ` · ${rate} tokens/s`}
      {timings.state === "rebuilt" && " · state was rebuilt"}
    </p>
  );
}
