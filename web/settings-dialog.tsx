/** SettingsDialog: system prompt, model and sampling of the shown conversation, or of the next new one. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { draft } from "./drafts.ts";
import { beganWith, choose, dialogFields, type Settings, settings } from "./settings.ts";
import { models, opened } from "./store.ts";

const isShown = signal(false);
export const showSettings = (): void => {
  isShown.value = true;
};

export function SettingsDialog(): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isShown.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isShown.value]);
  const close = () => {
    isShown.value = false;
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void choose(settingsIn(new FormData(event.currentTarget as HTMLFormElement)));
    close();
  };
  return (
    <dialog ref={dialog} aria-labelledby="settings-title" onClose={close}>
      {isShown.value && (
        <form onSubmit={submit}>
          <h2 id="settings-title">{opened.value === null ? "The next conversation" : "This conversation"}</h2>
          <SystemPrompt />
          {models.value.length > 1 && <ModelPicker />}
          {dialogFields.map(({ name, label, hint, ...bounds }) => (
            <label class="sampling">
              <span>
                {label} <small>{hint}</small>
              </span>
              <input name={name} type="number" placeholder="the model’s" value={settings.value[name]} {...bounds} />
            </label>
          ))}
          <div class="buttons">
            <button type="button" onClick={close}>
              Cancel
            </button>
            <button type="submit" class="primary">
              Use
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}

/** A conversation's first words are in its state for good; only a new one can begin with others. */
function SystemPrompt(): VNode {
  const begun = opened.value !== null;
  const read = draft.value.attachment !== undefined || draft.value.document !== undefined;
  const text = begun ? (beganWith.value ?? "") : (settings.value.system ?? "");
  return (
    <label>
      System prompt
      <textarea
        name="system"
        rows={4}
        maxLength={20_000}
        disabled={begun || read}
        placeholder="the model’s"
        value={text}
      />
      {begun && <small>It stands at the beginning of the state. Another one begins another conversation.</small>}
      {!begun && read && <small>The document is being read with it. Leave the document out to change it.</small>}
    </label>
  );
}

const ModelPicker = (): VNode => (
  <label>
    Model
    <select name="model" disabled={opened.value !== null} value={settings.value.model ?? models.value[0]!.id}>
      {models.value.map(({ id }) => (
        <option value={id}>{id}</option>
      ))}
    </select>
    {opened.value !== null && <small>A conversation stays with the model that it began with.</small>}
  </label>
);

function settingsIn(form: FormData): Settings {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const { system, model } = settings.peek();
  const numbers = dialogFields.flatMap(({ name }) => (text(name) === "" ? [] : [[name, Number(text(name))] as const]));
  const next: Settings = { ...Object.fromEntries(numbers) };
  // What was disabled is not in the form, and stays.
  const prompt = form.has("system") ? text("system") : system;
  const chosen = form.has("model") ? text("model") : model;
  return { ...next, ...(prompt ? { system: prompt } : {}), ...(chosen ? { model: chosen } : {}) };
}
