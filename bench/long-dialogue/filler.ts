/**
 * Everyday talk between the facts: questions and answers put together from a few hundred
 * words, the same for the same number.
 */
import { draws } from "./draws.ts";

const TOPICS =
  "bread baking, compost heaps, sailing knots, cheap telescopes, houseplants, mountain huts, jazz records, board games, river fishing, old maps, bicycle chains, paper planes, street markets, wool socks, rain barrels, city parks, rock pools, wild mushrooms, stone walls, night trains, tea kettles, chess openings, garden ponds, wooden spoons, ferry routes, film cameras, solar panels, bird feeders, apple trees, clay ovens, tide tables, coffee grinders, sleeping bags, library cards, canal boats, fountain pens, ice skating, kite flying, lighthouse keepers, mushroom soup, origami cranes, pasta shapes, quilting, roof tiles, sundials, thatched roofs, umbrella repair, vinegar, weather vanes, xylophones, yoghurt cultures, zinc buckets".split(
    ", ",
  );
const ASK = [
  "Could you explain how {t} came about and why people still care?",
  "I was wondering whether {t} would suit a beginner {p}.",
  "What should one look out for with {t} {p}?",
  "Somebody told a long story about {t} {p} and I did not follow it.",
  "Is it worth spending an afternoon on {t} {p}?",
  "Compare {t} with {u} for me, in plain words.",
  "Give me a short overview of {t} {p}.",
];
const PLACES =
  "in winter, near the coast, on a small budget, with children around, without much space, in the countryside, during a wet week, with borrowed tools, after a long day, on a quiet street, for a village fair, at short notice, before breakfast, under a tin roof, beside a busy road, in a shared kitchen".split(
    ", ",
  );
const SAY = [
  "There is a good deal to say about {t}, and most of it is simpler than it sounds.",
  "With {t} patience matters more than equipment, as most people find out {p}.",
  "Start small, keep a few notes and change one detail at a time.",
  "Many handbooks treat {t} and {u} together, although they have little in common.",
  "A common mistake is to hurry; the second attempt usually turns out better {p}.",
  "The materials are ordinary: some string, a flat surface and decent light.",
  "Older craftsmen would argue that {u} deserves more attention than {t}.",
  "If it fails {p}, wait for drier air and repeat the last step slowly.",
  "Local clubs often lend what is needed and welcome curious visitors.",
  "In short, {t} rewards regular practice, and nobody needs to be an expert.",
];
const DE_ASK = [
  "Was sollte man über {t} wissen, gerade {p}?",
  "Lohnt sich {t} überhaupt, {p}?",
  "Erzähl mir kurz etwas über {t}.",
];
const DE_TOPICS =
  "Brotbacken, Moorwanderungen, Trockenmauern, Dampfmaschinen, Kräutergärten, Fahrradreparatur, Pilzsuche, Papierschöpfen, Sternwarten, Kaffeerösten".split(
    ", ",
  );
const DE_PLACES =
  "bei Regen, im Gebirge, ohne Vorkenntnisse, auf engem Raum, kurz vor Feierabend, mit altem Gerät".split(", ");
const DE_SAY = [
  "Über {t} lässt sich viel sagen, das meiste ist einfacher als gedacht.",
  "Geduld zählt mehr als Ausrüstung, besonders {p}.",
  "Am besten beginnt man klein und ändert immer nur eine Sache.",
  "Viele scheitern zuerst und kommen beim zweiten Versuch gut voran.",
  "Vereine vor Ort verleihen oft das Nötige.",
];
const ZH_ASK = ["能简单介绍一下{t}吗？", "{t}难不难学？", "关于{t}有哪些要注意的地方？"];
const ZH_TOPICS = "书法, 太极拳, 养花, 烘焙, 摄影, 围棋, 爬山, 剪纸, 钓鱼, 陶艺".split(", ");
const ZH_SAY = [
  "{t}看起来复杂，其实入门并不困难。",
  "最重要的是耐心，工具反而是次要的。",
  "建议从简单的部分开始，每次只改变一点。",
  "很多人第一次失败，第二次就顺利多了。",
  "附近的社团通常会提供帮助。",
];

/** Question and answer number `n` of a dialogue. */
export function filler(seed: number, n: number): { user: string; assistant: string } {
  const { pick, below } = draws(seed * 1_000_003 + n);
  const lang = below(10);
  const [asks, says, topics, places] =
    lang === 0
      ? [DE_ASK, DE_SAY, DE_TOPICS, DE_PLACES]
      : lang === 1
        ? [ZH_ASK, ZH_SAY, ZH_TOPICS, [""]]
        : [ASK, SAY, TOPICS, PLACES];
  const [t, u] = [pick(topics), pick(topics)];
  const put = (text: string) => text.replaceAll("{t}", t).replaceAll("{u}", u).replaceAll("{p}", pick(places));
  const sentences = Array.from({ length: 2 + below(4) }, () => put(pick(says)));
  return { user: put(pick(asks)), assistant: [...new Set(sentences)].join(lang === 1 ? "" : " ") };
}
