/** Dialogue: the turns of the shown path. It keeps to the end while an answer grows, unless the reader has scrolled away. */
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { answer } from "./answer.ts";
import { Mark } from "./icon.tsx";
import { leaf, model, path } from "./store.ts";
import { TurnView } from "./turn-view.tsx";

/** Nearer to the end than this is at the end. */
const NEAR_PX = 80;

export function Dialogue(): VNode {
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  const turns = path.value;
  // A new turn is shown from its begin on.
  useLayoutEffect(() => {
    atEnd.current = true;
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
  };
  return (
    <section
      class="dialogue"
      ref={box}
      aria-label="Dialogue"
      tabIndex={-1}
      aria-busy={answer.value !== null}
      onScroll={onScroll}
    >
      {turns.length === 0 ? <Welcome /> : turns.map((turn) => <TurnView key={turn.parent ?? ""} turn={turn} />)}
    </section>
  );
}

const Welcome = (): VNode => (
  <div class="welcome">
    <Mark />
    <h2>A conversation that remembers</h2>
    <p>
      Each turn feeds the model only its own words. Everything before is carried in a state of constant size, kept on
      the server until you delete it.
    </p>
    {model.value && <p class="fine">{model.value.id}</p>}
  </div>
);
