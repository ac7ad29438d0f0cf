//! `domicilio`: the console, or one command without a screen.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use domicilio::cli::{self, Cli, Command, Common};
use domicilio::demo::{self, DemoArgs};
use domicilio::event::Said;
use domicilio::headless::{self, Failure};
use domicilio::runtime::{Origin, Shown};
use domicilio::state::settings::AlertsFrom;
use domicilio::theme::Theme;
use domicilio::{alerting, config, feed, log, runtime};
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::Receiver;

/// Messages are small pieces of memory that come and go by the ten thousand a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let log = log::start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::Failed(format!("starting: {error}"))),
    };
    let done = runtime.block_on(run(cli, log.said));
    // A task that does not end (a stalled connection) must not hold the way out.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done.map_or_else(|failure| report(&failure), |()| ExitCode::SUCCESS)
}

async fn run(cli: Cli, said: Receiver<Said>) -> Result<(), Failure> {
    // A file that may not grow is an error of whoever writes it, not the end of the program. Once heard, the signal stays
    // harmless.
    let _ = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
    match cli.command {
        None => console(&cli.common, Origin::Bus(feed::route::target(&cli.common).await?), said).await,
        Some(Command::Replay(args)) if args.screen.is_none() => recording(&cli.common, &args, said).await,
        Some(Command::Demo(args)) if !args.headless => demo_on_screen(&cli.common, &args, said).await,
        Some(command) => headless::run(&cli.common, command).await,
    }
}

/// Opens the console on what `origin` says.
async fn console(common: &Common, origin: Origin, said: Receiver<Said>) -> Result<(), Failure> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        let why = "the console needs a terminal; see --help for the commands that need none";
        return Err(Failure::Usage(why.to_owned()));
    }
    let var = |name: &str| std::env::var(name).ok();
    let config = config::load(common, var).map_err(|error| Failure::Usage(feed::chain(&error)))?;
    let lang = config.file.language.resolve(var);
    let mut settings = config.file.settings();
    let alerts =
        alerting::Post::new(&config.file.alerts, lang, var).map_err(|error| Failure::Usage(feed::chain(&error)))?;
    if alerts.is_some() {
        settings.alerts = config.file.alerting(AlertsFrom::Console);
    }
    let remote = var("SSH_CONNECTION").is_some_and(|value| !value.is_empty());
    let settings = runtime::Settings {
        origin,
        contexts: config.file.marks(),
        lang,
        theme: Theme::detect(config.file.screen.look(), var),
        zone: jiff::tz::TimeZone::system(),
        frame: Duration::from_millis(config.file.screen.frame_ms(remote)),
        bytes_per_second: config.file.screen.bytes_per_second(remote),
        state: settings,
        alerts,
    };
    Box::pin(runtime::run(settings, said)).await.map_err(|error| failed(&error))
}

/// Opens the console on a recording.
async fn recording(common: &Common, args: &cli::Replay, said: Receiver<Said>) -> Result<(), Failure> {
    let shown = Shown::open(&args.file, args.speed.into());
    let shown = shown.map_err(|fault| Failure::Failed(format!("{}: {fault}", args.file.display())))?;
    console(common, Origin::Recording(shown), said).await
}

/// Sets the stage, opens the console on it, clears up.
async fn demo_on_screen(common: &Common, args: &DemoArgs, said: Receiver<Said>) -> Result<(), Failure> {
    let _ = writeln!(std::io::stderr(), "domicilio: starting nats-server, services, simulator and traffic ...");
    let stage = demo::Stage::start(&args.stage).await.map_err(|error| failed(&error))?;
    let shown = console(common, Origin::Bus(bus::Target::plain(stage.standing.nats_url.clone())), said).await;
    let kept = args.stage.keep.then(|| stage.standing.folder.clone());
    let ended = stage.end().await.map_err(|error| failed(&error));
    if let Some(folder) = kept {
        let _ = writeln!(std::io::stderr(), "domicilio: kept {folder}");
    }
    shown.and(ended)
}

fn failed(error: &anyhow::Error) -> Failure {
    Failure::Failed(format!("{error:#}"))
}

/// Help, the version, or what is wrong with the command line: in the words of `clap`, but to a monitor in its own.
fn usage(error: &clap::Error) -> ExitCode {
    let asked = Cli::command().ignore_errors(true).try_get_matches();
    let checks = asked.is_ok_and(|asked| asked.subcommand_name() == Some("check"));
    if error.use_stderr() && checks {
        let why = error.to_string();
        let first = why.lines().next().unwrap_or_default();
        return headless::check::unknown(first).map_or_else(|failure| report(&failure), |()| ExitCode::SUCCESS);
    }
    // When nobody reads it there is nobody left to tell.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn report(failure: &Failure) -> ExitCode {
    tracing::debug!(%failure, "ends with a failure");
    if !matches!(failure, Failure::NobodyReads | Failure::Told(_)) {
        // When even standard error is gone there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "domicilio: {failure}");
    }
    ExitCode::from(failure.code())
}
