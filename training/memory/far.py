"""Dialogues in which some things are told, other talk goes on for many turns, and the first question about them comes only then.

`dialogues.py` asks soon after the telling, or many times in a row at the end, where an answer before shows that this dialogue is about what was told.
Here every question stands behind talk, and a third of them is about what nobody told: nothing but the telling itself says which it is.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from training.memory.asked_lines import UNTOLD_ANSWERS, Collection, drawn_collection
from training.memory.dialogues import Conversation, acknowledged, drawn_kinds
from training.memory.facts import Kind, answered, asked, told, unknown, value_of
from training.memory.open_facts import near
from training.memory.spoken_lines import not_told
from training.memory.turns import POLITE, PROVEN, Dialogue, typed

TURNS = (5, 14)  # of other talk between a telling and the first question about it
BETWEEN = [1, 1, 1, 2, 3]  # turns of other talk between two questions
CUT = 190  # characters: where a reply to other talk ends, in half of the cases in the middle of a sentence, as a bound of tokens cuts it
TOLD = [1, 1, 2, 2, 3]  # messages that tell something before the talk
LINES = 0.3  # of what is told: lines of people's lives, asked about in other words
UNTOLD = 0.33  # of the questions


@dataclass
class Pending:
    """Something told and not yet asked for: `ask` gives a question and its answer, `other` one that nothing told answers, where there is one."""

    ask: Callable[[], tuple[str, str]]
    other: Callable[[], tuple[str, str] | None]


class FarDialogue:
    def __init__(self, r: random.Random, collections: list[Collection], filler, characters: int, held: bool):
        self.r, self.collections, self.characters, self.held = r, collections, characters, held
        self.talk = Conversation(r, filler, held)
        self.told: list[tuple[Collection, str]] = []

    def made(self) -> Dialogue:
        dialogue = self.talk.dialogue
        while dialogue.characters() < self.characters:
            pending = [one for _ in range(self.r.choice(TOLD)) for one in (self.tell_line() if self.r.random() < LINES else self.tell_facts())]
            for _ in range(self.r.randint(*TURNS)):
                self.between()
            for one in self.r.sample(pending, len(pending)):
                if self.r.random() < UNTOLD and (other := one.other()):
                    dialogue.add(*other, PROVEN)
                    self.pause()
                dialogue.add(*one.ask(), PROVEN)
                self.pause()
        return dialogue

    def between(self) -> None:
        question, answer, _ = self.talk.other()
        if len(answer) > CUT:
            answer = answer[: self.r.randint(CUT // 2, CUT)].rsplit(" ", 1)[0] if self.r.random() < 0.5 else answer[:CUT].rpartition(". ")[0] + "."
        if len(answer) > 1:
            self.talk.dialogue.add(question, answer)

    def pause(self) -> None:
        for _ in range(self.r.choice(BETWEEN)):
            self.between()

    def tell_facts(self) -> list[Pending]:
        r = self.r
        kinds = [kind for kind in drawn_kinds(r, r.choice([1, 2, 2, 3]), self.held) if kind.about not in self.talk.told]
        facts = [(kind, value_of(r, kind, self.held)) for kind in kinds]
        if facts:
            self.talk.told |= {kind.about: value for kind, value in facts}
            said = " ".join(told(r, kind, value, self.held) for kind, value in facts)
            self.talk.dialogue.add(typed(r, said, tuple(value for _, value in facts)), acknowledged(r, facts), POLITE)
        return [Pending(lambda kind=kind, value=value: (typed(r, asked(r, kind, self.held)), answered(kind, value)), lambda kind=kind: self.untold(kind)) for kind, value in facts]

    def untold(self, about: Kind) -> tuple[str, str] | None:
        r = self.r
        kind = (r.random() < 0.5 and near(r, about, self.held)) or drawn_kinds(r, 1, self.held)[0]
        known = set(self.talk.told) | ({"the password"} if "the code word" in self.talk.told else set())
        return None if kind.about in known else (typed(r, asked(r, kind, self.held)), unknown(r, kind))

    def tell_line(self) -> list[Pending]:
        r, own = self.r, drawn_collection(self.r, self.collections)
        sentence = r.choice(own.sentences)
        if any(sentence == other for _, other in self.told):
            return []
        self.told.append((own, sentence))
        self.talk.dialogue.add(sentence, r.choice(["Got it.", "Thank you for telling me.", "Noted. What can I do for you?", "Good to know."]))

        def ask() -> tuple[str, str]:
            one = r.choice(own.about[sentence])
            return typed(r, one.question), one.answered(r)

        def other() -> tuple[str, str] | None:
            one = not_told(r, self.told, self.collections)
            return one and (typed(r, one.question), r.choice(UNTOLD_ANSWERS))

        return [Pending(ask, other)]


def far(r: random.Random, collections: list[Collection], filler, characters: int, held: bool) -> Dialogue:
    """Of about so many characters; `filler(r)` gives (question, answer) of other talk."""
    return FarDialogue(r, collections, filler, characters, held).made()
