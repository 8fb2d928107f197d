"""Questions in quite other words than the quoted line that answers them, which stands among others.

`asked/` has lines that people might say of themselves, each with questions about it: `line | question = answer | …`, and after `= ?` nothing,
where the line comes near an answer and has none; after `+` a line is about the same kind of thing as the one before. `training/told/en.txt` has more
of them without answers, `line | question | …`: there the line is said back. Other collections of questions about single sentences can be asked
beside them (`qamr.py`).
"""

import hashlib
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from training.memory.quoted import line, quotation
from training.memory.recalled import NOTED, Lines, restated, scene_answer
from training.memory.scenes import CONTENT, Told, drawn_scenes
from training.memory.turns import PROVEN, Dialogue, system_turn, typed

OWN = Path(__file__).with_name("asked")
TOLD = Path(__file__).parents[1] / "told" / "en.txt"
HELD_SHARE = 0.08  # of the documents
UNTOLD = 0.3  # of the questions: no line answers them
NEAR = 0.6  # of those: a line comes near it, where there is one that does
UNTOLD_ANSWERS = ("You have not told me that yet.", "You have not told me that.")
LINES = {1: 0.15, 2: 0.3, 3: 0.3, 4: 0.25}
SAME, SHARED = 0.45, 0.35  # of the other lines: of the same document, with a word of the question
MORE = 0.6  # of the other lines: they are asked about as well
TWO = 0.5  # of the lines: they are two sentences


@dataclass(frozen=True)
class Question:
    sentence: str
    document: str  # what is near: sentences of the same one
    question: str
    answer: str  # what the sentence must hold and no other line
    said: str  # the answer as it is given
    clause: str | None = None  # the question as a part of a sentence, where it has the same words

    def is_answered(self) -> bool:
        return self.said != ""

    def is_other(self) -> bool:
        """Whether a third of its words, or more, are not the sentence's."""
        words = stems(self.question)
        return len(words - stems(self.sentence)) * 3 >= max(1, len(words))

    def answered(self, r: random.Random) -> str:
        """In half of the cases the whole line said back: then what is asked for is copied as it stands, without a capital of its own."""
        return (r.random() < 0.5 and restated(self.sentence)) or self.said

    def untold(self, r: random.Random) -> str:
        """As said of facts that were not told."""
        return f"You have not told me {self.clause}." if self.clause and r.random() < 0.6 else r.choice(UNTOLD_ANSWERS)


def stems(text: str) -> set[str]:
    return {word[:5] for word in CONTENT.findall(text.lower())}


def is_held(document: str) -> bool:
    return int(hashlib.sha256(document.encode()).hexdigest()[:8], 16) / 16**8 < HELD_SHARE


def rows_of(path: Path) -> list[list[str]]:
    """The parts of each line: what is said, then what is asked."""
    return [[part.strip() for part in row.split(" | ")] for row in filter(None, path.read_text().splitlines())]


def own_questions(folder: Path = OWN) -> list[Question]:
    return [question for path in sorted(folder.glob("*.txt")) for question in questions_of(path)]


def questions_of(path: Path) -> list[Question]:
    questions, document = [], ""
    for row, *asked in rows_of(path):
        sentence = row.removeprefix("+ ")
        document = document if row.startswith("+ ") else sentence
        for pair in asked:
            question, found, answer = (part.strip() for part in pair.partition(" = "))
            if not found:
                raise ValueError(f"{path.name}: expected `question = answer`, got {pair!r}")
            answer = "" if answer == "?" else answer
            questions.append(Question(sentence, document, question, answer, answer))
    return questions


def told_questions(path: Path = TOLD) -> list[Question]:
    """Of lines that can be said back by other pronouns; the others are left out."""
    questions = []
    for sentence, *asked in rows_of(path):
        if said := restated(sentence):
            questions += [Question(sentence, sentence, question, sentence.rstrip(".!"), said) for question in asked]
    return questions


class Collection:
    """Questions about sentences, of one split, with other sentences of the same documents. `share`: how often they are asked, beside other collections.
    `about` has the questions that a sentence answers, `near` those that it only comes near."""

    def __init__(self, questions: list[Question], sentences: list[tuple[str, str]] = (), held: bool = False, share: float = 1):
        self.share = share
        self.of_document, self.with_stem = defaultdict(list), defaultdict(list)
        self.about, self.near = defaultdict(list), defaultdict(list)
        for one in questions:
            if is_held(one.document) == held:
                (self.about if one.is_answered() else self.near)[one.sentence].append(one)
        for document, text in dict.fromkeys([*sentences, *((one.document, one.sentence) for one in questions)]):
            if is_held(document) == held:
                self.of_document[document].append(text)
                for stem in stems(text):
                    self.with_stem[stem].append(text)
        if not self.about:
            raise ValueError(f"asked_lines: expected questions of both splits, got {len(questions)}, none of {'held' if held else 'train'}")
        self.sentences, self.almost, self.every = list(self.about), list(self.near), [text for texts in self.of_document.values() for text in texts]

    def drawn(self, r: random.Random) -> Question:
        """Mostly one of other words than the sentence's."""
        questions = self.about[r.choice(self.sentences)]
        others = [one for one in questions if one.is_other()]
        return r.choice(others if others and r.random() < 0.8 else questions)

    def drawn_near(self, r: random.Random) -> Question:
        return r.choice(self.near[r.choice(self.almost)])

    def beside(self, r: random.Random, one: Question) -> str:
        """A sentence: of the same document, one that shares a word with the question, or any."""
        choice, near = r.random(), None
        if choice < SAME:
            near = [text for text in self.of_document.get(one.document, []) if text != one.sentence]
        if choice < SAME + SHARED and not near and (known := sorted(stems(one.question) & self.with_stem.keys())):
            near = self.with_stem[r.choice(known)]
        return r.choice(near or self.every)


def drawn_collection(r: random.Random, collections: list[Collection]) -> Collection:
    return r.choices(collections, [collection.share for collection in collections])[0]


class AskedLines:
    """Calling it gives a dialogue of quotations and questions about them."""

    def __init__(self, collections: list[Collection], held: bool = False):
        self.collections, self.held = collections, held

    def __call__(self, r: random.Random, filler, characters: int = 500) -> Dialogue:
        """Ends once it has so many; `filler(r)` gives (question, answer) of other talk."""
        dialogue = Dialogue(system_turn(r))
        if r.random() < 0.15:
            dialogue.add(*filler(r))
        while True:
            self.add_quotation(r, dialogue, filler)
            if dialogue.characters() > characters:
                return dialogue

    def told(self, r: random.Random) -> tuple[str, str]:
        """One of the lines said in the dialogue itself, where it is in the way of what is quoted."""
        return typed(r, r.choice(self.collections[0].every)), r.choice(NOTED)

    def beside(self, r: random.Random, one: Question, own: Collection, taken: list[str]) -> str | None:
        """Another line, without the answer; None where the one that was drawn does not do."""
        text = (own if r.random() < 0.85 else r.choice(self.collections)).beside(r, one)
        return None if text == one.sentence or text in taken or (one.is_answered() and one.answer.lower() in text.lower()) else text

    def add_quotation(self, r: random.Random, dialogue: Dialogue, filler) -> None:
        """Lines and a question about one of them, then questions about some of the others; or a question that none answers."""
        own = drawn_collection(r, self.collections)
        wanted, count, known = own.drawn(r), r.choices(list(LINES), LINES.values())[0], r.random() > UNTOLD
        is_near = not known and own.almost and r.random() < NEAR
        if is_near:
            wanted = own.drawn_near(r)
        texts, pairs, lines = [wanted.sentence] if known or is_near else [], [], Lines(r, filler)
        for _ in range(3 * count):
            if len(texts) < count and (text := self.beside(r, wanted, own, texts)):
                texts.append(text)
        if r.random() < 0.25 and len(texts) > 1:  # a scene's telling in place of one of them
            one = Told(r, drawn_scenes(r, 1, self.held)[0], self.held)
            tell = one.filled(min(r.choices(one.scene.tells, k=2), key=len))
            texts[-1] = typed(r, tell, one.kept())
            pairs.append(scene_answer(r, one, tell))
        asked = [r.choice(collection.about[text]) for collection in self.collections for text in texts if text in collection.about and (is_near or text != wanted.sentence)]
        pairs += [(one.question, one.answered(r)) for one in asked if r.random() < MORE and not any(one.answer in text for text in texts if text != one.sentence)]
        r.shuffle(pairs)
        while texts:
            text = texts.pop()
            if r.random() < TWO and texts:
                text = f"{text} {texts.pop()}"
            lines.all.append(line("assistant" if r.random() < 0.08 else "user", text))
        if r.random() < 0.15 or not lines.all:
            lines.add_other()
        dialogue.turns.append(quotation(lines.shuffled()))
        for question, answer in [(wanted.question, wanted.answered(r) if known else wanted.untold(r)), *pairs]:
            dialogue.add(typed(r, question), answer, PROVEN)


__all__ = ["OWN", "AskedLines", "Collection", "Question", "drawn_collection", "own_questions", "questions_of", "rows_of", "told_questions"]
