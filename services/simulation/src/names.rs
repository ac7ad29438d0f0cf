//! Names and the one order that all others are copies of.

use contract::id::InvalidId;
use contract::order::{Channel, Digest, Format, Origin};
use contract::{CommandId, Country, InstanceId, OrderHead, StoreId, UtcMs};

use crate::agenda::{MS, Us};

/// Names that a run needs.
#[derive(Debug, Clone)]
pub struct Names {
    /// Every store's country.
    pub country: Country,
    /// The processes.
    pub origins: Vec<Origin>,
    /// An operator's command: which one does not matter here.
    pub command: CommandId,
    order: OrderHead,
}

impl Names {
    /// `distribuidores`, then `resolvers`.
    pub fn new(distribuidores: usize, resolvers: usize) -> Result<Self, InvalidId> {
        let origin = |instance: InstanceId| Ok::<_, InvalidId>(Origin { instance, cloud: "local".parse()? });
        let first = (1..=distribuidores).map(|number| format!("distribuidor-{number}"));
        let names = first.chain((1..=resolvers).map(|number| format!("queue-resolver-{number}")));
        let origins = names.map(|name| origin(name.parse()?)).collect::<Result<Vec<_>, _>>()?;
        let country: Country = "co".parse()?;
        let order = OrderHead {
            v: contract::VERSION,
            country,
            store: StoreId::NONE,
            code: "o".parse()?,
            channel: Channel::Delivery,
            format: Format::Delivery,
            received_at: UtcMs::default(),
            by: origin("api-domicilio-1".parse()?)?,
            total: None,
            lines: 1,
            loyalty: None,
            test: true,
            again: 0,
            sha256: Digest::of(b"simulated"),
            bytes: 9,
        };
        Ok(Self { country, origins, command: "release".parse()?, order })
    }

    /// An order accepted at `now`; `None` when `number` makes no code.
    pub fn order(&self, store: StoreId, number: u32, now: Us) -> Option<OrderHead> {
        let code = format!("o{number}").parse().ok()?;
        Some(OrderHead { store, code, received_at: utc(now), ..self.order.clone() })
    }
}

/// Virtual time as a date.
pub fn utc(now: Us) -> UtcMs {
    UtcMs::from_millis(1_795_000_000_000 + i64::try_from(now / MS).unwrap_or(0))
}
