//! Forms that come before a preview: opening one, keys in it, and what is wanted once it is right.

use contract::heartbeat::RunState;
use contract::store::StoreState;
use contract::{Service, StoreId, StoreRecord, UtcMs};
use jiff::tz::TimeZone;

use super::moment::{self, Side};
use super::plan;
use crate::effect::Effect;
use crate::event::Edit;
use crate::filter;
use crate::state::dialog::Dialog;
use crate::state::form::{CHOICES_MAX, Field, Form, Purpose, Value};
use crate::state::plan::Wanted;
use crate::state::services::InstanceKey;
use crate::state::{Refusal, State};
use crate::text::Msg;

/// Levels of a log, from the quietest on.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// The usual one, which stands there first.
const USUAL_LEVEL: usize = 2;

/// Longest URL of a POS, in characters.
const URL_MAX: usize = 300;

/// Furthest end of a pause, in milliseconds: what is longer is no pause.
const PAUSE_MS_MAX: i64 = 31 * 86_400_000;

/// The form of a log's level.
pub(super) fn log_level(key: InstanceKey) -> Dialog {
    let all = LEVELS.map(str::to_owned).to_vec();
    let level = Field { name: Msg::FieldLevel, value: Value::Choice { all, at: USUAL_LEVEL } };
    Dialog::Form(Form::new(Purpose::LogLevel(key), vec![level]))
}

/// The form of a move: every live resolver that works, but the one that has the store.
pub(super) fn move_store(state: &State, store: StoreId) -> Result<Dialog, Refusal> {
    let owner = state.queues.owner(store);
    let fits = |instance: &&crate::state::services::Instance| {
        let lives = !instance.is_silent(state.now) && instance.heartbeat.state == RunState::Running;
        lives && Some(&instance.heartbeat.instance) != owner
    };
    let all: Vec<String> = state
        .services
        .of(Service::Resolver)
        .filter(fits)
        .map(|instance| instance.heartbeat.instance.to_string())
        .take(CHOICES_MAX)
        .collect();
    if all.is_empty() {
        return Err(Refusal::NoResolver);
    }
    let from = owner.map_or_else(String::new, ToString::to_string);
    let fields = vec![
        Field { name: Msg::ColumnOwner, value: Value::Fixed(from) },
        Field { name: Msg::FieldTo, value: Value::Choice { all, at: 0 } },
    ];
    Ok(Dialog::Form(Form::new(Purpose::Move(store), fields)))
}

/// The form of a store's pause: when it ends.
pub(super) fn pause_store(store: StoreId) -> Dialog {
    let until = Field::text(Msg::FieldUntil, String::new());
    Dialog::Form(Form::new(Purpose::PauseStore(store), vec![until]))
}

/// The form of a store's record; of a new one with everything empty.
pub(super) fn store(state: &State, store: Option<StoreId>) -> Result<Dialog, Refusal> {
    let known = match store {
        None => None,
        Some(store) => Some(&state.stores.get(store).ok_or_else(|| Refusal::NoStore(store.to_string()))?.record),
    };
    let text = |name, of: fn(&StoreRecord) -> String| Field::text(name, known.map_or_else(String::new, of));
    let fixed = |name, of: fn(&StoreRecord) -> String| match known {
        Some(record) => Field { name, value: Value::Fixed(of(record)) },
        None => Field::text(name, String::new()),
    };
    let fields = vec![
        fixed(Msg::FieldNumber, |record| record.id.to_string()),
        fixed(Msg::FieldCountry, |record| record.country.to_string()),
        text(Msg::FieldCode, |record| record.code.clone()),
        text(Msg::FieldName, |record| record.name.clone()),
        Field::long(Msg::FieldPosUrl, known.map_or_else(String::new, |record| record.pos_url.clone()), URL_MAX),
        text(Msg::FieldZone, |record| record.time_zone.clone().unwrap_or_default()),
    ];
    Ok(Dialog::Form(Form::new(Purpose::Store(store), fields)))
}

/// A key while a form is open. Enter leads to the preview when the form is right; it sends nothing.
pub(super) fn edit(state: &mut State, edit: Edit) -> Vec<Effect> {
    let Some(Dialog::Form(form)) = &mut state.dialog else { return Vec::new() };
    match edit {
        Edit::Cancel => state.dialog = None,
        Edit::Submit => submit(state),
        Edit::Complete | Edit::Next => form.turn(true),
        Edit::Previous => form.turn(false),
        other => change(form, other),
    }
    Vec::new()
}

fn change(form: &mut Form, edit: Edit) {
    let Some(field) = form.fields.get_mut(form.focus) else { return };
    form.refusal = None;
    match (&mut field.value, edit) {
        (Value::Text { text, max }, Edit::Insert(c)) if !c.is_control() && text.chars().count() < *max => text.push(c),
        (Value::Text { text, .. }, Edit::Backspace) => drop(text.pop()),
        (Value::Text { text, .. }, Edit::Clear) => text.clear(),
        (Value::Choice { all, at }, Edit::Forward | Edit::Insert(' ')) => *at = (*at + 1) % all.len().max(1),
        (Value::Choice { all, at }, Edit::Backward) => *at = (*at + all.len().max(1) - 1) % all.len().max(1),
        _ => {}
    }
}

fn submit(state: &mut State) {
    let Some(Dialog::Form(form)) = state.dialog.clone() else { return };
    let built = wanted(state, &form).and_then(|wanted| plan::build(state, wanted));
    match (built, &mut state.dialog) {
        (Ok(plan), dialog) => *dialog = Some(Dialog::Confirm(Box::new(crate::state::dialog::Confirm::new(plan)))),
        (Err(refusal), Some(Dialog::Form(form))) => form.refusal = Some(refusal),
        (Err(_), _) => {}
    }
}

/// What a form that is right asks for.
fn wanted(state: &State, form: &Form) -> Result<Wanted, Refusal> {
    Ok(match &form.purpose {
        Purpose::LogLevel(key) => Wanted::LogLevel(key.clone(), form.content(Msg::FieldLevel).to_owned()),
        Purpose::Move(store) => {
            let to = form.content(Msg::FieldTo).parse().map_err(|_| Refusal::NoResolver)?;
            Wanted::Move(*store, to)
        }
        Purpose::PauseStore(store) => {
            let text = form.content(Msg::FieldUntil);
            let zone = state.stores.get(*store).and_then(|store| TimeZone::get(store.record.zone()).ok());
            Wanted::PauseStore(*store, until(text, state.now, &zone.unwrap_or(TimeZone::UTC))?)
        }
        Purpose::Store(store) => Wanted::PutStore(Box::new(record(state, form, *store)?)),
    })
}

/// The end of a pause, seen from `now`: nothing for none, `45m`, `2h`, `18:30` (the next time it is that late in the
/// store's zone) or `2026-11-24T18:30`. Nothing that is over, and nothing further away than a month.
pub(super) fn until(text: &str, now: UtcMs, zone: &TimeZone) -> Result<Option<UtcMs>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    end(text, now, zone).map(Some).ok_or_else(|| Refusal::NotATime(text.to_owned()))
}

fn end(text: &str, now: UtcMs, zone: &TimeZone) -> Option<UtcMs> {
    let at = match filter::millis(text) {
        Some(after) => now.plus_millis(after),
        None => moment::parse(text, now, zone, Side::Future)?,
    };
    let left_ms = at.since(now);
    (left_ms > 0 && left_ms <= PAUSE_MS_MAX).then_some(at)
}

/// The record as the form tells it; of a store that is there all else stays.
fn record(state: &State, form: &Form, store: Option<StoreId>) -> Result<StoreRecord, Refusal> {
    let text = |name| form.content(name).to_owned();
    let before = if let Some(store) = store {
        state.stores.get(store).ok_or_else(|| Refusal::NoStore(store.to_string()))?.record.clone()
    } else {
        let number = text(Msg::FieldNumber);
        let id: StoreId = number.parse().map_err(|_| Refusal::StoreFaulty("store_id_invalid".to_owned()))?;
        if state.stores.get(id).is_some() {
            return Err(Refusal::StoreExists(id));
        }
        let country = text(Msg::FieldCountry);
        let country = country.parse().map_err(|_| Refusal::StoreFaulty("country_invalid".to_owned()))?;
        StoreRecord {
            v: contract::VERSION,
            id,
            code: String::new(),
            name: String::new(),
            country,
            pos_url: String::new(),
            time_zone: None,
            state: StoreState::Open,
            reason: None,
            until: None,
            labels: std::collections::BTreeMap::new(),
            changed_at: None,
            changed_by: None,
            extra: std::collections::BTreeMap::new(),
        }
    };
    let zone = text(Msg::FieldZone);
    Ok(StoreRecord {
        code: text(Msg::FieldCode),
        name: text(Msg::FieldName),
        pos_url: text(Msg::FieldPosUrl),
        time_zone: (!zone.is_empty()).then_some(zone),
        ..before
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_pause_is_still_to_come_and_not_far() {
        let zone = TimeZone::get("America/Guayaquil").unwrap();
        // 15:00 in Guayaquil.
        let now: UtcMs = "2026-11-24T20:00:00Z".parse().unwrap();
        let at = |text: &str| Some(Some(text.parse::<UtcMs>().unwrap()));
        for (text, expected) in [
            ("", Some(None)),
            ("45m", at("2026-11-24T20:45:00Z")),
            ("2h", at("2026-11-24T22:00:00Z")),
            ("18:30", at("2026-11-24T23:30:00Z")),
            ("9:00", None),
            ("09:00", at("2026-11-25T14:00:00Z")),
            ("2026-11-24T18:30", at("2026-11-24T23:30:00Z")),
            ("2026-11-24T14:30", None),
            ("0m", None),
            ("90d", None),
            ("pronto", None),
        ] {
            assert_eq!(until(text, now, &zone).ok(), expected, "{text}");
        }
    }
}
