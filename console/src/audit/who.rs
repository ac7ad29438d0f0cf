//! Who acts, as far as this machine can tell.

use contract::Operator;
use contract::audit::{Place, WORD_MAX};
use contract::id::InvalidId;
use serde::{Deserialize, Serialize};

use crate::sanitise;

/// Who acts, and from where. Texts have at most [`WORD_MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Who {
    /// Number of the user whose process this is.
    pub uid: u32,
    /// That user's name by the environment.
    pub user: String,
    /// The machine.
    pub host: String,
    /// Number of the process.
    pub pid: u32,
    /// Address of the SSH client.
    #[serde(skip)]
    pub client: Option<String>,
    /// The terminal.
    #[serde(skip)]
    pub tty: Option<String>,
}

impl Who {
    /// Finds out; `var` reads the environment.
    pub fn find(var: impl Fn(&str) -> Option<String>) -> Self {
        let said = |name: &str| var(name).filter(|value| !value.is_empty()).map(|value| text(&value));
        // `SSH_CONNECTION` begins with the client's address; older servers set `SSH_CLIENT` alone.
        let ssh = said("SSH_CONNECTION").or_else(|| said("SSH_CLIENT"));
        Self {
            uid: rustix::process::getuid().as_raw(),
            user: said("USER").or_else(|| said("LOGNAME")).unwrap_or_default(),
            host: text(&rustix::system::uname().nodename().to_string_lossy()),
            pid: std::process::id(),
            client: ssh.and_then(|ssh| Some(ssh.split_whitespace().next()?.to_owned())),
            tty: tty(),
        }
    }

    /// The name under which services and other people see this person; the number where there is none.
    pub fn operator(&self) -> Result<Operator, InvalidId> {
        let visible: String = self.user.chars().filter(char::is_ascii_graphic).collect();
        visible.parse().or_else(|_| format!("uid-{}", self.uid).parse())
    }

    /// From where, as the bus tells it.
    pub fn place(&self, context: Option<&str>) -> Place {
        Place { context: context.map(str::to_owned), client: self.client.clone(), tty: self.tty.clone() }
    }
}

fn text(text: &str) -> String {
    sanitise::text(text, WORD_MAX)
}

/// The terminal at which somebody sits, whatever else is redirected.
fn tty() -> Option<String> {
    let name = rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new());
    let name = name.or_else(|_| rustix::termios::ttyname(rustix::stdio::stderr(), Vec::new()));
    name.ok().map(|name| text(&name.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(vars: &[(&str, &str)]) -> Who {
        Who::find(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_client_is_the_first_word_of_what_ssh_says() {
        let both = who(&[("SSH_CONNECTION", "203.0.113.7 51514 10.0.0.1 22"), ("SSH_CLIENT", "x")]);
        assert_eq!(both.client.as_deref(), Some("203.0.113.7"));
        assert_eq!(who(&[("SSH_CLIENT", "2001:db8::1 1 22")]).client.as_deref(), Some("2001:db8::1"));
        assert_eq!(who(&[("SSH_CONNECTION", "")]).client, None);
    }

    #[test]
    fn whoever_has_no_name_has_a_number() {
        let named = who(&[("USER", "turno noche\u{1b}ñ")]);
        assert!(named.operator().unwrap().as_str().starts_with("turnonoche"));
        let nameless = who(&[("USER", "ñ"), ("LOGNAME", "")]);
        assert_eq!(nameless.operator().unwrap().as_str(), format!("uid-{}", nameless.uid));
        assert_eq!(who(&[("LOGNAME", "ana")]).operator().unwrap().as_str(), "ana");
    }
}
