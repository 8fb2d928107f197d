import random
import re

import pytest

from training.memory.asked_lines import OWN, AskedLines, Collection, own_questions, questions_of, stems, told_questions
from training.memory.far import TURNS, far
from training.memory.qamr import answer_of, joined, read_qamr, said
from training.memory.quoted import HEAD
from training.memory.recalled import restated
from training.memory.spoken_lines import spoken
from training.memory.turns import PROVEN

SENTENCE = "The `` Rollers '' -LRB- men -RRB- did n't visit Rome , the city 's oldest rival , in 1996 ."


def filler(r):
    return "What is a prime?", "A number with two divisors."


def test_tokens_are_joined_as_they_are_written():
    assert joined(SENTENCE.split()) == 'The "Rollers" (men) didn\'t visit Rome, the city\'s oldest rival, in 1996.'


@pytest.mark.parametrize(
    ("spans", "answer"),
    [
        (["10", "3:10", "4:10 11"], "Rome"),
        (["10", "3:10 11 12 13", "4:12"], None),  # nobody agrees
        (["8 10", "3:8 10", "4:8"], None),  # not one piece
        (["12 13 14 15 16 17", "3:12 13 14 15 16 17", "4:16"], "the city's oldest rival"),
    ],
)
def test_an_answer_is_the_piece_that_two_of_three_took(spans, answer):
    assert answer_of(spans, SENTENCE.split()) == answer


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        ("Who visited Rome?", "the men", "The men visited Rome."),
        ("What was opened in 1996?", "a bridge", "A bridge was opened in 1996."),
        ("What was opened in 1996?", "two bridges", "Two bridges."),
        ("What happened in 1996?", "a visit", "A visit."),
        ("Where did he live?", "Rome", "Rome."),
    ],
)
def test_an_answer_is_a_sentence_where_the_question_has_its_order(question, answer, sentence):
    assert said(question, answer) == sentence


def test_qamr_gives_questions_that_are_worth_asking(tmp_path):
    (tmp_path / "s.tsv").write_text(f"W:1:2:3\t{SENTENCE}\nW:1:2:4\tIt rained .\nW:1:9:0\t{'very ' * 60}long .\n")
    rows = [("Which town was their aim", "10", "10", "1"), ("What kind of rival was it?", "15", "15", "15"), ("Where did they all not go?", "10", "11", "9"), ("What stayed in Rome then?", "16", "16", "16")]
    (tmp_path / "q.tsv").write_text("".join(f"W:1:2:3\t0\t7\t0\t10\t{question}\t{a}\t8:{b}\t9:{c}\n" for question, a, b, c in rows))
    questions, sentences = read_qamr(tmp_path / "s.tsv", [tmp_path / "q.tsv"])
    assert [(one.question, one.said, one.document) for one in questions] == [("Which town was their aim?", "Rome.", "W:1")]
    assert [text for _, text in sentences] == [joined(SENTENCE.split()), "It rained."]


def test_our_own_questions_are_in_other_words_than_their_lines_and_parted_by_line():
    questions = [one for one in own_questions() if one.is_answered()]
    assert len(questions) > 400 and sum(one.is_other() for one in questions) > 0.95 * len(questions)
    train, held = (Collection(questions, held=held) for held in (False, True))
    assert len(held.about) > 20 and not set(train.about) & set(held.about)
    assert len({one.sentence for one in questions}) == len(train.about) + len(held.about)


def test_a_question_stands_behind_lines_of_which_one_answers_it_or_none():
    r, collection = random.Random(3), Collection(own_questions())
    every = [one for asked in collection.about.values() for one in asked]
    known = {one.question: one for one in every if sum(one.question == other.question for other in every) == 1}
    asked, found, untold, most = AskedLines([collection]), 0, 0, 0
    for _ in range(300):
        turns = asked(r, filler, 300).turns
        quotes = [i for i, (role, text, _) in enumerate(turns) if role == "system" and text.startswith(HEAD)]
        for i in quotes:
            lines = turns[i][1].split("\n")[1:]
            most = max(most, len(lines))
            assert all(re.match(r"- (user|assistant): \S", line) for line in lines) and turns[i + 2][2] == PROVEN
            one = known.get(turns[i + 1][1])
            if turns[i + 2][1].startswith("You have not told me"):
                untold += 1
                assert one is None or not any(one.sentence in line for line in lines)
            elif one:
                found += 1
                assert any(one.sentence in line for line in lines) and turns[i + 2][1] in (one.said, restated(one.sentence))
    assert found > 130 and 50 < untold < 110 and most >= 4


def test_other_lines_are_of_the_same_kind_or_share_words_with_the_question():
    r, collection = random.Random(4), Collection(questions_of(OWN / "first.txt"))
    pairs = [(one, collection.beside(r, one)) for one in (collection.drawn(r) for _ in range(400))]
    near = {one.sentence: one.document for asked in collection.about.values() for one in asked}
    assert sum(bool(stems(one.question) & stems(text)) for one, text in pairs) > 100
    assert sum(near[text] == one.document and text != one.sentence for one, text in pairs) > 40


def test_questions_of_one_split_only_and_answers_without_their_mark_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected questions of both splits"):
        Collection([])
    (tmp_path / "a.txt").write_text("I row. | What do I do?\n")
    with pytest.raises(ValueError, match="question = answer"):
        own_questions(tmp_path)


def of_lines(tmp_path, *rows) -> Collection:
    (tmp_path / "lines.txt").write_text("".join(f"{row}\n" for row in rows))
    questions = own_questions(tmp_path)
    return next(one for one in (Collection(questions, held=held) for held in (False, True)) if len(one.about) == len(rows))


def test_a_question_that_a_line_only_comes_near_is_not_answered_from_it(tmp_path):
    collection = of_lines(tmp_path, "My sister rows on Mondays. | Which sport does she do? = Rowing. | Where does she row? = ?")
    asked, r, replies = AskedLines([collection]), random.Random(1), []
    for _ in range(200):
        turns = asked(r, filler, 100).turns
        replies += [(turns[i - 2][1], turns[i][1]) for i in range(2, len(turns)) if turns[i - 1][1].lower().startswith("where does she") and turns[i][2] == PROVEN]
    quoted = [reply for quotation, reply in replies if "rows on Mondays" in quotation]
    assert len(quoted) > 20 and all(reply.startswith("You have not told me") for reply in quoted)


def test_lines_told_in_the_dialogue_are_asked_about_behind_other_talk(tmp_path):
    collection = of_lines(tmp_path, "My sister rows on Mondays. | Which sport does she do? = Rowing. | Where does she row? = ?", "Can you help? I sold the blue Vespa. | What two-wheeler went? = The Vespa did.")
    r, kinds, told_short, told_far = random.Random(2), set(), 0, 0
    for _ in range(200):
        turns = spoken(r, [collection], filler, 1500).turns
        texts = [text.lower().rstrip(".") for _, text, _ in turns]
        for i, (role, text, weight) in enumerate(turns):
            if role == "assistant" and weight == PROVEN:
                before = " ".join(texts[:i])
                known = {"rowing": "rows on", "your sister rows on mondays": "rows on", "the vespa did": "vespa"}.get(texts[i])
                assert known in before if known else text.startswith("You have not told me")
                kinds.add(texts[i])
        told_far += texts.count("what is a prime?") > 3
        told_short += sum(weight == 0.3 for _, _, weight in turns)
        assert not any(weight for (_, text, _), (_, _, weight) in zip(turns, turns[1:]) if "can you help" in text.lower()), "what asks for help is not answered by a nod"
    assert len(kinds) > 4 and told_short > 100 and told_far > 50


def test_what_was_told_is_asked_for_behind_many_turns_of_other_talk(tmp_path):
    collection = of_lines(tmp_path, "My sister rows on Mondays. | Which sport does she do? = Rowing. | Where does she row? = ?", "I sold the blue Vespa. | What two-wheeler went? = The Vespa did.")
    r, lines, untold = random.Random(3), 0, 0
    for _ in range(60):
        turns = far(r, [collection], filler, 2000, False).turns
        answers = [i for i, (role, _, weight) in enumerate(turns) if role == "assistant" and weight == PROVEN]
        assert sum(role == "assistant" for role, _, _ in turns[: answers[0]]) >= TURNS[0], "nothing is asked before other talk"
        assert all(turns[i - 2][2] != PROVEN for i in answers), "other talk stands between two questions"
        for i in answers:
            before = " ".join(text for _, text, _ in turns[:i])
            known = {"Rowing.": "rows on", "Your sister rows on Mondays.": "rows on", "The Vespa did.": "Vespa"}.get(turns[i][1])
            lines += bool(known)
            untold += turns[i][1].startswith("You have not told me")
            assert known is None or known in before
    assert lines > 20 and untold > 40


def test_a_told_line_is_its_own_answer_said_back(tmp_path):
    path = tmp_path / "told.txt"
    path.write_text("I keep bees behind the shed. | Which insects do I look after? | Where are the hives?\nThe sea is blue. | What colour is the sea?\n")
    asked = told_questions(path)
    assert [(one.question, one.answer, one.said) for one in asked] == [
        ("Which insects do I look after?", "I keep bees behind the shed", "You keep bees behind the shed."),
        ("Where are the hives?", "I keep bees behind the shed", "You keep bees behind the shed."),
    ]
