"""Dialogues in which facts are told, corrected, asked for and put to use, with other talk between."""

import random

from training.memory.everyday import everyday, fixed_questions, letters
from training.memory.facts import KINDS_AND_NAME, Kind, answered, asked, cased, corrected, told, unknown, value_of
from training.memory.greetings import small_talk
from training.memory.open_facts import near, open_kind
from training.memory.turns import POLITE, PROVEN, Dialogue, system_turn, typed
from training.memory.uses import use

FLUENT = 0.1  # the teacher's own answers, so that not all of them become short
HELLO = ["Hello!", "Hi!", "Hi there.", "Good morning.", "Hey.", "Hello,", "", "", ""]
NOTED = ["Thank you for telling me.", "Got it. I will remember that.", "Thank you, I will remember that.", "Good to know. How can I help you?", "Noted. What can I do for you?"]
PASSING = ["I had a long day.", "The bus was late again.", "It has been raining all week.", "Sorry for the many questions.", "I hope this is the right place to ask.", "My neighbour told me about you.",
           "I am writing from my phone.", "We had visitors on the weekend.", "I slept badly.", "Let me tell you something about me.", "Here are some things about me."]


def acknowledged(r: random.Random, facts: list[tuple[Kind, str]]) -> str:
    names = [value for fact, value in facts if fact.about == "your name"]
    others = [(fact, value) for fact, value in facts if fact.about != "your name"]
    said = " ".join(answered(fact, value) for fact, value in others)
    if names and r.random() < 0.8:
        return f"Nice to meet you, {names[0]}!" + (f" {said}" if others and r.random() < 0.5 else r.choice([" How can I help you today?", "", " What can I do for you?"]))
    if r.random() < 0.5:
        return "Got it. " + " ".join(answered(fact, value) for fact, value in facts)
    return r.choice(NOTED)


OPEN = 0.55  # of the facts told: those put together from families


def drawn_kinds(r: random.Random, count: int, held: bool) -> list[Kind]:
    """Different kinds, of both sorts."""
    kinds = [open_kind(r, held) if r.random() < OPEN else r.choice(KINDS_AND_NAME) for _ in range(count)]
    return list({kind.about: kind for kind in kinds}.values())


class Conversation:
    """One dialogue being written: what has been told so far, and what may come next."""

    def __init__(self, r: random.Random, filler, held: bool = False, prose=None, characters: int = 0, untold: float = 1):
        """`filler(r)` gives (question, answer) of other talk, `prose(r, n)` sentences of about n characters; the dialogue is to have `characters`.
        `untold`: how many of the questions about what was not told are asked."""
        self.r, self.filler, self.held, self.prose, self.wanted, self.untold = r, filler, held, prose, characters, untold
        self.dialogue = Dialogue(system_turn(r))
        self.told: dict[str, str] = {}
        self.kinds = {kind.about: kind for kind in KINDS_AND_NAME}

    def room(self) -> int:
        """Characters that are left of those wanted."""
        return self.wanted - self.dialogue.characters()

    def asked(self, question: str, answer: str) -> None:
        """A question that what was told answers. Now and then much text comes before it, in the same message or in one of its own."""
        if self.r.random() < 0.12 and self.prose and self.room() > 300:
            text = " ".join(self.prose(self.r, self.r.randrange(200, self.room())))
            if self.r.random() < 0.3:
                self.dialogue.turns.append(("user", text, 0.0))
            else:
                question = f"{text}\n\n{question}"
        self.dialogue.add(question, answer, PROVEN)

    def tell(self, kinds: list[Kind]) -> None:
        """One user turn that tells some facts, alone or in passing."""
        r = self.r
        facts = [(kind, value_of(r, kind, self.held)) for kind in kinds]
        said = [told(r, kind, value, self.held) for kind, value in facts]
        kept = tuple(value for _, value in facts)
        self.told |= {kind.about: value for kind, value in facts}
        self.kinds |= {kind.about: kind for kind in kinds}
        if r.random() < 0.25:
            said.insert(r.randrange(len(said) + 1), r.choice(PASSING))
        text = typed(r, (r.choice(HELLO) + " " + " ".join(said)).strip(), kept)
        if r.random() < 0.2:
            question, answer, weight = self.other()
            self.dialogue.add(f"{text} {question}", answer, weight)
        elif r.random() < 0.1:
            kind, value = r.choice(facts)
            self.dialogue.add(f"{text} {typed(r, asked(r, kind, self.held))}", answered(kind, value), PROVEN)
        else:
            self.dialogue.add(text, acknowledged(r, facts), POLITE)

    def correct(self) -> None:
        about = self.r.choice([a for a in self.told])
        kind, old = self.kinds[about], self.told[about]
        value = value_of(self.r, kind, self.held)
        if value == old:
            return
        self.told[about] = value
        said = typed(self.r, corrected(self.r, kind, value, old, self.held), (value, old))
        self.dialogue.add(said, self.r.choice(["Got it. " + answered(kind, value), "Thank you, I have noted that.", "All right. " + answered(kind, value)]), POLITE)

    def ask(self) -> None:
        """A question about what was told; now and then two at once."""
        r = self.r
        abouts = r.sample(list(self.told), min(len(self.told), r.choice([1, 1, 1, 1, 2])))
        questions = [typed(r, asked(r, self.kinds[a], self.held)) for a in abouts]
        answers = [answered(self.kinds[a], self.told[a]) for a in abouts]
        self.asked(" ".join(questions), " ".join(answers))

    def ask_all(self) -> None:
        """One question after the other, until all that was told has been asked for; some about what was not."""
        for about in self.r.sample(list(self.told), len(self.told)):
            if self.r.random() < 0.17:
                self.ask_untold()
            self.dialogue.add(typed(self.r, asked(self.r, self.kinds[about], self.held)), answered(self.kinds[about], self.told[about]), PROVEN)

    def ask_untold(self) -> None:
        """A question about what was not told, often one that is easily taken for what was."""
        r, known = self.r, set(self.told)
        if self.untold < 1 and r.random() > self.untold:
            return
        if "the code word" in known:
            known.add("the password")
        told_one = self.kinds[r.choice(list(known & set(self.kinds)))] if self.told else None
        while True:
            kind = (told_one and r.random() < 0.6 and near(r, told_one, self.held)) or drawn_kinds(r, 1, self.held)[0]
            if kind.about not in known:
                break
        self.dialogue.add(typed(r, asked(r, kind, self.held)), unknown(r, kind), PROVEN)

    def use(self) -> None:
        made = use(self.r, self.told, self.kinds)
        if made:
            self.dialogue.add(typed(self.r, made[0], tuple(self.told.values())) if "\n" not in made[0] else made[0], made[1], PROVEN)

    def other(self) -> tuple[str, str, float]:
        """Other talk: an everyday question and small talk are learnt, and a little of how the teacher answers."""
        choice = self.r.random()
        if choice < 0.3:
            question, answer = everyday(self.r)
            return typed(self.r, question), answer, PROVEN
        if choice < 0.4:
            return *small_talk(self.r), POLITE
        return *self.filler(self.r), FLUENT

    def between(self) -> None:
        self.dialogue.add(*self.other())


def memory_dialogue(r: random.Random, filler, characters: int, held: bool = False, prose=None, untold: float = 1) -> Dialogue:
    """A dialogue of about so many characters."""
    c = Conversation(r, filler, held, prose, characters, untold)
    if r.random() < 0.15:
        c.dialogue.add(*small_talk(r, opening=True), POLITE)
    if r.random() < 0.12:
        c.ask_untold()
    pending = drawn_kinds(r, r.choice([1, 2, 3, 4, 6, 8]), held)
    quiet = r.random() < (0.25 if characters < 2400 else 0.55)  # all is told at once, then much other talk, then the questions
    while c.dialogue.characters() < characters:
        choice = r.random()
        if pending and (not c.told or choice < 0.35):
            count = min(len(pending), r.choice([1, 1, 2, 3]))
            c.tell([pending.pop() for _ in range(count)])
        elif quiet and c.dialogue.characters() < 0.6 * characters and choice < 0.8:
            c.between()
        elif choice < 0.52:
            c.ask()
        elif choice < 0.74:
            c.use()
        elif choice < 0.83:
            c.correct()
        elif choice < 0.91:
            c.ask_untold()
        else:
            c.between()
    c.ask_all()
    return c.dialogue


def talk(r: random.Random, characters: int) -> Dialogue:
    """Openings and everyday questions, one after the other."""
    dialogue = Dialogue(system_turn(r))
    while dialogue.characters() < characters or len(dialogue.turns) < 3:
        if r.random() < (0.6 if len(dialogue.turns) < 2 else 0.2):
            dialogue.add(*small_talk(r), PROVEN)
        else:
            question, answer = everyday(r)
            dialogue.add(typed(r, question), answer, PROVEN)
    return dialogue


def is_fixed(dialogue: Dialogue) -> bool:
    """Whether one of the evaluation's fixed questions is among the user's turns."""
    return any(role == "user" and letters(text) in fixed_questions() for role, text, _ in dialogue.turns)


__all__ = ["Conversation", "cased", "is_fixed", "memory_dialogue", "talk"]
