//! The program `api-domicilio`: settings in, exit code out.

use std::process::ExitCode;

use api_domicilio::settings::{Args, Task};
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.task {
        Some(Task::NewKey(wanted)) => api_domicilio::new_key(wanted),
        None => {
            if let Err(told) = args.check() {
                Args::command().error(ErrorKind::MissingRequiredArgument, told).exit();
            }
            api_domicilio::run(args).await
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may not be installed yet.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("api-domicilio: {error:#}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}
