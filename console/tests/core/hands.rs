//! The way of every operation: preview, confirmation, intent, one look more at each item, bounded sending, proof, outcome.

use contract::command::IntakeReply;
use contract::decision::DecisionKind;
use contract::heartbeat::RunState;
use contract::{Decision, OrderHead, OrderId, Service, StoreId, VERSION};
use domicilio::action::Action;
use domicilio::effect::{Decide, Effect, Planned};
use domicilio::event::{Answer, Depth, Done, Edit, Event, Fact, LinkChange, Outage, QueuesRead, Trouble};
use domicilio::operation::{Danger, Kind, OPERATIONS, Operation};
use domicilio::state::access::{Denied, TestOrders, Tried};
use domicilio::state::dialog::{Confirm, Dialog, Focus};
use domicilio::state::jobs::{BATCH_MAX, BEGUN_PER_SECOND, Counts, Fault, Phase, Step, TRIES_MAX, UNANSWERED_MAX};
use domicilio::state::plan::{Plan, Wanted};
use domicilio::state::{Notice, Opened, OrderState, Refusal, Screen, State};
use domicilio::template::{self, Kind as Template};
use domicilio::update::plan::{Scope, build};
use domicilio::update::{jobs, update};
use proptest::prelude::*;

use crate::making::{at, by, console, ended, head, heartbeat, live, queued, store};

fn press(state: &mut State, action: Action) -> Vec<Effect> {
    update(state, Event::Action(action))
}

fn write(state: &mut State, text: &str) {
    for c in text.chars() {
        assert_eq!(update(state, Event::Edit(Edit::Insert(c))), []);
    }
}

/// A console on the screen of orders that were not injected, with `count` of them, one distribuidor and two resolvers.
fn with_cases(count: u32) -> State {
    let mut state = console();
    state.access.context = Some("ec-prod".to_owned());
    let instances = [
        heartbeat(Service::Resolver, "queue-resolver-1", RunState::Running, 0),
        heartbeat(Service::Resolver, "queue-resolver-2", RunState::Running, 0),
        heartbeat(Service::Distribuidor, "distribuidor-1", RunState::Running, 0),
    ];
    update(&mut state, live(instances.to_vec()));
    update(&mut state, live((1..=count).map(|n| ended(n, 3, false)).collect()));
    press(&mut state, Action::Show(Screen::NotInjected));
    state
}

fn dialog(state: &State) -> &Confirm {
    match &state.dialog {
        Some(Dialog::Confirm(confirm)) => confirm,
        other => panic!("no preview: {other:?}; {:?}", state.notices.shown.last()),
    }
}

/// Types what the preview asks for and presses the button that acts.
fn confirm(state: &mut State) -> Vec<Effect> {
    for _ in 0..6 {
        let (focus, proof) = (dialog(state).focus, dialog(state).plan.proof.clone());
        match focus {
            Focus::Cancel => drop(press(state, Action::FocusNext)),
            Focus::Reason => {
                write(state, "lo pide el local");
                update(state, Event::Edit(Edit::Next));
            }
            Focus::Proof => {
                write(state, &proof.unwrap());
                update(state, Event::Edit(Edit::Next));
            }
            Focus::Confirm => return press(state, Action::Open),
        }
    }
    panic!("the button is not reached: {:?}", state.dialog)
}

/// Has the audit trail take the intent.
fn intend(state: &mut State, effects: &[Effect]) -> Vec<Effect> {
    let [Effect::Intend(intent)] = effects else { panic!("{effects:?}") };
    update(state, Event::Answer(Answer::Intended { job: intent.job, written: Ok(()) }))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape in which an answer comes")]
fn reply(status: u16, code: &str) -> Result<Done, Trouble> {
    let reply = IntakeReply {
        v: VERSION,
        status,
        code: code.into(),
        order: None,
        sequence: None,
        message: "So it is.".into(),
        faults: vec![],
    };
    Ok(Done::Order(reply))
}

/// The `n`th order once more, as the bus tells it, by this command.
fn reinjected(decide: &Decide) -> Fact {
    let n: u32 = decide.order.code.as_str().trim_start_matches("A-").parse().unwrap();
    let head = OrderHead { again: 1, received_at: head(n).received_at.plus_millis(90_000), ..head(n) };
    let decision = Decision {
        v: VERSION,
        command: decide.id.clone(),
        by: decide.by.clone(),
        reason: None,
        at: head.received_at,
        via: by("api-1"),
        of: u64::from(n) + 1,
        kind: DecisionKind::Reinjected { edited: false },
    };
    Fact::Accepted { head, intake: Some(u64::from(n) + 5_000), decision: Some(decision) }
}

fn counts(state: &State) -> Counts {
    state.jobs.last().unwrap().counts()
}

/// Fifty marked, the list reorders, three are injected while the preview is read, two are refused: every item is told.
#[test]
fn fifty_marked_three_gone_two_refused() {
    let mut state = with_cases(50);
    press(&mut state, Action::MarkAll);
    press(&mut state, Action::Sort);
    press(&mut state, Action::SortReverse);
    press(&mut state, Action::Reinject);
    assert_eq!(dialog(&state).plan.proof.as_deref(), Some("ec 50"));
    update(&mut state, live((11..14).map(|n| ended(n, 4, true)).map(|fact| later(fact, 9_999_000)).collect()));
    let effects = confirm(&mut state);
    assert!(state.case_table.marked.is_empty(), "marks are used up");
    let Effect::Intend(intent) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!(intent.items.len(), 50, "the plan is the one that was previewed");

    let mut sent: Vec<Decide> = Vec::new();
    let mut waiting: Vec<(usize, Decide)> = Vec::new();
    let mut effects = intend(&mut state, &effects);
    for tick in 1..200 {
        assert!(state.jobs.unanswered() <= UNANSWERED_MAX);
        for effect in std::mem::take(&mut effects) {
            match effect {
                Effect::Run { item, planned, .. } => {
                    let Planned::Decide(decide) = *planned else { panic!() };
                    sent.push(decide.clone());
                    waiting.push((item, decide));
                }
                Effect::Conclude(conclusion) => {
                    let of = |name: &str| conclusion.results.iter().filter(|(_, step)| step.name() == name).count();
                    assert_eq!((of("verified"), of("skipped"), of("failed")), (45, 3, 2));
                    let refused = Step::Skipped(Refusal::OrderIs(OrderState::Injected));
                    assert_eq!(conclusion.results.iter().filter(|(_, step)| *step == refused).count(), 3);
                    assert_eq!(sent.len(), 47, "what had its end was not sent");
                    assert_eq!(
                        counts(&state),
                        Counts { all: 50, open: 0, verified: 45, unverified: 0, skipped: 3, failed: 2 }
                    );
                    return;
                }
                _ => {}
            }
        }
        let bad = |decide: &Decide| ["A-0005", "A-0040"].contains(&decide.order.code.as_str());
        for (item, decide) in std::mem::take(&mut waiting) {
            let told = if bad(&decide) { reply(409, "too_many_decisions") } else { reply(202, "reinjected") };
            effects.extend(update(&mut state, Event::Answer(Answer::Done { job: 1, item, reply: told })));
            if !bad(&decide) {
                effects.extend(update(&mut state, live(vec![reinjected(&decide)])));
            }
        }
        effects.extend(update(&mut state, Event::Tick(at(tick * 250))));
    }
    panic!("it never ended: {:?}", counts(&state));
}

/// The same fact, said later, so that it counts.
fn later(mut fact: Fact, ms: i64) -> Fact {
    if let Fact::Ended(outcome) = &mut fact {
        outcome.at = at(ms);
        outcome.queue_seq += 1;
    }
    fact
}

#[test]
fn no_more_are_begun_within_a_second_than_the_bound() {
    let mut state = with_cases(40);
    press(&mut state, Action::MarkAll);
    press(&mut state, Action::Reinject);
    let effects = confirm(&mut state);
    let mut begun = 0;
    let mut effects = intend(&mut state, &effects);
    while !effects.is_empty() {
        for effect in std::mem::take(&mut effects) {
            if let Effect::Run { item, .. } = effect {
                begun += 1;
                let answer = Answer::Done { job: 1, item, reply: reply(202, "reinjected") };
                effects.extend(update(&mut state, Event::Answer(answer)));
            }
        }
    }
    assert_eq!(begun, BEGUN_PER_SECOND, "time stands still");
}

/// Every operation, prepared on a state in which it makes sense.
fn prepared(kind: Kind) -> State {
    let mut state = with_cases(3);
    let owner = contract::Event {
        v: VERSION,
        at: at(1),
        by: by("distribuidor-1"),
        kind: contract::EventKind::PartitionAssigned {
            partition: StoreId(72).partition(),
            owner: Some("queue-resolver-1".parse().unwrap()),
            epoch: 4,
            term: 1,
            command: None,
        },
    };
    update(&mut state, live(vec![Fact::Step(owner), queued(9)]));
    let Fact::Queued(entry) = queued(9) else { unreachable!() };
    let depths = vec![Depth { store: StoreId(72), depth: 1, head: Some(entry) }];
    update(&mut state, Event::Queues(QueuesRead { at: at(1), depths }));
    match kind.operation().object {
        domicilio::operation::Object::Instance => {
            press(&mut state, Action::Show(Screen::Services));
            state.service_table.selected = Some((Service::Resolver, "queue-resolver-1".parse().unwrap()));
            if kind == Kind::Resume {
                update(&mut state, live(vec![heartbeat(Service::Resolver, "queue-resolver-1", RunState::Paused, 5)]));
            }
        }
        domicilio::operation::Object::Store if kind != Kind::Inject => {
            press(&mut state, Action::Show(Screen::Stores));
            state.store_table.selected = Some(StoreId(if kind == Kind::ResumeStore { 73 } else { 72 }));
        }
        domicilio::operation::Object::Context => {
            (state.access.production, state.access.read_only, state.access.unlock) = (true, true, true);
        }
        _ => {}
    }
    if kind == Kind::Reveal {
        press(&mut state, Action::Open);
    }
    state
}

/// Asks for an operation as the palette does.
fn ask(state: &mut State, kind: Kind) -> Vec<Effect> {
    domicilio::update::plan::prepare(state, kind, Scope::Chosen)
}

/// Fills in a form so that it leads to a preview.
fn fill(state: &mut State, kind: Kind) {
    match (&state.dialog, kind) {
        (Some(Dialog::Inject(_)), _) => {
            update(state, Event::Edit(Edit::Clear));
            write(state, "72");
        }
        (Some(Dialog::Form(_)), Kind::CreateStore) => {
            for text in ["901", "ec", "K901", "PRUEBA", "http://127.0.0.1:9/"] {
                write(state, text);
                update(state, Event::Edit(Edit::Next));
            }
        }
        (Some(Dialog::Form(_)), Kind::EditStore) => write(state, "X"),
        _ => {}
    }
    if matches!(state.dialog, Some(Dialog::Inject(_) | Dialog::Form(_))) {
        assert_eq!(update(state, Event::Edit(Edit::Submit)), []);
    }
}

/// An edited payload comes back from outside: it is given here.
fn previewed(kind: Kind) -> State {
    let mut state = prepared(kind);
    let effects = ask(&mut state, kind);
    if let [Effect::EditPayload(order)] = effects.as_slice() {
        let draft = domicilio::effect::Draft { digest: contract::order::Digest::of(b"x"), bytes: 1, quoted: 3 };
        let edited = Ok(Some((draft, Vec::new())));
        update(&mut state, Event::Answer(Answer::Edited { order: order.clone(), edited }));
    } else {
        assert_eq!(effects, [], "{}", kind.name());
    }
    fill(&mut state, kind);
    state
}

fn acts(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Run { .. } | Effect::Intend(_) | Effect::Unlock(_)))
}

#[test]
fn enter_alone_however_often_does_nothing_in_any_dialog() {
    for Operation { kind, .. } in OPERATIONS {
        let mut state = previewed(*kind);
        assert_eq!(dialog(&state).focus, Focus::Cancel, "{}", kind.name());
        for _ in 0..20 {
            let effects = match state.input_mode() {
                domicilio::state::InputMode::Text => update(&mut state, Event::Edit(Edit::Submit)),
                _ => press(&mut state, Action::Open),
            };
            assert!(!acts(&effects), "{}", kind.name());
        }
        // From any field, too.
        let mut state = previewed(*kind);
        for _ in 0..4 {
            press(&mut state, Action::FocusNext);
            for _ in 0..5 {
                if dialog_open(&state) && dialog(&state).writes() {
                    assert!(!acts(&update(&mut state, Event::Edit(Edit::Submit))), "{}", kind.name());
                }
            }
        }
        assert_eq!(state.jobs.iter().count(), 0, "{}", kind.name());
    }
}

const fn dialog_open(state: &State) -> bool {
    matches!(state.dialog, Some(Dialog::Confirm(_)))
}

#[test]
fn every_operation_runs_once_its_preview_is_confirmed() {
    for Operation { kind, .. } in OPERATIONS {
        let mut state = previewed(*kind);
        let effects = confirm(&mut state);
        let [Effect::Intend(intent)] = effects.as_slice() else {
            panic!("{}: {effects:?} {:?}", kind.name(), state.dialog)
        };
        assert_eq!(intent.kind, *kind);
        let job = intent.job;
        let effects = update(&mut state, Event::Answer(Answer::Intended { job, written: Ok(()) }));
        let runs = effects.iter().filter(|effect| matches!(effect, Effect::Run { .. } | Effect::Unlock(_))).count();
        assert_eq!(runs, 1, "{}: {effects:?} {:?}", kind.name(), state.jobs.last());
    }
}

#[test]
fn what_cannot_be_audited_is_not_done() {
    for Operation { kind, .. } in OPERATIONS {
        let mut state = previewed(*kind);
        let effects = confirm(&mut state);
        let [Effect::Intend(intent)] = effects.as_slice() else { panic!("{effects:?}") };
        let written = Err("disk full".to_owned());
        let effects = update(&mut state, Event::Answer(Answer::Intended { job: intent.job, written }));
        assert_eq!(effects, [], "{}", kind.name());
        for second in 1..60 {
            assert!(!acts(&update(&mut state, Event::Tick(at(second * 1_000)))), "{}", kind.name());
        }
        let job = state.jobs.last().unwrap();
        assert!(job.items.iter().all(|item| matches!(item.step, Step::Skipped(Refusal::Unaudited(_)))));
        assert_eq!(job.phase, Phase::Ended);
    }
}

#[test]
fn nothing_is_previewed_in_a_context_that_is_locked() {
    for Operation { kind, .. } in
        OPERATIONS.iter().filter(|operation| operation.kind != Kind::Unlock && !operation.kind.only_reads())
    {
        let mut state = prepared(*kind);
        state.access.read_only = true;
        assert_eq!(ask(&mut state, *kind), []);
        assert_eq!(state.dialog, None, "{}", kind.name());
        assert!(matches!(
            state.notices.shown.last().map(|posted| &posted.notice),
            Some(Notice::Refused(Refusal::ReadOnly))
        ));
    }
}

#[test]
fn a_lost_answer_and_a_busy_service_get_the_same_command_again_and_not_for_ever() {
    for answers in
        [Err(Trouble::Unanswered(5)), reply(503, "busy"), reply(503, "unconfirmed"), Err(Trouble::NotConnected)]
    {
        let mut state = with_cases(1);
        press(&mut state, Action::Reinject);
        let effects = confirm(&mut state);
        let mut ids = Vec::new();
        let mut effects = intend(&mut state, &effects);
        for second in 1..120 {
            for effect in std::mem::take(&mut effects) {
                if let Effect::Run { item, planned, .. } = effect {
                    let Planned::Decide(decide) = *planned else { panic!() };
                    ids.push(decide.id);
                    let answer = Answer::Done { job: 1, item, reply: answers.clone() };
                    effects.extend(update(&mut state, Event::Answer(answer)));
                }
            }
            effects.extend(update(&mut state, Event::Tick(at(second * 1_000))));
            update(&mut state, live(vec![heartbeat(Service::Api, "api-1", RunState::Running, second * 1_000)]));
        }
        assert_eq!(ids.len(), TRIES_MAX as usize, "{answers:?}");
        assert!(ids.iter().all(|id| *id == ids[0]), "{answers:?}: {ids:?}");
        let doubtful = matches!(&answers, Err(Trouble::Unanswered(_))) || answers == reply(503, "unconfirmed");
        let step = &state.jobs.last().unwrap().items[0].step;
        assert_eq!(matches!(step, Step::Unverified(Some(_))), doubtful, "{answers:?}: {step:?}");
        assert_eq!(matches!(step, Step::Failed(_)), !doubtful, "{answers:?}: {step:?}");
    }
}

#[test]
fn an_answer_that_was_lost_is_made_good_by_what_the_bus_tells() {
    let mut state = with_cases(1);
    press(&mut state, Action::Reinject);
    let effects = confirm(&mut state);
    let effects = intend(&mut state, &effects);
    let [Effect::Run { planned, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let Planned::Decide(decide) = planned.as_ref() else { panic!() };
    let lost = Answer::Done { job: 1, item: 0, reply: Err(Trouble::Unanswered(5)) };
    update(&mut state, Event::Answer(lost));
    update(&mut state, live(vec![reinjected(decide)]));
    assert_eq!(counts(&state).verified, 1);
    // Told by another's command it is not ours.
    let mut state = with_cases(1);
    press(&mut state, Action::Reinject);
    let effects = confirm(&mut state);
    intend(&mut state, &effects);
    let other = Decide { id: "somebody-else".parse().unwrap(), ..decide.clone() };
    update(&mut state, live(vec![reinjected(&other)]));
    assert_eq!(counts(&state).verified, 0);
}

#[test]
fn what_has_not_been_sent_can_be_cancelled() {
    let mut state = with_cases(30);
    press(&mut state, Action::MarkAll);
    press(&mut state, Action::Reinject);
    let effects = confirm(&mut state);
    let sent = intend(&mut state, &effects).len();
    press(&mut state, Action::Jobs);
    press(&mut state, Action::Open);
    assert_eq!(state.opened.last(), Some(&Opened::Job(1)));
    press(&mut state, Action::CancelJob);
    assert_eq!((counts(&state).skipped, counts(&state).open), (30 - sent, sent));
    for second in 1..40 {
        assert!(!acts(&update(&mut state, Event::Tick(at(second * 1_000)))));
    }
    assert_eq!(state.jobs.open(), 0);
}

#[test]
fn a_connection_that_stays_away_ends_what_waits() {
    let mut state = with_cases(30);
    press(&mut state, Action::MarkAll);
    press(&mut state, Action::Reinject);
    let effects = confirm(&mut state);
    let sent = intend(&mut state, &effects).len();
    update(&mut state, Event::Link(LinkChange::Lost { at: at(10), why: Outage::Closed }));
    let mut more = 0;
    for second in 1..120 {
        let effects = update(&mut state, Event::Tick(at(second * 1_000)));
        more += effects.iter().filter(|effect| matches!(effect, Effect::Run { .. })).count();
    }
    assert_eq!((more, counts(&state).skipped, state.jobs.open()), (0, 30 - sent, 0));
}

#[test]
fn an_unlocked_context_locks_again_by_itself_and_by_hand() {
    let mut state = prepared(Kind::Unlock);
    assert!(state.access.is_locked(state.now));
    ask(&mut state, Kind::Unlock);
    assert_eq!(dialog(&state).plan.proof.as_deref(), Some("ec-prod"));
    let effects = confirm(&mut state);
    let effects = intend(&mut state, &effects);
    assert!(matches!(effects.as_slice(), [Effect::Unlock(_), Effect::Conclude(_)]), "{effects:?}");
    assert!(!state.access.is_locked(state.now));
    let minute = |state: &mut State, minute: i64| update(state, Event::Tick(at(minute * 60_000)));
    assert_eq!(minute(&mut state, 14).iter().filter(|effect| **effect == Effect::Lock).count(), 0);
    assert!(minute(&mut state, 15).contains(&Effect::Lock));
    assert!(state.access.is_locked(state.now));

    let mut state = prepared(Kind::Unlock);
    state.access.unlock = false;
    ask(&mut state, Kind::Unlock);
    assert_eq!(state.dialog, None, "the settings do not let anybody");
}

#[test]
fn production_takes_no_test_orders_unless_the_settings_say_so_and_only_where() {
    let wanted = Wanted::Inject { template: Template::Delivery, store: StoreId(72), count: 1, pace: 1 };
    for (allowed, expected) in [
        (TestOrders::Off, Some(Refusal::TestOrdersOff)),
        (TestOrders::Anywhere, None),
        (TestOrders::To([StoreId(72)].into()), None),
        (TestOrders::To([StoreId(73)].into()), Some(Refusal::TestStore(StoreId(72)))),
    ] {
        let mut state = console();
        state.access.test_orders = allowed.clone();
        assert_eq!(build(&mut state, wanted.clone()).err(), expected, "{allowed:?}");
    }
}

#[test]
fn what_the_server_denied_is_told_as_denied_with_who_may() {
    let mut state = with_cases(1);
    let subject = "domicilio.cmd.api-domicilio.any.reinject".to_owned();
    state.access.denied = vec![Denied { at: at(0), tried: Tried::Publishing, subject }];
    press(&mut state, Action::Reinject);
    let told = state.notices.shown.last().map(|posted| &posted.notice);
    assert!(matches!(told, Some(Notice::Refused(Refusal::Denied("ops-act")))), "{told:?}");
}

#[test]
fn what_is_denied_while_it_is_sent_is_told_as_denied() {
    let mut state = with_cases(1);
    press(&mut state, Action::Reinject);
    let effects = confirm(&mut state);
    intend(&mut state, &effects);
    let subject = "domicilio.cmd.api-domicilio.any.reinject".to_owned();
    let all = vec![(Tried::Publishing, subject)];
    update(&mut state, Event::Link(LinkChange::Denied { at: at(1), all }));
    update(&mut state, Event::Answer(Answer::Done { job: 1, item: 0, reply: Err(Trouble::Unanswered(5)) }));
    update(&mut state, Event::Tick(at(6_000)));
    assert_eq!(state.jobs.last().unwrap().items[0].step, Step::Skipped(Refusal::Denied("ops-act")));
}

#[test]
fn production_and_more_than_one_thing_are_confirmed_by_country_and_count() {
    let proof = |state: &mut State, kind| {
        ask(state, kind);
        dialog(state).plan.proof.clone()
    };
    let mut state = with_cases(2);
    assert_eq!(proof(&mut state, Kind::Reinject), None, "one, and no kitchen's own");
    state.access.production = true;
    assert_eq!(proof(&mut state, Kind::Reinject).as_deref(), Some("ec 1"));
    press(&mut state, Action::Back);
    press(&mut state, Action::MarkAll);
    assert_eq!(proof(&mut state, Kind::Solve).as_deref(), Some("ec 2"));
    for Operation { kind, danger, .. } in OPERATIONS {
        let state = previewed(*kind);
        assert_eq!(dialog(&state).plan.proof.is_some(), *danger == Danger::Grave, "{}", kind.name());
    }
}

#[test]
fn too_many_are_not_begun() {
    let mut state = with_cases(u32::try_from(BATCH_MAX).unwrap() + 1);
    press(&mut state, Action::MarkAll);
    press(&mut state, Action::Reinject);
    let told = state.notices.shown.last().map(|posted| posted.notice.clone());
    assert_eq!((state.dialog.clone(), told), (None, Some(Notice::Refused(Refusal::TooMany(BATCH_MAX + 1)))));
}

#[test]
fn a_record_that_somebody_changed_meanwhile_is_not_overwritten() {
    let mut state = previewed(Kind::DisableStore);
    update(&mut state, live(vec![Fact::Store { record: store(72, "paused"), revision: Some(9) }]));
    assert_eq!(confirm(&mut state), []);
    assert_eq!(dialog(&state).refusal, Some(Refusal::StoreChanged(StoreId(72))));

    let mut state = previewed(Kind::DisableStore);
    let effects = confirm(&mut state);
    intend(&mut state, &effects);
    update(&mut state, Event::Answer(Answer::Done { job: 1, item: 0, reply: Ok(Done::Stale) }));
    assert_eq!(state.jobs.last().unwrap().items[0].step, Step::Failed(Fault::Stale));
}

#[test]
fn a_new_store_is_not_written_over_a_catalogue_that_changed_meanwhile() {
    let mut state = previewed(Kind::CreateStore);
    let headers = dialog(&state).plan.items[0].planned.headers();
    assert_eq!(headers, [("Nats-Expected-Last-Sequence", "1".to_owned())]);
    update(&mut state, live(vec![Fact::Store { record: store(73, "open"), revision: Some(2) }]));
    assert_eq!(confirm(&mut state), []);
    assert_eq!(dialog(&state).refusal, Some(Refusal::CatalogueChanged));
}

#[test]
fn orders_go_in_the_order_in_which_they_were_accepted() {
    let mut state = with_cases(9);
    press(&mut state, Action::MarkAll);
    press(&mut state, Action::SortReverse);
    press(&mut state, Action::Reinject);
    let codes: Vec<String> = dialog(&state).plan.items.iter().map(|item| item.planned.target().to_string()).collect();
    let expected: Vec<String> = (1..=9).map(|n| head(n).id().to_string()).collect();
    assert_eq!(codes, expected);
}

/// A confirmed plan begun without a screen.
fn begun(state: &mut State, plan: Plan) -> Vec<Effect> {
    let effects = jobs::begin(state, plan, None).unwrap();
    intend(state, &effects)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing that is sent as a test order could be cooked, whatever is asked for.
    #[test]
    fn no_test_order_without_its_markers(seed: u64, kind in 0_usize..5, count in 0_usize..30, pace in 0_usize..100, id in 1_u32..200) {
        let mut state = console();
        state.seed = seed;
        update(&mut state, live(vec![Fact::Store { record: store(id, "open"), revision: Some(4) }]));
        let template = Template::ALL[kind];
        let plan = build(&mut state, Wanted::Inject { template, store: StoreId(id), count, pace }).unwrap();
        let mut ids: Vec<OrderId> = Vec::new();
        for item in &plan.items {
            let Planned::Inject(order) = &item.planned else { panic!() };
            prop_assert!(template::is_marked(template.format(), &item.planned.body(None)));
            ids.push(order.order.clone());
        }
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), count.max(1));
        for effect in begun(&mut state, plan) {
            let Effect::Run { planned, .. } = effect else { panic!() };
            prop_assert!(template::is_marked(template.format(), &planned.body(None)));
        }
    }
}
