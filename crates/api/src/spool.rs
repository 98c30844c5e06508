//! Files that a page cannot name: it hands one in under a number of its own and then
//! names it in a command, or has a command make one and fetches it.
//!
//! `[HW-API-21]` All that lies here is a backup, which is encrypted. The folder is this
//! user's alone, is bounded in files, bytes and time, and is empty before and after a run.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Path as InPath, Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncWriteExt},
    time::{sleep, timeout},
};

use crate::{
    Limits,
    command::Failure,
    guard::Caller,
    schema::{Command, CommandError, ErrorCode},
    server::Shared,
};

/// The folder, below the daemon's.
const DIR: &str = hushwing_node::SPOOL;

/// In front of the number of a file, where a command names one.
const SCHEME: &str = "spool:";

/// Characters of a number: 16 bytes in hexadecimal, so that nobody guesses another's.
const ID_LEN: usize = 32;

/// At the end of a file's name as long as it is being handed in.
const PART: &str = "part";

/// Bytes that are read at a time when a file is fetched.
const CHUNK_LEN: usize = 64 * 1024;

/// How often it is looked for files whose time is over.
const SWEEP: Duration = Duration::from_secs(30);

/// What a page is told of a file that it has handed in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Uploaded {
    /// Its length in bytes.
    len: u64,
}

/// The folder.
pub(crate) struct Spool {
    dir: PathBuf,
    /// One decides at a time whether there is room.
    room: Mutex<()>,
    uploads: AtomicU64,
    max_files: usize,
    max_len: u64,
    max_age: Duration,
}

impl Spool {
    /// The folder below `dir`, empty.
    ///
    /// # Errors
    /// When the machine cannot make it.
    pub(crate) fn new(dir: &Path, limits: &Limits) -> io::Result<Self> {
        let dir = std::path::absolute(dir)?.join(DIR);
        clear(&dir)?;
        DirBuilder::new().mode(0o700).create(&dir)?;
        Ok(Self {
            dir,
            room: Mutex::default(),
            uploads: AtomicU64::new(0),
            max_files: limits.max_spool_files,
            max_len: limits.max_spool_file_len,
            max_age: limits.max_spool_age,
        })
    }

    /// Deletes files whose time is over, for ever.
    pub(crate) async fn keep_clean(&self) {
        loop {
            sleep(SWEEP.min(self.max_age)).await;
            self.sweep();
        }
    }

    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return;
        };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|found| found.modified());
            if age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= self.max_age)) {
                // It is tried again.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn path(&self, id: &str) -> Result<PathBuf, CommandError> {
        let is_id = id.len() == ID_LEN
            && id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_id {
            Ok(self.dir.join(id))
        } else {
            Err(CommandError::new(
                ErrorCode::BadInput,
                "a file is named by 32 hexadecimal digits that the front end has drawn",
            ))
        }
    }

    /// Whether one file more fits. What is under way counts.
    fn has_room(&self) -> Result<(), CommandError> {
        self.sweep();
        let there = fs::read_dir(&self.dir).map_err(|e| machine(&e))?.count();
        if there < self.max_files {
            return Ok(());
        }
        Err(CommandError::new(
            ErrorCode::Limit,
            "too many files wait here already; delete one of them",
        ))
    }

    /// Puts the path of a file here where `command` names one by its number. A page can
    /// name no other file.
    pub(crate) fn resolve(
        &self,
        command: &mut Command,
        caller: &Caller,
    ) -> Result<(), CommandError> {
        let (file, is_new) = match command {
            Command::BackupCreate { file, .. } => (file, true),
            Command::BackupCheck { file, .. } | Command::Restore { file, .. } => (file, false),
            _ => return Ok(()),
        };
        let Some(id) = file.strip_prefix(SCHEME) else {
            return match caller {
                Caller::Program => Ok(()),
                Caller::Page(_) | Caller::Anybody => Err(CommandError::new(
                    ErrorCode::BadInput,
                    "a page names files as spool:ID",
                )),
            };
        };
        let path = self.path(id)?;
        if is_new {
            let _room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            self.has_room()?;
        }
        let path = path.into_os_string().into_string();
        *file = path.map_err(|_| {
            CommandError::new(
                ErrorCode::Machine,
                "the name of the account's folder is not text (UTF-8); name it otherwise",
            )
        })?;
        Ok(())
    }

    /// An empty file that belongs to `id` as soon as it is whole.
    fn begin(&self, id: &str) -> Result<Upload, CommandError> {
        let whole = self.path(id)?;
        let number = self.uploads.fetch_add(1, Ordering::Relaxed);
        let part = self.dir.join(format!("{number}.{PART}"));
        {
            let _room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            self.has_room()?;
            if whole.exists() {
                return Err(CommandError::new(
                    ErrorCode::BadInput,
                    "there is such a file already; draw another number",
                ));
            }
            let mut options = fs::File::options();
            options.write(true).create_new(true).mode(0o600);
            options.open(&part).map_err(|e| machine(&e))?;
        }
        Ok(Upload {
            part: Some(part),
            whole,
        })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // The next start removes what stays.
        let _ = clear(&self.dir);
    }
}

fn clear(dir: &Path) -> io::Result<()> {
    match fs::symlink_metadata(dir) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(dir),
        // Nobody else can write in the folder above; whatever it is, it is in the way.
        Ok(_) => fs::remove_file(dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file that is being handed in, deleted unless it becomes whole.
struct Upload {
    part: Option<PathBuf>,
    whole: PathBuf,
}

impl Upload {
    async fn take(&mut self, body: Body, shared: &Shared) -> Result<u64, Failure> {
        let part = self.part.as_ref().ok_or_else(missing)?;
        let mut file = File::options()
            .write(true)
            .open(part)
            .await
            .map_err(|e| machine(&e))?;
        let mut len = 0_u64;
        let mut chunks = body.into_data_stream();
        loop {
            let next = timeout(shared.limits.body_deadline, chunks.next());
            let chunk = match next.await {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(Some(Err(_))) => {
                    return Err(Failure::bad_input(
                        StatusCode::BAD_REQUEST,
                        "the file broke off",
                    ));
                }
                Ok(None) => break,
                Err(_) => {
                    return Err(Failure::bad_input(
                        StatusCode::REQUEST_TIMEOUT,
                        "the file does not come any further",
                    ));
                }
            };
            len += chunk.len() as u64;
            if len > shared.spool.max_len {
                return Err(Failure::bad_input(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "the file is too long to be taken here; use the command line: \
                     hushwing restore FILE",
                ));
            }
            file.write_all(&chunk).await.map_err(|e| machine(&e))?;
        }
        file.flush().await.map_err(|e| machine(&e))?;
        if let Some(part) = self.part.take() {
            fs::rename(&part, &self.whole).map_err(|e| machine(&e))?;
        }
        Ok(len)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            let _ = fs::remove_file(part);
        }
    }
}

/// `PUT /v0/files/{id}`: a file is handed in. The content type is one that a form cannot
/// send.
pub(crate) async fn put_file(
    State(shared): State<Arc<Shared>>,
    InPath(id): InPath<String>,
    request: Request,
) -> Result<Json<Uploaded>, Failure> {
    if request.headers().get(CONTENT_TYPE) != Some(&OCTETS) {
        return Err(Failure::bad_input(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type must be application/octet-stream",
        ));
    }
    let mut upload = shared.spool.begin(&id)?;
    let len = upload.take(request.into_body(), &shared).await?;
    Ok(Json(Uploaded { len }))
}

/// `GET /v0/files/{id}`: a file is fetched.
pub(crate) async fn get_file(
    State(shared): State<Arc<Shared>>,
    InPath(id): InPath<String>,
) -> Result<Response, Failure> {
    let path = shared.spool.path(&id)?;
    let file = File::open(&path).await.map_err(|_| missing())?;
    let len = file.metadata().await.map_err(|e| machine(&e))?.len();
    // As long as was told, also if it grew.
    let chunks = stream::try_unfold(file.take(len), |mut file| async {
        let mut chunk = vec![0; CHUNK_LEN];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        let chunk = (read > 0).then(|| (Bytes::from(chunk), file));
        Ok::<_, io::Error>(chunk)
    });
    let body = Body::from_stream(chunks.into_stream());
    let headers = [
        (CONTENT_TYPE, OCTETS),
        (CONTENT_LENGTH, HeaderValue::from(len)),
    ];
    Ok((headers, body).into_response())
}

/// `DELETE /v0/files/{id}`.
pub(crate) async fn delete_file(
    State(shared): State<Arc<Shared>>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Failure> {
    let path = shared.spool.path(&id)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(machine(&error).into()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

fn missing() -> CommandError {
    CommandError::new(
        ErrorCode::NotFound,
        "there is no such file any more; hand it in again",
    )
}

fn machine(error: &io::Error) -> CommandError {
    let what = if error.kind() == io::ErrorKind::StorageFull {
        "the disk is full; make room and try again".to_owned()
    } else {
        format!("the file could not be kept: {error}")
    };
    CommandError::new(ErrorCode::Machine, what)
}
