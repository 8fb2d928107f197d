/** progressOn: how far a long piece of work is; one live line on a terminal, a plain line now and then elsewhere. */
import { bytes } from "./amounts.ts";

const LIVE_EVERY_MS = 100;
/** Quick work prints no plain line at all. */
const PLAIN_EVERY_MS = 5000;

interface ShownProgress {
  show(doneBytes: number, totalBytes: number): void;
  end(): void;
}

export function progressOn(stream: NodeJS.WriteStream, label: string): ShownProgress {
  const live = stream.isTTY === true;
  let last = performance.now();
  let shown = false;
  return {
    show(done, total) {
      const now = performance.now();
      if (now - last < (live ? LIVE_EVERY_MS : PLAIN_EVERY_MS)) return;
      last = now;
      shown = true;
      const percent = Math.floor((100 * done) / Math.max(1, total));
      const text = `${label} ${percent} % (${bytes(done)} of ${bytes(total)})`;
      stream.write(live ? `\r\u001b[K${text}` : `${text}\n`);
    },
    end() {
      if (live && shown) stream.write("\r\u001b[K");
      shown = false;
    },
  };
}
