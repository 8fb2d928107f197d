/** The text of a PDF; loaded when one is attached. The parser runs in a worker of its own, which ends with the work. */
import { GlobalWorkerOptions, getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

/** A page's text that a person would read in a minute is much shorter than this. */
const CHARS_MAX = 4_000_000;

/** Fails with a message for the reader when it is no PDF, asks for a password, or holds no text. */
export async function pdfText(
  bytes: Uint8Array,
  workerUrl: URL,
  onPage: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const worker = new Worker(workerUrl, { type: "module" });
  const ended = () => worker.terminate();
  signal.addEventListener("abort", ended);
  GlobalWorkerOptions.workerPort = worker;
  const loading = getDocument({
    data: bytes,
    // Only text is wanted: no fonts, no pictures, nothing fetched.
    ...{
      disableFontFace: true,
      useSystemFonts: false,
      isOffscreenCanvasSupported: false,
      enableXfa: false,
      useWasm: false,
    },
    stopAtErrors: false,
    useWorkerFetch: false,
    verbosity: 0,
  });
  loading.onPassword = () => {
    void loading.destroy();
  };
  try {
    const document = await Promise.race([loading.promise, broken(worker, signal)]);
    const pages: string[] = [];
    let chars = 0;
    for (let i = 1; i <= document.numPages && chars < CHARS_MAX; i++) {
      signal.throwIfAborted();
      const page = await Promise.race([document.getPage(i), broken(worker, signal)]);
      const { items } = await Promise.race([page.getTextContent(), broken(worker, signal)]);
      const text = items.map((item) => ("str" in item ? `${item.str}${item.hasEOL ? "\n" : ""}` : "")).join("");
      pages.push(text.trim());
      chars += text.length;
      onPage(i, document.numPages);
      page.cleanup();
    }
    const text = pages.join("\n\n").trim();
    if (text === "") throw new Error("it holds no text, only pictures of it");
    return text;
  } catch (thrown) {
    signal.throwIfAborted();
    const { name, message } = thrown as Error;
    if (name === "PasswordException" || /destroyed/i.test(message)) throw new Error("it asks for a password");
    if (name === "InvalidPDFException") throw new Error("it is damaged, or no PDF");
    throw thrown;
  } finally {
    signal.removeEventListener("abort", ended);
    worker.terminate();
    GlobalWorkerOptions.workerPort = null;
  }
}

/** Rejects when the worker dies or the reader gives up; never resolves. */
const broken = (worker: Worker, signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    worker.addEventListener("error", () => reject(new Error("the PDF reader failed")), { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
