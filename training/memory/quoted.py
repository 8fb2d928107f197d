"""Quoted memory: earlier turns that the server has found and puts into a system message before the question.

    Earlier in this conversation:
    - user: …
    - assistant: …

Right and irrelevant lines are mixed, the oldest first; where none is right the answer is that it was never told.
"""

import random

from training.memory.dialogues import drawn_kinds
from training.memory.facts import answered, asked, corrected, told, unknown, value_of
from training.memory.turns import PROVEN, Dialogue, system_turn, typed

HEAD = "Earlier in this conversation:"


def line(role: str, text: str) -> str:
    return f"- {role}: {' '.join(text.split())}"


def quoted(r: random.Random, filler, held: bool = False) -> Dialogue:
    """One or two questions, each with its own quotation; `filler(r)` gives (question, answer) of other talk."""
    dialogue = Dialogue(system_turn(r))
    if r.random() < 0.4:
        dialogue.add(*filler(r))
    for _ in range(r.choice([1, 1, 2])):
        facts = drawn_kinds(r, r.choice([1, 2, 2, 3, 5]), held)
        values = {fact.about: value_of(r, fact, held) for fact in facts}
        wanted, known = facts[0], r.random() > 0.15
        blocks = []
        for fact in facts:
            value = values[fact.about]
            if fact is wanted and not known:
                continue
            said = typed(r, told(r, fact, value, held), (value,))
            block = [line("user", said)]
            if r.random() < 0.5:
                block.append(line("assistant", r.choice(["Got it.", "Thank you for telling me.", "Noted.", "I will remember that.", answered(fact, value)])))
            blocks.append(block)
        for _ in range(r.choice([0, 1, 1, 2, 3])):
            question, answer = filler(r)
            blocks.append([line("user", question)[:200]] + ([line("assistant", answer)[:260]] if r.random() < 0.6 else []))
        r.shuffle(blocks)
        if known and r.random() < 0.12:
            newer = value_of(r, wanted, held)
            blocks.append([line("user", corrected(r, wanted, newer, values[wanted.about], held))])
            values[wanted.about] = newer
        if not blocks:
            blocks = [[line("user", "Hello")]]
        dialogue.turns.append(("system", HEAD + "\n" + "\n".join(text for block in blocks for text in block), 0.0))
        dialogue.add(typed(r, asked(r, wanted, held)), answered(wanted, values[wanted.about]) if known else unknown(r, wanted), PROVEN)
    return dialogue
