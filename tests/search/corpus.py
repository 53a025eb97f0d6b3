"""Posts in several languages, and questions with the post that has to come first."""

from typing import NamedTuple
from unicodedata import normalize


class Written(NamedTuple):
    """A post of the corpus."""

    name: str
    language: str | None
    title: str
    body: str
    tags: tuple[str, ...] = ()


POSTS = [
    Written("regatta", "en", "The harbour regatta", "Forty boats were sailing around the island. "
            "The winning crew had never raced before.", ("Boats", "Sailing")),
    Written("varnish", "en", "How to varnish a hull", "Sand the planks first. A boat that's "
            "painted in the rain will need another coat.", ("Boats", "Woodwork")),
    Written("soup", "en", "Leek and potato soup", "Wash the leeks. Simmer potatoes until they are "
            "soft, then add cream and serve it in the café style."),
    Written("python", "en", "Splitting strings", "In Python `str.split` without arguments "
            "collapses white space; use `snake_case` names and `re.split`.", ("Python",)),
    Written("cpp", "en", "Moving from C++ to Rust", "Ownership in Rust replaces the rule of five. "
            "Templates become traits.", ("C++", "Rust")),
    Written("c", "en", "Pointers in C", "A pointer is an address. Arithmetic on it follows the "
            "size of the type."),
    Written("go", "en", "Why we chose Go", "Its compiler is fast, and goroutines are cheap."),
    Written("csharp", "en", "LINQ in C#", "Queries are expressions, and deferred."),
    Written("universities", "en", "Old universities", "Bologna is the oldest; happy students came "
            "from everywhere, don’t they still?"),
    Written("tram", "en", "A tram line in 1902", "The electric tram reached the suburb. See "
            "[the map](https://maps.example/secretword)."),
    Written("houses", "de", "Alte Häuser in Lübeck", "Die Straßen der Altstadt sind eng, und die "
            "Giebel der Kaufleute stehen dicht beieinander.", ("Städte",)),
    Written("bread", "de", "Sauerteigbrot backen", "Der Teig ruht über Nacht. Am Morgen wird das "
            "Brot bei großer Hitze gebacken."),
    Written("hiking", "de", "Wanderungen im Harz", "Wir wanderten drei Tage, übernachteten in "
            "Hütten und sahen einen Luchs."),
    Written("bicycle", "de", "Mein Fahrrad", "Die Kette quietscht, also öle ich sie. Räder sind "
            "einfacher als Autos."),
    Written("market", "fr", "Le marché du dimanche", "Les élèves vendent des fromages et des "
            "confitures. L’école a besoin d’argent."),
    Written("sea", "fr", "Naviguer en Bretagne", "Nous avons navigué entre les îles; les marées "
            "sont fortes et les chevaux courent sur la plage."),
    Written("painting", "fr", "Peindre à l’œuvre", "Le cœur du tableau est une forêt."),
    Written("tokyo", "ja", "東京都庁の展望台", "新宿にある東京都庁の展望台から"
            "富士山が見えました。"),
    Written("ramen", "ja", "ラーメンの作り方", "鶏ガラでスープを取ります。麺は少し硬めに茹でると"
            "美味しいです。"),
    Written("cats", "ja", "猫と暮らす", "毎朝、猫がわたしを起こします。ｷｬｯﾄﾌｰﾄﾞが好きです。"),
    Written("beijing", "zh-Hans", "北京的胡同", "胡同里的四合院很安静，老人们在下象棋。"),
    Written("tea", "zh-Hans", "怎样泡绿茶", "水温八十度，泡三分钟。好茶叶可以泡很多次。"),
    Written("mountain", "zh-Hant", "爬玉山", "凌晨兩點出發，日出時到達主峰。"),
    Written("library", "ar", "المكتبة القديمة", "زرنا المَكْتَبَة في المدينة القديمة وقرأنا كتبًا "
            "عن الطيور."),
    Written("coffee", "ar", "القهوة العربية", "نشرب القهوة مع التمر كل صباح. أحمد يفضّل الشاي."),
    Written("desert", "ar", "رحلة إلى الصحراء", "سافرنا ٣ أيام في الصحراء تحت النجوم."),
    Written("garden", "he", "הגינה שלי", "שתלתי עגבניות ומלפפונים. הַגֶּשֶׁם הגיע מוקדם השנה."),
    Written("sabbath", "he", "ארוחת שבת", "אמא מבשלת מרק עוף וחלה טרייה. צה״ל ברדיו."),
    Written("korean", "ko", "한국어 공부", "학교에서 한국어를 배웁니다. 선생님이 친절하세요."),
    Written("russian", "ru", "Красная площадь", "Мы гуляли по Москве и ели мороженое. Ёлки стояли "
            "до марта."),
    Written("turkish", "tr", "İstanbul'da çay", "Boğaz kıyısında çay içtik."),
    Written("note", None, "", "A note without a title about zeppelins and Zürich."),
]  # fmt: skip

# What somebody types, and the post that comes first.
QUESTIONS = [
    ("regatta", "regatta"), ("boat sailing", "regatta"), ("sailed island", "regatta"),
    ("race crew", "regatta"), ("HARBOUR", "regatta"), ("painting a boat", "varnish"),
    ("varnishing hulls", "varnish"), ("plank", "varnish"), ("boats rain", "varnish"),
    ("woodwork", "varnish"), ("potatoes", "soup"), ("cafe", "soup"), ("CAFÉ", "soup"),
    ("leek soup", "soup"), ('"leek and potato"', "soup"), ("str.split", "python"),
    ("re.split", "python"), ("snake_case", "python"), ("snake-case", "python"),
    ("splitting string", "python"), ("C++", "cpp"), ("c++ rust", "cpp"), ("trait", "cpp"),
    ("C", "c"), ("pointer c", "c"), ("Go", "go"), ("go compiler", "go"), ("goroutine", "go"),
    ("C#", "csharp"), ("c# linq", "csharp"), ("university", "universities"),
    ("happiness student", "universities"), ("don't they", "universities"), ("1902", "tram"),
    ("trams", "tram"), ("haus", "houses"), ("häuser", "houses"), ("hauser", "houses"),
    ("strasse", "houses"), ("Straßen", "houses"), ("städte", "houses"), ("stadte", "houses"),
    ("brote", "bread"), ("große hitze", "bread"), ("grosse Hitze", "bread"),
    ("wanderung harz", "hiking"), ("hütte", "hiking"), ("hutte luchs", "hiking"),
    ("fahrräder", "bicycle"), ("autos kette", "bicycle"), ("élève", "market"),
    ("eleve fromage", "market"), ("ecole", "market"), ("marche dimanche", "market"),
    ("ile bretagne", "sea"), ("marée", "sea"), ("naviguer", "sea"), ("œuvre", "painting"),
    ("oeuvre", "painting"), ("coeur foret", "painting"), ("東京", "tokyo"), ("都庁", "tokyo"),
    ("富士山", "tokyo"), ("東京都庁 展望台", "tokyo"), ("山", "mountain"), ("ラーメン", "ramen"),
    ("スープ 麺", "ramen"), ("麺", "ramen"), ("ﾗｰﾒﾝ", "ramen"), ("猫", "cats"),
    ("キャットフード", "cats"), ("北京", "beijing"), ("四合院", "beijing"), ("象棋", "beijing"),
    ("绿茶", "tea"), ("茶", "tea"), ("茶叶", "tea"), ("玉山", "mountain"), ("日出", "mountain"),
    ("المكتبة", "library"), ("مكتبة", "library"), ("المَكْتَبَة", "library"), ("كتب الطيور", "library"),
    ("قهوة", "coffee"), ("احمد", "coffee"), ("أحمد الشاي", "coffee"), ("الصحراء", "desert"),
    ("3 أيام", "desert"), ("עגבניות", "garden"), ("הגשם", "garden"), ("הַגֶּשֶׁם", "garden"),
    ("מרק", "sabbath"), ("צה״ל", "sabbath"), ("צהל", "sabbath"), ("שבת", "sabbath"),
    ("학교", "korean"), ("한국어", "korean"), (normalize("NFD", "한국어"), "korean"),
    ("선생님", "korean"), ("Красная", "russian"),
    ("ёлка", "russian"), ("елки", "russian"), ("москва", "russian"), ("istanbul", "turkish"),
    ("cay", "turkish"), ("çay", "turkish"), ("bogaz", "turkish"), ("zurich", "note"),
    ("Zürich zeppelin", "note"), ("luftschiff or zeppelin", "note"), ("zeppelins", "note"),
    ("boats -hull", "regatta"), ("boat -regatta", "varnish"), ("soup or zeppelins", "soup"),
    ("tag:boats coat", "varnish"), ('tag:"C++"', "cpp"), ("tag:städte", "houses"),
    ("author:robin goroutines", "go"), ("site:nothing or regatta", "regatta"),
]  # fmt: skip
