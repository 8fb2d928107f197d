"""Writes the cases that `node bench/memory.ts` asks a pack: held-out values, phrasings and talk, fixed by the seed.

    python -m training.memory.cases bench/memory-cases.json
"""

import argparse
import json
import random
import re
from pathlib import Path

from training.corpus import END_OF_TEXT, read
from training.loader import Windows
from training.memory.build import Filler
from training.memory.documents import document, listing
from training.memory.facts import KINDS, NAME, asked, corrected, told, value_of
from training.memory.quoted import quoted
from training.memory.scenes import SLOT, Told, scenes
from training.memory.uses import use
from training.memory.values import FIRST, is_held
from training.teacher import load_tokenizer

ARTICLE = re.compile(r"^(the|an?) ", re.I)
DIALOGUES = 12
SCENES = 64  # of those held out as a whole
DISTANCES = (64, 256, 512, 1024, 1900)  # tokens between a code word and the question
MORE_NAMES = "Ada Bo Chidi Delphine Eskil Fumiko Grigor Haruto Ilse Jaromir Kirsten Lorenzo Maribel Nkechi Ottoline Pelle Rosalind Siobhan Thorvald Ursula Wolfgang Xavier Ylva Zbigniew".split()
OPENINGS = ["hi", "Hello!", "thanks", "who are you", "good morning", "How are you?", "bye", "What can you do?", "hey there", "Thank you very much"]

OTHERS = """Tell me something about volcanoes.|How do birds find their way south?|What makes bread rise?|Can you recommend a film for a rainy evening?|Why do cats purr?|Explain what a database is.|
What is a good breakfast?|Write two sentences about autumn.|How does a fridge work?|Which is better for the planet, a train or a plane?|What do astronauts eat?|Give me a tip for learning vocabulary.|
How do I remove a coffee stain?|What is the moon made of?|Why is exercise healthy?|How can I sleep better?""".replace("\n", "").split("|")
OWN_WORDS = [  # said and asked in words that no list of the training has
    ("Good to meet you, everyone at work knows me as Rosalind, and I repair clocks for a living.", [("So, how would you address me?", ["Rosalind"]), ("And my trade is?", ["clock"])]),
    ("I'm Thorvald, writing to you from a small flat in Ljubljana.", [("Which town is my flat in?", ["Ljubljana"]), ("What name did I give you?", ["Thorvald"])]),
    ("We've got three goats and the oldest one goes by Marzipan.", [("What do we call the oldest goat?", ["Marzipan"]), ("How many goats have we got?", ["three", "3"])]),
    ("The code for the front gate is 4471, don't lose it.", [("I'm at the gate, what do I type?", ["4471"])]),
    ("hey im siobhan, my flight to Lisbon is on thursday", [("whats my name", ["siobhan"]), ("when do i fly", ["thursday"])]),
    ("My grandmother Ottoline turns ninety in May.", [("What is my grandmother called?", ["Ottoline"]), ("In which month is her birthday?", ["May"])]),
    ("I can't eat walnuts, they make me ill.", [("Which nuts should I stay away from?", ["walnut"])]),
    ("My thesis is about lichens on old churches.", [("What is my thesis about?", ["lichen"])]),
    ("Between us: I have always preferred turquoise to every other colour.", [("Which colour would make me happy?", ["turquoise"])]),
    ("Our band is named Velvet Tractor and I play the tuba in it.", [("What is our band's name?", ["Velvet Tractor"]), ("What do I play in the band?", ["tuba"])]),
    ("The parcel I wait for has the tracking number ZX8841.", [("Which tracking number is mine?", ["ZX8841"])]),
    ("I parked on level 3, next to a red van.", [("Where did I park?", ["level 3"])]),
]


def two_facts(r: random.Random) -> dict:
    """Two facts in one turn, and a question about each."""
    facts = [NAME if r.random() < 0.4 else r.choice(KINDS), r.choice(KINDS)]
    while facts[0].about == facts[1].about:
        facts[1] = r.choice(KINDS)
    values = [value_of(r, fact, True) for fact in facts]
    return {"tell": " ".join(told(r, f, v, True) for f, v in zip(facts, values)), "asks": [{"ask": asked(r, f, True), "expect": [essence(v)]} for f, v in zip(facts, values)]}


def in_scenes(r: random.Random) -> list[dict]:
    """Scenes that are held out as a whole, told once, and two questions whose answers hold a value."""
    cases, held = [], scenes(True)
    for scene in r.sample(held, min(SCENES, len(held))):
        told_scene = Told(r, scene, True)
        asks = [{"ask": told_scene.filled(ask), "expect": values, "all": True} for ask, answer in scene.asks if (values := [told_scene.values[found[2] + found[3]] for found in SLOT.finditer(answer)])]
        if asks:
            cases.append({"tell": told_scene.tell(), "asks": r.sample(asks, min(2, len(asks)))})
    return cases


def correction(r: random.Random) -> dict:
    fact = r.choice([NAME, *KINDS])
    old, new = value_of(r, fact, True), value_of(r, fact, True)
    while new == old:
        new = value_of(r, fact)
    return {"turns": [told(r, fact, old, True), corrected(r, fact, new, old, True)], "ask": asked(r, fact, True), "expect": [new]}


def never_told(r: random.Random) -> dict:
    fact, other = r.sample([NAME, *KINDS], 2)
    return {"turns": [told(r, other, value_of(r, other, True), True)], "ask": asked(r, fact, True), "expect": ["not told", "not know", "don't know", "haven't told", "not mentioned", "didn't tell"]}


def put_to_use(r: random.Random) -> dict | None:
    facts = {f.about: f for f in [NAME, *r.sample(KINDS, 2)]}
    values = {about: value_of(r, fact, True) for about, fact in facts.items()}
    made = use(r, values)
    expect = [v for v in values.values() if made and v in made[1]]
    return {"turns": [" ".join(told(r, f, values[a], True) for a, f in facts.items())], "ask": made[0], "expect": expect, "all": True} if expect else None


def quotation(r: random.Random, filler) -> dict:
    while True:
        dialogue = quoted(r, filler, True)
        turns = dialogue.turns
        if [role for role, _, _ in turns[-3:]] == ["system", "user", "assistant"] and dialogue.asked_for:
            break
    return {"system": turns[-3][1], "ask": turns[-2][1], "expect": [essence(dialogue.asked_for)]}


def essence(value: str) -> str:
    """The value without its article: "in your fridge" is right for "the fridge"."""
    return ARTICLE.sub("", value)


def from_dialogue(dialogue) -> dict:
    """The last question of a document or a list."""
    messages = [{"role": role, "content": text} for role, text, _ in dialogue.turns]
    return {"messages": messages[:-1], "expect": [messages[-1]["content"].rstrip(".").split(" is ")[-1].split(" in ")[-1].split(" at ")[-1].split(" to ")[-1].split(" a ")[-1].split(" was ")[-1].split(" on ")[-1].split(" years")[0].split(" number ")[-1].split("colour ")[-1]]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path("training/data"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=1, help="as many cases of facts in chat, corrected, never told, used and quoted, to tell two packs apart")
    arguments = parser.parse_args()
    r, tokenizer = random.Random(arguments.seed), load_tokenizer(arguments.data / "teacher")
    filler = Filler(read(arguments.data / "chat"), read(arguments.data / "text"), True)
    text = Windows(arguments.data / "tokens", ["text"], 4096, "held")["text", 0]
    prose = [int(i) for i in text if i != END_OF_TEXT]
    vocabulary = [i for i in range(2000, 20000) if tokenizer.decode([i])[:1] == " " and tokenizer.decode([i])[1:].isalpha()]
    names = [n for n in FIRST if is_held(n)][:20]
    cases = {
        "recall": [two_facts(r) for _ in range(DIALOGUES * arguments.times)],
        "own words": [{"tell": tell, "asks": [{"ask": a, "expect": e} for a, e in asks]} for tell, asks in OWN_WORDS],
        "scenes": in_scenes(random.Random(arguments.seed)),
        "others": OTHERS,
        "corrected": [correction(r) for _ in range(16 * arguments.times)],
        "never told": [never_told(r) for _ in range(16 * arguments.times)],
        "used": [case for case in (put_to_use(r) for _ in range(60 * arguments.times)) if case][: 20 * arguments.times],
        "quoted": [quotation(r, filler) for _ in range(16 * arguments.times)],
        "document": [from_dialogue(document(r, filler.prose(r, 600), True)) for _ in range(12)],
        "list": [from_dialogue(listing(r, True)) for _ in range(12)],
        "copied": [tokenizer.decode([r.choice(vocabulary) for _ in range(25)]).strip() for _ in range(8)],
        "names": (MORE_NAMES[:8] + names)[:20],
        "openings": OPENINGS,
        "prose": {str(n): tokenizer.decode(prose[:n]).strip() for n in DISTANCES},
    }
    arguments.out.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
