//! What filters can ask of the rows of each table.

use std::borrow::Cow;

use contract::{StoreId, UtcMs};

use crate::filter::words::{order_state_folded, run_state_words, store_state_words};
use crate::filter::{Field, Row, fold};
use crate::state::log::Entry;
use crate::state::orders::Order;
use crate::state::queues::Queue;
use crate::state::services::Instance;
use crate::state::stores::Store;
use crate::state::{Lang, State, attention};

pub(super) struct OrderRow<'a> {
    pub(super) state: &'a State,
    pub(super) order: &'a Order,
}

impl Row for OrderRow<'_> {
    fn words(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.order.words())
    }

    fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        let head = &self.order.pass.head;
        Some(match field {
            Field::Code => folded(head.code.as_str()),
            Field::Store => match self.state.stores.get(head.store) {
                Some(store) => Cow::Borrowed(&store.words),
                None => folded(&head.store.to_string()),
            },
            Field::State => Cow::Borrowed(order_state_folded(self.order.state())),
            Field::Channel => folded(head.channel.label()),
            Field::Cloud => folded(head.by.cloud.as_str()),
            Field::Country => folded(head.country.as_str()),
            _ => return None,
        })
    }

    fn number(&self, field: Field) -> Option<f64> {
        let pass = &self.order.pass;
        match field {
            Field::Age => Some(ms(self.order.age_ms(self.state.now))),
            // Nobody has told of an attempt before the first one failed or an end is known.
            Field::Attempts => Some(pass.attempts_made()).filter(|made| *made > 0).map(f64::from),
            Field::Total => pass.head.total.as_ref().map(|total| total.amount),
            Field::Lines => Some(f64::from(pass.head.lines)),
            Field::Again => Some(f64::from(pass.head.again)),
            _ => None,
        }
    }
}

pub(super) struct QueueRow<'a> {
    pub(super) state: &'a State,
    pub(super) queue: &'a Queue,
}

impl QueueRow<'_> {
    fn owner(&self) -> &str {
        self.state.queues.owner(self.queue.store).map_or("", |owner| owner.as_str())
    }

    fn pos(&self) -> &'static str {
        if self.queue.pos_down() { "down caido" } else { "" }
    }

    fn country(&self) -> String {
        self.state.stores.get(self.queue.store).map(|store| store.record.country.to_string()).unwrap_or_default()
    }
}

impl Row for QueueRow<'_> {
    fn words(&self) -> Cow<'_, str> {
        let place = place(self.state, self.queue.store);
        Cow::Owned(fold(&format!("{place} {} {} {}", self.owner(), self.pos(), self.country())))
    }

    fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        Some(folded(&match field {
            Field::Store => place(self.state, self.queue.store),
            Field::Owner => self.owner().to_owned(),
            Field::State => self.pos().to_owned(),
            Field::Country => self.country(),
            _ => return None,
        }))
    }

    fn number(&self, field: Field) -> Option<f64> {
        match field {
            Field::Depth => self.queue.depth.and_then(|depth| u32::try_from(depth).ok()).map(f64::from),
            Field::Age => self.queue.oldest_age_ms(self.state.now).map(ms),
            _ => None,
        }
    }
}

pub(super) struct StoreRow<'a> {
    pub(super) now: UtcMs,
    pub(super) store: &'a Store,
}

impl Row for StoreRow<'_> {
    fn words(&self) -> Cow<'_, str> {
        let record = &self.store.record;
        let labels: Vec<&str> = record.labels.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]).collect();
        let state = store_state_words(record.state_at(self.now));
        let words =
            format!("{} {} {} {} {state} {}", record.id, record.code, record.name, record.country, labels.join(" "));
        Cow::Owned(fold(&words))
    }

    fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        let record = &self.store.record;
        Some(folded(&match field {
            Field::Store => format!("{} {} {}", record.id, record.code, record.name),
            Field::State => store_state_words(record.state_at(self.now)),
            Field::Country => record.country.to_string(),
            _ => return None,
        }))
    }

    fn number(&self, _field: Field) -> Option<f64> {
        None
    }
}

pub(super) struct InstanceRow<'a> {
    pub(super) now: UtcMs,
    pub(super) instance: &'a Instance,
}

impl Row for InstanceRow<'_> {
    fn words(&self) -> Cow<'_, str> {
        let heartbeat = &self.instance.heartbeat;
        let state = run_state_words(heartbeat.state);
        Cow::Owned(fold(&format!(
            "{} {} {} {} {} {state}",
            heartbeat.service, heartbeat.instance, heartbeat.cloud, heartbeat.country, heartbeat.version
        )))
    }

    fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        let heartbeat = &self.instance.heartbeat;
        Some(folded(&match field {
            Field::Service => heartbeat.service.to_string(),
            Field::Instance => heartbeat.instance.to_string(),
            Field::State => run_state_words(heartbeat.state),
            Field::Cloud => heartbeat.cloud.to_string(),
            Field::Country => heartbeat.country.to_string(),
            _ => return None,
        }))
    }

    fn number(&self, field: Field) -> Option<f64> {
        // How long it has been running.
        (field == Field::Age).then(|| ms(self.now.since(self.instance.heartbeat.started_at).max(0)))
    }
}

pub(super) struct AttentionRow<'a> {
    pub(super) state: &'a State,
    pub(super) item: &'a attention::Item,
}

impl Row for AttentionRow<'_> {
    fn words(&self) -> Cow<'_, str> {
        let words = match &self.item.subject {
            attention::Subject::NotInjected => "not injected no inyectado".to_owned(),
            attention::Subject::Queue(store) => place(self.state, *store),
            attention::Subject::NoService(service) => service.to_string(),
            attention::Subject::Troubled(service, instance)
            | attention::Subject::Silent(service, instance)
            | attention::Subject::Halted(service, instance) => format!("{service} {instance}"),
            attention::Subject::Undistributed => "undistributed sin distribuir".to_owned(),
            attention::Subject::Invalid => "invalid invalido".to_owned(),
            attention::Subject::Clock(Some((service, instance))) => format!("{service} {instance} clock reloj"),
            attention::Subject::Clock(None) => "clock reloj".to_owned(),
        };
        Cow::Owned(fold(&words))
    }

    fn text(&self, _field: Field) -> Option<Cow<'_, str>> {
        None
    }

    fn number(&self, _field: Field) -> Option<f64> {
        None
    }
}

pub(super) struct LogRow<'a> {
    pub(super) state: &'a State,
    pub(super) entry: &'a Entry,
}

impl Row for LogRow<'_> {
    /// What a person sees of it, in both languages.
    fn words(&self) -> Cow<'_, str> {
        let said = Lang::ALL.map(|lang| crate::text::happened::sentence(lang, &self.entry.what));
        let code = self.entry.order().map(|order| order.code.to_string()).unwrap_or_default();
        let store = self.entry.store().map(|store| place(self.state, store)).unwrap_or_default();
        let by = self.entry.by().unwrap_or_default();
        Cow::Owned(fold(&format!("{code} {store} {by} {}", said.join(" "))))
    }

    fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        Some(folded(&match field {
            Field::Store => place(self.state, self.entry.store()?),
            Field::Instance => self.entry.by()?.to_owned(),
            Field::Code => self.entry.order()?.code.to_string(),
            Field::Operator => self.entry.operator()?.to_string(),
            _ => return None,
        }))
    }

    fn number(&self, field: Field) -> Option<f64> {
        (field == Field::Age).then(|| ms(self.state.now.since(self.entry.at).max(0)))
    }
}

/// Number, code and name of a store.
fn place(state: &State, store: StoreId) -> String {
    format!("{store} {}", state.stores.place(store))
}

fn folded(text: &str) -> Cow<'static, str> {
    Cow::Owned(fold(text))
}

/// Times are far below 2^53 ms.
#[expect(clippy::cast_precision_loss, reason = "exact up to 285,000 years")]
const fn ms(ms: i64) -> f64 {
    ms as f64
}
