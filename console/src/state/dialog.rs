//! Dialogs, the palette among them. Nothing that changes the world is one key away: form, preview, confirmation.

use super::attention::Subject;
use super::notices::Refusal;
use super::palette::Palette;
use crate::effect::Planned;
use crate::template::Kind;
use crate::text::Msg;

/// Characters taken by a text field.
pub const FIELD_MAX: usize = 80;

/// A dialog that is open.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// What test order, to which store.
    Inject(InjectForm),
    /// Everything about a change, and whether to make it.
    Confirm(Confirm),
    /// The palette.
    Palette(Palette),
    /// Which columns of the table on screen are shown.
    Columns(Columns),
    /// For how long an item of the overview is put off.
    PutOff(PutOff),
    /// Whether to go to another bus although something is under way on this one.
    Switch(Switch),
}

/// The question whether to go to another bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Its name.
    pub name: String,
    /// The focused button; [`Button::Cancel`] when the question is asked.
    pub focus: Button,
}

/// The columns of the table on screen, to be shown or hidden. A choice takes effect at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The column that keys act on.
    pub at: Msg,
}

/// The form of a test order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectForm {
    /// Which template.
    pub template: Kind,
    /// Id or code of the store, as typed.
    pub store: String,
    /// Whether the store was filled in for the person: the first character typed replaces it.
    pub prefilled: bool,
    /// Which field has the focus.
    pub focus: InjectField,
    /// What is wrong with it, after an attempt to go on.
    pub refusal: Option<Refusal>,
}

/// Fields of [`InjectForm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectField {
    /// The template: left and right change it.
    Template,
    /// The store: text.
    Store,
}

/// The preview of a change with two buttons.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// What would be done, to the last byte.
    pub planned: Planned,
    /// The focused button; [`Button::Cancel`] when the dialog opens, so that Enter alone changes nothing.
    pub focus: Button,
    /// Why it cannot be done right now, if so.
    pub refusal: Option<Refusal>,
}

/// Buttons of [`Confirm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Close; nothing happens.
    Cancel,
    /// Do it.
    Confirm,
}

/// For how long an item may be put off, in minutes: for a phone call, a repair, a delivery of gas.
pub const PUT_OFF_MINUTES: [i64; 3] = [5, 15, 60];

/// The choice of how long an item of the overview is hidden. It changes this screen alone, so Enter may act at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOff {
    /// Which item; none when there is nothing but items that are hidden already.
    pub subject: Option<Subject>,
    /// How many items were hidden when the dialog was opened.
    pub hidden: usize,
    /// Place of the focused button.
    pub focus: usize,
}

/// Buttons of [`PutOff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOffButton {
    /// Hide it for so many minutes.
    Minutes(i64),
    /// Show again what is hidden.
    ShowAll,
    /// Close; nothing happens.
    Cancel,
}

impl PutOff {
    /// The buttons that make sense, from left to right; never none.
    pub fn buttons(&self) -> Vec<PutOffButton> {
        let times = PUT_OFF_MINUTES.map(PutOffButton::Minutes).into_iter().filter(|_| self.subject.is_some());
        let all = (self.hidden > 0).then_some(PutOffButton::ShowAll);
        times.chain(all).chain([PutOffButton::Cancel]).collect()
    }
}
