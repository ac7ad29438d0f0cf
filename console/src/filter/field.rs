//! The fields that a filter can name, in Spanish and in English.

use crate::state::Lang;

/// What a field's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words: `tienda:K024`.
    Text,
    /// A number: `intentos>=3`.
    Number,
    /// A time that passes: `edad>5m`.
    Time,
}

/// A field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The app's code of an order.
    Code,
    /// Number, code or name of a store.
    Store,
    /// Where something is on its way, or what it is doing.
    State,
    /// How long something has been waiting, or took.
    Age,
    /// Attempts made.
    Attempts,
    /// DOMICILIO or PICKUP.
    Channel,
    /// Where an instance runs.
    Cloud,
    /// Two letters.
    Country,
    /// What an order costs.
    Total,
    /// Lines of an order.
    Lines,
    /// How often an order was reinjected.
    Again,
    /// Entries that wait.
    Depth,
    /// The resolver that injects into a store.
    Owner,
    /// A kind of service.
    Service,
    /// An instance.
    Instance,
    /// Who did something.
    Operator,
}

/// A field's name in Spanish, in English, and what its values are.
const NAMES: [(Field, &str, &str, Kind); 16] = [
    (Field::Code, "codigo", "code", Kind::Text),
    (Field::Store, "tienda", "store", Kind::Text),
    (Field::State, "estado", "state", Kind::Text),
    (Field::Age, "edad", "age", Kind::Time),
    (Field::Attempts, "intentos", "attempts", Kind::Number),
    (Field::Channel, "canal", "channel", Kind::Text),
    (Field::Cloud, "nube", "cloud", Kind::Text),
    (Field::Country, "pais", "country", Kind::Text),
    (Field::Total, "total", "total", Kind::Number),
    (Field::Lines, "lineas", "lines", Kind::Number),
    (Field::Again, "reinyecciones", "reinjections", Kind::Number),
    (Field::Depth, "cola", "depth", Kind::Number),
    (Field::Owner, "resolver", "owner", Kind::Text),
    (Field::Service, "servicio", "service", Kind::Text),
    (Field::Instance, "instancia", "instance", Kind::Text),
    (Field::Operator, "operador", "operator", Kind::Text),
];

/// Other words for the same.
const ALIASES: [(Field, &str); 3] =
    [(Field::Store, "local"), (Field::Store, "restaurante"), (Field::Depth, "profundidad")];

/// Fields of orders.
pub const ORDERS: &[Field] = &[
    Field::State,
    Field::Store,
    Field::Age,
    Field::Attempts,
    Field::Cloud,
    Field::Channel,
    Field::Country,
    Field::Total,
    Field::Code,
    Field::Lines,
    Field::Again,
];
/// Fields of queues.
pub const QUEUES: &[Field] = &[Field::Store, Field::Depth, Field::Age, Field::Owner, Field::State, Field::Country];
/// Fields of stores.
pub const STORES: &[Field] = &[Field::Store, Field::State, Field::Country];
/// Fields of instances.
pub const SERVICES: &[Field] =
    &[Field::Service, Field::Instance, Field::State, Field::Cloud, Field::Country, Field::Age];

/// Fields of the log.
pub const LOG: &[Field] = &[Field::Operator, Field::Store, Field::Instance, Field::Code, Field::Age];

impl Field {
    /// The field with this name in either language, whatever its accents.
    pub fn named(folded: &str) -> Option<Self> {
        let name = NAMES.iter().find(|(_, es, en, _)| *es == folded || *en == folded).map(|(field, ..)| *field);
        name.or_else(|| ALIASES.iter().find(|(_, alias)| *alias == folded).map(|(field, _)| *field))
    }

    /// Its name.
    pub fn name(self, lang: Lang) -> &'static str {
        let row = NAMES.iter().find(|(field, ..)| *field == self);
        row.map_or("", |(_, es, en, _)| match lang {
            Lang::Es => es,
            Lang::En => en,
        })
    }

    /// What its values are.
    pub fn kind(self) -> Kind {
        NAMES.iter().find(|(field, ..)| *field == self).map_or(Kind::Text, |(.., kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_means_one_field_and_is_written_as_it_is_found() {
        for (field, es, en, _) in NAMES {
            for name in [es, en] {
                assert_eq!(Field::named(name), Some(field));
                assert_eq!(super::super::words::fold(name), name);
            }
        }
        for (field, alias) in ALIASES {
            assert_eq!(Field::named(alias), Some(field));
        }
        for fields in [ORDERS, QUEUES, STORES, SERVICES, LOG] {
            assert!(fields.iter().all(|field| !field.name(Lang::Es).is_empty()));
        }
    }
}
