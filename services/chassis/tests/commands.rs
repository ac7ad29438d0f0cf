//! Commands against a real nats-server: what is asked is done, and what is only made to arrive is not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::push;
use bus::server::Server;
use chassis::{Chassis, CommonArgs};
use clap::Parser;
use contract::Service;
use contract::command::Reply;
use contract::heartbeat::{Load, ResolverLoad, RunState};
use serde_json::Value;

#[derive(Debug, Parser)]
struct Settings {
    #[command(flatten)]
    common: CommonArgs,
}

/// Longer than anything takes; it only matters when the test fails.
const LIMIT: Duration = Duration::from_secs(30);

const PAUSE: &str = "domicilio.cmd.queue-resolver.queue-resolver-1.pause";

/// To which subjects the messages had been sent of which the log says that they were no commands.
fn left_out(folder: &Path) -> Vec<String> {
    let logs = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let logs = logs.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("log"));
    let text: String = logs.map(|log| std::fs::read_to_string(log).unwrap()).collect();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines = lines.filter(|line| line["message"].as_str().is_some_and(|message| message.ends_with("left out")));
    lines.map(|line| line["sent_to"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_the_server_is_made_to_send_to_a_command_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await.unwrap();
    let log = folder.path().join("log").display().to_string();
    let settings =
        Settings::parse_from(["test", "--nats-url", &server.url(), "--storage-percent", "1", "--log-file", &log]);
    let id = "queue-resolver-1".parse().unwrap();
    let chassis = Chassis::start(&settings.common, Service::Resolver, id).await.unwrap();
    assert!(chassis.ready().await);
    chassis.expose(|| (Load::Resolver(ResolverLoad::default()), None), Vec::new());
    let client = async_nats::connect(server.url()).await.unwrap();
    let js = async_nats::jetstream::new(client.clone());
    js.publish("domicilio.events.zz.0.took_office", "{}".into()).await.unwrap().await.unwrap();

    let asked = async |verb: &str| {
        let subject = PAUSE.replace("pause", verb);
        let deadline = Instant::now() + LIMIT;
        loop {
            match client.request(subject.clone(), "".into()).await {
                Ok(answer) => return serde_json::from_slice::<Reply>(&answer.payload).unwrap(),
                Err(error) => assert!(Instant::now() < deadline, "{verb}: {error}"),
            }
        }
    };
    assert_eq!(asked("ping").await.state, RunState::Running, "commands are served");

    // A reader has the stream pushed there, as a member of the group in which instances take requests.
    let config =
        push::Config { deliver_subject: PAUSE.to_owned(), deliver_group: Some("q".to_owned()), ..Default::default() };
    js.get_stream_no_info("EVENTS").await.unwrap().create_consumer(config).await.unwrap();
    // Somebody asks the server, and an instance, and wants the answer sent there.
    client.publish_with_reply("$JS.API.DIRECT.GET.EVENTS", PAUSE, r#"{"seq":1}"#.into()).await.unwrap();
    client.publish_with_reply("$SRV.PING", PAUSE, "".into()).await.unwrap();
    // Somebody publishes there without asking.
    client.publish(PAUSE, "".into()).await.unwrap();

    let wanted = [("domicilio.events.zz.0.took_office", 1), (PAUSE, 3)];
    let deadline = Instant::now() + LIMIT;
    loop {
        let seen = left_out(folder.path());
        let count = |subject: &str| seen.iter().filter(|seen| *seen == subject).count();
        if wanted.iter().all(|(subject, times)| count(subject) == *times) {
            break;
        }
        assert!(Instant::now() < deadline, "not all was left out: {seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(chassis.control.state(), RunState::Running);
    assert_eq!(asked("pause").await.state, RunState::Paused, "a request is a command");
    assert_eq!(chassis.control.state(), RunState::Paused);
}
