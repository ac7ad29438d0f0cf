//! Names that recur in every order, kept once.

use std::collections::HashSet;

use contract::order::Origin;
use contract::{InstanceId, OrderHead};

/// Instances kept: more than run at a time. Whoever restarts may have another name, so they are forgotten when there are
/// that many.
const NAMES_MAX: usize = 1_024;

/// Three instances are named in what is kept of one order; a copy for each would be three allocations.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Names {
    instances: HashSet<InstanceId>,
}

impl Names {
    /// The same origin, with the names that are kept.
    pub(super) fn shared(&mut self, by: Origin) -> Origin {
        Origin { instance: self.one(by.instance), ..by }
    }

    /// The same head, with the names that are kept.
    pub(super) fn of_head(&mut self, head: OrderHead) -> OrderHead {
        OrderHead { by: self.shared(head.by), ..head }
    }

    fn one(&mut self, name: InstanceId) -> InstanceId {
        if let Some(known) = self.instances.get(&name) {
            return known.clone();
        }
        if self.instances.len() >= NAMES_MAX {
            self.instances.clear();
        }
        self.instances.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_not_for_ever() {
        let mut names = Names::default();
        let origin = |n: usize| Origin { instance: format!("api-{n}").parse().unwrap(), cloud: "aws".parse().unwrap() };
        let (first, again) = (names.shared(origin(0)), names.shared(origin(0)));
        assert_eq!(first, origin(0));
        assert!(std::ptr::eq(first.instance.as_str(), again.instance.as_str()));
        for n in 0..3 * NAMES_MAX {
            assert_eq!(names.shared(origin(n)), origin(n));
            assert!(names.instances.len() <= NAMES_MAX);
        }
    }
}
