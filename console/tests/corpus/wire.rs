//! What a terminal is sent, read by a small strict machine: printable text, and the few sequences that the console means.
//! Everything else is a fault, wherever it comes from.

use std::collections::BTreeMap;

/// What was found in a stream that has no fault.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wire {
    /// Printable characters.
    pub(crate) characters: usize,
    /// Sequences, by their final letter and private parameter: `m`, `H`, `J`, `?1049h`, `]52` ...
    pub(crate) sequences: BTreeMap<String, usize>,
    /// Bells.
    pub(crate) bells: usize,
}

/// Private modes that the console sets and resets: cursor, main screen, pasting, whole frames, mouse.
const MODES: &[&str] = &["25", "1049", "2004", "2026", "1000", "1002", "1003", "1006", "1015"];

/// Most bytes of a clipboard text, as terminals bear them.
const CLIPBOARD_MAX: usize = 140_000;

/// Reads `bytes` to the end; the error says what stands where, with some of what came before.
///
/// Line ends are allowed only outside the other screen, where messages to the shell are written.
pub(crate) fn read(bytes: &[u8]) -> Result<Wire, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("no UTF-8 from byte {} on", error.valid_up_to()))?;
    let mut wire = Wire::default();
    let mut rest = text;
    let mut ours = false;
    while let Some(c) = rest.chars().next() {
        let fault = |what: &str| {
            let at = text.len() - rest.len();
            let (from, to) = (text.floor_char_boundary(at.saturating_sub(40)), text.floor_char_boundary(at + 40));
            format!("{what} at byte {at}: {:?}", &text[from..to])
        };
        if let Some(after) = rest.strip_prefix("\u{1b}[") {
            let end =
                after.find(|c: char| !matches!(c, '0'..='9' | ';' | ':' | '?')).ok_or_else(|| fault("cut short"))?;
            let (parameters, last) = (&after[..end], &after[end..=end]);
            let name = control(parameters, last).ok_or_else(|| fault("a sequence that nobody meant"))?;
            match name.as_str() {
                "?1049h" => ours = true,
                "?1049l" => ours = false,
                _ => {}
            }
            *wire.sequences.entry(name).or_default() += 1;
            rest = &after[end + 1..];
        } else if let Some(after) = rest.strip_prefix("\u{1b}]52;c;") {
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)));
            let end = end.filter(|end| *end <= CLIPBOARD_MAX).ok_or_else(|| fault("a clipboard text without end"))?;
            let tail = &after[end..];
            rest = tail
                .strip_prefix('\u{7}')
                .or_else(|| tail.strip_prefix("\u{1b}\\"))
                .ok_or_else(|| fault("no base64"))?;
            *wire.sequences.entry("]52".to_owned()).or_default() += 1;
        } else if c == '\u{7}' {
            wire.bells += 1;
            rest = &rest[1..];
        } else if !ours && matches!(c, '\r' | '\n') {
            rest = &rest[1..];
        } else if c.is_control() {
            return Err(fault("a control character"));
        } else if is_hidden(c) {
            return Err(fault("a character that hides or reverses"));
        } else {
            wire.characters += 1;
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok(wire)
}

/// The name of a control sequence, if it is one of ours.
fn control(parameters: &str, last: &str) -> Option<String> {
    let plain = !parameters.contains('?');
    match last {
        "m" if plain => Some("m".to_owned()),
        "H" if plain && !parameters.contains(':') && parameters.matches(';').count() <= 1 && !parameters.is_empty() => {
            Some("H".to_owned())
        }
        // Ways up, down, right and left; rows put in and taken away.
        "A" | "B" | "C" | "D" | "L" | "M" if parameters.chars().all(|c| c.is_ascii_digit()) => Some(last.to_owned()),
        "J" if parameters == "2" => Some("J".to_owned()),
        "K" if parameters.is_empty() => Some("K".to_owned()),
        "h" | "l" => {
            let mode = parameters.strip_prefix('?').filter(|mode| MODES.contains(mode))?;
            Some(format!("?{mode}{last}"))
        }
        _ => None,
    }
}

/// The list of this test, not the program's: what no screen of ours has any use for.
const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

mod tests {
    #[test]
    fn the_reader_of_streams_is_not_blind() {
        let good = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J\u{1b}[1;1H\u{1b}[38;2;1;2;3;48;5;7mPedidos ñ 北\u{1b}[0m\u{1b}]52;c;YQ==\u{7}\u{1b}[?1049l\r\nfin\r\n";
        let wire = super::read(good.as_bytes()).unwrap();
        assert_eq!((wire.characters, wire.sequences.len(), wire.bells), (14, 7, 0), "{wire:?}");
        for bad in [
            "\u{1b}[?1049h\n",
            "\u{1b}[6n",
            "\u{1b}]0;x\u{7}",
            "\u{1b}c",
            "\u{1b}P$qm\u{1b}\\",
            "\u{9b}m",
            "\u{202e}",
            "a\tb",
            "\u{1b}[?1004h",
            "\u{1b}[3J",
            "\u{1b}[1K",
            "\u{1b}[2T",
            "\u{1b}[2;3r",
            "\u{1b}]52;p;YQ==\u{7}",
            "\u{1b}]52;c;\u{1b}[2J",
            "\u{1b}",
            "\u{1b}[1",
            "\u{200d}",
        ] {
            assert!(super::read(bad.as_bytes()).is_err(), "{bad:?} passes");
        }
        // Two attacks use our own sequences: how often each one came tells.
        let ours = |name: &str| name.starts_with("CSI: main screen") || name.starts_with("OSC 52");
        for (name, text) in
            crate::attacks::ATTACKS.iter().filter(|(name, _)| name.starts_with(['C', 'O', 'D', 'A']) && !ours(name))
        {
            assert!(super::read(text.as_bytes()).is_err(), "{name} passes");
        }
        assert!(super::read(b"\xff").is_err());
    }
}
