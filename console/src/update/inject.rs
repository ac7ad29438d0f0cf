//! The form of test orders: which, to which store, how many and how fast; keys in it; and from it to the preview.

use contract::store::StoreState;

use super::plan::{self, build};
use crate::effect::Effect;
use crate::event::Edit;
use crate::state::dialog::{Confirm, Dialog, InjectField, InjectForm, Typed};
use crate::state::jobs::{BATCH_MAX, BEGUN_PER_SECOND};
use crate::state::plan::Wanted;
use crate::state::{Refusal, State};
use crate::template::Kind as Template;

/// The form, with the store that is looked at filled in: one order, unless another number is typed.
pub(super) fn form(state: &State) -> Dialog {
    let known = plan::store(state).and_then(|store| state.stores.get(store));
    let store = known.map_or_else(String::new, |store| store.record.code.clone());
    Dialog::Inject(InjectForm {
        template: Template::Delivery,
        // What is typed at once must never be lost on another field while Enter takes the store that was filled in.
        focus: InjectField::Store,
        store: Typed::filled_in(store),
        count: Typed::filled_in("1".to_owned()),
        pace: Typed::filled_in(BEGUN_PER_SECOND.to_string()),
        refusal: None,
    })
}

/// A key while the form is open. Enter leads to the preview when the form is right; it sends nothing.
pub(super) fn edit(state: &mut State, edit: Edit) -> Vec<Effect> {
    let Some(Dialog::Inject(form)) = &mut state.dialog else { return Vec::new() };
    match (edit, form.focus) {
        (Edit::Cancel, _) => state.dialog = None,
        (Edit::Submit, _) => preview(state),
        (Edit::Complete | Edit::Next, focus) => form.focus = focus.next(),
        (Edit::Previous, focus) => form.focus = focus.previous(),
        (Edit::Forward | Edit::Insert(' '), InjectField::Template) => form.template = form.template.next(),
        (Edit::Backward, InjectField::Template) => form.template = form.template.previous(),
        (Edit::Insert(c), InjectField::Template) => {
            // The template takes no text: what is typed there is meant for the store.
            form.focus = InjectField::Store;
            write(form, Edit::Insert(c));
        }
        (Edit::Insert(c), InjectField::Count | InjectField::Pace) if !c.is_ascii_digit() => {}
        (edit, _) => write(form, edit),
    }
    Vec::new()
}

fn write(form: &mut InjectForm, edit: Edit) {
    let field = match form.focus {
        InjectField::Template => return,
        InjectField::Store => &mut form.store,
        InjectField::Count => &mut form.count,
        InjectField::Pace => &mut form.pace,
    };
    match edit {
        Edit::Insert(c) => field.insert(c),
        Edit::Backspace => field.backspace(),
        Edit::Clear => field.clear(),
        _ => return,
    }
    form.refusal = None;
}

/// From the form to the preview, when the form is right.
fn preview(state: &mut State) {
    let Some(Dialog::Inject(form)) = state.dialog.clone() else { return };
    let built =
        wanted(state, &form).and_then(|wanted| build(state, wanted).map_err(|refusal| (refusal, InjectField::Store)));
    match (built, &mut state.dialog) {
        (Ok(plan), _) => plan::open(state, Dialog::Confirm(Box::new(Confirm::new(plan)))),
        (Err((refusal, focus)), Some(Dialog::Inject(form))) => (form.refusal, form.focus) = (Some(refusal), focus),
        (Err(_), _) => {}
    }
}

/// What a form that is right asks for; or what is wrong with it, and where.
fn wanted(state: &State, form: &InjectForm) -> Result<Wanted, (Refusal, InjectField)> {
    let found = state.stores.find(&form.store.text).map(|store| (store.record.id, store.record.state_at(state.now)));
    let store = match found {
        None => return Err((Refusal::NoStore(form.store.text.clone()), InjectField::Store)),
        Some((id, now_is)) if now_is != StoreState::Open => return Err((Refusal::StoreClosed(id), InjectField::Store)),
        Some((id, _)) => id,
    };
    let count = number(&form.count, BATCH_MAX, InjectField::Count)?;
    let pace = number(&form.pace, BEGUN_PER_SECOND, InjectField::Pace)?;
    Ok(Wanted::Inject { template: form.template, store, count, pace })
}

fn number(typed: &Typed, most: usize, field: InjectField) -> Result<usize, (Refusal, InjectField)> {
    let number = typed.text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or((Refusal::NotANumber(most), field))
}
