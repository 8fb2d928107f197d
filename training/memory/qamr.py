"""Questions that people have written about single sentences, with their answers, from the files of QAMR (https://github.com/uwnlp/qamr, MIT).

`wiki-sentences.tsv` has an id and a sentence in a row; of `filtered/*.tsv` the columns 0, 5 and 6 to 8 are read: the sentence's id, the question, and
which of its tokens the question's writer and two others took for the answer. Many questions are about grammar ("What kind of hours?"): those are left out.
"""

import re
from pathlib import Path

from training.memory.asked_lines import Question

LONGEST_SENTENCE, LONGEST_ANSWER = 170, 60  # characters
SUBJECT = re.compile(r"^(Who|What) ((?!happened)[a-z]{2,}ed\b(?! to\b).*|(?:was|is) [a-z]+(?:ed|ing)\b.*)\?$")  # what it asks for comes first in the answer too
NAMED = re.compile(r"[A-Z0-9].*|.* .*")  # an answer of one plain word is mostly about grammar
ASKS_FOR = re.compile(r"^(Who|Whose|Where|When|Why|How many|How much|How long|How old)\b")
NOT_ASKED = re.compile(r"\b(what|which) (kind|type|sort)\b|\b(first|last) name\b|\binitial\b", re.I)
PRONOUNS = {"he", "she", "it", "they", "we", "i", "you", "his", "her", "their", "our", "my", "its", "him", "them", "us", "me", "this", "that", "these", "those", "who", "which"}
MARKS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}", "``": '"', "''": '"', "`": "'"}
NO_SPACE_BEFORE = re.compile(r"[)\]},.:;?!%]|\.\.\.|'(s|m|d|re|ve|ll)?|n't")


def joined(tokens: list[str]) -> str:
    """Penn Treebank tokens as they are written."""
    text, open_quote, glued = "", False, True
    for token in tokens:
        word, quote = MARKS.get(token, token), token in ("``", "''", '"')
        closes = NO_SPACE_BEFORE.fullmatch(word) or (quote and open_quote)
        text += word if glued or closes else f" {word}"
        open_quote = open_quote != quote
        glued = word in ("(", "[", "{", "$", "#") or (quote and open_quote)
    return text


def answer_of(columns: list[str], tokens: list[str]) -> str | None:
    """The longest span that two of the three took for the answer; None where they do not agree, or where it is not one piece."""
    spans = [tuple(map(int, column.rpartition(":")[2].split())) for column in columns]
    agreed = [span for span in spans if spans.count(span) >= 2 and span == tuple(range(span[0], span[-1] + 1))]
    text = joined([tokens[i] for i in max(agreed, key=len)]).strip(" ,.;:") if agreed else ""
    return text if 0 < len(text) <= LONGEST_ANSWER and text.lower() not in PRONOUNS else None


def said(question: str, answer: str) -> str:
    """The answer as a sentence where the question has the same order of words, else alone."""
    found, alone = SUBJECT.match(question), answer[:1].upper() + answer[1:]
    several = " and " in answer or ", " in answer or answer.endswith("s")
    return f"{alone} {found[2]}." if found and not (several and found[2].startswith(("was", "is"))) else f"{alone}."


def is_worth_asking(question: str, answer: str) -> bool:
    known = len(question.split()) > 3 and answer.lower() not in question.lower()
    return known and not NOT_ASKED.search(question) and bool(NAMED.fullmatch(answer) or ASKS_FOR.match(question))


def read_qamr(sentences: Path, files: list[Path]) -> tuple[list[Question], list[tuple[str, str]]]:
    """The questions, and all sentences that are short enough with the document of each."""
    tokens = dict(row.split("\t") for row in sentences.read_text().splitlines() if row.strip())
    texts = {key: whole for key, text in tokens.items() if len(whole := joined(text.split())) <= LONGEST_SENTENCE and "?" not in whole}
    document = {key: key.rsplit(":", 2)[0] for key in texts}
    questions = []
    for row in (row for file in files for row in file.read_text().splitlines()):
        key, *_, question, written, first, second = row.split("\t")[:9]
        answer = answer_of([written, first, second], tokens[key].split()) if key in texts else None
        question = question.strip().rstrip("?. ") + "?"
        question = question[:1].upper() + question[1:]
        if answer and is_worth_asking(question, answer):
            clause = f"{question[0].lower()}{question[1:-1]}" if SUBJECT.match(question) else None
            questions.append(Question(texts[key], document[key], question, answer, said(question, answer), clause))
    return questions, [(document[key], text) for key, text in texts.items()]


__all__ = ["answer_of", "joined", "read_qamr", "said"]
