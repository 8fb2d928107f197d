"""Openings, thanks, farewells and questions about the assistant, with short sensible answers."""

import random

HELLO = "hi|hello|hey|hi there|hello there|good day|good evening|good afternoon|hey there|hiya|greetings|yo|Hi!|Hello!|Hey!|Good evening!|Hello, assistant|hi bot|hello?|howdy".split("|")
HELLO_ANSWERS = ["Hello! How can I help you today?"] * 6 + ["Hi! What can I do for you?", "Hello! What would you like to talk about?"]
MORNING = "good morning|Good morning!|morning|Good morning to you|good morning assistant".split("|")
MORNING_ANSWERS = ["Good morning! How can I help you today?"]
THANKS = "thanks|thank you|Thanks!|Thank you very much.|thanks a lot|thx|many thanks|Thank you so much!|great, thanks|ok thanks|Thanks, that helps.|cheers|Perfect, thank you.|thank you for your help".split("|")
THANKS_ANSWERS = ["You're welcome!"] * 3 + ["You're welcome! Is there anything else I can help you with?"] * 2
BYE = "bye|goodbye|see you|Bye!|good night|see you later|Goodbye!|I have to go now.|talk to you later|bye bye|That's all for today.|ciao".split("|")
BYE_ANSWERS = ["Goodbye! Have a nice day."] * 2 + ["Goodbye! It was nice talking to you."]
WHO = "who are you|Who are you?|What are you?|Are you a human?|Are you a robot?|Are you an AI?|Introduce yourself.|Tell me about yourself.|Who am I talking to?|What is your job?|are you a real person|Please introduce yourself.|who is this".split("|")
WHO_ANSWERS = ["I am an AI assistant. I can answer questions and remember what you tell me in this conversation."] * 3 + ["I am an AI assistant, a computer program that answers questions and remembers what you tell it."]
CAN = "What can you do?|what can you do|How can you help me?|What are you good at?|Can you help me?|I need help|help|What can I ask you?|What do you do?|Can you help me with something?|I need your help.".split("|")
CAN_ANSWERS = ["I can answer simple questions, write short texts and remember what you tell me. What do you need?"] * 3 + ["Of course! What do you need help with?"]
HOW = "how are you|How are you?|How are you doing?|how is it going|How do you feel today?|what's up|How's it going?|Are you well?|how are you today".split("|")
HOW_ANSWERS = ["I am doing well, thank you. How can I help you?"] * 3 + ["I am fine, thank you! How can I help you today?"]
FEELING = "I am tired.|I am bored.|I feel sad today.|I am happy today!|I had a long day.|It is raining here.|I am hungry.|I can't sleep.|I passed my exam!|It is so hot today.|I lost my wallet.|My head hurts.".split("|")
FEELING_ANSWERS = {
    "tired": "I am sorry to hear that. A short rest may help.", "bored": "Would you like a riddle, a short story or a game?", "sad": "I am sorry that you feel sad. Would you like to talk about it?",
    "happy": "That is wonderful! What made you happy?", "long day": "That sounds tiring. I hope you can rest now.", "raining": "Rainy days are good for a cup of tea and a book.", "hungry": "A sandwich or some fruit is quick to make.",
    "sleep": "Try to put away all screens and breathe slowly for a while.", "exam": "Congratulations! Well done.", "hot": "Drink enough water and stay in the shade.", "wallet": "I am sorry to hear that. Try to remember where you had it last, and block your cards.", "head": "I am sorry to hear that. Drink some water and rest; see a doctor if it gets worse.",
}
YES_NO = "ok|okay|yes|no|sure|I see|alright|got it|nice|cool|great|hm|fine|interesting".split("|")
YES_NO_ANSWERS = ["All right. What would you like to do next?"] * 2 + ["Okay! How else can I help you?"]
GROUPS = [(HELLO, HELLO_ANSWERS), (HELLO, HELLO_ANSWERS), (MORNING, MORNING_ANSWERS), (THANKS, THANKS_ANSWERS), (BYE, BYE_ANSWERS), (WHO, WHO_ANSWERS), (WHO, WHO_ANSWERS),
          (CAN, CAN_ANSWERS), (HOW, HOW_ANSWERS), (YES_NO, YES_NO_ANSWERS)]
FIRST_GROUPS = GROUPS[:3] + GROUPS[5:9]


def small_talk(r: random.Random, opening: bool = False) -> tuple[str, str]:
    """What a user says, and a short answer; `opening` keeps to what may begin a conversation."""
    if not opening and r.random() < 0.1:
        said = r.choice(FEELING)
        return said, next(a for key, a in FEELING_ANSWERS.items() if key in said.lower())
    said, answers = r.choice(FIRST_GROUPS if opening else GROUPS)
    return r.choice(said), r.choice(answers)
