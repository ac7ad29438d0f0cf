//! Why something is not possible, in words.

use super::{Lang, Msg, phrases};
use crate::filter::words::order_state;
use crate::operation::Object;
use crate::state::Refusal;
use crate::view::label::run_msg;

impl Refusal {
    /// One sentence in `lang`.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::NoContext(name) => phrases::refused_no_context(lang, name),
            Self::Silent(instance) => phrases::refused_silent(lang, instance),
            Self::AlreadyThere(instance, state) => phrases::refused_already(lang, instance, lang.t(run_msg(*state))),
            Self::NoStore(text) if !text.trim().is_empty() => phrases::refused_no_store(lang, text),
            Self::StoreClosed(store) => phrases::refused_store_closed(lang, store),
            Self::NoView(name) => phrases::refused_no_view(lang, name),
            Self::ViewsUnreadable(why) => phrases::views_unreadable(lang, why),
            Self::TooMany(count) => phrases::refused_too_many(lang, count, crate::state::jobs::BATCH_MAX),
            Self::OrderIs(state) => phrases::refused_order_is(lang, lang.t(order_state(*state))),
            Self::NoInstance(service) => phrases::refused_no_instance(lang, service),
            Self::NothingWaits(store) => phrases::refused_nothing_waits(lang, store),
            Self::NoOwner(store) => phrases::refused_no_owner(lang, store),
            Self::AlreadyOwner(instance) => phrases::refused_already_owner(lang, instance),
            Self::StoreAlready(store) => phrases::refused_store_already(lang, store),
            Self::StoreChanged(store) => phrases::refused_store_changed(lang, store),
            Self::StoreExists(store) => phrases::refused_store_exists(lang, store),
            Self::StoreFaulty(code) => phrases::refused_store_faulty(lang, code),
            Self::TestStore(store) => phrases::refused_test_store(lang, store),
            Self::NotANumber(most) => phrases::refused_no_number(lang, most),
            Self::NotProven(proof) => phrases::refused_not_proven(lang, proof),
            Self::Denied(user) => phrases::refused_denied(lang, user),
            Self::Unaudited(why) => phrases::refused_unaudited(lang, why),
            Self::NotATime(text) if !text.is_empty() => phrases::refused_no_time(lang, text),
            other => lang.t(other.plain()).to_owned(),
        }
    }

    /// The words of one that has no figures in it.
    const fn plain(&self) -> Msg {
        match self {
            Self::ReadOnly => Msg::RefusedReadOnly,
            Self::NotConnected => Msg::RefusedNotConnected,
            Self::OnlyOnServices | Self::WrongObject(Object::Instance) => Msg::RefusedOnlyOnServices,
            Self::WrongObject(Object::Orders) => Msg::RefusedNoOrder,
            Self::WrongObject(Object::Store) => Msg::RefusedNoStoreHere,
            Self::NoStore(_) => Msg::RefusedStoreMissing,
            Self::NoViewName => Msg::RefusedNoViewName,
            Self::NoSort => Msg::RefusedNoSort,
            Self::Busy => Msg::RefusedBusy,
            Self::Replaying => Msg::RefusedReplaying,
            Self::Recorded => Msg::RefusedRecorded,
            Self::NotReplaying => Msg::RefusedNotReplaying,
            Self::ReplayTime | Self::NotATime(_) => Msg::RefusedReplayTime,
            Self::OrderUnknown => Msg::RefusedOrderUnknown,
            Self::CatalogueChanged => Msg::RefusedCatalogueChanged,
            Self::NotAtHead => Msg::RefusedNotAtHead,
            Self::NoActive => Msg::RefusedNoActive,
            Self::NoResolver => Msg::RefusedNoResolver,
            Self::TestOrdersOff => Msg::RefusedTestOrdersOff,
            Self::NoReason => Msg::RefusedNoReason,
            Self::NoOperator => Msg::RefusedNoOperator,
            Self::Stale => Msg::RefusedStale,
            Self::NoUnlock => Msg::RefusedNoUnlock,
            Self::NotLocked => Msg::RefusedNotLocked,
            Self::NotUnlocked => Msg::RefusedNotUnlocked,
            Self::NoContextName => Msg::RefusedNoContextName,
            Self::Cancelled => Msg::RefusedCancelled,
            Self::NoJobs => Msg::RefusedNoJobs,
            Self::NoOpenOrder => Msg::RefusedNoOpenOrder,
            _ => Msg::RefusedNothingSelected,
        }
    }
}
