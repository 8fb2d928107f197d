/** KeyDialog: asks for a key when the server wants one. */
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { begin } from "./actions.ts";
import { rememberKey } from "./key.ts";
import { needsKey, server } from "./store.ts";

export function KeyDialog(): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const wanted = needsKey.value;
  useEffect(() => {
    if (wanted) dialog.current?.showModal();
    else dialog.current?.close();
  }, [wanted]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const key = String(form.get("key")).trim();
    server.key = key;
    rememberKey(key, form.get("keep") === "on");
    needsKey.value = false;
    void begin();
  };
  return (
    <dialog ref={dialog} aria-labelledby="key-title" onCancel={(event) => event.preventDefault()}>
      <form onSubmit={submit}>
        <h2 id="key-title">This server asks for a key</h2>
        {server.key && <p class="wrong">The last key was not accepted.</p>}
        <label>
          API key
          <input name="key" type="password" autocomplete="current-password" required />
        </label>
        <label class="check">
          <input name="keep" type="checkbox" />
          Keep it on this device
        </label>
        <button type="submit" class="primary">
          Continue
        </button>
      </form>
    </dialog>
  );
}
