//! Making a key: `api-domicilio new-key`.

use std::fmt::Write as _;

use clap::Args;
use contract::UtcMs;

use super::{KeyId, Pace, Scope, Token};

/// What a new key is to be.
#[derive(Debug, Clone, Args)]
pub struct NewKey {
    /// Name of the key, unique in its file: 1 to 48 letters, digits, '-', '_' and '.'; shown in metrics
    #[arg(long)]
    pub id: KeyId,

    /// What it may do: orders:write, orders:read, stores:write, stores:read, operations; several with commas, or repeated
    #[arg(long = "scope", required = true, value_delimiter = ',')]
    pub scopes: Vec<Scope>,

    /// When it ends, UTC: 2027-01-31T00:00:00Z; default: never
    #[arg(long)]
    pub expires: Option<UtcMs>,

    /// Requests a second that it may send in the long run, 1 to 100000; default: as many as it likes
    #[arg(long)]
    pub rate: Option<u32>,

    /// Requests that it may send at once, 1 to 100000; default: as many as a second's
    #[arg(long, requires = "rate")]
    pub burst: Option<u32>,
}

impl NewKey {
    /// What belongs into the file for a key with this token.
    pub fn entry(&self, token: &Token) -> Result<String, &'static str> {
        let scopes: Vec<String> = self.scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
        let mut entry = format!(
            "\n[[key]]\nid = \"{}\"\nsha256 = \"{}\"\nscopes = [{}]\n",
            self.id,
            token.sha256(),
            scopes.join(", ")
        );
        // Writing to a String cannot fail.
        if let Some(expires) = self.expires {
            let _ = writeln!(entry, "expires = \"{expires}\"");
        }
        if let Some(rate) = self.rate {
            Pace::new(rate, self.burst.unwrap_or(rate))?;
            let _ = writeln!(entry, "rate = {rate}");
        }
        if let Some(burst) = self.burst {
            let _ = writeln!(entry, "burst = {burst}");
        }
        Ok(entry)
    }
}
