/** HelpSheet: the keys, and what the page's words mean. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { shortcuts } from "./shortcuts.ts";

const isShown = signal(false);
export const showHelp = (): void => {
  isShown.value = true;
};

export function HelpSheet(): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const sheet = dialog.current;
    if (!isShown.value) return void sheet?.close();
    sheet?.showModal();
    // The focus is on the button at the end; one reads from the beginning.
    if (sheet) sheet.scrollTop = 0;
  }, [isShown.value]);
  const close = () => {
    isShown.value = false;
  };
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {shortcuts.map(({ keys, does }) => (
          <div>
            <dt>
              {keys.map((key) => (
                <kbd>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h2>Words</h2>
      <dl class="words">
        <div>
          <dt>computed</dt>
          <dd>tokens that the model had to read before it could answer: those of your message</dd>
        </div>
        <div>
          <dt>reused</dt>
          <dd>tokens of everything before, which the state already holds</dd>
        </div>
        <div>
          <dt>state</dt>
          <dd>
            what the model knows of the conversation; it stays as large as it is, and is kept on the server until you
            delete it
          </dd>
        </div>
      </dl>
      <button type="button" class="primary" onClick={close}>
        Close
      </button>
    </dialog>
  );
}
