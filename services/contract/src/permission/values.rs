//! The table as the users of an account in the values of NATS's own Helm chart.

use super::render::password_variable;
use super::{USERS, User};

/// How deep the list of users lies in the values: below `config.merge.accounts.DOMICILIO.users`.
const INDENT: usize = 10;

/// The list of users, in YAML. The chart takes the quotes and arrows from `<< $VARIABLE >>`, so that passwords stand in the
/// server's configuration as variables only.
pub fn users() -> String {
    USERS.iter().map(user).collect()
}

fn user(user: &User) -> String {
    let subjects = user.subjects();
    let mut out = String::new();
    let mut line = |depth: usize, text: &str| {
        out.push_str(&" ".repeat(INDENT + 2 * depth));
        out.push_str(text);
        out.push('\n');
    };
    line(0, &format!("- user: {}", user.name));
    line(1, &format!("password: << ${} >>", password_variable(user)));
    line(1, "permissions:");
    for (what, allowed, denied) in
        [("publish", subjects.publish, subjects.denied), ("subscribe", subjects.subscribe, Vec::new())]
    {
        line(2, &format!("{what}:"));
        for (which, list) in [("allow", allowed), ("deny", denied)] {
            if !list.is_empty() {
                line(3, &format!("{which}:"));
            }
            for subject in list {
                // Debug quotes as YAML does: subjects are printable ASCII.
                line(4, &format!("- {subject:?}"));
            }
        }
    }
    if subjects.answers {
        line(2, &format!("allow_responses: {}", super::render::ANSWERS));
    }
    out
}
