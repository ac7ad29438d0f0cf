//! Command `move`: an operator gives a partition to another resolver. Answered by the active distribuidor, once the wish
//! stands in the partition's key; [`crate::assign::wish`] decides.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::service::Request;
use chassis::admission::Limits;
use chassis::command::{Duty, respond};
use contract::command::{self, MoveReply, Verb};
use contract::{Fault, InstanceId, Partition};
use futures::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use crate::assign::wish::Met;

/// Wishes that may wait; they come from people.
const WAITING_MAX: usize = 16;

/// How long the answer may wait for the registry, which takes milliseconds unless it cannot see the leases. Less than the
/// requester waits.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// A wish on its way to the registry.
#[derive(Debug)]
pub struct Asked {
    /// What is wanted.
    pub wish: command::Move,
    /// The partition that is meant.
    pub partition: Partition,
    /// What it met, and who has the partition at that moment. Closed once nobody waits for it any more.
    pub reply: oneshot::Sender<(Met, Option<InstanceId>)>,
}

/// The way to the registry, while this instance is the active one.
#[derive(Debug, Default)]
pub struct Moves {
    way: Mutex<Option<mpsc::Sender<Asked>>>,
}

impl Moves {
    /// The way to a registry, which begins; it ends when the receiver is dropped.
    pub fn open(&self) -> mpsc::Receiver<Asked> {
        let (way, asked) = mpsc::channel(WAITING_MAX);
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
        asked
    }

    fn way(&self) -> Option<mpsc::Sender<Asked>> {
        let way = self.way.lock().unwrap_or_else(PoisonError::into_inner).clone();
        way.filter(|way| !way.is_closed())
    }
}

/// The command as the services API serves it.
pub(crate) fn duty(moves: &Arc<Moves>) -> Duty {
    let moves = Arc::clone(moves);
    Duty {
        verb: Verb::Move,
        limits: Limits { at_once_max: WAITING_MAX, waiting_max: WAITING_MAX },
        handle: Arc::new(move |request: Request| {
            let moves = Arc::clone(&moves);
            async move {
                let reply = answer(&moves, &request.message.payload).await;
                tracing::info!(code = reply.code, partition = reply.partition.map(Partition::number), "move");
                respond(&request, &reply).await;
            }
            .boxed()
        }),
    }
}

async fn answer(moves: &Moves, body: &[u8]) -> MoveReply {
    let wish: command::Move = match serde_json::from_slice(body) {
        Ok(wish) => wish,
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            return unreadable("", format!("Expected id, partition or store, to and by; see {place}."));
        }
    };
    let Some(partition) = wish.meant() else {
        return unreadable("/partition", "Expected a partition, or a store of it.".to_owned());
    };
    let Some(way) = moves.way() else {
        return told(partition, None, 409, "not_active", "This distribuidor stands by; ask the active one.");
    };
    let (reply, met) = oneshot::channel();
    // Full or gone: nothing was done.
    if way.try_send(Asked { wish, partition, reply }).is_err() {
        return unconfirmed(partition);
    }
    match tokio::time::timeout(ANSWER_LIMIT, met).await {
        Ok(Ok((met, owner))) => tell(partition, owner, &met),
        _ => unconfirmed(partition),
    }
}

fn tell(partition: Partition, owner: Option<InstanceId>, met: &Met) -> MoveReply {
    let (status, code, message) = match met {
        Met::Go(_) => (202, "moving", "The owner finishes what is in flight and hands the partition over."),
        Met::AlreadyMoving => (200, "already_moving", "This command is being carried out."),
        Met::AlreadyMoved => (200, "already_moved", "This command was carried out."),
        Met::NoSuchResolver => (404, "no_such_resolver", "No resolver of this name is known."),
        Met::NotLive => (409, "not_live", "The resolver is gone."),
        Met::NotTaking => (409, "not_taking", "The resolver is paused, drains or stops: it takes no partitions."),
        Met::AlreadyThere => (409, "already_there", "The resolver has the partition."),
        Met::AnotherMove => (409, "another_move", "Another command is moving the partition right now."),
        Met::MovedOn => (409, "moved_on", "The partition has had another owner since."),
    };
    told(partition, owner, status, code, message)
}

fn unconfirmed(partition: Partition) -> MoveReply {
    let message = "Nobody could tell in time; repeat the same command to learn the outcome.";
    told(partition, None, 503, "unconfirmed", message)
}

fn unreadable(pointer: &str, message: String) -> MoveReply {
    MoveReply {
        v: contract::VERSION,
        status: 400,
        code: "body_invalid".to_owned(),
        partition: None,
        owner: None,
        message: "The command cannot be read.".to_owned(),
        faults: vec![Fault::new("body_invalid", pointer, message)],
    }
}

fn told(partition: Partition, owner: Option<InstanceId>, status: u16, code: &str, message: &str) -> MoveReply {
    MoveReply {
        v: contract::VERSION,
        status,
        code: code.to_owned(),
        partition: Some(partition),
        owner,
        message: message.to_owned(),
        faults: Vec::new(),
    }
}
