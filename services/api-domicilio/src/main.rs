//! The program `api-domicilio`: settings in, exit code out.

use std::process::ExitCode;

use api_domicilio::settings::Args;
use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match api_domicilio::run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may not be installed yet.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("api-domicilio: {error:#}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}
