"""Dialogues that train memory: what they hold is right, what is learnt is the answer alone, and the evaluation's part is held out."""

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from training.loader import Piece, Pieces, make_loader
from training.memory.build import PADDING, rows, with_quotes
from training.memory.dialogues import Conversation, is_fixed, memory_dialogue, talk
from training.memory.documents import copying, document, listing, picking, random_words, wide_listing
from training.memory.everyday import everyday, fixed_questions, letters, pairs
from training.memory.facts import ASK, ASK_TRAINED, KINDS, NAME, TELL, answered, asked, corrected, filled, more, told, value_of
from training.memory.open_facts import FAMILIES, near
from training.memory.quoted import HEAD, quoted
from training.memory.recalled import full_answer, of_another, recalled, restated
from training.memory.cases import OWN_WORDS, essence, quotation
from training.memory.scene_dialogues import quoted_scene, scene_dialogue
from training.memory.scenes import SLOT, SceneError, Told, block, drawn_scenes, scenes
from training.memory.turns import PROVEN, Dialogue, typed
from training.memory.values import is_held, split_phrasings
from training.objectives import Answers
from training.hybrid import View, forward_hidden, inherit
from training.settings import Stage
from training.stage import slices_of
from training.tests.conftest import tiny_tokenizer


def filler(r):
    return r.choice([("Why is water wet?", "Because of its molecules."), ("Name a river.", "The Danube.")])


filler.short = filler
filler.words = ["anchor", "window", "cloud", "seven", "paper", "north", "music", "glass"]


def dialogues(count=300, held=False):
    r = random.Random(5)
    return [memory_dialogue(r, filler, 900, held) for _ in range(count)]


def said_before(dialogue: Dialogue, at: int) -> str:
    return "\n".join(text for role, text, _ in dialogue.turns[: at + 1] if role != "assistant").lower()


def test_a_case_of_quoted_memory_expects_the_value_and_not_the_wording_of_its_answer():
    r = random.Random(3)
    for case in (quotation(r, filler) for _ in range(200)):
        (value,) = case["expect"]
        assert value.lower() in case["system"].lower()
        assert value == essence(value) and " is " not in value and " are " not in value, value
    assert essence("the fridge") == "fridge" and essence("Theo") == "Theo"


def test_fewer_questions_about_what_was_not_told():
    def unknown(untold):
        made = [memory_dialogue(random.Random(n), filler, 900, untold=untold) for n in range(120)]
        return sum("not told me" in text for d in made for role, text, _ in d.turns if role == "assistant")

    assert 0 < unknown(0.5) < 0.75 * unknown(1)


def test_a_remembered_value_was_said_before_it_is_answered():
    checked = 0
    for dialogue in dialogues():
        for at, (role, text, weight) in enumerate(dialogue.turns):
            match = re.fullmatch(r"Your (?:name|lucky number|room number|order number|phone number) is ([^.]+)\.", text)
            if role == "assistant" and match and weight == 1:
                assert match[1].lower() in said_before(dialogue, at), (text, dialogue.text())
                checked += 1
    assert checked > 50


def test_what_was_corrected_is_answered_in_its_new_form():
    r, found = random.Random(1), 0
    for _ in range(200):
        c = Conversation(r, filler)
        c.tell([NAME])
        old = c.told["your name"]
        c.correct()
        c.ask()
        new = c.told["your name"]
        if new != old:
            assert c.dialogue.turns[-1][1] == f"Your name is {new}."
            found += 1
    assert found > 150


def test_what_was_never_told_is_said_to_be_so():
    r = random.Random(2)
    for _ in range(100):
        c = Conversation(r, filler)
        c.tell([NAME])
        c.ask_untold()
        assert "not told me" in c.dialogue.turns[-1][1] and "your name" not in c.dialogue.turns[-1][1]


def test_quoted_memory_comes_as_the_server_writes_it():
    r, right, missing = random.Random(3), 0, 0
    for _ in range(200):
        turns = quoted(r, filler).turns
        (role, quotation, weight), question, (_, answer, learnt) = turns[-3:]
        lines = quotation.split("\n")
        assert role == "system" and lines[0] == HEAD and weight == 0 and learnt == 1 and question[0] == "user"
        assert all(re.match(r"- (user|assistant): ", line) for line in lines[1:])
        missing += "not told me" in answer
        right += "not told me" not in answer and answer.rstrip(".").split()[-1].lower() in quotation.lower()
    assert missing > 10 and right > 120


def test_held_out_values_and_phrasings_do_not_occur_in_training():
    r = random.Random(4)
    for kind in [NAME, *KINDS]:
        for general in (TELL, ASK, kind.tell, kind.ask):
            known, held = split_phrasings(general, False), split_phrasings(general, True)
            assert not set(map(letters, known)) & set(map(letters, held)) and known
    for _ in range(300):
        assert not is_held(value_of(r, NAME)) and is_held(value_of(r, NAME, True))
    held_questions = {asked(r, NAME, True) for _ in range(100)}
    assert not held_questions & {asked(r, NAME) for _ in range(2000)}


def test_none_of_the_fixed_questions_is_asked():
    r = random.Random(6)
    assert not any(letters(question) in fixed_questions() for question, _ in [everyday(r) for _ in range(3000)] + pairs())
    assert is_fixed(Dialogue([("user", "what is the capital of france", 0.0)]))
    assert not any(is_fixed(talk(r, 400)) for _ in range(200))


def test_everyday_answers_are_right_where_a_rule_makes_them():
    r = random.Random(7)
    for _ in range(2000):
        question, answer = everyday(r)
        numbers = [int(n) for n in re.findall(r"\d+", answer)]
        if re.fullmatch(r"\d+ plus \d+ is \d+\.", answer):
            assert numbers[0] + numbers[1] == numbers[2]
        if re.fullmatch(r"\d+ times \d+ is \d+\.", answer):
            assert numbers[0] * numbers[1] == numbers[2]
    assert ("What is the capital of Portugal?", "The capital of Portugal is Lisbon.") in pairs()


def test_documents_lists_and_copies_hold_their_answers():
    r = random.Random(8)
    for _ in range(100):
        d = document(r, ["Water is wet.", "Snow is cold."])
        assert d.turns[-1][1].rstrip(".").split()[-1] in said_before_raw(d)
        copy = copying(r)
        assert copy.turns[-1][1] in said_before_raw(copy)
        assert listing(r).turns[-1][2] == 1 and picking(r).turns[-1][2] == 1


def said_before_raw(dialogue: Dialogue) -> str:
    return "\n".join(text for _, text, _ in dialogue.turns[:-1])


def test_typing_leaves_the_value_as_it_is():
    r = random.Random(9)
    shapes = {typed(r, told(r, NAME, "Zelda Quux"), ("Zelda Quux",)) for _ in range(300)}
    assert all("Zelda Quux" in text for text in shapes) and any(text[0].islower() for text in shapes)


def test_weights_stand_on_the_answer_and_its_end_alone():
    tokenizer = tiny_tokenizer()
    dialogue = Dialogue([("user", "w5 w6", 0.0), ("assistant", "w7 w8", 1.0), ("user", "w9", 0.0), ("assistant", "w10", 0.0)])
    ids, weights = dialogue.tokens(tokenizer)
    text = tokenizer.convert_ids_to_tokens(ids)
    assert [t for t, w in zip(text, weights) if w] == ["w7", "w8", "<|im_end|>"]
    assert len(ids) == len(weights)


def test_rows_are_padded_to_their_length_and_reach_the_trainer(tmp_path):
    class Characters:  # a tokenizer of one id per character
        def encode(self, text, add_special_tokens=False):
            return [1 + ord(c) % 120 for c in text]

    class Talk:
        def __call__(self, r):
            return filler(r)

        short, words = __call__, filler.words

        def prose(self, r, characters):
            return ["Water is wet."] * 3

    ids, weights, kinds = rows(1024, 6, Talk(), Characters(), False, 0)
    assert ids.shape == weights.shape == (6, 1024) and sum(kinds.values()) == 6
    assert (weights[ids == PADDING] == 0).all() and (weights.max(1) > 0).all()
    ids.tofile(tmp_path / "dialogues-1024.train.u16")
    weights.tofile(tmp_path / "dialogues-1024.train.weights")
    ids.tofile(tmp_path / "chat.train.u16")
    pieces = next(iter(make_loader(Pieces(tmp_path, ["chat", "dialogues-1024"], 64), {"chat": 2, "dialogues-1024": 1}, 3, 0)))
    chat, answers = pieces
    assert chat.ids.shape == (2, 64) and chat.weights is None
    assert answers.weights is not None and answers.ids.shape == (1, 1024)
    assert float(slices_of(answers, 0)[0].weights[:, -1].max()) > 0, "padding is cut off"
    assert slices_of(answers, 0, whole=True)[0].ids.shape == (1, 1024)


def test_rows_of_one_length_go_through_together(tmp_path):
    for kind in ("chat", "text"):
        np.arange(640, dtype=np.uint16).tofile(tmp_path / f"{kind}.train.u16")
    (piece,) = next(iter(make_loader(Pieces(tmp_path, ["chat", "text"], 64), {"chat": 2, "text": 3}, 5, 0)))
    assert piece.ids.shape == (5, 64) and piece.weights is None


def test_the_loss_on_answers_is_their_cross_entropy(teacher):
    student = inherit(teacher, [0, 1, 2])
    ids = torch.arange(5, 25)[None]
    weights = torch.zeros(1, 20)
    weights[0, 7], weights[0, 12] = 1, 0.5
    objective = Answers(student, teacher, View(), False)
    logits = torch.log_softmax(student.lm_head(forward_hidden(student, ids)), -1)[0]
    expected = -(logits[6, ids[0, 7]] + 0.5 * logits[11, ids[0, 12]])
    assert float(objective(Piece(ids, weights)).detach()) == pytest.approx(float(expected), rel=1e-5)
    assert float(objective(Piece(ids)).detach()) < 1e-3, "the student is the teacher"
    assert float(Answers(inherit(teacher, [0]), teacher, View(), False)(Piece(ids)).detach()) > 1e-2


def test_a_piece_is_cut_into_rows_without_their_padding():
    weights = torch.zeros(2, 9)
    weights[0, 3], weights[1, 8] = 1, 1
    one, two = slices_of(Piece(torch.ones(2, 9, dtype=torch.long), weights), 1)
    assert one.ids.shape == (1, 4) and two.ids.shape == (1, 9)
    assert Stage("end-to-end", 32, rows={"chat": 2, "dialogues-256": 3}, steps=30).step_tokens == 64 + 768


def test_answers_of_all_kinds_are_sentences():
    r = random.Random(10)
    for kind in [NAME, *KINDS]:
        answer = answered(kind, value_of(r, kind))
        assert answer[0].isupper() and answer.endswith(".") and "{" not in answer
        for text in (told(r, kind, "X"), asked(r, kind)):
            assert "{" not in text and text.strip() == text


def open_kinds(held=False):
    return [family.kind(what, held) for family in FAMILIES for what in family.over]


def test_kinds_put_together_from_families_are_whole_sentences_and_say_their_value():
    r, kinds = random.Random(11), open_kinds()
    assert len(kinds) > 400 and len({kind.about for kind in kinds}) == len(kinds)
    for kind in kinds:
        value = value_of(r, kind)
        for text in (told(r, kind, value), corrected(r, kind, value, "old")):
            assert value.lower() in text.lower() and "{" not in text and "  " not in text, text
        assert "{" not in asked(r, kind) and value in answered(kind, value) and answered(kind, value)[0] == answered(kind, value)[0].upper()
        for use in filter(None, kind.uses.split("|")):
            request, _, answer = use.partition("=>")
            assert request[-1] in ".?" and "{v}" not in request or "{v}" in answer


def test_wordings_of_families_are_held_out_whatever_they_are_about():
    known, held = ({letters(t) for kind in open_kinds(split) for t in f"{kind.tell}|{kind.ask}".split("|")} for split in (False, True))
    assert held and not known & held


def test_the_bench_asks_nothing_that_training_asks():
    """But what one says of everything: "whats my name"."""
    cases = json.loads(Path("bench/memory-cases.json").read_text())
    asks = {letters(a["ask"]) for part in ("recall", "own words") for case in cases[part] for a in case["asks"]}
    asks |= {letters(case["ask"]) for part in ("corrected", "never told", "quoted") for case in cases[part]}
    trained = {letters(filled(t, kind)) for kind in [NAME, *KINDS] for t in [*split_phrasings(kind.ask or ASK, False), *split_phrasings(ASK, False), *ASK_TRAINED.split("|")]}
    trained |= {letters(filled(t, kind)) for kind in open_kinds() for t in [*kind.ask.split("|"), *ASK_TRAINED.split("|")]}
    assert asks & trained <= {letters("whats my name")}


def test_a_near_kind_is_another_and_is_not_known():
    r, kinds = random.Random(12), open_kinds()
    for kind in kinds[::7]:
        other = near(r, kind)
        if other is not None:
            assert other.about != kind.about and other.ask
    assert near(r, NAME) is None
    for _ in range(100):
        c = Conversation(r, filler)
        c.tell(kinds[:2])
        c.ask_untold()
        assert "not told me" in c.dialogue.turns[-1][1] and not any(k.about in c.dialogue.turns[-1][1].split("not told me")[1].split(" yet")[0].split(" and ") for k in kinds[:2])


def test_all_that_was_told_is_asked_in_the_end():
    r = random.Random(13)
    for _ in range(50):
        c = Conversation(r, filler)
        c.tell([NAME])
        c.tell([KINDS[0]])
        c.ask_all()
        answers = [text for role, text, _ in c.dialogue.turns if role == "assistant"]
        assert all(any(answered(c.kinds[about], value) in text for text in answers) for about, value in c.told.items())


def test_tables_and_random_words_hold_their_answers():
    r = random.Random(14)
    for _ in range(100):
        table = wide_listing(r, filler.words)
        for at, (role, text, weight) in enumerate(table.turns):
            if role == "assistant" and weight == 1:
                assert all(word.strip(".").removesuffix("'s").lower() in said_before(table, at) or word in ANSWER_WORDS for word in text.split()), (text, table.text())
        words = random_words(r, filler.words)
        assert any(text in said_before_raw(words) for role, text, _ in words.turns if role == "assistant")


ANSWER_WORDS = set("The of is price code owner place weight word day stock colour lives in works as a number hobby years old. has the city job age".split())


NOT_TOLD = re.compile(r"not (told|said|mentioned)|do not know|only told|, (but )?not ")


def test_every_scene_can_be_told_and_asked_and_its_answers_stand_in_what_was_told():
    r = random.Random(10)
    assert len(scenes(False)) > 1000 and len(scenes(True)) > 100
    for held in (False, True):
        for scene in scenes(held):
            told = Told(r, scene, held)
            said = [told.filled(text) for text in scene.tells]
            for ask, answer in scene.asks + scene.uses + scene.unknown:
                assert not SLOT.search(told.filled(ask) + told.filled(answer))
                for found in SLOT.finditer(answer):
                    if not found[1]:
                        assert all(told.values[found[2] + found[3]] in text for text in said), (scene.tells[0], answer)
            assert scene.asks and all(NOT_TOLD.search(answer) for _, answer in scene.unknown), scene.tells[0]


def test_a_corrected_scene_answers_with_the_new_value():
    r, found = random.Random(11), 0
    for scene in scenes(False):
        if scene.corrections:
            told = Told(r, scene)
            before = dict(told.values)
            said = told.correct()
            changed = [slot for slot, value in told.values.items() if value != before[slot]]
            found += all(told.values[slot] in said for slot in changed) and bool(changed)
    assert found > 50


def test_scenes_of_one_dialogue_are_about_different_things():
    r = random.Random(12)
    for _ in range(100):
        chosen = drawn_scenes(r, 4, False)
        for at, scene in enumerate(chosen):
            assert all(scene.goes_with(other) for other in chosen[:at])


@pytest.mark.parametrize("text", ["x hello", "t I am {first}.", "t I am {first}.\nq Who am I? Bo", "t I am {frist}.\nq Who? = {frist}", "t I am.\nq Who am I? = {first}", "t I am {first}.\nq Who? = {first}\nn And {first2}? = You have not told me.", "t I am {first}.\nq Who? = {first}\nc It is {town}, not {old.town}."])
def test_a_scene_that_is_not_right_is_refused_with_its_place(text):
    with pytest.raises(SceneError, match="some.txt: expected"):
        block(text, "some.txt")


def test_no_training_scene_is_said_or_asked_as_the_evaluation_does_it():
    def runs(text, n=4):
        words = re.findall(r"[a-z']+|\{[a-z0-9]+\}", text.lower())
        return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}

    kept = set().union(*(runs(tell) for tell, _ in OWN_WORDS), *(runs(ask) for _, asks in OWN_WORDS for ask, _ in asks))
    further = [text for wordings in more().values() for mark in "tq" for text in wordings[mark]]
    for text in [text for scene in scenes(False) for text in [*scene.tells, *(ask for ask, _ in scene.asks)]] + further:
        assert not runs(text) & kept, text


def test_scene_dialogues_and_quotations_learn_answers_that_are_proven():
    r = random.Random(13)
    prose = lambda r, n: ["Water is wet, and snow is cold."] * max(1, n // 32)  # noqa: E731
    for _ in range(200):
        d = scene_dialogue(r, filler, 900, prose=prose)
        assert d.turns[-1][2] == PROVEN and d.turns[-1][0] == "assistant"
        q = quoted_scene(r, filler)
        assert any(role == "system" and text.startswith(HEAD) for role, text, _ in q.turns) and q.turns[-1][2] == PROVEN


def test_what_recall_finds_comes_as_the_server_writes_it_and_new_values_are_other_ones():
    r, foreign, pairs_of_sentences = random.Random(15), 0, 0
    for _ in range(300):
        turns = recalled(r, filler).turns
        quotes = [text for role, text, _ in turns if role == "system" and text.startswith(HEAD)]
        assert quotes and all(re.match(r"- (user|assistant): \S", line) for text in quotes for line in text.split("\n")[1:])
        assert turns[-1][0] == "assistant" and turns[-1][2] == PROVEN
        foreign += any(not line.isascii() for line in quotes)
        pairs_of_sentences += any(line.count(". ") for text in quotes for line in text.split("\n"))
    assert foreign > 60 and pairs_of_sentences > 60
    for _ in range(300):
        one = Told(r, drawn_scenes(r, 1, False)[0])
        values = one.kept()
        one.renew()
        assert all(old != new for old, new in zip(values, one.kept()))


@pytest.mark.parametrize(
    ("said", "restatement"),
    [
        ("I get lost in my own town.", "You get lost in your own town."),
        ("I'm late, and we were tired!", "You're late, and you were tired."),
        ("My aunt knows me and I was there.", "Your aunt knows you and you were there."),
        ("Do you know my aunt?", None),
        ("aunt = 3", None),
        ("The shop is closed.", None),
    ],
)
def test_what_was_said_is_said_back(said, restatement):
    assert restated(said) == restatement


def test_the_same_kind_of_somebody_else_has_other_values_and_a_full_answer_holds_one():
    r, others, full = random.Random(16), 0, 0
    for _ in range(1500):
        one = Told(r, drawn_scenes(r, 1, False)[0])
        if another := of_another(r, one, False):
            others += 1
            assert not re.search(r"\bI\b", another) and "'s" in another
        tell, answer = one.tell(), one.pair(one.scene.asks)[1]
        if sentence := full_answer(one, tell, answer):
            full += 1
            assert sum(value in sentence for value in one.kept()) == 1 and not re.search(r"\bI\b", sentence)
    assert others > 40 and full > 20


def test_quotations_of_long_rows_come_after_much_other_talk():
    r = random.Random(17)
    for _ in range(60):
        d = with_quotes(r, filler, False, 4000)
        first = next(i for i, (role, text, _) in enumerate(d.turns) if role == "system" and text.startswith(HEAD))
        assert 4000 <= d.characters() < 5500 and first > 10 and d.turns[-1][2] == PROVEN
