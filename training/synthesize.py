"""Draws chat from the teacher itself: after an empty user turn it writes the question, then the answer, and so on.

All lanes of a batch advance in lockstep, so there is no padding: template tokens are forced, the rest is sampled.
Batch i is seeded by (seed, i) and written to its own file, so the command can be stopped and run again.
Source: the self-instruct idea of Magpie, arXiv 2406.08464.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from tqdm import tqdm

from training.decode import LockstepDecoder
from training.prompts import dialogue_start
from training.teacher import load_teacher, load_tokenizer

QUESTION_TEMPERATURES = (0.8, 1.0, 1.1)
ANSWER_TEMPERATURES = (0.3, 0.6, 0.8, 1.0)


class Lane:
    """One dialogue being written: its tokens, and the template tokens that must come next."""

    def __init__(self, tokenizer, seed: str):
        self.random = random.Random(seed)
        self.tokenizer = tokenizer
        self.end = tokenizer.convert_tokens_to_ids("<|im_end|>")
        self.system, opener = dialogue_start(self.random)
        self.answering = False
        self.tokens: list[int] = []
        self.forced = self.encode(f"<|im_start|>system\n{self.system}<|im_end|>\n<|im_start|>user\n{opener}")
        self.question_temperature = self.random.choice(QUESTION_TEMPERATURES)
        self.answer_temperature = self.random.choice(ANSWER_TEMPERATURES)

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    @property
    def temperature(self) -> float:
        return self.answer_temperature if self.answering else self.question_temperature

    def take(self, sampled: int) -> int:
        """The next token: a forced one when there is one, else `sampled`."""
        token = self.forced.pop(0) if self.forced else sampled
        self.tokens.append(token)
        if token == self.end and not self.forced:
            self.answering = not self.answering
            self.forced = self.encode(f"\n<|im_start|>{'assistant' if self.answering else 'user'}\n")
        return token


def sample(logits: torch.Tensor, temperatures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """logits (lanes, V), temperatures (lanes) -> token ids (lanes), from the 64 likeliest and the first 95 %."""
    top, ids = logits.float().topk(64, dim=-1)
    p = torch.softmax(top / temperatures[:, None], dim=-1)
    p = p.masked_fill(p.cumsum(-1) - p > 0.95, 0)
    return ids.gather(1, torch.multinomial(p, 1, generator=generator))[:, 0]


@torch.inference_mode()
def draw(teacher, tokenizer, lanes: int, length: int, seed: str) -> list[Lane]:
    device = teacher.device
    generator = torch.Generator(device).manual_seed(random.Random(seed).getrandbits(62))
    dialogues = [Lane(tokenizer, f"{seed}/{i}") for i in range(lanes)]
    decoder = LockstepDecoder(teacher, lanes, length)
    sampled = [0] * lanes
    for at in tqdm(range(length), desc=f"batch {seed}", leave=False, mininterval=5):
        tokens = [lane.take(token) for lane, token in zip(dialogues, sampled)]
        if at + 1 == length:
            break
        logits = decoder.step(torch.tensor(tokens, device=device))
        temperatures = torch.tensor([lane.temperature for lane in dialogues], device=device)
        sampled = sample(logits, temperatures, generator).tolist()
    return dialogues


def write(dialogues: list[Lane], tokenizer, path: Path) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("w") as file:
        for lane in dialogues:
            text = tokenizer.decode(lane.tokens)
            file.write(json.dumps({"source": "self-chat", "licence": "Apache-2.0", "text": text, "ids": lane.tokens}) + "\n")
    partial.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", type=Path, default=Path("training/data/teacher"))
    parser.add_argument("--out", type=Path, default=Path("training/data/chat"))
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first batch")
    parser.add_argument("--lanes", type=int, default=48)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--dtype", choices=["bfloat16", "float32"], default="bfloat16", help="float32 is twice as quick on some CPUs")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(arguments.teacher)
    teacher = load_teacher(arguments.teacher, getattr(torch, arguments.dtype)).to("cuda" if torch.cuda.is_available() else "cpu")
    for batch in tqdm(range(arguments.first, arguments.first + arguments.batches), desc="chat"):
        path = arguments.out / f"{batch:05d}.jsonl"
        if not path.exists():
            write(draw(teacher, tokenizer, arguments.lanes, arguments.length, f"{arguments.seed}/{batch}"), tokenizer, path)


if __name__ == "__main__":
    main()
