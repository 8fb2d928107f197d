"""The sentence encoder's matrices, fitted so that questions point to the sentences that answer them, and what is added to a question's direction.

An encoder puts a question near to what sounds like it; what answers it is often told in passing, in a sentence about something else. So all matrices and biases
(the pieces' vectors stay) and one matrix more, for questions alone, learn from pairs of questions and sentences (bench/long-dialogue/pairs.ts): the right sentence shall be
nearer than those of other pairs. Pairs alone make it forget what is about the world, so it learns beside them to tell questions about one's own life from such about the world (question_kinds.py), that nothing said is near to the latter,
and that a line which only comes near to an answer is not near to the question. On one thread; the same on one machine.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from training.question_kinds import kinds_of_questions

WARM_UP, BATCH, OTHERS = 30, 256, 96
TEMPERATURE, BACK, DECAY, DROPPED = 0.05, 0.3, 2.0, 0.15


class Stage(NamedTuple):
    """Steps, rates, and how many questions of a batch are about the world; half as many of those of templates are of one's own life, beside the pairs'."""

    steps: int
    head_rate: float
    branch_rate: float
    added_rate: float
    world: int


STAGES = (Stage(400, 5e-4, 2e-4, 1e-3, 48), Stage(70, 2e-4, 1e-4, 1e-3, 64))
UNANSWERED = 24  # of a batch: with a line that does not answer
KINDS_WEIGHT, OWN_RATE = 0.5, 0.03
WORLD_MOST, WORLD_WEIGHT, UNANSWERED_MOST, UNANSWERED_WEIGHT = 0.2, 3.0, 0.2, 2.0  # cosines, beyond which they cost
RARE, RARE_WEIGHT = ("de", "zh"), 2.0  # of the lists and of asked.txt most pairs are English
HEAD = ("pool", "d0", "p1", "d1", "d2", "p3", "d3")
PARTS = 4  # of a batch, by length, so that little of it is padding


class Tower:
    """The encoder in torch: what `Encoder` of sentence_encoder.py computes, of many sentences at once."""

    def __init__(self, table: np.ndarray, matrices: dict[str, np.ndarray], vectors: dict[str, np.ndarray], mean: np.ndarray, orders):
        self.table, self.mean, self.orders = torch.tensor(table, dtype=torch.float32), torch.tensor(mean, dtype=torch.float32), orders
        self.m = {name: torch.tensor(matrix, dtype=torch.float32, requires_grad=True) for name, matrix in matrices.items()}
        self.v = {name: torch.tensor(vector, dtype=torch.float32, requires_grad=name != "pool") for name, vector in vectors.items()}
        self.branch = len(vectors["project"]) // len(orders)

    def features(self, texts: list[list[int]]) -> torch.Tensor:
        """(texts, features), summed over each text."""
        T = max(map(len, texts))
        ids, seen = torch.zeros(len(texts), T, dtype=torch.long), torch.zeros(len(texts), T, 1)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = torch.tensor(text)
            seen[row, : len(text)] = 1
        embedded = self.table[ids] * seen
        wide = embedded @ self.m["project"].T + self.v["project"]
        parts = [embedded]
        for i, (order, left) in enumerate(self.orders):
            here = slice(i * self.branch, (i + 1) * self.branch)
            x = functional.layer_norm(wide[..., here], (self.branch,), self.v["project_gain"][here], self.v["project_bias"][here], 1e-12) * seen
            for layer in (f"first_{order}", f"second_{order}"):
                padded = functional.pad(x, (0, 0, left, order - 1 - left))
                near = torch.cat([padded[:, k : k + T] for k in range(order)], 2)
                x = (x + torch.relu(near @ self.m[layer].T + self.v[layer])) * seen
            parts.append(x)
        joined = torch.cat(parts, 2)
        return (functional.layer_norm(joined, joined.shape[-1:], self.v["gain"], self.v["bias"], 1e-12) * seen).sum(1)

    def head(self, features: torch.Tensor, lengths: torch.Tensor, dropped: float) -> torch.Tensor:
        def drop(x: torch.Tensor) -> torch.Tensor:
            return functional.dropout(x, dropped, dropped > 0)

        mean = drop((features @ self.m["pool"].T + lengths * self.v["pool"]) / lengths.sqrt())
        y0 = drop(torch.relu(mean @ self.m["d0"].T))
        y1 = drop(torch.relu(mean @ self.m["p1"].T + y0 @ self.m["d1"].T))
        y2 = drop(torch.relu(y1 @ self.m["d2"].T))
        return torch.tanh(y1 @ self.m["p3"].T + y2 @ self.m["d3"].T)

    def __call__(self, texts: list[list[int]], dropped: float = 0.0) -> torch.Tensor:
        """Directions of length 1, seen from the mean."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = torch.cat([self.features([texts[i] for i in part]).float() for part in np.array_split(order, PARTS)])
            lengths = torch.tensor([[float(len(texts[i]))] for i in order])
            z = self.head(features, lengths, dropped)[torch.from_numpy(np.argsort(order))]
        return functional.normalize(functional.normalize(z.float(), dim=1) - self.mean, dim=1)


class Pairs:
    """Questions, as they are and as statements, and what was said, as ids; drawn by what they ask about."""

    def __init__(self, file: Path, ids_of):
        rows = [json.loads(row) for row in file.read_text().splitlines()]
        self.ids = {text: ids_of(text) for row in rows for text in (row.get("said"), row.get("question"), row.get("statement")) if text}
        self.pairs = [row for row in rows if row["kind"] == "pair"]
        self.others = [row["said"] for row in rows if row["kind"] == "said"]
        self.world = [row for row in rows if row["kind"] == "world"]
        self.unanswered = [row for row in rows if row["kind"] == "unanswered"]
        groups = defaultdict(list)
        for row in self.pairs:
            groups[row["group"]].append(row)
        self.groups = list(groups.values())
        weights = np.array([RARE_WEIGHT if group[0]["lang"] in RARE else 1.0 for group in self.groups])
        self.sides = {side: [ids_of(text) for text, is_own, _ in kinds_of_questions() if bool(is_own) == side] for side in (False, True)}
        self.weights, self.draw = weights / weights.sum(), np.random.default_rng(0)

    def some(self, of: list, count: int) -> list:
        return [of[i] for i in self.draw.choice(len(of), count, replace=False)]

    def batch(self, world_count: int) -> list[list[list[int]]]:
        """Questions, their statements, what answers them, what nobody asks for; questions about the world, their statements, more of these and of one's own; and those that what is said last does not answer."""
        drawn = self.draw.choice(len(self.groups), BATCH, replace=False, p=self.weights)
        rows = [self.groups[group][self.draw.integers(len(self.groups[group]))] for group in drawn]
        others, world, unanswered = self.some(self.others, OTHERS), self.some(self.world, world_count), self.some(self.unanswered, UNANSWERED)
        parts = [[row[of] for row in rows] for of in ("question", "statement", "said")] + [others] + [[row[of] for row in world] for of in ("question", "statement")]
        unlike = [[row[of] for row in unanswered] for of in ("question", "statement", "said")]
        ids = [[self.ids[text] for text in part] for part in parts + unlike]
        return ids[:6] + [self.some(self.sides[False], world_count), self.some(self.sides[True], world_count // 2)] + ids[6:]


def loss_of(parts: list[torch.Tensor], added: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """The cross entropy of each question's sentence among all of a batch, and of each sentence's question; whose a question is; and what shall not be near."""
    asked, stated, said, others, world, world_stated, listed, more, unanswered, unanswered_stated, unlike = parts

    def towards(question: torch.Tensor, statement: torch.Tensor) -> torch.Tensor:
        mean = (question + statement) / 2
        return functional.normalize(mean + mean @ added.T, dim=1)

    turned, right = towards(asked, stated), torch.arange(len(asked))
    pairs = functional.cross_entropy(turned @ torch.cat([said, others]).T / TEMPERATURE, right) + BACK * functional.cross_entropy(said @ turned.T / TEMPERATURE, right)
    sides = [torch.cat([asked, more]) @ own, -torch.cat([world, listed]) @ own]
    told = sum(functional.softplus(-side).mean() for side in sides)
    near = functional.relu(towards(world, world_stated) @ said.T - WORLD_MOST).pow(2).sum(1).mean()
    beside = functional.relu((towards(unanswered, unanswered_stated) * unlike).sum(1) - UNANSWERED_MOST).pow(2).mean()
    return pairs + DECAY / len(added) * (added**2).sum() + KINDS_WEIGHT * told + WORLD_WEIGHT * near + UNANSWERED_WEIGHT * beside


def fitted(table: np.ndarray, matrices, vectors, mean: np.ndarray, orders, ids_of, file: Path):
    """Matrices, vectors, and what is added to a question's direction (512, 512)."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tower, pairs = Tower(table, matrices, vectors, mean, orders), Pairs(file, ids_of)
    added = torch.zeros(len(mean), len(mean), requires_grad=True)
    own = torch.zeros(len(mean), requires_grad=True)
    head = [tower.m[name] for name in HEAD]
    branches = [matrix for name, matrix in tower.m.items() if name not in HEAD] + [vector for name, vector in tower.v.items() if name != "pool"]
    for stage in STAGES:
        parts = ((head, stage.head_rate), (branches, stage.branch_rate), ([added], stage.added_rate), ([own], OWN_RATE))
        optimizer = torch.optim.Adam([{"params": params, "base": rate} for params, rate in parts])
        for step in range(stage.steps):
            for group in optimizer.param_groups:
                group["lr"] = group["base"] * min(1, step / WARM_UP) * (1 - step / stage.steps)
            batch = pairs.batch(stage.world)
            directions = tower([text for part in batch for text in part], DROPPED)
            loss = loss_of(directions.split([len(part) for part in batch]), added, own)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 50 == 49:
                print(json.dumps({"step": step + 1, "loss": round(loss.item(), 3)}), flush=True)
    held = ({name: part.detach().numpy().astype(np.float64) for name, part in parts.items()} for parts in (tower.m, tower.v))
    return *held, added.detach().numpy().astype(np.float64)
