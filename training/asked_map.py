"""The sentence encoder's map of questions: what is added to a question's direction, so that it points to sentences that answer it.

An encoder puts a question near to what sounds like it; what answers it is often told in passing, in a sentence about something else. So a matrix is fitted to pairs of
questions and sentences (bench/long-dialogue/pairs.ts): the right sentence shall be nearer than those of other pairs. Sentences stay where they are, so that their codes can be kept.
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np

STEPS, WARM_UP, BATCH, OTHERS = 1000, 30, 384, 128
RATE, BETAS, EPSILON = 1e-3, (0.9, 0.999), 1e-8
TEMPERATURE, BACK, DECAY = 0.05, 0.3, 2.0
RARE, RARE_WEIGHT = ("de", "zh"), 2.0  # of the lists and of memory/asked most pairs are English


def likely(logits: np.ndarray) -> np.ndarray:
    parts = np.exp(logits - logits.max(1, keepdims=True))
    return parts / parts.sum(1, keepdims=True)


def slope_of(added: np.ndarray, asked: np.ndarray, said: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of the cross entropy of each question's sentence among all of a batch, and of each sentence's question."""
    turned = asked + asked @ added.T
    length = np.linalg.norm(turned, axis=1, keepdims=True)
    unit = turned / length
    right = np.eye(len(asked))
    all_said = np.concatenate([said, others])
    errors = likely(unit @ all_said.T / TEMPERATURE) - np.pad(right, ((0, 0), (0, len(others))))
    back = likely(said @ unit.T / TEMPERATURE) - right
    to_unit = (errors @ all_said + BACK * back.T @ said) / (TEMPERATURE * len(asked))
    to_turned = (to_unit - unit * (unit * to_unit).sum(1, keepdims=True)) / length
    return to_turned.T @ asked + 2 * DECAY / len(added) * added


def asked_map(encoded, file: Path) -> np.ndarray:
    """(512, 512); always the same on one machine. `encoded`: a text's direction."""
    rows = [json.loads(row) for row in file.read_text().splitlines()]
    pairs = [row for row in rows if "question" in row]
    directions = {text: encoded(text) for text in sorted({text for row in rows for text in (row["said"], row.get("question"), row.get("statement")) if text})}
    asked = np.stack([(directions[row["question"]] + directions[row["statement"]]) / 2 for row in pairs]).astype(np.float64)
    said = np.stack([directions[row["said"]] for row in pairs]).astype(np.float64)
    others = np.stack([directions[row["said"]] for row in rows if "question" not in row]).astype(np.float64)
    groups = defaultdict(list)
    for i, row in enumerate(pairs):
        groups[row["group"]].append(i)
    members = list(groups.values())
    weights = np.array([RARE_WEIGHT if pairs[group[0]]["lang"] in RARE else 1.0 for group in members])
    draw = np.random.default_rng(0)
    added = np.zeros((asked.shape[1],) * 2)
    first, second = np.zeros_like(added), np.zeros_like(added)
    for step in range(STEPS):
        drawn = draw.choice(len(members), BATCH, replace=False, p=weights / weights.sum())
        batch = [members[group][draw.integers(len(members[group]))] for group in drawn]
        slope = slope_of(added, asked[batch], said[batch], others[draw.choice(len(others), OTHERS, replace=False)])
        first += (1 - BETAS[0]) * (slope - first)
        second += (1 - BETAS[1]) * (slope**2 - second)
        rate = RATE * min(1, step / WARM_UP) * (1 - step / STEPS)
        added -= rate * first / (1 - BETAS[0] ** (step + 1)) / (np.sqrt(second / (1 - BETAS[1] ** (step + 1))) + EPSILON)
    return added
