//! Keys and values of the bucket of leases ([`crate::stream::LEASES`]): who hands over, who is alive, who owns what.

use serde::{Deserialize, Serialize};

use crate::{CommandId, InstanceId, Partition};

/// Key of the office of the active distribuidor.
pub const OFFICE: &str = "office";

/// Key pattern of all partitions.
pub const PARTITIONS: &str = "partition.*";

/// Key pattern of the leases of all resolvers.
pub const RESOLVERS: &str = "resolver.*";

/// Key of a resolver's lease.
pub fn resolver_key(id: &InstanceId) -> String {
    format!("resolver.{id}")
}

/// Key of a partition.
pub fn partition_key(partition: Partition) -> String {
    format!("partition.{partition}")
}

/// A key read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The office of the active distribuidor.
    Office,
    /// A resolver's lease.
    Resolver(InstanceId),
    /// A partition.
    Partition(Partition),
}

impl Key {
    /// Reads a key; `None` for one of no known kind.
    pub fn parse(key: &str) -> Option<Self> {
        match key.split_once('.') {
            None if key == OFFICE => Some(Self::Office),
            Some(("resolver", id)) => id.parse().ok().map(Self::Resolver),
            Some(("partition", number)) => number.parse().ok().map(Self::Partition),
            _ => None,
        }
    }
}

/// One run of one process: a restarted instance has the same id and another incarnation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// The instance.
    pub instance: InstanceId,
    /// Random text of this run.
    pub incarnation: String,
}

/// Value of [`OFFICE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeLease {
    /// Version, [`crate::VERSION`].
    pub v: u8,
    /// Who holds it.
    #[serde(flatten)]
    pub holder: Holder,
    /// Grows with every change of holder.
    pub term: u64,
    /// Intake sequence up to which every order is in `QUEUES`: where a successor resumes. Written with the renewal,
    /// so that the same compare-and-set guards both.
    pub distributed: u64,
    /// Sequence in `QUEUES` after which the next order belongs: with `distributed` it gives every later order its one
    /// place. Absent until the first active distribuidor has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<u64>,
    /// Given back: whoever comes first may take it at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vacant: bool,
}

/// What a resolver does about partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// Takes its share.
    Taking,
    /// Paused: keeps what it has, is given no more.
    Keeping,
    /// Draining or stopping: gives back what it has.
    Leaving,
}

/// Value of a resolver's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverLease {
    /// Version, [`crate::VERSION`].
    pub v: u8,
    /// Who holds it.
    #[serde(flatten)]
    pub holder: Holder,
    /// What it does about partitions.
    pub stance: Stance,
    /// Given back, or declared gone by the distribuidor: a renewal on top of this fails.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vacant: bool,
}

/// Value of a partition's key. The key's revision at which an owner was named is the partition's epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionLease {
    /// Version, [`crate::VERSION`].
    pub v: u8,
    /// Who may inject into its stores; nobody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Holder>,
    /// The owner is asked to finish what is in flight and to give it back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub releasing: bool,
    /// Term of the distribuidor that wrote it; a resolver that gives back keeps it.
    pub term: u64,
    /// The last command that moved it, which a repeat of the command meets; a resolver that gives back keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}

/// What an operator wanted of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The command.
    pub command: CommandId,
    /// Who is to have it.
    pub to: Holder,
    /// Somebody has been given it since: `to`, unless that one was gone by then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
}

impl PartitionLease {
    /// Of nobody, written by nobody.
    pub const fn vacant() -> Self {
        Self { v: crate::VERSION, owner: None, releasing: false, term: 0, moved: None }
    }

    /// Who is to have it by an operator's command that is still to be carried out.
    pub fn wanted_by(&self) -> Option<&Holder> {
        self.moved.as_ref().filter(|moved| !moved.over).map(|moved| &moved.to)
    }

    /// Whether its owner has it by an operator's command.
    pub fn is_placed(&self) -> bool {
        self.owner.is_some()
            && self.moved.as_ref().is_some_and(|moved| moved.over && Some(&moved.to) == self.owner.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back() {
        let id: InstanceId = "queue-resolver-1".parse().unwrap();
        assert_eq!(Key::parse(&resolver_key(&id)), Some(Key::Resolver(id)));
        for partition in Partition::all() {
            assert_eq!(Key::parse(&partition_key(partition)), Some(Key::Partition(partition)));
        }
        assert_eq!(Key::parse(OFFICE), Some(Key::Office));
        for other in ["", "partition", "partition.99", "resolver.", "resolver.a.b", "x.y"] {
            assert_eq!(Key::parse(other), None, "{other}");
        }
    }
}
