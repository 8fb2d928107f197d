/** Welcome: what this is, and the shortest way to see it: a document, read once, and questions about it. */
import type { VNode } from "preact";
import { titleOfDocument } from "../src/client/documents.ts";
import { startAbout } from "./actions.ts";
import { count } from "./amounts.ts";
import { pickDocument, writeHere } from "./composer.tsx";
import { documents, forgetDocument } from "./documents.ts";
import { Icon, Mark } from "./icon.tsx";
import { model } from "./store.ts";

const SHOWN_MAX = 6;

export const Welcome = (): VNode => (
  <div class="welcome">
    <Mark />
    <h2>A conversation that remembers</h2>
    <p>
      Each turn computes only its own words. What came before is kept on the server as a state of constant size, until
      you delete it.
    </p>
    <button type="button" class="lead" onClick={pickDocument}>
      <Icon name="attach" />
      <span>
        <b>Attach a document and ask about it</b>
        <small>
          It is read once; every question after that costs only its own words. Drop, paste or choose a file.
        </small>
      </span>
    </button>
    {documents.value.length > 0 && (
      <section aria-label="Documents">
        <h3>Read before</h3>
        <ul class="documents">
          {documents.value.slice(0, SHOWN_MAX).map(({ id, tokens }) => (
            <li>
              <button
                type="button"
                onClick={() => {
                  startAbout(id);
                  writeHere();
                }}
              >
                <Icon name="document" />
                <span>{titleOfDocument(id)}</span>
                <small>{count(tokens)} tokens</small>
              </button>
              <button
                type="button"
                class="quiet"
                aria-label={`Forget ${titleOfDocument(id)}`}
                title="Forget it. Conversations that began with it stay as they are."
                onClick={() => void forgetDocument(id)}
              >
                <Icon name="trash" />
              </button>
            </li>
          ))}
        </ul>
      </section>
    )}
    {model.value && (
      <p class="fine">
        {model.value.id}, {count(Math.round(model.value.parameters / 1e6))} million parameters. Or just write below.
      </p>
    )}
  </div>
);
