"""Kinds of facts put together from what there is in a life: of other people, things, places, plans and numbers; thousands of them.

Families hold wordings with {w} for whom or what the fact is about. A wording is held out by its own hash before {w} is filled, so
that it is unseen with every {w}. `open_kind` draws one kind, `near` one that is easily taken for it.
"""

import random
from dataclasses import dataclass
from functools import cache

from training.memory import open_values as o
from training.memory import values as v
from training.memory.facts import Kind
from training.memory.values import Sampler, pool, split_phrasings, words

PEOPLE = words("""uncle, aunt, cousin, neighbour, grandfather, mother, father, husband, colleague, landlord, dentist, doctor, flatmate, nephew, niece, grandson, godmother, coach, roommate, stepfather,
hairdresser, mentor, assistant, tutor, classmate, sister-in-law, old friend, gardener, twin sister, half-brother, boyfriend, girlfriend, business partner, penfriend, trainer, lawyer, babysitter, great-aunt""")
ANIMALS = words("horse, parrot, rabbit, hamster, goat, pony, donkey, tortoise, goldfish, canary, puppy, kitten, hen, snake, ferret, sheep, cow, duck")
DOORS = words("garage, safe, locker, alarm, bicycle lock, office door, suitcase, back door, server room, cellar, parking garage, library, lift, letter box, shed, boathouse, studio, bike room, roof terrace, laboratory")
NUMBERED = words("gate of my flight, customer account, library card, ticket, parcel, insurance, booking, membership, table at the restaurant, seat, bus line, platform, invoice, tracking slip, bank card, case, shelf, flat, classroom, tent pitch")
WORKS = words("book, song, blog, podcast, film, talk, painting, course, magazine, poem, album, game, newsletter, play, comic, exhibition, app, research paper, short story, recipe collection, cookbook")
NAMED = words("band, team, choir, club, farm, shop, café, hotel, street, village, ship, bakery, school, garden, theatre group, cooking class, quiz team, restaurant, start-up, foundation, tent, car, robot, guitar, bicycle, house, island")
GOODS = words("lamp, ticket, coat, bicycle, table, haircut, camera, carpet, printer, dinner, bag, concert, bed, watch, tent, mirror, repair, kettle, ring, radio, jacket, plant, painting, piano lesson")
THINGS = words("passport, raincoat, charger, ladder, spare tyre, glasses, medicine, map, flashlight, scissors, wallet, tape measure, sewing box, camera, drill, birthday present, ticket, contract, remote control, address book, bread knife, screwdriver")
EVENTS = words("party, flight, exam, interview, concert, wedding, match, course, check-up, delivery, visit to the museum, holiday, first day at work, dance lesson, graduation, job talk, move, operation, reading, barbecue, boat trip")
COUNTED = words("brothers, cousins, goats, chickens, grandchildren, pairs of shoes, plants, bookshelves, houses, students, colleagues, cats, bicycles, keys, tomato plants, suitcases, children, beehives, apple trees, guitars")
COLOURED = words("front door, car, bicycle, sofa, coat, kitchen, hat, suitcase, house, scarf, umbrella, bedroom wall, boat, tent, notebook, dress, curtain, mug, backpack, phone case")
MADE = words("desk, ring, table, jacket, floor, bag, bowl, bracelet, statue, roof, blanket, fence, spoon, cup")


@dataclass(frozen=True)
class Family:
    """`uses`: requests that need the fact, each `request => answer`, parted by bars."""

    about: str
    over: tuple[str, ...]
    sample: Sampler
    tell: str
    ask: str
    answer: str
    uses: str = ""

    def kind(self, what: str, held: bool) -> Kind:
        fill = lambda text: text.replace("{w}", what)  # noqa: E731
        tell, ask = ("|".join(map(fill, wordings(part, held))) for part in (self.tell, self.ask))
        return Kind(fill(self.about), self.sample, tell, ask, fill(self.answer), fill(self.uses), parted=True)


def wordings(part: str, held: bool) -> list[str]:
    """Those of one split; a held-out one that training says in another family is left out where others remain."""
    own = split_phrasings(part, held)
    return [text for text in own if text not in trained()] or own if held else own


@cache
def trained() -> frozenset[str]:
    return frozenset(text for family in FAMILIES for part in (family.tell, family.ask) for text in split_phrasings(part, False))


def family(about: str, over, sample: Sampler, tell: str, ask: str, answer: str, uses: str = "") -> Family:
    return Family(about, tuple(over), sample, tell.replace("\n", ""), ask.replace("\n", ""), answer, uses)


SOLO = ("",)  # a fact about the user alone
FAMILIES = [
    family("your {w}'s name", PEOPLE, o.person, """My {w} is called {v}.|My {w}'s name is {v}.|{v} is my {w}.|I have a {w} called {v}.|The name of my {w} is {v}.|You would like my {w} {v}.|We call my {w} {v}.|I phoned my {w} {v} today.|
My {w} {v} came to see me.|My {w}, {v}, is staying with us.|I went there with my {w}, {v}.|That was {v}, my {w}.|My {w} goes by {v}.|Say hello to {v}, my {w}.|I got a letter from {v}, my {w}.""",
           """What is my {w} called?|What is my {w}'s name?|Who is my {w}?|Do you remember the name of my {w}?|What's the name of my {w}?|Which name does my {w} have?|Tell me my {w}'s name.|How is my {w} called?|Say the name of my {w}.|I mentioned my {w}. What was the name?|what's my {w}'s name|
And my {w}'s name?|What name does my {w} go by?|Whom did I call my {w}?|My {w} is called what?""", "Your {w} is called {v}.",
           "Write the first line of a letter to my {w}.=>Dear {v},|Write a birthday wish for my {w}.=>Happy birthday, {v}! I wish you all the best.|Greet my {w} by name.=>Hello, {v}! It is nice to see you.|Write a short thank-you note to my {w}.=>Dear {v}, thank you very much for your help.|Invite my {w} to dinner in one sentence.=>Dear {v}, would you like to come to dinner?|Write a text message to my {w} that I will be late.=>Hello {v}, I will be a little late.|Write a get-well message for my {w}.=>Dear {v}, I hope you feel better soon.|Make a place card for my {w}.=>{v}"),
    family("your {w}'s job", PEOPLE, pool(v.JOBS), "My {w} is a {v}.|My {w} works as a {v}.|My {w} became a {v}.|My {w} earns money as a {v}.|My {w} used to be a {v}.|By trade my {w} is a {v}.|I asked my {w}, who is a {v}.|My {w} has been a {v} for years.",
           "What does my {w} do for a living?|What is my {w}'s job?|What does my {w} work as?|Which job does my {w} have?|What is the profession of my {w}?|Do you remember what my {w} does?|What kind of work does my {w} do?|And what is my {w}'s trade?", "Your {w} works as a {v}.", "Describe my {w} in one sentence.=>Your {w} works as a {v}."),
    family("your {w}'s city", PEOPLE, o.town, "My {w} lives in {v}.|My {w} moved to {v}.|My {w}'s flat is in {v}.|I visited my {w} in {v}.|My {w} is from {v}.|My {w} has a house in {v}.|My {w} settled in {v} last spring.|I am travelling to {v} to see my {w}.",
           "Where does my {w} live?|In which city is my {w}?|Which town does my {w} live in?|Where is my {w}'s home?|Do you know where my {w} lives?|Where can I visit my {w}?|To which place did my {w} move?|What city is my {w} in?", "Your {w} lives in {v}.", "My {w} needs an address label. Which town goes on it?=>{v}"),
    family("your {w}'s age", PEOPLE, v.number(3, 95), "My {w} is {v} years old.|My {w} is {v}.|My {w} just turned {v}.|My {w} will be {v} next week.|At {v}, my {w} still goes hiking.", "How old is my {w}?|What is my {w}'s age?|Which age is my {w}?|Do you know how old my {w} is?|How many years old is my {w}?", "Your {w} is {v} years old.", "How many candles go on my {w}'s cake?=>{v} candles."),
    family("your {w}'s favourite food", PEOPLE, pool(v.FOODS), "My {w} loves {v}.|My {w}'s favourite food is {v}.|My {w} could live on {v}.|My {w} always orders {v}.|I cook {v} for my {w}, who loves it.", "What does my {w} like to eat?|Which food does my {w} love?|What is my {w}'s favourite food?|What does my {w} always order?|What should I cook for my {w}?", "Your {w} likes {v}.", "What shall I bring my {w} for lunch?=>Bring {v}, which your {w} likes."),
    family("your {w}'s hobby", PEOPLE, pool(v.HOBBIES), "My {w}'s hobby is {v}.|My {w} is mad about {v}.|My {w} spends every weekend on {v}.|My {w} has taken up {v}.|{v} is what my {w} does all day.", "What is my {w}'s hobby?|What does my {w} do for fun?|What does my {w} spend every weekend on?|Which hobby does my {w} have?", "Your {w}'s hobby is {v}.", "Suggest a present for my {w}.=>Something for {v}, since it is your {w}'s hobby."),
    family("the name of your {w}", ANIMALS, o.title, "My {w} is called {v}.|I have a {w} named {v}.|Our {w}'s name is {v}.|My {w} {v} is asleep.|We named our {w} {v}.|The {w} we adopted is called {v}.|I must feed {v}, our {w}.|Our {w} goes by {v}.", "What is my {w} called?|What is my {w}'s name?|What did we name our {w}?|Which name has our {w}?|Who is our {w}?|What do we call the {w}?|How is the {w} called?", "Your {w} is called {v}.", "Write a sign for my {w}'s stable or cage.=>Here lives {v}."),
    family("the code for the {w}", DOORS, o.code, "The code for the {w} is {v}.|The {w} opens with {v}.|Type {v} to open the {w}.|To open the {w} you need {v}.|{v} is the code for the {w}.|The {w}'s code: {v}.|They changed the code for the {w} to {v}.|The combination of the {w} is {v}.|For the {w}, use {v}.|Please keep the code for the {w}: {v}.",
           "What is the code for the {w}?|Which code opens the {w}?|How do I open the {w}?|I stand before the {w}. Which code do I need?|Which number do I need for the {w}?|What was the {w}'s code again?|Tell me the combination of the {w}.|The {w} is locked. What is the code?|What opens the {w}?|I forgot the code for the {w}.", "The code for the {w} is {v}.", "Write a note for my guest with the code for the {w}.=>The code for the {w} is {v}. Please do not lose this note."),
    family("the number of your {w}", NUMBERED, o.code, "The number of my {w} is {v}.|My {w} has the number {v}.|My {w}: {v}.|Number {v} is my {w}.|It is {v}, the number of my {w}.|I wrote down the number of my {w}: {v}.|The slip says that my {w} has number {v}.", "What is the number of my {w}?|Which number has my {w}?|What number is my {w}?|Tell me the number of my {w}.|Which number belongs to my {w}?|I need the number of my {w}.", "The number of your {w} is {v}.", "Write one line to the service desk with the number of my {w}.=>Hello, the number of my {w} is {v}."),
    family("the title of your {w}", WORKS, o.title, "My {w} is called {v}.|I am working on a {w} called {v}.|The title of my {w} is {v}.|I made a {w} with the title {v}.|{v} is the title of my {w}.|My {w} {v} is nearly done.|I finished my {w}, {v}.|We published a {w} named {v}.", "What is my {w} called?|What is the title of my {w}?|Which title has my {w}?|What did I call my {w}?|Which {w} am I working on?|How is my {w} titled?|Remind me of my {w}'s title.", "Your {w} is called {v}.", "Write a headline about my {w}.=>{v}: a new {w}|Announce my {w} in one sentence.=>My {w} {v} is ready!|Write a post about my {w}.=>I am happy to share my {w}, {v}, with you."),
    family("the name of your {w}", NAMED, o.title, "My {w} is called {v}.|Our {w}'s name is {v}.|We named our {w} {v}.|The name of our {w} is {v}.|Our {w} {v} is doing well.|I belong to a {w} called {v}.|The {w} is known as {v}.|{v} is the name of our {w}.", "What is my {w} called?|What is the name of our {w}?|What did we name our {w}?|Which name has our {w}?|How is our {w} called?|Under which name is our {w} known?|Say our {w}'s name.", "Your {w} is called {v}.", "Write a slogan for our {w}.=>{v}, we make it work.|Write a welcome sign for our {w}.=>Welcome to {v}!"),
    family("the price of the {w}", GOODS, o.amount, "The {w} costs {v} dollars.|I paid {v} dollars for the {w}.|The price of the {w} is {v} dollars.|They want {v} dollars for the {w}.|I got the {w} for {v} dollars.", "How much does the {w} cost?|What is the price of the {w}?|How many dollars is the {w}?|What did the {w} cost?|How much is the {w}?", "The {w} costs {v} dollars.", "Write an offer for the {w}.=>For sale: the {w}, {v} dollars."),
    family("the place of your {w}", THINGS, o.spot, "My {w} is {v}.|I put my {w} {v}.|I left my {w} {v}.|You find my {w} {v}.|The {w} lies {v}.|I keep the {w} {v}.|I hid the {w} {v}.|The {w} is {v}, so I don't forget.", "Where is my {w}?|Where did I put my {w}?|Where do I find my {w}?|Where did I leave the {w}?|Where should I look for my {w}?|Where do I keep the {w}?|Do you know where my {w} is?|I can't find my {w}. Where is it?", "Your {w} is {v}.", "Write a note to my family saying where the {w} is.=>The {w} is {v}."),
    family("the date of your {w}", EVENTS, o.when, "My {w} is on {v}.|The {w} takes place on {v}.|I have a {w} on {v}.|The {w} was moved to {v}.|The {w} starts on {v}.|They set my {w} for {v}.|On {v} I have my {w}.|Mark {v} for the {w}.", "When is my {w}?|On which day is the {w}?|What is the date of my {w}?|When does the {w} take place?|When do I have the {w}?|Which day is my {w}?|For when is the {w} set?", "Your {w} is on {v}.", "Write a reminder for the {w}.=>Reminder: your {w} is on {v}.|Write a calendar entry for the {w}.=>{v}: {w}"),
    family("how many {w} you have", COUNTED, o.count, "I have {v} {w}.|There are {v} {w} at our place.|We own {v} {w}.|In all I count {v} {w}.|I've got {v} {w} now.|We have {v} {w}, believe it or not.", "How many {w} do I have?|How many {w} are there at our place?|What number of {w} do I have?|Do you know how many {w} we have?|How many {w} did I say?|Count my {w}.", "You have {v} {w}."),
    family("the colour of your {w}", COLOURED, pool(v.COLOURS), "My {w} is {v}.|I have a {v} {w}.|I painted my {w} {v}.|The colour of my {w} is {v}.|I got a {v} {w}.|You will know me by my {v} {w}.|My {w} used to be dull and is {v} now.", "Which colour is my {w}?|What colour is my {w}?|What is the colour of my {w}?|What color is my {w}?|Which colour does my {w} have?|In which colour is my {w}?", "Your {w} is {v}.", "Describe my {w} for the lost property office.=>It is a {v} {w}."),
    family("the material of your {w}", MADE, pool(o.MATERIALS), "My {w} is made of {v}.|I have a {w} of {v}.|I bought a {v} {w}.|The {w} is {v}.", "What is my {w} made of?|Of which material is my {w}?|Which material is the {w}?", "Your {w} is made of {v}."),
    family("what you fear", SOLO, pool(o.FEARS), "I am afraid of {v}.|{v} scare me.|I have always feared {v}.|The one thing I fear is {v}.", "What am I afraid of?|What do I fear?|What scares me?|Which fear do I have?", "You are afraid of {v}."),
    family("what you collect", SOLO, pool(o.COLLECTED), "I collect {v}.|I have a collection of {v}.|I've been collecting {v} since I was ten.|My shelves are full of {v} that I collect.", "What do I collect?|Which things do I collect?|What is in my collection?|What have I been collecting?", "You collect {v}.", "Suggest a present for a collector like me.=>Some {v} for your collection."),
    family("the topic of your thesis", SOLO, pool(o.TOPICS), "I write my thesis on {v}.|I give a talk about {v}.|My research is on {v}.|I am reading a book about {v}.|I study {v} in my spare time.|My essay deals with {v}.", "What do I write about?|What is the topic of my work?|Which topic did I mention?|What is my research on?|What does my text deal with?", "Your topic is {v}.", "Suggest a title for my work.=>An introduction to {v}"),
    family("the food you dislike", SOLO, pool(v.FOODS), "I can't stand {v}.|I hate {v}.|I never eat {v}.|Please no {v}, I dislike it.|{v} makes me shudder.", "Which food do I dislike?|What can't I stand?|What do I never eat?|Which food do I hate?", "You do not like {v}.", "There is {v} on the menu. Should I take it?=>No, you do not like {v}."),
    family("your dream job", SOLO, pool(v.JOBS), "I want to become a {v}.|One day I will be a {v}.|My dream is to work as a {v}.|I am training to be a {v}.", "What do I want to become?|What is my dream job?|What am I training to be?|As what do I want to work?", "You want to become a {v}."),
    family("when you get up", SOLO, v.clock, "I get up at {v}.|My alarm rings at {v}.|I wake up at {v} every day.", "When do I get up?|When does my alarm ring?|At what time do I wake up?", "You get up at {v}.", "Write a note for my alarm.=>Wake up, it is {v}!"),
    family("your floor", SOLO, v.number(1, 40), "I live on floor {v}.|My flat is on floor {v}.|I work on floor {v}.", "On which floor am I?|Which floor do I live on?|What floor is it?", "You are on floor {v}."),
    family("your height", SOLO, v.number(140, 210), "I am {v} centimetres tall.|I measure {v} centimetres.", "How tall am I?|What is my height?|How many centimetres do I measure?", "You are {v} centimetres tall."),
    family("your user name", SOLO, lambda r: (v.invented(r) if r.random() < 0.5 else o.invented_name(r)).lower() + r.choice(["", str(r.randrange(100)), "_" + r.choice(o.NOUNS)]), "My user name is {v}.|I log in as {v}.|My handle is {v}.|Online I am {v}.|My nickname is {v}.", "What is my user name?|As whom do I log in?|What is my handle?|Which nickname do I use online?|What am I called online?", "Your user name is {v}."),
    family("your nickname", SOLO, o.first_name, "Friends call me {v}.|Everybody says {v} to me.|At school they called me {v}.|My nickname is {v}.|I go by {v}.", "What do friends call me?|What is my nickname?|What did they call me at school?|What do I go by?", "Your nickname is {v}."),
    family("your email address", SOLO, lambda r: f"{o.first_name(r).lower()}{r.choice(['', '.', '_'])}{r.choice(o.NOUNS)}@{o.invented_name(r).lower()}.{r.choice(['com', 'org', 'net'])}", "My email address is {v}.|Write to {v}.|You reach me at {v}.|My mail: {v}.", "What is my email address?|Where can I be reached?|To which address should one write?|What's my e-mail?", "Your email address is {v}."),
]


def open_kind(r: random.Random, held: bool = False) -> Kind:
    made = r.choice(FAMILIES)
    return made.kind(r.choice(made.over), held)


def near(r: random.Random, kind: Kind, held: bool = False) -> Kind | None:
    """Another kind of the same family, or another fact of the same person or thing; None for a kind without family."""
    of = [(family, what) for family in FAMILIES for what in family.over if family.about.replace("{w}", what) == kind.about]
    if not of:
        return None
    family, what = r.choice(of)
    others = [(other, what) for other in FAMILIES if other is not family and what and what in other.over]
    if r.random() < 0.5 or not others:
        others = [(family, other) for other in family.over if other != what] or others
    return others and (lambda pick: pick[0].kind(pick[1], held))(r.choice(others)) or None


__all__ = ["FAMILIES", "near", "open_kind"]
