/**
 * lexicon: what a question's words may be called where the fact was told. English, German and
 * Chinese, with some French and Spanish.
 *
 * Ranking needs no list of a language: words are weighed by how rare they are in the conversation. But "Which pet do I
 * have?" shares no word with "We got a kitten", and a short conversation cannot show that "what" says nothing. The
 * lists hold no more than everyday talk needs.
 */
import { either } from "../../src/core/either.ts";
import { folded, stem } from "../storage/index-terms.ts";

/** English, German, French, Spanish, Chinese. */
const FUNCTION_WORDS = [
  `
a an the this that these those there here i me my mine myself we us our ours you your yours he him his she her hers it its they them their who whom whose what which
when where why how is are am was were be been being do does did done doing have has had having will would shall should can could may might must of in on at to from by for with about
into onto over under as than then so and or but if not no nor yes also too very just only some any all both each more most other such own same again once ever never always
s t d m ll re ve don didn doesn isn wasn won couldn wouldn im whats
tell told say said says saying mention mentioned ask asked know remember recall remind think please thanks thank hello hi hey ok okay sure well now give want like need get got let make
take takes took put puts one thing things something anything kind sort lot bit much many exactly actually really still earlier before ago again already conversation
go going come sound sounds good nice great fine shorter shorten simpler repeat`,
  `
der die das den dem des ein eine einen einem einer eines ich mich mir mein meine meinen meinem meiner meines du dich dir dein deine deinen deiner wir uns unser unsere ihr euch euer sie ihm
ihn ihre ihren es er sein seine wer wen wem wessen was welche welcher welches welchen wo woher wohin wann warum wie viel viele ist sind bin bist war waren sei wird werden wurde habe hast hat haben hatte
kann kannst konnte soll muss und oder aber wenn dass ob nicht kein keine nein ja auch noch schon sehr nur in im an am auf aus bei mit nach von vom zu zum zur fur uber unter vor um als
sag sage sagte gesagt erzahlt erzahlte nannte weisst weiss erinnerst erinnere dich bitte danke hallo mal denn doch eigentlich gern wirklich weiter kurzer wiederhole`,
  `
le la les un une des du de et ou est sont ce cette je tu il elle nous vous ils mon ma mes ton ta tes son sa ses que qui quoi quel quelle quels ou quand comment pourquoi dans sur avec pour par pas`,
  `
el los las una unos unas y o es son este esta yo mi mis tu tus su sus que quien cual cuales donde cuando como por para con sin se`,
  `
我 你 他 她 它 们 的 了 是 在 有 和 吗 呢 吧 啊 不 也 都 就 很 这 那 什 么 什么 谁 哪 里 哪里 哪个 怎 怎么 几 多 少 多少 个 为 我的 你的 是什 的是 我在 我是 还记 记得 记 得 告 诉 告诉 说 过 说过 请 还 吗 一 个 想 知道 道 知 真 真的`,
];

/** One line a concept: words of one thing, in any language. A term that begins with 0 is one of `selfTerms`. */
const CONCEPTS = `
name names called call named heißen heiße heißt name nennen nenne nennt genannt 叫 名 名字 姓名 叫什 appelle llamo
live lives living reside city town home hometown village where born moved grew wohne wohnst wohnen lebe leben stadt dorf heimat zuhause 住 城市 家 家乡 住在 ville habite ciudad vivo
work job profession occupation living career earn employed trade beruf arbeit arbeite arbeiten arbeitest 工作 职业 做什 上班 metier travail trabajo
age old years alt jahre alter 岁 几岁 年龄 年纪 多大
birthday born birth birthdate geburtstag geboren 生日 出生 anniversaire cumpleanos
pet pets animal animals dog cat puppy kitten hamster hedgehog canary ferret rabbit parrot tortoise turtle goldfish horse pony guinea iguana gecko budgie spaniel poodle terrier beagle tier haustier hund katze kater vogel hase welpe papagei 宠物 动物 狗 猫 鸟 兔 猫咪 小狗 仓鼠 chien chat perro gato
sister sibling siblings schwester geschwister 姐姐 妹妹 姐 妹 soeur hermana
brother sibling siblings bruder geschwister 哥哥 弟弟 哥 弟 frere hermano
mother mum mom mama mutter 妈妈 母亲 妈 mere madre
father dad papa vater 爸爸 父亲 爸 pere padre
wife husband spouse partner married marry wedding ehefrau ehemann verheiratet hochzeit 妻子 丈夫 老婆 老公 结婚
child children kid kids son daughter baby babies toddler girl girls boy boys kinder sohn tochter 孩子 儿子 女儿
grandmother grandma granny oma großmutter 奶奶 外婆
grandfather grandpa opa großvater 爷爷 外公
flatmate flatmates roommate roommates housemate housemates share sharing mitbewohner mitbewohnerin 室友 舍友 合租
friend friends buddy pal freund freundin 朋友 ami amigo
boss manager supervisor chef chefin vorgesetzte vorgesetzter 老板 经理 上司
colleague coworker teammate kollege kollegin 同事
teacher tutor instructor professor lehrer lehrerin 老师
doctor physician dentist arzt ärztin hausarzt zahnarzt 医生
neighbour neighbor neighbours nachbar nachbarin 邻居
colour color couleur farbe lieblingsfarbe 颜色 色
favourite favorite prefer preferred best lieblings liebling liebste liebstes liebster liebste bevorzuge 最喜 喜欢 喜爱
food foods eat eating eats dinner lunch breakfast dish dishes meal meals cuisine snack essen esse isst gericht lieblingsessen speise mahlzeit 吃 食物 菜 爱吃 nourriture comida
drink drinks drinking beverage coffee tea trinke trinken getränk kaffee tee 喝 饮料 茶 咖啡
hobby hobbies pastime leisure weekends weekend spare enjoy freizeit wochenende 爱好 业余 周末 嗜好 喜欢做
sport sports swim swimming gym tennis football yoga schwimmen 游泳
retired retirement pension pensioner rente rentner rentnerin ruhestand 退休
sport sports play plays playing team club spiele spielen verein mannschaft 运动 打球 球队
instrument guitar piano violin cello drums flute instrument gitarre klavier geige 乐器 钢琴 吉他 小提琴
book books novel author read reading buch bücher roman autor lese lesen 书 小说 作者 看书
film movie film filme kino 电影
music song band singer album musik lied sänger 音乐 歌 歌手
password passcode passphrase secret code codeword pin passwort kennwort geheim geheimwort code codewort losung 密码 暗号 口令
word wort 词 单词
number numbers nummer zahl numéro número 号 号码 数字 数
phone telephone mobile cell telefon telefonnummer handy handynummer 电话 手机
address street avenue road lane adresse straße anschrift 地址 街 路
room zimmer raum office büro 房间 办公室
car vehicle auto wagen fahrzeug drive 车 汽车
bike bicycle fahrrad rad 自行车
house flat apartment haus wohnung 房子 公寓
school college university study studied studies degree schule uni universität studiere studiert studium 学校 大学 学 学习 专业
company firm employer business startup firma unternehmen arbeitgeber 公司
language languages speak speaks sprache sprachen spreche spricht 语言 会说
country nation land 国家
allergic allergy allergies allergisch allergie vertrage 过敏
afraid scared fear fears frighten frightened terrified terrifies phobia angst fürchte fürchten 怕 害怕 恐惧
ill illness sick disease krank krankheit 病 生病
medicine medication pill tablet medikament tablette 药
meeting appointment termin treffen besprechung verabredung 会议 约会 预约
deadline due frist abgabe fällig 截止 期限
trip travel travelling holiday vacation flight fly reise reisen urlaub flug fliege 旅行 旅游 度假 航班 去
train zug bahn 火车
hotel hostel unterkunft 酒店 旅馆
buy bought purchase purchased kaufe kaufte gekauft kaufen 买
sell sold verkaufe verkauft 卖
cost costs price paid pay kostet kostete preis bezahlt zahle 价格 多少钱 钱 花
money budget salary earn geld gehalt 工资 预算
tall height high groß größe hoch 身高 高
weigh weight heavy wiege gewicht schwer 体重 重
big large size groß größe 大
begin began start started starts beginnt begann anfang 开始
end ended finish finished ende endet fertig 结束
day date weekday datum tag wochentag 日期 天 哪天
time clock uhr uhrzeit 时间 点
month monat 月
year jahr 年
computer laptop notebook rechner 电脑
key keys schlüssel 钥匙
present gift geschenk 礼物
plant flower blume pflanze 花 植物
garden gardening garten 花园
write wrote written schreibe schrieb 写
go went gone gehe ging 去
see saw seen sehe sah 看
lose lost verloren verlor 丢
find found finde gefunden 找
break broke broken kaputt gebrochen 坏
`;

/** Questions by their form, and the terms of `selfTerms` and words that answer them. */
const ASKED: readonly (readonly [asks: RegExp, ...terms: string[]])[] = [
  [
    either(
      /\bwho (?:am i|i am)\b(?! \p{L})|\b(?:you call|address) me\b|\bwer (?:bin ich|ich bin)\b|\bmy name\b|\bmein name\b|\bam i called\b|\b(?:heisse ich|ich heisse)\b/iu,
      "我是谁|我(?:的名字|叫什么)",
    ),
    "0name",
    "name",
  ],
  [
    either(
      /\bwhere (?:am|do|did) i\b|\bmy (?:home|city|town)\b|\bwo (?:bin|wohne|lebe) ich\b|\bwoher (?:komme|bin) ich\b/iu,
      "我(?:的家|家|住|来自).*哪",
    ),
    "0home",
    "city",
  ],
  [
    either(
      /\bd(?:o|id) i do\b(?! (?:my|a|an|the|on|with|in|at)\b)|\bwhat am i\?|\bmy (?:job|profession|work|occupation)\b|\bdo i work\b|\bmache ich\b|\bmein (?:beruf|job)\b|\barbeite ich\b/iu,
      "我的(?:工作|职业)|我是做什么",
    ),
    "0job",
    "job",
  ],
  [either(/\bhow old am i\b|\bmy age\b|\bwie alt bin ich\b|\bmein alter\b/iu, "我(?:几岁|多大|的年龄)"), "0age"],
  [either(/\bhow (?:much|many)\b|\bwie ?viele?\b/iu, "多少"), "number"],
];

const lines = (text: string): string[][] =>
  text
    .trim()
    .split("\n")
    .map((line) => line.split(/\s+/));
const termOf = (word: string): string => (word.startsWith("0") ? word : stem(folded(word)));

const languages = FUNCTION_WORDS.map((text) => new Set(lines(text).flat()));
const functionWords = new Set(languages.flatMap((words) => [...words]));
const concepts: ReadonlySet<string>[] = lines(CONCEPTS).map((words) => new Set(words.map(termOf)));
const byTerm = new Map<string, ReadonlySet<string>[]>();
for (const concept of concepts) for (const term of concept) byTerm.set(term, [...(byTerm.get(term) ?? []), concept]);

/** Languages as the lines of the list above begin them; -1 where the words show none. */
export function languageOf(words: readonly string[]): number {
  const counts = languages.map((list) => words.filter((word) => list.has(word)).length);
  const most = Math.max(...counts);
  return most > 0 ? counts.indexOf(most) : -1;
}

/** True of a folded word that says nothing by itself. */
export const isFunctionWord = (word: string): boolean => functionWords.has(word);

/** Other terms for the same thing, the term itself not among them. */
export function relatives(term: string): string[] {
  const all = new Set((byTerm.get(term) ?? []).flatMap((concept) => [...concept]));
  all.delete(term);
  return [...all];
}

/** What is asked for, and seldom said: "our baby Rowan", "My brother is 34". */
const ASKED_KINDS: readonly (readonly [asks: RegExp, ...words: string[]])[] = [
  [
    either(/\b(?:name|names|called|named|heisst|heissen)\b/u, "叫|名"),
    "name",
    "called",
    "named",
    "heißt",
    "heißen",
    "叫",
    "名",
    "名字",
  ],
  [either(/\bhow old\b|\bwie alt\b/u, "多大|几岁"), "old", "alt", "大", "岁", "多大", "几岁"],
];

/** Terms of a question that name the kind of its answer. */
export const askedKinds = (question: string): string[] =>
  ASKED_KINDS.flatMap(([asks, ...words]) => (asks.test(folded(question)) ? words.map(termOf) : []));

/** Terms of the concepts that a question asks for by its form. */
export const askedFor = (question: string): string[] =>
  ASKED.flatMap(([asks, ...terms]) => (asks.test(folded(question)) ? terms.map(termOf) : []));
