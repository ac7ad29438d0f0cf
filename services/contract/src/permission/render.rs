//! The table as nats-server's configuration, and as tables of the documentation.

use super::{Held, Right, USERS, User};
use crate::Service;

/// How many answers a request may have, and how long after it: a command is answered once, and `release` takes 3 s at most.
pub(super) const ANSWERS: &str = r#"{ max: 1, expires: "1m" }"#;

/// The variable that holds a user's password: `OPS_READ_PASSWORD`.
pub fn password_variable(user: &User) -> String {
    format!("{}_PASSWORD", user.name.to_ascii_uppercase().replace('-', "_"))
}

/// The block `authorization` of nats-server's configuration. Passwords stand in it as variables only.
pub fn configuration() -> String {
    let mut out = String::from("authorization {\n  users: [\n");
    for user in &USERS {
        let subjects = user.subjects();
        out.push_str("    {\n");
        line(&mut out, 6, &format!("user: {:?}", user.name));
        line(&mut out, 6, &format!("password: ${}", password_variable(user)));
        line(&mut out, 6, "permissions: {");
        list(&mut out, "publish", &subjects.publish, &subjects.denied);
        list(&mut out, "subscribe", &subjects.subscribe, &[]);
        if subjects.answers {
            line(&mut out, 8, &format!("allow_responses: {ANSWERS}"));
        }
        line(&mut out, 6, "}");
        line(&mut out, 4, "}");
    }
    out.push_str("  ]\n}\n");
    out
}

fn line(out: &mut String, indent: usize, text: &str) {
    out.push_str(&" ".repeat(indent));
    out.push_str(text);
    out.push('\n');
}

fn list(out: &mut String, what: &str, allowed: &[String], denied: &[String]) {
    line(out, 8, &format!("{what}: {{ allow: ["));
    for subject in allowed {
        line(out, 10, &format!("{subject:?}"));
    }
    if !denied.is_empty() {
        // On a line of its own: nats-server takes no two settings in one line without a comma.
        line(out, 8, "]");
        line(out, 8, "deny: [");
        for subject in denied {
            line(out, 10, &format!("{subject:?}"));
        }
    }
    line(out, 8, "] }");
}

/// For each user, what it may do with what the deployment keeps, in letters: **h**ear, **m**easure, **l**ook, **r**ead, **w**rite,
/// some **k**eys, remove keys (**x**), **t**ake, **c**reate.
pub fn table_of_streams() -> String {
    let heads = Held::all().map(|held| format!("`{}`", held.name()));
    let rows = USERS.iter().map(|user| {
        let rights = user.every_right();
        let letters = |held| {
            let mut letters: Vec<char> = rights.iter().filter_map(|right| letter(*right, held)).collect();
            letters.sort_unstable_by_key(|letter| LETTERS.find(*letter));
            letters.dedup();
            listed(letters.into_iter().map(String::from), " ")
        };
        [format!("`{}`", user.name)].into_iter().chain(Held::all().map(letters)).collect()
    });
    table(["user".to_owned()].into_iter().chain(heads).collect(), rows)
}

/// The letters of [`letter`], in the order in which they are shown.
const LETTERS: &str = "hmlrwkxtc";

/// The letter of a right about `held`.
fn letter(right: Right, held: Held) -> Option<char> {
    let bucket = |name: &str| matches!(held, Held::Bucket(bucket) if bucket == name);
    let letter = match right {
        Right::Hear(spec) if held == Held::Stream(spec) => 'h',
        Right::Measure(what) if what == held => 'm',
        Right::Look(what) if what == held => 'l',
        Right::Read(what) if what == held => 'r',
        Right::Write(spec) if held == Held::Stream(spec) => 'w',
        Right::WriteKeys(name, ">") if bucket(name) => 'w',
        Right::WriteKeys(name, _) if bucket(name) => 'k',
        Right::RemoveKeys(name) if bucket(name) => 'x',
        Right::Take(spec) if held == Held::Stream(spec) => 't',
        Right::Create(what) if what == held => 'c',
        _ => return None,
    };
    Some(letter)
}

/// For each user, the commands that it may give, by service; and what else it may.
pub fn table_of_commands() -> String {
    let to = Service::ALL.map(|service| format!("to `{service}`"));
    let others = ["heartbeats, discovery", "own `domicilio.audit`", "manages streams"].map(str::to_owned);
    let rows = USERS.iter().map(|user| {
        let rights = user.every_right();
        let verbs = |service| {
            let verbs = rights.iter().filter_map(|right| match right {
                Right::Command(to, verb) if *to == service => Some(verb.as_str().to_owned()),
                _ => None,
            });
            listed(verbs, ", ")
        };
        let yes = |wanted: &[Right]| {
            let all = wanted.iter().all(|right| rights.contains(right));
            if all { "yes".to_owned() } else { NONE.to_owned() }
        };
        let others = [yes(&[Right::HearHeartbeats, Right::Discover]), yes(&[Right::Audit]), yes(&[Right::Manage])];
        [format!("`{}`", user.name)].into_iter().chain(Service::ALL.map(verbs)).chain(others).collect()
    });
    table(["user".to_owned()].into_iter().chain(to).chain(others).collect(), rows)
}

/// Stands where there is nothing.
const NONE: &str = "–";

fn listed(items: impl Iterator<Item = String>, between: &str) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { NONE.to_owned() } else { items.join(between) }
}

/// A table of Markdown.
fn table(heads: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let rule = vec!["---".to_owned(); heads.len()];
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    [heads, rule].into_iter().chain(rows).map(row).collect()
}
