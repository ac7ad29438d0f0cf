//! Acting without fear: form, preview, confirmation, and following to the end.

use contract::command::{IntakeReply, Reply, Verb};
use contract::heartbeat::RunState;
use contract::order::Digest;
use contract::{OrderHead, OrderId, Service, VERSION};
use domicilio::action::Action;
use domicilio::effect::{Effect, Planned, PlannedOrder};
use domicilio::event::{Answer, Done, Edit, Event, Fact, LinkChange, Outage, Trouble};
use domicilio::state::dialog::{Dialog, Focus, InjectField};
use domicilio::state::jobs::{Fault, Phase, Step};
use domicilio::state::{Notice, Opened, Refusal, Screen, State};
use domicilio::update::update;

use crate::making::{accepted, at, console, ended, head, heartbeat, live, store};

fn press(state: &mut State, action: Action) -> Vec<Effect> {
    update(state, Event::Action(action))
}

fn write(state: &mut State, text: &str) {
    for c in text.chars() {
        assert_eq!(update(state, Event::Edit(Edit::Insert(c))), []);
    }
}

fn last_notice(state: &State) -> Option<&Notice> {
    state.notices.shown.last().map(|posted| &posted.notice)
}

/// From the open form to the preview of a test order for store 72.
fn previewed() -> (State, PlannedOrder) {
    let mut state = console();
    assert_eq!(press(&mut state, Action::Inject), []);
    write(&mut state, "k072");
    assert_eq!(update(&mut state, Event::Edit(Edit::Submit)), []);
    let Some(Dialog::Confirm(confirm)) = &state.dialog else { panic!("{:?}", state.dialog) };
    assert_eq!(confirm.focus, Focus::Cancel);
    let Planned::Inject(order) = confirm.plan.items[0].planned.clone() else { panic!("{confirm:?}") };
    (state, order)
}

/// Intake's answer that it took `order`.
fn taken(order: &PlannedOrder) -> Answer {
    let reply = IntakeReply {
        v: VERSION,
        status: 202,
        code: "accepted".into(),
        order: Some(order.order.clone()),
        sequence: Some(9),
        message: "Accepted.".into(),
        faults: vec![],
    };
    answered(Ok(Done::Order(reply)))
}

/// The head of `order` as intake writes it.
fn head_of(order: &PlannedOrder) -> OrderHead {
    OrderHead {
        store: order.order.store,
        code: order.order.code.clone(),
        sha256: Digest::of(&order.body),
        test: true,
        ..head(1)
    }
}

/// `order` has been injected.
fn injected(head: OrderHead) -> Fact {
    match ended(1, 1, true) {
        Fact::Ended(outcome) => Fact::Ended(contract::Outcome { order: head, ..outcome }),
        other => panic!("{other:?}"),
    }
}

/// The answer to the first request of the first job.
fn answered(reply: Result<Done, Trouble>) -> Answer {
    Answer::Done { job: 1, item: 0, reply }
}

/// Presses the button that acts, and has the audit trail take the intent: what is sent then.
fn confirm(state: &mut State) -> Vec<Effect> {
    press(state, Action::FocusNext);
    audited(state)
}

fn audited(state: &mut State) -> Vec<Effect> {
    let effects = press(state, Action::Open);
    let [Effect::Intend(intent)] = effects.as_slice() else { panic!("{effects:?}") };
    update(state, Event::Answer(Answer::Intended { job: intent.job, written: Ok(()) }))
}

/// From the preview of a pause to what is sent: the instance's name has to be typed.
fn paused(state: &mut State) -> Vec<Effect> {
    press(state, Action::Pause);
    press(state, Action::FocusNext);
    update(state, Event::Edit(Edit::Next));
    write(state, "Queue-Resolver-1");
    update(state, Event::Edit(Edit::Next));
    audited(state)
}

fn step(state: &State) -> &Step {
    &state.jobs.last().unwrap().items[0].step
}

#[test]
fn enter_on_a_fresh_preview_changes_nothing() {
    let (mut state, _) = previewed();
    assert_eq!(press(&mut state, Action::Open), []);
    assert_eq!((state.dialog, state.jobs.open()), (None, 0));
}

#[test]
fn what_nobody_would_take_is_told_at_once_and_sent_when_somebody_is_back() {
    let nobody = Some(Refusal::NoInstance(Service::Api));
    let refusal = |state: &State| match &state.dialog {
        Some(Dialog::Confirm(confirm)) => confirm.refusal.clone(),
        other => panic!("{other:?}"),
    };
    let ask = |state: &mut State| {
        press(state, Action::Inject);
        write(state, "k072");
        update(state, Event::Edit(Edit::Submit));
    };
    // Nothing was asked, or nobody had the time to be heard: that is not known, and no reason to refuse.
    for (discovered, listened_ms) in [(false, 60_000), (true, 1_000)] {
        let mut state = console();
        let now = state.hearing_since.plus_millis(listened_ms);
        update(&mut state, Event::Tick(now));
        if discovered {
            update(&mut state, Event::Discovered { at: now, found: Vec::new() });
        }
        ask(&mut state);
        assert_eq!(refusal(&state), None);
    }
    let mut state = console();
    let now = state.hearing_since.plus_millis(4_000);
    update(&mut state, Event::Tick(now));
    update(&mut state, Event::Discovered { at: now, found: Vec::new() });
    ask(&mut state);
    assert_eq!(refusal(&state), nobody, "the preview says so");
    press(&mut state, Action::FocusNext);
    assert_eq!((press(&mut state, Action::Open), refusal(&state)), (Vec::new(), nobody), "and nothing is begun");
    let found = domicilio::state::services::Found {
        service: Service::Api,
        instance: "api-1".parse().unwrap(),
        cloud: "aws".to_owned(),
        version: "0.1.0".to_owned(),
    };
    update(&mut state, Event::Discovered { at: now, found: vec![found] });
    assert!(matches!(confirm(&mut state).as_slice(), [Effect::Run { .. }]), "it answers, if it says nothing by itself");

    let mut state = console();
    let now = state.hearing_since.plus_millis(4_000);
    update(&mut state, Event::Tick(now));
    update(&mut state, Event::Discovered { at: now, found: Vec::new() });
    let ms = now.since(at(0));
    update(&mut state, live(vec![heartbeat(Service::Api, "api-1", RunState::Running, ms)]));
    ask(&mut state);
    assert_eq!(refusal(&state), None, "it is heard");
}

#[test]
fn no_key_but_enter_on_the_right_button_sends() {
    for action in Action::ALL {
        let (mut state, _) = previewed();
        let sent =
            press(&mut state, action).iter().any(|effect| matches!(effect, Effect::Intend(_) | Effect::Run { .. }));
        assert!(!sent, "{}", action.name());
    }
}

#[test]
fn a_confirmed_test_order_is_sent_once_and_followed_to_its_end() {
    let (mut state, order) = previewed();
    let effects = confirm(&mut state);
    assert_eq!(effects, [Effect::Run { job: 1, item: 0, planned: Box::new(Planned::Inject(order.clone())) }]);
    assert_eq!(press(&mut state, Action::Open), [], "the dialog is closed");

    let answer = taken(&order);
    let effects = update(&mut state, Event::Answer(answer));
    assert_eq!(effects, [Effect::FetchPayload(order.order.clone())]);
    assert_eq!(state.opened, [Opened::Order(order.order.clone())]);

    let acceptance = Fact::Accepted { head: head_of(&order), intake: None, decision: None };
    update(&mut state, live(vec![acceptance]));
    assert_eq!(state.jobs.open(), 1);
    let effects = update(&mut state, live(vec![injected(head_of(&order))]));
    assert!(matches!(effects.as_slice(), [Effect::Conclude(_)]), "{effects:?}");
    assert!(matches!(last_notice(&state), Some(Notice::Followed { order: id, .. }) if *id == order.order));
    assert_eq!((step(&state), &state.jobs.last().unwrap().phase), (&Step::Verified, &Phase::Ended));
}

#[test]
fn an_order_that_had_the_same_code_before_proves_nothing() {
    let (mut state, order) = previewed();
    let before = OrderHead { sha256: Digest::of(b"another payload"), ..head_of(&order) };
    update(&mut state, live(vec![injected(before)]));
    confirm(&mut state);
    update(&mut state, live(vec![heartbeat(Service::Api, "api-1", RunState::Running, 200)]));
    assert_eq!((step(&state), state.jobs.open()), (&Step::Sent, 1), "nobody has answered yet");
    let Answer::Done { reply: Ok(Done::Order(reply)), .. } = taken(&order) else { panic!() };
    let refused = IntakeReply { status: 409, code: "identity_conflict".into(), ..reply };
    update(&mut state, Event::Answer(answered(Ok(Done::Order(refused)))));
    assert!(matches!(step(&state), Step::Failed(Fault::Said { code, .. }) if code == "identity_conflict"));
}

#[test]
fn a_refused_test_order_is_told_and_followed_no_further() {
    let (mut state, order) = previewed();
    confirm(&mut state);
    update(&mut state, Event::Answer(answered(Err(Trouble::NoService))));
    assert!(matches!(last_notice(&state), Some(Notice::InjectFailed { order: id, .. }) if *id == order.order));
    assert!(step(&state).why(state.lang).unwrap().contains("nadie"));
    assert_eq!(state.jobs.open(), 0);
}

#[test]
fn each_test_order_has_a_code_of_its_own() {
    let mut state = console();
    let mut ids: Vec<OrderId> = Vec::new();
    for _ in 0..20 {
        press(&mut state, Action::Inject);
        write(&mut state, "72");
        update(&mut state, Event::Edit(Edit::Submit));
        let Some(Dialog::Confirm(confirm)) = &state.dialog else { panic!() };
        let Planned::Inject(order) = &confirm.plan.items[0].planned else { panic!() };
        ids.push(order.order.clone());
        press(&mut state, Action::Back);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[test]
fn a_form_that_is_wrong_says_so_and_stays() {
    for (text, refusal) in
        [("K999", Refusal::NoStore("K999".into())), ("73", Refusal::StoreClosed(contract::StoreId(73)))]
    {
        let mut state = console();
        press(&mut state, Action::Inject);
        write(&mut state, text);
        update(&mut state, Event::Edit(Edit::Submit));
        let Some(Dialog::Inject(form)) = &state.dialog else { panic!("{text}") };
        assert_eq!((form.refusal.as_ref(), form.focus), (Some(&refusal), InjectField::Store));
    }
}

#[test]
fn what_is_typed_at_once_goes_to_the_store_and_replaces_the_one_that_was_filled_in() {
    let form = |state: &State| match &state.dialog {
        Some(Dialog::Inject(form)) => form.clone(),
        other => panic!("{other:?}"),
    };
    // Another open store, and the cursor on 72.
    let filled_in = || {
        let mut state = console();
        update(&mut state, live(vec![Fact::Store { record: store(78, "open"), revision: Some(2) }]));
        press(&mut state, Action::Show(Screen::Stores));
        state.store_table.selected = Some(contract::StoreId(72));
        press(&mut state, Action::Inject);
        assert_eq!((form(&state).store.text.as_str(), form(&state).focus), ("K072", InjectField::Store));
        state
    };
    let sent_to = |state: &mut State| {
        update(state, Event::Edit(Edit::Submit));
        match &state.dialog {
            Some(Dialog::Confirm(confirm)) => match &confirm.plan.items[0].planned {
                Planned::Inject(order) => order.order.store.0,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let mut state = filled_in();
    assert_eq!(sent_to(&mut state), 72, "Enter alone takes what was filled in");

    let mut state = filled_in();
    write(&mut state, "k078");
    assert_eq!(form(&state).store.text, "k078");
    assert_eq!(sent_to(&mut state), 78);

    let mut state = filled_in();
    update(&mut state, Event::Edit(Edit::Previous));
    assert_eq!(form(&state).focus, InjectField::Template);
    write(&mut state, "k078");
    assert_eq!((form(&state).store.text.as_str(), form(&state).focus), ("k078", InjectField::Store));

    let mut state = filled_in();
    update(&mut state, Event::Edit(Edit::Backspace));
    write(&mut state, "8");
    assert_eq!(form(&state).store.text, "K078", "who corrects what was filled in keeps the rest");
}

#[test]
fn a_burst_is_as_many_as_typed_and_goes_as_fast_as_typed_to_its_end() {
    let mut state = console();
    press(&mut state, Action::Inject);
    write(&mut state, "72");
    for (field, typed) in [(InjectField::Count, "12"), (InjectField::Pace, "3")] {
        update(&mut state, Event::Edit(Edit::Next));
        let Some(Dialog::Inject(form)) = &state.dialog else { panic!() };
        assert_eq!(form.focus, field);
        // What was filled in goes with the first digit; what is no digit is no number.
        write(&mut state, &format!("x{typed}-"));
    }
    update(&mut state, Event::Edit(Edit::Submit));
    let Some(Dialog::Confirm(confirm)) = &state.dialog else { panic!("{:?}", state.dialog) };
    assert_eq!((confirm.plan.items.len(), confirm.plan.pace), (12, 3));
    assert_eq!(confirm.plan.proof.as_deref(), Some("ec 12"));
    press(&mut state, Action::FocusNext);
    write(&mut state, "ec 12");
    update(&mut state, Event::Edit(Edit::Next));
    let intended = press(&mut state, Action::Open);
    let [Effect::Intend(intent)] = intended.as_slice() else { panic!("{intended:?}") };
    let job = intent.job;
    let mut effects = update(&mut state, Event::Answer(Answer::Intended { job, written: Ok(()) }));
    let mut each_second = Vec::new();
    for second in 1..=8 {
        let mut begun = 0;
        for effect in std::mem::take(&mut effects) {
            let Effect::Run { item, planned, .. } = effect else { continue };
            let Planned::Inject(order) = *planned else { panic!() };
            begun += 1;
            let Answer::Done { reply, .. } = taken(&order) else { panic!() };
            effects.extend(update(&mut state, Event::Answer(Answer::Done { job, item, reply })));
            assert!(!state.jobs.last().unwrap().items[item].step.has_ended(), "accepted is not injected");
            update(&mut state, live(vec![injected(head_of(&order))]));
        }
        each_second.push(begun);
        effects.extend(update(&mut state, Event::Tick(at(second * 1_000))));
    }
    assert_eq!(each_second, [3, 3, 3, 3, 0, 0, 0, 0]);
    assert_eq!(state.jobs.last().unwrap().counts().verified, 12);
    assert_eq!(state.jobs.open(), 0);
}

#[test]
fn a_number_that_is_none_or_out_of_bounds_is_told_where_it_stands() {
    for (count, pace, field, most) in [
        ("0", "5", InjectField::Count, 500),
        ("501", "5", InjectField::Count, 500),
        ("", "5", InjectField::Count, 500),
        ("99999999999999999999999", "5", InjectField::Count, 500),
        ("2", "0", InjectField::Pace, 10),
        ("2", "11", InjectField::Pace, 10),
    ] {
        let mut state = console();
        press(&mut state, Action::Inject);
        write(&mut state, "72");
        for typed in [count, pace] {
            update(&mut state, Event::Edit(Edit::Next));
            update(&mut state, Event::Edit(Edit::Clear));
            write(&mut state, typed);
        }
        assert_eq!(update(&mut state, Event::Edit(Edit::Submit)), []);
        let Some(Dialog::Inject(form)) = &state.dialog else { panic!("{count} {pace}: {:?}", state.dialog) };
        assert_eq!((form.refusal.as_ref(), form.focus), (Some(&Refusal::NotANumber(most)), field), "{count} {pace}");
    }
}

#[test]
fn a_request_without_an_answer_is_followed_on() {
    let (mut state, order) = previewed();
    confirm(&mut state);
    update(&mut state, Event::Answer(answered(Err(Trouble::Unanswered(5)))));
    assert_eq!(state.jobs.open(), 1, "it may have been taken");
    update(&mut state, live(vec![injected(head_of(&order))]));
    assert!(matches!(last_notice(&state), Some(Notice::Followed { order: id, .. }) if *id == order.order));

    let mut state = on_services();
    paused(&mut state);
    update(&mut state, Event::Answer(answered(Err(Trouble::Unanswered(5)))));
    assert_eq!(state.jobs.open(), 1);
    update(&mut state, live(vec![heartbeat(Service::Resolver, "queue-resolver-1", RunState::Paused, 1_300)]));
    assert_eq!(step(&state), &Step::Verified);
}

#[test]
fn the_world_is_looked_at_again_before_anything_is_sent() {
    let (mut state, _) = previewed();
    press(&mut state, Action::FocusNext);
    let closed = Fact::Store { record: store(72, "disabled"), revision: Some(5) };
    update(&mut state, live(vec![closed]));
    assert_eq!(press(&mut state, Action::Open), []);
    let Some(Dialog::Confirm(confirm)) = &state.dialog else { panic!() };
    assert_eq!(confirm.refusal, Some(Refusal::StoreClosed(contract::StoreId(72))));
    assert_eq!(confirm.focus, Focus::Cancel);

    let (mut state, _) = previewed();
    press(&mut state, Action::FocusNext);
    update(&mut state, Event::Link(LinkChange::Lost { at: at(1), why: Outage::Closed }));
    assert_eq!(press(&mut state, Action::Open), []);
    let Some(Dialog::Confirm(confirm)) = &state.dialog else { panic!() };
    assert_eq!(confirm.refusal, Some(Refusal::NotConnected));
}

/// A console on the services' screen with one running resolver selected.
fn on_services() -> State {
    let mut state = console();
    press(&mut state, Action::Show(Screen::Services));
    update(&mut state, live(vec![heartbeat(Service::Resolver, "queue-resolver-1", RunState::Running, 100)]));
    update(&mut state, Event::Tick(at(200)));
    state
}

#[test]
fn a_pause_is_done_only_when_a_heartbeat_shows_it() {
    let mut state = on_services();
    let effects = paused(&mut state);
    let instance: contract::InstanceId = "queue-resolver-1".parse().unwrap();
    let planned = Planned::Command { service: Service::Resolver, instance, verb: Verb::Pause };
    assert_eq!(effects, [Effect::Run { job: 1, item: 0, planned: Box::new(planned) }]);

    let reply = Ok(Done::Reply(Reply { v: VERSION, ok: true, state: RunState::Paused, fault: None }));
    update(&mut state, Event::Answer(answered(reply)));
    assert_eq!(step(&state), &Step::Answered, "an answer is no proof");
    update(&mut state, live(vec![heartbeat(Service::Resolver, "queue-resolver-1", RunState::Running, 300)]));
    assert_eq!(state.jobs.open(), 1);
    update(&mut state, live(vec![heartbeat(Service::Resolver, "queue-resolver-1", RunState::Paused, 1_300)]));
    assert_eq!(step(&state), &Step::Verified);
    assert!(matches!(last_notice(&state), Some(Notice::JobEnded { step: None, .. })));

    press(&mut state, Action::Pause);
    assert!(matches!(last_notice(&state), Some(Notice::Refused(Refusal::AlreadyThere(..)))));
    assert_eq!(state.dialog, None);
}

#[test]
fn a_command_that_never_shows_is_told_as_not_verified() {
    let mut state = on_services();
    paused(&mut state);
    let reply = Ok(Done::Reply(Reply { v: VERSION, ok: true, state: RunState::Paused, fault: None }));
    update(&mut state, Event::Answer(answered(reply)));
    update(&mut state, Event::Tick(at(20_000)));
    assert_eq!(step(&state), &Step::Unverified(None));
    assert!(matches!(last_notice(&state), Some(Notice::JobEnded { step: Some(Step::Unverified(None)), .. })));
    assert_eq!(state.jobs.open(), 0);
}

#[test]
fn a_silent_instance_is_told_nothing() {
    let mut state = on_services();
    update(&mut state, Event::Tick(at(30_000)));
    assert_eq!(press(&mut state, Action::Pause), []);
    assert!(matches!(last_notice(&state), Some(Notice::Refused(Refusal::Silent(_)))));
    assert_eq!(state.dialog, None);
}

#[test]
fn a_payload_is_fetched_when_an_order_is_opened_and_forgotten_when_it_is_closed() {
    let mut state = console();
    press(&mut state, Action::Show(Screen::Orders));
    update(&mut state, live(vec![accepted(1)]));
    update(&mut state, live(vec![accepted(2)]));
    assert_eq!(state.order_table.current(), Some(&head(2).id()), "an untouched table is at its top");
    press(&mut state, Action::Down);
    let id = state.order_table.current().unwrap().clone();
    assert_eq!(id, head(1).id());
    assert_eq!(press(&mut state, Action::Open), [Effect::FetchPayload(id.clone())]);
    let late = Answer::Payload { order: head(2).id(), payload: Err(Trouble::Gone) };
    update(&mut state, Event::Answer(late));
    assert!(matches!(&state.payload, Some((wanted, domicilio::state::Payload::Loading)) if *wanted == id));
    press(&mut state, Action::Back);
    assert_eq!(state.payload, None);
}

#[test]
fn a_late_answer_takes_nobody_away_from_what_they_turned_to() {
    for turn in [Action::Show(Screen::Services), Action::Help, Action::Filter] {
        let (mut state, order) = previewed();
        confirm(&mut state);
        press(&mut state, turn);
        let (screen, help) = (state.screen, state.help);
        let answer = taken(&order);
        assert_eq!(update(&mut state, Event::Answer(answer)), [], "{turn:?}");
        assert_eq!((state.screen, state.help, state.opened.len()), (screen, help, 0), "{turn:?}");
        assert!(matches!(last_notice(&state), Some(Notice::InjectAccepted { .. })), "{turn:?}");
    }
}
