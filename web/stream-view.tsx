/** StreamView: one stream as it goes on: its chart, what stood out, what it is fed with, and what can be done to it. */
import { computed, signal } from "@preact/signals";
import type { VNode } from "preact";
import type { TakenValue } from "../src/client/streams.ts";
import { bytes, count } from "./amounts.ts";
import { Icon } from "./icon.tsx";
import { Scroll } from "./scroll.tsx";
import { removeStream, saveStream, takeBack, whatIf } from "./stream-actions.ts";
import { StreamChart } from "./stream-chart.tsx";
import { StreamFeed } from "./stream-feed.tsx";
import { chance, clock, momentOf, short, valueWords } from "./stream-words.ts";
import { alerts, forecast, isLive, madeUp, stream, VALUES_MAX, values } from "./streams.ts";

const SHOWN = [60, 240, 1000, VALUES_MAX];
const shown = signal(SHOWN[1]!);
/** The same array as long as no value comes: the chart is drawn again when it changes. */
const drawnValues = computed(() => values.value.slice(-shown.value));
const pointed = signal<number | undefined>(undefined);
const asks = signal(false);
const LISTED_MAX = 12;

export function StreamView(): VNode {
  const open = stream.value;
  const drawn = drawnValues.value;
  const isEmpty = values.value.length === 0;
  const words = momentOf(drawn, forecast.value, pointed.value ?? drawn.length - 1);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what cannot be focused cannot be scrolled with keys
    <section class="stream" aria-label="Stream" tabIndex={0}>
      {open && <Facts />}
      {open && isEmpty && <p class="fine">No values yet. Feed some below, or with the API, and the chart begins.</p>}
      {!isEmpty && (
        <>
          <div class="over-plot">
            <p class="key">
              <i class="value" /> values <i class="expected" /> expected <i class="fan" /> forecast{" "}
              <i class="anomaly" /> anomaly
            </p>
            <label class="fine">
              Last{" "}
              <select
                value={shown.value}
                onChange={(event) => {
                  shown.value = Number(event.currentTarget.value);
                  pointed.value = undefined;
                }}
              >
                {SHOWN.map((n) => (
                  <option value={n}>{count(n)}</option>
                ))}
              </select>
            </label>
          </div>
          <StreamChart
            values={drawn}
            forecast={forecast.value}
            pointed={pointed.value}
            point={(index) => {
              pointed.value = index;
            }}
          />
          <p class="fine readout">{words}</p>
        </>
      )}
      {open && <StreamFeed />}
      <Unlikely />
      {!isEmpty && <Numbers />}
    </section>
  );
}

function Facts(): VNode {
  const { id, position, frequency, state_bytes, forked_from, oldest_rewind } = stream.value!;
  const state = madeUp.value === id ? "fed by this page, one value a second" : isLive.value ? "live" : "connecting";
  return (
    <div class="facts">
      <p class="sentence">
        <b>{count(position)}</b> values{frequency && `, one every ${frequency}`}. Its state is{" "}
        <b>{bytes(state_bytes)}</b>. <span class={isLive.value ? "live on" : "live"}>{state}</span>
        {forked_from && <small> A copy of another stream from position {count(forked_from.position)} on.</small>}
      </p>
      {asks.value ? (
        <p class="asks">
          <span>Delete this stream?</span>
          <button
            type="button"
            onClick={() => {
              asks.value = false;
            }}
          >
            Keep
          </button>
          <button
            type="button"
            class="danger"
            ref={(button) => button?.focus()}
            onClick={() => {
              asks.value = false;
              void removeStream(id);
            }}
          >
            Delete
          </button>
        </p>
      ) : (
        <p class="doing">
          <button
            type="button"
            title="A copy, for values that did not happen. This one stays as it is."
            disabled={position === 0}
            onClick={() => void whatIf()}
          >
            <Icon name="branch" /> What if
          </button>
          <button
            type="button"
            title="The stream goes back to before its last value."
            disabled={position <= oldest_rewind}
            onClick={() => void takeBack()}
          >
            <Icon name="retry" /> Take back
          </button>
          <button type="button" onClick={() => void saveStream()}>
            <Icon name="export" /> Export
          </button>
          <button
            type="button"
            onClick={() => {
              asks.value = true;
            }}
          >
            <Icon name="trash" /> Delete
          </button>
        </p>
      )}
    </div>
  );
}

/** What stood out of the values that the page has, and the alerts that came while it was open. */
function Unlikely(): VNode | null {
  const found = values.value.filter(({ anomaly }) => anomaly);
  if (found.length === 0 && alerts.value.length === 0) return null;
  return (
    <section aria-label="What stood out">
      <h2>What stood out</h2>
      {alerts.value.length > 0 && (
        <ul class="alerts">
          {alerts.value
            .slice(-LISTED_MAX)
            .reverse()
            .map((alert) => (
              <li>
                <b>{alert.name}</b> {alert.time === null ? `at position ${alert.position}` : clock(alert.time)}:{" "}
                {valueWords(alert)}
              </li>
            ))}
        </ul>
      )}
      {found.length > 0 && <Values label="Anomalies" rows={found.slice(-LISTED_MAX).reverse()} />}
    </section>
  );
}

const NUMBERS_MAX = 50;
const Numbers = (): VNode => (
  <details class="numbers">
    <summary>The last numbers</summary>
    <Values label="The last values" rows={values.value.slice(-NUMBERS_MAX).reverse()} />
  </details>
);

function Values({ label, rows }: { label: string; rows: readonly TakenValue[] }): VNode {
  const hasTimes = rows.some(({ time }) => time !== null);
  const heads = ["Position", ...(hasTimes ? ["Time"] : []), "Value", "Expected", "Middle 95 %", "As far out"];
  return (
    <Scroll kind="table" label={label}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ position, time, value, expected, tail_probability: tail, anomaly }) => (
            <tr class={anomaly ? "odd" : ""} key={position}>
              <th scope="row">{count(position)}</th>
              {hasTimes && <td>{time === null ? "–" : clock(time)}</td>}
              <td>{valueWords({ value })}</td>
              <td>{expected ? short(expected.median) : "–"}</td>
              <td>{expected ? `${short(expected.low)} to ${short(expected.high)}` : "–"}</td>
              <td>{tail === null ? "–" : chance(tail)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
