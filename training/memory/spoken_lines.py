"""Lines that people say of themselves (`asked_lines.py`) told in the dialogue itself, with other talk between, then asked about in other words."""

import random

from training.memory.asked_lines import UNTOLD_ANSWERS, Collection, Question, drawn_collection
from training.memory.dialogues import NOTED
from training.memory.recalled import restated
from training.memory.turns import POLITE, PROVEN, Dialogue, system_turn, typed

TOLD = [1, 2, 2, 3, 3, 4]
UNTOLD = 0.25  # of the questions: nothing told answers them


def spoken(r: random.Random, collections: list[Collection], filler, characters: int) -> Dialogue:
    """Of about so many characters; `filler(r)` gives (question, answer) of other talk."""
    dialogue, told = Dialogue(system_turn(r)), []
    for left in range(r.choice(TOLD), 0, -1):
        own = drawn_collection(r, collections)
        sentence = r.choice(own.sentences)
        if any(sentence == other for _, other in told):
            continue
        told.append((own, sentence))
        dialogue.add(sentence.removesuffix(".") if r.random() < 0.15 else sentence, r.choice(NOTED), POLITE if restated(sentence) else 0.0)
        spent = dialogue.characters()
        while spent < characters and r.random() < 1 - 1 / (1 + (characters - spent) / 250 / left):
            dialogue.add(*filler(r))
            spent = dialogue.characters()
    asked = [(one, one.answered(r)) for own, sentence in told for one in r.sample(own.about[sentence], min(2, len(own.about[sentence])))]
    r.shuffle(asked)
    for one, answer in asked:
        if r.random() < UNTOLD and (other := not_told(r, told, collections)):
            dialogue.add(typed(r, other.question), r.choice(UNTOLD_ANSWERS), PROVEN)
        dialogue.add(typed(r, one.question), answer, PROVEN)
    return dialogue


def not_told(r: random.Random, told: list[tuple[Collection, str]], collections: list[Collection]) -> Question | None:
    """A question that one of the lines comes near, where one does; else about a line that was not told, or None where the one drawn was."""
    near = [one for own, sentence in told for one in own.near.get(sentence, [])]
    if near and r.random() < 0.6:
        return r.choice(near)
    one = r.choice(collections).drawn(r)
    return None if any(sentence == one.sentence for _, sentence in told) else one
