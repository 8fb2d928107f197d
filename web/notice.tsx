/** Notice: the line about what went wrong, until it is dismissed or something else is done. */
import type { VNode } from "preact";
import { Icon } from "./icon.tsx";
import { notice } from "./store.ts";

export const Notice = ({ onDismissed }: { onDismissed(): void }): VNode | null =>
  notice.value ? (
    <p class="notice" role="alert">
      <span>{notice}</span>
      <button
        type="button"
        class="quiet"
        aria-label="Dismiss"
        onClick={() => {
          notice.value = "";
          onDismissed();
        }}
      >
        <Icon name="close" />
      </button>
    </p>
  ) : null;
