//! What `strace` wrote down, as changes of files.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// The calls that change files, and those that place what is written.
pub(crate) const TRACED: &str = "openat,write,pwrite64,writev,pwritev,ftruncate,fallocate,fsync,\
     fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat,lseek,close,mmap,\
     copy_file_range,sendfile,truncate";

/// One change.
pub(crate) enum Call {
    Create(PathBuf),
    Write(PathBuf, usize, Vec<u8>),
    /// To the file that had this name last, when another one has it now.
    WriteReplaced(PathBuf, usize, Vec<u8>),
    Truncate(PathBuf, usize),
    /// Of a file or of a folder.
    Sync(PathBuf),
    /// Of the file that had this name last.
    SyncReplaced(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Unlink(PathBuf),
    Say(String),
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(path) => write!(f, "create {path:?}"),
            Self::Write(path, at, bytes) => {
                write!(f, "write {} bytes at {at} of {path:?}", bytes.len())
            }
            Self::WriteReplaced(path, at, bytes) => {
                write!(
                    f,
                    "write {} bytes at {at} of what was {path:?}",
                    bytes.len()
                )
            }
            Self::SyncReplaced(path) => write!(f, "sync what was {path:?}"),
            Self::Truncate(path, len) => write!(f, "cut {path:?} to {len}"),
            Self::Sync(path) => write!(f, "sync {path:?}"),
            Self::Rename(from, to) => write!(f, "rename {from:?} to {to:?}"),
            Self::Link(from, to) => write!(f, "link {from:?} to {to:?}"),
            Self::Unlink(path) => write!(f, "remove {path:?}"),
            Self::Say(line) => write!(f, "say {line}"),
        }
    }
}

impl Call {
    pub(crate) fn changes_files(&self) -> bool {
        !matches!(self, Self::Say(_))
    }

    pub(crate) fn is_of_replaced(&self) -> bool {
        matches!(self, Self::WriteReplaced(..) | Self::SyncReplaced(_))
    }

    pub(crate) fn changes_names(&self) -> bool {
        matches!(
            self,
            Self::Create(_) | Self::Rename(..) | Self::Link(..) | Self::Unlink(_)
        )
    }
}

/// The changes below `root`, in order, and what was said. Panics at a call that it cannot
/// follow: what is not replayed would be taken for tested.
pub(crate) fn parse(tape: &str, root: &Path) -> Vec<Call> {
    let mut places = BTreeMap::new();
    let joined = join_interrupted(tape);
    let mut calls = Vec::new();
    for line in &joined {
        if let Some(call) = parse_line(line, root, &mut places) {
            calls.push(call);
        }
    }
    calls
}

/// Calls of several threads may lie within each other: `<unfinished ...>` and `resumed`.
fn join_interrupted(tape: &str) -> Vec<String> {
    let mut open: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = Vec::new();
    for line in tape.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or(("", line));
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            open.insert(thread.to_owned(), begun.trim_end().to_owned());
        } else if call.starts_with("<... ") {
            let (_, rest) = call.split_once("resumed>").unwrap_or(("", ""));
            let begun = open.remove(thread).unwrap_or_default();
            lines.push(begun + rest);
        } else {
            lines.push(call.to_owned());
        }
    }
    lines
}

fn parse_line(line: &str, root: &Path, places: &mut BTreeMap<u32, usize>) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ").or_else(|| {
        // strace fills up with spaces.
        let (arguments, result) = rest.rsplit_once(" = ")?;
        Some((arguments.trim_end().strip_suffix(')')?, result))
    })?;
    let result = result.trim();
    if result.starts_with('-') || result.starts_with('?') {
        return None;
    }
    let arguments = split(arguments);
    let argument = |number: usize| arguments.get(number).map_or("", String::as_str);
    let inside = |path: PathBuf| path.starts_with(root).then_some(path);
    match name {
        "openat" => {
            let (number, path) = descriptor(result)?;
            places.insert(number, 0);
            let path = inside(path)?;
            let flags = argument(2);
            if flags.contains("O_TRUNC") {
                return Some(Call::Truncate(path, 0));
            }
            flags.contains("O_CREAT").then_some(Call::Create(path))
        }
        "write" => {
            let (number, path) = descriptor(argument(0))?;
            let bytes = string(argument(1));
            if number == 1 {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let said = text.trim().strip_prefix("said ")?;
                return Some(Call::Say(said.to_owned()));
            }
            let path = inside(path)?;
            let written: usize = result.parse().ok()?;
            assert_eq!(written, bytes.len(), "a write was cut: {name}");
            let place = places.entry(number).or_default();
            let at = *place;
            *place += written;
            Some(Call::Write(path, at, bytes))
        }
        "pwrite64" => {
            let path = inside(descriptor(argument(0))?.1)?;
            let bytes = string(argument(1));
            assert_eq!(result.parse(), Ok(bytes.len()), "a write was cut: {name}");
            let at = argument(3).parse().ok()?;
            Some(if is_replaced(argument(0)) {
                Call::WriteReplaced(path, at, bytes)
            } else {
                Call::Write(path, at, bytes)
            })
        }
        "ftruncate" => {
            let path = inside(descriptor(argument(0))?.1)?;
            Some(Call::Truncate(path, argument(1).parse().ok()?))
        }
        "fsync" | "fdatasync" => {
            let path = inside(descriptor(argument(0))?.1)?;
            Some(if is_replaced(argument(0)) {
                Call::SyncReplaced(path)
            } else {
                Call::Sync(path)
            })
        }
        "rename" => Some(Call::Rename(
            inside(path(argument(0)))?,
            inside(path(argument(1)))?,
        )),
        "link" => Some(Call::Link(
            inside(path(argument(0)))?,
            inside(path(argument(1)))?,
        )),
        "linkat" | "renameat" | "renameat2" => {
            let (from, to) = (inside(path(argument(1)))?, inside(path(argument(3)))?);
            Some(match name {
                "linkat" => Call::Link(from, to),
                _ => Call::Rename(from, to),
            })
        }
        "unlink" => Some(Call::Unlink(inside(path(argument(0)))?)),
        "unlinkat" => Some(Call::Unlink(inside(path(argument(1)))?)),
        "lseek" | "close" | "mmap" => {
            let followed = descriptor(argument(if name == "mmap" { 4 } else { 0 }));
            let written = name == "mmap"
                && argument(2).contains("PROT_WRITE")
                && argument(3).contains("MAP_SHARED");
            if let Some((_, file)) = followed
                && (written || (name == "lseek" && argument(1) != "0"))
            {
                assert!(
                    !file.starts_with(root),
                    "{name} of {file:?} cannot be followed"
                );
            }
            None
        }
        other => {
            assert!(!line.contains(&hex(root)), "{other} cannot be followed");
            None
        }
    }
}

/// Arguments at their commas, but not at those within quotes, brackets or paths.
fn split(arguments: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut depth) = (false, 0);
    for c in arguments.chars() {
        match c {
            '"' => quoted = !quoted,
            '<' | '[' | '{' if !quoted => depth += 1,
            '>' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        if c == ',' && !quoted && depth == 0 {
            parts.push(std::mem::take(&mut part).trim().to_owned());
        } else {
            part.push(c);
        }
    }
    parts.push(part.trim().to_owned());
    parts
}

/// Whether the file of `5</path>(deleted)` has lost its name.
fn is_replaced(descriptor: &str) -> bool {
    descriptor.ends_with("(deleted)") || descriptor.ends_with("(deleted)>")
}

/// `5</path>`: the number and the path.
fn descriptor(text: &str) -> Option<(u32, PathBuf)> {
    let (number, path) = text.split_once('<')?;
    let path = path.rsplit_once('>')?.0.trim_end_matches("(deleted)");
    let path = String::from_utf8_lossy(&unescape(path)).into_owned();
    Some((number.parse().ok()?, PathBuf::from(path)))
}

fn path(text: &str) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&string(text)).into_owned())
}

fn string(text: &str) -> Vec<u8> {
    unescape(text.trim_start_matches('"').trim_end_matches('"'))
}

/// `\x61` and plain characters, as bytes.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if let [b'\\', b'x', high, low, after @ ..] = rest {
            let digit = |c: &u8| {
                (*c as char)
                    .to_digit(16)
                    .and_then(|d| u8::try_from(d).ok())
                    .unwrap()
            };
            bytes.push(digit(high) * 16 + digit(low));
            rest = after;
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    bytes
}

fn hex(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}
