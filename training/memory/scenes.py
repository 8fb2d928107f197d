"""Scenes: small situations in everyday words, from scenes/*.txt, each told and asked in several ways.

A file holds blocks parted by blank lines; a line begins with what it is:

    t   what the user says; any one of these lines tells all of the scene
    q   question = answer that the telling proves
    u   request that puts what was told to use = its result
    c   correction; the slots it names get new values, {old.x} is the former one
    n   question about what this scene does not tell = answer that says so

Slots in braces are drawn anew for every dialogue; a digit after the name is a second one of its kind. Their values are below, and in
slots/*.txt: `slot: value, value, …` on a line. A scene is held out for evaluation
as a whole, by the hash of its first line.
"""

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from training.memory import open_values as o
from training.memory import values as v
from training.memory.open_facts import THINGS
from training.memory.values import Sampler, drawn, is_held, pool

FOLDER = Path(__file__).with_name("scenes")
SLOT = re.compile(r"\{(old\.)?([a-z_]+)(\d?)\}")
CONTENT = re.compile(r"[a-z]{4,}")
COMMON = frozenset("what which when where does have said tell told your name named called call know with again about that this were they them there much many should would could you're whats please remind remember mention mentioned".split())


def with_article(values: list[str]) -> Sampler:
    return lambda r: (lambda value: f"{'an' if value[0].lower() in 'aeiou' else 'a'} {value}")(r.choice(values))


def email(r: random.Random) -> str:
    return f"{o.first_name(r).lower()}.{r.choice(o.NOUNS)}@{o.invented_name(r).lower()}.{r.choice(['com', 'org', 'net'])}"


SLOTS: dict[str, Sampler] = {
    "first": o.first_name, "name": o.person, "last": lambda r: r.choice(v.LAST) if r.random() < 0.5 else o.invented_name(r), "pet": lambda r: r.choice(v.PET_NAMES) if r.random() < 0.6 else o.invented_name(r),
    "animal": pool(v.PETS), "city": pool(v.CITIES), "country": pool(v.COUNTRIES), "town": o.town, "street": v.address, "job": pool(v.JOBS), "a_job": with_article(v.JOBS), "hobby": pool(v.HOBBIES),
    "sport": pool(v.SPORTS), "instrument": pool(v.INSTRUMENTS), "language": pool(v.LANGUAGES), "food": pool(v.FOODS), "drink": pool(v.DRINKS), "fruit": pool(v.FRUITS), "allergy": pool(v.ALLERGIES),
    "colour": pool(v.COLOURS), "music": pool(v.GENRES), "subject": pool(v.SUBJECTS), "vehicle": lambda r: f"{r.choice(v.COLOURS)} {r.choice(v.VEHICLES)}",
    "a_vehicle": with_article(v.VEHICLES), "item": pool(v.ITEMS), "thing": pool(THINGS), "place": pool(v.PLACES), "spot": o.spot, "material": pool(o.MATERIALS), "topic": pool(o.TOPICS),
    "fear": pool(o.FEARS), "collected": pool(o.COLLECTED), "title": o.title, "company": lambda r: v.invented(r) if r.random() < 0.6 else o.title(r), "word": pool(v.CODES), "code": o.code, "phone": v.phone,
    "email": email, "n": v.number(2, 41), "count": o.count, "amount": o.amount, "age": v.number(18, 91), "year": v.number(1950, 2025), "day": pool(v.DAYS), "month": pool(v.MONTHS), "date": v.date,
    "dayth": lambda r: f"the {r.randrange(4, 20)}th of {r.choice(v.MONTHS)}", "time": v.clock, "daytime": v.day_and_time, "season": pool(v.SEASONS),
    "weather": pool(v.words("rainy, sunny, foggy, windy, snowy, cloudy, stormy, icy, mild, humid")), "shape": pool(v.words("round, square, oval, triangular, flat, long, curved, crooked")),
}  # fmt: skip


def lists_of_values() -> dict[str, list[str]]:
    """Slot -> its values, from slots/*.txt."""
    lines = [line for file in sorted(FOLDER.with_name("slots").glob("*.txt")) for line in file.read_text().splitlines() if line.strip()]
    return {name.strip(): v.words(values) for name, _, values in (line.partition(":") for line in lines)}


SLOTS |= {name: pool(values) for name, values in lists_of_values().items()}


class SceneError(ValueError):
    """A block that is not as it should be: file, what was expected, what came."""


@dataclass(frozen=True)
class Scene:
    tells: tuple[str, ...]
    asks: tuple[tuple[str, str], ...]
    uses: tuple[tuple[str, str], ...]
    corrections: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]

    @property
    def is_held(self) -> bool:
        return is_held(self.tells[0])

    @property
    def bases(self) -> frozenset[str]:
        """The kinds of slots in it."""
        return frozenset(found[2] for text in self.tells for found in SLOT.finditer(text))

    @property
    def matters(self) -> frozenset[str]:
        """The words that its questions are about: two scenes of one dialogue share none."""
        return frozenset(CONTENT.findall(" ".join(SLOT.sub("", ask) for ask, _ in self.asks).lower())) - COMMON

    def goes_with(self, other: "Scene") -> bool:
        return not (self.bases & other.bases or self.matters & other.matters)


def block(text: str, source: str) -> Scene:
    parts: dict[str, list] = {mark: [] for mark in "tqucn"}
    for line in text.splitlines():
        mark, _, rest = line.strip().partition(" ")
        if mark not in parts or not rest:
            raise SceneError(f"{source}: expected a line that begins with t, q, u, c or n, got {line!r}")
        rest = rest.strip().replace("\\n", "\n")
        if mark in "qun":
            asked, equals, answer = rest.rpartition(" = ")
            if not equals:
                raise SceneError(f"{source}: expected 'question = answer', got {line!r}")
            parts[mark].append((asked.strip(), answer.strip()))
        else:
            parts[mark].append(rest)
    for found in SLOT.finditer(text):
        if found[2] not in SLOTS:
            raise SceneError(f"{source}: expected one of the slots {', '.join(SLOTS)}, got {found[0]} in {text.splitlines()[0]!r}")
    if not parts["t"] or not parts["q"]:
        raise SceneError(f"{source}: expected a telling and a question at least, got {text!r}")
    scene = Scene(*(tuple(parts[mark]) for mark in "tqucn"))
    needed = {found[2] + found[3] for pair in scene.asks + scene.uses for side in pair for found in SLOT.finditer(side)}
    for tell in scene.tells:
        missing = needed - {found[2] + found[3] for found in SLOT.finditer(tell)}
        if missing:
            raise SceneError(f"{source}: expected {', '.join(sorted(missing))} to be told in {tell!r}")
    known = {found[2] + found[3] for tell in scene.tells for found in SLOT.finditer(tell)}
    drawn_later = [*(side for pair in scene.unknown for side in pair), *("".join(found[0] for found in SLOT.finditer(c) if found[1]) for c in scene.corrections)]
    for text in drawn_later:
        missing = {found[2] + found[3] for found in SLOT.finditer(text)} - known
        if missing:
            raise SceneError(f"{source}: expected {', '.join(sorted(missing))}, which {text!r} names, to be in what is told")
    return scene


@cache
def scenes(held: bool) -> tuple[Scene, ...]:
    every = [block(text, file.name) for file in sorted(FOLDER.glob("*.txt")) for text in re.split(r"\n\s*\n", file.read_text().strip())]
    if not every:
        raise SceneError(f"{FOLDER}: expected files of scenes, found none")
    return tuple(scene for scene in every if scene.is_held == held)


class Told:
    """A scene as one dialogue tells it: with values in its slots."""

    def __init__(self, r: random.Random, scene: Scene, held: bool = False):
        self.r, self.scene, self.held = r, scene, held
        self.values: dict[str, str] = {}
        for text in scene.tells:
            for found in SLOT.finditer(text):
                if found[2] + found[3] not in self.values:
                    self.values[found[2] + found[3]] = self.fresh(found[2], found[3])

    def fresh(self, base: str, number: str) -> str:
        """A value that no other slot of the scene holds."""
        for _ in range(50):
            value = drawn(SLOTS[base], self.r, self.held)
            if value not in self.values.values():
                break
        return value

    def filled(self, text: str, old: dict[str, str] | None = None) -> str:
        return SLOT.sub(lambda found: (old or self.values if found[1] else self.values)[found[2] + found[3]], text)

    def kept(self) -> tuple[str, ...]:
        return tuple(self.values.values())

    def tell(self) -> str:
        return self.filled(self.r.choice(self.scene.tells))

    def pair(self, pairs: tuple[tuple[str, str], ...]) -> tuple[str, str]:
        ask, answer = self.r.choice(pairs)
        return self.filled(ask), self.said(answer)

    def said(self, answer: str) -> str:
        """An answer of several words begins with a capital, also where it begins with a value."""
        text = self.filled(answer)
        return text[:1].upper() + text[1:] if answer.startswith("{") and answer.endswith(".") else text

    def renew(self) -> None:
        """Other values for all that it names."""
        for name in list(self.values):
            base, number = (name[:-1], name[-1]) if name[-1].isdigit() else (name, "")
            self.values[name] = self.fresh(base, number)

    def correct(self) -> str:
        """New values for what one of the corrections names; the text that says so."""
        text, old = self.r.choice(self.scene.corrections), dict(self.values)
        for found in SLOT.finditer(text):
            if not found[1]:
                self.values[found[2] + found[3]] = self.fresh(found[2], found[3])
        return self.filled(text, old)


def drawn_scenes(r: random.Random, count: int, held: bool) -> list[Scene]:
    """At most so many that are about different things."""
    chosen: list[Scene] = []
    every = scenes(held)
    for _ in range(4 * count):
        scene = r.choice(every)
        if len(chosen) < count and scene not in chosen and all(scene.goes_with(other) for other in chosen):
            chosen.append(scene)
    return chosen


__all__ = ["FOLDER", "SLOTS", "Scene", "SceneError", "Told", "block", "drawn_scenes", "scenes"]
