//! Texts that try to take the screen over, to hide, to reverse, or to push their neighbours about.
//!
//! Every one of them is put into every text that a stranger writes. Invented, harmless to whom reads them here: nothing is
//! written as it is.

/// Names and texts.
pub(crate) const ATTACKS: &[(&str, &str)] = &[
    ("NUL", "a\0b"),
    (
        "C0, all of them",
        "\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}\u{b}\u{c}\u{e}\u{f}\u{10}\u{11}\u{12}\u{13}\u{14}\u{15}\u{16}\u{17}\u{18}\u{19}\u{1a}\u{1c}\u{1d}\u{1e}\u{1f}",
    ),
    ("tabs and newlines", "uno\tdos\ntres\r\ncuatro\r"),
    ("delete", "abc\u{7f}\u{7f}\u{7f}"),
    ("CSI: clear, home, colour", "\u{1b}[2J\u{1b}[H\u{1b}[31;1mrojo"),
    ("CSI: main screen, mouse, paste, cursor", "\u{1b}[?1049l\u{1b}[?1003h\u{1b}[?2004l\u{1b}[?25h"),
    ("CSI: asks for an answer", "\u{1b}[c\u{1b}[6n\u{1b}[>q\u{1b}[?u"),
    ("CSI: window moved and named", "\u{1b}[8;10;10t\u{1b}[3;0;0t\u{1b}[21t"),
    ("OSC 0: title", "\u{1b}]0;owned\u{7}"),
    ("OSC 8: link", "\u{1b}]8;;http://127.0.0.1:9/\u{1b}\\pulse\u{1b}]8;;\u{1b}\\"),
    ("OSC 52: clipboard", "\u{1b}]52;c;Y3VybA==\u{7}"),
    ("OSC 9 and 777: notification", "\u{1b}]9;hola\u{7}\u{1b}]777;notify;a;b\u{7}"),
    ("DCS", "\u{1b}P$qm\u{1b}\\\u{1b}P+q544e\u{1b}\\"),
    ("APC, PM, SOS", "\u{1b}_Gi=1;AAAA\u{1b}\\\u{1b}^x\u{1b}\\\u{1b}Xx\u{1b}\\"),
    ("tmux and screen pass-through", "\u{1b}Ptmux;\u{1b}\u{1b}]0;x\u{7}\u{1b}\\\u{1b}kname\u{1b}\\"),
    ("reset, charset, keypad", "\u{1b}c\u{1b}(0lqqk\u{1b}#8\u{1b}=\u{e}"),
    ("an escape at the end", "fin\u{1b}"),
    (
        "C1, all of them",
        "\u{80}\u{84}\u{85}\u{88}\u{8d}\u{8e}\u{8f}\u{90}\u{98}\u{9a}\u{9b}2J\u{9c}\u{9d}0;x\u{9c}\u{9e}\u{9f}",
    ),
    ("bidi overrides", "K024 \u{202e}ETRON\u{202c} \u{202d}x\u{202a}y\u{202b}z"),
    ("bidi isolates and marks", "\u{2066}a\u{2067}b\u{2068}c\u{2069}\u{200e}\u{200f}\u{61c}"),
    ("zero width", "n\u{200b}o\u{200c}r\u{200d}t\u{2060}e\u{feff}"),
    ("separators", "a\u{2028}b\u{2029}c\u{85}d"),
    ("nothing to be seen", "\u{2800}\u{3164}\u{115f}\u{1160}\u{ffa0}\u{ad}\u{34f}\u{17b4}\u{180e}"),
    ("tag characters", "flag\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e007f}\u{e0001}"),
    ("variation selectors", "\u{2601}\u{fe0f}\u{2601}\u{fe0e}x\u{e0100}\u{e01ef}"),
    ("private use and non-characters", "\u{e0b0}\u{f8ff}\u{f0000}\u{10ffff}\u{fffe}\u{ffff}\u{fff9}\u{fffb}"),
    (
        "stacked marks",
        "Z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}a\u{489}\u{20dd}\u{20e0}l\u{1ab0}\u{1ab1}\u{1ab2}\u{1ab3}\u{1ab4}\u{1ab5}go",
    ),
    ("marks without a letter", "\u{301}\u{301}norte\u{20e3}"),
    ("wide", "北京烤鸭店分店东城 ｆｕｌｌ　ｗｉｄｔｈ 한국어"),
    ("half-width with sound marks", "ﾊﾞﾋﾞﾌﾟﾍﾟ ｶﾞｷﾞ"),
    ("ambiguous width", "①②③ ±×÷ αβγ ■□▲△ ─│┌┐ “comillas” … · ° ¿¡"),
    ("emoji", "🍔🍟🌮 👍 ☺ ✈ 🥡"),
    ("emoji: families and professions", "👩\u{200d}👩\u{200d}👧\u{200d}👦 👩🏽\u{200d}🍳 🧑\u{200d}🤝\u{200d}🧑"),
    ("emoji: skins, flags, keycaps", "👍🏽👋🏿 🇪🇨🇨🇴🇨🇱🇻 1\u{fe0f}\u{20e3}#\u{20e3}"),
    ("right to left", "مطعم الشمال لا لا שלום עולם ١٢٣"),
    ("joined letters", "ลำไย น้ำ हिन्दी क्षेत्र தமிழ் ᠮᠣᠩᠭᠣᠯ ខ្មែរ မြန်မာ"),
    ("Hangul in pieces", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
    ("markup of others", "[/b][red]x[/red] <b>x</b> {{x}} %s %n $(x) `x` ${x} \\x1b[31m \\u001b[31m ^[[31m"),
    ("looks like a frame", "── Ayuda ── │ ✖ GRAVE ● conectado perdidos 0"),
    ("blanks", "          \u{a0}\u{2003}\u{3000}          "),
    ("empty", ""),
    (
        "over-long word",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ),
    (
        "over-long and wide",
        "寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司寿司",
    ),
];

/// Bytes that are no UTF-8, or pretend to be.
pub(crate) const BYTES: &[(&str, &[u8])] = &[
    ("single C1 byte", b"\x9b31m\x9d0;x\x9c"),
    ("over-long escape", b"\xc0\x9b[2J\xe0\x80\x9b[2J"),
    ("surrogates", b"\xed\xa0\x80\xed\xb0\x80"),
    ("beyond the last", b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80"),
    ("cut short", b"norte\xe2\x82"),
    ("a stray continuation", b"\x80\xbf\xff\xfe"),
    ("an escape and nothing else", b"\x1b[2J\x1b]0;owned\x07"),
];

/// The `n`th attack, counted round.
pub(crate) fn attack(n: usize) -> &'static str {
    ATTACKS[n % ATTACKS.len()].1
}

/// A JSON document whose field `name` has every kind of bytes of [`BYTES`] in it, unescaped.
pub(crate) fn json_with(bytes: &[u8]) -> Vec<u8> {
    [b"{\"id\":72,\"code\":\"K\",\"name\":\"".as_slice(), bytes, b"\",\"country\":\"ec\",\"pos_url\":\"http://x/\"}"]
        .concat()
}
