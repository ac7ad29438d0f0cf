//! Who we are to the server, and what that user may: by the lists that the server itself shows.

use contract::command::Verb;
use contract::permission::Subjects;
use contract::{Service, stream, subject};

use super::{STEP_LIMIT, Step};
use crate::feed::identity::{self, Lists, Permissions};

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

/// Whether all that `subject` stands for is allowed.
fn allows(lists: &Lists, subject: &str) -> bool {
    let covered = |patterns: &[String]| {
        let subjects = Subjects { publish: patterns.to_vec(), ..Subjects::default() };
        subjects.may_publish(subject)
    };
    (lists.allow.is_empty() || covered(&lists.allow)) && !covered(&lists.deny)
}

pub(super) async fn look(connection: &::bus::Connection, steps: &mut Vec<Step>) {
    let Some(user) = identity::ask(&connection.client, STEP_LIMIT).await else {
        let found = "the server does not say";
        steps.push(Step::warning("user", "", found, "let this user ask $SYS.REQ.USER.INFO, so that screens can tell"));
        return;
    };
    let name = user.name.filter(|name| !name.is_empty()).unwrap_or_else(|| "nobody in particular".to_owned());
    let account = user.account.unwrap_or_default();
    steps.push(Step::ok("user", "", format!("{name}, account {account}")));
    let Some(permissions) = user.permissions else {
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
    let hear = stream::ALL.iter().zip(&live).map(|(spec, live)| (spec.name, allows(&permissions.subscribe, live)));
    let read = stream::ALL.iter().map(|spec| {
        // The queue is read message by message, for another reader would keep it from its owner.
        let request = if *spec == &stream::QUEUES {
            format!("$JS.API.DIRECT.GET.{}", spec.name)
        } else {
            format!("$JS.API.CONSUMER.CREATE.{}.>", spec.name)
        };
        (spec.name, allows(&permissions.publish, &request))
    });
    let mut act: Vec<(&str, bool)> = COMMANDS
        .iter()
        .map(|(service, verb)| {
            (verb.as_str(), allows(&permissions.publish, &subject::command_to_each(*service, *verb)))
        })
        .collect();
    act.push(("change-stores", allows(&permissions.publish, stream::STORES.subject)));
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
        assert!(allows(&lists(&[], &[]), "a.b"));
        assert!(!allows(&lists(&[], &["a.>"]), "a.b"));
        assert!(!allows(&lists(&["b.>"], &[]), "a.b"));
        assert!(allows(&lists(&["a.*"], &["a.c"]), "a.b"));
    }
}
