//! Text from outside, made visible and harmless. Done once, when a message is decoded.
//!
//! After this no text holds a control character (C0, C1, DEL), an escape sequence, a bidirectional control, an
//! invisible character or more than its share of combining marks, and none is longer than its place. So nothing
//! that a stranger wrote can move the cursor, colour the screen, reverse a line or hide in it.

use contract::audit::{AuditKind, AuditRecord, Place};
use contract::order::{Ending, InvalidHead, Total};
use contract::{Decision, EventKind, Fault, Heartbeat, OrderHead, Outcome, QueueEntry, StoreRecord, heartbeat};

use crate::event::Fact;

/// Longest sentence, in characters: two lines of a wide terminal.
pub const SENTENCE_MAX: usize = 300;

/// Longest name, label, version or address, in characters.
pub const NAME_MAX: usize = 80;

/// Longest URL, in characters; the contract's own bound.
pub const URL_MAX: usize = 300;

/// Faults kept of one refused payload; the contract's own bound.
pub const FAULTS_MAX: usize = 50;

/// Combining marks that may follow one letter: languages need two or three, pranks use dozens.
pub const MARKS_MAX: usize = 4;

/// `input` with every dangerous character spelt out and at most about `chars_max` characters.
///
/// C0 and DEL become `^[`, `^J`, `^?`; other dangerous ones `<U+202E>`; a cut is marked with `…`.
pub fn text(input: &str, chars_max: usize) -> String {
    use std::fmt::Write as _;
    if is_plain(input, chars_max) {
        return input.to_owned();
    }
    let mut out = String::with_capacity(input.len().min(chars_max.saturating_mul(2)));
    let mut marks = 0;
    for (count, c) in input.chars().enumerate() {
        if count >= chars_max {
            out.push('…');
            break;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '\0'..='\x1f' => {
                out.push('^');
                out.push(char::from_u32(u32::from(c) + 0x40).unwrap_or('?'));
            }
            '\x7f' => out.push_str("^?"),
            c if is_dangerous(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
            }
            _ if marks > MARKS_MAX => {}
            c => out.push(c),
        }
    }
    out
}

/// Whether [`text`] leaves it as it is, seen at a glance: visible ASCII and spaces, and short enough. Nearly all there is.
fn is_plain(input: &str, chars_max: usize) -> bool {
    input.len() <= chars_max && input.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// Bytes that should be text: what is no UTF-8 becomes U+FFFD, the rest goes through [`text`].
pub fn bytes(input: &[u8], chars_max: usize) -> String {
    // A character has at most four bytes: no need to look at more.
    let enough = input.len().min(chars_max.saturating_mul(4).saturating_add(4));
    text(&String::from_utf8_lossy(&input[..enough]), chars_max)
}

/// Whether a character shows, and leaves the others as they are: what may stand in a text field.
pub const fn is_harmless(c: char) -> bool {
    !(c.is_ascii_control() || is_dangerous(c))
}

/// Characters that change how others are shown, or that do not show at all.
const fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'         // C1: some terminals take U+009B for ESC [
        | '\u{ad}'                  // soft hyphen
        | '\u{34f}'                 // combining grapheme joiner
        | '\u{61c}'                 // Arabic letter mark
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers: look like nothing
        | '\u{17b4}' | '\u{17b5}'   // invisible Khmer vowels
        | '\u{180b}'..='\u{180f}'   // Mongolian selectors
        | '\u{200b}'..='\u{200f}'   // zero width, joiners, left-to-right and right-to-left marks
        | '\u{2028}'..='\u{202e}'   // separators; embeddings and overrides
        | '\u{2060}'..='\u{206f}'   // word joiner, isolates, deprecated format controls
        | '\u{2800}'                // blank Braille pattern
        | '\u{fe00}'..='\u{fe0f}'   // variation selectors
        | '\u{feff}'                // byte order mark
        | '\u{fff0}'..='\u{fffb}'   // specials, interlinear annotation
        | '\u{fffe}' | '\u{ffff}'
        | '\u{e000}'..='\u{f8ff}'   // private use: whatever a font makes of it
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{10ffff}' // tags, selectors, private planes
    )
}

/// Combining marks of the blocks that pranks use.
const fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Cleans every text in `fact`. Identities need it not: their types refuse whatever is not plain.
pub fn fact(fact: &mut Fact) {
    match fact {
        Fact::Accepted { head, decision, .. } => {
            order_head(head);
            decision.iter_mut().for_each(reason);
        }
        Fact::Solved { decision, .. } => reason(decision),
        Fact::Queued(entry) => queue_entry(entry),
        Fact::Ended(outcome) => end(outcome),
        Fact::Step(event) => step(&mut event.kind),
        Fact::Store { record, .. } => store(record),
        Fact::Invalid(head) => invalid(head),
        Fact::Heartbeat { heartbeat, .. } => beat(heartbeat),
        Fact::Audited { user, record } => {
            clean(user, NAME_MAX);
            audited(record);
        }
        Fact::Unreadable { subject, why } => {
            clean(subject, SENTENCE_MAX);
            clean(why, SENTENCE_MAX);
        }
    }
}

/// Cleans a record for the screen. What this version does not know is left out: the screen does not show it.
pub fn store(record: &mut StoreRecord) {
    clean(&mut record.code, NAME_MAX);
    clean(&mut record.name, NAME_MAX);
    clean(&mut record.pos_url, URL_MAX);
    for text in [&mut record.time_zone, &mut record.reason, &mut record.changed_by].into_iter().flatten() {
        clean(text, SENTENCE_MAX);
    }
    record.labels = std::mem::take(&mut record.labels)
        .into_iter()
        .take(16)
        .map(|(key, value)| (text(&key, NAME_MAX), text(&value, NAME_MAX)))
        .collect();
    record.extra.clear();
}

/// Cleans a queue entry.
pub fn queue_entry(entry: &mut QueueEntry) {
    order_head(&mut entry.order);
}

/// Cleans a fault.
pub fn fault(fault: &mut Fault) {
    clean(&mut fault.code, NAME_MAX);
    clean(&mut fault.pointer, SENTENCE_MAX);
    clean(&mut fault.message, SENTENCE_MAX);
}

fn reason(decision: &mut Decision) {
    decision.reason.iter_mut().for_each(|reason| clean(reason, SENTENCE_MAX));
}

fn order_head(head: &mut OrderHead) {
    if let Some(Total { currency: Some(currency), .. }) = &mut head.total {
        // Three letters by the contract; a little room shows what is wrong with others.
        clean(currency, 8);
    }
}

fn end(outcome: &mut Outcome) {
    order_head(&mut outcome.order);
    if let Ending::NotInjected { detail, .. } = &mut outcome.ending {
        clean(detail, SENTENCE_MAX);
    }
}

fn step(kind: &mut EventKind) {
    match kind {
        EventKind::AttemptFailed { order, detail, .. } => {
            order_head(order);
            clean(detail, SENTENCE_MAX);
        }
        EventKind::Pos { detail, .. } => clean(detail, SENTENCE_MAX),
        EventKind::PartitionAssigned { .. }
        | EventKind::ResolverLost { .. }
        | EventKind::TookOffice { .. }
        | EventKind::HandOverAnew { .. }
        | EventKind::Unknown => {}
    }
}

fn invalid(head: &mut InvalidHead) {
    head.faults.truncate(FAULTS_MAX);
    head.faults.iter_mut().for_each(fault);
}

fn beat(heartbeat: &mut Heartbeat) {
    clean(&mut heartbeat.version, NAME_MAX);
    if let Some(trouble) = &mut heartbeat.trouble {
        clean(trouble, SENTENCE_MAX);
    }
    match &mut heartbeat.load {
        heartbeat::Load::Api(load) => clean(&mut load.listen, NAME_MAX),
        heartbeat::Load::Resolver(load) => load.heads.truncate(heartbeat::HEADS_MAX),
        heartbeat::Load::Distribuidor(_) => {}
    }
}

fn audited(record: &mut AuditRecord) {
    clean(&mut record.operation, NAME_MAX);
    let Place { context, client, tty } = &mut record.place;
    for text in [context, client, tty, &mut record.reason].into_iter().flatten() {
        clean(text, SENTENCE_MAX);
    }
    match &mut record.kind {
        AuditKind::Intent { preview, .. } => preview.iter_mut().for_each(|preview| clean(preview, NAME_MAX)),
        AuditKind::Outcome { results } => {
            results.iter_mut().filter_map(|result| result.code.as_mut()).for_each(|code| clean(code, NAME_MAX));
        }
        AuditKind::Unknown => {}
    }
}

fn clean(field: &mut String, chars_max: usize) {
    if !is_plain(field, chars_max) {
        *field = text(field, chars_max);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn attacks_become_visible_and_harmless() {
        for (attack, shown) in [
            ("plain, ñandú, 汉字", "plain, ñandú, 汉字"),
            ("\x1b[2J\x1b]0;owned\x07", "^[[2J^[]0;owned^G"),
            ("a\r\nb\tc\0", "a^M^Jb^Ic^@"),
            ("\u{9b}31m", "<U+009B>31m"),
            ("\x7f", "^?"),
            ("K024\u{202e}ETRON", "K024<U+202E>ETRON"),
            ("a\u{2066}b\u{2069}", "a<U+2066>b<U+2069>"),
            ("a\u{200b}b\u{200d}c\u{feff}", "a<U+200B>b<U+200D>c<U+FEFF>"),
            ("\u{e0041}\u{fe0f}", "<U+E0041><U+FE0F>"),
            ("[/b][red]", "[/b][red]"),
        ] {
            assert_eq!(text(attack, NAME_MAX), shown, "{attack:?}");
        }
    }

    #[test]
    fn too_long_is_cut_and_says_so() {
        assert_eq!(text("abcdef", 3), "abc…");
        assert_eq!(text("abc", 3), "abc");
        assert_eq!(text(&"x".repeat(1_000_000), 10), format!("{}…", "x".repeat(10)));
    }

    #[test]
    fn stacked_marks_are_limited() {
        let tower = format!("a{}b", "\u{301}".repeat(50));
        assert_eq!(text(&tower, 100), format!("a{}b", "\u{301}".repeat(MARKS_MAX)));
    }

    #[test]
    fn bytes_that_are_no_text_are_told_apart() {
        assert_eq!(bytes(b"a\xff\xfeb\xc3", 10), "a\u{fffd}\u{fffd}b\u{fffd}");
        assert_eq!(bytes(&[0x1b; 1_000], 2), "^[^[…");
    }

    #[test]
    fn what_is_plain_is_left_as_it_is_and_nothing_else_counts_as_plain() {
        for (input, plain) in
            [("POS answered 503", true), ("", true), ("ñandú", false), ("a\tb", false), ("\x7f", false)]
        {
            assert_eq!(
                (is_plain(input, 20), text(input, 20) == input),
                (plain, plain || input == "ñandú"),
                "{input:?}"
            );
        }
        assert!(is_plain("abc", 3) && !is_plain("abcd", 3));
    }

    proptest! {
        #[test]
        fn nothing_dangerous_ever_passes(input in any::<Vec<u8>>(), max in 0_usize..60) {
            let shown = bytes(&input, max);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_dangerous(c)));
        }

        #[test]
        fn any_characters_come_out_clean_and_once_is_enough(input in "\\PC*|[\\x00-\\x9f\\u{200b}-\\u{206f}]*") {
            let once = text(&input, 10_000);
            prop_assert!(!once.chars().any(|c| c.is_control() || is_dangerous(c)));
            prop_assert_eq!(text(&once, 100_000), once.clone());
        }
    }
}
