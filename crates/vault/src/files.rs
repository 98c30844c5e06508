//! The files of a vault: their names, their modes, the lock, and writing that
//! survives a crash.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    error::{BackupError, FileError},
    header::MAX_HEADER_LEN,
};

/// The folder of a vault, by its absolute path: SQLite would read a path that
/// begins with `file:` as a URI.
///
/// [HW-VAULT-5] The folder has mode 0700 and each file 0600, whatever the umask.
/// A folder in which others may write is refused: something may have been
/// planted there, and it may be a shared place that is not ours to close. One
/// that others may only read is closed, since nothing in it can have been
/// changed by them; so are files that a copy or a backup left readable.
#[derive(Clone)]
pub(crate) struct Folder(PathBuf);

/// The lock that makes this the only user of the vault; released when dropped,
/// and by the operating system when the process ends in any way.
pub(crate) struct VaultLock {
    _held: File,
}

/// Why the lock was not taken.
pub(crate) enum LockError {
    InUse,
    File(FileError),
}

/// The header: magic, key slots.
const HEADER: &str = "vault.hw";
/// The header of a vault that is being made, or the next one of a vault whose passphrase
/// is being changed.
const NEW_HEADER: &str = "vault.hw.new";
/// The database.
const DATABASE: &str = "vault.db";
/// The database of a vault that is being made.
const NEW_DATABASE: &str = "vault.db.new";
/// Empty; locked while the vault is open. It is never removed, since whoever
/// waits for it would hold a lock on a file that nobody else can see.
const LOCK: &str = "vault.lock";
/// Copies of the database under keys of their own, while a backup is written, checked or
/// restored. What a crash leaves of one is worthless: its key was only in memory, or is in
/// the backup.
const SCRATCH: [&str; 3] = [COPY, UNPACKED, SNAPSHOT];
/// A copy on its way into a backup.
pub(crate) const COPY: &str = "vault.copy";
/// A snapshot that is being made.
pub(crate) const SNAPSHOT: &str = "vault.snapshot.new";
/// How the name of a snapshot begins; when it was made follows, in milliseconds since 1970.
const SNAPSHOTS: &str = "vault.snapshot-";
/// Says that the vault is being wiped.
const WIPING: &str = "vault.wiping";
/// How the name of each file of a vault begins.
const OURS: &str = "vault.";
/// How the name of a damaged database begins that was kept aside; a number follows.
const DAMAGED: &str = "vault.damaged-";
/// A copy that came out of a backup.
pub(crate) const UNPACKED: &str = "vault.unpacked";
/// What SQLite adds to the name of a database for the log and for the index of
/// the log. The index is kept in memory here; the name is listed for the modes
/// and for removal.
const DATABASE_COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

impl Folder {
    /// Makes the folder, if it is missing, and checks it.
    pub(crate) fn create(dir: &Path) -> Result<Self, FileError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(FileError::NotAFolder);
            }
            made => made?,
        }
        Self::existing(dir)
    }

    /// Checks a folder that should be there, and changes nothing.
    pub(crate) fn existing(dir: &Path) -> Result<Self, FileError> {
        let metadata = fs::metadata(dir)?;
        if !metadata.is_dir() {
            return Err(FileError::NotAFolder);
        }
        if others(&metadata) & 0o022 != 0 {
            return Err(FileError::WritableByOthers);
        }
        Ok(Self(fs::canonicalize(dir)?))
    }

    /// Closes the folder and the files to others.
    pub(crate) fn make_private(&self) -> Result<(), FileError> {
        let databases = [DATABASE, NEW_DATABASE]
            .iter()
            .flat_map(|name| with_companions(name));
        let files = [HEADER, NEW_HEADER, LOCK].map(str::to_owned);
        set_mode_where_wider(&self.0, 0o700)?;
        for name in databases.chain(files) {
            match set_mode_where_wider(&self.0.join(name), 0o600) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Takes the lock, or says that somebody has it. Does not wait.
    ///
    /// [HW-VAULT-6] One process, and in it one `Vault`, has a vault open: an
    /// exclusive lock on `vault.lock`, taken before anything else is read.
    pub(crate) fn lock(&self) -> Result<VaultLock, LockError> {
        let file = private_options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.0.join(LOCK))
            .map_err(|error| LockError::File(error.into()))?;
        match file.try_lock() {
            Ok(()) => Ok(VaultLock { _held: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::InUse),
            Err(TryLockError::Error(error)) => Err(LockError::File(error.into())),
        }
    }

    /// Whether `dir` holds a header, which is what makes it a vault, and nobody has begun
    /// to wipe it.
    pub(crate) fn has_vault(dir: &Path) -> bool {
        exists(&dir.join(HEADER)) && !Self::is_being_wiped(dir)
    }

    pub(crate) fn is_being_wiped(dir: &Path) -> bool {
        exists(&dir.join(WIPING))
    }

    /// Whether `dir` holds any file of a vault but the lock.
    pub(crate) fn has_traces(dir: &Path) -> bool {
        fs::read_dir(dir)
            .is_ok_and(|entries| entries.flatten().any(|entry| is_trace(&entry.file_name())))
    }

    /// Notes durably that the vault is being wiped.
    pub(crate) fn note_wiping(&self) -> Result<(), FileError> {
        match create_private(&self.0.join(WIPING)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
            _ => Ok(self.sync()?),
        }
    }

    /// Overwrites the headers that there are, in place and durably.
    pub(crate) fn overwrite_headers(&self) -> Result<(), FileError> {
        for name in [HEADER, NEW_HEADER] {
            let path = self.0.join(name);
            let len = match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_file() => metadata.len(),
                // A link is removed; what it leads to is not ours.
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let len = usize::try_from(len)
                .unwrap_or(usize::MAX)
                .min(MAX_HEADER_LEN);
            let mut file = OpenOptions::new().write(true).open(&path)?;
            file.write_all(&vec![0; len])?;
            file.sync_all()?;
        }
        Ok(())
    }

    /// Removes every file of the vault but the lock and the note that it is being wiped.
    pub(crate) fn remove_everything(&self) -> Result<(), FileError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            if is_trace(&name) && name != WIPING {
                names.push(name);
            }
        }
        for name in names {
            match fs::remove_file(self.0.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(self.sync()?)
    }

    /// The vault is wiped.
    pub(crate) fn forget_wiping(&self) -> Result<(), FileError> {
        self.remove([WIPING.to_owned()])?;
        Ok(self.sync()?)
    }

    pub(crate) fn has_database(&self) -> bool {
        exists(&self.database())
    }

    pub(crate) fn has_new_database(&self) -> bool {
        exists(&self.new_database())
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join(DATABASE)
    }

    pub(crate) fn new_database(&self) -> PathBuf {
        self.0.join(NEW_DATABASE)
    }

    /// The header file, at most one byte more than a header may have.
    pub(crate) fn read_header(&self) -> Result<Vec<u8>, FileError> {
        read_header(&File::open(self.0.join(HEADER))?)
    }

    /// The new header as it is read from its file.
    pub(crate) fn read_new_header(&self) -> Result<Vec<u8>, FileError> {
        read_header(&File::open(self.0.join(NEW_HEADER))?)
    }

    /// The header as it is now, to be read, and overwritten once another one has its name.
    pub(crate) fn hold_header(&self) -> Result<HeldHeader, FileError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(self.0.join(HEADER))?;
        Ok(HeldHeader(file))
    }

    /// Writes the header under its new name, durably.
    pub(crate) fn write_new_header(&self, bytes: &[u8]) -> Result<(), FileError> {
        let mut file = create_private(&self.0.join(NEW_HEADER))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(())
    }

    /// An empty file for a database that is being made. SQLite gives the log the
    /// mode of the database, so this decides both.
    pub(crate) fn create_new_database(&self) -> Result<PathBuf, FileError> {
        let path = self.new_database();
        create_private(&path)?;
        Ok(path)
    }

    /// Makes the new database durable, under its new name.
    pub(crate) fn sync_new_database(&self) -> Result<(), FileError> {
        File::open(self.new_database())?.sync_all()?;
        Ok(self.sync()?)
    }

    /// Gives the new header its name: from here on the vault exists.
    pub(crate) fn commit_new_header(&self) -> Result<(), FileError> {
        self.rename_new_header()?;
        self.sync_names()
    }

    /// Gives the new header its name, which is not durable yet.
    pub(crate) fn rename_new_header(&self) -> Result<(), FileError> {
        Ok(fs::rename(self.0.join(NEW_HEADER), self.0.join(HEADER))?)
    }

    /// Removes a new header that did not come to its name. It opens with a passphrase that
    /// its owner believes was not taken, so it is overwritten first.
    pub(crate) fn discard_new_header(&self) -> Result<(), FileError> {
        let path = self.0.join(NEW_HEADER);
        if let Ok(file) = OpenOptions::new().read(true).write(true).open(&path)
            && !self.shares_header(&file)
        {
            // One whose blocks cannot be overwritten must be gone all the same.
            let _ = overwrite(&file);
        }
        self.remove([NEW_HEADER.to_owned()])
    }

    /// Whether this file may have its blocks in common with the header: by another name, or
    /// on a file system that a crash left with two names for one file.
    fn shares_header(&self, file: &File) -> bool {
        names_of(file) != Some(1)
            || match (read_header(file), self.read_header()) {
                (Ok(new), Ok(header)) => new == header,
                // Where there is no header there is nothing to lose.
                _ => Self::has_vault(&self.0),
            }
    }

    /// Gives the new database its name. A log that is there belongs to another one.
    pub(crate) fn commit_new_database(&self) -> Result<(), FileError> {
        self.remove(DATABASE_COMPANIONS.map(|suffix| format!("{DATABASE}{suffix}")))?;
        fs::rename(self.new_database(), self.database())?;
        Ok(self.sync()?)
    }

    /// Removes what a crash in the middle of making a vault left: no header was
    /// committed, so no key to it was ever anywhere but in memory.
    pub(crate) fn remove_unfinished(&self) -> Result<(), FileError> {
        let mut names = with_companions(NEW_DATABASE);
        names.push(NEW_HEADER.to_owned());
        self.remove(names)?;
        self.remove_scratch()
    }

    /// Removes copies that a crash left, the new database of a salvage that did not come
    /// to its end, and the new header of a change of the passphrase that did not.
    pub(crate) fn remove_leftovers(&self) -> Result<(), FileError> {
        if self.has_database() {
            self.remove_new_database()?;
        }
        self.discard_new_header()?;
        self.remove_scratch()
    }

    /// Removes copies that a crash left.
    pub(crate) fn remove_scratch(&self) -> Result<(), FileError> {
        self.remove(SCRATCH.iter().flat_map(|name| with_companions(name)))
    }

    fn remove(&self, names: impl IntoIterator<Item = String>) -> Result<(), FileError> {
        for name in names {
            match fs::remove_file(self.0.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The place of a copy that is gone when what is given is dropped. One that a crash
    /// left there is removed.
    pub(crate) fn scratch(&self, name: &str) -> Result<Scratch, FileError> {
        self.remove(with_companions(name))?;
        Ok(Scratch(self.0.join(name)))
    }

    /// A database that is being made is removed.
    pub(crate) fn remove_new_database(&self) -> Result<(), FileError> {
        self.remove(with_companions(NEW_DATABASE))
    }

    pub(crate) fn database_log(&self) -> PathBuf {
        log_of(&self.database())
    }

    pub(crate) fn snapshot(&self, made_at_ms: u64) -> PathBuf {
        self.0.join(format!("{SNAPSHOTS}{made_at_ms}"))
    }

    /// When the snapshots were made, oldest first.
    pub(crate) fn snapshots(&self) -> Result<Vec<u64>, FileError> {
        let names = self.names_with(SNAPSHOTS)?;
        let mut times: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        times.sort_unstable();
        Ok(times)
    }

    pub(crate) fn remove_snapshots(&self, made_at_ms: &[u64]) -> Result<(), FileError> {
        self.remove(made_at_ms.iter().map(|ms| format!("{SNAPSHOTS}{ms}")))
    }

    /// What follows this beginning in the names of files.
    fn names_with(&self, beginning: &str) -> Result<Vec<String>, FileError> {
        let mut ends = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let end = name.to_str().and_then(|name| name.strip_prefix(beginning));
            ends.extend(end.map(str::to_owned));
        }
        Ok(ends)
    }

    /// The files that were kept aside.
    pub(crate) fn damaged(&self) -> Result<Vec<String>, FileError> {
        let ends = self.names_with(DAMAGED)?;
        Ok(ends
            .into_iter()
            .map(|end| format!("{DAMAGED}{end}"))
            .collect())
    }

    pub(crate) fn remove_damaged(&self) -> Result<usize, FileError> {
        let damaged = self.damaged()?;
        let count = damaged.len();
        self.remove(damaged)?;
        Ok(count)
    }

    /// Gives the new database the place of the damaged one, which is kept aside with its
    /// log. At each moment there is a database that opens or can be salvaged, or the next
    /// opening finds the new one.
    pub(crate) fn put_in_place_of_damaged(&self) -> Result<(), FileError> {
        if self.has_database() {
            let taken = self.damaged()?;
            let aside = (1..)
                .map(|number: u32| format!("{DAMAGED}{number}"))
                .find(|name| !taken.iter().any(|other| other.starts_with(name.as_str())))
                .expect("there are more numbers than files");
            keep_aside(&self.database(), &self.0.join(&aside))?;
            if exists(&self.database_log()) {
                keep_aside(&self.database_log(), &self.0.join(aside + "-wal"))?;
            }
            self.sync()?;
            self.remove([DATABASE.to_owned()])?;
            self.sync()?;
        }
        self.commit_new_database()
    }

    pub(crate) fn sync_names(&self) -> Result<(), FileError> {
        Ok(self.sync()?)
    }

    /// Makes the names in the folder durable.
    fn sync(&self) -> io::Result<()> {
        #[cfg(unix)]
        File::open(&self.0)?.sync_all()?;
        Ok(())
    }
}

/// The log of the database at `path`.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

/// The same file under another name, durably.
fn keep_aside(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let mut copy = create_private(to)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.sync_all()
}

fn read_header(file: &File) -> Result<Vec<u8>, FileError> {
    let limit = MAX_HEADER_LEN as u64 + 1;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Zeros instead of what is in a file, in place and durably.
fn overwrite(file: &File) -> io::Result<()> {
    let len = file.metadata()?.len().min(MAX_HEADER_LEN as u64);
    let zeros = vec![0; usize::try_from(len).unwrap_or(MAX_HEADER_LEN)];
    write_at_start(file, &zeros)?;
    file.sync_data()
}

#[cfg(unix)]
fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn write_at_start(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
    file.write_all(bytes)
}

/// The header that a vault has had, by a descriptor that goes on leading to its blocks
/// when its name leads to another one.
pub(crate) struct HeldHeader(File);

impl HeldHeader {
    pub(crate) fn read(&self) -> Result<Vec<u8>, FileError> {
        read_header(&self.0)
    }

    /// Overwrites it, if it has lost its only name; false when it could not be, or when
    /// it has another name, under which somebody keeps it.
    pub(crate) fn overwrite(self) -> bool {
        names_of(&self.0) == Some(0) && overwrite(&self.0).is_ok()
    }
}

/// How many names a file has; nothing where that cannot be known, and then nothing is
/// overwritten.
#[cfg(unix)]
fn names_of(file: &File) -> Option<u64> {
    let metadata = file.metadata().ok()?;
    Some(std::os::unix::fs::MetadataExt::nlink(&metadata))
}

#[cfg(not(unix))]
fn names_of(_: &File) -> Option<u64> {
    None
}

/// A file that is removed when this is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next opening removes what is left.
        let _ = fs::remove_file(&self.0);
    }
}

/// A file that gets its name only when it is whole, and takes nobody else's.
pub(crate) struct Unnamed {
    part: Scratch,
    name: PathBuf,
}

impl Unnamed {
    /// An empty file beside `name`, which must be an absolute path that is not taken.
    pub(crate) fn beside(name: &Path) -> Result<(Self, File), BackupError> {
        let mut mark = [0; 4];
        getrandom::fill(&mut mark).map_err(|_| BackupError::NoRandomness)?;
        if exists(name) {
            return Err(BackupError::Exists);
        }
        let mut part = name.as_os_str().to_owned();
        part.push(format!(".{:08x}.part", u32::from_be_bytes(mark)));
        let part = PathBuf::from(part);
        let file = create_private(&part)?;
        let unnamed = Self {
            part: Scratch(part),
            name: name.to_owned(),
        };
        Ok((unnamed, file))
    }

    pub(crate) fn path(&self) -> &Path {
        self.part.path()
    }

    /// Gives the file its name, durably.
    pub(crate) fn commit(self) -> Result<(), BackupError> {
        match fs::hard_link(self.path(), &self.name) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists);
            }
            // File systems of memory sticks have one name for each file.
            Err(_) if exists(&self.name) => return Err(BackupError::Exists),
            Err(_) => fs::rename(self.path(), &self.name)?,
        }
        let name = self.name.clone();
        drop(self);
        #[cfg(unix)]
        if let Some(folder) = name.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

fn with_companions(database: &str) -> Vec<String> {
    let mut names = vec![database.to_owned()];
    names.extend(DATABASE_COMPANIONS.map(|suffix| format!("{database}{suffix}")));
    names
}

/// Whether a file of this name tells of a vault. The lock is empty and stays.
fn is_trace(name: &std::ffi::OsStr) -> bool {
    name != LOCK && name.to_str().is_some_and(|name| name.starts_with(OURS))
}

/// There, of whatever type and even as a dangling link: a name that is taken.
fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A new file that only its owner may read and write; fails if the name is taken.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    private_options().write(true).create_new(true).open(path)
}

/// The permission bits of group and others.
#[cfg(unix)]
fn others(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077
}

#[cfg(not(unix))]
fn others(_: &fs::Metadata) -> u32 {
    0
}

#[cfg(unix)]
fn set_mode_where_wider(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if others(&fs::metadata(path)?) != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn set_mode_where_wider(path: &Path, _: u32) -> io::Result<()> {
    fs::metadata(path).map(drop)
}
