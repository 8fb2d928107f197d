"""A dialogue as turns, and its tokens with a weight each: how much the loss on that token counts."""

import random
from dataclasses import dataclass, field

from training.prompts import DEFAULT_SYSTEM, SYSTEMS

START, END = "<|im_start|>", "<|im_end|>"
PROVEN = 1.0  # an answer that the dialogue proves
POLITE = 0.3  # an acknowledgement, of which many would do


@dataclass
class Dialogue:
    """Turns of (role, text, weight); weight 0 is context."""

    turns: list[tuple[str, str, float]] = field(default_factory=list)
    asked_for: str = ""  # the value that the last question is about, where there is one

    def add(self, user: str, answer: str, weight: float = 0.0) -> None:
        self.turns += [("user", user, 0.0), ("assistant", answer, weight)]

    def characters(self) -> int:
        return sum(len(text) + 30 for _, text, _ in self.turns)

    def text(self) -> str:
        return "".join(f"{START}{role}\n{text}{END}\n" for role, text, _ in self.turns)

    def tokens(self, tokenizer) -> tuple[list[int], list[float]]:
        """ids, and the weight of each as something to predict: an answer's tokens and its end."""
        ids, weights = [], []
        for role, text, weight in self.turns:
            for part, w in ((f"{START}{role}\n", 0.0), (f"{text}{END}", weight), ("\n", 0.0)):
                new = tokenizer.encode(part, add_special_tokens=False)
                ids += new
                weights += [w] * len(new)
        return ids, weights


def system_turn(r: random.Random) -> list[tuple[str, str, float]]:
    """What comes first: mostly the template's own system prompt, else another, rarely none."""
    choice = r.random()
    if choice < 0.6:
        return [("system", DEFAULT_SYSTEM, 0.0)]
    if choice < 0.95:
        return [("system", r.choice(SYSTEMS), 0.0)]
    return []


def typed(r: random.Random, text: str, kept: tuple[str, ...] = ()) -> str:
    """As people type it: now and then without capitals, without the last point, or with two letters changed over; `kept` stays."""
    choice = r.random()
    if choice < 0.14:
        text = lowered(text, kept)
    if choice < 0.22 and text[-1:] in ".?!":
        text = text[:-1]
    if 0.22 < choice < 0.28:
        places = [i for i in range(1, len(text) - 2) if text[i : i + 2].isalpha() and not any(near(text, i, k) for k in kept)]
        if places:
            i = r.choice(places)
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    return text


def lowered(text: str, kept: tuple[str, ...]) -> str:
    for piece in kept:
        before, found, after = text.partition(piece)
        if found:
            return before.lower() + found + lowered(after, kept)
    return text.lower()


def near(text: str, at: int, piece: str) -> bool:
    start = text.find(piece)
    return start >= 0 and start - 2 <= at <= start + len(piece)
