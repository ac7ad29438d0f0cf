//! What a key may be for.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// What a route needs, and what a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Scope {
    /// Sending orders.
    OrdersWrite,
    /// Asking where an order is.
    OrdersRead,
    /// Creating and changing stores.
    StoresWrite,
    /// Reading stores.
    StoresRead,
    /// Reading metrics, where they are not open to all.
    Operations,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::OrdersWrite, Self::OrdersRead, Self::StoresWrite, Self::StoresRead, Self::Operations];

    /// The word in the file of keys and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrdersWrite => "orders:write",
            Self::OrdersRead => "orders:read",
            Self::StoresWrite => "stores:write",
            Self::StoresRead => "stores:read",
            Self::Operations => "operations",
        }
    }
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        named.ok_or("a scope is orders:write, orders:read, stores:write, stores:read or operations")
    }
}

impl TryFrom<String> for Scope {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
