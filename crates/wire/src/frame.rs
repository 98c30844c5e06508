//! The relay protocol's frames: one size, both directions, all operations
//! alike. `[HW-RELAY-1]`
//!
//! ```text
//! struct {
//!     uint8  version = 1;
//!     uint8  operation;
//!     uint32 id;             // chosen by the client, echoed by the server
//!     opaque body[506];      // by operation, zero-padded
//!     opaque box[16384];     // zeros when the operation carries none
//! } Frame;
//! ```

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

use crate::{
    codec,
    error::DecodeError,
    gate::{GateProof, GateTerms},
    limits::{BOX_LEN, FRAME_HEADER_LEN, FRAME_LEN, MAX_SLOTS_PER_REQUEST, MAX_WAIT_S},
    slot::{SealedBox, Slot},
};

const VERSION: u8 = 1;

/// Bytes of version, operation and id.
const PREFIX_LEN: usize = 6;

/// One request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Chosen by the client; the response carries the same.
    pub id: u32,
    /// What is asked.
    pub op: RequestOp,
}

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestOp {
    /// Put a box at a slot if nothing is there.
    Put {
        /// Where.
        slot: Slot,
        /// Wished life in seconds; the relay may shorten it.
        ttl_s: u32,
        /// What.
        boxed: SealedBox,
    },
    /// The same at a relay with a gate; at one without, the proof is not looked at.
    PutGated {
        /// Where.
        slot: Slot,
        /// Wished life in seconds; the relay may shorten it.
        ttl_s: u32,
        /// What.
        boxed: SealedBox,
        /// What the gate asked for.
        proof: GateProof,
    },
    /// Answer with the first box found at one of `slots`; wait for one to
    /// arrive up to `wait_s` seconds (at most [`MAX_WAIT_S`]).
    Get {
        /// 1 to [`MAX_SLOTS_PER_REQUEST`] slots.
        slots: Vec<Slot>,
        /// Longest wait in seconds.
        wait_s: u16,
    },
    /// Forget the boxes at `slots`; their reader has stored them.
    Drop {
        /// 1 to [`MAX_SLOTS_PER_REQUEST`] slots.
        slots: Vec<Slot>,
    },
    /// Say what you are.
    Info,
}

/// One answer of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The id of the request.
    pub id: u32,
    /// The answer.
    pub op: ResponseOp,
}

/// What a server answers. Nothing here tells "unknown" from "not yours".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseOp {
    /// PUT: it is stored durably.
    Stored,
    /// PUT: this very box was there before.
    Same,
    /// PUT: another box is there; here it is.
    Taken(SealedBox),
    /// PUT: another box was there and its reader has dropped it.
    TakenAndDropped,
    /// PUT: no room; nothing was evicted and nothing stored.
    Full,
    /// PUT: the gate is shut and opens in these ways; nothing was stored.
    GateWanted(GateTerms),
    /// GET: this box lies at the slot with this index in the request.
    Found {
        /// Index into the request's slots.
        index: u8,
        /// The box.
        boxed: SealedBox,
    },
    /// GET: nothing arrived in time.
    Nothing,
    /// DROP: none of the slots holds a box now.
    Dropped,
    /// INFO.
    Info(RelayInfo),
    /// The request was not carried out.
    Refused(Refusal),
}

/// Why a server refuses a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
#[repr(u8)]
pub enum Refusal {
    /// This server does not serve that (also: a slot that a node does not wait for).
    NotServed = 1,
    /// Too many requests at once on this connection.
    Busy = 2,
    /// It is shutting down; try again later or elsewhere.
    Draining = 3,
    /// Its store failed; nothing was acknowledged.
    StoreFailed = 4,
}

/// What a relay says of itself. No counts: they would tell of its users.
#[derive(Debug, Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct RelayInfo {
    /// Longest life in seconds that it grants.
    pub max_ttl_s: u32,
    /// Longest wait in seconds that it grants.
    pub max_wait_s: u16,
    /// 1 when it takes new boxes, 0 when it is full or draining.
    pub accepting: u8,
}

const OP_PUT: u8 = 1;
const OP_GET: u8 = 2;
const OP_DROP: u8 = 3;
const OP_INFO: u8 = 4;
const OP_PUT_GATED: u8 = 5;
const OP_STORED: u8 = 129;
const OP_SAME: u8 = 130;
const OP_TAKEN: u8 = 131;
const OP_TAKEN_AND_DROPPED: u8 = 132;
const OP_FULL: u8 = 133;
const OP_FOUND: u8 = 134;
const OP_NOTHING: u8 = 135;
const OP_DROPPED: u8 = 136;
const OP_INFO_IS: u8 = 137;
const OP_REFUSED: u8 = 138;
const OP_GATE_WANTED: u8 = 139;

#[derive(TlsSerialize, TlsDeserializeBytes, TlsSize)]
struct PutBody {
    slot: Slot,
    ttl_s: u32,
}

#[derive(TlsSerialize, TlsDeserializeBytes, TlsSize)]
struct PutGatedBody {
    slot: Slot,
    ttl_s: u32,
    proof: GateProof,
}

#[derive(TlsSerialize, TlsDeserializeBytes, TlsSize)]
struct GetBody {
    slots: Vec<Slot>,
    wait_s: u16,
}

#[derive(TlsSerialize, TlsDeserializeBytes, TlsSize)]
struct DropBody {
    slots: Vec<Slot>,
}

impl Request {
    /// The frame: exactly [`FRAME_LEN`] bytes.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] for more slots than a request may name,
    /// [`DecodeError::Invalid`] for none.
    pub fn to_frame(&self) -> Result<Vec<u8>, DecodeError> {
        match &self.op {
            RequestOp::Put { slot, ttl_s, boxed } => {
                let body = PutBody {
                    slot: *slot,
                    ttl_s: *ttl_s,
                };
                frame(OP_PUT, self.id, &codec::to_bytes(&body)?, Some(boxed))
            }
            RequestOp::PutGated {
                slot,
                ttl_s,
                boxed,
                proof,
            } => {
                let body = PutGatedBody {
                    slot: *slot,
                    ttl_s: *ttl_s,
                    proof: *proof,
                };
                frame(OP_PUT_GATED, self.id, &codec::to_bytes(&body)?, Some(boxed))
            }
            RequestOp::Get { slots, wait_s } => {
                check_slots(slots)?;
                let body = GetBody {
                    slots: slots.clone(),
                    wait_s: *wait_s,
                };
                frame(OP_GET, self.id, &codec::to_bytes(&body)?, None)
            }
            RequestOp::Drop { slots } => {
                check_slots(slots)?;
                let body = DropBody {
                    slots: slots.clone(),
                };
                frame(OP_DROP, self.id, &codec::to_bytes(&body)?, None)
            }
            RequestOp::Info => frame(OP_INFO, self.id, &[], None),
        }
    }

    /// The request in a frame.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that [`Request::to_frame`] does not make.
    pub fn from_frame(bytes: &[u8]) -> Result<Self, DecodeError> {
        let parts = Parts::of(bytes)?;
        let op = match parts.operation {
            OP_PUT => {
                let PutBody { slot, ttl_s } = codec::from_padded(parts.body)?;
                RequestOp::Put {
                    slot,
                    ttl_s,
                    boxed: SealedBox::from_slice(parts.boxed)?,
                }
            }
            OP_PUT_GATED => {
                let PutGatedBody { slot, ttl_s, proof } = codec::from_padded(parts.body)?;
                RequestOp::PutGated {
                    slot,
                    ttl_s,
                    boxed: SealedBox::from_slice(parts.boxed)?,
                    proof,
                }
            }
            OP_GET => {
                let GetBody { slots, wait_s } = parts.without_box()?;
                check_slots(&slots)?;
                if wait_s > MAX_WAIT_S {
                    return Err(DecodeError::TooLong("the wait"));
                }
                RequestOp::Get { slots, wait_s }
            }
            OP_DROP => {
                let DropBody { slots } = parts.without_box()?;
                check_slots(&slots)?;
                RequestOp::Drop { slots }
            }
            OP_INFO => parts.empty(RequestOp::Info)?,
            _ => return Err(DecodeError::Invalid("the operation")),
        };
        Ok(Self { id: parts.id, op })
    }
}

impl Response {
    /// The frame: exactly [`FRAME_LEN`] bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for terms of a gate that no relay may set.
    pub fn to_frame(&self) -> Result<Vec<u8>, DecodeError> {
        match &self.op {
            ResponseOp::Stored => frame(OP_STORED, self.id, &[], None),
            ResponseOp::Same => frame(OP_SAME, self.id, &[], None),
            ResponseOp::Taken(boxed) => frame(OP_TAKEN, self.id, &[], Some(boxed)),
            ResponseOp::TakenAndDropped => frame(OP_TAKEN_AND_DROPPED, self.id, &[], None),
            ResponseOp::Full => frame(OP_FULL, self.id, &[], None),
            ResponseOp::GateWanted(terms) => {
                terms.check()?;
                frame(OP_GATE_WANTED, self.id, &codec::to_bytes(terms)?, None)
            }
            ResponseOp::Found { index, boxed } => frame(OP_FOUND, self.id, &[*index], Some(boxed)),
            ResponseOp::Nothing => frame(OP_NOTHING, self.id, &[], None),
            ResponseOp::Dropped => frame(OP_DROPPED, self.id, &[], None),
            ResponseOp::Info(info) => frame(OP_INFO_IS, self.id, &codec::to_bytes(info)?, None),
            ResponseOp::Refused(why) => frame(OP_REFUSED, self.id, &codec::to_bytes(why)?, None),
        }
    }

    /// The response in a frame.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that [`Response::to_frame`] does not make.
    pub fn from_frame(bytes: &[u8]) -> Result<Self, DecodeError> {
        let parts = Parts::of(bytes)?;
        let op = match parts.operation {
            OP_STORED => parts.empty(ResponseOp::Stored)?,
            OP_SAME => parts.empty(ResponseOp::Same)?,
            OP_TAKEN => ResponseOp::Taken(parts.box_alone()?),
            OP_TAKEN_AND_DROPPED => parts.empty(ResponseOp::TakenAndDropped)?,
            OP_FULL => parts.empty(ResponseOp::Full)?,
            OP_FOUND => {
                let index: u8 = codec::from_padded(parts.body)?;
                if usize::from(index) >= MAX_SLOTS_PER_REQUEST {
                    return Err(DecodeError::Invalid("the index"));
                }
                ResponseOp::Found {
                    index,
                    boxed: SealedBox::from_slice(parts.boxed)?,
                }
            }
            OP_GATE_WANTED => {
                let terms: GateTerms = parts.without_box()?;
                terms.check()?;
                ResponseOp::GateWanted(terms)
            }
            OP_NOTHING => parts.empty(ResponseOp::Nothing)?,
            OP_DROPPED => parts.empty(ResponseOp::Dropped)?,
            OP_INFO_IS => ResponseOp::Info(parts.without_box()?),
            OP_REFUSED => ResponseOp::Refused(parts.without_box()?),
            _ => return Err(DecodeError::Invalid("the operation")),
        };
        Ok(Self { id: parts.id, op })
    }
}

fn check_slots(slots: &[Slot]) -> Result<(), DecodeError> {
    match slots.len() {
        0 => Err(DecodeError::Invalid("the list of slots")),
        n if n > MAX_SLOTS_PER_REQUEST => Err(DecodeError::TooLong("the list of slots")),
        _ => Ok(()),
    }
}

fn frame(
    operation: u8,
    id: u32,
    body: &[u8],
    boxed: Option<&SealedBox>,
) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = Vec::with_capacity(FRAME_LEN);
    bytes.extend_from_slice(&[VERSION, operation]);
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(body);
    if bytes.len() > FRAME_HEADER_LEN {
        return Err(DecodeError::TooLong("the frame's header"));
    }
    bytes.resize(FRAME_HEADER_LEN, 0);
    match boxed {
        Some(boxed) => bytes.extend_from_slice(boxed.as_bytes()),
        None => bytes.resize(FRAME_LEN, 0),
    }
    Ok(bytes)
}

/// A frame cut at its fixed places.
struct Parts<'a> {
    operation: u8,
    id: u32,
    body: &'a [u8],
    boxed: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() != FRAME_LEN {
            return Err(DecodeError::Malformed);
        }
        let (header, boxed) = bytes.split_at(FRAME_HEADER_LEN);
        debug_assert_eq!(boxed.len(), BOX_LEN);
        let (prefix, body) = header.split_at(PREFIX_LEN);
        let &[version, operation, i0, i1, i2, i3] = prefix else {
            return Err(DecodeError::Malformed);
        };
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let id = u32::from_be_bytes([i0, i1, i2, i3]);
        Ok(Self {
            operation,
            id,
            body,
            boxed,
        })
    }

    fn without_box<T: tls_codec::DeserializeBytes>(&self) -> Result<T, DecodeError> {
        all_zero(self.boxed)?;
        codec::from_padded(self.body)
    }

    fn empty<T>(&self, value: T) -> Result<T, DecodeError> {
        all_zero(self.body)?;
        all_zero(self.boxed)?;
        Ok(value)
    }

    fn box_alone(&self) -> Result<SealedBox, DecodeError> {
        all_zero(self.body)?;
        SealedBox::from_slice(self.boxed)
    }
}

fn all_zero(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.iter().all(|&byte| byte == 0) {
        Ok(())
    } else {
        Err(DecodeError::Padding)
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAME_HEADER_LEN, FRAME_LEN, OP_INFO, PREFIX_LEN, frame};
    use crate::error::DecodeError;

    #[test]
    fn a_body_fills_the_header_and_goes_no_further() {
        const BODY_LEN: usize = FRAME_HEADER_LEN - PREFIX_LEN;
        let whole = frame(OP_INFO, 1, &[7; BODY_LEN], None).unwrap();
        assert_eq!(whole.len(), FRAME_LEN);
        assert_eq!(whole[PREFIX_LEN..FRAME_HEADER_LEN], [7; BODY_LEN]);
        assert_eq!(
            frame(OP_INFO, 1, &[7; BODY_LEN + 1], None),
            Err(DecodeError::TooLong("the frame's header"))
        );
    }
}
