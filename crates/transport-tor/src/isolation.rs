//! Which streams may share circuits.

use std::collections::BTreeMap;

use arti_client::IsolationToken;
use hushwing_transport::IsolationClass;

/// Classes remembered at a time. A client has two for each conversation it
/// talks in and one for each relay; more than this many live circuits would be
/// a load that Tor relays refuse. A class that fell out gets circuits of its
/// own again when it returns, so forgetting never joins two classes.
pub const MAX_CLASSES: usize = 1024;

/// One arti token for each class, the latest used.
#[derive(Debug, Default)]
pub(crate) struct IsolationMap {
    tokens: BTreeMap<IsolationClass, Entry>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    token: IsolationToken,
    used: u64,
}

impl IsolationMap {
    /// The token of `class`: the same as long as the class is remembered.
    pub(crate) fn token(&mut self, class: IsolationClass) -> IsolationToken {
        self.clock += 1;
        let used = self.clock;
        if !self.tokens.contains_key(&class) && self.tokens.len() >= MAX_CLASSES {
            self.forget_least_used();
        }
        let entry = self.tokens.entry(class).or_insert_with(|| Entry {
            token: IsolationToken::new(),
            used,
        });
        entry.used = used;
        entry.token
    }

    /// For a new client: its circuits are all new.
    pub(crate) fn clear(&mut self) {
        self.tokens.clear();
    }

    fn forget_least_used(&mut self) {
        let oldest = self
            .tokens
            .iter()
            .min_by_key(|(_, entry)| entry.used)
            .map(|(class, _)| *class);
        if let Some(class) = oldest {
            self.tokens.remove(&class);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arti_client::IsolationToken;
    use hushwing_transport::IsolationClass;
    use proptest::prelude::*;

    use super::{IsolationMap, MAX_CLASSES};

    fn class(number: u32) -> IsolationClass {
        let mut name = [0; 16];
        name[..4].copy_from_slice(&number.to_le_bytes());
        IsolationClass::new(name)
    }

    #[test]
    fn a_class_keeps_its_token_while_it_is_used() {
        let mut map = IsolationMap::default();
        let first = map.token(class(0));
        for number in 1..u32::try_from(3 * MAX_CLASSES).expect("small") {
            map.token(class(number));
            assert_eq!(map.token(class(0)), first);
        }
        assert_eq!(map.tokens.len(), MAX_CLASSES);
    }

    #[test]
    fn a_forgotten_class_gets_a_new_token() {
        let mut map = IsolationMap::default();
        let first = map.token(class(0));
        map.clear();
        assert_ne!(map.token(class(0)), first);
    }

    proptest! {
        #[test]
        fn two_classes_never_share_a_token(
            uses in prop::collection::vec(0_u32..2_000, 0..4_000)
        ) {
            let mut map = IsolationMap::default();
            let mut owner: BTreeMap<String, u32> = BTreeMap::new();
            for number in uses {
                let token: IsolationToken = map.token(class(number));
                let before = owner.insert(format!("{token:?}"), number);
                prop_assert!(before.is_none() || before == Some(number));
            }
        }
    }
}
