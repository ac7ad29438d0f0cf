//! Who may do what on the bus, as data: the users, and what each may publish and hear.
//!
//! [`render`] turns the table into nats-server's own configuration and into the page of the documentation, [`values`] into
//! those of NATS's Helm chart. Whatever is not listed is denied. A user hears only its own inboxes, so nobody reads what
//! another one was answered.

pub mod render;
mod right;
mod table;
pub mod values;

pub use right::{Held, Right};
pub use table::USERS;

/// One user of the bus.
#[derive(Debug, Clone, Copy)]
pub struct User {
    /// The name by which it logs in; one token of a subject.
    pub name: &'static str,
    /// Who it is for, for people.
    pub purpose: &'static str,
    /// The user whose rights it has, too.
    pub beyond: Option<&'static User>,
    /// Its rights.
    pub rights: &'static [Right],
}

/// Subjects that a user may use, wildcards included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subjects {
    /// What it may publish to.
    pub publish: Vec<String>,
    /// What it may not publish to, whatever else says so.
    pub denied: Vec<String>,
    /// What it may subscribe to, or to a part of.
    pub subscribe: Vec<String>,
    /// Whether it may answer whoever asks it, wherever the answer is wanted.
    pub answers: bool,
}

impl Subjects {
    /// Whether publishing to `subject` is allowed; answers apart.
    pub fn may_publish(&self, subject: &str) -> bool {
        let within = |patterns: &[String]| patterns.iter().any(|pattern| covers(pattern, subject));
        within(&self.publish) && !within(&self.denied)
    }

    /// Whether subscribing to `subject`, wildcards included, is allowed.
    pub fn may_subscribe(&self, subject: &str) -> bool {
        self.subscribe.iter().any(|pattern| covers(pattern, subject))
    }
}

impl User {
    /// Every right, those that it has from another user first.
    pub fn every_right(&self) -> Vec<Right> {
        let mut rights = self.beyond.map_or_else(Vec::new, Self::every_right);
        rights.extend(self.rights);
        rights
    }

    /// What its rights come to, each subject once.
    pub fn subjects(&self) -> Subjects {
        let mut all = Subjects::default();
        let add = |to: &mut Vec<String>, subjects: Vec<String>| {
            for subject in subjects {
                if !to.contains(&subject) {
                    to.push(subject);
                }
            }
        };
        for right in self.every_right() {
            let Subjects { publish, denied, subscribe, answers } = right.subjects(self.name);
            add(&mut all.publish, publish);
            add(&mut all.denied, denied);
            add(&mut all.subscribe, subscribe);
            all.answers |= answers;
        }
        // Every delivery names a place for its acknowledgement. To whoever may answer, the server would grant each of
        // them by itself, and remember it for as long as an answer may take.
        for right in self.every_right() {
            if let (true, Right::Read(held)) = (all.answers, right) {
                add(&mut all.publish, vec![right::acknowledgements(&held.stream())]);
            }
        }
        all
    }
}

/// What the inboxes of a user begin with; `None` when its name is not one token of a subject.
pub fn inbox_prefix(user: &str) -> Option<String> {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !".*>".contains(c);
    (!user.is_empty() && user.chars().all(fits)).then(|| format!("_INBOX.{user}"))
}

/// Whether every subject that matches `subject` matches `pattern`, too.
fn covers(pattern: &str, subject: &str) -> bool {
    let (mut pattern, mut subject) = (pattern.split('.'), subject.split('.'));
    loop {
        match (pattern.next(), subject.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(token)) if token != ">" => {}
            (Some(wanted), Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_is_within_it() {
        for (pattern, subject, expected) in [
            ("a.>", "a.b.c", true),
            ("a.>", "a.>", true),
            ("a.>", "a", false),
            ("a.*", "a.b", true),
            ("a.*", "a.>", false),
            ("a.*", "a.*", true),
            ("a.b", "a.*", false),
            ("a.*.c", "a.b.d", false),
            ("a.*", "a.b.c", false),
        ] {
            assert_eq!(covers(pattern, subject), expected, "{pattern} {subject}");
        }
    }

    #[test]
    fn inboxes_are_ones_own_where_a_name_allows_it() {
        assert_eq!(inbox_prefix("ops-read").as_deref(), Some("_INBOX.ops-read"));
        for name in ["", "a.b", "a b", "*", ">", "a\n"] {
            assert_eq!(inbox_prefix(name), None, "{name:?}");
        }
    }
}
