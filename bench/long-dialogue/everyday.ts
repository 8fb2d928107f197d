/**
 * Sixty facts of everyday life, twenty each in English, German and Chinese, with questions of the user that he never
 * answered and questions about the world: written before the third look at meanings, ranking and quotes was taken,
 * and committed before anything was measured with them. They say what a new dialogue can expect; tune recall by them,
 * and they say nothing any more.
 */
import { type Fact, factRows, listOf } from "./facts.ts";

/** Told, asked in its words, asked in others, the same of somebody else, and values; parted by bars. */
const ENGLISH = `
Our boiler is serviced every {v}.|When is our boiler serviced?|In which month does somebody look after the heating?|The rose show takes place every {w}.|January, March, May, July, September, November
My running shoes are from {v}.|Which brand are my running shoes from?|What make is the footwear that I go jogging in?|The team gets its tracksuits from {w}.|Asics, Brooks, Mizuno, Saucony, Hoka, Salomon
I take my tea with {v}.|What do I take my tea with?|How do I like my hot drink?|The cake is glazed with {w}.|lemon, milk, honey, ginger, mint, two sugars
The babysitter charges {v} pounds an hour.|What does the babysitter charge?|How much do I pay whoever minds the kids?|A deckchair at the pier is {w} pounds.|8, 11, 13, 15, 17, 19
We named our boat {v}.|What did we name our boat?|What is our sailing vessel called?|The pub at the corner is the {w}.|Seagull, Persephone, Marigold, Windfall, Albatross, Tempest
My sister is allergic to {v}.|What is my sister allergic to?|Which food does a sibling of mine not tolerate?|The ship was loaded with {w}.|peanuts, shellfish, soy, kiwi, sesame, hazelnuts
My driving test is on the {v}.|When is my driving test?|On what date will the examiner watch me at the wheel?|The parade is on the {w}.|4th of May, 9th of June, 13th of July, 21st of August, 2nd of October, 17th of November
I broke my {v} playing tennis.|What did I break playing tennis?|Which injury did I get on the court?|The marble statue has lost its {w}.|wrist, ankle, collarbone, elbow, thumb, toe
My commute takes {v} minutes.|How long does my commute take?|How much time do I need to get to the office?|The documentary runs for {w} minutes.|25, 35, 45, 55, 70, 80
I volunteer at the {v}.|Where do I volunteer?|In what place do I help out without pay?|The fire started in the {w}.|food bank, animal shelter, hospice, museum, library, lifeboat station
My son wants to become a {v}.|What does my son want to become?|Which profession is our boy dreaming of?|The winner of the quiz is a {w}.|vet, pilot, beekeeper, surgeon, ballet dancer, ranger
The spare key is with {v}.|With whom is the spare key?|Who can let me in if I lock myself out?|The choir is conducted by {w}.|Mrs Pettigrew, Mr Adeyemi, Mrs Kowalski, Mr Lindgren, Mrs Castellano, Mr Whitlock
My hotel room is number {v}.|What number is my hotel room?|Behind which door do I sleep on this trip?|The raffle was won by ticket number {w}.|214, 308, 417, 526, 631, 709
I have to hand in my thesis by {v}.|By when do I have to hand in my thesis?|What is the deadline for my dissertation?|The swimming pool stays closed until {w}.|Easter, the end of May, mid June, New Year, the first of March, late August
We are having {v} for dinner.|What are we having for dinner?|Which meal will I cook this evening?|The food critic praised the {w}.|lasagne, fish pie, chicken curry, pumpkin risotto, stuffed peppers, lentil stew
My laptop died because of {v}.|Why did my laptop die?|What ruined my computer?|The seminar is about {w}.|spilled juice, a virus, overheating, a power surge, dust, a software update
The colour I like best is {v}.|Which colour do I like best?|What is my favourite shade?|The theatre curtains are {w}.|teal, crimson, turquoise, olive green, burgundy, mustard yellow
My therapist told me to try {v}.|What did my therapist tell me to try?|Which activity am I meant to do for my mental health?|The evening class teaches {w}.|meditation, journaling, yoga, cold showers, breathing exercises, gardening
I inherited a {v} from my aunt.|What did I inherit from my aunt?|Which thing was left to me when a relative passed away?|The auction began with a {w}.|grand piano, cottage, stamp collection, diamond ring, vineyard, grandfather clock
My gym membership runs out in {v}.|When does my gym membership run out?|Until which month can I work out at the fitness club?|The exhibition travels to Madrid in {w}.|February, April, June, August, October, December`;

const GERMAN = `
Ich lerne seit {v} Klavier.|Seit wann lerne ich Klavier?|Wie lange nehme ich schon Musikunterricht?|Das Rathaus wird seit {w} renoviert.|einem Jahr, drei Monaten, zwei Wochen, acht Jahren, dem Frühling, einem halben Jahr
Mein Fahrrad ist von {v}.|Von welcher Firma ist mein Fahrrad?|Welche Marke hat das Zweirad, auf dem ich unterwegs bin?|Der Rennstall wird von {w} bezahlt.|Cube, Canyon, Diamant, Kettler, Scott, Bergamont
Im Keller lagern wir {v}.|Was lagern wir im Keller?|Was haben wir im Untergeschoss untergebracht?|Das Schiff transportierte {w}.|Wein, Kartoffeln, Skier, Umzugskisten, Autoreifen, Marmelade
Meine Nachbarin beschwert sich über {v}.|Worüber beschwert sich meine Nachbarin?|Was stört die Frau von nebenan?|Der Dichter schrieb ein Lied über {w}.|den Rasenmäher, die Musik, den Grill, den Hahn, den Müll, die Hecke
Die Silberhochzeit feiern wir {v}.|Wo feiern wir die Silberhochzeit?|An welchem Ort begehen wir unser Ehejubiläum?|Die Köche streiken {w}.|im Ratskeller, auf der Burg, am See, im Weingut, auf dem Dampfer, im Garten
Mein Chef heißt {v}.|Wie heißt mein Chef?|Wer ist mein Vorgesetzter?|Der Astronaut heißt {w}.|Dr. Pfeiffer, Frau Sommerfeld, Herr Yilmaz, Frau Krüger, Herr Rosenthal, Frau Nowak
Die Kita kostet uns {v} Euro im Monat.|Was kostet uns die Kita?|Wie viel zahlen wir für die Betreuung unseres Kindes?|Der Stellplatz kostet {w} Euro.|140, 195, 230, 285, 340, 410
Ich spende jedes Jahr an {v}.|An wen spende ich jedes Jahr?|Welche Organisation unterstütze ich mit Geld?|Das Plakat ist von {w}.|Greenpeace, Unicef, Misereor, Amnesty, Caritas, Oxfam
Mein Sohn hat eine Eins in {v} bekommen.|Worin hat mein Sohn eine Eins bekommen?|In welchem Schulfach glänzt unser Junge?|Die Studentin gibt Nachhilfe in {w}.|Mathe, Bio, Kunst, Latein, Erdkunde, Physik
Der Handwerker kommt am {v} zu uns.|Wann kommt der Handwerker zu uns?|An welchem Tag wird hier etwas repariert?|Der Zirkus öffnet am {w}.|Montag, Dienstag, Mittwoch, Donnerstag, Freitag, Samstag
Gegen meinen Heuschnupfen nehme ich {v}.|Was nehme ich gegen meinen Heuschnupfen?|Womit behandle ich die Pollenallergie?|Die Firma verkauft {w}.|Nasenspray, Augentropfen, Cetirizin, Globuli, Loratadin, Kortison
Ich schlafe am besten auf {v}.|Worauf schlafe ich am besten?|Welche Unterlage brauche ich nachts im Bett?|Die Zuschauer sitzen auf {w}.|einer harten Matratze, Stroh, dem Sofa, einem Wasserbett, einem Lammfell, einem Futon
Beim Umzug ist {v} kaputtgegangen.|Was ist beim Umzug kaputtgegangen?|Welcher Gegenstand hat den Wohnungswechsel nicht überlebt?|Versteigert wurde {w}.|der Spiegel, die Lampe, das Aquarium, die Standuhr, der Glastisch, das Porzellan
Meine Großeltern führten früher eine {v}.|Was führten meine Großeltern früher?|Welches Geschäft gehörte Oma und Opa?|Im Nachbardorf brannte eine {w}.|Gärtnerei, Mühle, Bäckerei, Tankstelle, Pension, Druckerei
Ich muss noch {v} kaufen.|Was muss ich noch kaufen?|Was soll ich aus dem Supermarkt mitbringen?|Im Rezept stehen {w}.|Eier, Zwiebeln, Windeln, Nudeln, Bananen, Kerzen
Mein Koffer ist {v}.|Wie sieht mein Koffer aus?|Welche Farbe hat mein Reisegepäck?|Das Dach der Arena ist {w}.|knallgrün, dunkelblau, rosa, silbern, kariert, orange
Unsere Tochter studiert in {v}.|Wo studiert unsere Tochter?|In welcher Stadt geht mein Mädchen zur Uni?|Das Derby findet in {w} statt.|Münster, Jena, Graz, Kiel, Marburg, Bayreuth
Mit dem Rauchen aufgehört habe ich {v}.|Wann habe ich mit dem Rauchen aufgehört?|In welchem Jahr bin ich von den Zigaretten losgekommen?|Der Turm wurde {w} gesprengt.|2005, 2008, 2011, 2014, 2018, 2021
Mein Hund frisst am liebsten {v}.|Was frisst mein Hund am liebsten?|Welches Futter mag der Vierbeiner?|An der Theke gibt es {w}.|Leberwurst, Pansen, Lachs, Karotten, Hühnerherzen, Käse
Zur Arbeit fahre ich mit {v}.|Womit fahre ich zur Arbeit?|Welches Verkehrsmittel bringt mich ins Büro?|Das Kind spielt mit {w}.|der Straßenbahn, dem Roller, dem Bus, der Fähre, dem Moped, der S-Bahn`;

const CHINESE = `
我的导师姓{v}。|我的导师姓什么？|指导我写论文的教授是哪位？|这家饭馆的老板姓{w}。|欧阳, 陆, 龚, 尹, 薛, 戴
厨房的水管漏了{v}天。|厨房的水管漏了几天？|我家做饭的地方滴水多久了？|台风刮了{w}天。|两, 三, 五, 六, 八, 十
我打算把客厅刷成{v}。|我打算把客厅刷成什么颜色？|家里会客的房间墙壁要涂什么色彩？|新款跑车有{w}的。|米白色, 浅绿色, 天蓝色, 淡粉色, 鹅黄色, 银灰色
我{v}去健身房。|我什么时候去健身房？|我哪天锻炼身体？|邮局{w}休息。|星期一, 星期二, 星期四, 星期五, 星期六, 星期天
我在{v}认识了我女朋友。|我在哪里认识了我女朋友？|我和对象第一次见面是什么场合？|记者在{w}采访了市长。|图书馆, 婚礼上, 飞机上, 烘焙班, 滑雪场, 同学聚会上
医生建议我用{v}治失眠。|医生建议我用什么治失眠？|我睡不着觉该试试什么办法？|这本杂志介绍了{w}。|泡脚, 冥想, 针灸, 热牛奶, 白噪音, 中药
我租的房子在{v}楼。|我租的房子在几楼？|我住的公寓是第几层？|火灾发生在{w}楼。|三, 五, 九, 十二, 十七, 二十二
我儿子数学考了{v}分。|我儿子数学考了多少分？|孩子的算术成绩怎么样？|客队得了{w}分。|68, 77, 83, 89, 92, 97
我的行李箱里装着{v}。|我的行李箱里装着什么？|我旅行带了哪些东西？|仓库着火烧掉了{w}。|潜水镜, 羽绒服, 帐篷, 药箱, 三脚架, 泡面
我打工的地方是{v}。|我打工的地方是哪里？|我在哪儿做兼职？|街角新开了一家{w}。|奶茶店, 加油站, 书店, 花店, 便利店, 洗车行
我的信用卡是{v}的。|我的信用卡是哪家的？|我刷卡付钱用的是哪个银行？|广场上的大楼是{w}的。|招商银行, 工商银行, 建设银行, 交通银行, 中信银行, 民生银行
我姐姐嫁到了{v}。|我姐姐嫁到了哪里？|比我大的那个女孩结婚后去了什么地方？|剧团到{w}演出。|温州, 洛阳, 桂林, 宁波, 烟台, 兰州
我的手机密码是{v}。|我的手机密码是多少？|怎么解锁我的电话？|这个包裹的编号是{w}。|4071, 9358, 2264, 7716, 5802, 3149
我们公司的年会在{v}办。|我们公司的年会在哪里办？|单位的聚会安排在什么场所？|慈善拍卖在{w}举行。|游轮上, 度假村, 体育馆, 西餐厅, 礼堂, 植物园
我爸爸退休后开始学{v}。|我爸爸退休后开始学什么？|父亲不上班以后有了什么爱好？|社区中心教老人{w}。|二胡, 国画, 太极, 摄影, 英语, 木雕
我把{v}弄丢了。|我把什么弄丢了？|我找不到哪样东西？|橱窗里展示着{w}。|身份证, 结婚戒指, 护照, 学生证, 蓝牙耳机, 雨伞
我老家的特产是{v}。|我老家的特产是什么？|我家乡什么东西有名？|超市正在促销{w}。|荔枝, 腊肉, 板栗, 米粉, 山核桃, 皮蛋
我在阳台上种了{v}。|我在阳台上种了什么？|我家里栽培哪种植物？|画家最爱画{w}。|茉莉, 薄荷, 多肉, 番茄, 绿萝, 月季
装修花了我{v}万。|装修花了我多少万？|把房子翻新用掉了多少钱？|这幅字画值{w}万。|8, 12, 15, 19, 26, 33
我的面试在{v}。|我的面试在什么时候？|求职的谈话安排在哪天？|月食发生在{w}。|本周五, 下周一, 下周三, 六号, 十九号, 二十八号`;

export const everydayFacts: Fact[] = [
  ...factRows("en", "I got that wrong: ", ENGLISH),
  ...factRows("de", "Das war falsch: ", GERMAN),
  ...factRows("zh", "刚才说得不对：", CHINESE),
];

/** Nothing of it was told. */
export const everydayUnrelated: string[] = listOf(`
Why do cats purr?|What is the speed of sound?|Who invented the telephone?|Write a short poem about the sea.|How many bones are in the human hand?|What is the difference between a virus and a bacterium?|Explain what a black hole is.|
Who won the first World Cup?|How do tides work?|What is the capital of New Zealand?|Give me three synonyms for happy.|What does a transistor do?|How do I sort a list in JavaScript?|Which planet has the most moons?|What is the golden ratio?|
Warum ist das Meer salzig?|Wer hat die Zauberflöte komponiert?|Wie entsteht ein Gewitter?|Was ist der Unterschied zwischen Affe und Menschenaffe?|Wie lang ist die Donau?|Was bedeutet Demokratie?|Schreib einen Limerick über einen Esel.|
Wie viele Einwohner hat Norwegen?|Was ist ein Primzahlzwilling?|Wann begann die Renaissance?|Wie macht man Butter?|Welche Farbe hat Kupferoxid?|Was ist Blockchain?|Erkläre mir die Mondphasen.|Wer war Sokrates?|
地球离太阳有多远？|谁发明了电话？|什么是人工智能？|怎么学好英语？|世界上最高的建筑是什么？|请用一句话解释重力。|秦始皇是什么时候统一六国的？|为什么海水是咸的？|请写一个关于狐狸的寓言。|日本的首都在哪里？|
怎样折纸飞机？|鲸鱼是鱼吗？|什么是黑洞？|一光年有多长？|《西游记》讲了什么？|
Sounds good, thanks.|Go on.|What do you mean?|Super, vielen Dank!|Kürzer, bitte.|明白了，谢谢。|再说一遍。`);

/** The user asks about himself, and nothing of it was told. */
export const everydayUnanswered: string[] = listOf(`
What is my favourite film?|Which bank do I use?|How many siblings do I have?|What size are my jeans?|Where did I grow up?|What do I usually order at the bar?|When is my wife's birthday?|Which sports did I do at school?|
Who is my dentist?|What is the name of my street?|How much do I earn?|What did I dream last night?|
Wie alt bin ich?|Welches Auto fahre ich?|Wo wohnen meine Eltern?|Was ist meine Lieblingsfarbe?|Wie heißt mein bester Freund?|Welche Sprachen spreche ich?|Wann habe ich Geburtstag?|Was trinke ich abends am liebsten?|
In welcher Straße wohne ich?|Welches Handy habe ich?|Wie heißen meine Kinder?|Wohin fahre ich im Urlaub?|
我的生日是哪天？|我最喜欢看什么电影？|我住在哪条街？|我丈夫叫什么名字？|我开什么车？|我几岁上的小学？|我的体重是多少？|我喜欢喝什么？|
我的牙医是谁？|我上个月工资是多少？|我奶奶是哪里人？|我周末一般做什么？`);
