//! The streams and the buckets, as data. Adapters turn them into the server's configuration.

/// How a stream forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// By age and size.
    Limits,
    /// A message goes when it is acknowledged.
    WorkQueue,
}

/// One JetStream stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// Its name.
    pub name: &'static str,
    /// What it stores.
    pub subject: &'static str,
    /// What it is for, shown by `nats stream ls`.
    pub description: &'static str,
    /// How it forgets.
    pub retention: Retention,
    /// Oldest message kept, in days; 0 = no limit.
    pub age_days_max: u32,
    /// Most bytes on disk, in MiB, at full size; the server reserves them.
    pub mebibytes_max: u32,
    /// Most messages a subject; 0 = no limit.
    pub messages_per_subject_max: u32,
    /// A full stream refuses new messages (`true`) or drops the oldest ones (`false`).
    pub refuse_when_full: bool,
    /// How long message ids are remembered, in seconds.
    pub duplicate_window_s: u32,
    /// Single messages can be neither deleted nor purged, by anybody, for as long as the stream is.
    pub append_only: bool,
}

impl StreamSpec {
    /// Everything that is published under the stream's subject, for whoever listens: `domicilio.orders.>` and its like.
    pub fn live(&self) -> String {
        let fixed = self.subject.split_once(".*").map_or(self.subject, |(fixed, _)| fixed);
        format!("{fixed}.>")
    }
}

/// Accepted orders; the body is the payload as it came. Personal data.
pub const ORDERS: StreamSpec = StreamSpec {
    name: "ORDERS",
    subject: "domicilio.orders.*.*.*",
    description: "Accepted orders with their payloads (personal data)",
    retention: Retention::Limits,
    age_days_max: 31,
    mebibytes_max: 2_048,
    messages_per_subject_max: 0,
    // Dropping an accepted order is the one thing that must not happen: intake answers 503 instead.
    refuse_when_full: true,
    duplicate_window_s: 120,
    append_only: false,
};

/// Orders waiting for injection.
pub const QUEUES: StreamSpec = StreamSpec {
    name: "QUEUES",
    subject: "domicilio.queues.*.*",
    description: "Orders waiting for injection, one subject a store",
    retention: Retention::WorkQueue,
    // No age: an order waits until it is injected or given up.
    age_days_max: 0,
    mebibytes_max: 512,
    messages_per_subject_max: 0,
    refuse_when_full: true,
    duplicate_window_s: 120,
    append_only: false,
};

/// Final outcomes; the last one of a store is its watermark.
pub const OUTCOMES: StreamSpec = StreamSpec {
    name: "OUTCOMES",
    subject: "domicilio.outcomes.*.*",
    description: "Final outcome of each order",
    retention: Retention::Limits,
    age_days_max: 31,
    mebibytes_max: 1_280,
    messages_per_subject_max: 0,
    // Without room for an outcome the resolver stops rather than forget that an order is done.
    refuse_when_full: true,
    duplicate_window_s: 120,
    append_only: false,
};

/// Steps that no other stream holds.
pub const EVENTS: StreamSpec = StreamSpec {
    name: "EVENTS",
    subject: "domicilio.events.*.*.*",
    description: "Failed attempts, state of POS, decisions of the distribuidor",
    retention: Retention::Limits,
    age_days_max: 31,
    mebibytes_max: 512,
    messages_per_subject_max: 0,
    refuse_when_full: false,
    duplicate_window_s: 120,
    append_only: false,
};

/// Store records.
pub const STORES: StreamSpec = StreamSpec {
    name: "STORES",
    subject: "domicilio.stores.*.*",
    description: "Store records, one subject a store, revision = sequence",
    retention: Retention::Limits,
    age_days_max: 0,
    mebibytes_max: 128,
    messages_per_subject_max: 64,
    refuse_when_full: true,
    duplicate_window_s: 120,
    append_only: false,
};

/// Refused payloads.
pub const INVALID: StreamSpec = StreamSpec {
    name: "INVALID",
    subject: "domicilio.invalid.*",
    description: "Refused payloads with their faults (personal data)",
    retention: Retention::Limits,
    age_days_max: 31,
    mebibytes_max: 128,
    messages_per_subject_max: 0,
    refuse_when_full: false,
    duplicate_window_s: 120,
    append_only: false,
};

/// What operators did. Reasons are their own words: personal data.
pub const AUDIT: StreamSpec = StreamSpec {
    name: "AUDIT",
    subject: "domicilio.audit.*",
    description: "What operators did: intents and outcomes of their actions",
    retention: Retention::Limits,
    // A year, and the month that is compared with the same month of the year before.
    age_days_max: 400,
    // Two messages of some 700 bytes for each of 200 actions a day make 112 MB in that time.
    mebibytes_max: 128,
    messages_per_subject_max: 0,
    // A flood must not wash away what was there. Whoever acts keeps a file of its own, too.
    refuse_when_full: true,
    duplicate_window_s: 120,
    append_only: true,
};

/// Every stream, in the order in which they are created.
pub const ALL: [&StreamSpec; 7] = [&STORES, &ORDERS, &QUEUES, &OUTCOMES, &EVENTS, &INVALID, &AUDIT];

/// Key-value bucket of leases: the active distribuidor, live resolvers, owners of partitions.
pub const LEASES: &str = "domicilio_leases";

/// Name of the stream under a bucket.
pub fn of_bucket(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// Key-value bucket of counts, one key a UTC day: see [`crate::counters`].
pub const COUNTERS: &str = "domicilio_counters";

/// How long a day's counts are kept after they were last written, in days: a year and the month that is compared with
/// the same month of the year before.
pub const COUNTERS_AGE_DAYS: u32 = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_lost_refuses_when_full() {
        for spec in [&ORDERS, &QUEUES, &OUTCOMES, &STORES, &AUDIT] {
            assert!(spec.refuse_when_full, "{}", spec.name);
        }
    }

    #[test]
    fn outcomes_have_room_for_every_order_that_is_kept() {
        // Measured: an order of the smallest real payloads takes 1.6 KB of ORDERS, its outcome 0.85 KB at most. Were
        // outcomes to fill up first, intake would go on accepting what nobody may inject.
        assert!(u64::from(OUTCOMES.mebibytes_max) * 1_600 >= u64::from(ORDERS.mebibytes_max) * 850);
        assert_eq!(OUTCOMES.age_days_max, ORDERS.age_days_max);
    }

    #[test]
    fn whoever_listens_hears_the_whole_stream() {
        assert_eq!(ORDERS.live(), "domicilio.orders.>");
        assert_eq!(INVALID.live(), "domicilio.invalid.>");
    }

    #[test]
    fn all_together_fit_the_volume_of_the_charts() {
        // Each node of the shipped cluster gives JetStream 9 GiB.
        let total: u32 = ALL.iter().map(|spec| spec.mebibytes_max).sum();
        assert!(total < 9 * 1_024, "{total} MiB");
    }
}
