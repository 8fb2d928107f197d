"""Questions that somebody asks about his own life, and such about the world, in English, German and Chinese: what tells one from the other, whatever they are about.

The sentence encoder's vector `own` is fitted to them (training/sentence_encoder.py). Whose a thing is often goes without saying ("轿车放在什么位置？", "Wo steht der Wagen?"), and "I" is
no proof of one's own life ("What should I cook tonight?"). Beside the lists here: questions of the scenes (memory/scenes), of what people might say in three languages (told/en.txt, told/de.txt, told/zh.txt),
everyday questions with one right answer (memory/everyday.py), and what people ask about the world, for advice or as a favour (told/world-en.txt, told/world-de.txt, told/world-zh.txt).
"""

import random
from pathlib import Path

from training.memory import everyday
from training.memory.asked_lines import rows_of
from training.memory.scenes import FOLDER, SLOT, SLOTS


def listed(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ";").split(";") if part.strip()]


TOPICS = {
    "en": "volcanoes; bees; gravity; the Roman Empire; jazz; chess; photosynthesis; inflation; the moon; rain; bread; coffee; whales; democracy; electricity; a black hole; DNA; magnets; the Renaissance; poetry; football; glass; tides; earthquakes; vaccines; an atom; a sonnet; Python; a computer; the stock market; the Great Wall; penguins; sugar; steel; the heart; sleep; dreams; opera; a comet; paper; silk; the Amazon; Buddhism; the Olympics; soap; plastic; lightning; clouds; the brain; elephants; algebra; prime numbers; a virus; a transistor; yoga; rice; cheese; the telephone; the steam engine",
    "de": "Vulkane; Bienen; die Schwerkraft; das Römische Reich; Jazz; Schach; Photosynthese; Inflation; der Mond; Regen; Brot; Kaffee; Wale; Demokratie; Strom; ein schwarzes Loch; DNA; Magnete; die Renaissance; Lyrik; Fußball; Glas; Gezeiten; Erdbeben; Impfstoffe; ein Atom; ein Sonett; Python; ein Computer; die Börse; die Chinesische Mauer; Pinguine; Zucker; Stahl; das Herz; Schlaf; Träume; Oper; ein Komet; Papier; Seide; der Amazonas; Buddhismus; die Olympischen Spiele; Seife; Plastik; Blitze; Wolken; das Gehirn; Elefanten; Algebra; Primzahlen; ein Virus; ein Transistor; Yoga; Reis; Käse; das Telefon; die Dampfmaschine",
    "zh": "火山; 蜜蜂; 重力; 罗马帝国; 爵士乐; 国际象棋; 光合作用; 通货膨胀; 月亮; 雨; 面包; 咖啡; 鲸鱼; 民主; 电; 黑洞; 基因; 磁铁; 文艺复兴; 诗歌; 足球; 玻璃; 潮汐; 地震; 疫苗; 原子; 十四行诗; 编程; 电脑; 股市; 长城; 企鹅; 糖; 钢铁; 心脏; 睡眠; 梦; 京剧; 彗星; 纸; 丝绸; 长江; 佛教; 奥运会; 肥皂; 塑料; 闪电; 云; 大脑; 大象; 代数; 质数; 病毒; 芯片; 瑜伽; 米饭; 豆腐; 电话; 蒸汽机; 火药",
}
OF_THE_WORLD = {
    "en": "What is {}?; How does {} work?; Who invented {}?; Why is {} important?; Explain {}.; Write a poem about {}.; Tell me something about {}.; Give me three facts about {}.; What is the history of {}?; Where does {} come from?; When was {} discovered?; Write a short story about {}.; Who is famous for {}?; What does {} mean?; Translate {} into French.; Recommend a book about {}.; Tell me a joke about {}.; How is {} made?; How large is {}?; Which country is known for {}?; What are the kinds of {}?",
    "de": "Was ist {}?; Wie funktioniert {}?; Wer hat {} erfunden?; Warum ist {} wichtig?; Erkläre {}.; Schreib ein Gedicht: {}.; Erzähl mir etwas: {}.; Nenne drei Fakten: {}.; Wie ist {} entstanden?; Woher kommt {}?; Wann wurde {} entdeckt?; Was bedeutet {}?; Übersetze {} ins Englische.; Wie wird {} gemacht?; Wie groß ist {}?; Welches Land ist bekannt für {}?; Wo gibt es {}?; Wer schrieb über {}?; Wie lange gibt es {} schon?",
    "zh": "什么是{}？; {}是怎么工作的？; 谁发明了{}？; {}为什么重要？; 请解释{}。; 请写一首关于{}的诗。; 请讲一个关于{}的笑话。; 说三个关于{}的事实。; {}的历史是怎样的？; {}来自哪里？; {}是什么时候发现的？; {}是什么意思？; 把{}翻译成英语。; {}是怎么做的？; {}有多大？; 哪个国家以{}闻名？; 哪里有{}？; {}有哪些种类？; 介绍一下{}。",
}
THINGS = {
    "en": "the dog; the cat; the car; the flat; the key; the bike; the suitcase; the glasses; the garden; the boss; the landlord; the neighbour; the colleague; the teacher; the dentist; the aunt; grandpa; grandma; the boy; the girl; the little one; the husband; the wife; the pet; the office; the firm; the kitchen; the computer; the phone; the washing machine; the holiday; the wedding; the appointment; the exam; the present; the birthday; the rent; the bill; the trip; the flight; the accident; the operation",
    "de": "der Hund; die Katze; das Auto; der Wagen; die Wohnung; der Schlüssel; das Fahrrad; der Koffer; die Brille; der Garten; der Chef; die Chefin; der Vermieter; die Nachbarin; der Kollege; die Lehrerin; der Zahnarzt; die Tante; der Opa; die Oma; der Junge; das Mädchen; die Kleine; der Ehemann; die Ehefrau; das Haustier; das Büro; die Firma; die Küche; der Computer; das Handy; die Waschmaschine; der Urlaub; die Hochzeit; der Termin; die Prüfung; das Geschenk; der Geburtstag; die Miete; die Rechnung; die Reise; der Flug; der Unfall; die Operation",
    "zh": "狗; 猫; 车; 轿车; 房子; 钥匙; 自行车; 行李箱; 眼镜; 院子; 老板; 领导; 房东; 邻居; 同事; 班主任; 牙医; 姑姑; 爷爷; 奶奶; 儿子; 女儿; 小家伙; 丈夫; 妻子; 宠物; 办公室; 公司; 厨房; 电脑; 手机; 洗衣机; 假期; 婚礼; 约会; 考试; 礼物; 生日; 房租; 账单; 旅行; 航班; 车祸; 手术",
}
OF_ONES_OWN = {
    "en": "What is the name of {}?; Where is {}?; When is {}?; Who owns {}?; What did {} cost?; What colour is {}?; How old is {}?; What happened to {}?; Who looks after {}?; Since when is there {}?; What does {} do?; What job does {} have?; Where does {} go?; What does {} like?; How was {}?; Which brand is {}?; Where does {} live?",
    "de": "Wie heißt {}?; Wo ist {}?; Wo steht {}?; Wann ist {}?; Wem gehört {}?; Was kostet {}?; Welche Farbe hat {}?; Wie alt ist {}?; Was ist mit {} passiert?; Wer kümmert sich um {}?; Seit wann gibt es {}?; Was macht {}?; Welchen Beruf hat {}?; Wohin geht {}?; Was mag {}?; Wie war {}?; Was haben wir wegen {} ausgemacht?; Welche Marke ist {}?; Wo wohnt {}?",
    "zh": "{}叫什么？; {}在哪里？; {}放在什么地方？; {}是什么时候？; {}是谁的？; {}花了多少钱？; {}是什么颜色的？; {}多大了？; {}怎么了？; 谁在照顾{}？; {}是从什么时候开始的？; {}在做什么？; {}的职业是什么？; {}去哪儿了？; {}喜欢什么？; {}怎么样？; {}的事说好了吗？; {}是什么牌子的？; {}住在哪里？",
}
DEEDS = {
    "de": "gekauft; verloren; gelernt; gearbeitet; gegessen; bezahlt; gefunden; versprochen; gelesen; geschrieben; gewonnen; vergessen; repariert; bestellt; verliehen",
    "zh": "买; 丢; 学; 上班; 吃; 付钱; 搬家; 答应; 读书; 写信; 赢; 忘; 修理; 订; 借钱; 旅行; 结婚",
}
OF_ONES_DEEDS = {
    "de": "Was habe ich {}?; Wo habe ich {}?; Wann habe ich {}?; Wem habe ich {}?; Wie oft habe ich {}?",
    "zh": "我{}了什么？; 我在哪里{}的？; 我什么时候{}的？; 我跟谁{}的？; 我为什么{}？",
}
AIMS = {
    "en": "lose weight; fall asleep; clean the oven; tie a tie; boil rice; save money; learn French; write a letter; remove a stain; grow tomatoes; prepare for an interview; train a puppy; pack a suitcase; fix a puncture",
    "de": "abnehmen; einschlafen; den Backofen reinigen; eine Krawatte binden; Reis kochen; Geld sparen; Französisch lernen; einen Brief schreiben; einen Fleck entfernen; Tomaten ziehen; einen Welpen erziehen; einen Koffer packen; einen Reifen flicken",
    "zh": "减肥; 入睡; 清洗烤箱; 打领带; 煮米饭; 省钱; 学法语; 写信; 去污渍; 种西红柿; 准备面试; 训练小狗; 收拾行李; 补轮胎",
}
FOR_ADVICE = {
    "en": "How do I {}?; How can I {} faster?; What should I know to {}?; Should I {}?; Give me tips to {}.; What is the best way to {}?",
    "de": "Wie kann ich {}?; Wie soll ich am besten {}?; Soll ich {}?; Gib mir Tipps: {}.; Wie kann man schneller {}?",
    "zh": "我该怎么{}？; 我怎样才能{}？; 我应该{}吗？; 给我一些{}的建议。; {}最好的方法是什么？",
}
REMARKS = listed("""
Fine.; Thank you very much.; Nice.; Go on, please.; And what then?; Is that so?; Why is that?; Once more.; Make it shorter.; Say it in other words.; I do not get it.; Hi!; Good morning!; Another one.; What do you mean?; Who are you?; What can you do?; That is wrong.
Gut.; Vielen Dank.; Schön.; Weiter, bitte.; Und was dann?; Stimmt das?; Wieso das?; Noch mal.; Fass dich kürzer.; Sag es anders.; Das verstehe ich nicht.; Hallo!; Guten Morgen!; Noch eins.; Was meinst du?; Wer bist du?; Was kannst du?; Das ist falsch.
好。; 非常感谢。; 不错。; 请继续。; 然后呢？; 真的吗？; 为什么这样？; 再来一次。; 简短一点。; 换个说法。; 我不明白。; 你好！; 早上好！; 再来一个。; 你是什么意思？; 你是谁？; 你会什么？; 不对。""")
MADE_OF_A_KIND, FROM_SCENES, FROM_EVERYDAY = 900, 3000, 700
TOLD = Path(__file__).with_name("told")


def of_scenes(r: random.Random) -> list[str]:
    lines = [line for file in sorted(FOLDER.glob("*.txt")) for line in file.read_text().splitlines() if line[:2] in ("q ", "n ")]
    return [SLOT.sub(lambda slot: str(SLOTS[slot[2]](r)), line[2:].split(" = ")[0]) for line in r.sample(lines, FROM_SCENES)]


def of_told(language: str) -> list[tuple[str, bool, str]]:
    own = [question for _, *asked in rows_of(TOLD / f"{language}.txt") for question in asked]
    return [(question, True, language) for question in own] + [(question, False, language) for question in (TOLD / f"world-{language}.txt").read_text().splitlines()]


def kinds_of_questions() -> list[tuple[str, bool, str]]:
    """Question, whether it is about the asker's own life, and language; always the same."""
    r = random.Random(0)
    found = [(question, True, "en") for question in of_scenes(r)]
    found += [(question, False, "en") for question, _ in r.sample(everyday.pairs(), FROM_EVERYDAY)]
    found += [(line.split("|")[0], False, "en") for line in everyday.PLAIN.splitlines()]
    found += [(remark, False, language) for language, third in zip(("en", "de", "zh"), range(3)) for remark in REMARKS[18 * third : 18 * third + 18]]
    made = [(OF_THE_WORLD, TOPICS, False), (FOR_ADVICE, AIMS, False), (OF_ONES_OWN, THINGS, True), (OF_ONES_DEEDS, DEEDS, True)]
    for forms, words, is_own in made:
        for language in forms:
            every = [form.replace("{}", word) for form in listed(forms[language]) for word in listed(words[language])]
            found += [(question, is_own, language) for question in r.sample(every, min(MADE_OF_A_KIND, len(every)))]
    return found + [row for language in ("en", "de", "zh") for row in of_told(language)]
