//! What the connection is, and what it does not let us see.

use domicilio::action::Action;
use domicilio::effect::Effect;
use domicilio::event::{Edit, Event, History, LinkChange, Part};
use domicilio::state::access::{Access, Identity, Said, Setting, Tried};
use domicilio::state::{Lang, Notice, Refusal, Screen, State};
use domicilio::update::update;

use crate::fixture::{self, act, busy, empty, then};
use crate::paint;
use crate::snapshots::{LANGS, SIZES, check, check_small};

fn rows(state: &State, (width, height): (u16, u16)) -> Vec<String> {
    paint::text(&paint::buffer(state, width, height, paint::theme()))
}

/// On a production context that a variable overrode in part.
pub(crate) fn production(lang: Lang) -> State {
    let mut state = busy(lang);
    let setting = |what, value: &str, said, named| Setting { what, value: value.to_owned(), said, named };
    state.access.context = Some("ec-prod".to_owned());
    state.access.settings = vec![
        setting("url", "tls://bus.example:4222", Said::Context, "url"),
        setting("login", "/run/ops.creds", Said::Environment, "NATS_CREDS"),
    ];
    (state.access.production, state.access.read_only) = (true, true);
    let identity = Identity { user: Some("ops".to_owned()), account: Some("EC".to_owned()), withheld: Vec::new() };
    then(&mut state, Event::Link(LinkChange::Known { tls: true, identity: Some(identity) }));
    state
}

/// A user that may not see orders, as far as the live ones and the stream go.
pub(crate) fn denied(lang: Lang) -> State {
    let mut state = empty(lang);
    let denied = |tried, subject: &str| (tried, subject.to_owned());
    let all = vec![
        denied(Tried::Listening, "domicilio.>"),
        denied(Tried::Listening, "domicilio.orders.>"),
        denied(Tried::Publishing, "$JS.API.STREAM.INFO.ORDERS"),
    ];
    then(&mut state, Event::Link(LinkChange::Denied { at: fixture::at(0), all }));
    then(&mut state, Event::History(History::Denied { part: Part::Orders }));
    act(&mut state, Action::Show(Screen::Orders));
    state
}

#[test]
fn production_is_told_at_every_width_and_who_we_are_where_there_is_room() {
    for size in SIZES {
        check("production", &production(Lang::Es), size);
    }
    check("production", &production(Lang::En), SIZES[1]);
    for width in [40, 60, 80, 120, 200] {
        let header = rows(&production(Lang::Es), (width, 24))[0].clone();
        assert!(header.contains("PRODUCCIÓN") && header.contains("perdidos 0"), "{width}: {header}");
        assert_eq!(header.contains("ec-prod*"), width >= 80, "{width}: {header}");
    }
    let wide = rows(&production(Lang::En), (200, 24))[0].clone();
    assert!(wide.contains("[READ ONLY]") && wide.contains("ops@EC TLS"), "{wide}");
}

#[test]
fn nothing_can_be_changed_in_a_read_only_context() {
    let mut state = production(Lang::Es);
    act(&mut state, Action::Inject);
    assert!(state.dialog.is_none());
    let posted = state.notices.shown.last().map(|posted| posted.notice.clone());
    assert_eq!(posted, Some(Notice::Refused(Refusal::ReadOnly)));
}

#[test]
fn denied_data_is_told_where_it_would_be() {
    check_small("denied", denied);
    for lang in LANGS {
        let mut state = denied(lang);
        for (screen, expected) in [
            (Screen::Overview, true),
            (Screen::Orders, true),
            (Screen::NotInjected, true),
            (Screen::Queues, false),
            (Screen::Stores, false),
            (Screen::Services, false),
            (Screen::Log, false),
        ] {
            act(&mut state, Action::Show(screen));
            let drawn = rows(&state, SIZES[0]).join("\n");
            assert_eq!(drawn.contains("domicilio.orders.>"), expected, "{screen:?}\n{drawn}");
            // Nothing that was denied looks like nothing that happened.
            assert!(!expected || !drawn.contains(domicilio::text::Msg::AllIsWell.text(lang)), "{drawn}");
        }
        // What was denied is in no toast: it stands where it belongs.
        assert!(state.notices.shown.is_empty());
    }
}

#[test]
fn a_denied_inbox_is_told_everywhere_with_what_to_do() {
    let mut state = empty(Lang::En);
    let all = vec![(Tried::Listening, "_INBOX.x7.*".to_owned())];
    then(&mut state, Event::Link(LinkChange::Denied { at: fixture::at(0), all }));
    for screen in Screen::ALL {
        act(&mut state, Action::Show(screen));
        let banner = rows(&state, (120, 24))[2].clone();
        assert!(banner.contains("_INBOX.x7.*") && banner.contains("NATS_INBOX_PREFIX"), "{screen:?} {banner}");
    }
}

#[test]
fn another_context_is_another_state_and_the_person_stays_the_same() {
    let mut state = production(Lang::En);
    state.access.contexts = vec!["co-prod".to_owned(), "ec-prod".to_owned()];
    act(&mut state, Action::Show(Screen::Stores));
    let typed = |state: &mut State, line: &str| {
        act(state, Action::Palette);
        line.chars().for_each(|c| then(state, Event::Edit(Edit::Insert(c))));
        update(state, Event::Edit(Edit::Submit))
    };
    // Half a name is completed, as everything in the palette; a name that is none goes nowhere.
    assert_eq!(typed(&mut state, "ctx co"), [Effect::Switch("co-prod".to_owned())]);
    assert_eq!(typed(&mut state, "ctx nowhere"), []);

    let access = Access { context: Some("co-prod".to_owned()), ..Access::default() };
    let other = state.elsewhere(access);
    assert_eq!((other.lang, other.screen, other.width), (Lang::En, Screen::Stores, state.width));
    assert_eq!(other.access.contexts, state.access.contexts);
    assert!(other.stores.is_empty() && other.services.is_empty() && other.dialog.is_none());
    assert!(!other.access.production && !other.link.is_up());

    let why = "reading NATS context /x/co-prod.json: it is no JSON object".to_owned();
    then(&mut state, Event::SwitchFailed { name: "co-prod".to_owned(), why });
    act(&mut state, Action::Back);
    let drawn = rows(&state, SIZES[1]).join("\n");
    assert!(drawn.contains("Context co-prod could not be opened") && drawn.contains("ec-prod*"), "{drawn}");
}
