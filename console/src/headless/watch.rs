//! `domicilio watch --alerts`: nobody looks, and what needs a person goes to the chat group. For a service manager: it says
//! what it does on standard error, and ends well when it is asked to.

use super::watching::Watching;
use super::{Failure, env, say, settings};
use crate::alerting::Post;
use crate::cli::{Common, Watch};
use crate::feed::chain;
use crate::state::settings::AlertsFrom;
use crate::state::{Notice, State};
use crate::term;

/// What was said last.
#[derive(Default)]
struct Said {
    up: bool,
    failed: Option<contract::UtcMs>,
}

pub(super) async fn run(common: &Common, arguments: &Watch) -> Result<(), Failure> {
    if !arguments.alerts {
        return Err(Failure::Usage("there is nothing to do: --alerts sends alerts".to_owned()));
    }
    let config = settings(common)?;
    let lang = config.file.language.resolve(env);
    let post = Post::new(&config.file.alerts, lang, env).map_err(|error| Failure::Usage(chain(&error)))?;
    let post =
        post.ok_or_else(|| Failure::Usage("the settings say nothing of alerts: alerts.url is empty".to_owned()))?;
    let mut ended = std::pin::pin!(term::asked_to_end());
    let mut watching = Watching::open(common, &config).await?;
    watching.state.settings.alerts = config.file.alerting(AlertsFrom::Watch);
    watching.alerts = Some(post);
    say("domicilio: watching; what needs a person is sent to alerts.url");
    let mut said = Said { up: true, failed: None };
    loop {
        tokio::select! {
            biased;
            signal = &mut ended => {
                signal.map_err(|error| Failure::Failed(format!("waiting for signals: {error}")))?;
                break;
            }
            turned = watching.turn() => turned?,
        }
        tell(&watching.state, &mut said);
    }
    watching.close().await;
    say("domicilio: asked to end");
    Ok(())
}

/// Says what whoever reads the service's log needs to know of this program itself.
fn tell(state: &State, said: &mut Said) {
    if state.link.is_up() != said.up {
        said.up = state.link.is_up();
        say(if said.up { "domicilio: connected again" } else { "domicilio: no connection to the bus" });
    }
    let failed = state.notices.shown.iter().rfind(|posted| matches!(posted.notice, Notice::AlertFailed(_)));
    if let Some(posted) = failed.filter(|posted| said.failed.is_none_or(|at| at < posted.at)) {
        said.failed = Some(posted.at);
        if let Notice::AlertFailed(why) = &posted.notice {
            say(&format!("domicilio: an alert did not arrive: {why}; it is told with the next one"));
        }
    }
}
