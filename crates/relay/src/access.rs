//! The relay's access keys, in one file: the one that its address holds, and
//! the one before, so that people have time to be told.
//!
//! ```text
//! 32 hexadecimal digits, newline: the key in use; then, if there is one, the key before
//! ```

use std::{fs, io, path::Path};

use hushwing_wire::{AccessKey, limits::ACCESS_KEY_LEN};
use zeroize::Zeroizing;

use crate::dir;

/// The keys that open the gate, the one in use first.
#[derive(Debug)]
pub struct AccessKeys(Vec<AccessKey>);

/// Why the access keys cannot be had. Nothing was written over.
#[derive(Debug, thiserror::Error)]
pub enum AccessKeysError {
    /// The file is not what it should be. It is left as it is.
    #[error("the file access-keys is damaged; bring it back from a backup, or remove it")]
    Damaged,
    /// The system did not let us, or has no randomness.
    #[error("the file access-keys cannot be read or written: {0}")]
    System(#[from] io::Error),
}

impl AccessKeys {
    /// The file's name in the relay's folder.
    pub const FILE: &'static str = "access-keys";

    /// The keys in `folder`; a fresh one if there is none.
    ///
    /// # Errors
    /// [`AccessKeysError`]
    pub fn load_or_create(folder: &Path) -> Result<Self, AccessKeysError> {
        match Self::load(folder)? {
            Some(keys) => Ok(keys),
            None => Self::renew(folder),
        }
    }

    /// The keys in `folder`, if there are any.
    ///
    /// # Errors
    /// [`AccessKeysError`]
    pub fn load(folder: &Path) -> Result<Option<Self>, AccessKeysError> {
        let text = match fs::read_to_string(folder.join(Self::FILE)) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let keys = text
            .lines()
            .map(parse)
            .collect::<Option<Vec<_>>>()
            .filter(|keys| (1..=2).contains(&keys.len()))
            .ok_or(AccessKeysError::Damaged)?;
        Ok(Some(Self(keys)))
    }

    /// A fresh key in front; the one that was in use opens the gate until the
    /// next renewal.
    ///
    /// # Errors
    /// [`AccessKeysError`]
    pub fn renew(folder: &Path) -> Result<Self, AccessKeysError> {
        let before = Self::load(folder)?;
        let mut fresh = [0; ACCESS_KEY_LEN];
        getrandom::fill(&mut fresh)
            .map_err(|_| io::Error::other("the system has no randomness"))?;
        let mut keys = vec![AccessKey::new(fresh)];
        keys.extend(before.and_then(|before| before.0.into_iter().next()));
        let mut text = Zeroizing::new(String::new());
        for key in &keys {
            for byte in key.as_bytes() {
                text.push_str(&format!("{byte:02x}"));
            }
            text.push('\n');
        }
        dir::write_atomically(&folder.join(Self::FILE), text.as_bytes())?;
        Ok(Self(keys))
    }

    /// The key in use, which the relay's address holds.
    #[must_use]
    pub fn current(&self) -> &AccessKey {
        &self.0[0]
    }

    /// All that open the gate.
    #[must_use]
    pub fn all(&self) -> &[AccessKey] {
        &self.0
    }
}

fn parse(line: &str) -> Option<AccessKey> {
    let (digits, []) = line.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if digits.len() != ACCESS_KEY_LEN {
        return None;
    }
    let mut key = [0; ACCESS_KEY_LEN];
    for (byte, pair) in key.iter_mut().zip(digits) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *byte = *byte << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(AccessKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewed_key_leaves_the_one_before_and_no_other() {
        let temp = tempfile::tempdir().unwrap();
        assert!(AccessKeys::load(temp.path()).unwrap().is_none());
        let first = AccessKeys::load_or_create(temp.path()).unwrap();
        assert_eq!(first.all().len(), 1);
        let kept = AccessKeys::load_or_create(temp.path()).unwrap();
        assert_eq!(kept.all(), first.all());
        let second = AccessKeys::renew(temp.path()).unwrap();
        assert_eq!(second.all()[1..], first.all()[..]);
        let third = AccessKeys::renew(temp.path()).unwrap();
        assert_eq!(third.all()[1], *second.current());
        assert_eq!(
            AccessKeys::load(temp.path()).unwrap().unwrap().all(),
            third.all()
        );
    }

    #[test]
    fn a_damaged_file_is_told_and_left() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join(AccessKeys::FILE);
        let key = "0123456789abcdef0123456789abcdef";
        for bad in [
            String::new(),
            "00\n".into(),
            format!("{key}0\n"),
            format!("{key}\n").repeat(3),
        ] {
            fs::write(&path, &bad).unwrap();
            let error = AccessKeys::load_or_create(temp.path()).unwrap_err();
            assert!(matches!(error, AccessKeysError::Damaged), "{bad}");
            assert_eq!(fs::read_to_string(&path).unwrap(), bad);
        }
    }
}
