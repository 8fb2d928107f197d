/** CopyButton: puts text on the clipboard and says so. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Icon } from "./icon.tsx";

const SHOWN_MS = 1500;

export function CopyButton({ text, what }: { text: string; what: string }): VNode {
  const state = useSignal<"" | "copied" | "failed">("");
  const copy = async () => {
    state.value = await navigator.clipboard.writeText(text).then(
      () => "copied" as const,
      () => "failed" as const,
    );
    setTimeout(() => {
      state.value = "";
    }, SHOWN_MS);
  };
  const label = state.value === "" ? `Copy ${what}` : state.value === "copied" ? "Copied" : "Copying is not allowed";
  return (
    <button type="button" class="quiet" aria-label={label} title={label} onClick={() => void copy()}>
      <Icon name={state.value === "copied" ? "check" : "copy"} />
    </button>
  );
}
