/** StreamFeed: values that somebody types, or the file that they stand in. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { valuesIn, valuesOfFile } from "./given-values.ts";
import { report } from "./store.ts";
import { feed } from "./stream-actions.ts";

const text = signal("");
const isBusy = signal(false);

async function give(read: () => ReturnType<typeof valuesIn> | Promise<ReturnType<typeof valuesIn>>): Promise<boolean> {
  if (isBusy.peek()) return false;
  isBusy.value = true;
  try {
    return await feed(await read());
  } catch (thrown) {
    report(thrown);
    return false;
  } finally {
    isBusy.value = false;
  }
}

export function StreamFeed(): VNode {
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    // What is refused stays to be mended.
    if (await give(() => valuesIn(text.peek()))) text.value = "";
  };
  return (
    <form class="feed" onSubmit={submit}>
      <label>
        <span class="hidden">Values</span>
        <input
          name="values"
          autocomplete="off"
          placeholder="20.1 20.4 gap 20.9"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </label>
      <button type="submit" class="primary" disabled={isBusy.value}>
        Feed
      </button>
      <label class="file">
        CSV file
        <input
          type="file"
          class="hidden"
          accept=".csv,.tsv,.txt,text/csv"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            event.currentTarget.value = "";
            if (file) void give(async () => valuesOfFile(await file.text()));
          }}
        />
      </label>
    </form>
  );
}
