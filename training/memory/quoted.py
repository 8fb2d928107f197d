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


def other_lines(r: random.Random, filler, count: int) -> list[list[str]]:
    """Lines of talk about something else: of each exchange what the user said, and mostly the answer too."""
    blocks = []
    for _ in range(count):
        question, answer = filler(r)
        blocks.append([line("user", question)[:200]] + ([line("assistant", answer)[:260]] if r.random() < 0.6 else []))
    return blocks


def quotation(blocks: list[list[str]]) -> tuple[str, str, float]:
    """The system turn that quotes these lines; nothing is learnt from it."""
    lines = [text for block in blocks for text in block] or [line("user", "Hello")]
    return ("system", HEAD + "\n" + "\n".join(lines), 0.0)


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
        blocks += other_lines(r, filler, r.choice([0, 1, 1, 2, 3]))
        r.shuffle(blocks)
        if known and r.random() < 0.12:
            newer = value_of(r, wanted, held)
            blocks.append([line("user", corrected(r, wanted, newer, values[wanted.about], held))])
            values[wanted.about] = newer
        dialogue.turns.append(quotation(blocks))
        dialogue.add(typed(r, asked(r, wanted, held)), answered(wanted, values[wanted.about]) if known else unknown(r, wanted), PROVEN)
        dialogue.asked_for = values[wanted.about] if known else ""
    return dialogue
