/** StreamsView: the streams that there are, and how one begins. */
import type { VNode } from "preact";
import { dayOf, timeOf } from "./dates.ts";
import { Icon } from "./icon.tsx";
import { beginMadeUp, beginStream, loadStream } from "./stream-actions.ts";
import { nameOf, showStream, streamList } from "./streams.ts";

export const StreamsView = (): VNode => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what cannot be focused cannot be scrolled with keys
  <section class="stream" aria-label="Streams" tabIndex={0}>
    <p class="sentence">
      A stream takes one number after another, from a sensor or a count, and knows after each what comes next and how
      unlikely the last one was. Its state stays the same size however long it lasts.
    </p>
    <button type="button" class="lead" onClick={() => void beginMadeUp()}>
      <Icon name="chart" />
      <span>
        <b>Watch a made-up press</b>
        <small>This page feeds it one value a second, a fault among them now and then.</small>
      </span>
    </button>
    <Begin />
    {streamList.value.length > 0 && (
      <section aria-label="Your streams">
        <h2>Your streams</h2>
        <ul class="documents">
          {streamList.value.map((one) => (
            <li key={one.id}>
              <button type="button" onClick={() => void showStream(one.id)}>
                <Icon name="chart" />
                <span>{nameOf(one)}</span>
                <small>
                  {one.frequency && `every ${one.frequency}, `}
                  {dayOf(1000 * one.created_at)} {timeOf(1000 * one.created_at)}
                </small>
              </button>
            </li>
          ))}
        </ul>
      </section>
    )}
  </section>
);

function Begin(): VNode {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    void beginStream({
      ...(text("name") ? { name: text("name") } : {}),
      ...(text("frequency") ? { frequency: text("frequency") } : {}),
      horizon: Number(text("horizon")),
    });
  };
  return (
    <form class="begin" aria-label="A new stream" onSubmit={submit}>
      <label>
        Name
        <input name="name" maxLength={128} autocomplete="off" placeholder="press 4" />
      </label>
      <label>
        Time between values
        <input name="frequency" maxLength={16} autocomplete="off" placeholder="15s, 5min, 1h; or none" />
      </label>
      <label>
        Steps to forecast
        <input name="horizon" type="number" min={1} max={512} step={1} value={24} required />
      </label>
      <button type="submit" class="primary">
        Begin a stream
      </button>
      <label class="file">
        Import
        <input
          type="file"
          class="hidden"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            event.currentTarget.value = "";
            if (file) void loadStream(file);
          }}
        />
      </label>
    </form>
  );
}
