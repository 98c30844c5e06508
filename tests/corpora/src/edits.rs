//! Edits of a sound object: how an input reaches what lies behind a signature,
//! a hash or a cipher that it could never guess.

/// Longest run that one edit inserts, in bytes.
const MAX_INSERT: usize = 64;

/// `object` with the edits that `script` lists, four bytes each: what to do,
/// where (two bytes, counted round the end), and with which byte. An empty
/// script changes nothing.
pub(crate) fn edited(object: &[u8], script: &[u8]) -> Vec<u8> {
    let mut bytes = object.to_vec();
    for edit in script.chunks_exact(4) {
        let &[what, high, low, byte] = edit else {
            continue;
        };
        if bytes.is_empty() {
            break;
        }
        let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
        match what % 6 {
            0 => bytes[at] ^= byte,
            1 => bytes[at] = byte,
            2 => bytes.truncate(at),
            3 => {
                bytes.remove(at);
            }
            4 => {
                let run = usize::from(byte) % MAX_INSERT;
                bytes.splice(at..at, std::iter::repeat_n(0, run));
            }
            _ => {
                let run = usize::from(byte) % MAX_INSERT;
                let end = (at + run).min(bytes.len());
                let copied = bytes[at..end].to_vec();
                bytes.splice(at..at, copied);
            }
        }
    }
    bytes
}

/// `bytes` with zeros behind them, or cut, to `len`: inputs stay small although
/// what they stand for has a fixed size.
pub(crate) fn padded(bytes: &[u8], len: usize) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(len, 0);
    padded
}

/// `bytes` without the zeros that [`padded`] puts behind them.
pub(crate) fn trimmed(bytes: &[u8]) -> Vec<u8> {
    let end = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    bytes[..end].to_vec()
}

#[cfg(test)]
mod tests {
    use super::{edited, padded, trimmed};

    #[test]
    fn each_kind_of_edit_does_what_it_says() {
        let object = [1, 2, 3, 4];
        assert_eq!(edited(&object, &[]), object);
        assert_eq!(edited(&object, &[0, 0, 1, 0xff]), [1, 0xfd, 3, 4]);
        assert_eq!(edited(&object, &[1, 0, 5, 9]), [1, 9, 3, 4]);
        assert_eq!(edited(&object, &[2, 0, 2, 0]), [1, 2]);
        assert_eq!(edited(&object, &[3, 0, 0, 0]), [2, 3, 4]);
        assert_eq!(edited(&object, &[4, 0, 1, 2]), [1, 0, 0, 2, 3, 4]);
        assert_eq!(edited(&object, &[5, 0, 2, 9]), [1, 2, 3, 4, 3, 4]);
        assert!(edited(&object, &[2, 0, 0, 0, 0, 0, 0, 0]).is_empty());
    }

    #[test]
    fn padding_comes_off_again() {
        assert_eq!(trimmed(&padded(&[0, 7], 9)), [0, 7]);
        assert!(trimmed(&[0, 0]).is_empty());
    }
}
