/** Menu: what can be done to one thing, behind three dots. Escape closes it and gives the focus back. */
import type { VNode } from "preact";
import { Icon, type IconName } from "./icon.tsx";

export function Menu({ label, items }: { label: string; items: [IconName, string, () => void][] }): VNode {
  return (
    <details
      class="menu"
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) event.currentTarget.open = false;
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.currentTarget.open = false;
        event.currentTarget.querySelector("summary")?.focus();
      }}
    >
      <summary aria-label={label}>
        <Icon name="more" />
      </summary>
      <div>
        {items.map(([icon, text, act]) => (
          <button
            type="button"
            onClick={(event) => {
              event.currentTarget.closest("details")!.open = false;
              act();
            }}
          >
            <Icon name={icon} /> {text}
          </button>
        ))}
      </div>
    </details>
  );
}
