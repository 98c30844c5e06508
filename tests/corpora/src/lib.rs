//! The bodies of the fuzz targets: each takes any bytes and asserts what must
//! hold whatever they are.
//!
//! libFuzzer calls them from `fuzz/fuzz_targets`, the test `replay` calls them
//! with every file of `fuzz/corpus` and `fuzz/regressions`. `docs/fuzzing.md`
//! tells how to run and extend them. Everything is seeded; the exceptions are
//! those of the MLS library, which its provider lists.
#![allow(clippy::unwrap_used, reason = "a broken property ends a target")]

#[cfg(feature = "programs")]
pub mod api;
pub mod calls;
mod edits;
pub mod engine;
pub mod interaction;
pub mod link;
pub mod people;
pub mod protocol;
pub mod recovery;
#[cfg(feature = "programs")]
pub mod relay;
pub mod seeds;
#[cfg(feature = "programs")]
pub mod vault;
pub mod wire;

/// One fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its program and of its folders of inputs.
    pub name: &'static str,
    /// What it does with one input.
    pub run: fn(&[u8]),
    /// Inputs to start from, by file name.
    pub seeds: fn() -> seeds::Seeds,
}

macro_rules! targets {
    ($($(#[$attribute:meta])* $module:ident::$name:ident,)*) => {
        /// All targets.
        pub const TARGETS: &[Target] = &[$(
            $(#[$attribute])*
            Target {
                name: stringify!($name),
                run: $module::$name,
                seeds: seeds::$name,
            },
        )*];
    };
}

targets! {
    wire::request_frame,
    wire::response_frame,
    wire::box_plaintext,
    wire::envelope,
    wire::bundle,
    wire::request_plaintext,
    wire::contact_card,
    wire::recovery_plaintext,
    wire::relay_address,
    wire::invite_link,
    protocol::content,
    protocol::key_package,
    protocol::welcome,
    protocol::conversation_box,
    recovery::recovery_box,
    recovery::route_record,
    interaction::interaction,
    engine::engine_box,
    engine::engine_command,
    link::tls_client_hello,
    link::tls_raw_key,
    calls::relay_answer,
    calls::relay_request,
    #[cfg(feature = "programs")]
    vault::vault_header,
    #[cfg(feature = "programs")]
    vault::backup_archive,
    #[cfg(feature = "programs")]
    relay::relay_keys,
    #[cfg(feature = "programs")]
    api::api_command,
    #[cfg(feature = "programs")]
    api::api_guard,
    #[cfg(feature = "programs")]
    api::api_answer,
}
