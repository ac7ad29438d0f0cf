//! The table itself.

use super::{Held, Right, User};
use crate::Service;
use crate::command::Verb;
use crate::lease::{PARTITIONS, RESOLVERS};
use crate::stream::{AUDIT, COUNTERS, EVENTS, INVALID, LEASES, ORDERS, OUTCOMES, QUEUES, STORES};

use Held::{Bucket, Stream};
use Right::{
    Audit, BeThere, Command, Create, Discover, Hear, HearHeartbeats, Look, Manage, Measure, Read, RemoveKeys, Serve,
    Take, Write, WriteKeys,
};
use Service::{Api, Distribuidor, Resolver};

/// Sees everything but payloads. Nothing of `ORDERS` but how much it holds: whoever may read heads there may read bodies.
const OPS_READ: User = User {
    name: "ops-read",
    purpose: "sees everything but payloads",
    beyond: None,
    rights: &[
        BeThere,
        Discover,
        HearHeartbeats,
        Hear(&STORES),
        Hear(&QUEUES),
        Hear(&OUTCOMES),
        Hear(&EVENTS),
        Measure(Stream(&STORES)),
        Measure(Stream(&ORDERS)),
        Measure(Stream(&QUEUES)),
        Measure(Stream(&OUTCOMES)),
        Measure(Stream(&EVENTS)),
        Measure(Stream(&INVALID)),
        Measure(Stream(&AUDIT)),
        Measure(Bucket(LEASES)),
        Measure(Bucket(COUNTERS)),
        Look(Stream(&STORES)),
        Look(Stream(&QUEUES)),
        Look(Stream(&OUTCOMES)),
        Look(Stream(&EVENTS)),
        Look(Bucket(LEASES)),
        Look(Bucket(COUNTERS)),
        Read(Stream(&STORES)),
        Read(Stream(&OUTCOMES)),
        Read(Stream(&EVENTS)),
    ],
};

const OPS_PAYLOAD: User = User {
    name: "ops-payload",
    purpose: "sees payloads, too",
    beyond: Some(&OPS_READ),
    rights: &[
        Hear(&ORDERS),
        Hear(&INVALID),
        Look(Stream(&ORDERS)),
        Look(Stream(&INVALID)),
        Read(Stream(&ORDERS)),
        Read(Stream(&INVALID)),
        // Whose personal data it had shown to it.
        Audit,
    ],
};

const OPS_ACT: User = User {
    name: "ops-act",
    purpose: "acts on orders, too",
    beyond: Some(&OPS_PAYLOAD),
    rights: &[
        Command(Api, Verb::Ping),
        Command(Distribuidor, Verb::Ping),
        Command(Resolver, Verb::Ping),
        Command(Api, Verb::Inject),
        Command(Api, Verb::Reinject),
        Command(Api, Verb::Solve),
        Command(Resolver, Verb::Release),
        Command(Resolver, Verb::PingPos),
        // Reasons are people's own words: for those who may see payloads, and who might have done it themselves.
        Hear(&AUDIT),
        Look(Stream(&AUDIT)),
        Read(Stream(&AUDIT)),
    ],
};

const OPS_ADMIN: User = User {
    name: "ops-admin",
    purpose: "runs services, stores and streams, too",
    beyond: Some(&OPS_ACT),
    rights: &[
        Command(Api, Verb::Pause),
        Command(Api, Verb::Resume),
        Command(Api, Verb::Drain),
        Command(Api, Verb::LogLevel),
        Command(Distribuidor, Verb::Pause),
        Command(Distribuidor, Verb::Resume),
        Command(Distribuidor, Verb::Drain),
        Command(Distribuidor, Verb::LogLevel),
        Command(Distribuidor, Verb::Move),
        Command(Resolver, Verb::Pause),
        Command(Resolver, Verb::Resume),
        Command(Resolver, Verb::Drain),
        Command(Resolver, Verb::LogLevel),
        Write(&STORES),
        Manage,
    ],
};

/// What every service may: any of them may be the first, and makes the streams.
const SERVICE: User = User {
    name: "service",
    purpose: "what all services may",
    beyond: None,
    rights: &[
        BeThere,
        Measure(Stream(&STORES)),
        Measure(Stream(&ORDERS)),
        Measure(Stream(&QUEUES)),
        Measure(Stream(&OUTCOMES)),
        Measure(Stream(&EVENTS)),
        Measure(Stream(&INVALID)),
        Measure(Stream(&AUDIT)),
        Measure(Bucket(LEASES)),
        Measure(Bucket(COUNTERS)),
        Create(Stream(&STORES)),
        Create(Stream(&ORDERS)),
        Create(Stream(&QUEUES)),
        Create(Stream(&OUTCOMES)),
        Create(Stream(&EVENTS)),
        Create(Stream(&INVALID)),
        Create(Stream(&AUDIT)),
        Create(Bucket(LEASES)),
        Create(Bucket(COUNTERS)),
    ],
};

const API: User = User {
    name: Api.as_str(),
    purpose: "the service",
    beyond: Some(&SERVICE),
    rights: &[
        Serve(Api),
        Look(Stream(&STORES)),
        Read(Stream(&STORES)),
        Write(&STORES),
        Look(Stream(&ORDERS)),
        Write(&ORDERS),
        Write(&INVALID),
        // How an order ended; and, before the doors open, how far ORDERS must reach.
        Look(Stream(&QUEUES)),
        Look(Stream(&OUTCOMES)),
        Read(Stream(&OUTCOMES)),
        Look(Bucket(LEASES)),
    ],
};

const DISTRIBUIDOR: User = User {
    name: Distribuidor.as_str(),
    purpose: "the service",
    beyond: Some(&SERVICE),
    rights: &[
        Serve(Distribuidor),
        Look(Stream(&ORDERS)),
        Read(Stream(&ORDERS)),
        Look(Stream(&QUEUES)),
        Write(&QUEUES),
        Write(&EVENTS),
        // For the counts.
        Look(Stream(&OUTCOMES)),
        Read(Stream(&OUTCOMES)),
        Look(Stream(&INVALID)),
        Read(Stream(&INVALID)),
        Look(Bucket(COUNTERS)),
        WriteKeys(COUNTERS, ">"),
        Look(Bucket(LEASES)),
        Read(Bucket(LEASES)),
        WriteKeys(LEASES, ">"),
        RemoveKeys(LEASES),
    ],
};

const RESOLVER: User = User {
    name: Resolver.as_str(),
    purpose: "the service",
    beyond: Some(&SERVICE),
    rights: &[
        Serve(Resolver),
        Look(Stream(&STORES)),
        Read(Stream(&STORES)),
        Look(Stream(&ORDERS)),
        Look(Stream(&QUEUES)),
        Take(&QUEUES),
        Look(Stream(&OUTCOMES)),
        Write(&OUTCOMES),
        Look(Stream(&EVENTS)),
        Write(&EVENTS),
        Look(Bucket(LEASES)),
        Read(Bucket(LEASES)),
        // Its own lease, and what it gives back; the office is none of its business.
        WriteKeys(LEASES, RESOLVERS),
        WriteKeys(LEASES, PARTITIONS),
    ],
};

/// Everybody that the bus knows, people first.
pub const USERS: [User; 7] = [OPS_READ, OPS_PAYLOAD, OPS_ACT, OPS_ADMIN, API, DISTRIBUIDOR, RESOLVER];
