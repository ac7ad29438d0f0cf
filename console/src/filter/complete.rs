//! What may come next in a filter.

use super::field::{Field, Kind};
use super::words::{self, fold};
use crate::state::{Lang, OrderState};

/// `text` with its last word completed as far as it is certain: a field's name, or the value of a field with few
/// values. `None` when nothing can be added.
pub fn complete(text: &str, fields: &[Field], lang: Lang) -> Option<String> {
    let at = text.char_indices().rfind(|(_, c)| c.is_whitespace()).map_or(0, |(at, space)| at + space.len_utf8());
    let (before, word) = text.split_at(at);
    let (minus, word) = word.strip_prefix('-').map_or(("", word), |word| ("-", word));
    let (kept, begun, choices) = match word.split_once(':') {
        Some((name, value)) => {
            let field = Field::named(&fold(name)).filter(|field| fields.contains(field))?;
            (format!("{name}:"), value, values(field, lang))
        }
        None => (String::new(), word, names(fields, lang)),
    };
    let begun = fold(begun);
    if begun.is_empty() && kept.is_empty() {
        return None;
    }
    let fitting: Vec<&String> = choices.iter().filter(|choice| choice.starts_with(&begun)).collect();
    let first = fitting.first()?;
    let common = fitting.iter().fold(first.len(), |most, choice| {
        most.min(first.chars().zip(choice.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum())
    });
    let completed = &first[..common];
    (completed.len() > begun.len()).then(|| format!("{before}{minus}{kept}{completed}"))
}

/// Names of fields with the sign that follows.
fn names(fields: &[Field], lang: Lang) -> Vec<String> {
    let sign = |field: &Field| if field.kind() == Kind::Text { ":" } else { ">" };
    fields.iter().map(|field| format!("{}{}", field.name(lang), sign(field))).collect()
}

fn values(field: Field, lang: Lang) -> Vec<String> {
    match field {
        Field::State => {
            OrderState::ALL.iter().map(|state| fold(lang.t(words::order_state(*state))).replace(' ', "_")).collect()
        }
        Field::Channel => vec!["domicilio".to_owned(), "pickup".to_owned()],
        Field::Cloud => ["aws", "azure", "gcloud"].map(str::to_owned).to_vec(),
        _ => Vec::new(),
    }
}
