//! What a person is looking at: the opened detail, or what the selected row would open.

use super::{Opened, Screen, State, attention, log};

impl State {
    /// What is looked at; nothing where no row is selected or the row is about no single thing.
    pub fn aimed(&self) -> Option<Opened> {
        match (self.opened.last(), self.screen) {
            (Some(Opened::Queue(store)), _) => {
                let order = self.entry_table.current().cloned().map(Opened::Order);
                Some(order.unwrap_or(Opened::Queue(*store)))
            }
            (Some(Opened::Jobs), _) => self.jobs.table.current().copied().map(Opened::Job),
            (Some(opened), _) => Some(opened.clone()),
            (None, Screen::Overview) => match self.attention_table.current()? {
                attention::Subject::Queue(store) => Some(Opened::Queue(*store)),
                attention::Subject::Silent(service, instance)
                | attention::Subject::Troubled(service, instance)
                | attention::Subject::Halted(service, instance) => Some(Opened::Instance((*service, instance.clone()))),
                _ => None,
            },
            (None, Screen::Orders) => self.order_table.current().cloned().map(Opened::Order),
            (None, Screen::NotInjected) => self.case_table.current().cloned().map(Opened::Order),
            (None, Screen::Queues) => self.queue_table.current().copied().map(Opened::Queue),
            (None, Screen::Stores) => self.store_table.current().copied().map(Opened::Store),
            (None, Screen::Services) => self.service_table.current().cloned().map(Opened::Instance),
            (None, Screen::Bus) => self.wire.aimed(),
            (None, Screen::Log) => self.log_table.current().and_then(|id| self.log.get(*id)).and_then(behind),
        }
    }

    /// The id of what is looked at, as the command line takes it: an order's id, a store's code, an instance's name.
    pub fn aimed_id(&self) -> Option<String> {
        Some(match self.aimed()? {
            Opened::Order(id) => id.to_string(),
            Opened::Queue(store) | Opened::Store(store) => {
                self.stores.get(store).map_or_else(|| store.to_string(), |store| store.record.code.clone())
            }
            Opened::Instance((_, instance)) => instance.to_string(),
            Opened::Stream(name) => name,
            Opened::Raw(id) => self.wire.tail.message_at(id)?.subject.clone(),
            Opened::Job(id) => id.to_string(),
            Opened::Invalid | Opened::Jobs => return None,
        })
    }
}

/// What an entry of the log is about.
pub fn behind(entry: &log::Entry) -> Option<Opened> {
    if matches!(entry.what, log::Happened::Invalid(_)) {
        return Some(Opened::Invalid);
    }
    entry.order().map(Opened::Order).or_else(|| entry.store().map(Opened::Store))
}
