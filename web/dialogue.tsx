/**
 * Dialogue: the turns of the shown path. It keeps to the end while an answer grows,
 * unless the reader has scrolled away.
 */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { answer } from "./answer.ts";
import { Icon } from "./icon.tsx";
import { leaf, path, UNNAMED } from "./store.ts";
import { TurnView } from "./turn-view.tsx";
import { Welcome } from "./welcome.tsx";

/** Nearer to the end than this is at the end. */
const NEAR_PX = 80;
const isAway = signal(false);

export function Dialogue(): VNode {
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  const turns = path.value;
  const shown = useRef<{ id: string | null; parent: string | null | undefined }>({ id: null, parent: undefined });
  // A new turn is shown from its begin on. That the server gives it its name makes it no other one: a reader who
  // has gone elsewhere stays there.
  useLayoutEffect(() => {
    const parent = turns.at(-1)?.parent;
    const isNamed = shown.current.id === UNNAMED && shown.current.parent === parent;
    if (!isNamed) atEnd.current = true;
    shown.current = { id: leaf.value, parent };
  }, [leaf.value]);
  useLayoutEffect(() => {
    const { current } = box;
    if (current && atEnd.current) current.scrollTop = current.scrollHeight;
  });
  useEffect(() => {
    const stay = () => {
      if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
    };
    addEventListener("resize", stay);
    return () => removeEventListener("resize", stay);
  }, []);
  // Read here, so that growing text scrolls.
  void answer.value?.text;
  const onScroll = () => {
    const { scrollHeight, scrollTop, clientHeight } = box.current!;
    atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    isAway.value = !atEnd.current;
  };
  const toTheEnd = () => {
    atEnd.current = true;
    isAway.value = false;
    box.current!.scrollTop = box.current!.scrollHeight;
    box.current!.focus({ preventScroll: true });
  };
  return (
    <div class="dialogue-frame">
      <section
        class="dialogue"
        ref={box}
        aria-label="Dialogue"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what cannot be focused cannot be scrolled with keys
        tabIndex={0}
        aria-busy={answer.value !== null}
        onScroll={onScroll}
      >
        {turns.length === 0 ? <Welcome /> : turns.map((turn) => <TurnView key={turn.parent ?? ""} turn={turn} />)}
      </section>
      {isAway.value && turns.length > 0 && (
        <button type="button" class="to-end" onClick={toTheEnd}>
          <Icon name="down" /> To the end
        </button>
      )}
    </div>
  );
}
