//! Who is connected to the servers in our account: who does not read, and how much passes.

use contract::UtcMs;

/// Clients kept: three services, every instance with a connection or two, and everybody's consoles are far fewer.
pub const CLIENTS_MAX: usize = 500;

/// Bytes that wait for a client from which it is told: a reader that keeps up has none, and the server cuts off one for
/// which 64 MB wait (`max_pending`).
pub const UNREAD_WARN: u64 = 1_024 * 1_024;

/// Which connection: the server's name and its number there.
pub type ClientKey = (String, u64);

/// Messages a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// That it sends.
    pub sent: f64,
    /// That it is given.
    pub given: f64,
}

/// One connection, as its server tells of it. Texts are sanitised.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    /// Which one.
    pub key: ClientKey,
    /// What it calls itself; may be empty.
    pub name: String,
    /// The user that it logged in as; `None` where nobody needs to.
    pub user: Option<String>,
    /// Where it comes from.
    pub address: String,
    /// Its client library and that one's version; may be empty.
    pub library: String,
    /// Since when.
    pub since: UtcMs,
    /// How long nothing has passed, in milliseconds.
    pub idle_ms: i64,
    /// There and back between server and client, in microseconds; `None` when the server does not tell.
    pub round_trip_us: Option<u64>,
    /// Bytes that wait at the server for it to read.
    pub unread: u64,
    /// Messages that it sent.
    pub sent: u64,
    /// Messages that it was given.
    pub given: u64,
    /// What it listens to.
    pub subscriptions: u64,
    /// Messages a second since the reading before; `None` when there was none.
    pub rates: Option<Rates>,
}

/// Everybody.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clients {
    /// Those for which most waits first, then by name; at most [`CLIENTS_MAX`].
    pub list: Vec<Client>,
    /// Whether there are more.
    pub cut: bool,
}

impl Clients {
    /// Puts them in order.
    pub fn new(mut list: Vec<Client>, cut: bool) -> Self {
        let unread = |client: &Client| std::cmp::Reverse(client.unread.checked_div(UNREAD_WARN));
        list.sort_by(|a, b| (unread(a), &a.name, &a.key).cmp(&(unread(b), &b.name, &b.key)));
        let cut = cut || list.len() > CLIENTS_MAX;
        list.truncate(CLIENTS_MAX);
        Self { list, cut }
    }

    /// One of them.
    pub fn get(&self, key: &ClientKey) -> Option<&Client> {
        self.list.iter().find(|client| client.key == *key)
    }

    /// Works out rates from the reading that was made `elapsed_ms` before.
    pub fn compare(&mut self, before: &Self, elapsed_ms: i64) {
        for client in &mut self.list {
            // The number of one that is gone is not given again, but a server may have been set up anew.
            let earlier = before.get(&client.key).filter(|earlier| earlier.since == client.since);
            client.rates = earlier.filter(|_| elapsed_ms > 0).map(|earlier| {
                let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 * 1_000.0 / elapsed_ms as f64;
                Rates { sent: rate(client.sent, earlier.sent), given: rate(client.given, earlier.given) }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u64, name: &str, unread: u64, sent: u64) -> Client {
        Client {
            key: ("nats-1".to_owned(), number),
            name: name.to_owned(),
            user: None,
            address: "10.0.0.7:50000".to_owned(),
            library: "rust 0.1".to_owned(),
            since: UtcMs::from_millis(7),
            idle_ms: 0,
            round_trip_us: None,
            unread,
            sent,
            given: 2 * sent,
            subscriptions: 1,
            rates: None,
        }
    }

    #[test]
    fn who_does_not_read_is_first_and_a_few_bytes_move_nobody() {
        let clients = vec![client(1, "b", 4_000, 0), client(2, "a", 0, 0), client(3, "c", 9 * UNREAD_WARN, 0)];
        let names = Clients::new(clients, false).list.into_iter().map(|client| client.name).collect::<Vec<_>>();
        assert_eq!(names, ["c", "a", "b"]);
    }

    #[test]
    fn there_are_no_more_than_fit_and_that_is_told() {
        let many = (0..600).map(|number| client(number, "x", 0, 0)).collect();
        let clients = Clients::new(many, false);
        assert_eq!((clients.list.len(), clients.cut), (CLIENTS_MAX, true));
    }

    #[test]
    fn rates_are_of_the_same_connection_only() {
        let before = Clients::new(vec![client(1, "a", 0, 100), client(2, "b", 0, 100)], false);
        let mut other = client(2, "b", 0, 900);
        other.since = UtcMs::from_millis(8);
        let mut now = Clients::new(vec![client(1, "a", 0, 300), other, client(3, "c", 0, 5)], false);
        now.compare(&before, 2_000);
        let rates = now.list.iter().map(|client| client.rates).collect::<Vec<_>>();
        assert_eq!(rates, [Some(Rates { sent: 100.0, given: 200.0 }), None, None]);
        now.compare(&before, 0);
        assert_eq!(now.list[0].rates, None, "no time passed");
    }
}
