//! An order on its way: accepted (`ORDERS`), waiting (`QUEUES`), finished (`OUTCOMES`), or refused (`INVALID`).
//!
//! Each message carries the [`OrderHead`], so that any one of them alone yields the order's row. Only the
//! body of `ORDERS` and `INVALID` messages, the payload as it came, holds personal data.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{AppCode, Cloud, CommandId, Country, Fault, InstanceId, OrderId, Partition, StoreId, UtcMs};

/// Who did a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The instance.
    pub instance: InstanceId,
    /// The cloud where it runs.
    pub cloud: Cloud,
}

/// How the customer gets the food.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Brought to the door (DOMICILIO).
    Delivery,
    /// Fetched at the store (PICKUP).
    Pickup,
}

impl Channel {
    /// The word that ops staff use.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Delivery => "DOMICILIO",
            Self::Pickup => "PICKUP",
        }
    }
}

/// Shape of a payload; decides the endpoint and the rules of validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// v2, Spanish keys, `POST /api/restApp/pedidoApp`.
    Delivery,
    /// v3, English keys, `POST /pickup/api/v3/pedidoApp`.
    Pickup,
}

impl Format {
    /// Its name in headers and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Pickup => "pickup",
        }
    }
}

/// Loyalty points in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loyalty {
    /// Points are earned (acumulación).
    Accrue,
    /// Points are spent (canje).
    Redeem,
    /// Both at once.
    Both,
}

/// What an order costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// The amount as the payload has it; pesos come without decimals.
    pub amount: f64,
    /// ISO 4217 code when the payload names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// SHA-256 of a payload's bytes, as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(bytes) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An accepted order without its payload: identity and what tables show. No personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderHead {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// The store's country.
    pub country: Country,
    /// The store the order goes to.
    pub store: StoreId,
    /// The app's code; with the store the order's identity.
    pub code: AppCode,
    /// Delivery or pickup.
    pub channel: Channel,
    /// Shape of the payload.
    pub format: Format,
    /// When intake took it (or its reinjection), before it was stored.
    pub received_at: UtcMs,
    /// The api-domicilio instance that took it.
    pub by: Origin,
    /// What it costs; absent when the payload does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
    /// Number of product lines.
    pub lines: u32,
    /// Points earned or spent; absent when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loyalty: Option<Loyalty>,
    /// Carries the marker "Prueba No Despachar": kitchens must not cook it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// Which reinjection this is, from 1; 0 for the order as it came.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub again: u32,
    /// SHA-256 of the payload's bytes.
    pub sha256: Digest,
    /// Length of the payload in bytes.
    pub bytes: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl OrderHead {
    /// The order's identity.
    pub fn id(&self) -> OrderId {
        OrderId { store: self.store, code: self.code.clone() }
    }
}

/// An order waiting for injection: the message of stream `QUEUES`. Holds no payload, only where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// The order.
    pub order: OrderHead,
    /// Sequence of the order in stream `ORDERS`: where its payload is, and its place in the order of acceptance.
    pub intake: u64,
    /// When the distribuidor handed it over.
    pub queued_at: UtcMs,
    /// The distribuidor that did.
    pub by: Origin,
    /// Its term of office; grows with every change of the active one.
    pub term: u64,
}

/// How an order's way ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Ending {
    /// The POS has it.
    Injected {
        /// The POS said that it had it already (409 or equivalent): an earlier attempt had taken effect.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        already: bool,
    },
    /// Retries used up, or refused by the POS; waits for a person.
    NotInjected {
        /// Why.
        reason: crate::event::FailReason,
        /// One sentence of ours, never the POS's own text (which might hold personal data).
        detail: String,
        /// The command that released it, when it was given up by a person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<CommandId>,
    },
}

/// Final outcome of a queue entry: the message of stream `OUTCOMES`. The last one of a store is its watermark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "OutcomeFields")]
pub struct Outcome {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// The order.
    pub order: OrderHead,
    /// Sequence of the order in stream `ORDERS`.
    pub intake: u64,
    /// Highest intake sequence finished at this store so far: entries up to here are done.
    pub watermark: u64,
    /// Sequence of the entry in stream `QUEUES`.
    pub queue_seq: u64,
    /// The partition and the epoch under which the resolver owned it.
    pub partition: Partition,
    /// Grows whenever the partition changes hands.
    pub epoch: u64,
    /// When the distribuidor handed the order over.
    pub queued_at: UtcMs,
    /// The distribuidor that did.
    pub queued_by: Origin,
    /// Number of attempts made by this owner; at least 1 unless the store's POS was never reached.
    pub attempts: u32,
    /// Start of the first attempt by this owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_attempt_at: Option<UtcMs>,
    /// Start of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt_at: Option<UtcMs>,
    /// How long the POS took to answer the last attempt, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pos_ms: Option<u32>,
    /// When the outcome was known.
    pub at: UtcMs,
    /// The resolver.
    pub by: Origin,
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
}

/// An [`Outcome`] field by field: so each is read straight into its place, where a flattened one would be kept as a value
/// of any kind first.
#[derive(Deserialize)]
struct OutcomeFields {
    v: u8,
    order: OrderHead,
    intake: u64,
    watermark: u64,
    queue_seq: u64,
    partition: Partition,
    epoch: u64,
    queued_at: UtcMs,
    queued_by: Origin,
    attempts: u32,
    first_attempt_at: Option<UtcMs>,
    last_attempt_at: Option<UtcMs>,
    pos_ms: Option<u32>,
    at: UtcMs,
    by: Origin,
    result: Kind,
    #[serde(default)]
    already: bool,
    reason: Option<crate::event::FailReason>,
    detail: Option<String>,
    command: Option<CommandId>,
}

/// The kinds of [`Ending`].
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Injected,
    NotInjected,
}

impl TryFrom<OutcomeFields> for Outcome {
    type Error = &'static str;

    fn try_from(fields: OutcomeFields) -> Result<Self, Self::Error> {
        let ending = match fields.result {
            Kind::Injected => Ending::Injected { already: fields.already },
            Kind::NotInjected => Ending::NotInjected {
                reason: fields.reason.ok_or("missing field `reason`")?,
                detail: fields.detail.ok_or("missing field `detail`")?,
                command: fields.command,
            },
        };
        Ok(Self {
            v: fields.v,
            order: fields.order,
            intake: fields.intake,
            watermark: fields.watermark,
            queue_seq: fields.queue_seq,
            partition: fields.partition,
            epoch: fields.epoch,
            queued_at: fields.queued_at,
            queued_by: fields.queued_by,
            attempts: fields.attempts,
            first_attempt_at: fields.first_attempt_at,
            last_attempt_at: fields.last_attempt_at,
            pos_ms: fields.pos_ms,
            at: fields.at,
            by: fields.by,
            ending,
        })
    }
}

/// Header of a refused payload in stream `INVALID`; the body is the payload. No personal data here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvalidHead {
    /// Version of the message, [`crate::VERSION`].
    pub v: u8,
    /// The store's country, or the instance's own when the store is not known.
    pub country: Country,
    /// The store, if one could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// The app's code, if one could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<AppCode>,
    /// The endpoint's format.
    pub format: Format,
    /// Every fault, at most 50.
    pub faults: Vec<Fault>,
    /// When it came.
    pub at: UtcMs,
    /// The api-domicilio instance that refused it.
    pub by: Origin,
    /// Length of the payload in bytes.
    pub bytes: u32,
}
