//! Which streams may share circuits.

use std::collections::BTreeMap;

use arti_client::IsolationToken;
use hushwing_transport::IsolationClass;

/// Classes remembered at a time. A client has two for each conversation it
/// talks in and one for each relay; more than this many live circuits would be
/// a load that Tor relays refuse. A class that fell out gets circuits of its
/// own again when it returns, so forgetting never joins two classes.
pub const MAX_CLASSES: usize = 1024;

/// A token that belongs to one class. There is no way to make one for circuits
/// that another class has. `[HW-NET-3]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClassToken {
    class: IsolationClass,
    token: IsolationToken,
}

impl ClassToken {
    fn new(class: IsolationClass) -> Self {
        Self {
            class,
            token: IsolationToken::new(),
        }
    }

    /// Circuits for the same class that nothing uses yet.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.class)
    }

    /// As arti takes it.
    pub(crate) fn token(&self) -> IsolationToken {
        self.token
    }
}

/// One token for each class, the latest used.
#[derive(Debug, Default)]
pub(crate) struct IsolationMap {
    tokens: BTreeMap<IsolationClass, Entry>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    token: ClassToken,
    used: u64,
}

impl IsolationMap {
    /// The token of `class`: the same until it is replaced, as long as the class
    /// is remembered.
    pub(crate) fn token(&mut self, class: IsolationClass) -> ClassToken {
        self.clock += 1;
        let used = self.clock;
        if !self.tokens.contains_key(&class) && self.tokens.len() >= MAX_CLASSES {
            self.forget_least_used();
        }
        let entry = self.tokens.entry(class).or_insert_with(|| Entry {
            token: ClassToken::new(class),
            used,
        });
        entry.used = used;
        entry.token
    }

    /// Later dials of the class use `new` and not `old`. Nothing happens when they
    /// do not use `old` any more: another dial, or a new client, was faster.
    pub(crate) fn replace(&mut self, old: &ClassToken, new: ClassToken) {
        if let Some(entry) = self.tokens.get_mut(&old.class)
            && entry.token == *old
            && new.class == old.class
        {
            entry.token = new;
        }
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

    use hushwing_transport::IsolationClass;
    use proptest::prelude::*;

    use super::{ClassToken, IsolationMap, MAX_CLASSES};

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

    #[test]
    fn a_replaced_token_is_kept_and_only_the_present_one_is_replaced() {
        let mut map = IsolationMap::default();
        let hangs = map.token(class(0));
        let (faster, slower) = (hangs.another(), hangs.another());
        map.replace(&hangs, faster);
        assert_eq!(map.token(class(0)), faster);
        map.replace(&hangs, slower);
        assert_eq!(map.token(class(0)), faster, "another dial was faster");
        map.clear();
        map.replace(&faster, slower);
        assert_ne!(map.token(class(0)), slower, "that was another client");
    }

    #[test]
    fn no_class_takes_the_token_of_another() {
        let mut map = IsolationMap::default();
        let [ours, theirs] = [0, 1].map(|number| map.token(class(number)));
        map.replace(&ours, theirs);
        map.replace(&ours, theirs.another());
        assert_eq!(
            [0, 1].map(|number| map.token(class(number))),
            [ours, theirs]
        );
    }

    proptest! {
        /// Dials of many classes, of which some begin others beside them and keep
        /// what won, whoever else has replaced the token meanwhile.
        #[test]
        fn two_classes_never_share_a_token(
            dials in prop::collection::vec((0_u32..2_000, 0_usize..4, 0_usize..50), 0..4_000)
        ) {
            let mut map = IsolationMap::default();
            let mut owner: BTreeMap<String, u32> = BTreeMap::new();
            let mut seen: Vec<ClassToken> = Vec::new();
            for (number, extras, kept_later) in dials {
                let first = map.token(class(number));
                let mut used = vec![first];
                used.extend((0..extras).map(|_| first.another()));
                for token in &used {
                    let before = owner.insert(format!("{:?}", token.token()), number);
                    prop_assert!(before.is_none() || before == Some(number));
                }
                // Some dials end late, with whatever tokens those had.
                let old = seen.get(kept_later).copied().unwrap_or(first);
                map.replace(&old, used[extras]);
                map.replace(&first, used[extras]);
                seen.extend(used);
            }
        }
    }
}
