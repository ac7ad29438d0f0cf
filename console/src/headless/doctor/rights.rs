//! Who we are to the server, and what that user may: by the lists that the server itself shows.

use bytes::Bytes;
use contract::command::Verb;
use contract::permission::Subjects;
use contract::{Service, stream, subject};
use serde::Deserialize;
use tokio::time::timeout;

use super::{STEP_LIMIT, Step};

/// Where the server says who asks.
const WHO: &str = "$SYS.REQ.USER.INFO";

/// Commands, in the order of how much they change.
const COMMANDS: [(Service, Verb); 10] = [
    (Service::Api, Verb::Inject),
    (Service::Api, Verb::Reinject),
    (Service::Api, Verb::Solve),
    (Service::Resolver, Verb::Release),
    (Service::Resolver, Verb::PingPos),
    (Service::Resolver, Verb::Pause),
    (Service::Resolver, Verb::Resume),
    (Service::Resolver, Verb::Drain),
    (Service::Resolver, Verb::LogLevel),
    (Service::Distribuidor, Verb::Move),
];

#[derive(Deserialize)]
struct Answer {
    data: User,
}

#[derive(Deserialize)]
struct User {
    #[serde(rename = "user")]
    name: Option<String>,
    account: Option<String>,
    permissions: Option<Permissions>,
}

/// What the server keeps a user to; what is absent is not kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Permissions {
    publish: Lists,
    subscribe: Lists,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lists {
    allow: Vec<String>,
    deny: Vec<String>,
}

impl Lists {
    /// Whether all that `subject` stands for is allowed. Nothing in `allow` allows everything.
    fn allows(&self, subject: &str) -> bool {
        let covered = |patterns: &[String]| {
            let subjects = Subjects { publish: patterns.to_vec(), ..Subjects::default() };
            subjects.may_publish(subject)
        };
        (self.allow.is_empty() || covered(&self.allow)) && !covered(&self.deny)
    }
}

pub(super) async fn look(connection: &::bus::Connection, steps: &mut Vec<Step>) {
    let asked = timeout(STEP_LIMIT, connection.client.request(WHO, Bytes::new())).await;
    let answer = asked.ok().and_then(Result::ok);
    let Some(Answer { data }) = answer.and_then(|answer| serde_json::from_slice(&answer.payload).ok()) else {
        let found = "the server does not say";
        steps.push(Step::warning("user", "", found, "let this user ask $SYS.REQ.USER.INFO, so that screens can tell"));
        return;
    };
    let name = data.name.filter(|name| !name.is_empty()).unwrap_or_else(|| "nobody in particular".to_owned());
    let account = data.account.unwrap_or_default();
    steps.push(Step::ok("user", "", format!("{name}, account {account}")));
    let Some(permissions) = data.permissions else {
        steps.push(Step::ok("may", "", "everything: the server keeps this user to nothing"));
        return;
    };
    steps.extend(rights(&permissions));
}

fn rights(permissions: &Permissions) -> Vec<Step> {
    let told = |step: &'static str, all: Vec<(&str, bool)>| {
        let names = |wanted: bool| {
            let names: Vec<&str> = all.iter().filter(|(_, may)| *may == wanted).map(|(name, _)| *name).collect();
            if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
        };
        Step::ok("may", step, format!("{}; not: {}", names(true), names(false)))
    };
    let live: Vec<String> = stream::ALL.iter().map(|spec| spec.live()).collect();
    let hear = stream::ALL.iter().zip(&live).map(|(spec, live)| (spec.name, permissions.subscribe.allows(live)));
    let read = stream::ALL.iter().map(|spec| {
        // The queue is read message by message, for another reader would keep it from its owner.
        let request = if *spec == &stream::QUEUES {
            format!("$JS.API.DIRECT.GET.{}", spec.name)
        } else {
            format!("$JS.API.CONSUMER.CREATE.{}.>", spec.name)
        };
        (spec.name, permissions.publish.allows(&request))
    });
    let mut act: Vec<(&str, bool)> = COMMANDS
        .iter()
        .map(|(service, verb)| (verb.as_str(), permissions.publish.allows(&subject::command_to_each(*service, *verb))))
        .collect();
    act.push(("change-stores", permissions.publish.allows(stream::STORES.subject)));
    vec![told("hear", hear.collect()), told("read", read.collect()), told("act", act)]
}

#[cfg(test)]
mod tests {
    use contract::permission::USERS;

    use super::*;

    fn found(user: &str) -> Vec<String> {
        let user = USERS.iter().find(|known| known.name == user).unwrap();
        let subjects = user.subjects();
        let permissions = Permissions {
            publish: Lists { allow: subjects.publish, deny: subjects.denied },
            subscribe: Lists { allow: subjects.subscribe, deny: Vec::new() },
        };
        rights(&permissions).into_iter().map(|step| step.found).collect()
    }

    #[test]
    fn the_users_of_the_table_may_what_it_says() {
        let reader = found("ops-read");
        assert_eq!(reader[0], "STORES QUEUES OUTCOMES EVENTS; not: ORDERS INVALID AUDIT");
        assert_eq!(reader[1], "STORES QUEUES OUTCOMES EVENTS; not: ORDERS INVALID AUDIT");
        assert!(reader[2].starts_with("nothing; not: inject reinject solve release ping-pos pause"), "{}", reader[2]);
        let acts = found("ops-act");
        assert_eq!(
            acts[2],
            "inject reinject solve release ping-pos; not: pause resume drain log-level move change-stores"
        );
        assert!(found("ops-admin")[2].ends_with("log-level move change-stores; not: nothing"));
    }

    #[test]
    fn a_list_that_is_empty_keeps_nothing_and_what_is_denied_is_denied() {
        let lists = |allow: &[&str], deny: &[&str]| Lists {
            allow: allow.iter().map(|text| (*text).to_owned()).collect(),
            deny: deny.iter().map(|text| (*text).to_owned()).collect(),
        };
        assert!(lists(&[], &[]).allows("a.b"));
        assert!(!lists(&[], &["a.>"]).allows("a.b"));
        assert!(!lists(&["b.>"], &[]).allows("a.b"));
        assert!(lists(&["a.*"], &["a.c"]).allows("a.b"));
    }
}
