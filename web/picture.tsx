/** Picture: what Rivulet is, of the shown conversation: tokens fed against carried, state against cache, time to the first token. */
import { computed, signal } from "@preact/signals";
import type { VNode } from "preact";
import { bytes, count, seconds } from "./amounts.ts";
import { FirstTokenChart, MemoryChart, TokenChart } from "./charts.tsx";
import { type Cost, costsOf } from "./costs.ts";
import { Icon } from "./icon.tsx";
import { Scroll } from "./scroll.tsx";
import { model, path } from "./store.ts";

const costs = computed(() => costsOf(path.value, model.value?.transformer_cache_bytes_per_token));
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
            <i class="carried" /> carried in the state <i class="fed" /> fed
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
    Turn {cost.turn} fed <b class="fed">{count(cost.fed)}</b> tokens and carried{" "}
    <b class="carried">{count(cost.carried)}</b>. The state is <b class="state">{bytes(cost.stateBytes)}</b>
    {cost.cacheBytes !== undefined && (
      <>
        ; a transformer would keep <b class="cache">{bytes(cost.cacheBytes)}</b>
      </>
    )}
    . The first token took {seconds(cost.firstTokenMs)}.
  </p>
);

const Table = ({ costs }: { costs: readonly Cost[] }): VNode => (
  <details class="numbers">
    <summary>The numbers</summary>
    <Scroll kind="table" label="Cost of each turn">
      <table>
        <thead>
          <tr>
            {["Turn", "Fed", "Carried", "State", "Cache", "First token"].map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {costs.map((cost) => (
            <tr>
              <th scope="row">{cost.turn}</th>
              <td>{count(cost.fed)}</td>
              <td>{count(cost.carried)}</td>
              <td>{bytes(cost.stateBytes)}</td>
              <td>{cost.cacheBytes === undefined ? "–" : bytes(cost.cacheBytes)}</td>
              <td>{seconds(cost.firstTokenMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
    <p class="fine">
      Cache: keys and values of every token so far, two bytes each, in every layer that remembers: 2 × layers × key
      heads × head width × 2 bytes × tokens.
    </p>
  </details>
);
