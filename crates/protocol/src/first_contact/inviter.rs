//! The side that makes an invite.

use hushwing_wire::{
    Body, Bundle, Envelope, InviteLink, RelayAddress, RequestPlaintext, Routes, SealedBox, Slot,
    limits::DEFAULT_TTL_S,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    INVITE_TABLE, InviteError, MINUTE_MS,
    keys::{BUNDLE_BOX_LABEL, InviteKeys, REQUEST_BOX_LABEL, RequestSlot, binding, psk_id},
};
use crate::{
    Ctx,
    conversation::state::{self, Founding, REDEEMER_LEAF, REQUEST_NUMBER, Stage},
    direct::DirectKeys,
    identity::{IdentityKeys, Role, VerifiedPeer},
    ids::{ConversationId, InviteId},
    kdf,
    kdf::BoxKey,
    mls::{
        self, Entered, ExternalPsk, Group, LeafSigner, overlay::delete_scope, provider::Provider,
    },
    safety::SafetyNumber,
    secret::{Blob, Secret32, read_row, write_row},
    store::{Store, StoreError},
};

/// Minutes after an invite's expiry in which a request is still accepted: one
/// put in time waits at a relay for as long as a box lives there.
pub const ACCEPT_GRACE_MIN: u32 = DEFAULT_TTL_S / 60;

/// What an invite is made of.
#[derive(Debug)]
pub struct NewInvite {
    /// Where the bundle will wait and the request be put: 1 to 3 relays.
    pub relays: Vec<RelayAddress>,
    /// Our name for this contact; may be empty.
    pub card_name: String,
    /// Where this contact will reach us.
    pub routes: Routes,
    /// Keys of our node in this conversation.
    pub direct: DirectKeys,
    /// Minute since 1970 after which the link must not be redeemed.
    pub expires_at_min: u32,
}

/// A new invite.
#[derive(Debug)]
pub struct Created {
    /// Its id.
    pub invite: InviteId,
    /// To be handed to one person.
    pub link: InviteLink,
    /// Where the bundle is to be put, at each of the link's relays.
    pub bundle_slot: Slot,
    /// The bundle, sealed.
    pub bundle_box: SealedBox,
}

/// The slots of an invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteSlots {
    /// Where the bundle waits.
    pub bundle: Slot,
    /// Where requests are put, in the order of [`RequestSlot::ALL`].
    pub request: [Slot; 2],
}

/// A conversation that came about. It is established on this side; the first
/// box that is sealed carries the binding commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The conversation.
    pub conversation: ConversationId,
    /// The name that the peer chose.
    pub peer_name: String,
    /// Where the peer can be reached.
    pub peer_routes: Routes,
    /// To be compared by the two people.
    pub safety_number: SafetyNumber,
}

/// The row of an invite.
#[derive(Serialize, Deserialize)]
enum InviteRow {
    Open(Box<OpenInvite>),
    Used(UsedInvite),
}

#[derive(Serialize, Deserialize)]
struct OpenInvite {
    secret: Secret32,
    link: Blob,
    bundle: Blob,
    expires_at_min: u32,
    /// The conversation that it will become; its MLS rows are there already.
    conversation: ConversationId,
    signer_seed: Secret32,
    identity: IdentityKeys,
    direct: DirectKeys,
}

/// What is left of an accepted invite: enough to notice a second use, nothing
/// that opens the request or the bundle.
#[derive(Serialize, Deserialize)]
struct UsedInvite {
    bundle: Secret32,
    request: [Secret32; 2],
    accepted: usize,
    other_key: Secret32,
}

/// Makes an invite.
///
/// # Errors
/// [`InviteError::NotEncodable`] for a name, relays or routes beyond the
/// limits, [`InviteError::Mls`], [`InviteError::Store`].
pub fn create_invite(ctx: &mut Ctx<'_>, new: NewInvite) -> Result<Created, InviteError> {
    let store = ctx.store;
    let rng: &mut dyn CryptoRng = ctx.rng;
    let secret = Secret32::random(rng);
    let keys = InviteKeys::new(secret.expose());
    let identity = IdentityKeys::generate(rng);
    let signer_seed = Secret32::random(rng);
    let signer = LeafSigner::new(&signer_seed);
    let conversation = ConversationId::random(rng);
    let card = identity
        .card(
            rng,
            Role::Inviter,
            &signer.public(),
            &keys.id(),
            &new.card_name,
            new.routes,
        )
        .map_err(InviteError::NotEncodable)?;

    let provider = Provider::new(store, rng, conversation)?;
    let fingerprint = identity.fingerprint();
    let key_package = mls::make_key_package(&provider, &signer, fingerprint.as_bytes())?;
    let bundle = Bundle { key_package, card };
    let bundle_bytes = bundle.to_bytes().map_err(InviteError::NotEncodable)?;
    let link = InviteLink {
        expires_at_min: new.expires_at_min,
        secret: *secret.expose(),
        bundle_hash: kdf::sha256(&bundle_bytes),
        relays: new.relays,
    };
    let link_bytes = link.to_bytes().map_err(InviteError::NotEncodable)?;
    let padded = Zeroizing::new(bundle.to_padded().map_err(InviteError::NotEncodable)?);
    let bundle_slot = keys.bundle_slot();
    let bundle_box = provider.with_rng(|rng| {
        keys.bundle_key()
            .seal(rng, BUNDLE_BOX_LABEL, &bundle_slot, &padded)
    })?;

    provider.overlay().accept();
    provider.overlay().flush()?;
    let invite = keys.id();
    let row = InviteRow::Open(Box::new(OpenInvite {
        secret,
        link: Blob(link_bytes),
        bundle: Blob(bundle_bytes),
        expires_at_min: new.expires_at_min,
        conversation,
        signer_seed,
        identity,
        direct: new.direct,
    }));
    write_row(store, INVITE_TABLE, invite.as_bytes(), &row)?;
    Ok(Created {
        invite,
        link,
        bundle_slot,
        bundle_box,
    })
}

/// The slots of an invite, open or accepted.
///
/// # Errors
/// [`InviteError::Unknown`] and [`InviteError::Store`].
pub fn invite_slots(store: &dyn Store, invite: &InviteId) -> Result<InviteSlots, InviteError> {
    Ok(match read(store, invite)? {
        InviteRow::Open(open) => {
            let keys = InviteKeys::new(open.secret.expose());
            InviteSlots {
                bundle: keys.bundle_slot(),
                request: keys.request_slots(),
            }
        }
        InviteRow::Used(used) => InviteSlots {
            bundle: Slot::new(*used.bundle.expose()),
            request: used
                .request
                .each_ref()
                .map(|slot| Slot::new(*slot.expose())),
        },
    })
}

/// What a request says, before anybody has accepted it. The identity is proven and
/// the safety number is the one that the conversation would have; the name is the
/// peer's word alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The name that the peer chose.
    pub peer_name: String,
    /// To be compared by the two people.
    pub safety_number: SafetyNumber,
}

/// Reads the request found at one of the invite's slots as [`accept`] would, and
/// changes nothing: no row is written and nothing is there that could answer.
/// `[HW-INV-10]`
///
/// # Errors
/// As [`accept`].
pub fn look_at(
    ctx: &mut Ctx<'_>,
    invite: &InviteId,
    which: RequestSlot,
    request_box: &SealedBox,
) -> Result<Claim, InviteError> {
    let open = acceptable(ctx, invite)?;
    let provider = Provider::new(ctx.store, ctx.rng, open.conversation)?;
    let joined = join(&provider, &open, invite, which, request_box)?;
    Ok(Claim {
        peer_name: joined.peer_name,
        safety_number: joined.safety_number,
    })
}

/// Accepts the request found at one of the invite's slots: joins its group and
/// checks everything about it. A request that is refused changes nothing, so
/// the other slot's can still be accepted. `[HW-INV-9]`
///
/// # Errors
/// [`InviteError`]; nothing was changed.
pub fn accept(
    ctx: &mut Ctx<'_>,
    invite: &InviteId,
    which: RequestSlot,
    request_box: &SealedBox,
) -> Result<Accepted, InviteError> {
    let store = ctx.store;
    let open = acceptable(ctx, invite)?;
    let provider = Provider::new(store, ctx.rng, open.conversation)?;
    let joined = join(&provider, &open, invite, which, request_box)?;
    let accepted = Accepted {
        conversation: open.conversation,
        peer_name: joined.peer_name.clone(),
        peer_routes: joined.peer_routes.clone(),
        safety_number: joined.safety_number.clone(),
    };
    provider.overlay().accept();
    provider.overlay().flush()?;
    let keys = InviteKeys::new(open.secret.expose());
    let used = used(&keys, which);
    let open = *open;
    let founding = Founding {
        stage: Stage::Accepted,
        group_id: joined.group_id,
        signer_seed: open.signer_seed,
        identity: open.identity,
        direct: open.direct,
        peer: joined.peer,
        peer_name: joined.peer_name,
        peer_routes: joined.peer_routes,
        binding: joined.binding,
        safety_number: joined.safety_number,
        entered: joined.entered,
    };
    state::found(store, &open.conversation, founding)?;
    write_row(
        store,
        INVITE_TABLE,
        invite.as_bytes(),
        &InviteRow::Used(used),
    )?;
    Ok(accepted)
}

/// The invite, if a request to it may still be accepted.
fn acceptable(ctx: &Ctx<'_>, invite: &InviteId) -> Result<Box<OpenInvite>, InviteError> {
    let InviteRow::Open(open) = read(ctx.store, invite)? else {
        return Err(InviteError::AlreadyUsed);
    };
    let last_min = u64::from(open.expires_at_min) + u64::from(ACCEPT_GRACE_MIN);
    if ctx.now_ms / MINUTE_MS > last_min {
        return Err(InviteError::Expired);
    }
    Ok(open)
}

/// A group that was joined by a request, in the provider's overlay alone.
struct Joined {
    group_id: Vec<u8>,
    peer: VerifiedPeer,
    peer_name: String,
    peer_routes: Routes,
    binding: [u8; 32],
    safety_number: SafetyNumber,
    entered: Entered,
}

fn join(
    provider: &Provider<'_>,
    open: &OpenInvite,
    invite: &InviteId,
    which: RequestSlot,
    request_box: &SealedBox,
) -> Result<Joined, InviteError> {
    let keys = InviteKeys::new(open.secret.expose());
    let request = open_request(&keys, which, request_box)?;
    let request_bytes = request.to_bytes()?;
    let psk = keys.psk();
    let psk = ExternalPsk {
        id: psk_id(&open.link.0, &open.bundle.0),
        value: &psk,
    };
    let mut group = Group::join(provider, &request.welcome, &psk)?;
    let entered = group.entered(provider)?;
    let (peer, card) = read_card(
        provider,
        &mut group,
        &entered.authenticator,
        invite,
        &request,
    )?;
    let peer_name = String::from_utf8(card.name).map_err(|_| InviteError::Request("the name"))?;
    let binding = binding(&open.link.0, &open.bundle.0, &request_bytes);
    let safety_number =
        SafetyNumber::new(&open.identity.fingerprint(), peer.fingerprint(), &binding);
    Ok(Joined {
        group_id: group.id(),
        peer,
        peer_name,
        peer_routes: card.routes,
        binding,
        safety_number,
        entered,
    })
}

fn open_request(
    keys: &InviteKeys,
    which: RequestSlot,
    request_box: &SealedBox,
) -> Result<RequestPlaintext, InviteError> {
    let slot = keys.request_slot(which);
    let padded = keys
        .request_key(which)
        .open(REQUEST_BOX_LABEL, &slot, request_box)
        .ok_or(InviteError::Forged)?;
    Ok(RequestPlaintext::from_padded(&padded)?)
}

/// The redeemer's card from the request's message, proven.
fn read_card(
    provider: &Provider<'_>,
    group: &mut Group,
    authenticator: &[u8; 32],
    invite: &InviteId,
    request: &RequestPlaintext,
) -> Result<(VerifiedPeer, hushwing_wire::ContactCard), InviteError> {
    let leaf = group
        .leaf(REDEEMER_LEAF)
        .ok_or(InviteError::Request("the redeemer's leaf"))?;
    let (epoch, content) = group.decrypt(provider, REDEEMER_LEAF, &request.message)?;
    let envelope = Envelope::from_bytes(&content)?;
    let is_first = epoch == 1
        && envelope.number == REQUEST_NUMBER
        && envelope.clock == REQUEST_NUMBER
        && envelope.received == hushwing_wire::Receipts::default()
        && envelope.lane_ends.is_empty()
        && envelope.epoch_authenticator == authenticator;
    let Body::Card(card) = envelope.body else {
        return Err(InviteError::Request("the card"));
    };
    if !is_first {
        return Err(InviteError::Request("the envelope"));
    }
    let card = hushwing_wire::ContactCard::from_bytes(&card)?;
    let peer = VerifiedPeer::verify(&card, Role::Redeemer, &leaf.credential, &leaf.key, invite)?;
    Ok((peer, card))
}

fn used(keys: &InviteKeys, accepted: RequestSlot) -> UsedInvite {
    UsedInvite {
        bundle: Secret32::new(*keys.bundle_slot().as_bytes()),
        request: keys
            .request_slots()
            .map(|slot| Secret32::new(*slot.as_bytes())),
        accepted: accepted.index(),
        other_key: keys.request_key(accepted.other()).secret().clone(),
    }
}

/// Whether the box found at a request slot of an invite is a second request: one
/// sealed by somebody who knows the link, beside the one that was accepted, or beside
/// the one at the first slot while nothing is decided. A forged box is none.
///
/// # Errors
/// [`InviteError::Unknown`] and [`InviteError::Store`].
pub fn is_second_use(
    store: &dyn Store,
    invite: &InviteId,
    which: RequestSlot,
    request_box: &SealedBox,
) -> Result<bool, InviteError> {
    let used = match read(store, invite)? {
        // What is being decided about lay at the first slot.
        InviteRow::Open(open) => used(&InviteKeys::new(open.secret.expose()), RequestSlot::First),
        InviteRow::Used(used) => used,
    };
    if which.index() == used.accepted {
        return Ok(false);
    }
    let slot = Slot::new(*used.request[which.index()].expose());
    let key = BoxKey::new(used.other_key.clone());
    Ok(key.open(REQUEST_BOX_LABEL, &slot, request_box).is_some())
}

/// Deletes an invite, open or accepted; a conversation that it became stays.
/// Nothing happens when it is not there.
///
/// # Errors
/// [`InviteError::Store`].
pub fn revoke_invite(ctx: &mut Ctx<'_>, invite: &InviteId) -> Result<(), InviteError> {
    match read(ctx.store, invite) {
        Ok(InviteRow::Open(open)) => delete_scope(ctx.store, &open.conversation)?,
        // Of a damaged row only what it alone names stays behind.
        Ok(InviteRow::Used(_)) | Err(InviteError::Store(StoreError::Damaged(_))) => {}
        Err(InviteError::Unknown) => return Ok(()),
        Err(error) => return Err(error),
    }
    Ok(ctx.store.delete(INVITE_TABLE, invite.as_bytes())?)
}

fn read(store: &dyn Store, invite: &InviteId) -> Result<InviteRow, InviteError> {
    let row: Result<_, StoreError> = read_row(store, INVITE_TABLE, invite.as_bytes(), "an invite");
    row?.ok_or(InviteError::Unknown)
}
