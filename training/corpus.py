"""Turns documents into token files: deduplicated, hashed, split by document, with a data card.

The split is a function of the document's hash alone, so the held-out part is fixed before any training and stays the
same when documents are added. Held-out documents are read first: a paragraph seen there is removed from training.
"""

import argparse
import gzip
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

from training.repetition import repeated_share
from training.teacher import load_tokenizer

HELD_SHARE = 0.04
MOST_REPEATED = 0.4  # share of repeated 4-grams above which a dialogue is a loop and is left out
MOST_CHARACTERS = 1_500_000  # of one source, so that no package dominates
END_OF_TEXT = 0  # <|endoftext|>, the teacher's separator between documents
QUESTIONS = Path(__file__).with_name("questions.txt")


def key(text: str) -> str:
    """A hash that ignores case, spacing and punctuation."""
    return hashlib.sha256(re.sub(r"[^a-z0-9]+", " ", text.lower()).strip().encode()).hexdigest()


def is_held_out(document_key: str) -> bool:
    return int(document_key[:8], 16) / 16**8 < HELD_SHARE


def first_question(text: str) -> str:
    """The first user turn of a rendered dialogue: two dialogues with the same one are the same document."""
    return text.split("<|im_start|>user\n", 1)[-1].split("<|im_end|>", 1)[0]


def read(folder: Path) -> list[dict]:
    documents = []
    for path in sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")]):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            documents += [json.loads(line) for line in file]
    for document in documents:
        chat = document["source"] == "self-chat"
        document["key"] = key(first_question(document["text"]) if chat else document["text"])
    return capped([d for d in documents if "ids" not in d or repeated_share(d["ids"]) <= MOST_REPEATED])


def capped(documents: list[dict]) -> list[dict]:
    """At most `MOST_CHARACTERS` of each collected source, in the order of the documents' hashes."""
    used, kept = Counter(), []
    for document in sorted(documents, key=lambda d: d["key"]):
        if "ids" in document or used[document["source"]] < MOST_CHARACTERS:
            used[document["source"]] += len(document["text"])
            kept.append(document)
    return kept


def without_seen_paragraphs(text: str, seen: set[str]) -> str:
    kept = []
    for paragraph in text.split("\n\n"):
        mark = key(paragraph)
        if len(paragraph) < 80 or mark not in seen:
            kept.append(paragraph)
        seen.add(mark)
    return "\n\n".join(kept)


def build(kind: str, documents: list[dict], tokenizer, out: Path) -> list[dict]:
    """Writes `<kind>.held.u16` and `<kind>.train.u16` (token ids) and returns one row per source and split."""
    asked = [key(line) for line in QUESTIONS.read_text().splitlines() if line.strip()]
    seen_documents, seen_paragraphs, rows = set(), set(), []
    for split in ("held", "train"):
        tokens, hashes, counts = [], [], Counter()
        for document in tqdm(documents, desc=f"{kind}.{split}", mininterval=2):
            if is_held_out(document["key"]) != (split == "held") or document["key"] in seen_documents:
                continue
            seen_documents.add(document["key"])
            if kind == "chat":
                turns = re.findall(r"<\|im_start\|>user\n(.*?)<\|im_end\|>", document["text"], re.S)
                if split == "train" and any(key(turn) in asked for turn in turns):
                    continue
                ids = document["ids"]
            else:
                text = without_seen_paragraphs(document["text"], seen_paragraphs)
                ids = [END_OF_TEXT, *tokenizer.encode(text, add_special_tokens=False)]
                if len(ids) < 64:
                    continue
            tokens.append(np.array(ids, dtype=np.uint16))
            hashes.append(document["key"])
            counts[document["source"], document["licence"], "documents"] += 1
            counts[document["source"], document["licence"], "tokens"] += len(ids)
        stream = np.concatenate(tokens or [np.zeros(0, np.uint16)])  # in the order of the documents' hashes
        stream.tofile(out / f"{kind}.{split}.u16")
        (out / f"{kind}.{split}.sha256").write_text("\n".join(sorted(hashes)) + "\n")
        for source, licence, what in counts:
            if what == "tokens":
                n = counts[source, licence, "documents"]
                rows.append({"kind": kind, "split": split, "source": source, "licence": licence,
                             "documents": n, "tokens": counts[source, licence, "tokens"]})
    return rows


def card(rows: list[dict], out: Path, kinds=("chat", "text")) -> str:
    """The data card, in Markdown: what is in each split, from where, under which licence."""
    lines = ["# Data card", "", "Token counts are the teacher's tokenizer's. `held` is never trained on.", "",
             "| kind | split | documents | tokens | sha-256 of the token file |", "|---|---|---|---|---|"]
    for kind in kinds:
        for split in ("train", "held"):
            of = [r for r in rows if (r["kind"], r["split"]) == (kind, split)]
            digest = hashlib.sha256((out / f"{kind}.{split}.u16").read_bytes()).hexdigest()
            lines.append(f"| {kind} | {split} | {sum(r['documents'] for r in of):,} | {sum(r['tokens'] for r in of):,} | `{digest[:16]}…` |")
    lines += ["", "| kind | source | licence | documents | tokens |", "|---|---|---|---|---|"]
    merged = Counter()
    for r in rows:
        for what in ("documents", "tokens"):
            merged[r["kind"], r["source"], r["licence"], what] += r[what]
    for kind, source, licence, what in sorted(merged, key=lambda k: -merged[k]):
        if what == "tokens":
            lines.append(f"| {kind} | {source} | {licence} | {merged[kind, source, licence, 'documents']:,} | {merged[kind, source, licence, 'tokens']:,} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("training/data"))
    parser.add_argument("--kinds", nargs="+", choices=("chat", "text"), default=["chat", "text"])
    arguments = parser.parse_args()
    tokenizer = load_tokenizer(arguments.data / "teacher")
    out = arguments.data / "tokens"
    out.mkdir(parents=True, exist_ok=True)
    rows = [row for kind in arguments.kinds for row in build(kind, read(arguments.data / kind), tokenizer, out)]
    (out / "card.json").write_text(json.dumps(rows, indent=1))
    (out / "card.md").write_text(card(rows, out, arguments.kinds))
    print(card(rows, out, arguments.kinds))


if __name__ == "__main__":
    main()
