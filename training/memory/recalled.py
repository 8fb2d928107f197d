"""Quoted memory as recall finds it in a long conversation, where the right line is hard to read.

A line is a passage: one sentence or two, which may have nothing to do with each other or be in another language. Beside it stand lines about the same kind
of thing of somebody else, and what is asked is said in other words. What was told anew a moment ago, in the dialogue itself, counts more than an older line.
"""

import random
import re

from training.memory.dialogues import PASSING, drawn_kinds
from training.memory.facts import BEFORE_CORRECTION, answered, asked, corrected, told, unknown, value_of
from training.memory.open_facts import near
from training.memory.quoted import line, quotation
from training.memory.scenes import CONTENT, Told, drawn_scenes
from training.memory.turns import POLITE, PROVEN, Dialogue, system_turn, typed
from training.memory.values import FIRST, drawn, pool

SENTENCE = re.compile(r"(?<=[.!?])\s+")
FIRST_PERSON = re.compile(r"\b(I|me|mine|we|us|our|ours|myself|ourselves)\b", re.I)
MY = re.compile(r"\b[Mm]y\b")
OWNERS = ["My neighbour's", "My uncle's", "My colleague's", "Our teacher's", "My old friend's", "The caretaker's", "My cousin's", "My flatmate's", "My aunt's", "The doctor's"]
NOTED = ["Got it.", "Noted.", "Thank you for telling me.", "All right, I have changed that.", "Good to know."]
TAKEN_BACK = [text for text in BEFORE_CORRECTION.split("|") if "{old}" not in text]
FOREIGN = [
    "Meine Schwiegereltern kommen am Sonntag zum Kaffee.", "Im Garten blühen schon die ersten Tulpen.", "Der Fahrstuhl in unserem Haus ist wieder defekt.", "Ich habe gestern einen alten Schulfreund getroffen.",
    "Unsere Tochter spielt seit zwei Jahren Posaune.", "Am liebsten esse ich Kartoffelsuppe.", "Das Fahrrad steht im Schuppen.", "Wir heizen mit Holz.", "Mein Kollege zieht nach Bremen.", "Der Kurs beginnt um neun Uhr.",
    "Nächste Woche lassen wir das Dach reparieren.", "Mein Hund heißt Bruno.", "Ich muss noch den Koffer packen.", "Die Nachbarn haben ein neues Auto gekauft.", "我妹妹在学画画。", "昨天晚上下了大雨。", "我们家有两只猫。", "他明天去上海出差。",
    "我喜欢喝绿茶。", "这条路正在修。", "我的邻居会拉二胡。", "图书馆周一不开门。", "妈妈做的饺子最好吃。", "我把伞忘在车上了。", "Ma sœur habite à Lyon.", "Nous partons samedi matin.", "Mi hermano trabaja en un hospital.", "Ayer compramos una mesa nueva.",
]  # fmt: skip
SPOKEN_TO = {
    "i am": "you are", "i'm": "you're", "i was": "you were", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are",
    "we're": "you're", "we've": "you've", "we'd": "you'd", "we'll": "you'll", "we": "you", "us": "you", "our": "your", "ours": "yours", "ourselves": "yourselves",
}  # fmt: skip
SPEAKER = re.compile(r"\b(" + "|".join(map(re.escape, SPOKEN_TO)) + r")\b(?!')", re.I)


def restated(sentence: str) -> str | None:
    """What the user said of himself, said to him; None where that takes more than other pronouns."""
    if re.search(r"\b(you|your|please|let's)\b|[:?;…(=+]", sentence, re.I) or not sentence[:1].isupper() or not SPEAKER.search(sentence) or not 8 < len(sentence) < 110:
        return None
    text = SPEAKER.sub(lambda found: SPOKEN_TO[found[0].lower()], sentence.strip())
    return text[:1].upper() + text[1:].rstrip(".!") + "."


def full_answer(one: Told, tell: str, answer: str) -> str | None:
    """The sentence of the telling that holds what is asked for, said to the user, where it holds nothing else."""
    values = [value for value in one.kept() if value in answer]
    if len(values) != 1 or answer.lower().startswith(("yes", "no,", "no ")):
        return None
    sentences = [sentence for sentence in SENTENCE.split(tell) if values[0] in sentence]
    if len(sentences) != 1 or sum(value in sentences[0] for value in one.kept()) != 1:
        return None
    said = restated(sentences[0])
    return said if said and values[0] in said else None


def of_another(r: random.Random, one: Told, held: bool) -> str | None:
    """The same kind of thing, told of somebody else; None where the telling does not lend itself to it."""
    other = Told(r, one.scene, held)
    tell = other.tell()
    if len(MY.findall(tell)) != 1 or FIRST_PERSON.search(tell) or len(tell) > 140 or set(other.kept()) & set(one.kept()):
        return None
    owner = r.choice(OWNERS) if r.random() < 0.6 else drawn(pool(FIRST), r, held) + "'s"
    return MY.sub(owner if tell.startswith("My") else owner.replace("My", "my").replace("The", "the").replace("Our", "our"), tell)


class Lines:
    """The passages of one quotation, each of one sentence or more."""

    def __init__(self, r: random.Random, filler):
        self.r, self.filler, self.all = r, filler, []

    def beside(self) -> str:
        """A sentence that has nothing to do with it."""
        choice = self.r.random()
        if choice < 0.45:
            return self.r.choice(FOREIGN)
        if choice < 0.6:
            return self.r.choice(PASSING)
        return SENTENCE.split(self.filler(self.r)[0])[0][:120]

    def add(self, text: str, alone: float = 0.55) -> None:
        if self.r.random() > alone:
            text = f"{text} {self.beside()}" if self.r.random() < 0.5 else f"{self.beside()} {text}"
        self.all.append(line("user", text))

    def add_other(self) -> None:
        if self.r.random() < 0.25:
            self.all.append(line("assistant", SENTENCE.split(self.filler(self.r)[1])[0][:160]))
        else:
            self.all.append(line("user", self.beside()))

    def shuffled(self, newer: str | None = None) -> list[list[str]]:
        """In any order, but for a line that takes one of them back: it comes last."""
        self.r.shuffle(self.all)
        if newer is not None:
            self.add(newer)
        return [self.all]


def scene_answer(r: random.Random, one: Told, tell: str) -> tuple[str, str]:
    """A question about what was told; half of the answers are the telling's own sentence, where it holds the answer and nothing else."""
    question, answer = one.pair(one.scene.asks)
    return typed(r, question, one.kept()), (r.random() < 0.5 and full_answer(one, tell, answer)) or answer


def scene_question(r: random.Random, dialogue: Dialogue, filler, held: bool) -> None:
    told_ones = [Told(r, scene, held) for scene in drawn_scenes(r, r.choice([1, 2, 2, 3, 4]), held)]
    wanted, lines, newer = told_ones[0], Lines(r, filler), None
    wordings = {one: min(r.choices(one.scene.tells, k=2), key=len) for one in told_ones}
    tells = {one: one.filled(wording) for one, wording in wordings.items()}
    choice = r.random()
    if choice < 0.12 and wanted.scene.unknown:
        question, answer = wanted.pair(wanted.scene.unknown)
        words = set(CONTENT.findall(question.lower()))
        told_ones = [one for one in told_ones if one is wanted or not words & one.scene.matters]
    elif choice < 0.32:
        if wanted.scene.corrections and r.random() < 0.5:
            newer = wanted.correct()
        else:
            wanted.renew()
            newer = r.choice(TAKEN_BACK) + wanted.filled(wordings[wanted])
        question, answer = scene_answer(r, wanted, newer)
        if r.random() < 0.4:  # said a moment ago, so that it is in sight and not quoted
            dialogue.add(typed(r, newer, wanted.kept()), r.choice(NOTED), POLITE)
            newer = None
            if r.random() < 0.5:
                dialogue.add(*filler(r))
    else:
        question, answer = scene_answer(r, wanted, tells[wanted])
    for one in told_ones:
        lines.add(typed(r, tells[one], one.kept()))
    if r.random() < 0.6 and (another := of_another(r, wanted, held)):
        lines.add(another)
    for _ in range(r.choice([0, 0, 1, 2])):
        lines.add_other()
    dialogue.turns.append(quotation(lines.shuffled(newer)))
    dialogue.add(question, answer, PROVEN)
    # What was quoted stays in sight, so other lines of it can be asked for as well.
    for one in r.sample(told_ones[1:], len(told_ones) - 1):
        if r.random() < 0.7:
            dialogue.add(*scene_answer(r, one, tells[one]), PROVEN)


def fact_question(r: random.Random, dialogue: Dialogue, filler, held: bool) -> None:
    facts = drawn_kinds(r, r.choice([1, 2, 3, 4]), held)
    wanted, lines = facts[0], Lines(r, filler)
    like = near(r, wanted, held) if r.random() < 0.7 else None
    if like and all(like.about != fact.about for fact in facts):
        facts.append(like)
    values = {fact.about: value_of(r, fact, held) for fact in facts}
    known = r.random() > 0.12
    old = values[wanted.about]
    newer = None
    if known and r.random() < 0.25:
        value = values[wanted.about] = value_of(r, wanted, held)
        newer = corrected(r, wanted, value, old, held)
        if r.random() < 0.4:
            dialogue.add(typed(r, newer, (old, value)), r.choice(NOTED), POLITE)
            newer = None
            if r.random() < 0.5:
                dialogue.add(*filler(r))
    answer = answered(wanted, values[wanted.about])
    for fact in facts:
        if fact is wanted and not known:
            continue
        value = old if fact is wanted else values[fact.about]
        said = told(r, fact, value, held)
        if fact is wanted and old == values[wanted.about] and r.random() < 0.3 and said.count(value) == 1:
            answer = said_back if (said_back := restated(said)) and value in said_back else answer
        lines.add(typed(r, said, (value,)))
    for _ in range(r.choice([0, 0, 1, 2])):
        lines.add_other()
    if not lines.all:
        lines.add_other()
    dialogue.turns.append(quotation(lines.shuffled(newer)))
    dialogue.add(typed(r, asked(r, wanted, held)), answer if known else unknown(r, wanted), PROVEN)
    for fact in facts[1:]:
        if r.random() < 0.6:
            dialogue.add(typed(r, asked(r, fact, held)), answered(fact, values[fact.about]), PROVEN)


def recalled(r: random.Random, filler, held: bool = False) -> Dialogue:
    """One to three questions, each with its own quotation; `filler(r)` gives (question, answer) of other talk."""
    dialogue = Dialogue(system_turn(r))
    for _ in range(r.choice([1, 2, 2, 3])):
        if r.random() < 0.3:
            dialogue.add(*filler(r))
        (scene_question if r.random() < 0.75 else fact_question)(r, dialogue, filler, held)
    return dialogue


__all__ = ["recalled", "restated"]
