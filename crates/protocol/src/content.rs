//! Message content: a subset of the MIMI content format
//! (draft-ietf-mimi-content-08, CBOR), which newer versions widen.

use ciborium::Value;
use hushwing_wire::limits::{MAX_CONTENT_LEN, MAX_TEXT_LEN};
use rand_core::CryptoRng;

use crate::kdf;

/// What a message says. `[HW-CONV-12]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Plain text of at most [`MAX_TEXT_LEN`] bytes. Only ever to be shown as text.
    Text(String),
    /// Messages of ours, by their ids, that the peer says it has read; at most
    /// [`MAX_REPORTED`]. Never to be shown as a message. `[HW-READ-1]`
    Read(Vec<[u8; MESSAGE_ID_LEN]>),
    /// Something that this version does not know; to be shown as sent by a
    /// newer version.
    Unknown,
}

/// The content cannot be sent. The caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// A text is longer than [`MAX_TEXT_LEN`] bytes.
    #[error("the text is longer than {MAX_TEXT_LEN} bytes")]
    TooLong,
}

/// `baseDispos`: shown to the reader.
const DISPOSITION_RENDER: u8 = 1;
/// `SinglePart`.
const CARDINALITY_SINGLE: u8 = 1;
const TEXT_PLAIN: &str = "text/plain;charset=utf-8";
/// `baseDispos`: nothing is said about how to show it.
const DISPOSITION_UNSPECIFIED: u8 = 0;
const STATUS_REPORT: &str = "application/mimi-message-status";
/// `MessageStatus`: the message was read.
const STATUS_READ: u8 = 2;
/// CBOR tag of a time in milliseconds since 1970 (draft-ietf-mimi-content §5.3).
const TAG_TIMESTAMP: u64 = 62;
/// Messages that one report may name: 256 of 19 bytes fit a box with room for
/// a commit; what is left over goes into the next one.
pub const MAX_REPORTED: usize = 256;
/// Bytes of the salt that makes message ids differ.
pub const SALT_LEN: usize = 16;
/// Entries of the outer array.
const FIELDS: usize = 7;
/// Entries of a nested part that is a single part.
const SINGLE_PART_FIELDS: usize = 5;

/// A text of ours with what makes it this one message: sent twice, it keeps its
/// id and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Random, from [`new_salt`].
    pub salt: [u8; SALT_LEN],
    /// What it says.
    pub text: String,
    /// The Lamport time of its first sealing, once it was sealed.
    pub clock: Option<u64>,
}

impl Said {
    /// The id by which both sides know this message. `[HW-CONV-13]`
    ///
    /// # Errors
    /// [`ContentError::TooLong`].
    pub fn id(&self) -> Result<[u8; MESSAGE_ID_LEN], ContentError> {
        encode_text(&self.salt, &self.text).map(|bytes| message_id(&bytes))
    }
}

/// Randomness for the salt of a new message.
pub fn new_salt(rng: &mut dyn CryptoRng) -> [u8; SALT_LEN] {
    let mut salt = [0; SALT_LEN];
    rng.fill_bytes(&mut salt);
    salt
}

/// Bytes of a message's id.
pub const MESSAGE_ID_LEN: usize = 16;

const MESSAGE_ID_LABEL: &[u8] = b"hushwing 1 message id";

/// The id of a message with this content; the salt inside makes it unique.
pub(crate) fn message_id(content: &[u8]) -> [u8; MESSAGE_ID_LEN] {
    let digest = kdf::transcript(MESSAGE_ID_LABEL, &[content]);
    let mut id = [0; MESSAGE_ID_LEN];
    id.copy_from_slice(&digest[..MESSAGE_ID_LEN]);
    id
}

/// The encoding of a text: `[salt, replaces, topicId, expires, inReplyTo,
/// extensions, [disposition, language, cardinality, contentType, content]]`.
pub(crate) fn encode_text(salt: &[u8; SALT_LEN], text: &str) -> Result<Vec<u8>, ContentError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(ContentError::TooLong);
    }
    let text = text.as_bytes().to_vec();
    Ok(encode(salt, DISPOSITION_RENDER, TEXT_PLAIN, text))
}

/// The encoding of a report that these messages were read (status report of
/// draft-ietf-mimi-content): `[timestamp, [[id, status], ..]]`.
pub(crate) fn encode_read(
    salt: &[u8; SALT_LEN],
    at_ms: u64,
    ids: &[[u8; MESSAGE_ID_LEN]],
) -> Result<Vec<u8>, ContentError> {
    if ids.len() > MAX_REPORTED {
        return Err(ContentError::TooLong);
    }
    let statuses = ids
        .iter()
        .map(|id| Value::Array(vec![Value::Bytes(id.to_vec()), Value::from(STATUS_READ)]));
    let report = Value::Array(vec![
        Value::Tag(TAG_TIMESTAMP, Box::new(Value::from(at_ms))),
        Value::Array(statuses.collect()),
    ]);
    let report = to_bytes(&report);
    Ok(encode(salt, DISPOSITION_UNSPECIFIED, STATUS_REPORT, report))
}

fn encode(salt: &[u8; SALT_LEN], disposition: u8, content_type: &str, content: Vec<u8>) -> Vec<u8> {
    let part = Value::Array(vec![
        Value::from(disposition),
        Value::Text(String::new()),
        Value::from(CARDINALITY_SINGLE),
        Value::from(content_type),
        Value::Bytes(content),
    ]);
    let content = Value::Array(vec![
        Value::Bytes(salt.to_vec()),
        Value::Null,
        Value::Bytes(Vec::new()),
        Value::Null,
        Value::Null,
        Value::Map(Vec::new()),
        part,
    ]);
    let bytes = to_bytes(&content);
    debug_assert!(bytes.len() <= MAX_CONTENT_LEN);
    bytes
}

fn to_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MAX_CONTENT_LEN);
    ciborium::into_writer(value, &mut bytes).expect("writing into memory does not fail");
    bytes
}

/// The content of these bytes; never fails, because what one version cannot
/// read another may have written.
pub(crate) fn decode(bytes: &[u8]) -> Content {
    known(bytes).unwrap_or(Content::Unknown)
}

/// Arrays and maps in one another that content may have. MIMI needs four.
const MAX_DEPTH: usize = 16;

fn from_bytes(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH).ok()?;
    rest.is_empty().then_some(value)
}

fn known(bytes: &[u8]) -> Option<Content> {
    let value = from_bytes(bytes)?;
    let fields = value.as_array().filter(|fields| fields.len() == FIELDS)?;
    let [
        salt,
        replaces,
        topic,
        expires,
        in_reply_to,
        extensions,
        part,
    ] = fields.as_slice()
    else {
        return None;
    };
    let plain = salt.as_bytes().is_some_and(|salt| salt.len() == SALT_LEN)
        && replaces.is_null()
        && topic.as_bytes().is_some()
        && expires.is_null()
        && (in_reply_to.is_null() || in_reply_to.is_bytes())
        && extensions.is_map();
    let part = part
        .as_array()
        .filter(|part| plain && part.len() == SINGLE_PART_FIELDS)?;
    let [disposition, _language, cardinality, content_type, content] = part.as_slice() else {
        return None;
    };
    if *cardinality != Value::from(CARDINALITY_SINGLE) {
        return None;
    }
    let (content_type, content) = (content_type.as_text()?, content.as_bytes()?);
    if *disposition == Value::from(DISPOSITION_RENDER)
        && content_type.eq_ignore_ascii_case(TEXT_PLAIN)
        && content.len() <= MAX_TEXT_LEN
    {
        String::from_utf8(content.clone()).ok().map(Content::Text)
    } else if content_type.eq_ignore_ascii_case(STATUS_REPORT) {
        // A malformed report reports nothing; it is never shown as a message.
        Some(Content::Read(ids_read(content).unwrap_or_default()))
    } else {
        None
    }
}

/// The messages that a status report names as read; other statuses say nothing
/// that our receipts do not say.
fn ids_read(report: &[u8]) -> Option<Vec<[u8; MESSAGE_ID_LEN]>> {
    let report = from_bytes(report)?;
    let [_timestamp, statuses] = report.as_array()?.as_slice() else {
        return None;
    };
    let statuses = statuses.as_array()?;
    if statuses.len() > MAX_REPORTED {
        return None;
    }
    let read = statuses.iter().filter_map(|status| {
        let [id, status] = status.as_array()?.as_slice() else {
            return None;
        };
        let is_read = *status == Value::from(STATUS_READ);
        id.as_bytes()?
            .as_slice()
            .try_into()
            .ok()
            .filter(|_| is_read)
    });
    Some(read.collect())
}

#[cfg(test)]
mod tests {
    use hushwing_wire::limits::{MAX_CONTENT_LEN, MAX_TEXT_LEN};
    use proptest::prelude::*;

    use super::{Content, ContentError, decode, encode_read, encode_text};

    const SALT: [u8; 16] = [3; 16];

    #[test]
    fn the_encoding_is_the_one_of_the_draft() {
        let bytes = encode_text(&SALT, "hi").unwrap();
        assert_eq!(bytes[..2], [0x87, 0x50]);
        let rest = &bytes[18..];
        // null, h'', null, null, {}, [1, "", 1, "text/plain;charset=utf-8", 'hi']
        assert_eq!(
            rest[..10],
            [0xf6, 0x40, 0xf6, 0xf6, 0xa0, 0x85, 0x01, 0x60, 0x01, 0x78]
        );
        assert_eq!(rest[rest.len() - 3..], [0x42, b'h', b'i']);
    }

    #[test]
    fn the_longest_text_fits_and_a_longer_one_is_refused() {
        let longest = "x".repeat(MAX_TEXT_LEN);
        assert!(encode_text(&SALT, &longest).unwrap().len() <= MAX_CONTENT_LEN);
        assert_eq!(
            encode_text(&SALT, &(longest + "x")),
            Err(ContentError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in ".{0,200}") {
            let bytes = encode_text(&SALT, &text).unwrap();
            prop_assert_eq!(decode(&bytes), Content::Text(text));
        }

        #[test]
        fn any_bytes_decode_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            decode(&bytes);
        }

        #[test]
        fn cut_or_longer_content_is_unknown(cut in 0_usize..60) {
            let mut bytes = encode_text(&SALT, "some text").unwrap();
            prop_assume!(cut < bytes.len());
            prop_assert_eq!(decode(&bytes[..cut]), Content::Unknown);
            bytes.push(0);
            prop_assert_eq!(decode(&bytes), Content::Unknown);
        }
    }

    #[test]
    fn a_report_of_what_was_read_comes_back_and_is_no_message() {
        let ids: Vec<[u8; 16]> = (0..=255).map(|byte| [byte; 16]).collect();
        let bytes = encode_read(&SALT, 1_790_000_000_000, &ids).unwrap();
        assert!(bytes.len() <= MAX_CONTENT_LEN);
        assert_eq!(decode(&bytes), Content::Read(ids.clone()));
        let more = [ids.as_slice(), &[[7; 16]]].concat();
        assert_eq!(encode_read(&SALT, 0, &more), Err(ContentError::TooLong));
    }

    #[test]
    fn a_report_that_is_malformed_or_endless_reports_nothing() {
        use ciborium::Value;
        let entry =
            |id: Vec<u8>, status: u8| Value::Array(vec![Value::Bytes(id), Value::from(status)]);
        let report = |entries: Vec<Value>| {
            let value = Value::Array(vec![Value::from(0), Value::Array(entries)]);
            super::encode(&SALT, 0, super::STATUS_REPORT, super::to_bytes(&value))
        };
        let nothing = Content::Read(Vec::new());
        for bytes in [
            super::encode(&SALT, 0, super::STATUS_REPORT, Vec::new()),
            report(vec![entry(vec![1; 15], 2), entry(vec![1; 33], 2)]),
            report(vec![entry(vec![1; 16], 1), entry(vec![1; 16], 6)]),
            report((0..257).map(|_| entry(vec![1; 16], 2)).collect()),
        ] {
            assert_eq!(decode(&bytes), nothing);
        }
        let mixed = report(vec![
            entry(vec![1; 16], 2),
            Value::Null,
            entry(vec![2; 16], 0),
        ]);
        assert_eq!(decode(&mixed), Content::Read(vec![[1; 16]]));
    }

    /// Whatever MIMI content can say and this version cannot show is not shown as
    /// something else: each field, and only it, is another one.
    #[test]
    fn content_that_says_more_than_a_text_is_unknown() {
        use ciborium::Value;
        type Alter = fn(&mut Vec<Value>, &mut Vec<Value>);
        let text = |alter: &dyn Fn(&mut Vec<Value>, &mut Vec<Value>)| {
            let mut part = vec![
                Value::from(super::DISPOSITION_RENDER),
                Value::Text(String::new()),
                Value::from(super::CARDINALITY_SINGLE),
                Value::from(super::TEXT_PLAIN),
                Value::Bytes(b"hi".to_vec()),
            ];
            let mut fields = vec![
                Value::Bytes(SALT.to_vec()),
                Value::Null,
                Value::Bytes(Vec::new()),
                Value::Null,
                Value::Null,
                Value::Map(Vec::new()),
            ];
            alter(&mut fields, &mut part);
            fields.push(Value::Array(part));
            decode(&super::to_bytes(&Value::Array(fields)))
        };
        let shown = Content::Text("hi".to_owned());
        assert_eq!(text(&|_, _| {}), shown);
        assert_eq!(
            text(&|fields, _| fields[4] = Value::Bytes(vec![1; 32])),
            shown
        );
        assert_eq!(
            text(&|_, part| part[3] = Value::from("Text/Plain;Charset=UTF-8")),
            shown
        );
        let others: [(&str, Alter); 13] = [
            ("a short salt", |fields, _| {
                fields[0] = Value::Bytes(vec![3; 15])
            }),
            ("no salt", |fields, _| fields[0] = Value::Null),
            ("replaces another", |fields, _| {
                fields[1] = Value::Bytes(vec![1; 32])
            }),
            ("a topic that is none", |fields, _| fields[2] = Value::Null),
            ("it expires", |fields, _| fields[3] = Value::from(1)),
            ("an answer to nothing", |fields, _| {
                fields[4] = Value::from(1)
            }),
            ("extensions that are none", |fields, _| {
                fields[5] = Value::Null
            }),
            ("a part too few", |_, part| drop(part.pop())),
            ("another disposition", |_, part| part[0] = Value::from(7)),
            ("many parts", |_, part| part[2] = Value::from(2)),
            ("another type", |_, part| {
                part[3] = Value::from("text/markdown")
            }),
            ("no type", |_, part| part[3] = Value::Null),
            ("too long a text", |_, part| {
                part[4] = Value::Bytes(vec![b'x'; MAX_TEXT_LEN + 1]);
            }),
        ];
        for (what, alter) in others {
            assert_eq!(text(&alter), Content::Unknown, "{what}");
        }
    }

    #[test]
    fn two_messages_with_one_text_have_two_ids() {
        let mut person = crate::testing::Person::new(1);
        let mut ctx = person.ctx();
        let [one, other] = [(); 2].map(|()| super::Said {
            salt: super::new_salt(&mut ctx.rng),
            text: "hi".to_owned(),
            clock: None,
        });
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.id(), other.id());
    }

    #[test]
    fn deep_nesting_is_unknown_and_does_not_exhaust_the_stack() {
        assert_eq!(decode(&[0x81; 9_000]), Content::Unknown);
    }
}
