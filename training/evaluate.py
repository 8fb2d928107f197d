"""Evaluates an exported hybrid beside its teacher and prints tables; the same text goes to `evaluation.md`.

    python -m training.evaluate training/runs/cpu-longer/export
"""

import argparse
import copy
import json
from pathlib import Path

import torch
from transformers import BambaForCausalLM

from training.answers import QUESTIONS, ask
from training.corpus import END_OF_TEXT
from training.hybrid import View
from training.loader import Windows
from training.balance import balance
from training.quantize import input_products, quantized
from training.recall import recall
from training.scoring import divergence, hidden_of, perplexity
from training.teacher import load_teacher, load_tokenizer

KINDS = ("text", "chat")


def windows_of(tokens: Path, kind: str, split: str, sequence: int, count: int) -> torch.Tensor:
    windows = Windows(tokens, [kind], sequence, split)
    return torch.stack([windows[kind, n] for n in range(min(count, windows.count(kind)))])


def in_bf16(model):
    """A copy whose weights were rounded to bf16; arithmetic stays float32."""
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16().float()
    return model


def variants(student, tokens: Path, sequence: int, calibration: int, device) -> dict:
    batches = [ids[None].to(device) for kind in KINDS for ids in windows_of(tokens, kind, "train", sequence, calibration)]
    even = balanced(student, batches)
    return {
        "hybrid, bf16": in_bf16(student),
        "hybrid, 8 bit": quantized(even, 8),
        "hybrid, 8 bit, not balanced": quantized(student, 8),
        "hybrid, 4 bit": quantized(even, 4, input_products(even, batches)),
        "hybrid, 4 bit, uncalibrated": quantized(student, 4),
    }


def balanced(model, batches: list[torch.Tensor]):
    model = copy.deepcopy(model)
    balance(model, input_products(model, batches))
    return model


def quality(teacher, students: dict, tokens: Path, sequence: int, count: int, view: View) -> tuple[str, dict]:
    """Perplexity, its ratio to the teacher's, KL to the teacher and to the bf16 hybrid, per kind of held-out tokens."""
    results, lines = {}, []
    for kind in KINDS:
        windows = windows_of(tokens, kind, "held", sequence, count).to(teacher.device)
        base = hidden_of(teacher, windows)
        teacher_ppl = perplexity(base, teacher.lm_head, windows)
        lines += [f"Held-out {kind}, {windows.numel():,} tokens in windows of {windows.shape[1]}.", "",
                  "| model | perplexity | / teacher | KL to teacher | KL to bf16 hybrid |", "|---|---|---|---|---|",
                  f"| teacher | {teacher_ppl:.2f} | 1 | 0 | |"]
        results[kind] = {"teacher": {"perplexity": teacher_ppl}}
        reference = None
        for name, model in students.items():
            hidden = hidden_of(model, windows, view)
            ppl = perplexity(hidden, model.lm_head, windows)
            kl = divergence(base, teacher.lm_head, hidden, model.lm_head)
            drift = divergence(reference[0], reference[1], hidden, model.lm_head) if reference else 0.0
            reference = reference or (hidden, model.lm_head)
            lines.append(f"| {name} | {ppl:.2f} | {ppl / teacher_ppl:.3f} | {kl:.4f} | {drift:.4f} |")
            results[kind][name] = {"perplexity": ppl, "ratio": ppl / teacher_ppl, "kl": kl, "drift": drift}
        lines.append("")
    return "\n".join(lines), results


def answer_part(models: dict, tokenizer, new_tokens: int, view: View) -> tuple[str, dict]:
    """Greedy answers side by side, and the share of repeated 4-grams of each model."""
    given = {name: ask(model, tokenizer, new_tokens, view) for name, model in models.items()}
    lines = ["| model | repeated 4-grams in greedy answers |", "|---|---|"]
    lines += [f"| {name} | {share:.3f} |" for name, (_, share) in given.items()]
    lines += ["", "| question | " + " | ".join(given) + " |", "|" + "---|" * (len(given) + 1)]
    for n, question in enumerate(QUESTIONS):
        texts = [answers[n].replace("\n", " ").replace("|", "/")[:160] for answers, _ in given.values()]
        lines.append(f"| {question} | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n", {name: share for name, (_, share) in given.items()}


def recall_part(models: dict, tokenizer, tokens: Path, longest: int, teacher_longest: int, facts: int, view: View):
    """Recall by distance. The teacher is not asked past the positions it was trained for."""
    distances = [64 << n for n in range(32) if 64 << n <= longest]
    filler = windows_of(tokens, "text", "held", distances[-1] * 5 // 4, 1)[0]
    filler = filler[filler != END_OF_TEXT]  # which tells the teacher to forget what came before
    rows = {}
    for name, model in models.items():
        reach = [d for d in distances if name != "teacher" or d + 128 <= teacher_longest]
        rows[name] = {row["distance"]: row for row in recall(model, tokenizer, filler, reach, facts, view)}
    lines = ["Code word told, then so many tokens, then asked: share right among 16 words (chance 0.06), mean log-probability.", "",
             "| model | " + " | ".join(f"{d:,}" for d in distances) + " |", "|" + "---|" * (len(distances) + 1)]
    for name, at in rows.items():
        cells = [f"{at[d]['accuracy']:.2f} ({at[d]['log p']:.1f})" if d in at else "–" for d in distances]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n", {name: list(at.values()) for name, at in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path, help="a folder written by training.export")
    parser.add_argument("--data", type=Path, default=Path("training/data"))
    parser.add_argument("--sequence", type=int, default=512)
    parser.add_argument("--windows", type=int, default=16, help="held-out windows of each kind")
    parser.add_argument("--calibration", type=int, default=8, help="training windows of each kind for the scale search")
    parser.add_argument("--new-tokens", type=int, default=200)
    parser.add_argument("--recall-longest", type=int, default=32768)
    parser.add_argument("--recall-facts", type=int, default=4)
    parser.add_argument("--parts", nargs="+", default=["quality", "answers", "recall"])
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer, tokens = load_tokenizer(arguments.data / "teacher"), arguments.data / "tokens"
    teacher = load_teacher(arguments.data / "teacher").to(device)
    student = BambaForCausalLM.from_pretrained(arguments.export, dtype=torch.float32).eval().to(device)
    cache = getattr(student.config, "rivulet_cache", None) or {}
    view = View.of(cache)
    sections, results = ["# Evaluation\n"], {}
    with torch.no_grad():
        if "quality" in arguments.parts:
            forms = variants(student, tokens, arguments.sequence, arguments.calibration, device)
            text, results["quality"] = quality(teacher, forms, tokens, arguments.sequence, arguments.windows, view)
            sections.append("## Perplexity and KL\n\n" + text)
            del forms
        models = {"teacher": teacher, "hybrid": student}
        if "answers" in arguments.parts:
            text, results["repetition"] = answer_part(models, tokenizer, arguments.new_tokens, view)
            sections.append("## Greedy answers\n\n" + text)
        if "recall" in arguments.parts:
            reach = teacher.config.max_position_embeddings
            text, results["recall"] = recall_part(models, tokenizer, tokens, arguments.recall_longest, reach, arguments.recall_facts, view)
            sections.append("## Recall\n\n" + text)
    print("\n".join(sections))
    (arguments.export / "evaluation.md").write_text("\n".join(sections))
    (arguments.export / "evaluation.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
