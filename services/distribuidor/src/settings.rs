//! Settings of the distribuidor.

use chassis::{CommonArgs, ProbeArgs};
use clap::Parser;
use contract::InstanceId;

/// Gives every accepted order to the queue of its store, and every partition of stores to one live queue-resolver.
///
/// Run two: one is active, the other takes over about two seconds after the first falls silent.
#[derive(Debug, Clone, Parser)]
#[command(name = "distribuidor", version)]
pub struct Settings {
    /// Name of this instance, unique among the distribuidores
    #[arg(long, env = "DOMICILIO_ID", default_value = "distribuidor-1")]
    pub id: InstanceId,

    /// Where probes are answered
    #[command(flatten)]
    pub probes: ProbeArgs,

    /// Settings common to all services
    #[command(flatten)]
    pub common: CommonArgs,
}
