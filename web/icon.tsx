/** Icon: line drawings on a grid of 24, for buttons that carry their own label. */
import type { VNode } from "preact";

const paths = {
  add: "M12 5v14M5 12h14",
  attach: "M20 11l-8.500 8.500a5 5 0 0 1-7-7L13 4a3.500 3.500 0 0 1 5 5l-8.500 8.500a2 2 0 0 1-3-3L14 7",
  branch: "M6 4v16M6 14c6 0 12-1 12-8M18 6V4",
  chart: "M4 20h16M7 16v-4M12 16V8M17 16V5",
  check: "M5 13l4 4L19 7",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM5 15V4h10",
  document: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  down: "M12 5v14M6 13l6 6 6-6",
  edit: "M4 20l1-4L16 5l3 3L8 19l-4 1M14 7l3 3",
  export: "M12 4v11M7 10l5 5 5-5M5 20h14",
  help: "M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 17.500h.01",
  import: "M12 15V4M7 9l5-5 5 5M5 20h14",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  next: "M10 6l6 6-6 6",
  previous: "M14 6l-6 6 6 6",
  retry: "M20 12a8 8 0 1 1-2.500-5.800M20 3v4h-4",
  search: "M15.500 15.500L20 20M17 10.500a6.500 6.500 0 1 1-13 0a6.500 6.500 0 0 1 13 0",
  send: "M12 20V5M6 11l6-6 6 6",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  stop: "M7 7h10v10H7z",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { name: IconName }): VNode => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
);

/** The mark: two lines of a river. */
export const Mark = (): VNode => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path d="M3 12c4.500-5 8.700-5 13 0s8.500 5 13 0M3 21c4.500-5 8.700-5 13 0s8.500 5 13 0" />
  </svg>
);
