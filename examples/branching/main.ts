/**
 * One conversation, three ways on from the same turn: each branch has the whole past and computes only its own words.
 */
import { parseArgs } from "node:util";
import { rivulet, run, short, table } from "../client.ts";

const { values } = parseArgs({ options: { "max-tokens": { type: "string", default: "40" } } });
/** Greedy, so that every run says the same. */
const how = { maxTokens: Number(values["max-tokens"]), temperature: 0 };

await run(async () => {
  const trunk = `branching-${Date.now()}`;
  await rivulet.answer({ conversation: trunk, text: "I have a free day in a small town by the sea.", ...how });
  await rivulet.answer({ conversation: trunk, text: "I like walking and I do not like crowds.", ...how });
  const turns = await rivulet.conversations.turns(trunk);
  const rows: (string | number)[][] = [];
  for (const text of [
    "It is raining. What shall I do?",
    "It is sunny. What shall I do?",
    "It is snowing. What shall I do?",
  ]) {
    const { id } = await rivulet.conversations.fork(trunk, turns.at(-1)!.id);
    const { text: answer, usage } = await rivulet.answer({ conversation: id, text, ...how });
    rows.push([text, usage!.prompt_tokens - usage!.cached_tokens, usage!.cached_tokens, short(answer)]);
    await rivulet.conversations.delete(id);
  }
  console.log(table(["branch", "computed", "reused", "answer"], rows));
  const { turns: after } = (await rivulet.conversations.get(trunk)).rivulet;
  console.log(`\nThe trunk still has ${after} turns.`);
  await rivulet.conversations.delete(trunk);
});
