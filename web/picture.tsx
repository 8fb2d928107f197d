/**
 * Picture: what Rivulet is, of the shown conversation: tokens computed against reused, state against cache,
 * time with the state and without.
 */
import { computed, signal } from "@preact/signals";
import type { VNode } from "preact";
import { bytes, count, seconds } from "./amounts.ts";
import { FirstTokenChart, MemoryChart, TokenChart } from "./charts.tsx";
import { type Cost, costsOf } from "./costs.ts";
import { readingSpeed } from "./documents.ts";
import { Icon } from "./icon.tsx";
import { Scroll } from "./scroll.tsx";
import { model, path } from "./store.ts";

const costs = computed(() => costsOf(path.value, model.value?.transformer_cache_bytes_per_token, readingSpeed.value));
/** Turns that fit the charts; the table has all. */
const SHOWN_MAX = 24;
const shown = computed(() => costs.value.slice(-SHOWN_MAX));
const pointed = signal<number | undefined>(undefined);
const chosen = computed(() => shown.value.find(({ turn }) => turn === pointed.value) ?? shown.value.at(-1));

export function Picture({ onClose }: { onClose(): void }): VNode {
  const cost = chosen.value;
  const point = (turn: number | undefined) => {
    pointed.value = turn;
  };
  const chart = { costs: shown.value, chosen: cost?.turn, point };
  return (
    <aside class="picture" aria-label="What this conversation costs">
      <header>
        <h2>What it costs</h2>
        <button type="button" class="quiet only-narrow" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {cost ? (
        <>
          <Sentence cost={cost} />
          <h3>Tokens per turn</h3>
          <p class="key">
            <i class="reused" /> reused from the state <i class="computed" /> computed
          </p>
          <TokenChart {...chart} />
          <h3>Memory of the conversation</h3>
          <p class="key">
            <i class="state" /> state{" "}
            {cost.cacheBytes !== undefined && (
              <>
                <i class="cache" /> a transformer’s cache
              </>
            )}
          </p>
          <MemoryChart {...chart} />
          <h3>Time to first token</h3>
          <p class="key">
            <i class="time" /> with the state <i class="without" /> without it
          </p>
          <FirstTokenChart {...chart} />
          <Table costs={costs.value} />
        </>
      ) : (
        <p class="fine">After the first turn this shows what was computed and what was not.</p>
      )}
    </aside>
  );
}

const Sentence = ({ cost }: { cost: Cost }): VNode => (
  <p class="sentence">
    {cost.turn === 0 ? "The document" : `Turn ${cost.turn}`} computed <b class="computed">{count(cost.computed)}</b>{" "}
    tokens and reused <b class="reused">{count(cost.reused)}</b>. The state is{" "}
    <b class="state">{bytes(cost.stateBytes)}</b>
    {cost.cacheBytes !== undefined && (
      <>
        ; a transformer would keep <b class="cache">{bytes(cost.cacheBytes)}</b>
      </>
    )}
    . The first token took <b class="state">{seconds(cost.firstTokenMs)}</b>
    {cost.withoutStateMs !== undefined && cost.reused > 0 && (
      <>
        ; without the state it would have been about <b class="cache">{seconds(cost.withoutStateMs)}</b>
      </>
    )}
    .
  </p>
);

const Table = ({ costs }: { costs: readonly Cost[] }): VNode => (
  <details class="numbers">
    <summary>The numbers</summary>
    <Scroll kind="table" label="Cost of each turn">
      <table>
        <thead>
          <tr>
            {["Turn", "Computed", "Reused", "State", "Cache", "First token", "Without"].map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {costs.map((cost) => (
            <tr>
              <th scope="row">{cost.turn === 0 ? "Document" : cost.turn}</th>
              <td>{count(cost.computed)}</td>
              <td>{count(cost.reused)}</td>
              <td>{bytes(cost.stateBytes)}</td>
              <td>{cost.cacheBytes === undefined ? "–" : bytes(cost.cacheBytes)}</td>
              <td>{seconds(cost.firstTokenMs)}</td>
              <td>{cost.withoutStateMs === undefined ? "–" : seconds(cost.withoutStateMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
    <p class="fine">
      Cache: keys and values of every token so far, two bytes each, in every layer that remembers: 2 × layers × key
      heads × head width × 2 bytes × tokens. Without: the same turn with all its reused tokens computed again, at the
      best speed that was seen here.
    </p>
  </details>
);
