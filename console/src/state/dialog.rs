//! Dialogs, the palette among them. Nothing that changes the world is one key away: form, preview, confirmation.

use contract::decision::REASON_MAX;

use super::attention::Subject;
use super::form::Form;
use super::notices::Refusal;
use super::palette::Palette;
use super::plan::Plan;
use crate::operation::Reason;
use crate::template::Kind;
use crate::text::Msg;

/// Characters taken by a text field.
pub const FIELD_MAX: usize = 80;

/// A dialog that is open.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// Which test orders, to which store, how many and how fast.
    Inject(InjectForm),
    /// What a change needs to be told first.
    Form(Form),
    /// Everything about a change, and whether to make it.
    Confirm(Box<Confirm>),
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

/// The form of test orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectForm {
    /// Which template.
    pub template: Kind,
    /// Id or code of the store.
    pub store: Typed,
    /// How many.
    pub count: Typed,
    /// How many of them are begun within a second at most.
    pub pace: Typed,
    /// Which field has the focus.
    pub focus: InjectField,
    /// What is wrong with it, after an attempt to go on.
    pub refusal: Option<Refusal>,
}

/// A text as typed; what was filled in for the person goes with the first character typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The text, at most [`FIELD_MAX`] characters.
    pub text: String,
    /// Whether nobody has touched it.
    filled_in: bool,
}

impl Typed {
    /// One that is filled in; an empty text is there to be written.
    pub const fn filled_in(text: String) -> Self {
        Self { text, filled_in: true }
    }

    /// Takes a character at its end; none that is no text, and none beyond the bound.
    pub fn insert(&mut self, c: char) {
        if std::mem::take(&mut self.filled_in) {
            self.text.clear();
        }
        if !c.is_control() && self.text.chars().count() < FIELD_MAX {
            self.text.push(c);
        }
    }

    /// Takes its last character away: whoever corrects what was filled in keeps the rest.
    pub fn backspace(&mut self) {
        self.filled_in = false;
        self.text.pop();
    }

    /// Takes all of it away.
    pub fn clear(&mut self) {
        self.filled_in = false;
        self.text.clear();
    }
}

/// Fields of [`InjectForm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectField {
    /// The template: left and right change it.
    Template,
    /// The store: text.
    Store,
    /// How many: digits.
    Count,
    /// How fast: digits.
    Pace,
}

impl InjectField {
    /// The one below, round and round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Template => Self::Store,
            Self::Store => Self::Count,
            Self::Count => Self::Pace,
            Self::Pace => Self::Template,
        }
    }

    /// The one above, round and round.
    #[must_use]
    pub const fn previous(self) -> Self {
        match self {
            Self::Template => Self::Pace,
            Self::Store => Self::Template,
            Self::Count => Self::Store,
            Self::Pace => Self::Count,
        }
    }
}

/// The preview of a plan: what would be done, and what has to be said and pressed to do it.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// What would be done, to the last byte.
    pub plan: Plan,
    /// Why, as typed so far.
    pub reason: String,
    /// The proof, as typed so far.
    pub typed: String,
    /// What has the focus; [`Focus::Cancel`] when the dialog opens. Enter never moves it to [`Focus::Confirm`], so Enter
    /// alone, however often, does nothing.
    pub focus: Focus,
    /// Why it cannot be done right now, if so.
    pub refusal: Option<Refusal>,
}

/// Buttons of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Close; nothing happens.
    Cancel,
    /// Do it.
    Confirm,
}

impl Button {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Cancel => Self::Confirm,
            Self::Confirm => Self::Cancel,
        }
    }
}

/// What can have the focus in [`Confirm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Close; nothing happens.
    Cancel,
    /// The reason: text.
    Reason,
    /// The proof: text.
    Proof,
    /// Do it.
    Confirm,
}

impl Confirm {
    /// The preview of `plan`, on Cancel; with why it could not be done right now, if so.
    pub fn new(plan: Plan) -> Self {
        let refusal = plan.refusal().cloned();
        Self { plan, reason: String::new(), typed: String::new(), focus: Focus::Cancel, refusal }
    }

    /// What can have the focus, in the order in which it goes round.
    pub fn ring(&self) -> Vec<Focus> {
        let reason = (self.plan.kind.operation().reason != Reason::None).then_some(Focus::Reason);
        let proof = self.plan.proof.as_ref().map(|_| Focus::Proof);
        [Focus::Cancel].into_iter().chain(reason).chain(proof).chain([Focus::Confirm]).collect()
    }

    /// Moves the focus by so many places, round and round.
    pub fn turn(&mut self, by: isize) {
        let ring = self.ring();
        let at = ring.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let count = isize::try_from(ring.len()).unwrap_or(1);
        let to = (isize::try_from(at).unwrap_or(0) + by).rem_euclid(count);
        self.focus = usize::try_from(to).ok().and_then(|to| ring.get(to).copied()).unwrap_or(Focus::Cancel);
    }

    /// Whether what has the focus takes text.
    pub const fn writes(&self) -> bool {
        matches!(self.focus, Focus::Reason | Focus::Proof)
    }

    /// The text that has the focus, with the most characters that it takes.
    pub const fn field(&mut self) -> Option<(&mut String, usize)> {
        match self.focus {
            Focus::Reason => Some((&mut self.reason, REASON_MAX)),
            Focus::Proof => Some((&mut self.typed, FIELD_MAX)),
            Focus::Cancel | Focus::Confirm => None,
        }
    }

    /// The reason as it would be sent: none when nothing was typed.
    pub fn given_reason(&self) -> Option<String> {
        let reason = self.reason.trim();
        (!reason.is_empty()).then(|| reason.to_owned())
    }

    /// Whether the proof is typed, whatever the case and the spaces.
    pub fn is_proven(&self) -> bool {
        let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        self.plan.proof.as_ref().is_none_or(|proof| words(proof) == words(&self.typed))
    }
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
