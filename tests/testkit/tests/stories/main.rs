//! People and their relays on virtual time, told as stories.
#![allow(unreachable_pub)]

mod backups;
mod blocking;
mod chats;
mod common;
mod damage;
mod deleting;
mod delivery;
mod meeting;
mod naming;
mod poison;
mod reading;
mod recovery;
mod relays;
mod requests;
mod searching;
mod succession;
mod verification;
