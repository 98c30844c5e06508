//! `GET /v0/events`: what happens, to everybody who listens.
//!
//! `[HW-API-12]` A listener holds up nobody: each has its own task and its own
//! place in the backend's bounded channel. One that is too slow loses events and
//! is told so with `lagged`; one that takes nothing, or answers no ping, is
//! dropped.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use crate::{
    schema::{CommandError, ErrorCode, Event},
    server::Shared,
};

/// Bytes of a frame from a listener: it has nothing to say but ping and pong
/// (at most 125 bytes, RFC 6455 §5.5).
const MAX_FRAME_FROM_LISTENER: usize = 256;

/// Bytes that wait in one listener's socket: the largest event, a message of
/// 8 KiB that JSON escapes to six times its length, and room.
const MAX_UNSENT_LEN: usize = 128 * 1024;

/// Makes the caller a listener, if there is a place.
pub(crate) async fn events(
    State(shared): State<Arc<Shared>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Ok(permit) = shared.listeners.clone().try_acquire_owned() else {
        let error = CommandError::new(
            ErrorCode::Limit,
            "too many programs listen already; end one of them",
        );
        return (StatusCode::TOO_MANY_REQUESTS, Json(error)).into_response();
    };
    // Before the answer, so that nothing that happens after it is missed.
    let events = shared.backend.events();
    let token = shared.tasks.token();
    upgrade
        .max_frame_size(MAX_FRAME_FROM_LISTENER)
        .max_message_size(MAX_FRAME_FROM_LISTENER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNSENT_LEN)
        .on_upgrade(async move |socket| {
            let _held = (permit, token);
            let mut listener = Listener {
                socket,
                send_deadline: shared.limits.send_deadline,
            };
            if let Some(reason) = listener.serve(events, &shared).await {
                listener.close(reason).await;
            }
        })
}

struct Listener {
    socket: WebSocket,
    send_deadline: Duration,
}

/// The listener is gone or has to go without a word.
struct Gone;

impl Listener {
    /// Tells events until an end; `Some` is what the listener is told at last.
    async fn serve(
        &mut self,
        mut events: broadcast::Receiver<Event>,
        shared: &Shared,
    ) -> Option<(u16, &'static str)> {
        let limits = &shared.limits;
        let mut heartbeat = interval_at(Instant::now() + limits.heartbeat, limits.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        loop {
            let sent = tokio::select! {
                () = shared.stop.cancelled() => {
                    return Some((close_code::AWAY, "the daemon stops"));
                }
                received = self.socket.recv() => match received {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                        unanswered = 0;
                        Ok(())
                    }
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                        return Some((close_code::POLICY, "listeners only listen"));
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                },
                _ = heartbeat.tick() => {
                    if unanswered >= limits.max_unanswered_pings {
                        return None;
                    }
                    unanswered += 1;
                    self.send(Message::Ping(Vec::new().into())).await
                }
                event = events.recv() => match event {
                    Ok(event) => self.tell(&event).await,
                    Err(RecvError::Lagged(_)) => self.tell(&Event::Lagged).await,
                    Err(RecvError::Closed) => {
                        return Some((close_code::AWAY, "there are no more events"));
                    }
                },
            };
            if let Err(Gone) = sent {
                return None;
            }
        }
    }

    async fn tell(&mut self, event: &Event) -> Result<(), Gone> {
        let text = serde_json::to_string(event).map_err(|_| Gone)?;
        self.send(Message::Text(text.into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(self.send_deadline, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    async fn close(&mut self, (code, reason): (u16, &'static str)) {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        // A listener that does not take it is dropped all the same.
        let _ = self.send(Message::Close(Some(frame))).await;
    }
}
