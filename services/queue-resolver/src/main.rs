//! `queue-resolver`: parse, run, exit.

use std::sync::Arc;

use chassis::Chassis;
use clap::Parser as _;
use contract::Service;
use queue_resolver::settings::Settings;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::parse();
    let chassis = Arc::new(Chassis::start(&settings.common, Service::Resolver, settings.id.clone()).await?);
    chassis.answer_probes(settings.probes).await?;
    let outcome = queue_resolver::run(Arc::clone(&chassis), &settings).await;
    chassis.leave().await;
    outcome
}
