"""Dialogues about scenes: told among other talk, asked in quite different words, corrected, put to use, and asked for what was not told."""

import random

from training.memory.dialogues import HELLO, NOTED, PASSING, Conversation
from training.memory.greetings import small_talk
from training.memory.quoted import line, other_lines, quotation
from training.memory.scenes import CONTENT, Scene, Told, drawn_scenes
from training.memory.turns import POLITE, PROVEN, Dialogue, system_turn, typed


class SceneTalk(Conversation):
    """A dialogue that tells scenes in place of single facts."""

    def __init__(self, *of, **named):
        super().__init__(*of, **named)
        self.scenes: list[Told] = []

    def tell_scenes(self, scenes: list[Scene]) -> None:
        r = self.r
        new = [Told(r, scene, self.held) for scene in scenes]
        self.scenes += new
        said = [typed(r, one.tell(), one.kept()) for one in new]
        if r.random() < 0.15:
            said.insert(r.randrange(len(said) + 1), r.choice(PASSING))
        text = ((r.choice(HELLO) + " ") if r.random() < 0.3 else "") + " ".join(said)
        if r.random() < 0.2:
            question, answer, weight = self.other()
            self.dialogue.add(f"{text.strip()} {question}", answer, weight)
        elif r.random() < 0.12:
            ask, answer = new[0].pair(new[0].scene.asks)
            self.dialogue.add(f"{text.strip()} {typed(r, ask)}", answer, PROVEN)
        elif r.random() < 0.45:
            self.dialogue.add(text.strip(), "Got it. " + " ".join(self.some_answer(one) for one in new), 0.6)
        else:
            self.dialogue.add(text.strip(), r.choice(NOTED), POLITE)

    def some_answer(self, told: Told) -> str:
        """An answer that says what was told: one with a value in it, where there is one."""
        answers = [told.said(answer) for _, answer in told.scene.asks]
        full = [answer for answer in answers if any(value in answer for value in told.kept()) and not answer.lower().startswith(("yes", "no,"))]
        return self.r.choice(full or answers)

    def ask_scene(self, told: Told) -> None:
        ask, answer = told.pair(told.scene.asks)
        self.asked(typed(self.r, ask, told.kept()), answer)

    def use_scene(self, told: Told) -> None:
        if told.scene.uses:
            request, result = told.pair(told.scene.uses)
            self.dialogue.add(typed(self.r, request, told.kept()), result, PROVEN)

    def correct_scene(self, told: Told) -> None:
        if told.scene.corrections:
            said = told.correct()
            self.dialogue.add(typed(self.r, said, told.kept()), self.r.choice(["Got it. " + self.some_answer(told), "Thank you, I have noted that.", "All right, I have changed that."]), POLITE)
            if self.r.random() < 0.7:
                self.ask_scene(told)

    def ask_unknown(self, told: Told) -> None:
        """Only what no other scene of the dialogue could have told."""
        if told.scene.unknown and (self.untold == 1 or self.r.random() < self.untold):
            question, answer = told.pair(told.scene.unknown)
            words = set(CONTENT.findall(question.lower()))
            if not any(words & other.scene.matters for other in self.scenes if other is not told):
                self.dialogue.add(typed(self.r, question, told.kept()), answer, PROVEN)


def scene_dialogue(r: random.Random, filler, characters: int, held: bool = False, prose=None, untold: float = 1) -> Dialogue:
    """A dialogue of about so many characters."""
    c = SceneTalk(r, filler, held, prose, characters, untold)
    if r.random() < 0.12:
        c.dialogue.add(*small_talk(r, opening=True), POLITE)
    pending = drawn_scenes(r, r.choice([1, 1, 2, 3, 4] if characters < 2400 else [2, 3, 4, 6]), held)
    quiet = r.random() < (0.3 if characters < 2400 else 0.6)  # all is told at once, then much other talk, then the questions
    while c.dialogue.characters() < characters:
        choice = r.random()
        if pending and (not c.scenes or choice < 0.35):
            c.tell_scenes([pending.pop() for _ in range(min(len(pending), r.choice([1, 1, 2])))])
        elif quiet and c.dialogue.characters() < 0.6 * characters and choice < 0.8:
            c.between()
        elif choice < 0.57:
            c.ask_scene(r.choice(c.scenes))
        elif choice < 0.69:
            c.use_scene(r.choice(c.scenes))
        elif choice < 0.76:
            c.correct_scene(r.choice(c.scenes))
        elif choice < 0.84:
            c.ask_unknown(r.choice(c.scenes))
        else:
            c.between()
    for told in r.sample(c.scenes, len(c.scenes)):
        if r.random() < 0.14:
            c.ask_unknown(r.choice(c.scenes))
        c.ask_scene(told)
    return c.dialogue


def quoted_scene(r: random.Random, filler, held: bool = False) -> Dialogue:
    """As `quoted`: lines that the server has found, right and irrelevant ones mixed, before the question."""
    dialogue = Dialogue(system_turn(r))
    if r.random() < 0.4:
        dialogue.add(*filler(r))
    told = [Told(r, scene, held) for scene in drawn_scenes(r, r.choice([1, 2, 3, 4]), held)]
    wanted, known = told[0], r.random() > 0.15
    blocks = []
    for one in told:
        if one is wanted and not known:
            continue
        block = [line("user", typed(r, one.tell(), one.kept()))]
        if r.random() < 0.4:
            block.append(line("assistant", r.choice(["Got it.", "Thank you for telling me.", "Noted.", one.said(r.choice(one.scene.asks)[1])])))
        blocks.append(block)
    blocks += other_lines(r, filler, r.choice([0, 1, 1, 2]))
    r.shuffle(blocks)
    if known and wanted.scene.corrections and r.random() < 0.3:
        blocks.append([line("user", wanted.correct())])
    if not known and not wanted.scene.unknown:
        known, blocks = True, [*blocks, [line("user", wanted.tell())]]
    question, answer = wanted.pair(wanted.scene.asks) if known else wanted.pair(wanted.scene.unknown)
    if not known and any(set(CONTENT.findall(question.lower())) & one.scene.matters for one in told[1:]):
        return quoted_scene(r, filler, held)
    dialogue.turns.append(quotation(blocks))
    dialogue.add(typed(r, question, wanted.kept()), answer, PROVEN)
    if known and r.random() < 0.4:
        dialogue.add(*wanted.pair(wanted.scene.asks), PROVEN)
    return dialogue


__all__ = ["SceneTalk", "quoted_scene", "scene_dialogue"]
