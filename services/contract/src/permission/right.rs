//! What a right comes to in subjects. The only place that knows how JetStream and the services API name their requests.

use super::{Subjects, inbox_prefix};
use crate::command::Verb;
use crate::stream::StreamSpec;
use crate::{Service, stream, subject};

/// What JetStream keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// A stream.
    Stream(&'static StreamSpec),
    /// A key-value bucket.
    Bucket(&'static str),
}

impl Held {
    /// Everything that the deployment keeps.
    pub fn all() -> impl Iterator<Item = Self> {
        let buckets = [stream::LEASES, stream::COUNTERS].map(Self::Bucket);
        stream::ALL.into_iter().map(Self::Stream).chain(buckets)
    }

    /// Name of the stream, be it the one under a bucket.
    pub fn stream(self) -> String {
        match self {
            Self::Stream(spec) => spec.name.to_owned(),
            Self::Bucket(bucket) => stream::of_bucket(bucket),
        }
    }

    /// What it is called by people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream(spec) => spec.name,
            Self::Bucket(bucket) => bucket,
        }
    }
}

/// One thing that a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Hear answers in inboxes of its own, send itself probes, and ask the server who it is.
    BeThere,
    /// Ask which instances of services there are and how they fare, and who is connected.
    Discover,
    /// Hear the heartbeats of services.
    HearHeartbeats,
    /// Hear what is published to a stream while it is published.
    Hear(&'static StreamSpec),
    /// Learn how much it holds: extent, size, counts by subject.
    Measure(Held),
    /// Get single messages by sequence or subject.
    Look(Held),
    /// Read stretches and follow, with readers that acknowledge nothing.
    Read(Held),
    /// Store messages in a stream.
    Write(&'static StreamSpec),
    /// Write keys of a bucket that match the pattern.
    WriteKeys(&'static str, &'static str),
    /// Remove keys of a bucket without leaving a marker.
    RemoveKeys(&'static str),
    /// Take messages out of a work queue.
    Take(&'static StreamSpec),
    /// Create it where it is missing.
    Create(Held),
    /// Serve as an instance of a service: take its commands, answer them, be discovered, send its heartbeat.
    Serve(Service),
    /// Give a command to instances of a service.
    Command(Service, Verb),
    /// Tell what it did.
    Audit,
    /// Manage streams and their consumers: list, change, move, purge, delete, back up, restore. Not what tells of what was done.
    Manage,
}

/// What every request to JetStream begins with.
const API: &str = "$JS.API";

/// Requests of discovery.
const SRV: [&str; 3] = ["$SRV.PING", "$SRV.INFO", "$SRV.STATS"];

impl Right {
    /// The subjects that `user` needs for it.
    pub fn subjects(self, user: &str) -> Subjects {
        let publish = |publish: Vec<String>| Subjects { publish, ..Subjects::default() };
        let subscribe = |subscribe: Vec<String>| Subjects { subscribe, ..Subjects::default() };
        match self {
            Self::BeThere => {
                let own = inbox_prefix(user).map(|prefix| format!("{prefix}.>"));
                let own: Vec<String> = own.into_iter().collect();
                let whoami = "$SYS.REQ.USER.INFO".to_owned();
                let publish = own.iter().cloned().chain([whoami]).collect();
                Subjects { publish, subscribe: own, ..Subjects::default() }
            }
            Self::Discover => {
                let services = SRV.iter().flat_map(|request| [(*request).to_owned(), format!("{request}.>")]);
                publish(services.chain([subject::CONNECTIONS.to_owned()]).collect())
            }
            Self::HearHeartbeats => subscribe(vec![subject::HEARTBEATS.to_owned()]),
            Self::Hear(spec) => subscribe(vec![spec.live()]),
            Self::Measure(held) => publish(vec![format!("{API}.STREAM.INFO.{}", held.stream())]),
            Self::Look(held) => {
                let stream = held.stream();
                publish(vec![
                    format!("{API}.DIRECT.GET.{stream}"),
                    format!("{API}.DIRECT.GET.{stream}.>"),
                    format!("{API}.STREAM.MSG.GET.{stream}"),
                ])
            }
            Self::Read(held) => publish(reader(held)),
            Self::Write(spec) => publish(vec![spec.subject.to_owned()]),
            Self::WriteKeys(bucket, keys) => publish(vec![format!("$KV.{bucket}.{keys}")]),
            Self::RemoveKeys(bucket) => publish(vec![format!("{API}.STREAM.PURGE.{}", stream::of_bucket(bucket))]),
            Self::Take(spec) => {
                let name = spec.name;
                let mut requests = consumer(name);
                requests.extend([
                    format!("{API}.CONSUMER.NAMES.{name}"),
                    // The client looks at the consumers that it follows when the connection is back.
                    format!("{API}.CONSUMER.INFO.{name}.*"),
                    acknowledgements(name),
                ]);
                publish(requests)
            }
            // The client looks at the limits of the account before it makes a bucket.
            Self::Create(held @ Held::Bucket(_)) => {
                publish(vec![format!("{API}.INFO"), format!("{API}.STREAM.CREATE.{}", held.stream())])
            }
            Self::Create(held) => publish(vec![format!("{API}.STREAM.CREATE.{}", held.stream())]),
            Self::Serve(service) => serve(service),
            Self::Command(service, verb) => publish(vec![subject::command_to_each(service, verb)]),
            Self::Audit => publish(vec![subject::audit(user)]),
            Self::Manage => manage(),
        }
    }
}

/// Making a consumer, asking it for messages and removing it.
fn consumer(stream: &str) -> Vec<String> {
    vec![
        format!("{API}.CONSUMER.CREATE.{stream}"),
        format!("{API}.CONSUMER.CREATE.{stream}.>"),
        format!("{API}.CONSUMER.MSG.NEXT.{stream}.*"),
        format!("{API}.CONSUMER.DELETE.{stream}.*"),
    ]
}

/// Where deliveries of a stream's consumers are acknowledged.
pub(super) fn acknowledgements(stream: &str) -> String {
    format!("$JS.ACK.{stream}.>")
}

fn reader(held: Held) -> Vec<String> {
    let stream = held.stream();
    let mut requests = consumer(&stream);
    match held {
        Held::Stream(_) => {}
        // A watch is pushed, and tells how far it got.
        Held::Bucket(_) => requests.push(format!("$JS.FC.{stream}.>")),
    }
    requests
}

fn manage() -> Subjects {
    let requests = ["INFO", "STREAM.>", "CONSUMER.INFO.>", "CONSUMER.LIST.>", "CONSUMER.NAMES.>", "CONSUMER.DELETE.>"];
    let audit = stream::AUDIT.name;
    let removing = ["UPDATE", "DELETE", "PURGE", "RESTORE", "MSG.DELETE"];
    // A backup acknowledges the pieces that it gets; restoring sends them.
    let pieces = ["$JS.SNAPSHOT.ACK.>", "$JS.SNAPSHOT.RESTORE.>"].map(str::to_owned);
    Subjects {
        publish: requests.map(|request| format!("{API}.{request}")).into_iter().chain(pieces).collect(),
        denied: removing.map(|request| format!("{API}.STREAM.{request}.{audit}")).to_vec(),
        ..Subjects::default()
    }
}

fn serve(service: Service) -> Subjects {
    let requests = SRV
        .iter()
        .flat_map(|request| [(*request).to_owned(), format!("{request}.{service}"), format!("{request}.{service}.*")]);
    let commands = format!("{}.*", subject::commands(service, "*"));
    Subjects {
        publish: vec![subject::heartbeats_of(service)],
        subscribe: requests.chain([commands]).collect(),
        answers: true,
        ..Subjects::default()
    }
}
