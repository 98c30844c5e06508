//! Message content: a subset of the MIMI content format
//! (draft-ietf-mimi-content-08, CBOR), which newer versions widen.

use ciborium::Value;
use hushwing_wire::limits::{MAX_CONTENT_LEN, MAX_TEXT_LEN};
use rand_core::CryptoRng;

/// What a message says. `[HW-CONV-12]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Plain text of at most [`MAX_TEXT_LEN`] bytes. Only ever to be shown as text.
    Text(String),
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
/// Bytes of the salt that makes message ids differ.
const SALT_LEN: usize = 16;
/// Entries of the outer array.
const FIELDS: usize = 7;
/// Entries of a nested part that is a single part.
const SINGLE_PART_FIELDS: usize = 5;

/// The encoding of a text: `[salt, replaces, topicId, expires, inReplyTo,
/// extensions, [disposition, language, cardinality, contentType, content]]`.
pub(crate) fn encode_text(rng: &mut dyn CryptoRng, text: &str) -> Result<Vec<u8>, ContentError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(ContentError::TooLong);
    }
    let mut salt = vec![0; SALT_LEN];
    rng.fill_bytes(&mut salt);
    let part = Value::Array(vec![
        Value::from(DISPOSITION_RENDER),
        Value::Text(String::new()),
        Value::from(CARDINALITY_SINGLE),
        Value::from(TEXT_PLAIN),
        Value::Bytes(text.as_bytes().to_vec()),
    ]);
    let content = Value::Array(vec![
        Value::Bytes(salt),
        Value::Null,
        Value::Bytes(Vec::new()),
        Value::Null,
        Value::Null,
        Value::Map(Vec::new()),
        part,
    ]);
    let mut bytes = Vec::with_capacity(text.len() + 64);
    ciborium::into_writer(&content, &mut bytes).expect("writing into memory does not fail");
    debug_assert!(bytes.len() <= MAX_CONTENT_LEN);
    Ok(bytes)
}

/// The content of these bytes; never fails, because what one version cannot
/// read another may have written.
pub(crate) fn decode(bytes: &[u8]) -> Content {
    text_of(bytes).map_or(Content::Unknown, Content::Text)
}

/// Arrays and maps in one another that content may have. MIMI needs four.
const MAX_DEPTH: usize = 16;

fn text_of(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH).ok()?;
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
    let plain = rest.is_empty()
        && salt.as_bytes().is_some_and(|salt| salt.len() == SALT_LEN)
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
    let is_text = *disposition == Value::from(DISPOSITION_RENDER)
        && *cardinality == Value::from(CARDINALITY_SINGLE)
        && content_type
            .as_text()
            .is_some_and(|found| found.eq_ignore_ascii_case(TEXT_PLAIN));
    let content = content
        .as_bytes()
        .filter(|content| is_text && content.len() <= MAX_TEXT_LEN)?;
    String::from_utf8(content.clone()).ok()
}

#[cfg(test)]
mod tests {
    use hushwing_wire::limits::{MAX_CONTENT_LEN, MAX_TEXT_LEN};
    use proptest::prelude::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    use super::{Content, ContentError, decode, encode_text};

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(3)
    }

    #[test]
    fn the_encoding_is_the_one_of_the_draft() {
        let bytes = encode_text(&mut rng(), "hi").unwrap();
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
        assert!(encode_text(&mut rng(), &longest).unwrap().len() <= MAX_CONTENT_LEN);
        assert_eq!(
            encode_text(&mut rng(), &(longest + "x")),
            Err(ContentError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in ".{0,200}") {
            let bytes = encode_text(&mut rng(), &text).unwrap();
            prop_assert_eq!(decode(&bytes), Content::Text(text));
        }

        #[test]
        fn any_bytes_decode_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            decode(&bytes);
        }

        #[test]
        fn cut_or_longer_content_is_unknown(cut in 0_usize..60) {
            let mut bytes = encode_text(&mut rng(), "some text").unwrap();
            prop_assume!(cut < bytes.len());
            prop_assert_eq!(decode(&bytes[..cut]), Content::Unknown);
            bytes.push(0);
            prop_assert_eq!(decode(&bytes), Content::Unknown);
        }
    }

    #[test]
    fn deep_nesting_is_unknown_and_does_not_exhaust_the_stack() {
        assert_eq!(decode(&[0x81; 9_000]), Content::Unknown);
    }
}
