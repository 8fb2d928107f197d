/**
 * Sixty facts in German and Chinese, with questions of the user that he never answered and questions about the world in
 * three languages: written before the second look at the sentence encoder's vocabulary, at ranking and at floors, and
 * looked at by none of it. They say what a new dialogue can expect.
 */
import { type Fact, factRows, listOf } from "./facts.ts";

/** Told, asked in its words, asked in others, the same of somebody else, and values; parted by bars. */
const GERMAN = `
Meine Oma ist in {v} geboren.|Wo ist meine Oma geboren?|Aus welchem Ort stammt Großmutter?|Die Sängerin kommt aus {w}.|Rostock, Bamberg, Görlitz, Trier, Flensburg, Konstanz
Meinen Kaffee trinke ich mit {v}.|Womit trinke ich meinen Kaffee?|Was kommt bei mir in den Espresso?|Der Kuchen wird mit {w} verfeinert.|Hafermilch, Zimt, Sahne, Honig, Süßstoff, Kardamom
Der Ersatzschlüssel liegt {v}.|Wo liegt der Ersatzschlüssel?|Wo habe ich etwas versteckt, womit ich die Haustür aufbekomme?|Die Katze des Wirts schläft {w}.|unter der Matte, im Blumentopf, hinter dem Fallrohr, auf dem Balken, unter dem Stein, im Briefkasten
Mein Flug nach Hause geht um {v}.|Wann geht mein Flug nach Hause?|Zu welcher Uhrzeit hebt die Maschine ab, mit der ich heimkomme?|Das Museum schließt um {w}.|6:40, 9:15, 11:50, 14:25, 17:05, 20:35
Im Urlaub vertritt mich {v}.|Wer vertritt mich im Urlaub?|Welcher Kollege übernimmt meine Aufgaben, solange ich weg bin?|Im Film wird der Kommissar von {w} gespielt.|Henrike, Bernd, Yannick, Silke, Torsten, Ayla
Von {v} bekomme ich Ausschlag.|Wovon bekomme ich Ausschlag?|Was verträgt meine Haut nicht?|Der Händler verkauft Kisten mit {w}.|Nickel, Wolle, Erdbeeren, Latex, Tomaten, Parfüm
Unsere Küche haben wir {v} gestrichen.|Wie haben wir unsere Küche gestrichen?|Welche Farbe haben bei uns die Wände, wo gekocht wird?|Die Fähre war früher {w}.|hellblau, orange, mintgrün, gelb, weinrot, violett
Mein Steuerberater heißt {v}.|Wie heißt mein Steuerberater?|Wer kümmert sich um meine Sachen beim Finanzamt?|Der Dirigent heißt {w}.|Herr Zierer, Frau Lampert, Herr Obermeier, Frau Dressler, Herr Kunert, Frau Wachtel
Im Sommer zelten wir am {v}.|Wo zelten wir im Sommer?|An welchem Gewässer machen wir Campingferien?|Die Ruderer trainieren am {w}.|Chiemsee, Gardasee, Neckar, Edersee, Plattensee, Bodensee
Meine Hausratversicherung kostet {v} Euro.|Was kostet meine Hausratversicherung?|Wie hoch ist die Prämie, falls mir zu Hause etwas gestohlen wird?|Der Teppich kostet {w} Euro.|84, 112, 137, 159, 176, 203
Im Verein spiele ich {v}.|Was spiele ich im Verein?|Welchen Sport treibe ich mit anderen zusammen?|Im Fernsehen lief {w}.|Handball, Tischtennis, Hockey, Volleyball, Badminton, Rugby
Mein Handy ist mir {v} gefallen.|Wohin ist mir mein Handy gefallen?|Worin ist mein Telefon gelandet?|Der Ball des Kindes rollte {w}.|in die Badewanne, in den Brunnen, in die Suppe, in den Gully, in die Isar, in den Teich
Meine Schwiegermutter besucht uns {v}.|Wann besucht uns meine Schwiegermutter?|Zu welchem Fest ist die Mama meines Mannes bei uns?|Der Laden hat {w} geschlossen.|zu Ostern, zu Pfingsten, zu Weihnachten, an Silvester, an Fasching, zum Erntedank
Ich lese gerade ein Buch über {v}.|Worüber lese ich gerade ein Buch?|Welches Thema hat meine jetzige Lektüre?|Im Radio sprach jemand über {w}.|die Wikinger, Bienen, den Mond, Napoleon, Vulkane, die Hanse
Unser Sohn heißt {v}.|Wie heißt unser Sohn?|Auf welchen Namen hört mein Junge?|Der Zauberer im Märchen heißt {w}.|Emil, Jonas, Anton, Oskar, Levin, Moritz
Studiert habe ich {v}.|Was habe ich studiert?|In welchem Fach habe ich meinen Uniabschluss?|Die Stiftung fördert {w}.|Geologie, Jura, Pharmazie, Romanistik, Maschinenbau, Archäologie
Mein Lieblingsessen ist {v}.|Was ist mein Lieblingsessen?|Welches Gericht schmeckt mir besser als alle anderen?|Die Kantine bietet {w} an.|Sauerbraten, Kaiserschmarrn, Linsensuppe, Lasagne, Kartoffelsalat, Rouladen
Meine Ärztin hat mir {v} verschrieben.|Was hat mir meine Ärztin verschrieben?|Welches Medikament soll ich einnehmen?|Die Apotheke wirbt für {w}.|Ibuprofen, Kortison, Antibiotika, Eisentabletten, Hustensaft, Betablocker
Aufs Land gezogen sind wir {v}.|Wann sind wir aufs Land gezogen?|In welchem Jahr haben wir der Großstadt den Rücken gekehrt?|Die Brücke wurde {w} eröffnet.|2006, 2009, 2013, 2016, 2019, 2022
Meine Tante züchtet {v}.|Was züchtet meine Tante?|Welche Tiere hält die Schwester meiner Mutter?|Auf dem Plakat sind {w} zu sehen.|Alpakas, Kaninchen, Brieftauben, Ziegen, Windhunde, Wellensittiche
Im Lotto habe ich {v} Euro gewonnen.|Wie viel habe ich im Lotto gewonnen?|Wie viel Geld hat mir das Glücksspiel eingebracht?|Die Statue kostete {w} Euro.|230, 540, 870, 1150, 3200, 4700
Mein Computer stürzt bei {v} ab.|Wobei stürzt mein Computer ab?|Wann macht mein PC Probleme?|Die Leute klagen über Ärger mit {w}.|Videokonferenzen, Updates, großen Tabellen, alten Spielen, Druckaufträgen, Backups
Mein erstes Geld habe ich als {v} verdient.|Womit habe ich mein erstes Geld verdient?|Welchen Job hatte ich in meiner Jugend?|Der Held des Romans ist {w}.|Zeitungsbote, Eisverkäufer, Babysitter, Erntehelfer, Nachhilfelehrer, Kellner
Unser Gespräch mit dem Architekten ist am {v}.|Wann ist unser Gespräch mit dem Architekten?|Zu welchem Termin reden wir über den Bauplan?|Der Flohmarkt ist am {w}.|3. März, 12. April, 9. Mai, 21. Juni, 17. August, 5. Oktober
Ich wiege {v} Kilo.|Wie viel wiege ich?|Was zeigt die Waage an, wenn ich draufstehe?|Der Sack mit Zement hat {w} Kilo.|58, 63, 71, 79, 86, 94
Mein Opa sammelt {v}.|Was sammelt mein Opa?|Welches Hobby hat Großvater?|In der Ausstellung hängen {w}.|Briefmarken, Bierdeckel, Taschenuhren, Münzen, Schallplatten, Postkarten
Geheiratet haben wir {v}.|Wo haben wir geheiratet?|An welchem Ort war unsere Hochzeit?|Das Konzert findet {w} statt.|in Meißen, auf Sylt, in Salzburg, auf Rügen, in Venedig, in Weimar
Nach der Arbeit gehe ich gern {v}.|Was mache ich gern nach der Arbeit?|Wie verbringe ich meinen Feierabend?|Die Schüler dürfen {w}.|joggen, schwimmen, angeln, tanzen, kegeln, bouldern
Meine Jacke habe ich {v} liegen lassen.|Wo habe ich meine Jacke liegen lassen?|Wo habe ich etwas zum Anziehen vergessen?|Der Streit begann {w}.|im Zug, im Kino, beim Friseur, in der Mensa, im Theater, beim Bäcker
Unsere Waschmaschine ist seit {v} kaputt.|Seit wann ist unsere Waschmaschine kaputt?|Wie lange können wir zu Hause schon keine Kleidung sauber machen?|Die Baustelle steht seit {w} still.|Dienstag, letzter Woche, Neujahr, vorgestern, Monatsanfang, drei Tagen`;

const CHINESE = `
我小时候的外号叫{v}。|我小时候的外号叫什么？|同学们以前怎么称呼我？|动画片里的角色叫{w}。|胖虎, 豆芽, 闪电, 土豆, 猴子, 大头
备用钥匙藏在{v}。|备用钥匙藏在哪里？|我进不了家门的时候去哪儿找开锁的东西？|流浪猫睡在{w}。|花盆底下, 地毯下面, 信箱里, 鞋柜后面, 消防栓旁边, 自行车篮子里
我的航班{v}起飞。|我的航班什么时候起飞？|我几点坐飞机走？|博物馆{w}关门。|上午七点, 上午九点半, 中午十二点, 下午两点, 下午四点半, 晚上八点
我休假的时候{v}替我值班。|我休假的时候谁替我值班？|我不在时哪位同事顶上？|电视剧里的警察是{w}演的。|小赵, 老周, 小林, 阿芳, 老吴, 小蒋
我一吃{v}就拉肚子。|我一吃什么就拉肚子？|哪种食物会让我肠胃难受？|仓库里堆满了{w}。|火锅, 西瓜, 生蚝, 奶油, 冰淇淋, 李子
我的律师叫{v}。|我的律师叫什么？|打官司时谁为我辩护？|乐团的指挥叫{w}。|钱立群, 孙海燕, 郭志刚, 沈佳, 何永强, 潘玉梅
我的车险一年{v}元。|我的车险一年多少元？|我每年为汽车的保障要花多少钱？|这块地毯卖{w}元。|2150, 2780, 3320, 3960, 4440, 5170
上个周末我们看了{v}。|上个周末我们看了什么？|我们最近欣赏了哪部电影？|邻桌的客人在讨论{w}。|流浪地球, 霸王别姬, 让子弹飞, 无间道, 红海行动, 大闹天宫
我弟弟在{v}当兵。|我弟弟在哪里当兵？|家里最小的男孩在什么地方服役？|候鸟每年飞到{w}过冬。|新疆, 海南, 西藏, 辽宁, 云南, 内蒙古
我毕业于{v}。|我毕业于哪里？|我是在哪所学校拿到文凭的？|讲座的主办方是{w}。|复旦, 南开, 浙大, 武大, 厦大, 兰大
医生给我开了{v}。|医生给我开了什么？|我要服用哪种药？|药店的广告写着{w}。|阿莫西林, 布洛芬, 止咳糖浆, 维生素D, 胰岛素, 褪黑素
我买彩票中了{v}元。|我买彩票中了多少元？|我靠运气赢了多少钱？|那座雕像值{w}元。|350, 820, 1600, 2700, 5400, 9100
我的电脑一{v}就死机。|我的电脑什么时候死机？|我的笔记本做什么会卡住不动？|老师教学生们怎样{w}。|开视频会议, 升级系统, 打印文件, 玩游戏, 剪视频, 插优盘
我跑完马拉松用了{v}小时。|我跑完马拉松用了多少小时？|我四十二公里的比赛成绩怎么样？|去山顶的缆车要走{w}小时。|3.5, 3.8, 4.3, 4.6, 5.2, 6.1
我外公喜欢收藏{v}。|我外公喜欢收藏什么？|妈妈的父亲有什么嗜好？|展览馆里摆着{w}。|邮票, 古钱币, 紫砂壶, 老唱片, 怀表, 连环画
我们的婚礼是在{v}办的。|我们的婚礼是在哪里办的？|我和爱人在什么地方结婚？|演唱会在{w}举行。|三亚, 丽江, 草原上, 教堂里, 游轮上, 老家的院子
我把外套落在{v}了。|我把外套落在哪里了？|我忘拿的衣服在什么地方？|争吵是在{w}发生的。|电影院, 火车上, 健身房, 办公室, 朋友家, 食堂
我岳母{v}来看我们。|我岳母什么时候来看我们？|妻子的母亲哪个节日到家里做客？|这家店{w}不营业。|中秋节, 春节, 端午节, 国庆节, 元宵节, 清明节
我想给女儿取名叫{v}。|我想给女儿取名叫什么？|我打算让小宝宝用哪两个字？|童话里的公主叫{w}。|诗涵, 雨桐, 若曦, 梦瑶, 思琪, 静怡
我家的门牌号是{v}。|我家的门牌号是多少？|寄给我的包裹应该送到几号？|展厅里有{w}件瓷器。|17, 38, 52, 69, 84, 103
我每天晚上学{v}。|我每天晚上学什么？|我睡觉前练习说哪国话？|这部纪录片的旁白是{w}。|法语, 西班牙语, 日语, 韩语, 阿拉伯语, 俄语
我妈妈的生日是{v}。|我妈妈的生日是哪天？|什么时候我该为母亲准备蛋糕？|那座桥是{w}通车的。|三月八号, 五月二十号, 六月六号, 八月十五号, 十月三号, 十二月一号
我欠{v}五百块钱。|我欠谁五百块钱？|我应该把借来的现金还给哪个人？|冠军奖杯发给了{w}。|阿强, 老徐, 表哥, 小梅, 房东, 王叔
我骑车摔伤了{v}。|我骑车摔伤了哪里？|我身上哪个部位还在疼？|教练讲怎样保护{w}。|膝盖, 手腕, 肩膀, 脚踝, 下巴, 胳膊肘
我最喜欢的球队是{v}。|我最喜欢的球队是哪个？|我支持哪家俱乐部？|报纸批评了{w}。|申花, 国安, 皇马, 曼联, 湖人, 火箭
我把旧沙发送给了{v}。|我把旧沙发送给了谁？|哪个人搬走了我不要的家具？|这封感谢信写给{w}。|门卫, 堂妹, 学校, 邻居老陈, 敬老院, 清洁工
我下个月要到{v}出差。|我下个月要到哪里出差？|公司派我去什么城市办事？|这种茶叶产自{w}。|合肥, 郑州, 贵阳, 沈阳, 福州, 太原
我上班的公司做{v}。|我上班的公司做什么？|我们单位生产什么产品？|集装箱里装的是{w}。|玩具, 轮胎, 疫苗, 软件, 灯具, 雨衣
我家的狗怕{v}。|我家的狗怕什么？|什么会吓到我的宠物？|诗人写过一首关于{w}的诗。|鞭炮, 吸尘器, 洗澡, 陌生人, 汽车喇叭, 下雨
我的新眼镜是{v}度。|我的新眼镜是多少度？|我近视有多严重？|烤箱的温度是{w}度。|250, 300, 375, 425, 500, 650`;

export const freshFacts: Fact[] = [
  ...factRows("de", "Das stimmte nicht: ", GERMAN),
  ...factRows("zh", "我说错了：", CHINESE),
];

/** Nothing of it was told. */
export const freshUnrelated: string[] = listOf(`
Who painted the Sistine Chapel?|How hot is the surface of the sun?|Write a riddle about a shadow.|What is the capital of Peru?|How do I centre a div in CSS?|Why do onions make people cry?|What is a palindrome?|Who was Marie Curie?|
How does a lighthouse work?|Translate good luck into German.|What is 15 times 18?|Name two kinds of clouds.|Which bird lays the largest egg?|Explain how vaccines are made.|What is jazz?|
Wer schrieb den Faust?|Wie hoch ist die Zugspitze?|Warum ist Schnee weiß?|Was bedeutet Inflation?|Wie kocht man Reis?|Erzähl mir einen Witz über Lehrer.|Welches Tier ist das schnellste?|Wann fiel die Berliner Mauer?|
Wie funktioniert ein Magnet?|Was ist die Hauptstadt von Portugal?|Übersetze Guten Morgen ins Spanische.|Nenne drei Laubbäume.|Wie viele Knochen hat ein Mensch?|Wer entdeckte das Penicillin?|Was ist eine Metapher?|
珠穆朗玛峰有多高？|谁写了《红楼梦》？|为什么天空是蓝色的？|怎样煮米饭？|法国的首都是哪里？|请讲一个关于猫的笑话。|太阳系有几颗行星？|电灯是谁发明的？|把早上好翻译成英语。|什么是通货膨胀？|
彩虹是怎么形成的？|世界上最大的海洋是哪个？|唐朝是哪一年建立的？|请写一首关于月亮的诗。|植物为什么需要阳光？|
Thanks a lot!|Alles klar, danke!|谢谢你！|Go ahead.|Weiter so.|继续。`);

/** The user asks about himself, and nothing of it was told. */
export const freshUnanswered: string[] = listOf(`
What is my favourite drink?|Who cuts my hair?|What is my shirt size?|Which school did my children attend?|What colour is my front door?|Who was my best man?|What do I usually have for dessert?|Which phone do I own?|
What is my father's job?|Where did I learn to ski?|How many cousins do I have?|What is my dream destination?|
Welche Blutgruppe habe ich?|Wie groß bin ich?|Wer ist mein Trauzeuge?|Welche Partei wähle ich?|Was ist mein Lieblingslied?|Wie lautet meine Telefonnummer?|Wo bin ich zur Schule gegangen?|Was schaue ich abends im Fernsehen?|
Welches Parfüm benutze ich?|Wie viele Geschwister habe ich?|Wann stehe ich morgens auf?|Wer schneidet mir die Haare?|
我的星座是什么？|我有几个兄弟姐妹？|我穿多大的鞋？|我最喜欢哪种颜色？|我的身高是多少？|我用什么牌子的牙膏？|我爸爸做什么工作？|我的邮箱地址是什么？|我几点睡觉？|我最好的朋友是谁？|
我在哪里学会游泳的？|我喜欢哪个季节？`);
