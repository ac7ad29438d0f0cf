//! What is measured, one file a group.

mod frames;
mod hours;
mod ingestion;
mod memory;
mod path;
mod peers;
mod ssh;
mod start;
pub(crate) mod wire;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::report::{Row, Target};
use crate::settings::{Name, Scale};

/// How much more there may be at the end than in the middle, where nothing is to grow.
const FLAT: Target = Target::RatioMost(1.05);

/// What a group came to.
#[derive(Debug, Default)]
pub struct Measured {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Why it has none, when it cannot have any here.
    pub left_out: Option<String>,
}

impl From<Vec<Row>> for Measured {
    fn from(rows: Vec<Row>) -> Self {
        Self { rows, left_out: None }
    }
}

/// Measures a group; `peers` tells where peers are.
pub async fn measure(name: Name, scale: &Scale, peers: Option<&Path>) -> anyhow::Result<Measured> {
    Ok(match name {
        Name::Frames => tokio::task::block_in_place(|| frames::measure(scale))?.into(),
        Name::Ingestion => ingestion::measure(scale).await?.into(),
        Name::Path => path::measure(scale).await?.into(),
        Name::Start => start::measure(scale).await?.into(),
        Name::Wire => wire::measure(scale).await?.into(),
        Name::Peers => peers::measure(scale, peers).await?,
        Name::Ssh => ssh::measure(scale).await?,
        Name::Memory => memory::measure(scale).await?.into(),
        Name::Hours => hours::measure(scale).await?.into(),
    })
}

/// The console's program, beside this one.
pub(crate) fn console() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("finding this program")?;
    let program = own.with_file_name("domicilio");
    ensure!(program.is_file(), "{} is missing: `make bench` builds it", program.display());
    Ok(program)
}
