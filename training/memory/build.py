"""Writes the dialogues that train memory as rows of tokens with weights, by length.

    python -m training.memory.build

`<kind>-<length>.<split>.u16` holds rows of exactly `length` ids, ended by padding, and `.weights` one byte for each: what the loss on it
counts, in 255ths; 0 is context. Needs the chat and the text that `synthesize` and `collect` wrote, for what is said between.
"""

import argparse
import json
import random
import re
from collections import Counter
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from training.corpus import is_held_out, read
from training.memory import values as v
from training.memory.asked_lines import AskedLines, Collection, own_questions, told_questions
from training.memory.dialogues import is_fixed, memory_dialogue, talk
from training.memory.documents import copying, document, listing, picking, random_words, wide_listing
from training.memory.far import far
from training.memory.qamr import read_qamr
from training.memory.quoted import HEAD, quoted
from training.memory.recalled import recalled
from training.memory.scene_dialogues import quoted_scene, scene_dialogue
from training.memory.spoken_lines import spoken
from training.memory.turns import Dialogue
from training.teacher import load_tokenizer

PADDING = 0  # <|endoftext|>
TALK_ROWS, TALK_LENGTH = 1000, 256  # of everyday questions and small talk alone
ROWS = {256: 3000, 512: 1200, 1024: 500, 2048: 300}
CHARACTERS = 4  # of English in a token, about
TURN = re.compile(r"<\|im_start\|>(user|assistant)\n(.*?)<\|im_end\|>", re.S)


class Filler:
    """Other talk, from the teacher's dialogues of one split: calling it gives one (question, answer)."""

    def __init__(self, chat: list[dict], text: list[dict], held: bool, words: list[str] = v.CODES):
        self.pairs, self.words = [], words
        for row in chat:
            turns = TURN.findall(row["text"])
            for (a, question), (b, answer) in zip(turns, turns[1:]):
                if (a, b) == ("user", "assistant") and 3 < len(question) < 240 and 3 < len(answer) < 900 and is_held_out(row["key"]) == held:
                    self.pairs.append((question.strip(), answer.strip()))
        self.sentences = []
        for row in text:
            if is_held_out(row["key"]) == held:
                self.sentences += [s for s in re.split(r"(?<=[.!?])\s+", row["text"][:3000]) if 30 < len(s) < 220 and s.isascii() and "\n\n" not in s]

        if not self.pairs or not self.sentences:
            raise ValueError("memory.build: expected dialogues and text of both splits, run synthesize and collect for more")

    def __call__(self, r: random.Random) -> tuple[str, str]:
        return r.choice(self.pairs)

    def short(self, r: random.Random) -> tuple[str, str]:
        for _ in range(20):
            pair = r.choice(self.pairs)
            if sum(map(len, pair)) < 320:
                break
        return pair

    def prose(self, r: random.Random, characters: int) -> list[str]:
        at, out = r.randrange(len(self.sentences)), []
        while sum(map(len, out)) < characters:
            out.append(" ".join(self.sentences[at % len(self.sentences)].split()))
            at += 1
        return out


def vocabulary(tokenizer) -> list[str]:
    """The words that are one token with a space before them."""
    words = [tokenizer.decode([i]) for i in range(500, 40000)]
    return [word[1:] for word in words if word[0] == " " and word[1:].isascii() and word[1:].isalpha()]


def with_quotes(r: random.Random, filler, held: bool, characters: int = 0) -> Dialogue:
    """Half of them as recall finds them in long conversations, the others of plainer lines; other talk before makes them about so long."""
    choice = r.random()
    return behind_talk(r, (recalled if choice < 0.5 else quoted if choice < 0.7 else quoted_scene)(r, filler, held), filler, characters)


def behind_talk(r: random.Random, dialogue: Dialogue, filler, characters: int) -> Dialogue:
    """With other talk before its first quotation, after its own system prompt, so that it is about so long."""
    before = Dialogue()
    while before.characters() + dialogue.characters() < characters:
        before.add(*filler(r))
    role, text, _ = dialogue.turns[0]
    at = 1 if role == "system" and not text.startswith(HEAD) else 0
    dialogue.turns[at:at] = before.turns
    return dialogue


def one(r: random.Random, length: int, filler: Filler, held: bool, more_quoted: float = 0, more_told: float = 0, untold: float = 1) -> tuple[str, Dialogue]:
    """A dialogue of at most about `length` tokens, and what kind it is; a share `more_quoted` of them is quoted memory in any case, `more_told` of the rest facts
    told and asked for. `untold`: how many of the questions about what was not told are kept."""
    other = filler.short if length <= 256 else filler
    characters = int(length * CHARACTERS * r.uniform(0.45, 0.85))
    with_talk = characters if length > 512 else 0
    if more_quoted and r.random() < more_quoted:
        return "quoted", with_quotes(r, other, held, with_talk)
    if more_told and r.random() < more_told:
        return "memory", memory_dialogue(r, filler.short, characters, held, filler.prose, untold)
    choice = r.random()
    if length <= 256 and choice < 0.13:
        return "talk", talk(r, int(characters * 0.9))
    if choice < 0.28:
        return "quoted", with_quotes(r, other, held, with_talk)
    if choice < 0.36:
        return "document", document(r, filler.prose(r, characters // 2), held)
    if choice < 0.44:
        return "list", listing(r, held) if r.random() < 0.2 else wide_listing(r, filler.words)
    if choice < 0.50 and length <= 512:
        return "copy", copying(r, held) if r.random() < 0.2 else random_words(r, filler.words)
    if choice < 0.52 and length <= 512:
        return "picking", picking(r, held)
    if choice < 0.84:
        return "scenes", scene_dialogue(r, other, characters, held, filler.prose, untold)
    return "memory", memory_dialogue(r, other, characters, held, filler.prose, untold)


def only_talk(r: random.Random, length: int, filler: Filler, held: bool) -> tuple[str, Dialogue]:
    return "talk", talk(r, int(length * CHARACTERS * r.uniform(0.4, 0.75)))


def only_recalled(r: random.Random, length: int, filler: Filler, held: bool) -> tuple[str, Dialogue]:
    return "recalled", recalled(r, filler.short, held)


def only_asked(r: random.Random, length: int, filler: Filler, held: bool, asked: AskedLines) -> tuple[str, Dialogue]:
    """In long rows behind talk in which much has been told that nobody asks for."""
    dialogue = asked(r, filler.short, int(min(length, 512) * CHARACTERS * 0.45))
    told = lambda r: asked.told(r) if r.random() < 0.4 else filler(r)  # noqa: E731
    return "asked", behind_talk(r, dialogue, told, int(length * CHARACTERS * r.uniform(0.45, 0.85)) if length > 512 else 0)


def only_spoken(r: random.Random, length: int, filler: Filler, held: bool, collections: list[Collection]) -> tuple[str, Dialogue]:
    return "spoken", spoken(r, collections, filler.short if length <= 512 or r.random() < 0.5 else filler, int(length * CHARACTERS * r.uniform(0.4, 0.75)))


def only_far(r: random.Random, length: int, filler: Filler, held: bool, collections: list[Collection]) -> tuple[str, Dialogue]:
    return "far", far(r, collections, filler.short if r.random() < 0.7 else filler, int(length * CHARACTERS * r.uniform(0.2, 0.7)), held)


def shortest(length: int) -> int:
    """Rows of a length are longer than what the next shorter length takes."""
    return 0 if length <= 256 else length // 2


def rows(length: int, count: int, filler: Filler, tokenizer, held: bool, seed: int | str, make=one) -> tuple[np.ndarray, np.ndarray, Counter]:
    """ids and weights (count, length), and how many there are of each kind."""
    ids, weights = np.full((count, length), PADDING, np.uint16), np.zeros((count, length), np.uint8)
    kinds, r, at = Counter(), random.Random(f"{seed}/{length}/{held}"), 0
    with tqdm(total=count, desc=f"{length} {'held' if held else 'train'}", mininterval=5) as bar:
        while at < count:
            kind, dialogue = make(r, length, filler, held)
            if is_fixed(dialogue):
                continue
            tokens, w = dialogue.tokens(tokenizer)
            if not shortest(length) < len(tokens) <= length or not any(w):
                continue
            ids[at, : len(tokens)] = tokens
            weights[at, : len(tokens)] = np.round(np.array(w) * 255)
            kinds[kind] += 1
            at += 1
            bar.update()
    return ids, weights, kinds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("training/data"))
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of rows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="dialogues", help="of the files: `<name>-<length>`")
    parser.add_argument("--talk", default="talk", help="name of the files of everyday talk alone")
    parser.add_argument("--lengths", type=int, nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--recalled", action="store_true", help="rows of `recalled` alone")
    parser.add_argument("--asked", action="store_true", help="rows of `asked_lines` alone")
    parser.add_argument("--spoken", action="store_true", help="rows of `spoken_lines` alone")
    parser.add_argument("--far", action="store_true", help="rows of `far` alone, of 1,024 tokens and more")
    parser.add_argument("--qamr", type=Path, help="the data folder of QAMR, whose questions are asked as well as our own")
    parser.add_argument("--quoted", type=float, default=0, help="share of rows that are quoted memory, beside those that are drawn so")
    parser.add_argument("--told", type=float, default=0, help="share of the other rows that are facts told and asked for, beside those that are drawn so")
    parser.add_argument("--untold", type=float, default=1, help="share of the questions about what was not told that are kept")
    parser.add_argument("--processes", type=int, default=1, help="each writes rows of its own, which are joined")
    arguments = parser.parse_args()
    (arguments.data / "tokens").mkdir(parents=True, exist_ok=True)
    if arguments.processes == 1:
        cards = [write(arguments)]
    else:
        with get_context("spawn").Pool(arguments.processes) as pool:
            cards = pool.map(partial(write, arguments), range(arguments.processes))
        join(arguments, cards)
    card = {name: dict(sum((Counter(card[name]) for card in cards), Counter())) for name in cards[0]}
    (arguments.data / "tokens" / f"{arguments.name}.json").write_text(json.dumps(card, indent=1))
    print(json.dumps(card, indent=1))


def own_lines(held: bool) -> list[Collection]:
    return [Collection(own_questions(), held=held, share=3), Collection(told_questions(), held=held, share=1)]


def asked_lines(qamr: Path | None, held: bool) -> AskedLines:
    collections = own_lines(held)
    if qamr:
        collections.append(Collection(*read_qamr(qamr / "wiki-sentences.tsv", [qamr / "filtered" / f"{split}.tsv" for split in ("dev", "test")]), held))
    return AskedLines(collections, held)


def maker(arguments: argparse.Namespace, held: bool):
    """What makes one row, of the kind that is asked for."""
    if arguments.asked:
        return partial(only_asked, asked=asked_lines(arguments.qamr, held))
    if arguments.spoken:
        return partial(only_spoken, collections=own_lines(held))
    if arguments.far:
        return partial(only_far, collections=own_lines(held))
    if arguments.recalled:
        return only_recalled
    return partial(one, more_quoted=arguments.quoted, more_told=arguments.told, untold=arguments.untold)


def write(arguments: argparse.Namespace, process: int | None = None) -> dict[str, dict[str, int]]:
    """The files of one process, with its number after the names where there are several; what is in them, by name."""
    tokenizer = load_tokenizer(arguments.data / "teacher")
    tail, seed = ("", arguments.seed) if process is None else (f".{process}", f"{arguments.seed}.{process}")
    chat, text = read(arguments.data / "chat"), read(arguments.data / "text")
    card = {}
    for split in ("held", "train"):
        held = split == "held"
        filler = Filler(chat, text, held, vocabulary(tokenizer))
        make_one = maker(arguments, held)
        files = [(f"{arguments.name}-{length}", length, ROWS[length], make_one) for length in arguments.lengths]
        for name, length, count, make in [*files, (f"{arguments.talk}-{TALK_LENGTH}", TALK_LENGTH, TALK_ROWS, only_talk)]:
            count = max(1 if tail else 8, int(count * arguments.share * (0.02 if held else 1) / arguments.processes))
            ids, weights, kinds = rows(length, count, filler, tokenizer, held, seed, make)
            ids.tofile(arguments.data / "tokens" / f"{name}.{split}.u16{tail}")
            weights.tofile(arguments.data / "tokens" / f"{name}.{split}.weights{tail}")
            card[f"{name}.{split}"] = {"rows": count, "tokens": int((ids != PADDING).sum()), "answers": int((weights > 0).sum()), **kinds}
    return card


def join(arguments: argparse.Namespace, cards: list[dict]) -> None:
    """One file of each name in place of the processes' own."""
    for name in cards[0]:
        for end in ("u16", "weights"):
            parts = [arguments.data / "tokens" / f"{name}.{end}.{process}" for process in range(len(cards))]
            (arguments.data / "tokens" / f"{name}.{end}").write_bytes(b"".join(part.read_bytes() for part in parts))
            for part in parts:
                part.unlink()


if __name__ == "__main__":
    main()
