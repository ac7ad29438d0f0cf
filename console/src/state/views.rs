//! Saved views: a screen with its filter, its order and its hidden columns, under a name.

use super::sort::{self, Key, Sort};
use super::wire::Pane;
use super::{Screen, State, columns};
use crate::filter::fold;
use crate::text::Msg;

/// Views kept: a list that a person still reads.
pub const VIEWS_MAX: usize = 100;

/// Characters of a view's name.
pub const NAME_MAX: usize = 40;

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name; case and accents do not tell two views apart.
    pub name: String,
    /// The screen.
    pub screen: Screen,
    /// What had the keys on the screen of the bus; the first part on the others.
    pub pane: Pane,
    /// Text of the filter.
    pub filter: String,
    /// Order of the rows.
    pub sort: Sort,
    /// Names of the hidden columns.
    pub hidden: Vec<Msg>,
}

/// Every saved view.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Views {
    /// The views, in the order in which they were saved; at most [`VIEWS_MAX`].
    pub all: Vec<View>,
    /// Why they could not be read, if so: then none can be saved, so that nothing is lost.
    pub fault: Option<String>,
}

impl Views {
    /// The view of this name; else the only one that begins so.
    pub fn find(&self, name: &str) -> Option<&View> {
        let name = fold(name.trim());
        let exact = self.all.iter().find(|view| fold(&view.name) == name);
        let mut begin = self.all.iter().filter(|view| !name.is_empty() && fold(&view.name).starts_with(&name));
        exact.or_else(|| begin.next().filter(|_| begin.next().is_none()))
    }
}

/// `all` with `view`, which takes the place of one of the same name; `None` when there is no room.
pub fn with(mut all: Vec<View>, view: View) -> Option<Vec<View>> {
    let name = fold(&view.name);
    if let Some(known) = all.iter_mut().find(|known| fold(&known.name) == name) {
        *known = view;
        return Some(all);
    }
    let room = all.len() < VIEWS_MAX;
    room.then(|| {
        all.push(view);
        all
    })
}

impl State {
    /// What is on screen as a view.
    pub fn as_view(&self, name: String) -> View {
        View {
            name,
            screen: self.screen,
            pane: if self.screen == Screen::Bus { self.wire.pane } else { Pane::default() },
            filter: self.filter_text().to_owned(),
            sort: self.table().sort(),
            hidden: self.table().hidden().to_vec(),
        }
    }
}

/// The name of a screen in a file.
pub const fn screen_name(screen: Screen) -> &'static str {
    match screen {
        Screen::Overview => "overview",
        Screen::Orders => "orders",
        Screen::Queues => "queues",
        Screen::NotInjected => "not-injected",
        Screen::Stores => "stores",
        Screen::Services => "services",
        Screen::Bus => "bus",
        Screen::Log => "log",
    }
}

/// The screen of this name.
pub fn screen_named(name: &str) -> Option<Screen> {
    Screen::ALL.into_iter().find(|screen| screen_name(*screen) == name)
}

/// The name of a part of the screen of the bus in a file.
pub const fn pane_name(pane: Pane) -> &'static str {
    match pane {
        Pane::Subjects => "subjects",
        Pane::Tail => "messages",
        Pane::Server => "streams",
        Pane::Clients => "clients",
    }
}

/// The part of the screen of the bus with this name.
pub fn pane_named(name: &str) -> Option<Pane> {
    Pane::ALL.into_iter().find(|pane| pane_name(*pane) == name)
}

/// The name of a column in a file: that of its message, `ninety-nine` for `ColumnNinetyNine`.
pub fn column_name(column: Msg) -> String {
    let mut name = String::new();
    for c in format!("{column:?}").trim_start_matches("Column").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// The column of this name in a screen's table.
pub fn column_named(screen: Screen, name: &str) -> Option<Msg> {
    columns::of(screen).iter().copied().find(|column| column_name(*column) == name)
}

/// The name of a key in a file.
pub fn key_name(key: Key) -> String {
    match key {
        Key::Usual => "usual".to_owned(),
        Key::OldestOpen => "oldest-open".to_owned(),
        Key::Column(column) => column_name(column),
    }
}

/// The key of this name for a screen's table.
pub fn key_named(screen: Screen, name: &str) -> Option<Key> {
    sort::keys(screen).iter().copied().find(|key| key_name(*key) == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_in_files_are_unique_and_lead_back() {
        for screen in Screen::ALL {
            assert_eq!(screen_named(screen_name(screen)), Some(screen));
            let names: BTreeSet<String> = columns::of(screen).iter().map(|column| column_name(*column)).collect();
            assert_eq!(names.len(), columns::of(screen).len(), "{screen:?}");
            for key in sort::keys(screen) {
                assert_eq!(key_named(screen, &key_name(*key)), Some(*key));
            }
        }
        assert_eq!(column_named(Screen::Services, "ninety-nine"), Some(Msg::ColumnNinetyNine));
        assert_eq!(column_named(Screen::Orders, "ninety-nine"), None);
    }
}
