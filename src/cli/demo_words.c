#include "cli/demo_words.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
/* clang-format off: these are tables */

const char *const demo_language[DEMO_LANGUAGES] = {"uk", "cs", "en"};

static const struct demo_phrase materials[] = {
    {{"натуральна шкіра", "pravá kůže", "genuine leather"}},
    {{"бавовна", "bavlna", "cotton"}},
    {{"сталь", "ocel", "steel"}},
    {{"дерево", "dřevo", "wood"}},
    {{"кераміка", "keramika", "ceramics"}},
    {{"вовна; підкладка з віскози", "vlna; podšívka z viskózy", "wool; viscose lining"}},
    {{"пластик", "plast", "plastic"}},
    {{0}},
};
static const struct demo_phrase seasons[] = {
    {{"літо", "léto", "summer"}}, {{"зима", "zima", "winter"}}, {{"демісезон", "jaro a podzim", "spring & autumn"}}, {{0}},
};
static const struct demo_phrase genders[] = {
    {{"жінкам", "pro ženy", "women"}}, {{"чоловікам", "pro muže", "men"}}, {{"усім", "pro všechny", "everyone"}}, {{0}},
};
static const struct demo_phrase tastes[] = {
    {{"м'ята", "máta", "mint"}}, {{"чебрець і мед", "tymián a med", "thyme & honey"}},
    {{"без добавок", "bez přísad", "plain"}}, {{"карамель", "karamel", "caramel"}}, {{0}},
};
static const struct demo_phrase purposes[] = {
    {{"для щоденного вжитку", "na každý den", "for every day"}}, {{"для подарунка", "jako dárek", "as a gift"}},
    {{"для майстерні", "do dílny", "for the workshop"}}, {{"для подорожі", "na cesty", "for travel"}}, {{0}},
};

const struct demo_phrase demo_colours[] = {
    {{"чорний", "černá", "black"}}, {{"білий", "bílá", "white"}}, {{"синій", "modrá", "blue"}},
    {{"червоний", "červená", "red"}}, {{"зелений", "zelená", "green"}}, {{"коричневий", "hnědá", "brown"}},
    {{"бежевий", "béžová", "beige"}}, {{"жовтий", "žlutá", "yellow"}}, {{0}},
};
const size_t demo_colours_count = COUNT(demo_colours) - 1;

#define GENERAL {{"Загальне", "Obecné", "General"}}
#define TECHNICAL {{"Технічні дані", "Technické údaje", "Technical data"}}
#define NO_UNIT {{"", "", ""}}

const struct demo_attribute_info demo_attributes[ATTR_COUNT] = {
    [ATTR_SIZE]     = {"size",     {{"Розмір", "Velikost", "Size"}},             NO_UNIT, GENERAL, NULL, 36, 46, 1},
    [ATTR_COLOUR]   = {"colour",   {{"Колір", "Barva", "Colour"}},               NO_UNIT, GENERAL, demo_colours, 0, 0, 0},
    [ATTR_VOLUME]   = {"volume",   {{"Об'єм", "Objem", "Volume"}},               {{"мл", "ml", "ml"}}, GENERAL, NULL, 50, 1000, 50},
    [ATTR_PACK]     = {"pack",     {{"Фасування", "Balení", "Pack size"}},       {{"г", "g", "g"}}, GENERAL, NULL, 50, 1000, 50},
    [ATTR_MATERIAL] = {"material", {{"Матеріал", "Materiál", "Material"}},       NO_UNIT, GENERAL, materials, 0, 0, 0},
    [ATTR_SEASON]   = {"season",   {{"Сезон", "Sezóna", "Season"}},              NO_UNIT, GENERAL, seasons, 0, 0, 0},
    [ATTR_GENDER]   = {"gender",   {{"Кому", "Určeno", "Made for"}},             NO_UNIT, GENERAL, genders, 0, 0, 0},
    [ATTR_TASTE]    = {"taste",    {{"Смак", "Příchuť", "Flavour"}},             NO_UNIT, GENERAL, tastes, 0, 0, 0},
    [ATTR_PURPOSE]  = {"purpose",  {{"Призначення", "Použití", "Purpose"}},      NO_UNIT, GENERAL, purposes, 0, 0, 0},
    [ATTR_POWER]    = {"power",    {{"Потужність", "Výkon", "Power"}},           {{"Вт", "W", "W"}}, TECHNICAL, NULL, 5, 1500, 5},
    [ATTR_VOLTAGE]  = {"voltage",  {{"Напруга", "Napětí", "Voltage"}},           {{"В", "V", "V"}}, TECHNICAL, NULL, 12, 230, 1},
    [ATTR_LENGTH]   = {"length",   {{"Довжина", "Délka", "Length"}},             {{"мм", "mm", "mm"}}, TECHNICAL, NULL, 80, 1200, 10},
    [ATTR_DIAMETER] = {"diameter", {{"Діаметр", "Průměr", "Diameter"}},          {{"мм", "mm", "mm"}}, TECHNICAL, NULL, 3, 320, 1},
    [ATTR_SERIES]   = {"series",   {{"Серія", "Řada", "Series"}},                NO_UNIT, GENERAL, NULL, 1, 40, 1},
    [ATTR_YEAR]     = {"year",     {{"Колекція", "Kolekce", "Collection"}},      NO_UNIT, GENERAL, NULL, 2019, 2025, 1},
};

enum { SHOES, CLOTHES, TOOLS, BEAUTY, TEA, ELECTRONICS, HOME, TOPS };
enum {
    WOMENS_SHOES = TOPS, MENS_SHOES, OUTERWEAR, EVERYDAY, HAND_TOOLS, POWER_TOOLS, FACE, HAIR, TEAS, COFFEES, AUDIO,
    ACCESSORIES, TABLEWARE, GARDEN, BOOKS,
};
const struct demo_category demo_categories[] = {
    [SHOES]        = {-1, {{"Взуття", "Obuv", "Shoes"}}},
    [CLOTHES]      = {-1, {{"Одяг", "Oblečení", "Clothes"}}},
    [TOOLS]        = {-1, {{"Інструменти", "Nářadí", "Tools"}}},
    [BEAUTY]       = {-1, {{"Краса й догляд", "Krása a péče", "Beauty & care"}}},
    [TEA]          = {-1, {{"Чай і кава", "Čaj a káva", "Tea & coffee"}}},
    [ELECTRONICS]  = {-1, {{"Електроніка", "Elektronika", "Electronics"}}},
    [HOME]         = {-1, {{"Дім, сад і дозвілля", "Dům, zahrada a volný čas", "Home, garden & leisure"}}},
    [WOMENS_SHOES] = {SHOES, {{"Жіноче взуття", "Dámská obuv", "Women's shoes"}}},
    [MENS_SHOES]   = {SHOES, {{"Чоловіче взуття", "Pánská obuv", "Men's shoes"}}},
    [OUTERWEAR]    = {CLOTHES, {{"Верхній одяг", "Svrchní oblečení", "Outerwear"}}},
    [EVERYDAY]     = {CLOTHES, {{"Повсякденний одяг", "Oblečení na každý den", "Everyday wear"}}},
    [HAND_TOOLS]   = {TOOLS, {{"Ручний інструмент", "Ruční nářadí", "Hand tools"}}},
    [POWER_TOOLS]  = {TOOLS, {{"Електроінструмент", "Elektrické nářadí", "Power tools"}}},
    [FACE]         = {BEAUTY, {{"Догляд за обличчям", "Péče o pleť", "Face care"}}},
    [HAIR]         = {BEAUTY, {{"Догляд за волоссям", "Péče o vlasy", "Hair care"}}},
    [TEAS]         = {TEA, {{"Чай", "Čaj", "Tea"}}},
    [COFFEES]      = {TEA, {{"Кава", "Káva", "Coffee"}}},
    [AUDIO]        = {ELECTRONICS, {{"Звук", "Zvuk", "Audio"}}},
    [ACCESSORIES]  = {ELECTRONICS, {{"Аксесуари", "Příslušenství", "Accessories"}}},
    [TABLEWARE]    = {HOME, {{"Посуд", "Nádobí", "Tableware"}}},
    [GARDEN]       = {HOME, {{"Сад", "Zahrada", "Garden"}}},
    [BOOKS]        = {HOME, {{"Книжки", "Knihy", "Books"}}},
};
const size_t demo_categories_count = COUNT(demo_categories), demo_tops_count = TOPS;

const struct demo_kind demo_kinds[] = {
    {WOMENS_SHOES, {{"Черевики", "Kotníkové boty", "Ankle boots"}}, {{"Жіночі черевики", "Dámské kotníkové boty", "Women's ankle boots"}},
     "ZC", 1490, 4290, 700, 1300, "pair", "standard", AXIS_SHOE_SIZE, {ATTR_MATERIAL, ATTR_SEASON, ATTR_YEAR, ATTR_SERIES}, 2,
     {{"М'яка устілка та підошва, що не ковзає на льоду.", "Měkká stélka a podrážka, která na ledu neklouže.", "A soft insole and a sole that does not slip on ice."}}},
    {WOMENS_SHOES, {{"Туфлі", "Lodičky", "Pumps"}}, {{"Туфлі на підборах", "Lodičky na podpatku", "High-heeled pumps"}},
     "ZT", 1190, 3690, 400, 900, "pair", "standard", AXIS_SHOE_SIZE, {ATTR_MATERIAL, ATTR_COLOUR, ATTR_YEAR, ATTR_LENGTH}, 2,
     {{"Підбор <b>7 см</b>; колодка середньої повноти.", "Podpatek <b>7 cm</b>; kopyto střední šíře.", "Heel <b>7 cm</b>; medium-width last."}}},
    {WOMENS_SHOES, {{"Сандалі", "Sandály", "Sandals"}}, {{"Сандалі літні", "Letní sandály", "Summer sandals"}},
     "ZS", 690, 1990, 300, 700, "pair", "standard", AXIS_SHOE_SIZE, {ATTR_MATERIAL, ATTR_COLOUR, ATTR_SERIES, ATTR_YEAR}, 2,
     {{"Ремінці регулюються, нога дихає.", "Nastavitelné pásky, noha dýchá.", "Adjustable straps let the foot breathe."}}},
    {MENS_SHOES, {{"Кросівки", "Tenisky", "Sneakers"}}, {{"Кросівки чоловічі", "Pánské tenisky", "Men's sneakers"}},
     "MK", 1290, 4990, 500, 1100, "pair", "standard", AXIS_SHOE_SIZE, {ATTR_MATERIAL, ATTR_SEASON, ATTR_SERIES, ATTR_YEAR}, 2,
     {{"Легкі: пара важить менше кілограма.", "Lehké: pár váží méně než kilogram.", "Light: a pair weighs less than a kilogram."}}},
    {MENS_SHOES, {{"Берці", "Kanady", "Work boots"}}, {{"Берці робочі", "Pracovní kanady", "Leather work boots"}},
     "MB", 1890, 5490, 1100, 1900, "pair", "standard", AXIS_SHOE_SIZE, {ATTR_MATERIAL, ATTR_SEASON, ATTR_PURPOSE, ATTR_LENGTH}, 6,
     {{"Носок зі сталі витримує удар 200 Дж.", "Ocelová špička vydrží náraz 200 J.", "The steel toe cap withstands an impact of 200 J."}}},
    {OUTERWEAR, {{"Куртки", "Bundy", "Jackets"}}, {{"Куртка з каптуром", "Bunda s kapucí", "Hooded jacket"}},
     "OK", 1590, 6990, 700, 1600, "pcs", "standard", AXIS_SIZE, {ATTR_MATERIAL, ATTR_SEASON, ATTR_GENDER, ATTR_YEAR}, 0,
     {{"Вітер і дощ лишаються зовні; кишені з блискавками.", "Vítr a déšť zůstanou venku; kapsy na zip.", "Wind & rain stay outside; pockets with zips."}}},
    {OUTERWEAR, {{"Пальта", "Kabáty", "Coats"}}, {{"Пальто вовняне", "Vlněný kabát", "Woollen coat"}},
     "OP", 2990, 9990, 1200, 2400, "pcs", "standard", AXIS_SIZE, {ATTR_MATERIAL, ATTR_COLOUR, ATTR_GENDER, ATTR_YEAR}, 0,
     {{"Вільний крій \"oversize\" і дві внутрішні кишені.", "Volný střih \"oversize\" a dvě vnitřní kapsy.", "An \"oversize\" cut and two inside pockets."}}},
    {EVERYDAY, {{"Футболки", "Trička", "T-shirts"}}, {{"Футболка з принтом", "Tričko s potiskem", "Printed T-shirt"}},
     "OF", 290, 990, 140, 260, "pcs", "standard", AXIS_SIZE, {ATTR_MATERIAL, ATTR_GENDER, ATTR_YEAR, ATTR_SERIES}, 0,
     {{"Принт не линяє після 50 прань при 40 °C.", "Potisk nebledne ani po 50 praních na 40 °C.", "The print survives 50 washes at 40 °C."}}},
    {EVERYDAY, {{"Сорочки", "Košile", "Shirts"}}, {{"Сорочка лляна", "Lněná košile", "Linen shirt"}},
     "OS", 890, 2490, 200, 380, "pcs", "standard", AXIS_SIZE, {ATTR_COLOUR, ATTR_GENDER, ATTR_SEASON, ATTR_YEAR}, 0,
     {{"Комір-стійка; ґудзики з перламутру.", "Stojáček; perleťové knoflíky.", "Stand-up collar; mother-of-pearl buttons."}}},
    {EVERYDAY, {{"Шкарпетки", "Ponožky", "Socks"}}, {{"Шкарпетки теплі", "Teplé ponožky", "Warm socks"}},
     "OW", 59, 249, 50, 120, "pair", "standard", AXIS_COLOUR, {ATTR_MATERIAL, ATTR_SEASON, ATTR_GENDER, ATTR_SERIES}, 0,
     {{"П'ята й носок подвійної в'язки.", "Pata a špička dvojitě pletené.", "Heel and toe are knitted double."}}},
    {HAND_TOOLS, {{"Молотки", "Kladiva", "Hammers"}}, {{"Молоток слюсарний", "Zámečnické kladivo", "Engineer's hammer"}},
     "TM", 149, 890, 250, 2200, "pcs", "standard", AXIS_NONE, {ATTR_MATERIAL, ATTR_LENGTH, ATTR_PURPOSE, ATTR_SERIES}, 24,
     {{"Руків'я з ясена; боєк загартований до 55 HRC.", "Jasanová násada; hlava kalená na 55 HRC.", "Ash handle; the head is hardened to 55 HRC."}}},
    {HAND_TOOLS, {{"Викрутки", "Šroubováky", "Screwdrivers"}}, {{"Набір викруток 1/4\"", "Sada šroubováků 1/4\"", "Screwdriver set 1/4\""}},
     "TV", 99, 790, 60, 900, "set", "standard", AXIS_NONE, {ATTR_MATERIAL, ATTR_LENGTH, ATTR_DIAMETER, ATTR_PURPOSE}, 24,
     {{"PH, PZ, TORX & шліц; намагнічені кінчики.", "PH, PZ, TORX & plochý; magnetické hroty.", "PH, PZ, TORX & slotted; magnetic tips."}}},
    {HAND_TOOLS, {{"Пилки", "Pily", "Saws"}}, {{"Пилка садова складана", "Skládací zahradní pila", "Folding garden saw"}},
     "TP", 249, 1290, 180, 700, "pcs", "standard", AXIS_NONE, {ATTR_LENGTH, ATTR_MATERIAL, ATTR_PURPOSE, ATTR_SERIES}, 24,
     {{"Зуби з потрійним заточуванням ріжуть у обидва боки.", "Trojitě broušené zuby řežou oběma směry.", "Triple-ground teeth cut both ways."}}},
    {POWER_TOOLS, {{"Дрилі", "Vrtačky", "Drills"}}, {{"Дриль ударний", "Příklepová vrtačka", "Hammer drill"}},
     "ED", 1490, 8990, 1500, 3400, "pcs", "standard", AXIS_NONE, {ATTR_POWER, ATTR_VOLTAGE, ATTR_DIAMETER, ATTR_PURPOSE}, 36,
     {{"Патрон 13 мм; реверс; обмежувач глибини.", "Sklíčidlo 13 mm; zpětný chod; hloubkový doraz.", "13 mm chuck; reverse; depth stop."}}},
    {POWER_TOOLS, {{"Шліфмашини", "Brusky", "Grinders"}}, {{"Кутова шліфмашина", "Úhlová bruska", "Angle grinder"}},
     "ES", 1290, 6490, 1600, 5200, "pcs", "standard", AXIS_NONE, {ATTR_POWER, ATTR_VOLTAGE, ATTR_DIAMETER, ATTR_SERIES}, 36,
     {{"Плавний пуск; кожух переставляється <i>без ключа</i>.", "Plynulý rozběh; kryt se přestaví <i>bez klíče</i>.", "Soft start; the guard turns <i>without a key</i>."}}},
    {POWER_TOOLS, {{"Лобзики", "Přímočaré pily", "Jigsaws"}}, {{"Електролобзик", "Přímočará pila", "Jigsaw"}},
     "EL", 1190, 5290, 1400, 2600, "pcs", "standard", AXIS_NONE, {ATTR_POWER, ATTR_VOLTAGE, ATTR_LENGTH, ATTR_SERIES}, 36,
     {{"Чотири ступені маятника, нахил підошви до 45°.", "Čtyři stupně předkmitu, sklon základny do 45°.", "Four pendulum steps, base tilts to 45°."}}},
    {FACE, {{"Креми", "Krémy", "Creams"}}, {{"Крем для обличчя денний", "Denní pleťový krém", "Day face cream"}},
     "KC", 189, 1490, 60, 180, "pcs", "standard", AXIS_VOLUME, {ATTR_PURPOSE, ATTR_GENDER, ATTR_SERIES, ATTR_YEAR}, 0,
     {{"SPF 30; гіалуронова кислота & пантенол.", "SPF 30; kyselina hyaluronová & panthenol.", "SPF 30; hyaluronic acid & panthenol."}}},
    {FACE, {{"Маски", "Masky", "Masks"}}, {{"Маска глиняна", "Jílová maska", "Clay mask"}},
     "KM", 79, 590, 30, 120, "pcs", "standard", AXIS_NONE, {ATTR_PURPOSE, ATTR_VOLUME, ATTR_GENDER, ATTR_SERIES}, 0,
     {{"Наносити на 10–15 хв; змити теплою водою.", "Nechat působit 10–15 min; smýt teplou vodou.", "Leave on for 10–15 min; rinse with warm water."}}},
    {HAIR, {{"Шампуні", "Šampony", "Shampoos"}}, {{"Шампунь із кропивою", "Kopřivový šampon", "Nettle shampoo"}},
     "KS", 99, 690, 150, 600, "pcs", "standard", AXIS_VOLUME, {ATTR_PURPOSE, ATTR_GENDER, ATTR_SERIES, ATTR_YEAR}, 0,
     {{"Без сульфатів, силіконів і парабенів.", "Bez sulfátů, silikonů a parabenů.", "Free of sulphates, silicones and parabens."}}},
    {HAIR, {{"Фарби для волосся", "Barvy na vlasy", "Hair dyes"}}, {{"Фарба для волосся", "Barva na vlasy", "Hair dye"}},
     "KF", 89, 390, 120, 200, "pcs", "standard", AXIS_COLOUR, {ATTR_VOLUME, ATTR_GENDER, ATTR_SERIES, ATTR_YEAR}, 0,
     {{"Стійкий колір до 8 тижнів, сивина зафарбована.", "Barva vydrží až 8 týdnů, kryje šediny.", "Colour that lasts up to 8 weeks and covers grey."}}},
    {TEAS, {{"Зелений чай", "Zelený čaj", "Green tea"}}, {{"Чай зелений листовий", "Sypaný zelený čaj", "Loose green tea"}},
     "CZ", 89, 690, 60, 300, "pcs", "standard", AXIS_PACK, {ATTR_TASTE, ATTR_PURPOSE, ATTR_YEAR, ATTR_SERIES}, 0,
     {{"Заварювати при 80 °C не довше 3 хвилин.", "Zalít vodou 80 °C, louhovat nejvýše 3 minuty.", "Brew at 80 °C for 3 minutes at most."}}},
    {TEAS, {{"Чай на вагу", "Čaj na váhu", "Tea by weight"}}, {{"Чай чорний на вагу", "Černý čaj na váhu", "Black tea by weight"}},
     "CV", 490, 2990, 1000, 1000, "kg", "standard", AXIS_NONE, {ATTR_TASTE, ATTR_YEAR, ATTR_SERIES, ATTR_PURPOSE}, 0,
     {{"Продаємо від 50 г; ціна за кілограм.", "Prodáváme od 50 g; cena za kilogram.", "Sold from 50 g on; the price is for a kilogram."}}},
    {TEAS, {{"Трав'яний чай", "Bylinný čaj", "Herbal tea"}}, {{"Збір трав'яний", "Bylinná směs", "Herbal blend"}},
     "CT", 59, 390, 40, 200, "pcs", "reduced", AXIS_PACK, {ATTR_TASTE, ATTR_PURPOSE, ATTR_SERIES, ATTR_YEAR}, 0,
     {{"М'ята, чебрець, липа & звіробій з Карпат 🌿.", "Máta, tymián, lípa & třezalka z Karpat 🌿.", "Mint, thyme, lime blossom & St John's wort 🌿."}}},
    {COFFEES, {{"Кава в зернах", "Zrnková káva", "Coffee beans"}}, {{"Кава в зернах", "Zrnková káva", "Coffee beans"}},
     "CK", 190, 1590, 250, 1000, "pcs", "standard", AXIS_PACK, {ATTR_TASTE, ATTR_SERIES, ATTR_YEAR, ATTR_PURPOSE}, 0,
     {{"Обсмажено за тиждень до відправлення ☕.", "Praženo týden před odesláním ☕.", "Roasted within a week of dispatch ☕."}}},
    {AUDIO, {{"Навушники", "Sluchátka", "Headphones"}}, {{"Навушники бездротові", "Bezdrátová sluchátka", "Wireless headphones"}},
     "AN", 490, 8990, 40, 350, "pcs", "standard", AXIS_COLOUR, {ATTR_POWER, ATTR_YEAR, ATTR_SERIES, ATTR_PURPOSE}, 12,
     {{"Bluetooth 5.3; до 30 год роботи; шумозаглушення «ANC».", "Bluetooth 5.3; až 30 h provozu; potlačení hluku „ANC“.", "Bluetooth 5.3; up to 30 h; noise cancelling (\"ANC\")."}}},
    {AUDIO, {{"Колонки", "Reproduktory", "Speakers"}}, {{"Колонка портативна", "Přenosný reproduktor", "Portable speaker"}},
     "AK", 690, 6990, 300, 2500, "pcs", "standard", AXIS_COLOUR, {ATTR_POWER, ATTR_YEAR, ATTR_DIAMETER, ATTR_SERIES}, 12,
     {{"Не боїться води: IPX7, півгодини на глибині 1 м.", "Vody se nebojí: IPX7, půl hodiny v hloubce 1 m.", "Waterproof: IPX7, half an hour 1 m deep."}}},
    {ACCESSORIES, {{"Кабелі", "Kabely", "Cables"}}, {{"Кабель USB-C", "Kabel USB-C", "USB-C cable"}},
     "AC", 49, 590, 20, 120, "pcs", "standard", AXIS_NONE, {ATTR_LENGTH, ATTR_POWER, ATTR_COLOUR, ATTR_SERIES}, 12,
     {{"До 100 Вт & 480 Мбіт/с; обплетення з нейлону.", "Až 100 W & 480 Mbit/s; nylonový oplet.", "Up to 100 W & 480 Mbit/s; nylon braid."}}},
    {ACCESSORIES, {{"Кабель на метри", "Kabel na metry", "Cable by the metre"}}, {{"Кабель мідний 3×1,5", "Měděný kabel 3×1,5", "Copper cable 3×1.5"}},
     "AM", 29, 190, 90, 400, "m", "standard", AXIS_NONE, {ATTR_VOLTAGE, ATTR_DIAMETER, ATTR_MATERIAL, ATTR_COLOUR}, 12,
     {{"Ріжемо від 0,5 м; переріз < 2 мм².", "Stříháme od 0,5 m; průřez < 2 mm².", "Cut from 0.5 m on; section < 2 mm²."}}},
    {TABLEWARE, {{"Кухлі", "Hrnky", "Mugs"}}, {{"Кухоль керамічний", "Keramický hrnek", "Stoneware mug"}},
     "DK", 129, 590, 250, 480, "pcs", "standard", AXIS_COLOUR, {ATTR_VOLUME, ATTR_MATERIAL, ATTR_DIAMETER, ATTR_SERIES}, 0,
     {{"Ручна робота: кожен кухоль трохи інший.", "Ruční práce: každý hrnek je trochu jiný.", "Handmade: no two mugs are quite alike."}}},
    {TABLEWARE, {{"Пательні", "Pánve", "Frying pans"}}, {{"Пательня чавунна", "Litinová pánev", "Cast-iron frying pan"}},
     "DP", 490, 2490, 1400, 3600, "pcs", "standard", AXIS_NONE, {ATTR_DIAMETER, ATTR_MATERIAL, ATTR_PURPOSE, ATTR_SERIES}, 24,
     {{"Для газу, індукції, духовки; не мити в машині!", "Na plyn, indukci i do trouby; nemýt v myčce!", "For gas, induction & oven; not for the dishwasher!"}}},
    {GARDEN, {{"Насіння", "Osiva", "Seeds"}}, {{"Насіння соняшника", "Semena slunečnice", "Sunflower seeds"}},
     "SN", 19, 149, 5, 60, "pcs", "reduced", AXIS_PACK, {ATTR_SEASON, ATTR_YEAR, ATTR_SERIES, ATTR_PURPOSE}, 0,
     {{"Сіяти у квітні–травні на глибину 3–4 см 🌻.", "Vysévat v dubnu až květnu 3–4 cm hluboko 🌻.", "Sow in April or May, 3–4 cm deep 🌻."}}},
    {GARDEN, {{"Секатори", "Zahradnické nůžky", "Secateurs"}}, {{"Секатор обвідний", "Dvoubřité nůžky", "Bypass secateurs"}},
     "SK", 249, 1490, 180, 320, "pcs", "standard", AXIS_NONE, {ATTR_LENGTH, ATTR_DIAMETER, ATTR_MATERIAL, ATTR_PURPOSE}, 24,
     {{"Зріз до 22 мм; леза замінні.", "Střih do 22 mm; vyměnitelné čepele.", "Cuts up to 22 mm; blades can be replaced."}}},
    {BOOKS, {{"Довідники", "Příručky", "Handbooks"}}, {{"Довідник майстра", "Příručka řemeslníka", "The craftsman's handbook"}},
     "BD", 149, 890, 300, 1200, "pcs", "reduced", AXIS_NONE, {ATTR_YEAR, ATTR_SERIES, ATTR_PURPOSE}, 0,
     {{"Видання друге, доповнене; 384 с., іл.", "Druhé, rozšířené vydání; 384 s., il.", "Second, enlarged edition; 384 pp., ill."}}},
};
const size_t demo_kinds_count = COUNT(demo_kinds);

const struct demo_phrase demo_sentences[] = {
    {{"Відправляємо того ж дня, якщо замовити до 14:00.", "Odesíláme týž den, objednáte-li do 14:00.", "Sent the same day if ordered by 14:00."}},
    {{"Колір на екрані може трохи відрізнятися.", "Barva na obrazovce se může mírně lišit.", "The colour on a screen may differ a little."}},
    {{"Перевірено в нашій майстерні: тримає &ge; 5 років.", "Vyzkoušeno v naší dílně: vydrží &ge; 5 let.", "Tried in our own workshop: lasts &ge; 5 years."}},
    {{"Покупці кажуть: «беру вже втретє».", "Zákazníci říkají: „beru už potřetí“.", "Customers say: \"my third one already\"."}},
    {{"Пакуємо в картон, без пластику.", "Balíme do papíru, bez plastu.", "Packed in cardboard, no plastic."}},
    {{"Гарантійний талон у коробці; чек електронний.", "Záruční list v krabici; účtenka elektronicky.", "Warranty card in the box; the receipt comes by e-mail."}},
    {{"Не підійшло? Повернення за 14 днів <u>без пояснень</u>.", "Nesedí? Vrácení do 14 dnů <u>bez udání důvodu</u>.", "Does not fit? Send it back in 14 days, <u>no questions asked</u>."}},
    {{"Зроблено невеликою партією, тож \"про запас\" не лежить.", "Vyrobeno v malé sérii, \"do zásoby\" neleží.", "Made in a small batch; nothing lies around \"just in case\"."}},
    {{"Вага нетто/брутто може різнитися на ±3 %.", "Hmotnost netto/brutto se může lišit o ±3 %.", "Net/gross weight may differ by ±3 %."}},
    {{"Ідея для подарунка 🎁: додамо листівку безкоштовно.", "Nápad na dárek 🎁: přání přidáme zdarma.", "A gift idea 🎁: we add a card for free."}},
};
const size_t demo_sentences_count = COUNT(demo_sentences);

const char *const demo_series[] = {
    "Karpaty", "Dnipro", "Vltava", "Morava", "Horyn", "Polissia", "Svitanok", "Orlice", "Jasná", "Desna", "Bílá hora",
    "Sokil", "Modřín", "Kalyna", "Zbruč", "Medobory", "Sázava", "Ostriv", "Říp", "Pramen", "Vesna", "Kamyanets'",
};
const size_t demo_series_count = COUNT(demo_series);

const char *const demo_makers[] = {
    "O'Hara & Sons", "Дім м'яти", "L'Avenir Doux", "Дерев'яний двір", "Šťastný a syn", "Ковальня «Іскра»",
    "D'Arbo \"Atelier\"", "Kovárna U Tří lip", "Північний вітер", "Modrá řeka s.r.o.", "Brightwater Ltd.", "Lán & Lípa",
    "Сонячне подвір'я", "Zelený kopec", "Harbour; Mill & Co.", "Тиха вода", "Rybář <Praha>", "Майстерня Коваленка",
    "M'Baku Tools", "Žlutý dům", "Forge & Field", "Три сосни", "Čtyři listy", "Полудень",
};
const size_t demo_makers_count = COUNT(demo_makers);

const char *const demo_countries[] = {"UA", "CZ", "PL", "DE", "SK", "IT", "TR", "CN"};
const size_t demo_countries_count = COUNT(demo_countries);
