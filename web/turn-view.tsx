/** TurnView: one message and its answer, with what can be done about them. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { documentIn, messageWith, titleOfDocument } from "../src/client/documents.ts";
import { fedTokens, firstTokenMs, type Turn } from "../src/client/turns.ts";
import { walkTo } from "./actions.ts";
import { count, seconds } from "./amounts.ts";
import { answer } from "./answer.ts";
import { AnswerState } from "./answer-state.tsx";
import { askInstead } from "./ask.ts";
import { writeHere } from "./composer.tsx";
import { CopyButton } from "./copy-button.tsx";
import { isDocument } from "./costs.ts";
import { documentOf } from "./documents.ts";
import { Icon } from "./icon.tsx";
import { Markdown } from "./markdown.tsx";
import { MessageEditor } from "./message-editor.tsx";
import { conversations, opened, path, tree } from "./store.ts";

const BRANCH_TITLE_MAX = 40;

export function TurnView({ turn }: { turn: Turn }): VNode {
  return isDocument(turn) ? <ReadOnce turn={turn} /> : <SaidAndAnswered turn={turn} />;
}

/** The document that a conversation began with is a turn that nobody said and that asked for no answer. */
function ReadOnce({ turn }: { turn: Turn }): VNode {
  const document = documentOf(conversations.value.find(({ id }) => id === opened.value));
  const { usage, timings } = turn;
  return (
    <div class="chip before">
      <Icon name="document" />
      <b>{document === undefined ? "A document" : titleOfDocument(document)}</b>
      <span>
        was read once{usage && `: ${count(usage.prompt_tokens)} tokens`}
        {timings && timings.prefill_ms > 0 && ` in ${seconds(timings.prefill_ms)}`}. The state holds it from here on.
      </span>
    </div>
  );
}

function SaidAndAnswered({ turn }: { turn: Turn }): VNode {
  const editing = useSignal(false);
  const writing = answer.value?.turn === turn.id ? answer.value : null;
  const text = writing ? writing.text : turn.reply;
  const said = turn.messages.filter(({ role }) => role === "user" || role === "tool");
  const busy = answer.value !== null;
  return (
    <article class="turn" aria-label="Turn" id={`turn-${turn.id}`} tabIndex={-1}>
      {said.map((message) =>
        editing.value && message === said.at(-1) ? (
          <MessageEditor
            key={turn.id}
            text={wordsOf(message.content)}
            onCancel={() => {
              editing.value = false;
              writeHere();
            }}
            onSave={(words) => {
              editing.value = false;
              writeHere();
              const document = documentIn(message.content);
              const content = document ? messageWith(document, words) : words;
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
            <Said content={message.content} />
          </div>
        ),
      )}
      <Branches turn={turn} />
      <div class="answer">
        <Markdown text={text} />
        <AnswerState turn={turn} writing={writing} />
        <RecalledPassages turn={turn} />
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

/** What the model no longer saw well and was quoted to it again, with the way to where it was said. */
function RecalledPassages({ turn: { recalled } }: { turn: Turn }): VNode | null {
  if (!recalled || recalled.length === 0) return null;
  const show = (id: string) => {
    const said = document.getElementById(`turn-${id}`);
    said?.scrollIntoView({ block: "start" });
    said?.focus({ preventScroll: true });
  };
  return (
    <details class="recalled">
      <summary>
        Recalled {recalled.length === 1 ? "a passage" : `${recalled.length} passages`} of this conversation
      </summary>
      {recalled.map(({ turn, role, text }) => (
        <blockquote>
          {text}{" "}
          {path.value.some(({ id }) => id === turn) && (
            <button type="button" class="link" onClick={() => show(turn)}>
              {role === "assistant" ? "where it was answered" : "where it was said"}
            </button>
          )}
        </blockquote>
      ))}
    </details>
  );
}

/** What somebody said, without the document that came with it. */
const wordsOf = (content: string): string => documentIn(content)?.said ?? content;

function Said({ content }: { content: string }): VNode {
  const document = documentIn(content);
  if (!document) return <p>{content}</p>;
  return (
    <div class="with-document">
      <details>
        <summary>
          <Icon name="document" /> {document.name}
        </summary>
        <pre>{document.text}</pre>
      </details>
      <p>{document.said}</p>
    </div>
  );
}

/** What a branch is called among its neighbours: its message, or where they all have the same, its number. */
function branchTitle(siblings: readonly Turn[], at: number): string {
  const words = ({ messages }: Turn) =>
    wordsOf(messages.at(-1)?.content ?? "")
      .trim()
      .replaceAll(/\s+/g, " ");
  const own = words(siblings[at]!);
  if (siblings.every((turn) => words(turn) === own)) return `answer ${at + 1}`;
  return own.length > BRANCH_TITLE_MAX ? `${own.slice(0, BRANCH_TITLE_MAX - 1)}…` : own;
}

/** Previous and next among the turns that share this one's past. */
function Branches({ turn }: { turn: Turn }): VNode | null {
  const siblings = tree.value.siblings(turn);
  if (siblings.length < 2) return null;
  const at = siblings.findIndex(({ id }) => id === turn.id);
  const step = (by: number, label: string) => {
    const to = siblings[at + by];
    const name = to ? `${label}: ${branchTitle(siblings, at + by)}` : label;
    return (
      <button
        type="button"
        class="quiet"
        aria-label={name}
        title={name}
        disabled={!to}
        onClick={(event) => {
          const buttons = event.currentTarget.parentElement!;
          walkTo(to!);
          // At the last branch the button is off, and the focus would be nowhere.
          requestAnimationFrame(() => buttons.querySelector<HTMLElement>("button:not(:disabled)")?.focus());
        }}
      >
        <Icon name={by < 0 ? "previous" : "next"} />
      </button>
    );
  };
  return (
    <div class="actions end branches">
      {step(-1, "Previous branch")}
      <span>
        {at + 1} / {siblings.length}
      </span>
      <span class="branch-title">{branchTitle(siblings, at)}</span>
      {step(1, "Next branch")}
    </div>
  );
}

function Cost({ turn: { usage, timings } }: { turn: Turn }): VNode | null {
  if (!usage || !timings) return null;
  const rate = timings.decode_ms > 0 ? Math.round((1000 * timings.decode_tokens) / timings.decode_ms) : 0;
  return (
    <p class="cost">
      {count(fedTokens(usage))} computed, {count(usage.cached_tokens)} reused · first token in{" "}
      {seconds(firstTokenMs(timings))}
      {rate > 0 && ` · ${rate} tokens/s`}
      {timings.state === "rebuilt" && " · state was rebuilt"}
    </p>
  );
}
