"""Facts put to use: a greeting, a signature, a form, a summary, a choice, a sentence about somebody.

Each maker takes what was told (about -> value) and returns (request, answer), or None where the fact it needs was not told.
"""

import random

from training.memory.facts import KINDS, NAME, Kind, answered, more

BY_ABOUT = {kind.about: kind for kind in [NAME, *KINDS]}
LABELS = {"your name": "Name", "your city": "City", "your job": "Job", "your age": "Age", "your birthday": "Birthday", "your address": "Address", "your phone number": "Phone",
          "your hobby": "Hobby", "your country": "Country", "your company": "Company", "your order number": "Order number", "your allergy": "Allergy", "your pet": "Pet",
          "your favourite colour": "Favourite colour", "your favourite food": "Favourite food", "your favourite drink": "Favourite drink", "your room number": "Room number", "your appointment": "Appointment"}
Told = dict[str, str]


def greeting(r: random.Random, told: Told):
    if "your name" not in told:
        return None
    n = told["your name"]
    return r.choice([
        (r.choice(["Write a short greeting for me that uses my name.", "Greet me by name.", "Say hello to me, with my name.", "Please greet me.", "Write a one-line greeting with my name."]), f"Hello, {n}! It is nice to see you."),
        (r.choice(["Wish me good night, and use my name.", "Say good night to me."]), f"Good night, {n}! Sleep well."),
        (r.choice(["Write a birthday card for me.", "Wish me a happy birthday with my name.", "It's my birthday. Congratulate me by name."]), f"Happy birthday, {n}! I wish you all the best."),
        (r.choice(["Welcome me to the team in one sentence.", "Write a welcome line for me."]), f"Welcome to the team, {n}! We are glad to have you."),
        (r.choice(["Write the first line of a letter to me.", "How would a letter to me begin?"]), f"Dear {n},"),
        (r.choice(["Cheer me up in one sentence, with my name.", "Encourage me by name."]), f"You can do it, {n}!"),
        (r.choice(["Write a name tag for me.", "What should my name badge say?"]), f"Hello, my name is {n}."),
        (r.choice(["Spell out a title page: a book by me.", "Write the author's line of my book."]), f"Written by {n}"),
    ])


def signature(r: random.Random, told: Told):
    if "your name" not in told:
        return None
    n = told["your name"]
    return r.choice([
        (r.choice(["Sign this message with my name: See you tomorrow.", "Put my name under this: See you tomorrow."]), f"See you tomorrow.\n{n}"),
        (r.choice(["Write a short e-mail to my boss: I am ill today. Sign with my name.", "Write to my boss that I am ill today, and sign it."]), f"Hello,\n\nI am ill today and cannot come to work.\n\nBest regards,\n{n}"),
        (r.choice(["How should I end my letter?", "Write the end of my letter with my name.", "Write the closing line of an e-mail from me."]), f"Best regards,\n{n}"),
        (r.choice(["Write a thank-you note from me.", "Write a short thank-you note and sign with my name."]), f"Thank you very much for your help.\n\nKind regards,\n{n}"),
    ])


def form(r: random.Random, told: Told):
    known = [about for about in told if about in LABELS]
    if len(known) < 1:
        return None
    chosen = r.sample(known, min(len(known), r.choice([1, 2, 3, 4])))
    missing = r.sample([a for a in LABELS if a not in told], 1) if r.random() < 0.25 else []
    fields = chosen + missing
    r.shuffle(fields)
    blank = "\n".join(f"{LABELS[a]}:" for a in fields)
    request = r.choice(["Fill in this form for me:\n", "Please fill in the form with what you know about me.\n", "Complete this:\n", "Fill this in with my data:\n", "Here is a form, please fill it in:\n"])
    return request + blank, "\n".join(f"{LABELS[a]}: {told.get(a, 'unknown')}" for a in fields)


def summary(r: random.Random, told: Told, kinds: dict[str, Kind] = BY_ABOUT):
    request = r.choice(["What do you know about me?", "Summarise what I told you about myself.", "Summarize what you know about me.", "List everything I told you about me.", "Tell me what you remember about me.", "What have I told you so far?"])
    return request, " ".join(answered(kinds[about], value) for about, value in told.items())


def introduction(r: random.Random, told: Told):
    if "your name" not in told or len(told) < 2:
        return None
    parts = {"your city": "lives in {v}", "your job": "works as a {v}", "your pet": "has a {v}", "your country": "comes from {v}", "your age": "is {v} years old", "your instrument": "plays the {v}", "your favourite sport": "plays {v}"}
    known = [parts[a].replace("{v}", told[a]) for a in told if a in parts][:2]
    if not known:
        return None
    request = r.choice(["Introduce me in one sentence.", "Write one sentence that introduces me.", "Describe me to a friend in one sentence."])
    return request, f"This is {told['your name']}, who {' and '.join(known)}."


CHOICES = {
    "your pet": [("Should I buy food for a {v} or for a {o}?", "Buy food for a {v}, since you have a {v}."), ("Which book is better for me: one about {o} care or one about {v} care?", "The one about {v} care, since you have a {v}.")],
    "your favourite colour": [("There is a {v} shirt and a {o} shirt. Which one suits me?", "The {v} shirt, since {v} is your favourite colour."), ("Should I paint my room {o} or {v}?", "Paint it {v}, since {v} is your favourite colour.")],
    "your favourite food": [("Tonight there is {o} or {v}. What should I take?", "Take {v}, since it is your favourite food."), ("Which dish should I order, {v} or {o}?", "Order {v}, since it is your favourite food.")],
    "your favourite drink": [("Would you bring me {o} or {v}?", "{V}, since it is your favourite drink."), ("Which should I have, {v} or {o}?", "{V}, since it is your favourite drink.")],
    "your allergy": [("One cake has {v} in it and one has {o}. Which one can I eat?", "The one with {o}, since you are allergic to {v}."), ("Can I have something with {v}?", "No, you are allergic to {v}.")],
    "your hobby": [("Which present would I like more: something for {o} or for {v}?", "Something for {v}, since it is your hobby."), ("Should I join a {v} club or a {o} club?", "A {v} club, since {v} is your hobby.")],
    "your instrument": [("Should I buy a book for {o} or for {v}?", "A book for {v}, since you play the {v}.")],
    "your favourite season": [("Should we travel in {o} or in {v}?", "In {v}, since you like {v} most.")],
    "your favourite music": [("There is a {v} concert and a {o} concert. Where should I go?", "Go to the {v} concert, since you like {v}.")],
    "your day off": [("Can we meet on {o} or on {v}?", "On {v}, since that is your day off.")],
    "your travel destination": [("Do I need a map of {o} or of {v}?", "A map of {v}, since you are going to {v}.")],
    "your city": [("Which weather report do I need, {o} or {v}?", "The one for {v}, since you live in {v}.")],
}


def choice(r: random.Random, told: Told):
    known = [about for about in told if about in CHOICES]
    if not known:
        return None
    about = r.choice(known)
    value, other = told[about], told[about]
    while other == value:
        other = BY_ABOUT[about].sample(r)
    request, answer = r.choice(CHOICES[about])
    put = lambda text: text.replace("{v}", value).replace("{V}", value[:1].upper() + value[1:]).replace("{o}", other)  # noqa: E731 -- twice below
    return put(request), put(answer)


def table(r: random.Random, told: Told):
    known = [about for about in told if about in LABELS]
    if len(known) < 2:
        return None
    if r.random() < 0.5:
        return r.choice(["Give me my data as JSON.", "Write what you know about me as JSON."]), "{" + ", ".join(f'"{LABELS[a].lower()}": "{told[a]}"' for a in known) + "}"
    return r.choice(["Write what you know about me as a list.", "Make a list of my data."]), "\n".join(f"- {LABELS[a]}: {told[a]}" for a in known)


SENTENCES = {
    "the name of your dog": [("Write a line for my dog's collar.", "My name is {v}."), ("Call my dog.", "{v}, come here!")],
    "the name of your cat": [("Call my cat.", "{v}, come here!"), ("Write a line about my cat.", "{v} is a lovely cat.")],
    "the name of your sister": [("Write a birthday wish for my sister.", "Happy birthday, {v}!"), ("Write the first line of a letter to my sister.", "Dear {v},")],
    "the name of your brother": [("Write a birthday wish for my brother.", "Happy birthday, {v}!"), ("Write the first line of a letter to my brother.", "Dear {v},")],
    "the name of your boss": [("Write the first line of an e-mail to my boss.", "Dear {v},"), ("Greet my boss.", "Hello, {v}!")],
    "the name of your best friend": [("Write a short invitation to my best friend.", "Dear {v}, would you like to come to my party?"), ("Greet my best friend.", "Hello, {v}!")],
    "the name of your daughter": [("Wish my daughter good night.", "Good night, {v}! Sleep well.")],
    "the name of your son": [("Wish my son good luck.", "Good luck, {v}!")],
    "your order number": [("Write one line to the shop and ask where my order is.", "Hello, where is my order {v}?")],
    "your project": [("Write a headline about my project.", "{v}: a new project begins")],
    "your company": [("Write a slogan with my company's name.", "{v}, we make it work.")],
    "your boat": [("Write a toast to my boat.", "To {v}, and a safe journey!")],
    "your appointment": [("Write a reminder for my appointment.", "Reminder: your appointment is on {v}.")],
    "your city": [("Write a postcard greeting from my city.", "Greetings from {v}!")],
    "the place where we meet": [("Write a short message to a friend about where we meet.", "Let's meet at {v}.")],
    "the deadline": [("Write a reminder about the deadline.", "Reminder: the deadline is {v}.")],
}


def sentence(r: random.Random, told: Told):
    known = [about for about in told if about in SENTENCES]
    if not known:
        return None
    about = r.choice(known)
    request, answer = r.choice(SENTENCES[about])
    return request, answer.replace("{v}", told[about])


MAKERS = [greeting, greeting, signature, form, form, summary, introduction, choice, choice, table, sentence, sentence]


def own_use(r: random.Random, told: Told, kinds: dict[str, Kind]):
    """One of the uses that the kinds told bring with them."""
    known = {about: made for about in told if (made := further_uses(kinds[about]))}
    if not known:
        return None
    about = r.choice(list(known))
    request, answer = (part.strip().replace("{v}", told[about]) for part in r.choice(known[about]).split("=>"))
    return request, answer


def further_uses(kind: Kind) -> list[str]:
    return (kind.uses.split("|") if kind.uses else []) + more().get(kind.about, {}).get("u", [])


def use(r: random.Random, told: Told, kinds: dict[str, Kind] = BY_ABOUT) -> tuple[str, str] | None:
    """A request that needs what was told, and its answer; `kinds` by what they are about."""
    for maker in r.sample(MAKERS, len(MAKERS)):
        if r.random() < 0.4 and (made := own_use(r, told, kinds)):
            return made
        if maker is summary:
            return summary(r, told, kinds)
        made = maker(r, {about: value for about, value in told.items() if about in BY_ABOUT})
        if made:
            return made
    return None


__all__ = ["Kind", "Told", "use"]
