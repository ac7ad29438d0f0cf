//! What the server does not let us do. It says so in an error of the connection, and nowhere else.

use std::fmt;

/// Denials kept of one connection: more than there are subjects to be denied; a loop that asks again adds none.
pub const DENIALS_MAX: usize = 64;

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Sending.
    Publish,
    /// Listening.
    Subscribe,
}

/// One thing that the server denied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// What was tried.
    pub verb: Verb,
    /// On which subject; as the server wrote it, not yet made harmless.
    pub subject: String,
}

impl Denial {
    /// Reads `Permissions Violation for Publish to "subject"` and its like; `None` for any other sentence.
    pub fn parse(sentence: &str) -> Option<Self> {
        let lower = sentence.to_ascii_lowercase();
        let at = lower.find("permissions violation for ")? + "permissions violation for ".len();
        let rest = &lower[at..];
        let verb = if rest.starts_with("publish to ") {
            Verb::Publish
        } else if rest.starts_with("subscription to ") {
            Verb::Subscribe
        } else {
            return None;
        };
        // The sentence as it came: subjects know capitals.
        let quoted = sentence[at..].split('"').nth(1)?;
        Some(Self { verb, subject: quoted.to_owned() })
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            Verb::Publish => "publish to",
            Verb::Subscribe => "subscribe to",
        };
        write!(f, "this user may not {verb} {}", self.subject)
    }
}

/// Adds a denial unless it is known or there are too many; tells whether it did.
pub(crate) fn note(denials: &mut Vec<Denial>, denial: Denial) -> bool {
    let new = denials.len() < DENIALS_MAX && !denials.contains(&denial);
    if new {
        denials.push(denial);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_sentences_are_understood() {
        for (sentence, expected) in [
            (
                r#"nats: Permissions Violation for Publish to "$JS.API.STREAM.INFO.ORDERS""#,
                Some((Verb::Publish, "$JS.API.STREAM.INFO.ORDERS")),
            ),
            (
                r#"Permissions Violation for Subscription to "domicilio.orders.>""#,
                Some((Verb::Subscribe, "domicilio.orders.>")),
            ),
            (r#"Permissions Violation for Subscription to "a.b" using queue "q""#, Some((Verb::Subscribe, "a.b"))),
            ("nats: stale connection", None),
            ("Permissions Violation for Publish to ", None),
        ] {
            let denial = Denial::parse(sentence);
            assert_eq!(denial.as_ref().map(|d| (d.verb, d.subject.as_str())), expected, "{sentence}");
        }
    }

    #[test]
    fn a_loop_that_asks_again_adds_none_and_there_is_an_end() {
        let denial = |n: usize| Denial { verb: Verb::Publish, subject: format!("$JS.API.STREAM.INFO.S{n}") };
        let mut known = Vec::new();
        assert!(note(&mut known, denial(1)) && !note(&mut known, denial(1)));
        for n in 0..1_000 {
            note(&mut known, denial(n));
        }
        assert_eq!(known.len(), DENIALS_MAX);
    }
}
