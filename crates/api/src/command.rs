//! `POST /v0/command`: one command in, one reply or error out.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::{
    Limits,
    guard::Caller,
    passphrase,
    schema::{BackupKey, Command, CommandError, ErrorCode, Reply},
    server::Shared,
};

/// A failure with the status that it is told with.
pub(crate) struct Failure(StatusCode, CommandError);

impl Failure {
    #[cfg(feature = "fuzzing")]
    pub(crate) fn into_told(self) -> CommandError {
        self.1
    }

    pub(crate) fn bad_input(status: StatusCode, message: &'static str) -> Self {
        Self(status, CommandError::new(ErrorCode::BadInput, message))
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self(status_of(error.code), error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

/// Reads, checks and carries out one command.
pub(crate) async fn command(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Json<Reply>, Response> {
    serve(&shared, &caller, request)
        .await
        .map(Json)
        .map_err(IntoResponse::into_response)
}

async fn serve(shared: &Arc<Shared>, caller: &Caller, request: Request) -> Result<Reply, Failure> {
    let (parts, body) = request.into_parts();
    require_json(&parts.headers)?;
    let body = read_body(body, shared.limits.max_body_len, &shared.limits).await?;
    let mut command = parse(body)?;
    shared.spool.resolve(&mut command, caller)?;
    if let Command::Create { passphrase }
    | Command::PassphraseChange {
        new: passphrase, ..
    }
    | Command::BackupCreate {
        passphrase,
        key: BackupKey::Own,
        ..
    } = &command
    {
        passphrase::check(passphrase.expose())
            .map_err(|weak| CommandError::new(ErrorCode::BadInput, weak.to_string()))?;
    }
    let Ok(permit) = shared.commands.clone().try_acquire_owned() else {
        return Err(CommandError::new(
            ErrorCode::Limit,
            "too many commands are in progress; wait until one has ended",
        )
        .into());
    };
    // A task of its own: a caller that hangs up leaves no command half done, and
    // a panic ends here.
    let backend = shared.backend.clone();
    let task = shared.tasks.spawn(async move {
        let _permit = permit;
        backend.call(command).await
    });
    match task.await {
        Ok(result) => Ok(result?),
        Err(_) => Err(CommandError::new(
            ErrorCode::Machine,
            "hushwing failed inside itself; this is a fault of the program. Look at the state \
             with: hushwing status",
        )
        .into()),
    }
}

/// `[HW-API-5]` A web form cannot send this type without asking first.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(str::trim);
    match given {
        Some(kind) if kind.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(Failure::bad_input(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type must be application/json",
        )),
    }
}

/// The body in a buffer that never moves and is wiped afterwards. The HTTP
/// library's own buffers are out of reach here; the binary's allocator wipes
/// them when they are freed.
pub(crate) async fn read_body(
    body: Body,
    max_len: usize,
    limits: &Limits,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(max_len));
    let mut chunks = body.into_data_stream();
    let read = async {
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk
                .map_err(|_| Failure::bad_input(StatusCode::BAD_REQUEST, "the body broke off"))?;
            if bytes.len() + chunk.len() > max_len {
                return Err(Failure::bad_input(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "the command is too long",
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    };
    match timeout(limits.body_deadline, read).await {
        Ok(result) => result.map(|()| bytes),
        Err(_) => Err(Failure::bad_input(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not come in time",
        )),
    }
}

/// `[HW-API-7]` The answer to a malformed command repeats nothing of it: what
/// stands in the wrong place may be a passphrase.
pub(crate) fn parse<T: DeserializeOwned>(body: Zeroizing<Vec<u8>>) -> Result<T, Failure> {
    serde_json::from_slice(&body).map_err(|error| {
        Failure::from(CommandError::new(
            ErrorCode::BadInput,
            format!(
                "this is not a command of version 0 (line {}, column {})",
                error.line(),
                error.column()
            ),
        ))
    })
}

/// The status for each kind of failure. 401 and 404 without a body belong to
/// the guard and to unknown paths; a program should read the code.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Locked => StatusCode::LOCKED,
        ErrorCode::NoVault
        | ErrorCode::VaultExists
        | ErrorCode::VaultInUse
        | ErrorCode::NotArrived => StatusCode::CONFLICT,
        ErrorCode::WrongPassphrase => StatusCode::FORBIDDEN,
        ErrorCode::BadInput => StatusCode::BAD_REQUEST,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Mismatch => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::Refused => StatusCode::BAD_GATEWAY,
        ErrorCode::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Limit | ErrorCode::TooSoon => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::VaultUnusable | ErrorCode::Machine => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
