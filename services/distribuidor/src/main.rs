//! `distribuidor`: parse, run, exit.

use chassis::Chassis;
use clap::Parser as _;
use contract::Service;
use distribuidor::settings::Settings;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::parse();
    let chassis = Chassis::start(&settings.common, Service::Distribuidor, settings.id).await?;
    chassis.answer_probes(settings.probes).await?;
    let outcome = distribuidor::run(&chassis).await;
    chassis.leave().await;
    outcome
}
