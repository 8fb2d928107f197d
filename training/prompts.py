"""What starts a synthetic dialogue: system prompts, topics and first words. The teacher writes everything else."""

import random

DEFAULT_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"

SYSTEMS = [
    "You are a helpful assistant.",
    "You are a concise assistant. Answer in one or two sentences.",
    "You are a patient teacher who explains things step by step.",
    "You are a friendly assistant. Answer simply, as if to a child.",
    "You are an expert programmer. Answer with short code examples.",
    "You are a careful fact checker. Say so when you do not know.",
    "You are a travel guide.",
    "You are a cook who answers questions about food.",
    "You are a science writer.",
    "You are a historian.",
    "You are a coach who helps people plan their day.",
    "You are an editor who improves the user's writing.",
    "You are a support agent of a small software company.",
    "You are a creative writer.",
    "You are a mathematics tutor.",
    "You are a doctor's assistant who explains health topics in plain words.",
]

TOPICS = """animals;plants;trees;birds;the ocean;the weather;climate change;the solar system;stars;physics;gravity;light;
electricity;chemistry;water;the human body;sleep;nutrition;exercise;stress;medicine;vaccines;genes;evolution;dinosaurs;
mathematics;fractions;geometry;probability;statistics;algebra;computers;Python;JavaScript;databases;the internet;email;
security;passwords;artificial intelligence;robots;phones;cars;bicycles;trains;aeroplanes;bridges;houses;gardening;
cooking;bread;coffee;tea;fruit;cheese;restaurants;holidays;Europe;Africa;Asia;South America;Australia;Canada;Japan;
China;India;France;Germany;Italy;Spain;London;Paris;New York;ancient Rome;ancient Egypt;the Middle Ages;world wars;
the industrial revolution;democracy;law;money;banks;taxes;trade;business;marketing;jobs;interviews;school;university;
books;poetry;novels;films;music;the piano;the guitar;painting;photography;dance;theatre;sport;football;tennis;chess;
games;friendship;family;children;pets;dogs;cats;horses;manners;language;grammar;spelling;English words;translation;
philosophy;ethics;happiness;religion;festivals;maps;mountains;rivers;deserts;forests;islands;volcanoes;earthquakes;
energy;solar power;recycling;farming;fishing;clothes;shopping;planning a party;writing a letter;learning;memory;time"""

OPENERS = """What is;What is the;What are;What is the capital of;What is the difference between;What does;What do you think about;
What happens when;What year;What colour;What causes;Who;Who was;Who wrote;Who invented;Where is;Where can I;When did;When is;
Why is;Why do;Why does;How do I;How do;How does;How many;How can I;How long;How much;Which;Can you;Can you explain;
Can you help me;Could you;Please;Tell me about;Tell me a;Explain;Describe;Write a;Write a short;Write a poem about;Write a story about;
Give me;Give me three;Give an example of;List;List five;Name;Name three;Compare;Summarize;Translate;Rewrite;Correct;
I need;I want to;I have;I am;I'm;I would like;My;My name is;Is it;Is there;Are;Do;Does;Should I;Hello;Hi;Thanks;
Create a;Make a;Suggest;Define;Calculate;If;In;Let's;Help me"""


def split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";")]


def dialogue_start(random: random.Random) -> tuple[str, str]:
    """One (system prompt, first words of the first question); the words may be empty."""
    choice = random.random()
    if choice < 0.5:
        system = DEFAULT_SYSTEM
    elif choice < 0.75:
        system = random.choice(SYSTEMS)
    else:
        system = f"You are a helpful assistant. The user asks about {random.choice(split(TOPICS))}."
    opener = random.choice(split(OPENERS)) if random.random() < 0.6 else ""
    return system, opener
