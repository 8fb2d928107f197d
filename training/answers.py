"""Greedy answers to the fixed questions, many lanes in lockstep, and how much they repeat themselves."""

from pathlib import Path

import torch
from tqdm import tqdm

from training.decode import LockstepDecoder
from training.hybrid import HybridState, View, forward_hidden
from training.repetition import repeated_share

QUESTIONS = [line for line in Path(__file__).with_name("questions.txt").read_text().splitlines() if line.strip()]


class HybridDecoder:
    """`LockstepDecoder` for the hybrid: ids (lanes) -> logits (lanes, V)."""

    def __init__(self, model, view: View):
        self.model, self.view, self.state = model, view, HybridState()

    @torch.no_grad()
    def step(self, ids: torch.Tensor) -> torch.Tensor:
        return self.model.lm_head(forward_hidden(self.model, ids[:, None], self.view, self.state))[:, 0]


def decoder_for(model, lanes: int, length: int, view: View):
    return HybridDecoder(model, view) if model.config.model_type == "bamba" else LockstepDecoder(model, lanes, length)


def greedy(model, prompts: list[list[int]], new_tokens: int, end: int, view: View = View()) -> list[list[int]]:
    """Continues every prompt by up to `new_tokens` greedy ids; an answer ends before `end`."""
    device = model.lm_head.weight.device
    longest = max(map(len, prompts)) + new_tokens
    decoder = decoder_for(model, len(prompts), longest, view)
    fed, answers = [list(p) for p in prompts], [[] for _ in prompts]
    done = [False] * len(prompts)
    for at in tqdm(range(longest - 1), desc="greedy answers", mininterval=5, leave=False):
        logits = decoder.step(torch.tensor([lane[at] for lane in fed], device=device))
        for lane, token in enumerate(logits.argmax(-1).tolist()):
            if at + 1 < len(prompts[lane]):
                continue
            fed[lane].append(token)
            done[lane] |= token == end or len(answers[lane]) == new_tokens
            if not done[lane]:
                answers[lane].append(token)
        if all(done):
            break
    return answers


def ask(model, tokenizer, new_tokens: int = 200, view: View = View(), questions=QUESTIONS) -> tuple[list[str], float]:
    """Answers to `questions` as text, and the mean share of repeated 4-grams."""
    prompts = []
    for question in questions:
        turns = [{"role": "user", "content": question}]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        prompts.append(tokenizer.encode(text, add_special_tokens=False))
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    answers = greedy(model, prompts, new_tokens, end, view)
    shares = [repeated_share(answer) for answer in answers]
    return [tokenizer.decode(answer) for answer in answers], sum(shares) / len(shares)
