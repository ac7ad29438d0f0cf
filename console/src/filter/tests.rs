use proptest::prelude::*;

use super::*;
use crate::state::Lang;

/// A row of a test: its words, and some fields.
struct Shown {
    words: String,
    store: &'static str,
    attempts: f64,
    age_ms: Option<f64>,
}

impl Row for Shown {
    fn words(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.words)
    }

    fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        (field == Field::Store).then_some(Cow::Borrowed(self.store))
    }

    fn number(&self, field: Field) -> Option<f64> {
        match field {
            Field::Attempts => Some(self.attempts),
            Field::Age => self.age_ms,
            _ => None,
        }
    }
}

const FIELDS: &[Field] = &[Field::Store, Field::Attempts, Field::Age, Field::State];

fn row() -> Shown {
    Shown {
        words: fold("K024 EL NORTE Peñón Ecuador RETRYING 12.50"),
        store: "72 k024 el norte",
        attempts: 3.0,
        age_ms: Some(330_000.0),
    }
}

fn filter(text: &str) -> Filter {
    let mut filter = Filter::default();
    filter.set(text, FIELDS);
    filter
}

#[test]
fn a_row_passes_when_every_term_holds() {
    for (text, passes) in [
        ("", true),
        ("   ", true),
        ("norte", true),
        ("penon k02", true),
        ("PEÑÓN", true),
        ("pen\u{303}o\u{301}n", true),
        ("norte sur", false),
        ("-sur", true),
        ("-norte", false),
        ("-", true),
        ("\"el norte\"", true),
        ("\"norte el\"", false),
        ("/^k0\\d+ /", true),
        ("-/^K1/", true),
        ("tienda:k024", true),
        ("local:NORTE", true),
        ("store=72", true),
        ("store=7", false),
        ("store:el_norte", true),
        ("tienda:/n.rte$/", true),
        ("-tienda:k025", true),
        ("intentos>=3 attempts<=3 intentos=3", true),
        ("intentos>3", false),
        ("-intentos>3", true),
        ("edad>5m edad<5m31s age>=330s", true),
        ("edad>0.5h", false),
        ("edad<1d", true),
        ("12.50", true),
    ] {
        let filter = filter(text);
        assert_eq!((filter.matches(&row()), filter.fault()), (passes, None), "{text:?}");
    }
    let unknown = Shown { age_ms: None, ..row() };
    assert!(!filter("edad<1d").matches(&unknown), "what is not known is not young");
}

#[test]
fn a_fault_is_told_with_its_place_and_its_term_left_out() {
    for (text, at, wrong) in [
        ("norte color:rojo", 6..16, Wrong::NoField("color".to_owned())),
        ("peñón nube:aws", 6..14, Wrong::NoField("nube".to_owned())),
        ("tienda:", 0..7, Wrong::NoValue),
        ("norte intentos>tres", 6..19, Wrong::NotNumber),
        ("edad>5", 0..6, Wrong::NotTime),
        ("edad>m", 0..6, Wrong::NotTime),
        ("edad:/5/", 0..8, Wrong::NotTime),
        ("tienda>72", 0..9, Wrong::NotSized),
        ("/(/", 0..3, Wrong::BadPattern),
        ("/x{9999}{9999}/", 0..15, Wrong::BadPattern),
        ("norte /abc", 6..10, Wrong::Unclosed),
        ("tienda:\"el norte", 0..16, Wrong::Unclosed),
    ] {
        let filter = filter(text);
        assert_eq!(filter.fault(), Some(&Fault { at, wrong }), "{text:?}");
        assert!(filter.matches(&row()), "{text:?}: what is right about it is used");
    }
    assert!(!filter("sur color:rojo").matches(&row()));
}

#[test]
fn the_last_word_is_completed_as_far_as_it_is_certain() {
    for (lang, text, completed) in [
        (Lang::Es, "ti", Some("tienda:")),
        (Lang::Es, "norte -ti", Some("norte -tienda:")),
        (Lang::En, "at", Some("attempts>")),
        (Lang::Es, "estado:so", Some("estado:solucionado")),
        (Lang::Es, "estado:NO", Some("estado:no_inyectado")),
        (Lang::En, "state:not", Some("state:not_injected")),
        (Lang::Es, "color:", None),
        (Lang::Es, "", None),
        (Lang::Es, "norte ", None),
        (Lang::Es, "zzz", None),
    ] {
        assert_eq!(complete(text, FIELDS, lang).as_deref(), completed, "{text:?}");
    }
}

#[test]
fn control_characters_and_excess_do_not_get_in() {
    let filter = filter(&format!("a\u{1b}b{}", "x".repeat(400)));
    assert_eq!(filter.text().chars().count(), FILTER_MAX);
    assert!(filter.text().starts_with("ab"));
}

proptest! {
    /// Whatever is typed: no panic, an end, faults within the text, and the same text again.
    #[test]
    fn any_text_is_read(text in "\\PC{0,60}|[-/\":<>=a-z0-9 _ñé.]{0,80}|(edad|tienda|intentos)[:=<>]{0,2}\\PC{0,10}") {
        let filter = filter(&text);
        prop_assert_eq!(filter.text(), text.as_str());
        filter.matches(&row());
        for fault in &filter.faults {
            prop_assert!(fault.at.start < fault.at.end && fault.at.end <= text.chars().count(), "{:?}", fault);
        }
        complete(&text, FIELDS, Lang::Es);
    }

    /// What is completed keeps what was written before the last word, has no fault but a value that is still to come, and
    /// can be completed again without going back.
    #[test]
    fn completion_stays_valid(
        before in "((norte|-pickup|/a[bc]/|edad>5m|estado:error) ){0,3}",
        word in "-?(ti|tien|ca|ed|estado:|estado:so|estado:NO|nube:a|canal:|\\PC{0,6})",
        lang in prop_oneof![Just(Lang::Es), Just(Lang::En)],
    ) {
        let text = format!("{before}{word}");
        if let Some(completed) = complete(&text, FIELDS, lang) {
            prop_assert!(completed.starts_with(&before), "{text:?} became {completed:?}");
            prop_assert!(!completed.chars().any(char::is_control));
            let (faults, had) = (filter(&completed).faults, filter(&text).faults.len());
            prop_assert!(faults.len() <= had + 1, "{completed:?}: {faults:?}");
            prop_assert!(faults.iter().skip(had).all(|fault| fault.wrong == Wrong::NoValue), "{completed:?}: {faults:?}");
            if let Some(more) = complete(&completed, FIELDS, lang) {
                prop_assert!(more.starts_with(&completed), "{completed:?} became {more:?}");
            }
        }
    }

    /// Plain words are found as a search box would.
    #[test]
    fn plain_words_are_all_looked_for(words in proptest::collection::vec("[a-z0-9]{1,8}", 0..5)) {
        let expected = words.iter().all(|word| row().words.contains(word));
        prop_assert_eq!(filter(&words.join(" ")).matches(&row()), expected);
    }
}
