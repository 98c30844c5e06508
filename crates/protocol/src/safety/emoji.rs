//! The 256 emoji of safety numbers and what they are called.
//!
//! Each is one code point, older than Unicode 13 so that every system draws it, and
//! shown in colours without a variation selector. None is a face of a person, a flag, a
//! gesture or a sign of a religion, and no two are the same thing seen twice. The order
//! is part of the protocol: byte `n` of a safety number is row `n`. `[HW-ID-6]`

/// One of the 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emoji {
    /// The character.
    pub symbol: char,
    /// What to say for it in English.
    pub english: &'static str,
    /// In Spanish.
    pub spanish: &'static str,
    /// In Arabic.
    pub arabic: &'static str,
}

const fn row(
    symbol: char,
    english: &'static str,
    spanish: &'static str,
    arabic: &'static str,
) -> Emoji {
    Emoji {
        symbol,
        english,
        spanish,
        arabic,
    }
}

/// All of them, by the byte that each stands for.
#[rustfmt::skip]
pub const EMOJI: [Emoji; 256] = [
    row('🐶', "dog", "perro", "كلب"),
    row('🐱', "cat", "gato", "قطة"),
    row('🐭', "mouse", "ratón", "فأر"),
    row('🐰', "rabbit", "conejo", "أرنب"),
    row('🦊', "fox", "zorro", "ثعلب"),
    row('🐻', "bear", "oso", "دب"),
    row('🐼', "panda", "panda", "باندا"),
    row('🐨', "koala", "koala", "كوالا"),
    row('🐯', "tiger", "tigre", "نمر"),
    row('🦁', "lion", "león", "أسد"),
    row('🐮', "cow", "vaca", "بقرة"),
    row('🐷', "pig", "cerdo", "خنزير"),
    row('🐸', "frog", "rana", "ضفدع"),
    row('🐵', "monkey", "mono", "قرد"),
    row('🐔', "hen", "gallina", "دجاجة"),
    row('🐧', "penguin", "pingüino", "بطريق"),
    row('🦆', "duck", "pato", "بطة"),
    row('🦅', "eagle", "águila", "نسر"),
    row('🦉', "owl", "búho", "بومة"),
    row('🦇', "bat", "murciélago", "خفاش"),
    row('🐴', "horse", "caballo", "حصان"),
    row('🐝', "bee", "abeja", "نحلة"),
    row('🐛', "caterpillar", "oruga", "يرقة"),
    row('🦋', "butterfly", "mariposa", "فراشة"),
    row('🐌', "snail", "caracol", "حلزون"),
    row('🐞', "ladybird", "mariquita", "دعسوقة"),
    row('🐜', "ant", "hormiga", "نملة"),
    row('🦂', "scorpion", "escorpión", "عقرب"),
    row('🐢', "turtle", "tortuga", "سلحفاة"),
    row('🐍', "snake", "serpiente", "أفعى"),
    row('🦎', "lizard", "lagarto", "سحلية"),
    row('🐙', "octopus", "pulpo", "أخطبوط"),
    row('🦀', "crab", "cangrejo", "سلطعون"),
    row('🐠', "fish", "pez", "سمكة"),
    row('🐬', "dolphin", "delfín", "دلفين"),
    row('🐳', "whale", "ballena", "حوت"),
    row('🦈', "shark", "tiburón", "قرش"),
    row('🐊', "crocodile", "cocodrilo", "تمساح"),
    row('🐘', "elephant", "elefante", "فيل"),
    row('🦒', "giraffe", "jirafa", "زرافة"),
    row('🐪', "camel", "camello", "جمل"),
    row('🦏', "rhinoceros", "rinoceronte", "وحيد القرن"),
    row('🦓', "zebra", "cebra", "حمار وحشي"),
    row('🐑', "sheep", "oveja", "خروف"),
    row('🦔', "hedgehog", "erizo", "قنفذ"),
    row('🦚', "peacock", "pavo real", "طاووس"),
    row('🦜', "parrot", "loro", "ببغاء"),
    row('🦢', "swan", "cisne", "بجعة"),
    row('🦩', "flamingo", "flamenco", "فلامنغو"),
    row('🦘', "kangaroo", "canguro", "كنغر"),
    row('🦥', "sloth", "perezoso", "كسلان"),
    row('🦌', "deer", "ciervo", "غزال"),
    row('🦑', "squid", "calamar", "حبار"),
    row('🦕', "dinosaur", "dinosaurio", "ديناصور"),
    row('🐉', "dragon", "dragón", "تنين"),
    row('🐾', "paw prints", "huellas", "آثار أقدام"),
    row('🐚', "shell", "concha", "صدفة"),
    row('🌵', "cactus", "cactus", "صبار"),
    row('🌲', "fir tree", "abeto", "شجرة تنوب"),
    row('🌴', "palm tree", "palmera", "نخلة"),
    row('🍀', "clover", "trébol", "برسيم"),
    row('🍁', "maple leaf", "hoja de arce", "ورقة قيقب"),
    row('🍄', "mushroom", "seta", "فطر"),
    row('🌷', "tulip", "tulipán", "توليب"),
    row('🌹', "rose", "rosa", "وردة"),
    row('🌻', "sunflower", "girasol", "دوار الشمس"),
    row('🌾', "ear of rice", "espiga", "سنبلة"),
    row('🌙', "moon", "luna", "قمر"),
    row('⭐', "star", "estrella", "نجمة"),
    row('🌈', "rainbow", "arcoíris", "قوس قزح"),
    row('⚡', "lightning", "relámpago", "برق"),
    row('🔥', "fire", "fuego", "نار"),
    row('💧', "drop", "gota", "قطرة"),
    row('🌊', "wave", "ola", "موجة"),
    row('⛄', "snowman", "muñeco de nieve", "رجل ثلج"),
    row('🌋', "volcano", "volcán", "بركان"),
    row('🌍', "globe", "globo terráqueo", "كرة أرضية"),
    row('🪐', "planet", "planeta", "كوكب"),
    row('🌞', "sun", "sol", "شمس"),
    row('🍎', "apple", "manzana", "تفاحة"),
    row('🍐', "pear", "pera", "إجاصة"),
    row('🍋', "lemon", "limón", "ليمونة"),
    row('🍌', "banana", "plátano", "موزة"),
    row('🍉', "watermelon", "sandía", "بطيخة"),
    row('🍇', "grapes", "uvas", "عنب"),
    row('🍓', "strawberry", "fresa", "فراولة"),
    row('🍒', "cherries", "cerezas", "كرز"),
    row('🍍', "pineapple", "piña", "أناناس"),
    row('🥝', "kiwi", "kiwi", "كيوي"),
    row('🥥', "coconut", "coco", "جوز هند"),
    row('🍅', "tomato", "tomate", "طماطم"),
    row('🍆', "aubergine", "berenjena", "باذنجان"),
    row('🥑', "avocado", "aguacate", "أفوكادو"),
    row('🥕', "carrot", "zanahoria", "جزرة"),
    row('🌽', "maize", "maíz", "ذرة"),
    row('🥦', "broccoli", "brócoli", "بروكلي"),
    row('🥒', "cucumber", "pepino", "خيار"),
    row('🧄', "garlic", "ajo", "ثوم"),
    row('🧅', "onion", "cebolla", "بصلة"),
    row('🥜', "peanuts", "cacahuetes", "فول سوداني"),
    row('🍞', "bread", "pan", "خبز"),
    row('🥐', "croissant", "cruasán", "كرواسون"),
    row('🥨', "pretzel", "pretzel", "بريتزل"),
    row('🧀', "cheese", "queso", "جبن"),
    row('🥚', "egg", "huevo", "بيضة"),
    row('🍔', "hamburger", "hamburguesa", "برغر"),
    row('🍕', "pizza", "pizza", "بيتزا"),
    row('🍟', "chips", "patatas fritas", "بطاطس مقلية"),
    row('🍿', "popcorn", "palomitas", "فشار"),
    row('🍪', "biscuit", "galleta", "بسكويت"),
    row('🍩', "doughnut", "rosquilla", "دونات"),
    row('🍰', "cake", "pastel", "كعكة"),
    row('🍫', "chocolate", "chocolate", "شوكولاتة"),
    row('🍬', "sweet", "caramelo", "حلوى"),
    row('🍯', "honey", "miel", "عسل"),
    row('🍦', "ice cream", "helado", "مثلجات"),
    row('🥛', "milk", "leche", "حليب"),
    row('☕', "coffee", "café", "قهوة"),
    row('🧊', "ice cube", "hielo", "مكعب ثلج"),
    row('🥄', "spoon", "cuchara", "ملعقة"),
    row('🍣', "sushi", "sushi", "سوشي"),
    row('🧂', "salt", "sal", "ملح"),
    row('🍜', "noodles", "fideos", "معكرونة"),
    row('⚽', "football", "balón de fútbol", "كرة قدم"),
    row('🏀', "basketball", "balón de baloncesto", "كرة سلة"),
    row('🎳', "bowling", "bolos", "بولينغ"),
    row('🥊', "boxing glove", "guante de boxeo", "قفاز ملاكمة"),
    row('🎣', "fishing rod", "caña de pescar", "صنارة"),
    row('🎿', "skis", "esquís", "زلاجات"),
    row('🎯', "target", "diana", "هدف"),
    row('🪁', "kite", "cometa", "طائرة ورقية"),
    row('🎲', "die", "dado", "نرد"),
    row('🧩', "jigsaw piece", "rompecabezas", "أحجية"),
    row('🧸', "teddy bear", "osito de peluche", "دبدوب"),
    row('🎨', "palette", "paleta", "لوحة ألوان"),
    row('🧵', "thread", "hilo", "خيط"),
    row('🎸', "guitar", "guitarra", "غيتار"),
    row('🎹', "piano", "piano", "بيانو"),
    row('🥁', "drum", "tambor", "طبل"),
    row('🎺', "trumpet", "trompeta", "بوق"),
    row('🎻', "violin", "violín", "كمان"),
    row('🎤', "microphone", "micrófono", "ميكروفون"),
    row('🎧', "headphones", "auriculares", "سماعات رأس"),
    row('🎬', "clapperboard", "claqueta", "لوح تصوير"),
    row('🎈', "balloon", "globo", "بالون"),
    row('🎁', "gift", "regalo", "هدية"),
    row('🎃', "pumpkin", "calabaza", "يقطينة"),
    row('🏆', "trophy", "trofeo", "كأس"),
    row('🥇', "medal", "medalla", "ميدالية"),
    row('🚗', "car", "coche", "سيارة"),
    row('🚌', "bus", "autobús", "حافلة"),
    row('🚲', "bicycle", "bicicleta", "دراجة"),
    row('🛴', "scooter", "patinete", "سكوتر"),
    row('🚜', "tractor", "tractor", "جرار"),
    row('🚑', "ambulance", "ambulancia", "إسعاف"),
    row('🚂', "locomotive", "locomotora", "قاطرة"),
    row('🚁', "helicopter", "helicóptero", "مروحية"),
    row('🚀', "rocket", "cohete", "صاروخ"),
    row('🛸', "flying saucer", "platillo volador", "صحن طائر"),
    row('⛵', "sailing boat", "velero", "مركب شراعي"),
    row('⚓', "anchor", "ancla", "مرساة"),
    row('🚦', "traffic light", "semáforo", "إشارة مرور"),
    row('⛽', "petrol pump", "surtidor", "مضخة وقود"),
    row('🏠', "house", "casa", "بيت"),
    row('🏰', "castle", "castillo", "قلعة"),
    row('⛺', "tent", "tienda de campaña", "خيمة"),
    row('🗼', "tower", "torre", "برج"),
    row('🗽', "statue", "estatua", "تمثال"),
    row('⛲', "fountain", "fuente", "نافورة"),
    row('🎡', "Ferris wheel", "noria", "دولاب هواء"),
    row('🎪', "circus", "circo", "سيرك"),
    row('🏭', "factory", "fábrica", "مصنع"),
    row('🔑', "key", "llave", "مفتاح"),
    row('🔒', "lock", "candado", "قفل"),
    row('🔨', "hammer", "martillo", "مطرقة"),
    row('🪓', "axe", "hacha", "فأس"),
    row('🔧', "spanner", "llave inglesa", "مفتاح ربط"),
    row('🔩', "bolt", "tornillo", "برغي"),
    row('🧲', "magnet", "imán", "مغناطيس"),
    row('🔬', "microscope", "microscopio", "مجهر"),
    row('🔭', "telescope", "telescopio", "تلسكوب"),
    row('📡', "satellite dish", "antena", "طبق لاقط"),
    row('💡', "light bulb", "bombilla", "مصباح"),
    row('🔦', "torch", "linterna", "مصباح يدوي"),
    row('🔋', "battery", "pila", "بطارية"),
    row('🔌', "plug", "enchufe", "قابس"),
    row('💻', "laptop", "portátil", "حاسوب"),
    row('📱', "mobile phone", "móvil", "هاتف محمول"),
    row('📷', "camera", "cámara", "كاميرا"),
    row('📺', "television", "televisor", "تلفاز"),
    row('📻', "radio", "radio", "مذياع"),
    row('⏰', "alarm clock", "despertador", "منبه"),
    row('⏳', "hourglass", "reloj de arena", "ساعة رملية"),
    row('🧭', "compass", "brújula", "بوصلة"),
    row('📖', "book", "libro", "كتاب"),
    row('📌', "drawing pin", "chincheta", "دبوس"),
    row('📎', "paper clip", "clip", "مشبك ورق"),
    row('📏', "ruler", "regla", "مسطرة"),
    row('📦', "parcel", "paquete", "طرد"),
    row('📅', "calendar", "calendario", "تقويم"),
    row('📫', "letterbox", "buzón", "صندوق بريد"),
    row('📰', "newspaper", "periódico", "جريدة"),
    row('🔔', "bell", "campana", "جرس"),
    row('📣', "megaphone", "megáfono", "مكبر صوت"),
    row('🧯', "fire extinguisher", "extintor", "طفاية حريق"),
    row('🧹', "broom", "escoba", "مكنسة"),
    row('🧺', "basket", "cesta", "سلة"),
    row('🧼', "soap", "jabón", "صابون"),
    row('🧽', "sponge", "esponja", "إسفنجة"),
    row('🚿', "shower", "ducha", "دش"),
    row('🚪', "door", "puerta", "باب"),
    row('🪑', "chair", "silla", "كرسي"),
    row('🛒', "trolley", "carrito", "عربة تسوق"),
    row('👕', "T-shirt", "camiseta", "قميص"),
    row('👖', "jeans", "vaqueros", "بنطال"),
    row('👗', "dress", "vestido", "فستان"),
    row('🧦', "socks", "calcetines", "جوارب"),
    row('🧤', "gloves", "guantes", "قفازات"),
    row('🧣', "scarf", "bufanda", "وشاح"),
    row('👑', "crown", "corona", "تاج"),
    row('👓', "glasses", "gafas", "نظارة"),
    row('👜', "handbag", "bolso", "حقيبة يد"),
    row('🎒', "rucksack", "mochila", "حقيبة ظهر"),
    row('☔', "umbrella", "paraguas", "مظلة مطر"),
    row('💍', "ring", "anillo", "خاتم"),
    row('💎', "gem", "gema", "جوهرة"),
    row('👟', "running shoe", "zapatilla", "حذاء رياضي"),
    row('👢', "boot", "bota", "جزمة"),
    row('🎩', "top hat", "sombrero de copa", "قبعة عالية"),
    row('💄', "lipstick", "pintalabios", "أحمر شفاه"),
    row('👀', "eyes", "ojos", "عينان"),
    row('👂', "ear", "oreja", "أذن"),
    row('👃', "nose", "nariz", "أنف"),
    row('👄', "mouth", "boca", "فم"),
    row('🦷', "tooth", "diente", "سن"),
    row('🦴', "bone", "hueso", "عظمة"),
    row('🧠', "brain", "cerebro", "دماغ"),
    row('💀', "skull", "calavera", "جمجمة"),
    row('👻', "ghost", "fantasma", "شبح"),
    row('🤖', "robot", "robot", "روبوت"),
    row('👽', "alien", "extraterrestre", "كائن فضائي"),
    row('🤡', "clown", "payaso", "مهرج"),
    row('💔', "broken heart", "corazón roto", "قلب مكسور"),
    row('💣', "bomb", "bomba", "قنبلة"),
    row('🎵', "musical note", "nota musical", "نغمة"),
    row('🏁', "chequered flag", "bandera a cuadros", "علم سباق"),
    row('🧱', "bricks", "ladrillos", "طوب"),
    row('🏺', "jar", "ánfora", "جرة"),
    row('🧳', "suitcase", "maleta", "حقيبة سفر"),
    row('💊', "pill", "pastilla", "حبة دواء"),
    row('💉', "syringe", "jeringa", "حقنة"),
    row('🔪', "knife", "cuchillo", "سكين"),
    row('🏹', "bow and arrow", "arco y flecha", "قوس وسهم"),
    row('🪂', "parachute", "paracaídas", "مظلة هبوط"),
    row('🛹', "skateboard", "monopatín", "لوح تزلج"),
    row('🎷', "saxophone", "saxofón", "ساكسفون"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::EMOJI;

    /// Claim A1. Two rows that are drawn or called alike would hide a difference.
    #[test]
    fn no_two_bytes_look_or_sound_alike() {
        let all = |of: fn(&super::Emoji) -> String| {
            let names: BTreeSet<String> = EMOJI.iter().map(of).collect();
            assert!(names.iter().all(|name| !name.trim().is_empty()));
            names.len()
        };
        assert_eq!(all(|one| one.symbol.to_string()), 256);
        assert_eq!(all(|one| one.english.to_lowercase()), 256);
        assert_eq!(all(|one| one.spanish.to_lowercase()), 256);
        assert_eq!(all(|one| one.arabic.to_owned()), 256);
    }

    #[test]
    fn each_is_drawn_as_an_emoji_by_itself() {
        // Code points that are text unless U+FE0F follows are below U+2B50 or in the
        // gaps of these blocks.
        for one in EMOJI {
            let code = u32::from(one.symbol);
            let drawn = matches!(
                code,
                0x2614
                    | 0x2615
                    | 0x2693
                    | 0x26A1
                    | 0x26BD
                    | 0x26C4
                    | 0x26F2
                    | 0x26F5
                    | 0x26FA
                    | 0x26FD
                    | 0x23F0
                    | 0x23F3
                    | 0x2B50
            ) || (0x1F300..=0x1FAFF).contains(&code);
            assert!(drawn, "{}", one.symbol);
        }
    }
}
