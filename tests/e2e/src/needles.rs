//! Searching bytes for what must not stand in them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result};
use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};
use sha3::{Digest as _, Sha3_256};

/// The least length of a needle in bytes; anything shorter would be found by
/// chance.
const MIN_LEN: usize = 8;

/// How memory is read: in pieces of this many bytes.
const PIECE_LEN: usize = 4 << 20;

/// Characters of an onion address before `.onion` (version 3).
const ONION_LEN: usize = 56;

/// Secrets, each in the forms in which it could stand somewhere.
#[derive(Debug, Default)]
pub struct Needles {
    /// Form to label; one form stands for one secret.
    forms: BTreeMap<Vec<u8>, String>,
}

/// Where the needles were searched and what was found.
#[derive(Debug, Default)]
pub struct Search {
    finds: Vec<String>,
    bytes: u64,
}

impl Needles {
    /// Adds a secret under a name for the report. It is searched for as it is
    /// and in hexadecimal, base64 and base32 at every alignment.
    ///
    /// # Panics
    /// When it is shorter than 8 bytes.
    pub fn add(&mut self, label: &str, secret: &[u8]) {
        assert!(
            secret.len() >= MIN_LEN,
            "{label} is too short to search for"
        );
        let mut add = |form: Vec<u8>| {
            if form.len() >= MIN_LEN {
                self.forms.entry(form).or_insert_with(|| label.to_owned());
            }
        };
        add(secret.to_vec());
        for encoding in [HEXLOWER, HEXUPPER] {
            add(encoding.encode(secret).into_bytes());
        }
        for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
            encoded_inside(&encoding, secret, 3)
                .into_iter()
                .for_each(&mut add);
        }
        for form in encoded_inside(&BASE32_NOPAD, secret, 5) {
            add(form.to_ascii_lowercase());
            add(form);
        }
    }

    /// Adds a secret as it is, and in hexadecimal: where there are many.
    ///
    /// # Panics
    /// When it is shorter than 8 bytes.
    pub fn add_bytes(&mut self, label: &str, secret: &[u8]) {
        assert!(
            secret.len() >= MIN_LEN,
            "{label} is too short to search for"
        );
        for form in [secret.to_vec(), HEXLOWER.encode(secret).into_bytes()] {
            self.forms.entry(form).or_insert_with(|| label.to_owned());
        }
    }

    /// How many forms are searched for.
    #[must_use]
    pub fn forms(&self) -> usize {
        self.forms.len()
    }

    /// Prepares the search.
    ///
    /// # Errors
    /// When there are too many forms for one automaton.
    pub fn searcher(&self) -> Result<Searcher> {
        let labels = self.forms.values().cloned().collect();
        let longest = self.forms.keys().map(Vec::len).max().unwrap_or(0);
        let automaton = AhoCorasick::new(self.forms.keys()).context("too many needles")?;
        Ok(Searcher {
            automaton,
            labels,
            overlap: longest.max(ONION_LEN),
        })
    }
}

/// The characters of `secret` in `encoding` that do not depend on what stands
/// before and after it, for each of the alignments that it can have.
fn encoded_inside(encoding: &Encoding, secret: &[u8], group: usize) -> Vec<Vec<u8>> {
    let bits = 8 * group / if group == 3 { 4 } else { 8 };
    (0..group)
        .map(|shift| {
            let mut padded = vec![0; shift];
            padded.extend_from_slice(secret);
            let text = encoding.encode(&padded).into_bytes();
            let first = (8 * shift).div_ceil(bits);
            let last = 8 * padded.len() / bits;
            text[first..last].to_vec()
        })
        .collect()
}

/// Needles, ready to be searched for.
#[derive(Debug)]
pub struct Searcher {
    automaton: AhoCorasick,
    labels: Vec<String>,
    overlap: usize,
}

impl Searcher {
    /// Searches `bytes`, which are known as `place` in the report, for every
    /// needle and for any onion address.
    pub fn bytes(&self, place: &str, bytes: &[u8], search: &mut Search) {
        search.bytes += bytes.len() as u64;
        for found in self.automaton.find_overlapping_iter(bytes) {
            let label = &self.labels[found.pattern().as_usize()];
            search
                .finds
                .push(format!("{place}: {label} at {}", found.start()));
        }
        for (at, address) in onion_addresses(bytes) {
            search
                .finds
                .push(format!("{place}: the onion address {address} at {at}"));
        }
    }

    /// Searches every file below `folder`, names included.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn folder(&self, folder: &Path, search: &mut Search) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                self.folder(&path, search)?;
            } else if path.is_file() {
                self.file(&path, search)?;
            }
            let name = path.file_name().unwrap_or_default();
            let place = format!("the name of {}", path.display());
            self.bytes(&place, name.as_encoded_bytes(), search);
        }
        Ok(())
    }

    /// Searches one file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(&self, path: &Path, search: &mut Search) -> Result<()> {
        let place = path.display().to_string();
        let bytes = fs::read(path).with_context(|| place.clone())?;
        self.bytes(&place, &bytes, search);
        Ok(())
    }

    /// Searches all memory of process `pid` that it has written or could write.
    ///
    /// # Errors
    /// When the memory may not be read, which takes root for a process that
    /// protects itself.
    pub fn memory(&self, pid: u32, search: &mut Search) -> Result<()> {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
        let memory = fs::File::open(format!("/proc/{pid}/mem"))?;
        for region in maps.lines().filter_map(Region::writable) {
            let mut at = region.from;
            while at < region.to {
                let wanted = PIECE_LEN.min(usize::try_from(region.to - at)?);
                let mut piece = vec![0; wanted];
                // A region may shrink while it is read.
                let Ok(len) = memory.read_at(&mut piece, at) else {
                    break;
                };
                if len == 0 {
                    break;
                }
                let place = format!("memory of {pid}, {} from {at:#x}", region.name);
                self.bytes(&place, &piece[..len], search);
                let step = if at + len as u64 >= region.to {
                    len
                } else {
                    len.saturating_sub(self.overlap).max(1)
                };
                at += step as u64;
            }
        }
        Ok(())
    }
}

impl Search {
    /// What was found and where.
    #[must_use]
    pub fn finds(&self) -> &[String] {
        &self.finds
    }

    /// How many bytes were searched.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// A line of `/proc/PID/maps`.
struct Region {
    from: u64,
    to: u64,
    name: String,
}

impl Region {
    fn writable(line: &str) -> Option<Region> {
        let mut words = line.split_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        let permissions = words.next()?;
        let name = words.nth(3).unwrap_or("anonymous").to_owned();
        // Devices and the kernel's own pages cannot be read as memory.
        if !permissions.starts_with("rw") || name.starts_with("/dev") || name == "[vvar]" {
            return None;
        }
        Some(Region {
            from: u64::from_str_radix(from, 16).ok()?,
            to: u64::from_str_radix(to, 16).ok()?,
            name,
        })
    }
}

/// Every valid onion address of version 3 in `bytes`, with or without
/// `.onion` behind it: 56 characters of base32 with the right checksum.
fn onion_addresses(bytes: &[u8]) -> Vec<(usize, String)> {
    let in_alphabet = |b: &u8| b.is_ascii_alphabetic() || (b'2'..=b'7').contains(b);
    let mut found = Vec::new();
    let mut run = 0;
    for (at, byte) in bytes.iter().enumerate() {
        run = if in_alphabet(byte) { run + 1 } else { 0 };
        if run >= ONION_LEN {
            let start = at + 1 - ONION_LEN;
            if let Some(address) = onion_address(&bytes[start..=at]) {
                found.push((start, address));
            }
        }
    }
    found
}

/// rend-spec-v3, "Encoding onion addresses": key, two bytes of checksum, version.
fn onion_address(text: &[u8]) -> Option<String> {
    // The version byte 3 ends every address.
    if !matches!(text.last(), Some(b'd' | b'D')) {
        return None;
    }
    let bytes = BASE32_NOPAD.decode(&text.to_ascii_uppercase()).ok()?;
    let (key, rest) = bytes.split_at_checked(32)?;
    let digest = Sha3_256::new()
        .chain_update(b".onion checksum")
        .chain_update(key)
        .chain_update([3])
        .finalize();
    (rest == [digest[0], digest[1], 3]).then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"\x01a secret of some length \xff";

    fn searcher() -> Searcher {
        let mut needles = Needles::default();
        needles.add("the secret", SECRET);
        needles.searcher().unwrap()
    }

    fn finds(bytes: &[u8]) -> usize {
        let mut search = Search::default();
        searcher().bytes("here", bytes, &mut search);
        search.finds().len()
    }

    #[test]
    fn a_secret_is_found_in_every_form_and_at_every_alignment() {
        for lead in 0..6 {
            let mut text = vec![b'x'; lead];
            text.extend_from_slice(SECRET);
            text.extend_from_slice(b"tail");
            assert!(finds(&text) > 0, "raw after {lead}");
            for encoding in [
                HEXLOWER,
                HEXUPPER,
                BASE64_NOPAD,
                BASE64URL_NOPAD,
                BASE32_NOPAD,
            ] {
                assert!(
                    finds(encoding.encode(&text).as_bytes()) > 0,
                    "encoded after {lead}"
                );
            }
            let lower = BASE32_NOPAD.encode(&text).to_ascii_lowercase();
            assert!(finds(lower.as_bytes()) > 0, "base32 after {lead}");
        }
        assert_eq!(finds(b"\x01a secret of another length, in full"), 0);
    }

    #[test]
    fn a_valid_onion_address_is_found_and_an_invalid_one_is_not() {
        // The Tor Project's own, from its public pages.
        let valid = b"see 2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";
        assert_eq!(finds(valid), 1);
        let mut broken = *valid;
        broken[10] = b'b';
        assert_eq!(finds(&broken), 0);
    }

    #[test]
    fn memory_is_searched_for_what_this_process_holds() {
        let held = SECRET.to_vec();
        let mut search = Search::default();
        searcher().memory(std::process::id(), &mut search).unwrap();
        assert!(
            search
                .finds()
                .iter()
                .any(|find| find.contains("the secret"))
        );
        assert!(search.bytes() > held.len() as u64);
    }

    #[test]
    fn folders_are_searched_to_the_bottom_with_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), SECRET).unwrap();
        fs::write(deep.join(HEXLOWER.encode(SECRET)), b"").unwrap();
        let mut search = Search::default();
        searcher().folder(dir.path(), &mut search).unwrap();
        assert_eq!(search.finds().len(), 2, "{search:?}");
    }
}
