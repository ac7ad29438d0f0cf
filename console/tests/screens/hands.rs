//! Forms, previews and results of what is done from here, as they look.

use contract::command::{IntakeReply, PingPart, PingPosReply, PingStep};
use contract::{StoreId, VERSION};
use domicilio::action::Action;
use domicilio::effect::{Draft, Effect};
use domicilio::event::{Answer, Done, Edit, Event, Trouble};
use domicilio::mask;
use domicilio::operation::Kind;
use domicilio::state::dialog::{Dialog, Focus};
use domicilio::state::{Lang, Screen, State};
use domicilio::update::plan::{Scope, prepare};
use domicilio::update::update;

use crate::fixture::{DEAD, act, busy, then};
use crate::links::production;
use crate::snapshots::{check_all, check_small};

fn on(screen: Screen, lang: Lang) -> State {
    let mut state = busy(lang);
    act(&mut state, Action::Show(screen));
    state
}

fn ask(state: &mut State, kind: Kind) {
    let effects = prepare(state, kind, Scope::Chosen);
    if let [Effect::EditPayload(order)] = effects.as_slice() {
        let before = br#"{"detalle":[{"cantidad":1}],"nombresCliente":"Persona Ejemplo","totalFactura":8.5}"#;
        let after = br#"{"detalle":[{"cantidad":2}],"nombresCliente":"Otra Ejemplo","totalFactura":17.0}"#;
        let draft = Draft { digest: contract::order::Digest::of(after), bytes: after.len(), quoted: after.len() + 12 };
        let edited = mask::compare(before, after).map(|differences| Some((draft, differences)));
        then(state, Event::Answer(Answer::Edited { order: order.clone(), edited }));
    }
}

pub(crate) fn write(state: &mut State, text: &str) {
    text.chars().for_each(|c| then(state, Event::Edit(Edit::Insert(c))));
}

/// Presses the button that acts, and has the intent written.
pub(crate) fn press(state: &mut State) -> Vec<Effect> {
    let effects = update(state, Event::Action(Action::Open));
    match effects.as_slice() {
        [Effect::Intend(intent)] => update(state, Event::Answer(Answer::Intended { job: intent.job, written: Ok(()) })),
        _ => effects,
    }
}

/// Types what a preview asks for, and confirms.
fn confirm(state: &mut State) -> Vec<Effect> {
    for _ in 0..4 {
        let Some(Dialog::Confirm(open)) = &state.dialog else { return Vec::new() };
        let proof = open.plan.proof.clone().unwrap_or_default();
        match open.focus {
            Focus::Cancel => act(state, Action::FocusNext),
            Focus::Reason => {
                write(state, "lo pidió el local por teléfono");
                then(state, Event::Edit(Edit::Next));
            }
            Focus::Proof => {
                write(state, &proof);
                then(state, Event::Edit(Edit::Next));
            }
            Focus::Confirm => return press(state),
        }
    }
    Vec::new()
}

pub(crate) fn reinject_one(lang: Lang) -> State {
    let mut state = on(Screen::NotInjected, lang);
    act(&mut state, Action::Reinject);
    state
}

/// Several, in production, with the proof half typed.
pub(crate) fn reinject_many(lang: Lang) -> State {
    let mut state = production(lang);
    state.access.read_only = false;
    act(&mut state, Action::Show(Screen::NotInjected));
    act(&mut state, Action::MarkAll);
    act(&mut state, Action::Reinject);
    act(&mut state, Action::FocusNext);
    write(&mut state, "corte de luz en el centro");
    then(&mut state, Event::Edit(Edit::Next));
    write(&mut state, "ec");
    state
}

pub(crate) fn edited(lang: Lang) -> State {
    let mut state = on(Screen::NotInjected, lang);
    ask(&mut state, Kind::ReinjectEdited);
    state
}

/// Confirmed without the reason that it needs.
pub(crate) fn solve_without_reason(lang: Lang) -> State {
    let mut state = on(Screen::NotInjected, lang);
    act(&mut state, Action::Solve);
    act(&mut state, Action::FocusPrevious);
    act(&mut state, Action::Open);
    state
}

pub(crate) fn release(lang: Lang) -> State {
    let mut state = on(Screen::Queues, lang);
    state.queue_table.selected = Some(DEAD);
    act(&mut state, Action::Release);
    state
}

fn store(lang: Lang, kind: Kind) -> State {
    let mut state = on(Screen::Stores, lang);
    state.store_table.selected = Some(StoreId(72));
    ask(&mut state, kind);
    state
}

pub(crate) fn pause_store_form(lang: Lang) -> State {
    let mut state = store(lang, Kind::PauseStore);
    write(&mut state, "pronto");
    then(&mut state, Event::Edit(Edit::Submit));
    state
}

pub(crate) fn pause_store(lang: Lang) -> State {
    let mut state = store(lang, Kind::PauseStore);
    write(&mut state, "45m");
    then(&mut state, Event::Edit(Edit::Submit));
    state
}

pub(crate) fn store_form(lang: Lang) -> State {
    store(lang, Kind::EditStore)
}

pub(crate) fn store_edited(lang: Lang) -> State {
    let mut state = store(lang, Kind::EditStore);
    write(&mut state, "B");
    then(&mut state, Event::Edit(Edit::Submit));
    state
}

pub(crate) fn store_new(lang: Lang) -> State {
    let mut state = store(lang, Kind::CreateStore);
    for (place, text) in ["941", "ec", "K941", "EJEMPLO NUEVE", "https://pos.example/pedidos"].iter().enumerate() {
        if place > 0 {
            then(&mut state, Event::Edit(Edit::Next));
        }
        write(&mut state, text);
    }
    then(&mut state, Event::Edit(Edit::Submit));
    state
}

pub(crate) fn level_form(lang: Lang) -> State {
    let mut state = on(Screen::Services, lang);
    ask(&mut state, Kind::LogLevel);
    then(&mut state, Event::Edit(Edit::Forward));
    state
}

pub(crate) fn unlocking(lang: Lang) -> State {
    let mut state = production(lang);
    state.access.unlock = true;
    ask(&mut state, Kind::Unlock);
    state
}

pub(crate) fn unlocked(lang: Lang) -> State {
    let mut state = unlocking(lang);
    confirm(&mut state);
    let now = state.now.plus_millis(61_000);
    then(&mut state, Event::Tick(now));
    state
}

/// A job of many: one refused, one injected meanwhile, one whose answer nobody got, the rest done or under way.
pub(crate) fn job(lang: Lang) -> State {
    let mut state = on(Screen::NotInjected, lang);
    act(&mut state, Action::MarkAll);
    act(&mut state, Action::Reinject);
    for effect in confirm(&mut state) {
        let Effect::Run { job, item, .. } = effect else { continue };
        let reply = IntakeReply {
            v: VERSION,
            status: if item == 0 { 409 } else { 202 },
            code: if item == 0 { "too_many_decisions".into() } else { "reinjected".into() },
            order: None,
            sequence: None,
            message: "The order has been reinjected 50 times; it can still be solved.".into(),
            faults: vec![],
        };
        let reply = if item == 1 { Err(Trouble::Denied) } else { Ok(Done::Order(reply)) };
        then(&mut state, Event::Answer(Answer::Done { job, item, reply }));
    }
    act(&mut state, Action::Jobs);
    act(&mut state, Action::Open);
    state
}

/// A POS that answers slowly, and the list of what was done.
pub(crate) fn pinged(lang: Lang) -> State {
    let mut state = job(lang);
    act(&mut state, Action::Show(Screen::Queues));
    state.queue_table.selected = Some(DEAD);
    act(&mut state, Action::Ping);
    let step = |step, took_us, ok, detail: &str| PingStep { step, took_us, ok, detail: detail.to_owned() };
    for effect in confirm(&mut state) {
        let Effect::Run { job, item, .. } = effect else { continue };
        let reply = PingPosReply {
            v: VERSION,
            status: 200,
            code: "pos_failed".into(),
            message: "The POS was not reached.".into(),
            store: Some(DEAD),
            by: None,
            owner: true,
            origin: Some("http://pos.example:9080".into()),
            steps: vec![
                step(PingPart::Resolve, 1_240, true, "1 address"),
                step(PingPart::Connect, 2_003_000, false, "connection refused"),
            ],
            pos_status: None,
            faults: vec![],
        };
        then(&mut state, Event::Answer(Answer::Done { job, item, reply: Ok(Done::Pos(reply)) }));
    }
    act(&mut state, Action::Jobs);
    state
}

fn ping_opened(lang: Lang) -> State {
    let mut state = pinged(lang);
    act(&mut state, Action::Open);
    state
}

fn palette(lang: Lang) -> State {
    let mut state = on(Screen::NotInjected, lang);
    act(&mut state, Action::Palette);
    write(&mut state, "reinject");
    state
}

/// Every scene, by name.
pub(crate) fn scenes(lang: Lang) -> Vec<(&'static str, State)> {
    vec![
        ("reinject", reinject_one(lang)),
        ("reinject-many", reinject_many(lang)),
        ("edited", edited(lang)),
        ("solve", solve_without_reason(lang)),
        ("release", release(lang)),
        ("pause-store-form", pause_store_form(lang)),
        ("pause-store", pause_store(lang)),
        ("store-form", store_form(lang)),
        ("store-edited", store_edited(lang)),
        ("store-new", store_new(lang)),
        ("level-form", level_form(lang)),
        ("unlock", unlocking(lang)),
        ("unlocked", unlocked(lang)),
        ("job", job(lang)),
        ("jobs", pinged(lang)),
        ("palette-operations", palette(lang)),
    ]
}

#[test]
fn previews() {
    check_small("reinject", reinject_one);
    check_all("reinject-many", reinject_many);
    check_small("edited", edited);
    check_small("solve", solve_without_reason);
    check_small("release", release);
    check_small("pause-store", pause_store);
    check_small("store-edited", store_edited);
    check_small("store-new", store_new);
    check_small("unlock", unlocking);
}

#[test]
fn forms() {
    check_small("pause-store-form", pause_store_form);
    check_small("store-form", store_form);
    check_small("level-form", level_form);
}

#[test]
fn results() {
    check_all("job", job);
    check_small("jobs", pinged);
    check_small("ping-pos", ping_opened);
    check_small("unlocked", unlocked);
    check_small("palette-operations", palette);
}
