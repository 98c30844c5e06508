//! A disk that loses what was not synced.
//!
//! A write is durable when its file was synced after it, a name when its folder was. Until
//! then a write may be there whole, in part (by sectors of 512 bytes), or not at all, each
//! for itself; changes of names come in their order.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{below, chance, trace::Call};

const SECTOR: usize = 512;

/// What becomes of what was not synced.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Dropped,
    Kept,
    Torn(u64),
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Self::Truncate(len) => content.resize(*len, 0),
        }
    }
}

#[derive(Clone, Default)]
struct Inode {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

impl Inode {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            change.apply(&mut self.durable);
        }
    }
}

type Names = BTreeMap<PathBuf, usize>;

#[derive(Clone)]
enum Naming {
    Name(PathBuf, usize),
    Forget(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl Naming {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Name(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Forget(path) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
        }
    }

    /// The folder whose sync makes it durable.
    fn folder(&self) -> &Path {
        let (Self::Name(path, _) | Self::Forget(path) | Self::Rename(_, path)) = self;
        path.parent().unwrap()
    }
}

pub(crate) struct Disk {
    root: PathBuf,
    inodes: Vec<Inode>,
    durable: Names,
    pending: Vec<Naming>,
    now: Names,
    /// Which file had a name last before the one that has it now, or before it was free.
    before: Names,
}

impl Disk {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            inodes: Vec::new(),
            durable: Names::new(),
            pending: Vec::new(),
            now: Names::new(),
            before: Names::new(),
        }
    }

    pub(crate) fn apply(&mut self, call: &Call) {
        match call {
            Call::Create(path) => {
                if !self.now.contains_key(path) {
                    self.inodes.push(Inode::default());
                    self.name(Naming::Name(path.clone(), self.inodes.len() - 1));
                }
            }
            Call::Write(path, at, bytes) => self.change(path, Change::Write(*at, bytes.clone())),
            Call::WriteReplaced(path, at, bytes) => {
                let change = Change::Write(*at, bytes.clone());
                self.replaced(path).pending.push(change);
            }
            Call::SyncReplaced(path) => self.replaced(path).sync(),
            Call::Truncate(path, len) => self.change(path, Change::Truncate(*len)),
            Call::Sync(path) => {
                if let Some(inode) = self.now.get(path) {
                    self.inodes[*inode].sync();
                } else {
                    // A folder.
                    let (synced, left) = std::mem::take(&mut self.pending)
                        .into_iter()
                        .partition(|naming: &Naming| naming.folder() == path);
                    self.pending = left;
                    let synced: Vec<Naming> = synced;
                    synced
                        .iter()
                        .for_each(|naming| naming.apply(&mut self.durable));
                }
            }
            Call::Rename(from, to) => self.name(Naming::Rename(from.clone(), to.clone())),
            Call::Link(from, to) => {
                if let Some(inode) = self.now.get(from) {
                    self.name(Naming::Name(to.clone(), *inode));
                }
            }
            Call::Unlink(path) => self.name(Naming::Forget(path.clone())),
            Call::Say(_) => {}
        }
    }

    fn replaced(&mut self, path: &Path) -> &mut Inode {
        let inode = self.before.get(path);
        let inode = inode.unwrap_or_else(|| panic!("{path:?} was never replaced"));
        &mut self.inodes[*inode]
    }

    fn name(&mut self, naming: Naming) {
        let (Naming::Name(path, _) | Naming::Forget(path) | Naming::Rename(_, path)) = &naming;
        if let Some(inode) = self.now.get(path) {
            self.before.insert(path.clone(), *inode);
        }
        naming.apply(&mut self.now);
        self.pending.push(naming);
    }

    fn change(&mut self, path: &Path, change: Change) {
        let inode = self
            .now
            .get(path)
            .unwrap_or_else(|| panic!("{path:?} was not made"));
        self.inodes[*inode].pending.push(change);
    }

    /// Writes what is left of the root below `to`.
    pub(crate) fn after_cut(&self, fate: Fate, to: &Path) {
        let mut rng = chance(match fate {
            Fate::Torn(seed) => seed,
            _ => 0,
        });
        let mut names = self.durable.clone();
        let kept = match fate {
            Fate::Dropped => 0,
            Fate::Kept => self.pending.len(),
            Fate::Torn(_) => below(&mut rng, self.pending.len() + 1),
        };
        self.pending[..kept]
            .iter()
            .for_each(|naming| naming.apply(&mut names));
        for (path, inode) in names {
            let inode = &self.inodes[inode];
            let mut content = inode.durable.clone();
            for change in &inode.pending {
                match fate {
                    Fate::Dropped => {}
                    Fate::Kept => change.apply(&mut content),
                    Fate::Torn(_) => torn(change, &mut content, &mut rng),
                }
            }
            let below_root = path.strip_prefix(&self.root).unwrap();
            let file = to.join(below_root);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
    }
}

/// Some sectors of a write, or a truncation that came or did not.
fn torn(change: &Change, content: &mut Vec<u8>, rng: &mut rand_chacha::ChaCha8Rng) {
    match change {
        Change::Write(at, bytes) => {
            for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                if below(rng, 2) == 0 {
                    Change::Write(at + number * SECTOR, sector.to_vec()).apply(content);
                }
            }
        }
        Change::Truncate(_) if below(rng, 2) == 0 => change.apply(content),
        Change::Truncate(_) => {}
    }
}
