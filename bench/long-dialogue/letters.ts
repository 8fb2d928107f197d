/**
 * Sixty things that people write to an assistant, twenty each in English, German and Chinese: half as a short sentence
 * of their own, half in passing in a message about something else, asked in words that are further away, each with a
 * correction in words of its own. Written and committed by somebody who had seen the older lists, had read neither
 * recall nor what its encoder learns from, and had run nothing on this one. They say what a new dialogue can expect;
 * tune recall by them, and they say nothing any more.
 */
import { correctedRows, type Fact, listOf } from "./facts.ts";

/** Told, asked in its words, asked in others, the same of somebody else, taken back, and values; parted by bars. */
const ENGLISH = `
My hay fever tablets make me {v}.|What do my hay fever tablets make me?|Which side effect do I get from fighting pollen?|In the advert the teddy bears are always {w}.|The new brand is different, my hay fever tablets make me {v} now.|drowsy=sleepy, thirsty, itchy, giddy=dizzy, ravenous=hungry, forgetful
Is it rude to eat curry in the quiet coach? I practically live on the {v} line now that they have moved our lab to the coast.|Which line do I practically live on?|What railway takes me to my job?|The model in the shop window shows the {w} line in 1930.|They changed the timetable, so it is the {v} line that I practically live on.|Fife Circle=Fife, Tarka, Esk Valley=Esk, Bittern, Cumbrian Coast=Cumbrian, Mid Cheshire=Cheshire
Our smoke alarm goes off whenever somebody {v}.|When does our smoke alarm go off?|What sets off the beeping on the ceiling?|In the cartoon a bell rings as soon as the cat {w}.|We tested it again, our smoke alarm goes off whenever somebody {v}.|makes toast=toast, has a shower=shower, fries bacon=bacon, sprays deodorant=deodorant, lights a candle=candle, opens the oven=oven
Please proofread this: "Dear Mr Lowe, the {v} you sold me gave up after nine days." I do not want to come across as furious, although I am.|What did Mr Lowe sell me?|Which purchase do I want my money back for?|The inventor's first success was a {w}.|No, wait, that one works; what Mr Lowe sold me and what gave up is the {v}.|kettle, hairdryer, e-reader, doorbell, treadmill, dehumidifier
I owe the library {v} pounds in fines.|How much do I owe the library in fines?|What are those overdue novels costing me?|A pot of the posh mustard is {w} pounds.|The librarian let me off a bit, I owe {v} pounds in fines.|3.40, 5.80, 7.20, 9.60, 11.45, 13.25
Could you explain offside to me once more? {v}, my daughter-in-law, is in the cup final on Sunday and I want to cheer at the right moment.|What is my daughter-in-law called?|Who did my son marry?|The puffin in the picture book is called {w}.|Typed too fast, that is my niece; my daughter-in-law is called {v}.|Shanice, Bethan, Ottilie, Rukhsana, Maeve, Corinne
My visa for India is good for {v} days.|For how many days is my visa for India good?|How long may I stay in Delhi and around?|The hunger strike of the suffragette went on for {w} days.|I read the small print, my visa for India is good for {v} days.|30, 45, 60, 75, 90, 120
What could rhyme with orange? I am doing a verse for Terry, who is leaving us after {v} years on the lathes, and orange is his colour.|After how many years on the lathes is Terry leaving us?|How long did my mate work before this farewell?|The oldest carp in the palace pond is {w} years old.|HR corrected me, Terry is leaving us after {v} years on the lathes.|19, 22, 26, 31, 38, 41
I well up whenever they play {v}.|What makes me well up whenever they play it?|Which tune brings tears to my eyes?|The ice cream van comes round the corner with {w}.|That one has worn off, nowadays I well up whenever they play {v}.|Danny Boy, Jerusalem, Fields of Gold, Nimrod, Moon River, Auld Lang Syne
Two things about limescale. Is vinegar safe on chrome? And our shower head drips, the one in the {v}, would it help there as well?|Where is the shower head that drips?|In which part of the house does water come out when it should not?|The estate agent was very proud of the {w}.|My husband fixed that, the shower head that drips now is the one in the {v}.|annexe, en suite=ensuite, basement, granny flat, guest bathroom, attic
The trolley left a dent in my {v}.|Where did the trolley leave a dent?|Which part of the car got damaged at the supermarket?|A wasps' nest was found in the {w} of the vintage bus.|I looked in daylight, the trolley left a dent in my {v}.|bonnet, passenger door, tailgate, front wing, number plate, bumper
I need a gentle way to tell my flatmate that her {v} stinks out the corridor. She is lovely, but she takes everything to heart.|What does my flatmate have that stinks out the corridor?|Where does the bad smell at home come from?|The detective hid the diamond in the {w}.|I sniffed around, it is her {v} that stinks out the corridor.|kimchi, compost caddy=compost, incense, ferret, yoga mat, slow cooker
My pen pal is a {v}.|What is my pen pal?|What does the stranger I exchange postcards with do all day?|The patron of the new school was a {w}.|He has a new job, my pen pal is a {v} now.|monk, beekeeper, lighthouse keeper=lighthouse, sculptor, ferry captain=ferry, blacksmith
Turn these into minutes, please. Present: Jo, Amit, me. The {v} is put off again. Jo brings biscuits on Tuesday.|What is put off again?|Which event at my firm will come later than planned?|The satire on the radio was about a {w} that never ends.|Amit has read the minutes and says it is the {v} that is put off again.|audit, office move, pay round, fire drill, rebrand, server upgrade
I cannot wear {v}.|What can I not wear?|Which material does my skin object to?|The parcel bomb in the film is wrapped in {w}.|I tried it again, what I cannot wear is {v}.|wool, latex, silver, polyester, mohair, nickel
For how long do you boil quail eggs? They are for the picnic at {v}, where we go every year when the bluebells are out.|Where is the picnic with the quail eggs?|Which spot do we visit each spring to eat outdoors?|The puzzle on the tea towel shows {w}.|They have closed the car park, so the picnic is at {v} this year.|Kew, Stourhead, Bodiam, Clumber Park=Clumber, Wallington, Erddig
The boys next door have begun to learn the {v}.|What have the boys next door begun to learn?|Which din will I be hearing through the wall?|The busker at the station plays the {w} with one hand.|Their mother told me it is the {v} that the boys next door have begun to learn.|bagpipes=bagpipe, trumpet, drums=drum, bassoon, accordion, violin
My sister has her own way of saying sorry, she has sent me {v} pounds "for the lamp". What do I text back?|How many pounds has my sister sent me?|How much did I get for the thing that was broken?|The parking ticket on the milk float was {w} pounds.|I checked my account, my sister has sent me {v} pounds.|35, 48, 55, 70, 85, 95
I vote in the {v}.|Where do I vote?|To which building do I go on election day?|The ghost tour ends in the {w}.|They have redrawn the map, I vote in the {v} now.|scout hut, church hall, cricket pavilion=pavilion, fire station, bowls club, Methodist chapel=chapel
Do bees sleep in winter? I ask because Uncle Ned has left me {v} hives in his will and I have no idea how to begin.|How many hives has Uncle Ned left me?|How big is the apiary that I came into?|The rugby team came home with {w} bruises.|The solicitor counted properly, Uncle Ned has left me {v} hives.|eleven=11, fourteen=14, seventeen=17, nineteen=19, twenty-two=22, twenty-six=26`;

const GERMAN = `
Mein Navi spricht {v}.|Was spricht mein Navi?|In welcher Mundart sagt man mir am Steuer, wo es langgeht?|Die Puppen im Theater reden nur {w}.|Nach dem Update spricht mein Navi {v}.|Kölsch, Schwäbisch, Sächsisch, Bairisch=Bayrisch=Bayerisch, Plattdeutsch=Platt, Wienerisch
Reimt sich irgendetwas auf Mensch? Ich sitze an der Rede für {v}, der sich morgen in den Ruhestand verabschiedet, und komme nicht weiter.|Für wen ist die Rede, an der ich sitze?|Welcher Kollege kommt ab übermorgen nicht mehr in die Firma?|Den Esel in der Krippe spielte {w}.|Da habe ich zwei verwechselt, die Rede, an der ich sitze, ist für {v}.|Manfred, Ewald, Norbert, Friedhelm, Lothar, Gisbert
Unsere Regenrinne ist mit {v} verstopft.|Womit ist unsere Regenrinne verstopft?|Was hindert das Wasser am Haus daran abzulaufen?|Das Kissen im Möbelmuseum ist mit {w} gefüllt.|Ich war auf der Leiter, unsere Regenrinne ist mit {v} verstopft.|Tannennadeln=Nadeln, Moos, Vogelfedern=Federn, Kastanien, Ahornlaub=Laub, Tennisbällen=Tennisball=Tennisbälle
Das klingt mir zu patzig, machst du es netter? „Liebe Frau Ahrens, den {v} hätte ich gern bis Freitag wieder.“|Was hätte ich gern von Frau Ahrens wieder?|Welchen Gegenstand habe ich verliehen?|Das Plakat zeigt einen Bischof und einen {w}.|Den hat sie längst gebracht, von Frau Ahrens hätte ich gern den {v} wieder.|Entsafter, Akkuschrauber, Dampfreiniger, Schlitten, Bollerwagen, Beamer
Die Narbe am Knie habe ich von einem {v}.|Wovon habe ich die Narbe am Knie?|Welches Missgeschick hat an meinem Bein Spuren hinterlassen?|Die Ballade handelt von einem {w}.|Meine Mutter erinnert sich besser, die Narbe am Knie habe ich von einem {v}.|Hundebiss, Skateboard, Fahrradsturz, Stacheldraht, Glassplitter, Gartenzaun
Welche Kekse halten vier Wochen? Mein Bruder ist auf Montage in {v} und jammert, es gäbe dort nichts Vernünftiges.|Wo ist mein Bruder auf Montage?|In welches Land soll das Paket mit dem Gebäck gehen?|Der Vogel auf der Briefmarke kommt nur in {w} vor.|Die haben ihn versetzt, mein Bruder ist jetzt auf Montage in {v}.|Katar, Kasachstan, Nigeria, Grönland, Chile, Vietnam
Ich bekomme einmal {v} Euro Rente.|Wie viel Rente bekomme ich einmal?|Womit muss ich im Alter auskommen?|Die Wiederherstellung des Altarbilds kostete {w} Euro.|Heute kam ein neuer Bescheid, ich bekomme einmal {v} Euro Rente.|1080=1.080, 1170=1.170, 1240=1.240, 1390=1.390, 1460=1.460, 1530=1.530
Wie kriegt man Rotwein aus Leinen? Wir haben gestern gefeiert, weil Merle jetzt {v} ist, und der Abend war etwas wild.|Was ist Merle jetzt?|Welchen Abschluss hat die junge Frau, auf die wir das Glas gehoben haben?|Im Quiz hat eine {w} aus Fulda alles abgeräumt.|Ich Schussel, Merle ist jetzt {v}.|Tischlerin, Notarin, Steuerfachwirtin, Imkerin, Logopädin, Geigenbauerin
Bei Gewitter verkriecht sich die Katze {v}.|Wohin verkriecht sich die Katze bei Gewitter?|Wo finde ich das Tier, sobald es draußen donnert?|Das Gespenst wohnt im Hörspiel {w}.|Das hat sich geändert, bei Gewitter verkriecht sich die Katze {v}.|im Wäschekorb=Wäschekorb, hinter der Heizung=Heizung, unter dem Klavier=Klavier, im Kleiderschrank=Kleiderschrank, in der Badewanne=Badewanne, auf dem Hängeboden=Hängeboden
Schreibst du mir zwei, drei Sätze für ein Gästebuch? Ich war mit den Kegelschwestern im Hotel {v}, und das Frühstück war göttlich.|In welchem Hotel war ich mit den Kegelschwestern?|Wo haben meine Mädels und ich übernachtet?|Die Seifenoper spielt im Hotel {w}.|Das war letztes Jahr, jetzt war ich mit den Kegelschwestern im Hotel {v}.|Seeblick, Alpenrose, Sonnenhof, Kaiserkrone, Waldfrieden, Bellevue
Im Elternbeirat bin ich jetzt {v}.|Was bin ich jetzt im Elternbeirat?|Welches Amt habe ich an der Schule übernommen?|Der Held des Romans war im Gesangverein {w}.|Nach der Nachwahl bin ich im Elternbeirat {v}.|Kassenwart, Schriftführer, Beisitzer, Vorsitzender=Vorsitz, Stellvertreter, Kassenprüfer
Kurz zum Kopfrechnen: Die Hütte in {v} kostet 1260 Euro und wir sind zu siebt, was macht das pro Nase? Und wer zahlt die Kurtaxe?|Wo ist die Hütte, die wir zu siebt nehmen?|In welchem Ort verbringen wir den Skiurlaub?|Der Käse mit dem blauen Etikett stammt aus {w}.|Die war schon weg, jetzt nehmen wir zu siebt die Hütte in {v}.|Galtür, Oberstaufen, Alpbach, Zermatt, Ruhpolding, Bezau
Nachts trage ich eine {v}.|Was trage ich nachts?|Welches Ding habe ich beim Schlafen am Körper?|Die Schaufensterpuppe hatte eine {w} auf.|Die Ärztin hat es mir ausgeredet, nachts trage ich jetzt eine {v}.|Zahnschiene, Augenmaske=Maske, Halskrause, Wollmütze=Mütze, Kniebandage=Bandage, Stirnlampe
Bitte ein Haiku über Geduld. Ich stehe seit Stunden auf der {v} im Stau und habe alle Radiosender durch.|Wo stehe ich seit Stunden im Stau?|Welche Autobahn ist dicht und hält mich auf?|Die Fledermäuse ziehen im Herbst über die {w}.|Ich bin ganz durcheinander, im Stau stehe ich auf der {v}.|A7=A 7, A24=A 24, A45=A 45, A61=A 61, A81=A 81, A93=A 93
Grünkohl esse ich nur mit {v}.|Womit esse ich Grünkohl?|Was gehört für mich zu dem norddeutschen Wintergericht?|Der Imbiss am Hafen ist bekannt für Brötchen mit {w}.|Seit ich abnehmen will, esse ich Grünkohl nur mit {v}.|Pinkel, Kassler, Bregenwurst, Kochwurst, Räuchertofu=Tofu, Röstkartoffeln=Kartoffeln
Sagt man noch „hiermit kündige ich fristgerecht“? Es geht um den {v}, da habe ich mich seit zwei Jahren nicht mehr blicken lassen.|Um welche Kündigung geht es mir?|Wo möchte ich kein Mitglied mehr sein?|Das Denkmal im Park hat der {w} gestiftet.|Ich habe es mir überlegt, kündigen will ich lieber beim {v}.|Tennisclub, Schützenverein, Ruderbund, Alpenverein, Bücherbund, Kegelclub
Unser Trauspruch ist aus {v}.|Woraus ist unser Trauspruch?|Wo stehen die Worte, die wir uns für die Kirche ausgesucht haben?|Im Kreuzworträtsel suchten sie eine Figur aus {w}.|Der Pfarrer war dagegen, unser Trauspruch ist jetzt aus {v}.|dem Hohelied=Hohelied, den Psalmen=Psalmen=Psalm, dem Korintherbrief=Korinther, dem Faust=Faust, dem Kleinen Prinzen=Prinz, dem Buch Hiob=Hiob
Was zieht man an, wenn es mittags heiß und nachts frostig ist? Ende März begleite ich Antje nach {v}, sie fotografiert dort die Sterne.|Wohin begleite ich Antje?|An welches Ende der Welt reise ich demnächst?|Der Teppich im Fürstenzimmer kommt aus {w}.|Antje hat umgebucht, ich begleite sie jetzt nach {v}.|Namibia, Bolivien, Marokko, Jordanien, Utah, Arizona
Unser Kaminholz kommt von {v}.|Von wem kommt unser Kaminholz?|Wer versorgt uns mit Brennmaterial?|Der Preis für die schönste Kuh ging an {w}.|Der hat aufgehört, unser Kaminholz kommt jetzt von {v}.|Bauer Hinrichs=Hinrichs, Bauer Lohmann=Lohmann, Förster Krahl=Krahl, Bauer Tietje=Tietje, Förster Wendt=Wendt, Bauer Saalfeld=Saalfeld
Erklär mir bitte in einfachen Worten, was ein Mahnbescheid ist. Die Firma {v}, die uns das Bad gemacht hat, droht nämlich damit.|Wer hat uns das Bad gemacht?|Mit welchem Handwerksbetrieb habe ich Streit ums Geld?|Auf dem Bauzaun am Bahnhof steht überall {w}.|Das stand nur auf dem Lieferwagen, das Bad hat uns die Firma {v} gemacht.|Brenneke, Ostrowski, Hagedorn, Yildirim, Zander, Pohlmann`;

const CHINESE = `
我的游戏昵称是“{v}”。|我的游戏昵称是什么？|队友在线上怎么叫我？|新开的奶茶店叫“{w}”。|花钱改了名，我的游戏昵称现在是“{v}”。|夜雨听风, 咸鱼翻身, 一只胖橘, 剑走偏锋, 半糖去冰, 摸鱼大王
怎么跟房东开口比较好？洗衣机一甩干就{v}，我看是撑不到过年了，可那是他家的老古董。|洗衣机一甩干就怎么样？|家里那台机器出了什么状况？|漫画里的机器人动不动就{w}。|我又试了一次，洗衣机一甩干是{v}。|漏水, 冒烟, 跳闸, 乱跑, 尖叫, 自动停
我太爷爷活到了{v}岁。|我太爷爷活到了多少岁？|家里那位长寿的祖宗是多大年纪走的？|山顶的寺庙有个{w}岁的和尚。|查了家谱，我太爷爷活到了{v}岁。|九十三=93, 九十七=97, 一百零一=101, 一百零四=104, 八十九=89, 九十五=95
帮我想个请假的理由，别太假。其实我是要去排队买{v}，晚一步就没了。|我请假是要去排队买什么？|我不上班是为了抢哪样东西？|小偷只拿走了{w}，别的都没动。|那个已经卖光了，我请假是要去排队买{v}。|手办, 限量球鞋=球鞋, 月饼, 演唱会门票=门票, 盲盒, 年糕
我舅舅跑船，人在{v}。|我舅舅跑船人在哪里？|当海员的亲戚如今停在什么港口？|这批咖啡豆是从{w}运来的。|刚视频过，我舅舅跑船已经到{v}了。|新加坡, 汉堡, 鹿特丹, 迪拜, 巴拿马, 釜山
红烧肉到底要不要焯水？今晚{v}要来吃饭，是我先生最敬重的人，我可不能丢脸。|今晚谁要来吃饭？|我下厨要款待的客人是哪位？|晚会的主持人是{w}。|搞错了，那位是明天，今晚要来吃饭的是{v}。|葛老师, 闵老师, 祁老师, 邬老师, 樊老师, 桂老师
我右耳听不见，是{v}害的。|我右耳听不见是什么害的？|我怎么会聋了一边？|小说里的将军最后死于{w}。|问了我妈才知道，我右耳听不见是{v}害的。|中耳炎, 鞭炮, 车祸, 潜水, 药物, 高烧
写副对联吧，要贴在我们新开的{v}门口，喜庆一点，别太文绉绉。|我们新开的是什么？|我们做起了哪种生意？|连环画里的间谍以{w}作掩护。|执照没批下来，我们新开的改成{v}了。|面馆, 花店, 理发店, 洗车行, 药房, 旧书店
我的护照{v}年到期。|我的护照哪年到期？|出国的证件能用到什么时候？|跨海大桥要到{w}年才通车。|拿出来看了看，我的护照是{v}年到期。|2027, 2028, 2029, 2030, 2031, 2032
婴儿打嗝是正常的吗？月嫂{v}回老家了，半夜三更没人可问。|回老家的月嫂是谁？|之前照顾产妇和孩子的人怎么称呼？|卖豆腐的大家都叫她{w}。|困糊涂了，那是我同事，月嫂是{v}。|曹姐, 翟姐, 苗姐, 阮姐, 魏姐, 蒲姐
我们寝室公约第一条是不许{v}。|我们寝室公约第一条是不许什么？|跟我同屋的人最忌讳哪种行为？|博物馆门口的牌子上画着不许{w}。|大家重新投了票，寝室公约第一条变成不许{v}。|打呼噜, 外放, 抽烟, 吃榴莲=榴莲, 通宵, 煮火锅=火锅
“很抱歉，{v}在途中摔坏了”用英文怎么说？我要写给澳洲的客户，语气客气些。|什么在途中摔坏了？|卖到国外的哪样货物出了问题？|修复师花两年还原了一件{w}。|仓库又核对了一遍，途中摔坏的是{v}。|花瓶, 茶具, 屏风, 吊灯, 玉雕, 瓷娃娃
我攒钱是想{v}。|我攒钱是想做什么？|省吃俭用我图的是哪一件事？|彩票中奖的人在电视里说他要{w}。|长大了想法变了，我攒钱是想{v}。|割双眼皮=双眼皮, 看极光=极光, 买房车=房车, 学开飞机=飞机, 环游欧洲=欧洲, 开一家书吧=书吧
有没有真正管用的生发产品？我才{v}岁，发际线就退到头顶了，同学聚会都不敢去。|我才多少岁？|我这么年轻就秃了是多大？|这匹赛马的骑手{w}岁。|身份证上多写了，我才{v}岁。|二十四=24, 二十六=26, 二十七=27, 二十九=29, 三十一=31, 三十三=33
我儿子用{v}在墙上画画。|我儿子用什么在墙上画画？|小捣蛋弄脏家里靠的是哪样东西？|网红主播用{w}做了一座城堡。|闻了闻才发现，我儿子是用{v}在墙上画的。|口红, 番茄酱, 酸奶, 鞋油, 芝麻酱, 牙膏
我在去{v}的火车上，信号时断时续，你先把这篇读后感改短一点，明早就要交。|我在去哪里的火车上？|明早我会从哪座城市醒来？|天气预报里气温最低的是{w}。|我坐错车了，现在是在去{v}的火车上。|银川, 西宁, 漠河, 喀什, 丹东, 百色
我的古筝老师住{v}。|我的古筝老师住哪里？|每次上课我得跑到什么地方？|失踪的白猫最后出现在{w}。|上个礼拜搬了，我的古筝老师现在住{v}。|梧桐路, 师大家属院=家属院, 东郊, 机场附近=机场, 音乐厅后面=音乐厅, 湖边
毕业纪念册要我写一段，你出出主意？我们班主任的口头禅是“{v}”，最好能用上。|我们班主任的口头禅是什么？|教我们的人老挂在嘴边的是哪句？|地铁里的海报上写着“{w}”。|同桌笑我记性差，我们班主任的口头禅是“{v}”。|安静点, 看黑板, 不着急, 想清楚, 再来一遍, 别走神
外婆把存折缝在{v}里。|外婆把存折缝在哪里？|老太太的积蓄藏在什么地方？|魔术师把兔子变进了{w}里。|外婆又不放心，把存折改缝在{v}里了。|枕头, 棉袄, 被套, 沙发垫, 布娃娃, 鞋垫
天冷了多肉要不要搬进屋？{v}送我的那几盆都蔫了，住对门的，见了面怪不好意思。|那几盆多肉是谁送我的？|对我这么好的邻居是哪位？|评书说到{w}下山打虎。|我家那位说不是的，那几盆多肉是{v}送我的。|陶阿姨, 耿叔, 柏奶奶, 辛大爷, 洛姐, 宁婶`;

export const lettersFacts: Fact[] = [
  ...correctedRows("en", ENGLISH),
  ...correctedRows("de", GERMAN),
  ...correctedRows("zh", CHINESE),
];

/** Nothing of it was told. */
export const lettersUnrelated: string[] = listOf(`
How does a ballpoint pen work?|Who wrote The Odyssey?|What is the density of gold?|Suggest a name for a sailing magazine.|Why do flamingos stand on one leg?|What is the oldest university in Europe?|How do I remove duplicates from a list in Python?|
What is alliteration?|Who was Spartacus?|Tell me a fact about jellyfish.|What does an epidemiologist do?|How many pawns are there in chess?|What is 15 percent of 640?|Explain gravity as a pirate would.|
Which metal is liquid at room temperature?|What is a sestina?|
Wer baute den Eiffelturm?|Wie funktioniert ein Dieselmotor?|Was ist der Unterschied zwischen Marder und Iltis?|Nenne drei Wüsten.|Warum haben Giraffen lange Hälse?|Was bedeutet das Wort Nostalgie?|Wie viele Felder hat ein Mühlebrett?|
Schreib eine Fabel über einen faulen Biber.|Wann fiel Konstantinopel?|Wie schwer ist ein Blauwal?|Was ist eine Parabel?|Wie macht man Zitronenlimonade?|Welche Länder grenzen an Ungarn?|Was macht ein Lektor?|
玻利维亚的首都是哪里？|鸵鸟为什么不会飞？|什么是供求关系？|怎样写好一封推荐信？|谁发明了蒸汽机？|《西厢记》的作者是谁？|为什么树叶是绿的？|请编一个关于狐狸的寓言。|把生日快乐翻译成西班牙语。|
什么是云存储？|华山为什么那么陡？|怎么熬粥才浓稠？|世界上最深的海沟在哪里？|候鸟是怎么辨别方向的？|
Great stuff, much obliged.|What else is there to it?|Could that be wrong?|Besten Dank, das war's schon.|Erklär es noch mal anders.|没问题了，谢谢啦。|就到这里吗？`);

/** The user asks about himself, and nothing of it was told. */
export const lettersUnanswered: string[] = listOf(`
Which biscuit do I dunk in my tea?|What was the number of our first house?|How many stepchildren do I have?|What size are my wellies?|Who gave me my nickname?|Which seat do I take at the cinema?|Where did my grandparents honeymoon?|
Which subject did I fail at school?|What day are my bins collected?|How heavy was I when I was born?|Who feeds my fish when I am away?|Which toothpaste do I use?|
Wie heißt meine Patentante?|Welche Farbe haben unsere Fensterläden?|Wo habe ich schwimmen gelernt?|Was ist meine Glückszahl?|Wie viele Etagen hat unser Haus?|Welchen Mobilfunkanbieter habe ich?|Was haben wir für die Küche bezahlt?|
Wer hat mir die Haare geschnitten?|Wovor hatte ich als Kind Angst?|Wann gehe ich in Mittagspause?|Welche Marke rauche ich?|Wie heißt mein Lieblingsitaliener?|
我妹妹在哪个城市上班？|我最爱看哪个综艺？|我家的沙发是什么牌子的？|我小学在哪里读的？|我岳父今年多大？|我的社保卡号是多少？|我上一次搬家是哪年？|
我的英语老师姓什么？|我喜欢什么季节？|我爸爸开什么车？|我家阳台朝哪个方向？|我昨天午饭吃了什么？`);
