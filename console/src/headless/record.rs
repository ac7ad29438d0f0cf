//! `domicilio record`: what is heard, into a file, until it is enough.

use std::io;
use std::path::Path;
use std::pin::Pin;

use tokio::time::Instant;

use super::watching::{Watching, reached};
use super::{Failure, say, settings};
use crate::cli::{Common, Record};
use crate::feed;
use crate::recording::file::Writer;
use crate::recording::{FORMAT, Header, Recorded, Stop};
use crate::state::State;
use crate::{term, view};

pub(super) async fn run(common: &Common, arguments: &Record) -> Result<(), Failure> {
    let path = &arguments.file;
    if path.exists() {
        return Err(there(path));
    }
    let ended = std::pin::pin!(term::asked_to_end());
    let mut watching = Watching::open(common, &settings(common)?).await?;
    // Before it is connected nothing is heard but that.
    let began_at = watching.state.started_at;
    let heard = watching.keep();
    let mut writer =
        Writer::create(path, &header(&watching.state), arguments.max_size * 1_000_000).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists { there(path) } else { unwritable(path, &error) }
        })?;
    say(&format!("domicilio: recording to {}; Ctrl-C ends it", path.display()));
    let until = arguments.duration.map(|time| Instant::now() + time.unsigned_abs());
    let why = listen(&mut watching, heard, &mut writer, ended, until).await;
    let now = feed::now();
    let written = match &why {
        Ok(why) => writer.end(now, *why),
        // What stands in the file is told as cut off.
        Err(_) => writer.flush().map(|()| (0, 0)),
    };
    watching.close().await;
    let why = why?;
    let (bytes, lines) = written.map_err(|error| unwritable(path, &error))?;
    let (took, size) = (view::when::age(now.since(began_at)), view::when::size(bytes));
    if why == Stop::Size {
        say(&format!("domicilio: it is as large as --max-size lets it be ({} MB): it ends here", arguments.max_size));
    }
    say(&format!("domicilio: {lines} events in {took}, {size}, in {}", path.display()));
    Ok(())
}

fn header(state: &State) -> Header {
    Header {
        recording: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        began_at: state.started_at,
        context: state.access.context.clone(),
        production: state.access.production,
    }
}

/// Writes down what happens, and why that ends.
async fn listen(
    watching: &mut Watching,
    heard: Vec<super::watching::Heard>,
    writer: &mut Writer,
    mut ended: Pin<&mut impl Future<Output = io::Result<()>>>,
    until: Option<Instant>,
) -> Result<Stop, Failure> {
    let mut heard = heard;
    loop {
        for (at, event) in heard {
            let Some(recorded) = Recorded::of(&event) else { continue };
            let ticks = recorded == Recorded::Tick;
            let added = writer.add(at, recorded);
            let flushed = if ticks { writer.flush() } else { Ok(()) };
            if !added.and_then(|fits| flushed.map(|()| fits)).map_err(|error| Failure::Failed(error.to_string()))? {
                return Ok(Stop::Size);
            }
        }
        tokio::select! {
            biased;
            signal = &mut ended => {
                return signal.map(|()| Stop::Asked).map_err(|error| Failure::Failed(format!("waiting for signals: {error}")));
            }
            () = reached(until) => return Ok(Stop::Time),
            turned = watching.turn() => turned?,
        }
        heard = watching.heard();
    }
}

fn there(path: &Path) -> Failure {
    Failure::Usage(format!("{} is there already; a recording is not written over anything", path.display()))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}
