//! The payload of the opened order as a tree: what is folded, where the cursor is, what is searched.
//!
//! A masked payload never changes, so the place of a line in it is the line's id.

use std::collections::BTreeSet;

use crate::filter::fold;
use crate::mask::{Line, Masked, Value};

/// Characters of a search.
pub const SEARCH_MAX: usize = 60;

/// Lines of a payload beyond which its inner parts are folded at first: two screens, so that its outline is seen.
const LONG_LINES: usize = 60;

/// Depth from which the parts of a long payload are folded at first.
const FOLDED_DEPTH: u16 = 2;

/// How the payload of the opened order is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// The line that keys act on; `None` while keys scroll the whole detail.
    pub cursor: Option<usize>,
    /// Lines whose inner lines are hidden.
    pub folded: BTreeSet<usize>,
    /// What is searched.
    pub search: String,
    /// Whether that is being written.
    pub searching: bool,
}

impl Tree {
    /// At first: a long payload is folded to its outline.
    pub fn new(payload: &Masked) -> Self {
        let long = payload.lines.len() > LONG_LINES;
        let inner = |line: &Line| long && line.depth >= FOLDED_DEPTH && holds_lines(line);
        let folded = payload.lines.iter().enumerate().filter(|(_, line)| inner(line)).map(|(at, _)| at).collect();
        Self { folded, ..Self::default() }
    }

    /// Places of the lines that are shown.
    pub fn shown(&self, payload: &Masked) -> Vec<usize> {
        let mut shown = Vec::new();
        let mut hidden_below: Option<u16> = None;
        for (at, line) in payload.lines.iter().enumerate() {
            if hidden_below.is_some_and(|depth| line.depth > depth) {
                continue;
            }
            hidden_below = self.folded.contains(&at).then_some(line.depth);
            shown.push(at);
        }
        shown
    }

    /// Moves the cursor by `step` among the lines that are shown, kept within them.
    pub fn step(&mut self, payload: &Masked, step: isize) {
        let shown = self.shown(payload);
        let at = self.cursor.and_then(|cursor| shown.iter().position(|line| *line == cursor)).unwrap_or(0);
        let to = at.saturating_add_signed(step).min(shown.len().saturating_sub(1));
        self.cursor = shown.get(to).copied();
    }

    /// Hides the inner lines of the cursor's line; where there are none to hide, goes to the line around it.
    pub fn fold(&mut self, payload: &Masked) {
        let Some(cursor) = self.cursor else { return };
        if opens(payload, cursor) && self.folded.insert(cursor) {
            return;
        }
        self.cursor = around(payload, cursor).next().or(Some(cursor));
    }

    /// Shows the inner lines of the cursor's line.
    pub fn unfold(&mut self) {
        if let Some(cursor) = self.cursor {
            self.folded.remove(&cursor);
        }
    }

    /// Folds or unfolds the cursor's line.
    pub fn toggle(&mut self, payload: &Masked) {
        if let Some(cursor) = self.cursor.filter(|cursor| opens(payload, *cursor))
            && !self.folded.remove(&cursor)
        {
            self.folded.insert(cursor);
        }
    }

    /// Folds everything below the top; when that is so already, unfolds everything.
    pub fn toggle_all(&mut self, payload: &Masked) {
        let lines = payload.lines.iter().enumerate();
        let all: BTreeSet<usize> =
            lines.filter(|(at, line)| line.depth > 0 && opens(payload, *at)).map(|(at, _)| at).collect();
        self.folded = if self.folded == all { BTreeSet::new() } else { all };
        // The cursor stays in sight.
        if let Some(cursor) = self.cursor {
            let outermost = around(payload, cursor).filter(|line| self.folded.contains(line)).last();
            self.cursor = Some(outermost.unwrap_or(cursor));
        }
    }

    /// Lines that hold what is searched, in their key or in a value that is shown. What is masked is never found.
    pub fn found(&self, payload: &Masked) -> Vec<usize> {
        let wanted = fold(self.search.trim());
        if wanted.is_empty() {
            return Vec::new();
        }
        let holds = |line: &Line| {
            let key = line.key.as_deref().is_some_and(|key| fold(key).contains(&wanted));
            key || match &line.value {
                Value::Text(text) => fold(text).contains(&wanted),
                Value::Number(number) => number.contains(&wanted),
                Value::Bool(value) => value.to_string().contains(&wanted),
                Value::Null => "null".contains(&wanted),
                Value::Object(_) | Value::Array(_) | Value::Masked => false,
            }
        };
        payload.lines.iter().enumerate().filter(|(_, line)| holds(line)).map(|(at, _)| at).collect()
    }

    /// Goes to the next line that holds what is searched, or to the one before, round and round; unfolds what hides it.
    /// `here` counts the cursor's own line too.
    pub fn go(&mut self, payload: &Masked, forward: bool, here: bool) {
        let found = self.found(payload);
        let from = self.cursor.unwrap_or(0);
        let to = if forward {
            let after = found.iter().find(|line| **line > from || here && **line == from);
            after.or_else(|| found.first())
        } else {
            found.iter().rev().find(|line| **line < from).or_else(|| found.last())
        };
        if let Some(to) = to.copied() {
            for line in around(payload, to) {
                self.folded.remove(&line);
            }
            self.cursor = Some(to);
        }
    }
}

const fn holds_lines(line: &Line) -> bool {
    matches!(line.value, Value::Object(1..) | Value::Array(1..))
}

/// Whether a line has inner lines.
fn opens(payload: &Masked, at: usize) -> bool {
    payload.lines.get(at).is_some_and(holds_lines)
}

/// The lines that a line is inside of, the innermost first.
fn around(payload: &Masked, at: usize) -> impl Iterator<Item = usize> {
    let mut depth = payload.lines.get(at).map_or(0, |line| line.depth);
    let before = payload.lines.iter().enumerate().take(at).rev();
    before.filter_map(move |(at, line)| {
        let outer = line.depth < depth;
        depth = depth.min(line.depth);
        outer.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mask::mask;

    fn payload() -> Masked {
        mask(
            br#"{"cabecera":[{"medio":"APP","nombresCliente":"zzsecret","totalFactura":8.5}],
            "detalle":[{"codPlu":11,"cantidad":2},{"codPlu":12,"cantidad":3}],"vacio":[]}"#,
        )
        .unwrap()
    }

    fn at(payload: &Masked, key: &str) -> usize {
        payload.lines.iter().position(|line| line.key.as_deref() == Some(key)).unwrap()
    }

    #[test]
    fn folding_hides_the_inner_lines_and_nothing_else() {
        let payload = payload();
        let mut tree = Tree::new(&payload);
        assert_eq!(tree.shown(&payload).len(), payload.lines.len());
        tree.cursor = Some(at(&payload, "detalle"));
        tree.fold(&payload);
        assert_eq!(tree.shown(&payload).len(), payload.lines.len() - 6);
        tree.step(&payload, 1);
        assert_eq!(tree.cursor, Some(at(&payload, "vacio")), "over what is folded");
        tree.fold(&payload);
        assert_eq!(tree.cursor, Some(0), "nothing to fold: out to the line around it");
        tree.cursor = Some(at(&payload, "detalle"));
        tree.toggle(&payload);
        assert_eq!(tree.folded.len(), 0);
        tree.cursor = Some(at(&payload, "codPlu"));
        tree.toggle_all(&payload);
        assert_eq!((tree.shown(&payload).len(), tree.cursor), (4, Some(at(&payload, "detalle"))));
        tree.toggle_all(&payload);
        assert_eq!(tree.shown(&payload).len(), payload.lines.len());
    }

    #[test]
    fn searching_goes_round_unfolds_and_never_finds_what_is_masked() {
        let payload = payload();
        let mut tree = Tree::new(&payload);
        tree.toggle_all(&payload);
        tree.search = "CODPLÚ".to_owned();
        tree.go(&payload, true, true);
        let first = at(&payload, "codPlu");
        assert_eq!(tree.cursor, Some(first));
        assert!(tree.shown(&payload).contains(&first));
        tree.go(&payload, true, false);
        assert_eq!(tree.cursor, Some(first + 3));
        tree.go(&payload, true, false);
        assert_eq!(tree.cursor, Some(first), "round");
        tree.go(&payload, false, false);
        assert_eq!(tree.cursor, Some(first + 3));
        for (search, count) in [("zzsecret", 0), ("nombres", 1), ("app", 1), ("8.5", 1), ("oculto", 0), (" ", 0)] {
            tree.search = search.to_owned();
            assert_eq!(tree.found(&payload).len(), count, "{search}");
        }
    }

    #[test]
    fn a_long_payload_shows_its_outline_first() {
        let items = vec![r#"{"codPlu":1,"cantidad":2}"#; 40].join(",");
        let payload = mask(format!(r#"{{"detalle":[{items}]}}"#).as_bytes()).unwrap();
        let tree = Tree::new(&payload);
        assert_eq!((payload.lines.len(), tree.shown(&payload).len()), (122, 42));
    }

    proptest! {
        /// Whatever is pressed, the cursor is on a line that is shown.
        #[test]
        fn the_cursor_stays_in_sight(steps in prop::collection::vec(0_u8..7, 0..40)) {
            let payload = payload();
            let mut tree = Tree { cursor: Some(0), search: "c".to_owned(), ..Tree::new(&payload) };
            for step in steps {
                match step {
                    0 => tree.step(&payload, 1),
                    1 => tree.step(&payload, -3),
                    2 => tree.fold(&payload),
                    3 => tree.unfold(),
                    4 => tree.toggle(&payload),
                    5 => tree.toggle_all(&payload),
                    _ => tree.go(&payload, true, false),
                }
                prop_assert!(tree.cursor.is_some_and(|cursor| tree.shown(&payload).contains(&cursor)));
            }
        }
    }
}
