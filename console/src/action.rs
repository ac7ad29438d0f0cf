//! What a key can be bound to. An [`Action`] names an intention; what it does depends on where the person is.
//!
//! The table of keys is in `keys.rs`; names are kebab-case and stable, for key files refer to them.

/// One thing a key can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Leave the console.
    Quit,
    /// Open or close the help.
    Help,
    /// Go back one level: close a dialog, the help, a detail, then the filter.
    Back,
    /// Drill into the selected row; in a dialog, press the focused button.
    Open,
    /// Show a screen.
    Show(crate::state::Screen),
    /// Show the next screen.
    NextScreen,
    /// Show the screen before.
    PreviousScreen,
    /// Select the row below.
    Down,
    /// Select the row above.
    Up,
    /// Select one page further down.
    PageDown,
    /// Select one page further up.
    PageUp,
    /// Select the first row.
    Top,
    /// Select the last row.
    Bottom,
    /// Put the focus on the next field or button of a dialog.
    FocusNext,
    /// Put the focus on the field or button before.
    FocusPrevious,
    /// Write a filter for the table.
    Filter,
    /// Open the palette: name a screen, an action, a command, a store or an order, and go there.
    Palette,
    /// Search in the payload of the opened order.
    Search,
    /// Go to the next line that holds what is searched.
    FindNext,
    /// Go to the one before.
    FindPrevious,
    /// Hide what is inside the line of the payload.
    Fold,
    /// Show what is inside the line of the payload.
    Unfold,
    /// Hide or show everything inside the payload.
    FoldAll,
    /// Tell an order's way with every detail, or in short.
    Details,
    /// Mark the selected row, or take its mark away, and step down; in a list, choose or leave out.
    Mark,
    /// Mark every row that is shown.
    MarkAll,
    /// Take all marks away.
    Unmark,
    /// Change what the rows are sorted by, where there is a choice.
    Sort,
    /// Sort the other way round.
    SortReverse,
    /// Choose the columns of the table.
    Columns,
    /// Copy the id of what is looked at.
    Copy,
    /// Copy what is looked at as text.
    CopyDetail,
    /// Write the screen to a file.
    Dump,
    /// Hold the rows as they are, or let them follow again; messages are taken in all the while.
    Freeze,
    /// Prepare a test order.
    Inject,
    /// Prepare a pause of the instance or store that is looked at.
    Pause,
    /// Prepare the end of its pause.
    Resume,
    /// Prepare sending orders that were not injected once more.
    Reinject,
    /// Edit the payload of an order that was not injected, or a store's record, and prepare sending it.
    Edit,
    /// Prepare the word that nothing more is to be done about orders.
    Solve,
    /// Prepare giving up the order at the head of a store's queue.
    Release,
    /// Prepare asking an instance or a store's POS whether it answers.
    Ping,
    /// Prepare showing the personal data of the opened order, or hide it again.
    Reveal,
    /// Show what was done from here.
    Jobs,
    /// Send no more of what is being done.
    CancelJob,
    /// Say that the selected item of the overview was seen, or take that back.
    Acknowledge,
    /// Hide the selected item of the overview for a while.
    PutOff,
    /// Switch between Spanish and English.
    Language,
    /// Switch between the palettes for dark and for light grounds.
    Theme,
    /// Switch between local times and UTC.
    Utc,
    /// Give the keys to the next part of the screen.
    Pane,
    /// Follow the messages of the selected subject.
    Tail,
    /// Let the replayed time pass, or stand still.
    PlayPause,
    /// Let it pass faster.
    Faster,
    /// Let it pass slower.
    Slower,
    /// Go back from the past to the present.
    Live,
    /// Take the mouse, or leave it to the terminal.
    Mouse,
    /// Put away the notices at the bottom.
    Dismiss,
}

impl Action {
    /// Every action, in the order in which help lists them.
    pub const ALL: [Self; 65] = {
        use crate::state::Screen;
        [
            Self::Show(Screen::Overview),
            Self::Show(Screen::Orders),
            Self::Show(Screen::Queues),
            Self::Show(Screen::Stores),
            Self::Show(Screen::Services),
            Self::Show(Screen::NotInjected),
            Self::Show(Screen::Bus),
            Self::Show(Screen::Log),
            Self::NextScreen,
            Self::PreviousScreen,
            Self::Down,
            Self::Up,
            Self::PageDown,
            Self::PageUp,
            Self::Top,
            Self::Bottom,
            Self::Open,
            Self::Back,
            Self::FocusNext,
            Self::FocusPrevious,
            Self::Filter,
            Self::Palette,
            Self::Search,
            Self::FindNext,
            Self::FindPrevious,
            Self::Fold,
            Self::Unfold,
            Self::FoldAll,
            Self::Details,
            Self::Mark,
            Self::MarkAll,
            Self::Unmark,
            Self::Sort,
            Self::SortReverse,
            Self::Columns,
            Self::Copy,
            Self::CopyDetail,
            Self::Dump,
            Self::Freeze,
            Self::Pane,
            Self::Tail,
            Self::PlayPause,
            Self::Faster,
            Self::Slower,
            Self::Live,
            Self::Inject,
            Self::Pause,
            Self::Resume,
            Self::Reinject,
            Self::Edit,
            Self::Solve,
            Self::Release,
            Self::Ping,
            Self::Reveal,
            Self::Jobs,
            Self::CancelJob,
            Self::Acknowledge,
            Self::PutOff,
            Self::Language,
            Self::Theme,
            Self::Utc,
            Self::Mouse,
            Self::Dismiss,
            Self::Help,
            Self::Quit,
        ]
    };

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        use crate::state::Screen;
        match self {
            Self::Quit => "quit",
            Self::Help => "help",
            Self::Back => "back",
            Self::Open => "open",
            Self::Show(Screen::Overview) => "show-overview",
            Self::Show(Screen::Orders) => "show-orders",
            Self::Show(Screen::Queues) => "show-queues",
            Self::Show(Screen::Stores) => "show-stores",
            Self::Show(Screen::Services) => "show-services",
            Self::Show(Screen::NotInjected) => "show-not-injected",
            Self::Show(Screen::Bus) => "show-bus",
            Self::Show(Screen::Log) => "show-log",
            Self::Pane => "pane",
            Self::Tail => "tail",
            Self::PlayPause => "play-pause",
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Live => "live",
            Self::NextScreen => "next-screen",
            Self::PreviousScreen => "previous-screen",
            Self::Down => "down",
            Self::Up => "up",
            Self::PageDown => "page-down",
            Self::PageUp => "page-up",
            Self::Top => "top",
            Self::Bottom => "bottom",
            Self::FocusNext => "focus-next",
            Self::FocusPrevious => "focus-previous",
            Self::Filter => "filter",
            Self::Palette => "palette",
            Self::Search => "search",
            Self::FindNext => "find-next",
            Self::FindPrevious => "find-previous",
            Self::Fold => "fold",
            Self::Unfold => "unfold",
            Self::FoldAll => "fold-all",
            Self::Details => "details",
            Self::Mark => "mark",
            Self::MarkAll => "mark-all",
            Self::Unmark => "unmark",
            Self::Sort => "sort",
            Self::SortReverse => "sort-reverse",
            Self::Columns => "columns",
            Self::Copy => "copy",
            Self::CopyDetail => "copy-detail",
            Self::Dump => "dump",
            Self::Freeze => "freeze",
            Self::Inject => "inject",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Reinject => "reinject",
            Self::Edit => "edit",
            Self::Solve => "solve",
            Self::Release => "release",
            Self::Ping => "ping",
            Self::Reveal => "reveal",
            Self::Jobs => "jobs",
            Self::CancelJob => "cancel-job",
            Self::Acknowledge => "acknowledge",
            Self::PutOff => "put-off",
            Self::Language => "language",
            Self::Theme => "theme",
            Self::Utc => "utc",
            Self::Mouse => "mouse",
            Self::Dismiss => "dismiss",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_kebab_case_and_unique() {
        let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }
}
