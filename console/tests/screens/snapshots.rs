//! The screens as they look.

use contract::OrderId;
use domicilio::action::Action;
use domicilio::event::{Answer, Edit, Event};
use domicilio::mask::Clear;
use domicilio::state::{Lang, Screen, State};

use crate::fixture::{act, busy, empty, reading, stale, started, then};
use crate::paint;

/// Columns and rows of the sizes that are first-class.
pub(crate) const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

pub(crate) const LANGS: [Lang; 2] = [Lang::Es, Lang::En];

pub(crate) fn check(name: &str, state: &State, size: (u16, u16)) {
    check_clear(name, state, None, size);
}

/// The same with personal data that may be seen.
pub(crate) fn check_clear(name: &str, state: &State, clear: Option<&Clear>, (width, height): (u16, u16)) {
    let lang = if state.lang == Lang::Es { "es" } else { "en" };
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::assert_snapshot!(format!("{name}-{lang}-{width}x{height}"), paint::styled(state, clear, width, height));
    });
}

/// In both languages and at the three sizes.
pub(crate) fn check_all(name: &str, scene: impl Fn(Lang) -> State) {
    for lang in LANGS {
        for size in SIZES {
            check(name, &scene(lang), size);
        }
    }
}

/// In both languages on the smallest size.
pub(crate) fn check_small(name: &str, scene: impl Fn(Lang) -> State) {
    for lang in LANGS {
        check(name, &scene(lang), SIZES[0]);
    }
}

fn on(screen: Screen) -> impl Fn(Lang) -> State {
    move |lang| {
        let mut state = busy(lang);
        act(&mut state, Action::Show(screen));
        state
    }
}

/// An order with failed attempts, opened, its payload masked.
pub(crate) fn order_opened(lang: Lang) -> State {
    let mut state = on(Screen::Queues)(lang);
    act(&mut state, Action::Open);
    act(&mut state, Action::Open);
    let payload =
        br#"{"cabecera":[{"codigoApp":"0000900000-070100","codRestaurante":24,"nombresCliente":"Persona Ejemplo",
        "telefonoDomicilio":"0990000000","totalFactura":8.0,"fechaPedido":"20261123"}],
        "detalle":[{"detalleApp":1,"codPlu":1001,"cantidad":2,"precioBruto":4.0,"modificadores":[]}],
        "formasPago":[{"codFormaPago":1,"totalPagar":8.0,"bin":null}]}"#;
    let id = opened_order(&state);
    let payload = domicilio::mask::mask(payload);
    then(&mut state, Event::Answer(Answer::Payload { order: id, payload }));
    state
}

/// In its payload: a part folded, something searched, the attempts told whole.
pub(crate) fn in_payload(lang: Lang) -> State {
    let mut state = order_opened(lang);
    for action in [Action::Details, Action::Open, Action::Down, Action::Fold, Action::Search] {
        act(&mut state, action);
    }
    for c in "cantidad".chars() {
        then(&mut state, Event::Edit(Edit::Insert(c)));
    }
    state
}

fn opened_order(state: &State) -> OrderId {
    let opened = state.opened.iter().find_map(|opened| match opened {
        domicilio::state::Opened::Order(id) => Some(id.clone()),
        _ => None,
    });
    opened.expect("an order is opened")
}

pub(crate) fn inject_form(lang: Lang) -> State {
    let mut state = on(Screen::Stores)(lang);
    act(&mut state, Action::Down);
    act(&mut state, Action::Inject);
    state
}

/// Many at once: how many and how fast stands in the preview.
pub(crate) fn inject_burst(lang: Lang) -> State {
    let mut state = inject_form(lang);
    for typed in ["20", "4"] {
        then(&mut state, Event::Edit(Edit::Next));
        for c in typed.chars() {
            then(&mut state, Event::Edit(Edit::Insert(c)));
        }
    }
    state
}

pub(crate) fn inject_burst_preview(lang: Lang) -> State {
    let mut state = inject_burst(lang);
    then(&mut state, Event::Edit(Edit::Submit));
    state
}

pub(crate) fn inject_preview(lang: Lang) -> State {
    let mut state = inject_form(lang);
    then(&mut state, Event::Edit(Edit::Submit));
    state
}

/// A test order is under way, and another bus was asked for.
pub(crate) fn switch_dialog(lang: Lang) -> State {
    let mut state = inject_preview(lang);
    state.access.contexts = vec!["ec-prod".into()];
    act(&mut state, Action::FocusNext);
    crate::hands::press(&mut state);
    act(&mut state, Action::Palette);
    for c in "ctx ec-prod".chars() {
        then(&mut state, Event::Edit(Edit::Insert(c)));
    }
    then(&mut state, Event::Edit(Edit::Submit));
    state
}

pub(crate) fn pause_dialog(lang: Lang) -> State {
    let mut state = on(Screen::Services)(lang);
    act(&mut state, Action::Pause);
    state
}

pub(crate) fn filtering(lang: Lang) -> State {
    let mut state = on(Screen::Orders)(lang);
    act(&mut state, Action::Filter);
    for c in "norte".chars() {
        then(&mut state, Event::Edit(Edit::Insert(c)));
    }
    state
}

/// Held, with orders that came since.
pub(crate) fn frozen(lang: Lang) -> State {
    let mut state = on(Screen::Orders)(lang);
    act(&mut state, Action::Freeze);
    let now = state.now.plus_millis(12_000);
    then(&mut state, Event::Tick(now));
    state
}

/// Of three terms one names no field: it is underlined and told, the others are used.
pub(crate) fn filtering_wrong(lang: Lang) -> State {
    let mut state = on(Screen::Orders)(lang);
    act(&mut state, Action::Filter);
    for c in "intentos>=1 color:rojo -pickup".chars() {
        then(&mut state, Event::Edit(Edit::Insert(c)));
    }
    state
}

pub(crate) fn filtered_out(lang: Lang) -> State {
    let mut state = filtering(lang);
    then(&mut state, Event::Edit(Edit::Insert('z')));
    then(&mut state, Event::Edit(Edit::Submit));
    state
}

pub(crate) fn noticed(lang: Lang) -> State {
    let mut state = inject_preview(lang);
    act(&mut state, Action::FocusNext);
    crate::hands::press(&mut state);
    act(&mut state, Action::Release);
    state
}

/// One item acknowledged, one put off, and the dialog to put off another.
pub(crate) fn attended(lang: Lang) -> State {
    let mut state = busy(lang);
    act(&mut state, Action::Acknowledge);
    for action in [Action::PutOff, Action::Open, Action::PutOff, Action::FocusNext] {
        act(&mut state, action);
    }
    state
}

pub(crate) fn helped(lang: Lang) -> State {
    let mut state = on(Screen::Orders)(lang);
    act(&mut state, Action::Help);
    state
}

/// Sorted by attempts with two marked rows, one of which the filter hides, and a hidden column.
pub(crate) fn arranged(lang: Lang) -> State {
    let mut state = on(Screen::Orders)(lang);
    for action in [Action::Mark, Action::Sort, Action::Sort, Action::Sort, Action::Down, Action::Mark, Action::Filter] {
        act(&mut state, action);
    }
    for c in "norte".chars() {
        then(&mut state, Event::Edit(Edit::Insert(c)));
    }
    then(&mut state, Event::Edit(Edit::Submit));
    for action in [Action::Top, Action::Mark, Action::Mark, Action::Columns, Action::Down, Action::Mark, Action::Back] {
        act(&mut state, action);
    }
    state
}

/// The list of columns over the stores.
pub(crate) fn columns(lang: Lang) -> State {
    let mut state = on(Screen::Stores)(lang);
    for action in [Action::Columns, Action::Down, Action::Mark, Action::Down] {
        act(&mut state, action);
    }
    state
}

/// The palette with `typed` in its line, opened over the orders.
pub(crate) fn palette(lang: Lang, typed: &str) -> State {
    let mut state = on(Screen::Orders)(lang);
    act(&mut state, Action::Palette);
    for c in typed.chars() {
        then(&mut state, Event::Edit(Edit::Insert(c)));
    }
    state
}

pub(crate) fn invalid_opened(lang: Lang) -> State {
    let mut state = busy(lang);
    act(&mut state, Action::Bottom);
    act(&mut state, Action::Open);
    state
}

/// Every scene, by name, for what must hold of all of them.
pub(crate) fn scenes(lang: Lang) -> Vec<(&'static str, State)> {
    let mut scenes = vec![
        ("started", started(lang)),
        ("empty", empty(lang)),
        ("reading", reading(lang)),
        ("stale", stale(lang)),
        ("order", order_opened(lang)),
        ("form", inject_form(lang)),
        ("preview", inject_preview(lang)),
        ("pause", pause_dialog(lang)),
        ("switch", switch_dialog(lang)),
        ("filtering", filtering(lang)),
        ("filtered-out", filtered_out(lang)),
        ("notices", noticed(lang)),
        ("attended", attended(lang)),
        ("help", helped(lang)),
        ("in-payload", in_payload(lang)),
        ("arranged", arranged(lang)),
        ("columns", columns(lang)),
        ("palette", palette(lang, "")),
        ("palette-some", palette(lang, "no")),
        ("palette-none", palette(lang, "zzzz")),
        ("invalid", invalid_opened(lang)),
    ];
    for (screen, name) in Screen::ALL.into_iter().zip(["overview", "orders", "queues", "stores", "services"]) {
        scenes.push((name, on(screen)(lang)));
    }
    for (screen, name) in [(Screen::Queues, "queue"), (Screen::Stores, "store"), (Screen::Services, "instance")] {
        let mut state = on(screen)(lang);
        act(&mut state, Action::Open);
        scenes.push((name, state));
    }
    scenes.extend(crate::the_bus::scenes(lang));
    scenes.extend(crate::hands::scenes(lang));
    scenes
}

#[test]
fn overview() {
    check_all("overview", on(Screen::Overview));
}

#[test]
fn orders() {
    check_all("orders", on(Screen::Orders));
}

#[test]
fn queues() {
    check_all("queues", on(Screen::Queues));
}

#[test]
fn stores() {
    check_all("stores", on(Screen::Stores));
}

#[test]
fn services() {
    check_all("services", on(Screen::Services));
    check_all("not-injected", on(Screen::NotInjected));
    check_all("log", on(Screen::Log));
}

#[test]
fn an_order_in_detail() {
    check_all("order", order_opened);
    check_small("order-payload", in_payload);
    check("order-payload", &in_payload(Lang::Es), SIZES[1]);
}

#[test]
fn details_of_a_queue_a_store_and_an_instance() {
    for lang in LANGS {
        for (name, state) in scenes(lang) {
            if ["queue", "store", "instance", "invalid"].contains(&name) {
                check(name, &state, SIZES[0]);
            }
        }
    }
}

#[test]
fn the_first_frame() {
    check_small("first-frame", started);
}

#[test]
fn while_the_streams_are_read() {
    check_small("reading", reading);
}

#[test]
fn nothing_there_is_not_the_same_as_nothing_known() {
    for screen in Screen::ALL {
        for (name, scene) in [("empty", empty as fn(Lang) -> State), ("unknown", started)] {
            let mut state = scene(Lang::Es);
            act(&mut state, Action::Show(screen));
            check(&format!("{name}-{}", screen.number()), &state, SIZES[0]);
        }
    }
}

#[test]
fn without_connection_everything_is_marked() {
    for screen in Screen::ALL {
        for size in [SIZES[0], SIZES[2]] {
            let mut state = stale(Lang::Es);
            act(&mut state, Action::Show(screen));
            check(&format!("stale-{}", screen.number()), &state, size);
        }
    }
    check("stale-1", &stale(Lang::En), SIZES[1]);
}

#[test]
fn dialogs() {
    check_small("inject-form", inject_form);
    check_small("inject-preview", inject_preview);
    check_small("inject-burst", inject_burst);
    check_small("inject-burst-preview", inject_burst_preview);
    check_small("pause", pause_dialog);
    check_small("switch", switch_dialog);
    check_small("put-off", attended);
    check_small("attended", |lang| {
        let mut state = attended(lang);
        act(&mut state, Action::Back);
        state
    });
}

#[test]
fn filter_help_and_notices() {
    check_small("filtering", filtering);
    check_small("filtering-wrong", filtering_wrong);
    check_small("frozen", frozen);
    check_small("filtered-out", filtered_out);
    check_small("notices", noticed);
    check_all("help", helped);
}

#[test]
fn order_marks_and_columns() {
    check_small("arranged", arranged);
    check_small("columns", columns);
}

#[test]
fn the_palette() {
    check_all("palette", |lang| palette(lang, ""));
    check_small("palette-store", |lang| palette(lang, "nandu"));
    check_small("palette-order", |lang| palette(lang, "70131"));
    check_small("palette-mixed", |lang| palette(lang, "no"));
    check_small("palette-command", |lang| palette(lang, "filter est"));
    check_small("palette-none", |lang| palette(lang, "zzzz"));
}

#[test]
fn too_small() {
    check("too-small", &busy(Lang::Es), (39, 9));
}
