"""Sequence-level unlikelihood: the hybrid answers greedily, and is taught away from what it has already said.

Distillation never shows a model its own text, and so it loops where its teacher would stop. Here a token that completes an n-gram
seen before costs -log(1 - p) for as long as p is above the teacher's own: a numbered list may go on, a loop may not begin.
Source: Welleck et al., Neural Text Generation with Unlikelihood Training, arXiv 1908.04319; the comparison is ours.
"""

from dataclasses import dataclass

import torch

from training.answers import greedy
from training.hybrid import View, forward_hidden
from training.loader import Windows
from training.teacher import load_tokenizer

N_GRAM = 4
LONGEST_PROMPT = 160  # tokens of a dialogue up to its first answer; longer ones are left out
SLICE = 512  # rows of logits at once


@dataclass
class Rollout:
    """ids: prompt and answer; start: where the answer begins."""

    ids: list[int]
    start: int

    def repeats(self, n: int = N_GRAM) -> list[bool]:
        """For each token: whether it belongs to the answer and ends an n-gram that already ended earlier in ids."""
        seen, flags = set(), []
        for end in range(1, len(self.ids) + 1):
            gram = tuple(self.ids[max(0, end - n) : end])
            flags.append(end > self.start and len(gram) == n and gram in seen)
            seen.add(gram)
        return flags


def prompts_of(windows: Windows, marker: list[int], most: int) -> list[list[int]]:
    """The first `most` chat windows that begin with a question, each cut after the marker that begins the first answer."""
    prompts = []
    for number in range(windows.count("chat")):
        row = windows["chat", number].tolist()
        ends = [at + len(marker) for at in range(LONGEST_PROMPT) if row[at : at + len(marker)] == marker]
        prompts += [row[: ends[0]]] if ends else []
        if len(prompts) == most:
            break
    return prompts


class Rollouts:
    """Answers of the student to training questions, written anew every `every` steps."""

    def __init__(self, student, windows: Windows, teacher_folder, lanes: int, new_tokens: int, every: int, view: View):
        tokenizer = load_tokenizer(teacher_folder)
        self.end = tokenizer.convert_tokens_to_ids("<|im_end|>")
        marker = tokenizer.encode("<|im_start|>assistant\n", add_special_tokens=False)
        self.prompts = prompts_of(windows, marker, 4096)
        self.student, self.lanes, self.new_tokens, self.every, self.view = student, lanes, new_tokens, every, view
        self.age, self.rows = 0, []

    def next(self) -> list[Rollout]:
        """The rollouts of this step: its share of those written last."""
        turn = self.age % self.every
        if turn == 0:
            first = self.age // self.every * self.lanes
            asked = [self.prompts[(first + lane) % len(self.prompts)] for lane in range(self.lanes)]
            answers = greedy(self.student, asked, self.new_tokens, self.end, self.view)
            self.rows = [Rollout([*p, *a, self.end][: len(p) + self.new_tokens], len(p)) for p, a in zip(asked, answers)]
        self.age += 1
        return self.rows[turn :: self.every]

    def state_dict(self) -> dict:
        return {"age": self.age, "rows": self.rows}

    def load_state_dict(self, state: dict) -> None:
        self.age, self.rows = state["age"], state["rows"]


def unlikelihood(student, teacher, rollouts: list[Rollout], view: View) -> tuple[torch.Tensor, float]:
    """Sum of -log(1 - p) over tokens that repeat and have p above the teacher's / all answer tokens; the share that repeats."""
    device, longest = student.lm_head.weight.device, max(len(r.ids) for r in rollouts)
    ids = torch.tensor([r.ids + [0] * (longest - len(r.ids)) for r in rollouts], device=device)
    flags = torch.tensor([(f := r.repeats()) + [False] * (longest - len(f)) for r in rollouts], device=device)
    answered = sum(len(r.ids) - r.start for r in rollouts)
    at = flags[:, 1:].nonzero(as_tuple=True)
    hidden, chosen = forward_hidden(student, ids, view)[:, :-1][at], ids[:, 1:][at]
    with torch.no_grad():
        expected = teacher.model(ids, use_cache=False).last_hidden_state[:, :-1][at]
    total = hidden.sum() * 0
    for part, other, tokens in zip(hidden.split(SLICE), expected.split(SLICE), chosen.split(SLICE)):
        p, allowed = probability(student, part, tokens), probability(teacher, other, tokens)
        total = total - torch.log1p(-p[p > allowed].clamp(max=1 - 1e-4)).sum()
    return total / answered, len(chosen) / answered


def probability(model, hidden: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """hidden (n,D), tokens (n) -> p of each token (n), float32."""
    return torch.softmax(model.lm_head(hidden).float(), -1).gather(1, tokens[:, None])[:, 0]
