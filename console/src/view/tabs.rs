//! The second line: the screens with their number keys and what calls for a look there; at the right the filter.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::fit::{self, Align};
use super::pen::{Look, Pen};
use super::when;
use crate::action::Action;
use crate::state::attention::Severity;
use crate::state::{Screen, State};
use crate::text::{Msg, phrases};
use crate::theme::Meaning;

pub(super) const fn title(screen: Screen) -> Msg {
    match screen {
        Screen::Overview => Msg::TabOverview,
        Screen::Orders => Msg::TabOrders,
        Screen::Queues => Msg::TabQueues,
        Screen::Stores => Msg::TabStores,
        Screen::NotInjected => Msg::TabNotInjected,
        Screen::Services => Msg::TabServices,
        Screen::Bus => Msg::TabBus,
        Screen::Log => Msg::TabLog,
    }
}

/// Draws the line; tells where the tabs are.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State) -> Vec<(Rect, Screen)> {
    let look = pen.look;
    let filter = filter(look, state);
    // Names, then badges give way to the filter, not the other way round: it decides what the table shows.
    let room = usize::from(area.width).saturating_sub(columns(&filter));
    let tabs = [(Names::Full, true), (Names::Short, true), (Names::Open, true), (Names::Open, false)]
        .map(|(names, badged)| tabs(look, state, names, badged))
        .into_iter()
        .find(|tabs| columns(&tabs.concat()) <= room)
        .unwrap_or_else(|| tabs(look, state, Names::None, false));
    let mut places = Vec::new();
    let mut x = area.x;
    for (screen, tab) in Screen::ALL.into_iter().zip(&tabs) {
        let width = u16::try_from(columns(tab)).unwrap_or(u16::MAX);
        places.push((Rect { x, width, ..area }.intersection(area), screen));
        x = x.saturating_add(width);
    }
    let spans = tabs.concat();
    let room = area.width.saturating_sub(u16::try_from(columns(&spans)).unwrap_or(u16::MAX));
    pen.line(area.x, area.y, area.width, Line::from(spans), Align::Left);
    pen.line(area.right() - room, area.y, room, Line::from(filter), Align::Right);
    places
}

fn columns(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|span| fit::width(&span.content)).sum()
}

/// The filter of the table on screen, when there is one that is not being written.
fn filter(look: &Look, state: &State) -> Vec<Span<'static>> {
    if state.filtering || state.filter_text().is_empty() {
        return Vec::new();
    }
    let (shown, total) = state.row_counts();
    let fault =
        state.filter().fault().map(|_| look.span(Meaning::AlertCritical, format!(" {}", look.glyphs().critical)));
    fault
        .into_iter()
        .chain([
            look.span(Meaning::Key, " /"),
            look.span(Meaning::Field, state.filter_text()),
            look.span(Meaning::Muted, format!(" {} ", phrases::some_of(look.lang, shown, total))),
        ])
        .collect()
}

/// How much of the tabs' names there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Full,
    /// Short ones, close together.
    Short,
    /// That of the open tab alone.
    Open,
    None,
}

const fn short(screen: Screen) -> Msg {
    match screen {
        Screen::Overview => Msg::TabOverviewShort,
        Screen::Orders => Msg::TabOrdersShort,
        Screen::Stores => Msg::TabStoresShort,
        Screen::NotInjected => Msg::TabNotInjectedShort,
        Screen::Services => Msg::TabServicesShort,
        Screen::Log => Msg::TabLogShort,
        screen => title(screen),
    }
}

/// What each tab is made of, with or without badges, the margin before the first one included.
fn tabs(look: &Look, state: &State, names: Names, badged: bool) -> Vec<Vec<Span<'static>>> {
    let margin = Span::raw(if names == Names::Short { "" } else { " " });
    let mut tabs = Vec::new();
    for screen in Screen::ALL {
        let mut spans: Vec<Span<'static>> = if tabs.is_empty() { vec![margin.clone()] } else { Vec::new() };
        let key = state.settings.keys.first(Action::Show(screen));
        let number = key.map_or_else(String::new, |key| key.name(look.theme.is_ascii()));
        let open = screen == state.screen;
        let name = match names {
            Names::Full => look.t(title(screen)),
            Names::Short => look.t(short(screen)),
            Names::Open if open => look.t(short(screen)),
            Names::Open | Names::None => "",
        };
        let text = if names == Names::Short {
            format!(" {number} {name}")
        } else {
            format!(" {number} {name} ").replace("  ", " ")
        };
        spans.push(look.span(if open { Meaning::TabActive } else { Meaning::Muted }, text));
        if let Some((meaning, badge)) = badge(look, state, screen).filter(|_| badged) {
            // On the open tab the badge stands on the tab's own ground.
            let ground = if open { look.style(Meaning::Selected) } else { Style::new() };
            let badge = if names == Names::Short { format!(" {badge}") } else { format!("{badge} ") };
            spans.push(Span::styled(badge, look.style(meaning).patch(ground)));
        }
        tabs.push(spans);
    }
    tabs
}

/// What calls for a look at a screen.
fn badge(look: &Look, state: &State, screen: Screen) -> Option<(Meaning, String)> {
    let glyphs = look.glyphs();
    let alert = |count: usize, meaning, glyph| (count > 0).then(|| (meaning, format!("{glyph}{count}")));
    match screen {
        Screen::Overview => {
            // What was acknowledged calls nobody any more.
            let open = || state.attention.iter().filter(|item| !item.acknowledged);
            let critical = open().filter(|item| item.severity == Severity::Critical).count();
            alert(critical, Meaning::AlertCritical, glyphs.critical)
                .or_else(|| alert(open().count(), Meaning::AlertWarn, glyphs.warn))
        }
        Screen::Orders | Screen::Stores | Screen::Bus | Screen::Log => None,
        Screen::NotInjected => alert(state.orders.not_injected_len(), Meaning::AlertCritical, glyphs.critical),
        Screen::Queues => {
            // A depth that could not be counted again is marked, even when it was zero.
            let old = super::counts_age_ms(look, state).is_some();
            match state.queues.total? {
                total if old => Some((Meaning::AlertWarn, format!("{}?", when::count(total)))),
                0 => None,
                total => Some((Meaning::Text, when::count(total))),
            }
        }
        Screen::Services => {
            let silent = state.services.iter().filter(|instance| look.is_silent(instance)).count();
            alert(silent, Meaning::AlertCritical, glyphs.critical)
        }
    }
}
