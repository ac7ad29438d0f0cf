//! The table of users says what is meant, and the files made from it are as it says.
//!
//! `UPDATE=1 cargo test -p contract --test permissions` writes the files anew, and then `UPDATE=1 scripts/charts.sh` what the chart
//! makes of its values.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use contract::permission::{Subjects, USERS, render, values};

fn of(user: &str) -> Subjects {
    USERS.iter().find(|known| known.name == user).unwrap().subjects()
}

const PEOPLE: [&str; 4] = ["ops-read", "ops-payload", "ops-act", "ops-admin"];

/// Who may do it, of all.
fn who(may: impl Fn(&Subjects) -> bool) -> Vec<&'static str> {
    USERS.iter().filter(|user| may(&user.subjects())).map(|user| user.name).collect()
}

#[test]
fn each_class_of_subjects_is_for_those_for_whom_it_is_meant() {
    let from = |first: usize| PEOPLE[first..].to_vec();
    let and = |mut people: Vec<&'static str>, services: &[&'static str]| {
        people.extend(services);
        people
    };
    for (subject, expected) in [
        // Payloads, whichever way they are asked for.
        ("$JS.API.CONSUMER.CREATE.ORDERS", and(from(1), &["distribuidor"])),
        ("$JS.API.CONSUMER.CREATE.ORDERS.x.domicilio.orders.>", and(from(1), &["distribuidor"])),
        ("$JS.API.DIRECT.GET.ORDERS", and(from(1), &["api-domicilio", "distribuidor", "queue-resolver"])),
        ("$JS.API.DIRECT.GET.ORDERS.x", and(from(1), &["api-domicilio", "distribuidor", "queue-resolver"])),
        ("$JS.API.STREAM.MSG.GET.ORDERS", and(from(1), &["api-domicilio", "distribuidor", "queue-resolver"])),
        ("$JS.API.CONSUMER.CREATE.INVALID.x", and(from(1), &["distribuidor"])),
        ("$JS.API.DIRECT.GET.INVALID", and(from(1), &["distribuidor"])),
        // Facts, each with one writer; store records may be written by an administrator, too.
        ("domicilio.orders.ec.72.a", vec!["api-domicilio"]),
        ("domicilio.invalid.ec", vec!["api-domicilio"]),
        ("domicilio.queues.07.72", vec!["distribuidor"]),
        ("domicilio.outcomes.ec.72", vec!["queue-resolver"]),
        ("domicilio.events.ec.72.pos", vec!["distribuidor", "queue-resolver"]),
        ("domicilio.stores.ec.72", vec!["ops-admin", "api-domicilio"]),
        ("$KV.domicilio_leases.office", vec!["distribuidor"]),
        ("$KV.domicilio_leases.resolver.queue-resolver-1", vec!["distribuidor", "queue-resolver"]),
        ("$KV.domicilio_leases.partition.07", vec!["distribuidor", "queue-resolver"]),
        ("$KV.domicilio_counters.2026-11-24", vec!["distribuidor"]),
        // A queue is taken from by resolvers alone: a second reader would keep a partition from its owner.
        ("$JS.API.CONSUMER.CREATE.QUEUES.x", vec!["queue-resolver"]),
        ("$JS.API.CONSUMER.MSG.NEXT.QUEUES.x", vec!["queue-resolver"]),
        ("$JS.ACK.QUEUES.x.1.1.1.1.0", vec!["queue-resolver"]),
        // Commands.
        ("domicilio.cmd.api-domicilio.any.inject", from(2)),
        ("domicilio.cmd.api-domicilio.api-1.reinject", from(2)),
        ("domicilio.cmd.api-domicilio.any.solve", from(2)),
        ("domicilio.cmd.queue-resolver.queue-resolver-1.release", from(2)),
        ("domicilio.cmd.queue-resolver.queue-resolver-1.ping-pos", from(2)),
        ("domicilio.cmd.distribuidor.any.move", from(3)),
        ("domicilio.cmd.distribuidor.distribuidor-1.ping", from(2)),
        ("domicilio.cmd.queue-resolver.queue-resolver-1.pause", from(3)),
        ("domicilio.cmd.distribuidor.distribuidor-1.drain", from(3)),
        ("domicilio.cmd.api-domicilio.api-1.log-level", from(3)),
        // Heartbeats, each service for itself.
        ("domicilio.services.distribuidor.distribuidor-1.heartbeat", vec!["distribuidor"]),
        // What one did, in nobody else's name.
        ("domicilio.audit.ops-read", vec![]),
        ("domicilio.audit.ops-payload", vec!["ops-payload"]),
        ("domicilio.audit.ops-act", vec!["ops-act"]),
        ("domicilio.audit.ops-admin", vec!["ops-admin"]),
        // Streams that are there may be changed by an administrator.
        ("$JS.API.STREAM.UPDATE.ORDERS", vec!["ops-admin"]),
        ("$JS.API.STREAM.DELETE.ORDERS", vec!["ops-admin"]),
        ("$JS.API.STREAM.PURGE.ORDERS", vec!["ops-admin"]),
        // But not what tells of what was done; those who act may read it.
        ("$JS.API.STREAM.UPDATE.AUDIT", vec![]),
        ("$JS.API.STREAM.DELETE.AUDIT", vec![]),
        ("$JS.API.STREAM.PURGE.AUDIT", vec![]),
        ("$JS.API.STREAM.MSG.DELETE.AUDIT", vec![]),
        ("$JS.API.STREAM.RESTORE.AUDIT", vec![]),
        ("$JS.API.DIRECT.GET.AUDIT", from(2)),
        ("$JS.API.CONSUMER.CREATE.AUDIT", from(2)),
        ("$JS.API.STREAM.PURGE.KV_domicilio_leases", vec!["ops-admin", "distribuidor"]),
        ("$JS.API.STREAM.SNAPSHOT.ORDERS", vec!["ops-admin"]),
        ("$JS.SNAPSHOT.ACK.ORDERS.x.1024.1", vec!["ops-admin"]),
        ("$JS.SNAPSHOT.RESTORE.ORDERS.x", vec!["ops-admin"]),
        // Other users' inboxes.
        ("_INBOX.ops-read.x", vec!["ops-read"]),
        ("_INBOX.other", vec![]),
    ] {
        assert_eq!(who(|subjects| subjects.may_publish(subject)), expected, "publishing to {subject}");
    }
}

#[test]
fn each_may_hear_what_is_meant_for_it() {
    let from = |first: usize| PEOPLE[first..].to_vec();
    for (subject, expected) in [
        ("domicilio.orders.>", from(1)),
        ("domicilio.orders.ec.72.a", from(1)),
        ("domicilio.invalid.>", from(1)),
        ("domicilio.queues.>", from(0)),
        ("domicilio.outcomes.>", from(0)),
        ("domicilio.events.>", from(0)),
        ("domicilio.stores.>", from(0)),
        ("domicilio.services.*.*.heartbeat", from(0)),
        // Commands carry payloads; a service hears its own.
        ("domicilio.cmd.api-domicilio.any.inject", vec!["api-domicilio"]),
        ("domicilio.cmd.queue-resolver.queue-resolver-1.release", vec!["queue-resolver"]),
        ("domicilio.audit.>", from(2)),
        ("_INBOX.ops-act.>", vec!["ops-act"]),
        ("_INBOX.queue-resolver.>", vec!["queue-resolver"]),
        ("_INBOX.>", vec![]),
        ("domicilio.>", vec![]),
        ("$JS.>", vec![]),
        (">", vec![]),
    ] {
        assert_eq!(who(|subjects| subjects.may_subscribe(subject)), expected, "subscribing to {subject}");
    }
    assert_eq!(who(|subjects| subjects.answers), ["api-domicilio", "distribuidor", "queue-resolver"]);
}

#[test]
fn nobody_may_take_from_a_queue_for_people() {
    for user in PEOPLE {
        let acknowledges = of(user).publish.iter().any(|subject| subject.starts_with("$JS.ACK."));
        assert!(!acknowledges, "{user}");
    }
}

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Compares a file with what it should be, or writes it.
fn keep(path: &str, expected: &str) {
    let path = repository(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(found == expected, "{} is not what the table says: run this test with UPDATE=1", path.display());
}

/// Puts `content` between the two marks named `name` in a page.
fn between(page: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: made from the table -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}\n{content}\n{end}{after}")
}

#[test]
fn the_configuration_of_the_server_is_made_from_the_table() {
    let path = "charts/nats/users.conf";
    let file = std::fs::read_to_string(repository(path)).unwrap();
    let head: String = file.lines().take_while(|line| line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    for user in &USERS {
        assert!(head.contains(&render::password_variable(user)), "the head of {path} names every variable");
    }
    keep(path, &format!("{head}\ninclude \"passwords.conf\"\n\n{}", render::configuration()));
}

#[test]
fn the_users_of_the_chart_are_made_from_the_table() {
    let path = "charts/nats/install-config-clustering-seed.yaml";
    let file = std::fs::read_to_string(repository(path)).unwrap();
    let (begin, end) = ("          # users: made from the table\n", "          # end of users\n");
    let (before, rest) = file.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    keep(path, &format!("{before}{begin}{}{end}{after}", values::users()));
}

#[test]
fn the_tables_of_the_page_are_made_from_the_table() {
    let path = "docs/permissions.md";
    let page = std::fs::read_to_string(repository(path)).unwrap();
    let page = between(&page, "streams", &render::table_of_streams());
    keep(path, &between(&page, "commands", &render::table_of_commands()));
}
