//! What passed by subject, as a tree: how much in all, and how fast over the last seconds.

use std::collections::BTreeMap;

use contract::UtcMs;

/// Where the tree begins: nothing else is observed.
pub const ROOT: &str = "domicilio";

/// Subjects kept one by one: all of two thousand stores. What passes on further ones is counted with the nearest one
/// that is kept, and shown there as `…`.
pub const NODES_MAX: usize = 10_000;

/// Tokens of a subject that make nodes; ours have five.
pub const TOKENS_MAX: usize = 6;

/// Seconds over which rates are averaged.
pub const RATE_WINDOW_S: i64 = 5;

/// One more than the window: the second that is not over counts only when it is.
const BUCKETS: usize = 6;

/// How many messages, and how fast.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flow {
    /// Messages since the console started.
    pub messages: u64,
    /// Bytes of their bodies and headers.
    pub bytes: u64,
    /// The newest seconds, messages and bytes, each at its second's place.
    recent: [(u64, u64); BUCKETS],
    /// The newest second in there.
    second: i64,
}

impl Flow {
    fn add(&mut self, second: i64, messages: u64, bytes: u64) {
        self.messages += messages;
        self.bytes += bytes;
        // Time may be told a little out of order; what comes late counts in the newest second.
        let newest = self.second.max(second);
        for gone in (self.second + 1..=newest).rev().take(BUCKETS) {
            self.recent[place(gone)] = (0, 0);
        }
        self.second = newest;
        let bucket = &mut self.recent[place(newest)];
        bucket.0 += messages;
        bucket.1 += bytes;
    }

    /// Messages and bytes a second, over the last `seconds` full seconds before `now`, in seconds.
    fn rate(&self, now: i64, seconds: i64) -> (f64, f64) {
        let held = |second: &i64| *second <= self.second && self.second - *second < RATE_WINDOW_S + 1;
        let sum = (now - seconds..now).filter(held).map(|second| self.recent[place(second)]);
        let (messages, bytes) = sum.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (messages as f64 / seconds as f64, bytes as f64 / seconds as f64)
    }
}

fn place(second: i64) -> usize {
    usize::try_from(second.rem_euclid(RATE_WINDOW_S + 1)).unwrap_or(0)
}

fn second(at: UtcMs) -> i64 {
    at.as_millis().div_euclid(1_000)
}

/// A subject and what is below it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// Of all messages at and below it.
    pub flow: Flow,
    /// Of those below it whose own subjects had no room.
    pub beyond: Flow,
    /// What is below it.
    pub children: BTreeMap<String, Node>,
}

/// The tree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subjects {
    /// At `domicilio`.
    pub root: Node,
    nodes: usize,
    since: Option<UtcMs>,
}

impl Subjects {
    /// Counts messages on `subject`; empty for those whose subjects were too many to be told apart.
    pub fn count(&mut self, at: UtcMs, subject: &str, messages: u64, bytes: u64) {
        self.since.get_or_insert(at);
        let second = second(at);
        let mut node = &mut self.root;
        node.flow.add(second, messages, bytes);
        let mut left = NODES_MAX.saturating_sub(self.nodes);
        if subject.is_empty() {
            node.beyond.add(second, messages, bytes);
            return;
        }
        for token in subject.split('.').skip(1).take(TOKENS_MAX - 1) {
            if !node.children.contains_key(token) {
                if left == 0 {
                    node.beyond.add(second, messages, bytes);
                    return;
                }
                left -= 1;
                self.nodes += 1;
            }
            node = node.children.entry(token.to_owned()).or_default();
            node.flow.add(second, messages, bytes);
        }
    }

    /// How many subjects are kept.
    pub const fn len(&self) -> usize {
        self.nodes
    }

    /// Whether nothing has passed yet.
    pub const fn is_empty(&self) -> bool {
        self.since.is_none()
    }

    /// Messages and bytes a second at `now`; `None` before a full second was observed.
    pub fn rate(&self, flow: &Flow, now: UtcMs) -> Option<(f64, f64)> {
        let seconds = (second(now) - second(self.since?)).min(RATE_WINDOW_S);
        (seconds > 0).then(|| flow.rate(second(now), seconds))
    }

    /// The node at `subject`.
    pub fn get(&self, subject: &str) -> Option<&Node> {
        let mut tokens = subject.split('.');
        let root = tokens.next().filter(|token| *token == ROOT).map(|_| &self.root);
        tokens.fold(root, |node, token| node?.children.get(token))
    }

    /// Every node with its subject, parents first, children in the order of their names; those below a node that
    /// `unfolded` does not name are left out.
    pub fn walk<'a>(&'a self, unfolded: &dyn Fn(&str) -> bool, each: &mut dyn FnMut(&str, &'a Node)) {
        fn below<'a>(
            subject: &str,
            node: &'a Node,
            unfolded: &dyn Fn(&str) -> bool,
            each: &mut dyn FnMut(&str, &'a Node),
        ) {
            each(subject, node);
            if unfolded(subject) {
                for (token, child) in &node.children {
                    below(&format!("{subject}.{token}"), child, unfolded, each);
                }
            }
        }
        if !self.is_empty() {
            below(ROOT, &self.root, unfolded, each);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> UtcMs {
        UtcMs::from_millis(ms)
    }

    #[test]
    fn rates_are_those_of_full_seconds_and_fade() {
        let mut subjects = Subjects::default();
        subjects.count(at(10_100), "domicilio.a", 10, 1_000);
        assert_eq!(subjects.rate(&subjects.root.flow, at(10_900)), None, "no second is over yet");
        assert_eq!(subjects.rate(&subjects.root.flow, at(11_000)), Some((10.0, 1_000.0)));
        subjects.count(at(11_500), "domicilio.a", 30, 0);
        assert_eq!(subjects.rate(&subjects.root.flow, at(12_000)), Some((20.0, 500.0)));
        assert_eq!(subjects.rate(&subjects.root.flow, at(15_000)), Some((8.0, 200.0)));
        assert_eq!(subjects.rate(&subjects.root.flow, at(16_000)), Some((6.0, 0.0)));
        assert_eq!(subjects.rate(&subjects.root.flow, at(60_000)), Some((0.0, 0.0)));
        subjects.count(at(60_100), "domicilio.a", 5, 5);
        assert_eq!(subjects.rate(&subjects.root.flow, at(61_000)), Some((1.0, 1.0)));
    }

    #[test]
    fn what_has_no_room_is_counted_with_its_parent() {
        let mut subjects = Subjects::default();
        for n in 0..NODES_MAX + 50 {
            subjects.count(at(0), &format!("domicilio.x.{n}"), 1, 2);
        }
        assert_eq!(subjects.len(), NODES_MAX);
        let parent = subjects.get("domicilio.x").unwrap();
        // One of the nodes is the parent itself.
        assert_eq!((parent.children.len(), parent.beyond.messages), (NODES_MAX - 1, 51));
        assert_eq!(parent.flow.messages, u64::try_from(NODES_MAX + 50).unwrap());
        subjects.count(at(0), "", 7, 7);
        assert_eq!(subjects.root.beyond.messages, 7);
    }

    #[test]
    fn only_what_is_unfolded_is_walked() {
        let mut subjects = Subjects::default();
        for subject in ["domicilio.b.1", "domicilio.a.1.x", "domicilio.a.2"] {
            subjects.count(at(0), subject, 1, 1);
        }
        let walked = |unfolded: &[&str]| {
            let mut seen = Vec::new();
            subjects.walk(&|subject| unfolded.contains(&subject), &mut |subject, _| seen.push(subject.to_owned()));
            seen
        };
        assert_eq!(walked(&[]), ["domicilio"]);
        assert_eq!(
            walked(&["domicilio", "domicilio.a"]),
            ["domicilio", "domicilio.a", "domicilio.a.1", "domicilio.a.2", "domicilio.b"]
        );
    }

    proptest! {
        #[test]
        fn a_parent_has_what_its_children_have(counts in prop::collection::vec(("[a-c](\\.[a-c]){0,3}", 1_u64..9, 0_i64..20_000), 1..60)) {
            let mut subjects = Subjects::default();
            for (subject, messages, ms) in &counts {
                subjects.count(at(*ms), &format!("domicilio.{subject}"), *messages, *messages * 3);
            }
            let mut bad = Vec::new();
            subjects.walk(&|_| true, &mut |subject, node| {
                let below: u64 = node.children.values().map(|child| child.flow.messages).sum();
                if below > node.flow.messages || node.flow.bytes != node.flow.messages * 3 {
                    bad.push(subject.to_owned());
                }
            });
            prop_assert!(bad.is_empty(), "{bad:?}");
            prop_assert_eq!(subjects.root.flow.messages, counts.iter().map(|(_, messages, _)| messages).sum::<u64>());
        }
    }
}
