//! The side that uses an invite.

use hushwing_wire::{
    Body, Bundle, Envelope, InviteLink, Receipts, RequestPlaintext, Routes, SealedBox, Slot,
};
use zeroize::Zeroizing;

use super::{
    InviteError, MINUTE_MS,
    keys::{BUNDLE_BOX_LABEL, InviteKeys, REQUEST_BOX_LABEL, RequestSlot, binding, psk_id},
};
use crate::{
    Ctx,
    conversation::state::{self, Founding, REQUEST_NUMBER, Stage},
    direct::DirectKeys,
    identity::{Fingerprint, IdentityKeys, Role, VerifiedPeer},
    ids::ConversationId,
    kdf,
    mls::{ExternalPsk, Group, LeafSigner, PeerKeyPackage, provider::Provider},
    safety::SafetyNumber,
    secret::Secret32,
};

/// Who redeems.
#[derive(Debug)]
pub struct Me {
    /// Our name for this contact; may be empty.
    pub name: String,
    /// Where this contact will reach us.
    pub routes: Routes,
    /// Keys of our node in this conversation.
    pub direct: DirectKeys,
}

/// A request that is ready to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// The conversation, in [`Phase::Requested`](crate::Phase::Requested).
    pub conversation: ConversationId,
    /// The same request for both slots, in the order of [`RequestSlot::ALL`]: the
    /// second is put only where the first slot holds another box.
    pub request: [(Slot, SealedBox); 2],
    /// The name that the inviter chose.
    pub peer_name: String,
    /// Where the inviter can be reached.
    pub peer_routes: Routes,
}

/// Redeems a link: checks the bundle found at [`bundle_slot`](super::bundle_slot),
/// founds the group of two and makes the request. `[HW-INV-4]`
///
/// # Errors
/// [`InviteError`]; nothing was changed.
pub fn redeem(
    ctx: &mut Ctx<'_>,
    link: &InviteLink,
    bundle_box: &SealedBox,
    me: Me,
) -> Result<Redeemed, InviteError> {
    let (store, now_ms) = (ctx.store, ctx.now_ms);
    if now_ms / MINUTE_MS > u64::from(link.expires_at_min) {
        return Err(InviteError::Expired);
    }
    let keys = InviteKeys::new(&link.secret);
    let link_bytes = Zeroizing::new(link.to_bytes().map_err(InviteError::NotEncodable)?);
    let bundle = open_bundle(&keys, link, bundle_box)?;
    let bundle_bytes = bundle.to_bytes()?;

    let identity = IdentityKeys::generate(ctx.rng);
    let signer_seed = Secret32::random(ctx.rng);
    let signer = LeafSigner::new(&signer_seed);
    let conversation = ConversationId::random(ctx.rng);
    let card = identity
        .card(
            ctx.rng,
            Role::Redeemer,
            &signer.public(),
            &keys.id(),
            &me.name,
            me.routes,
        )
        .map_err(InviteError::NotEncodable)?;
    let fingerprint = identity.fingerprint();

    let provider = Provider::new(store, ctx.rng, conversation)?;
    let key_package = PeerKeyPackage::parse(&provider, &bundle.key_package)?;
    let leaf = key_package.leaf();
    let peer = VerifiedPeer::verify(
        &bundle.card,
        Role::Inviter,
        &leaf.credential,
        &leaf.key,
        &keys.id(),
    )?;
    let psk = keys.psk();
    let psk = ExternalPsk {
        id: psk_id(&link_bytes, &bundle_bytes),
        value: &psk,
    };
    let (mut group, welcome) = Group::found(
        &provider,
        &signer,
        fingerprint.as_bytes(),
        key_package,
        &psk,
    )?;
    let entered = group.entered(&provider)?;
    let envelope = Envelope {
        number: REQUEST_NUMBER,
        clock: REQUEST_NUMBER,
        sent_at_ms: now_ms,
        received: Receipts::default(),
        lane_ends: Vec::new(),
        epoch_authenticator: entered.authenticator.to_vec(),
        body: Body::Card(card.to_bytes().map_err(InviteError::NotEncodable)?),
    };
    let content = Zeroizing::new(envelope.to_bytes().map_err(InviteError::NotEncodable)?);
    let message = group.encrypt(&provider, &signer, &content)?;
    let request = RequestPlaintext { welcome, message };
    let request_bytes = request.to_bytes().map_err(InviteError::NotEncodable)?;
    let boxes = seal_request(&provider, &keys, &request)?;

    let binding = binding(&link_bytes, &bundle_bytes, &request_bytes);
    let peer_name = inviters_name(&bundle)?;
    let founding = Founding {
        stage: Stage::Requested,
        group_id: group.id(),
        signer_seed,
        identity,
        direct: me.direct,
        safety_number: safety_number(&peer, &fingerprint, &binding),
        peer,
        peer_name: peer_name.clone(),
        peer_routes: bundle.card.routes.clone(),
        binding,
        entered,
    };
    provider.overlay().accept();
    provider.overlay().flush()?;
    state::found(store, &conversation, founding)?;
    Ok(Redeemed {
        conversation,
        request: boxes,
        peer_name,
        peer_routes: bundle.card.routes,
    })
}

fn safety_number(
    inviter: &VerifiedPeer,
    redeemer: &Fingerprint,
    binding: &[u8; 32],
) -> SafetyNumber {
    SafetyNumber::new(inviter.fingerprint(), redeemer, binding)
}

fn open_bundle(
    keys: &InviteKeys,
    link: &InviteLink,
    bundle_box: &SealedBox,
) -> Result<Bundle, InviteError> {
    let padded = keys
        .bundle_key()
        .open(BUNDLE_BOX_LABEL, &keys.bundle_slot(), bundle_box)
        .ok_or(InviteError::Forged)?;
    let bundle = Bundle::from_padded(&padded)?;
    if kdf::sha256(&bundle.to_bytes()?) == link.bundle_hash {
        Ok(bundle)
    } else {
        Err(InviteError::WrongBundle)
    }
}

fn inviters_name(bundle: &Bundle) -> Result<String, InviteError> {
    String::from_utf8(bundle.card.name.clone())
        .map_err(|_| InviteError::Request("the inviter's name"))
}

/// The request for both slots, each under its own key.
fn seal_request(
    provider: &Provider<'_>,
    keys: &InviteKeys,
    request: &RequestPlaintext,
) -> Result<[(Slot, SealedBox); 2], InviteError> {
    let padded = Zeroizing::new(request.to_padded().map_err(InviteError::NotEncodable)?);
    let seal = |which| {
        let slot = keys.request_slot(which);
        let boxed = provider.with_rng(|rng| {
            keys.request_key(which)
                .seal(rng, REQUEST_BOX_LABEL, &slot, &padded)
        })?;
        Ok::<_, InviteError>((slot, boxed))
    };
    let [first, second] = RequestSlot::ALL;
    Ok([seal(first)?, seal(second)?])
}
