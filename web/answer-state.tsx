/** AnswerState: below an answer, what is going on with it. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { Turn } from "../src/client/turns.ts";
import { count } from "./amounts.ts";
import type { Answer } from "./answer.ts";
import { tryNow } from "./connection.ts";
import { reading } from "./documents.ts";

export function AnswerState({ turn, writing }: { turn: Turn; writing: Answer | null }): VNode | null {
  if (writing?.lost) return <Lost at={writing.lost.at} />;
  if (writing?.progress) {
    const { done, total } = writing.progress;
    return (
      <p class="going">
        <progress value={done} max={total} aria-label="Reading" />
        Reading, {count(done)} of {count(total)} tokens
      </p>
    );
  }
  if (writing && reading.value && turn.response_id === "") {
    const { done, total } = reading.value;
    return (
      <p class="going">
        <progress value={done} max={Math.max(1, total)} aria-label="Reading the document" />
        Reading the document once, {count(done)} of {count(total)} tokens
      </p>
    );
  }
  if (writing) return <p class={writing.text === "" ? "going dots" : "caret"} aria-hidden="true" />;
  if (turn.status === "cancelled") return <p class="going">Stopped.</p>;
  if (turn.status === "failed") return <p class="going">This answer failed.</p>;
  if (turn.status === "incomplete") return <p class="going">Cut at the longest answer.</p>;
  return null;
}

function Lost({ at }: { at: number }): VNode {
  const left = useSignal(0);
  useEffect(() => {
    const tick = () => {
      left.value = Math.max(0, Math.ceil((at - Date.now()) / 1000));
    };
    tick();
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [at, left]);
  return (
    <p class="going lost">
      Connection lost. {left.value > 0 ? `Trying again in ${left.value} s.` : "Trying again now."} Nothing is lost.
      <button type="button" onClick={tryNow}>
        Try now
      </button>
    </p>
  );
}
