"""Kinds of facts that people tell about themselves: how they are said, asked for and answered.

`about` names the fact from the assistant's side ("your name"); general phrasings are made of it, and each kind has its own beside them.
"""

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from training.memory import values as v
from training.memory.values import Sampler, pool, rank, split_phrasings

TELL = """{My} is {v}.|By the way, {my} is {v}.|Please remember that {my} is {v}.|Just so you know, {my} is {v}.|Note that {my} is {v}.|For later: {my} is {v}.|
{My}: {v}.|You should know that {my} is {v}.|Keep in mind that {my} is {v}.|{My} is {v}, in case it matters.|I want you to remember this: {my} is {v}.""".replace("\n", "")
ASK = """What is {my}?|What's {my}?|Tell me {my}.|Can you tell me {my}?|Do you remember {my}?|Do you know what {my} is?|Remind me, what is {my}?|
I forgot {my}. What is it?|Please repeat {my}.|What did I say {my} was?|Could you remind me of {my}?|{My}, please?|Do you still know {my}?|Say {my}.|
What was {my} again?|I told you {my} earlier. What is it?|Which one is {my}?|Quick question: what is {my}?|Now, what is {my}?""".replace("\n", "")
CORRECT = """Actually, {my} is {v}.|Sorry, I made a mistake: {my} is {v}.|Correction: {my} is {v}, not {old}.|Wait, {my} is {v}, not {old}.|Change of plan: {my} is now {v}.|
Things have changed: {my} is {v} now.|I was wrong before, {my} is {v}.|Please forget {old}. {My} is {v}.|Update: {my} is {v}.|No, not {old}: {my} is {v}.""".replace("\n", "")
TELL_TRAINED = """One thing about me: {my} is {v}.|It may help to know that {my} is {v}.|Before I forget, {my} is {v}.|Let me add that {my} is {v}.|Oh, and {my} is {v}.|Write down that {my} is {v}.|Well, {my} is {v}.|As for {my}, it is {v}.|
I should mention that {my} is {v}.|I'd like you to know that {my} is {v}.|FYI {my} is {v}.|remember: {my} = {v}|{my} -> {v}|Store this: {my} is {v}.|Here is a fact: {my} is {v}.|{v} is {my}.|It so happens that {my} is {v}.|If anyone asks, {my} is {v}.""".replace("\n", "")
ASK_TRAINED = """Which is {my}?|And {my}?|What about {my}?|Let me test you: what is {my}?|{My}?|Give me {my}.|I can't recall {my}.|What have I said about {my}?|Can you recall {my}?|Help me out, what was {my}?|Name {my}.|I need {my}.|Please look up {my}.|
Back to what I told you: what is {my}?|Earlier I mentioned {my}. Which was it?|Write {my} here.|So what is {my} then?|In one line: {my}.|How about {my}?|do you know {my}|{my} please|Going back a bit, what was {my}?|What did I tell you about {my}?|Do you happen to know {my}?|Let's see if you remember {my}.""".replace("\n", "")
BEFORE_CORRECTION = "Actually, no. |Sorry, that was wrong. |Correction. |No, wait. |Let me correct that. |I mixed that up. |That has changed. |Not {old}, I meant this: |Hm, not {old}. |I have to take that back. |New information: |Forget what I said. "
UNKNOWN = ("You have not told me {your} yet.",)


@dataclass(frozen=True)
class Kind:
    about: str
    sample: Sampler
    tell: str = ""
    ask: str = ""
    answer: str = "{Your} is {v}."
    uses: str = ""  # requests that need the fact, each `request=>answer`, parted by bars
    parted: bool = False  # `tell` and `ask` hold the wordings of one split only

    @property
    def mine(self) -> str:
        return self.about.replace("your", "my").replace("you ", "I ")

    @property
    def is_noun(self) -> bool:
        """Whether `about` can be the subject of a sentence: "your city", and not "how many cats you have"."""
        return not self.about.startswith(("how ", "what ", "when "))


def kind(about: str, sample: Sampler, tell: str = "", ask: str = "", answer: str = "{Your} is {v}.") -> Kind:
    return Kind(about, sample, tell, ask, answer)


NAME = kind("your name", v.full_name, "I'm {v}.|I am {v}.|I am called {v}.|My name's {v}.|Call me {v}.|Please call me {v}.|My name is {v}.|My name is {v}.|{v} here.|This is {v}.|Hello, I am {v}.|Hi, my name is {v}.|You can call me {v}.|The name is {v}.|People call me {v}.",
            "What is my name?|What is my name?|What's my name?|Do you remember my name?|Who am I?|What am I called?|Tell me my name.|What did I say my name was?|Do you know who I am?|Can you say my name?|How am I called?|What should you call me?|With whom are you talking?|Do you know my name?|what is my name",
            "Your name is {v}.")
KINDS = [
    kind("your city", pool(v.CITIES), "I'm from {v}.|I moved to {v} last year.|I live in {v}.|My home is in {v}.|I am writing from {v}.|I have lived in {v} for years.|My home town is {v}.|We just moved to {v}.",
         "Where do I live?|Which city do I live in?|Where is my home?|What city am I in?|In which city do I live?|Which town did I say I live in?|Where am I from?|Do you know where I live?", "You live in {v}."),
    kind("your country", pool(v.COUNTRIES), "I was born in {v}.|I come from {v}.|My family is from {v}.|I grew up in {v}.", "Which country do I come from?|Where was I born?|In which country did I grow up?|What country am I from?", "You come from {v}."),
    kind("your pet", pool(v.PETS), "I own a {v}.|We have a {v} at home.|I got a {v} for my birthday.|My pet is a {v}.|I have a {v}.|There is a {v} in our house.|I adopted a {v}.",
         "What animal do I own?|Which pet do I have?|What kind of pet do I have?|Tell me what pet I have.|What animal lives with me?|Do you know which animal I have?", "You have a {v}."),
    kind("the name of your dog", pool(v.PET_NAMES), "My dog is called {v}.|I have a dog named {v}.|Our dog's name is {v}.|My dog {v} is sleeping now.|I just walked my dog {v}.", "What is my dog called?|What is my dog's name?|How is my dog called?|What do I call my dog?|Who is my dog?", "Your dog is called {v}."),
    kind("the name of your cat", pool(v.PET_NAMES), "My cat is called {v}.|I have a cat named {v}.|Our cat's name is {v}.|My cat {v} broke a vase.", "What is my cat called?|What is my cat's name?|How is my cat called?|What do I call my cat?", "Your cat is called {v}."),
    kind("your favourite colour", pool(v.COLOURS), "I love the colour {v}.|The colour I like most is {v}.|My favorite color is {v}.|I like {v} more than any other colour.|{v} is my favourite colour.", "Which colour do I like most?|What colour do I love?|What is my favorite color?|Which color do I prefer?|What's my favorite color?", "Your favourite colour is {v}."),
    kind("your job", pool(v.JOBS), "I'm a {v}.|I work as a {v}.|My job is being a {v}.|I earn my living as a {v}.|I am a {v} by profession.|I became a {v} two years ago.|By day I am a {v}.", "What do I do for a living?|What is my profession?|What work do I do?|What do I work as?|What is my occupation?|How do I earn my money?", "You work as a {v}."),
    kind("your favourite food", pool(v.FOODS), "I love eating {v}.|I could eat {v} every day.|The food I like best is {v}.|My favorite food is {v}.|Nothing beats {v} for me.", "What do I love eating?|Which food do I like most?|What food is my favourite?|What do I like to eat?|What's my favorite food?", "Your favourite food is {v}."),
    kind("your favourite drink", pool(v.DRINKS), "I always drink {v}.|I like to drink {v}.|My favorite drink is {v}.|I start every day with {v}.", "What do I like to drink?|Which drink do I like most?|What do I always drink?", "Your favourite drink is {v}."),
    kind("your hobby", pool(v.HOBBIES), "In my free time I enjoy {v}.|I spend my weekends on {v}.|I love {v}.|My hobby is {v}.|I have taken up {v}.", "What do I enjoy in my free time?|How do I spend my weekends?|What is my hobby?|What do I do for fun?", "Your hobby is {v}."),
    kind("your favourite sport", pool(v.SPORTS), "I play {v}.|I play {v} every Sunday.|I am in a {v} team.|I have been playing {v} since school.", "Which sport do I play?|What sport do I do?|What do I play?", "You play {v}."),
    kind("your instrument", pool(v.INSTRUMENTS), "I play the {v}.|I am learning the {v}.|I practise the {v} every evening.|I take {v} lessons.", "Which instrument do I play?|What instrument am I learning?|What do I practise?", "You play the {v}."),
    kind("your native language", pool(v.LANGUAGES), "I speak {v}.|I am learning {v}.|At home we speak {v}.|I study {v} in the evenings.", "Which language do I speak?|What language am I learning?|Which language did I mention?", "The language is {v}."),
    kind("your allergy", pool(v.ALLERGIES), "I am allergic to {v}.|I can't stand {v}, I have an allergy.|Doctors say I am allergic to {v}.|I have an allergy to {v}.", "What am I allergic to?|What must I avoid because of my allergy?|Which allergy do I have?", "You are allergic to {v}."),
    kind("your favourite subject", pool(v.SUBJECTS), "I study {v}.|I am a student of {v}.|At university I take {v}.|I have an exam in {v}.", "What do I study?|Which subject do I study?|What subject did I mention?", "You study {v}."),
    kind("your favourite music", pool(v.GENRES), "I listen to {v} all day.|I like {v}.|I am a fan of {v}.", "What music do I like?|What do I listen to?|Which music did I say I like?", "You like {v}."),
    kind("your car", pool(v.VEHICLES), "I drive a {v}.|I bought a {v}.|My car is a {v}.|I go to work with my {v}.", "What do I drive?|Which car do I have?|What did I say I drive?", "You drive a {v}."),
    kind("the code word", pool(v.CODES), "My secret word is {v}.|Remember the word {v}.|My code word is {v}.|The magic word is {v}.|Here is a word to remember: {v}.", "What was the secret word?|Which word did I ask you to remember?|What is my code word?|What word should you remember?|What is the code word?", "The code word is {v}."),
    kind("the password", v.letters_and_digits, "My password is {v}.|The wifi password is {v}.|Use {v} as password.", "What is my password?|What is the wifi password?|Which password did I give you?", "The password is {v}."),
    kind("your project", v.invented, "My project is called {v}.|I am working on {v}.|We named our project {v}.|The project's name is {v}.", "What is my project called?|What am I working on?|What is the name of my project?", "Your project is called {v}."),
    kind("your company", v.invented, "I work at {v}.|My company is {v}.|I founded a company called {v}.|My employer is {v}.", "Where do I work?|Which company do I work for?|What is the name of my company?", "Your company is {v}."),
    kind("your boat", v.invented, "My boat is called {v}.|I sail a boat named {v}.|I have a boat, {v}.", "What is my boat called?|What is the name of my boat?", "Your boat is called {v}."),
    kind("your lucky number", v.any_number, "My lucky number is {v}.|I always bet on {v}.|My favourite number is {v}.", "Which number brings me luck?|What number did I mention?|What is my favourite number?", "Your lucky number is {v}."),
    kind("your room number", v.number(1, 999), "I am in room {v}.|My hotel room is {v}.|My room has the number {v}.", "Which room am I in?|What is the number of my room?|In which room am I staying?", "Your room number is {v}."),
    kind("your order number", v.letters_and_digits, "My order number is {v}.|I am writing about order {v}.|The number of my order is {v}.|It is about order {v}.", "Which order is it about?|What is the number of my order?|Which order number did I give?", "Your order number is {v}."),
    kind("your order", pool(v.ITEMS), "I ordered {v}.|I have ordered {v} from your shop.|I bought {v} last week.|Yesterday I ordered {v}.", "What did I order?|What did I buy?|Which thing have I ordered?", "You ordered {v}."),
    kind("your age", v.number(18, 90), "I am {v} years old.|I just turned {v}.|I'm {v}.|Next week I will be {v} years old.", "How old am I?|What is my age?|How many years old am I?|Do you know how old I am?", "You are {v} years old."),
    kind("your birthday", v.date, "My birthday is on {v}.|I was born on {v}.|I celebrate my birthday on {v}.", "When is my birthday?|On which day was I born?|When do I celebrate my birthday?|When was I born?", "Your birthday is on {v}."),
    kind("your appointment", v.day_and_time, "My appointment is on {v}.|I have to see the dentist on {v}.|I have an appointment on {v}.|I am meeting my doctor on {v}.", "When is my appointment?|When do I have an appointment?|When do I have to be there?", "Your appointment is on {v}."),
    kind("the time of your train", v.clock, "My train leaves at {v}.|I take the train at {v}.|The train goes at {v}.", "When does my train leave?|At what time is my train?|Which train do I take?", "Your train leaves at {v}."),
    kind("your address", v.address, "I live at {v}.|My house is at {v}.|Send it to {v}.|Please deliver to {v}.", "What is my address?|Where should it be sent?|At which address do I live?", "Your address is {v}."),
    kind("your phone number", v.phone, "You can call me at {v}.|My number is {v}.|Call me on {v}.", "What is my phone number?|At which number can I be called?|Which number did I give you?", "Your phone number is {v}."),
    kind("the name of your sister", pool(v.FIRST), "My sister is called {v}.|My sister's name is {v}.|I have a sister, {v}.|My sister {v} is visiting me.", "What is my sister's name?|What is my sister called?|Who is my sister?|How is my sister called?", "Your sister is called {v}."),
    kind("the name of your brother", pool(v.FIRST), "My brother is called {v}.|My brother's name is {v}.|I have a brother, {v}.|My brother {v} is getting married.", "What is my brother's name?|What is my brother called?|Who is my brother?", "Your brother is called {v}."),
    kind("the name of your best friend", pool(v.FIRST), "My best friend is {v}.|My best friend is called {v}.|{v} is my best friend.", "Who is my best friend?|What is my best friend called?|What is the name of my friend?", "Your best friend is {v}."),
    kind("the name of your daughter", pool(v.FIRST), "My daughter is called {v}.|My daughter's name is {v}.|We named our daughter {v}.", "What is my daughter called?|What is my daughter's name?|Who is my daughter?", "Your daughter is called {v}."),
    kind("the name of your son", pool(v.FIRST), "My son is called {v}.|My son's name is {v}.|We named our son {v}.", "What is my son called?|What is my son's name?|Who is my son?", "Your son is called {v}."),
    kind("the name of your wife", pool(v.FIRST), "My wife is called {v}.|My wife's name is {v}.|I am married to {v}.", "What is my wife's name?|Who am I married to?|What is my wife called?", "Your wife is called {v}."),
    kind("the name of your boss", v.full_name, "My boss is {v}.|I work for {v}.|My boss is called {v}.|My manager's name is {v}.", "Who is my boss?|What is my boss called?|What is my manager's name?", "Your boss is {v}."),
    kind("the name of your teacher", v.full_name, "My teacher is {v}.|{v} teaches me.|My teacher's name is {v}.", "Who is my teacher?|Who teaches me?|What is my teacher called?", "Your teacher is {v}."),
    kind("your travel destination", pool(v.CITIES + v.COUNTRIES), "I will travel to {v}.|My next trip goes to {v}.|I have booked a trip to {v}.|I am going to {v} in summer.|We are flying to {v} on Friday.", "Where will I travel?|Where does my trip go?|Where am I going?|What is the destination of my trip?", "You are going to {v}."),
    kind("the place where we meet", pool(v.PLACES), "We meet at {v}.|Let's meet at {v}.|I will wait at {v}.", "Where do we meet?|Where will I wait?|Where is our meeting?", "We meet at {v}."),
    kind("the place of your keys", pool(v.FURNITURE), "I put my keys in {v}.|My keys are in {v}.|The keys lie in {v}.|I left the spare key in {v}.", "Where are my keys?|Where did I put my keys?|Where do the keys lie?", "Your keys are in {v}."),
    kind("your favourite season", pool(v.SEASONS), "I like {v} best of all seasons.|{v} is my season.|I prefer {v} to the other seasons.", "Which season do I like most?|Which season do I prefer?", "You like {v} most."),
    kind("your day off", pool(v.DAYS), "I never work on {v}.|I have {v} off.|My free day is {v}.", "On which day do I not work?|Which day do I have off?|When is my free day?", "Your day off is {v}."),
    kind("your budget", v.number(20, 5000), "I can spend {v} dollars.|My budget is {v} dollars.|I have {v} dollars to spend.", "How much can I spend?|What is my budget?|How many dollars do I have?", "Your budget is {v} dollars."),
    kind("your shoe size", v.number(35, 48), "I wear size {v}.|My shoes are size {v}.|I need shoes in size {v}.", "Which shoe size do I wear?|What size are my shoes?", "Your shoe size is {v}."),
    kind("the deadline", v.date, "The deadline is {v}.|Everything must be done by {v}.|I have to hand it in by {v}.", "When is the deadline?|By when must it be done?|What is the deadline?", "The deadline is {v}."),
]
KINDS_AND_NAME = [NAME] * 6 + KINDS  # names are what is told most


def cased(text: str) -> str:
    return text[:1].upper() + text[1:]


def filled(template: str, fact: Kind, value: str = "", old: str = "") -> str:
    text = template.replace("{My}", cased(fact.mine)).replace("{my}", fact.mine).replace("{Your}", cased(fact.about)).replace("{your}", fact.about)
    if value[:1].lower() in set("aeio"):
        text = re.sub(r"\b(a|A) \{v\}", r"\1n {v}", text)
    text = text.replace("{v}", value).replace("{old}", old)
    return text[:1].upper() + text[1:] if template[:1].isupper() else text


@cache
def in_training(fact: Kind, own: str, general: str) -> frozenset[float]:
    """Every wording that training may draw, by its letters: a kind's own list may say what a general one says."""
    return frozenset(rank(filled(text, fact)) for part in (own, general) if part for text in split_phrasings(part, False))


def phrasing(r: random.Random, fact: Kind, own: str, general: str, held: bool, own_share: float = 0.6) -> str:
    """A wording of the split that is wanted, from the kind's own list or the general one."""
    if fact.parted and own:
        general_wanted = fact.is_noun and r.random() > 0.85
        return r.choice(split_phrasings(general, held) if general_wanted else own.split("|"))
    for _ in range(50):
        text = r.choice(split_phrasings(own if own and r.random() < own_share else general, held))
        if not held or rank(filled(text, fact)) not in in_training(fact, own, general):
            break
    return text


MORE = Path(__file__).with_name("phrasings.txt")
PLACEHOLDER = re.compile(r"\{(?!v\}|old\}|my\}|My\}|your\}|Your\})")


@cache
def more() -> dict[str, dict[str, list[str]]]:
    """Further wordings for training alone, of `phrasings.txt`: by kind (`*` for the general ones), then by t, q, c and u.

    What the evaluation keeps for itself is left out, from whichever list it comes.
    """
    kept = {rank(filled(text, fact)) for fact in [NAME, *KINDS] for part in (fact.tell, fact.ask, TELL, ASK, CORRECT) if part for text in split_phrasings(part, True)}
    found: dict[str, dict[str, list[str]]] = {}
    for lines in re.split(r"\n\s*\n", MORE.read_text().strip()):
        head, *rest = lines.splitlines()
        about = head.removeprefix("kind ")
        facts = [NAME, *KINDS] if about == "*" else [fact for fact in [NAME, *KINDS] if fact.about == about]
        if not head.startswith("kind ") or not facts:
            raise ValueError(f"phrasings.txt: expected 'kind' and what one of the kinds is about, got {head!r}")
        wordings = found.setdefault(about, {mark: [] for mark in "tqcu"})
        for text in rest:
            mark, _, wording = text.partition(" ")
            if mark not in wordings or PLACEHOLDER.search(wording) or (mark == "u" and " => " not in wording):
                raise ValueError(f"phrasings.txt: expected t, q, c or u and a wording, got {text!r}")
            if not any(rank(filled(wording, fact)) in kept for fact in facts):
                wordings[mark].append(wording.replace("\\n", "\n"))
    return found


def further(r: random.Random, fact: Kind, mark: str) -> str | None:
    """One of the further wordings: the kind's own, or now and then a general one."""
    own = [] if fact.parted else more().get(fact.about, {}).get(mark, [])
    if own and r.random() < 0.8:
        return r.choice(own)
    return r.choice(more()["*"][mark]) if fact.is_noun and "*" in more() else None


def told(r: random.Random, fact: Kind, value: str, held: bool = False) -> str:
    if not held and r.random() < 0.5 and (wording := further(r, fact, "t")):
        return filled(wording, fact, value)
    general = TELL_TRAINED if not held and r.random() < 0.5 else TELL
    return filled(phrasing(r, fact, fact.tell, general, held, 0.75), fact, value)


def asked(r: random.Random, fact: Kind, held: bool = False) -> str:
    if not held and r.random() < 0.5 and (wording := further(r, fact, "q")):
        return filled(wording, fact)
    general = ASK_TRAINED if not held and r.random() < 0.5 else ASK
    return filled(phrasing(r, fact, fact.ask, general, held), fact)


def corrected(r: random.Random, fact: Kind, value: str, old: str, held: bool = False) -> str:
    if not held and r.random() < 0.5 and (wording := further(r, fact, "c")):
        return filled(wording, fact, value, old)
    if not fact.is_noun or (not held and r.random() < 0.4):
        return r.choice(BEFORE_CORRECTION.split("|")).replace("{old}", old) + told(r, fact, value, held)
    return filled(phrasing(r, fact, "", CORRECT, held), fact, value, old)


def answered(fact: Kind, value: str) -> str:
    return filled(fact.answer, fact, value)


def unknown(r: random.Random, fact: Kind) -> str:
    return filled(r.choice(UNKNOWN), fact)


def value_of(r: random.Random, fact: Kind, held: bool = False) -> str:
    return v.drawn(fact.sample, r, held)
