//! The rules of the architecture, each with its reason.
//!
//! They hold on the normal dependency graph: what is compiled into a product.
//! Tests may reach further, because a broken message or a hostile peer is made
//! of exactly the parts that the shipped code must not touch.

use super::graph::{Graph, Kind};

/// One boundary that a build must not cross.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// The limit itself.
    pub(crate) limit: Limit,
    /// Why the boundary stands, for whoever runs into it.
    pub(crate) because: &'static str,
}

/// The kinds of limits. Patterns are package names; a trailing `*` stands for
/// any ending.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// Of the shipped crates only `by` may depend directly on `what`.
    NamedOnlyBy {
        /// The guarded crates.
        what: &'static [&'static str],
        /// The crates that may name them.
        by: &'static [&'static str],
    },
    /// None of `who` may depend on `what`, through any number of crates.
    NeverReached {
        /// The crates that are kept away.
        who: &'static [&'static str],
        /// What they are kept away from.
        what: &'static [&'static str],
    },
    /// None of `who` may depend directly on `what`.
    NeverNamed {
        /// The crates that are kept away.
        who: &'static [&'static str],
        /// What they are kept away from.
        what: &'static [&'static str],
    },
    /// Of our own crates `who` may depend directly on `ours` alone.
    NamesOfOursOnly {
        /// The crate that is bounded.
        who: &'static str,
        /// All it may name.
        ours: &'static [&'static str],
    },
    /// No shipped crate may depend, through any number of crates, on a member
    /// of the workspace that is not shipped.
    ShippedStaysClean,
}

/// Crates that can open a socket or drive one.
const NETWORK: &[&str] = &[
    "arti*",
    "axum*",
    "hyper*",
    "mio",
    "reqwest",
    "rustls",
    "socket2",
    "tokio*",
    "tor-*",
    "tungstenite",
    "ureq",
    "hushwing-transport*",
    "hushwing-relay*",
];

/// The whole table.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        limit: Limit::NamedOnlyBy {
            what: &["openmls*"],
            by: &["hushwing-protocol"],
        },
        because: "one crate knows the MLS library, so its policy (one suite, one storage) has one place",
    },
    Rule {
        limit: Limit::NamedOnlyBy {
            what: &["arti*", "tor-*"],
            by: &["hushwing-transport-tor"],
        },
        because: "one crate knows arti, so every path to the network fails closed in one place",
    },
    Rule {
        limit: Limit::NamedOnlyBy {
            what: &["rusqlite", "libsqlite3-sys"],
            by: &["hushwing-vault", "hushwing-relay"],
        },
        because: "what lies on a disk is written by the vault, encrypted, or by the relay, already sealed",
    },
    Rule {
        limit: Limit::NeverReached {
            who: &["hushwing-relay"],
            what: &[
                "hushwing-protocol",
                "hushwing-engine",
                "hushwing-vault",
                "hushwing-node",
                "openmls*",
            ],
        },
        because: "a relay cannot contain identity or session code, so it cannot be made to use any",
    },
    Rule {
        limit: Limit::NeverReached {
            who: &["hushwing-wire", "hushwing-protocol", "hushwing-engine"],
            what: NETWORK,
        },
        because: "what the simulator replays must not be able to do IO behind its back",
    },
    Rule {
        limit: Limit::NeverNamed {
            who: &["hushwing-wire", "hushwing-protocol", "hushwing-engine"],
            what: &["getrandom", "rand"],
        },
        because: "randomness comes in as an argument; only generators that a seed determines may be named",
    },
    Rule {
        limit: Limit::NeverReached {
            who: &["hushwing-wire", "hushwing-protocol", "hushwing-engine"],
            what: &["rusqlite", "libsqlite3-sys"],
        },
        because: "the rules see a store through its trait and never a file",
    },
    Rule {
        limit: Limit::NeverReached {
            who: &["hushwing-vault"],
            what: NETWORK,
        },
        because: "the crate that holds every key at rest cannot send one",
    },
    Rule {
        limit: Limit::NeverReached {
            who: &["hushwing-transport", "hushwing-relay-client"],
            what: &["arti*", "tor-*"],
        },
        because: "the transport's types and the relay link stay the same on Tor and on loopback",
    },
    Rule {
        limit: Limit::NeverReached {
            who: &["hushwing-transport-tor", "hushwing-relay-client"],
            what: &["hushwing-engine", "hushwing-vault"],
        },
        because: "whoever moves bytes does not know whose they are",
    },
    Rule {
        limit: Limit::NeverReached {
            who: &["hushwing-node"],
            what: &["axum*"],
        },
        because: "the driver serves every front end and belongs to none",
    },
    Rule {
        limit: Limit::NeverNamed {
            who: &["hushwing-api"],
            what: &["hushwing-protocol", "hushwing-vault", "hushwing-engine"],
        },
        because: "the API speaks in the node's schema; a key type cannot slip into an answer",
    },
    Rule {
        limit: Limit::NamesOfOursOnly {
            who: "hushwing-cli",
            ours: &["hushwing-api", "hushwing-node"],
        },
        because: "a front end holds no key",
    },
    Rule {
        limit: Limit::ShippedStaysClean,
        because: "test networks, seeded randomness and broken-message builders never ship",
    },
];

impl Rule {
    /// Every way in which `graph` breaks the rule, one line each.
    #[must_use]
    pub(crate) fn broken_by(&self, graph: &Graph) -> Vec<String> {
        let mut lines = match self.limit {
            Limit::NamedOnlyBy { what, by } => named_only_by(graph, what, by),
            Limit::NeverReached { who, what } => never_reached(graph, who, what),
            Limit::NeverNamed { who, what } => never_named(graph, who, what),
            Limit::NamesOfOursOnly { who, ours } => names_of_ours_only(graph, who, ours),
            Limit::ShippedStaysClean => shipped_stays_clean(graph),
        };
        lines.extend(
            self.subjects()
                .iter()
                .filter(|name| !graph.contains(name))
                .map(|name| {
                    format!("the rule speaks of {name}, which is not a crate of this workspace")
                }),
        );
        lines
    }

    /// The crates of ours that the rule is about; a renamed crate must not
    /// slip out of its rules unseen.
    fn subjects(&self) -> Vec<&'static str> {
        match self.limit {
            Limit::NamedOnlyBy { by, .. } => by.to_vec(),
            Limit::NeverReached { who, .. } | Limit::NeverNamed { who, .. } => who.to_vec(),
            Limit::NamesOfOursOnly { who, ours } => [&[who], ours].concat(),
            Limit::ShippedStaysClean => Vec::new(),
        }
    }
}

fn named_only_by(graph: &Graph, what: &[&str], by: &[&str]) -> Vec<String> {
    graph
        .of_kind(Kind::Shipped)
        .filter(|name| !by.contains(name))
        .flat_map(|name| graph.direct(name).map(move |dep| (name, dep)))
        .filter(|(_, dep)| any_matches(what, dep))
        .map(|(name, dep)| format!("{name} names {dep}; only {} may", by.join(" and ")))
        .collect()
}

fn never_reached(graph: &Graph, who: &[&str], what: &[&str]) -> Vec<String> {
    who.iter()
        .flat_map(|name| graph.chains(name, |dep| any_matches(what, dep) && !who.contains(&dep)))
        .map(|chain| format!("reached: {}", chain.join(" -> ")))
        .collect()
}

fn never_named(graph: &Graph, who: &[&str], what: &[&str]) -> Vec<String> {
    who.iter()
        .flat_map(|name| graph.direct(name).map(move |dep| (name, dep)))
        .filter(|(_, dep)| any_matches(what, dep))
        .map(|(name, dep)| format!("{name} names {dep}"))
        .collect()
}

fn names_of_ours_only(graph: &Graph, who: &str, ours: &[&str]) -> Vec<String> {
    graph
        .direct(who)
        .filter(|dep| graph.is_ours(dep) && !ours.contains(dep))
        .map(|dep| format!("{who} names {dep}; of ours it may name {}", ours.join(", ")))
        .collect()
}

fn shipped_stays_clean(graph: &Graph) -> Vec<String> {
    let workbench: Vec<&str> = graph.of_kind(Kind::Workbench).collect();
    graph
        .of_kind(Kind::Shipped)
        .flat_map(|name| graph.chains(name, |dep| workbench.contains(&dep)))
        .map(|chain| format!("shipped: {}", chain.join(" -> ")))
        .collect()
}

fn any_matches(patterns: &[&str], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *pattern == name,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace in which every rule holds, with the crates that rules name.
    fn sound() -> Graph {
        let mut graph = Graph::default();
        for name in [
            "wire",
            "protocol",
            "engine",
            "vault",
            "transport",
            "transport-tor",
            "relay-client",
            "relay",
            "node",
            "api",
            "cli",
        ] {
            graph.add(&format!("hushwing-{name}"), Kind::Shipped);
        }
        graph.add("hushwing-testkit", Kind::Workbench);
        for name in [
            "openmls",
            "openmls_traits",
            "arti-client",
            "tor-proto",
            "rusqlite",
            "tokio",
            "axum",
            "harmless",
        ] {
            graph.add(name, Kind::Foreign);
        }
        for (from, to) in [
            ("hushwing-protocol", "hushwing-wire"),
            ("hushwing-protocol", "openmls"),
            ("hushwing-engine", "hushwing-protocol"),
            ("hushwing-vault", "hushwing-protocol"),
            ("hushwing-vault", "rusqlite"),
            ("hushwing-transport", "tokio"),
            ("hushwing-transport-tor", "hushwing-transport"),
            ("hushwing-transport-tor", "arti-client"),
            ("hushwing-transport-tor", "tor-proto"),
            ("hushwing-relay-client", "hushwing-transport"),
            ("hushwing-relay", "hushwing-transport-tor"),
            ("hushwing-relay", "rusqlite"),
            ("hushwing-node", "hushwing-engine"),
            ("hushwing-node", "hushwing-vault"),
            ("hushwing-node", "hushwing-transport-tor"),
            ("hushwing-api", "hushwing-node"),
            ("hushwing-api", "axum"),
            ("hushwing-cli", "hushwing-api"),
            ("hushwing-testkit", "openmls"),
            ("hushwing-testkit", "hushwing-engine"),
        ] {
            graph.link(from, to);
        }
        graph
    }

    fn complaints(graph: &Graph) -> Vec<String> {
        RULES.iter().flat_map(|r| r.broken_by(graph)).collect()
    }

    /// Each rule of the table must be able to fail: an edge that breaks it,
    /// and the words of the complaint that must then appear.
    #[test]
    fn every_rule_can_fail() {
        let cases: &[(&[(&str, &str)], &str)] = &[
            (
                &[("hushwing-vault", "openmls_traits")],
                "hushwing-vault names openmls_traits",
            ),
            (
                &[("hushwing-node", "arti-client")],
                "hushwing-node names arti-client",
            ),
            (
                &[("hushwing-node", "rusqlite")],
                "hushwing-node names rusqlite",
            ),
            (
                &[
                    ("hushwing-relay", "harmless"),
                    ("harmless", "hushwing-protocol"),
                ],
                "reached: hushwing-relay -> harmless -> hushwing-protocol",
            ),
            (
                &[("hushwing-wire", "harmless"), ("harmless", "tokio")],
                "reached: hushwing-engine -> hushwing-protocol -> hushwing-wire -> harmless -> tokio",
            ),
            (
                &[("hushwing-engine", "getrandom")],
                "hushwing-engine names getrandom",
            ),
            (
                &[("hushwing-protocol", "rusqlite")],
                "reached: hushwing-engine -> hushwing-protocol -> rusqlite",
            ),
            (
                &[("hushwing-vault", "tokio")],
                "reached: hushwing-vault -> tokio",
            ),
            (
                &[
                    ("hushwing-transport", "harmless"),
                    ("harmless", "arti-client"),
                ],
                "reached: hushwing-relay-client -> hushwing-transport -> harmless -> arti-client",
            ),
            (
                &[("hushwing-relay-client", "hushwing-vault")],
                "reached: hushwing-relay-client -> hushwing-vault",
            ),
            (
                &[("hushwing-node", "harmless"), ("harmless", "axum")],
                "reached: hushwing-node -> harmless -> axum",
            ),
            (
                &[("hushwing-api", "hushwing-vault")],
                "hushwing-api names hushwing-vault",
            ),
            (
                &[("hushwing-cli", "hushwing-engine")],
                "hushwing-cli names hushwing-engine",
            ),
            (
                &[("hushwing-wire", "hushwing-testkit")],
                "shipped: hushwing-wire -> hushwing-testkit",
            ),
        ];
        assert_eq!(
            cases.len(),
            RULES.len(),
            "one case for each rule, in its order"
        );
        assert_eq!(complaints(&sound()), Vec::<String>::new());
        for (rule, (edges, words)) in RULES.iter().zip(cases) {
            let mut graph = sound();
            for (from, to) in *edges {
                graph.link(from, to);
            }
            let lines = rule.broken_by(&graph);
            assert!(
                lines.iter().any(|line| line.contains(words)),
                "{:?} said {lines:?} and not {words:?}",
                rule.limit
            );
        }
    }

    #[test]
    fn a_renamed_crate_does_not_slip_out_of_its_rules() {
        let lines: Vec<String> = complaints(&Graph::default());
        assert!(
            lines
                .iter()
                .any(|l| l.contains("hushwing-relay, which is not a crate"))
        );
    }

    #[test]
    fn tests_may_name_what_shipped_code_may_not() {
        let mut graph = sound();
        graph.link("hushwing-testkit", "arti-client");
        graph.link("hushwing-testkit", "rusqlite");
        assert_eq!(complaints(&graph), Vec::<String>::new());
    }
}
