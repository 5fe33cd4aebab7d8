//! Messages from one side to the other, one at a time each way.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::Mutex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig as Protocol};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::farewell::End;
use super::messages::Meter;
use super::phoenix::{self, Bringing};
use super::seats::Seat;
use super::session::Session;
use crate::app::App;

type Stream = WebSocketStream<TokioIo<Upgraded>>;
type Sending = SplitSink<Stream, Message>;
type Receiving = SplitStream<Stream>;

/// How long either side has to hear that it is over.
const GOODBYE: Duration = Duration::from_secs(1);
/// Thousands of sockets are mostly silent: none keeps more than this for what may come.
const READ_BUFFER: usize = 4 << 10;

/// One open socket.
pub(super) struct Relay {
    app: App,
    session: Session,
    has_channels: bool,
    seat: Mutex<Seat>,
    meter: Meter,
    client: (Sending, Receiving),
    upstream: (Sending, Receiving),
}

impl Relay {
    pub(super) async fn new(
        app: &App,
        (session, has_channels): (Session, bool),
        seat: Seat,
        client: Upgraded,
        upstream: Upgraded,
    ) -> Self {
        let limit = app.config.websocket.message_limit;
        Self {
            app: app.clone(),
            session,
            has_channels,
            seat: Mutex::new(seat),
            meter: Meter::new(&app.config.websocket, app.clock.mono()),
            client: wrap(client, Role::Server, limit).await,
            upstream: wrap(upstream, Role::Client, limit).await,
        }
    }

    pub(super) async fn run(self) {
        let Self {
            app,
            session,
            has_channels,
            seat,
            meter,
            client,
            upstream,
        } = self;
        let (mut to_client, mut from_client) = client;
        let (mut to_upstream, mut from_upstream) = upstream;
        let up = Up {
            app: &app,
            session: &session,
            has_channels,
            seat: &seat,
            meter: &meter,
        };
        let end = tokio::select! {
            end = up.pass(&mut from_client, &mut to_upstream) => end,
            end = down(&app, &mut from_upstream, &mut to_client) => end,
            end = session.expired(&app) => end,
            end = session.revoked(&app) => end,
            end = session.ended_elsewhere(&app) => end,
            end = silence(&app, &meter) => end,
            () = app.proxy.sockets.closing() => End::Stopping,
        };
        app.metrics.socket_closed(end.word());
        tokio::join!(
            leave(&mut to_client, end.to_client()),
            leave(&mut to_upstream, end.to_upstream())
        );
    }
}

/// From the client to the upstream: this is where messages are judged.
struct Up<'relay> {
    app: &'relay App,
    session: &'relay Session,
    /// Whether its messages are realtime's, and may bring tokens.
    has_channels: bool,
    seat: &'relay Mutex<Seat>,
    meter: &'relay Meter,
}

impl Up<'_> {
    async fn pass(&self, from: &mut Receiving, to: &mut Sending) -> End {
        loop {
            let message = match from.next().await {
                Some(Ok(Message::Close(frame))) => return End::Client(frame),
                Some(Ok(message)) => message,
                Some(Err(error)) => return fault(&error, End::Client),
                None => return End::Client(None),
            };
            if !self.meter.admits(self.app.clock.mono()) {
                return End::TooMany;
            }
            if let Message::Text(text) = &message
                && self.has_channels
                && let Err(end) = self.look(text).await
            {
                return end;
            }
            self.app.metrics.socket_message("up");
            // The library answers pings by itself; the upstream has its own.
            if !(message.is_ping() || message.is_pong())
                && let Err(end) = send(self.app, to, message, End::UpstreamStalled, End::Upstream).await
            {
                return end;
            }
        }
    }

    async fn look(&self, text: &str) -> Result<(), End> {
        match phoenix::look(text) {
            Bringing::Nothing => Ok(()),
            Bringing::Unclear => Err(End::Broken),
            Bringing::Left(topic) => {
                self.session.left(&topic);
                Ok(())
            }
            Bringing::Token { token, .. } if token.starts_with("sb_") && !token.contains('.') => Ok(()),
            Bringing::Token { topic, token } => {
                let identity = self.session.bring(self.app, topic, &token).await?;
                match identity.subject() {
                    Some(user) => self.seat.lock().await.belongs_to(user).map_err(|_| End::UserFull),
                    None => Ok(()),
                }
            }
        }
    }
}

/// From the upstream to the client.
async fn down(app: &App, from: &mut Receiving, to: &mut Sending) -> End {
    loop {
        let message = match from.next().await {
            Some(Ok(Message::Close(frame))) => return End::Upstream(frame),
            Some(Ok(message)) => message,
            Some(Err(error)) => return fault(&error, End::Upstream),
            None => return End::Upstream(None),
        };
        app.metrics.socket_message("down");
        if !(message.is_ping() || message.is_pong())
            && let Err(end) = send(app, to, message, End::Stalled, End::Client).await
        {
            return end;
        }
    }
}

/// Sends one message and waits until it has left, but not longer than the peer may stall.
async fn send(
    app: &App,
    to: &mut Sending,
    message: Message,
    stalled: End,
    gone: fn(Option<CloseFrame>) -> End,
) -> Result<(), End> {
    match tokio::time::timeout(app.config.websocket.stall_timeout, to.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(fault(&error, gone)),
        Err(_) => Err(stalled),
    }
}

fn fault(error: &Error, gone: fn(Option<CloseFrame>) -> End) -> End {
    let gone = gone(None);
    let of_client = gone == End::Client(None);
    match error {
        Error::Capacity(_) => End::TooLarge,
        Error::Protocol(_) | Error::Utf8(_) | Error::AttackAttempt if of_client => End::Broken,
        Error::Protocol(_)
        | Error::Utf8(_)
        | Error::AttackAttempt
        | Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WriteBufferFull(_)
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => gone,
    }
}

async fn silence(app: &App, meter: &Meter) -> End {
    while let Some(patience) = meter.patience(app.clock.mono()) {
        tokio::time::sleep(patience).await;
    }
    End::Idle
}

async fn leave(to: &mut Sending, frame: Option<CloseFrame>) {
    let goodbye = async {
        if let Some(frame) = frame {
            // Gone already, perhaps.
            let _ = to.send(Message::Close(Some(frame))).await;
        }
        let _ = to.close().await;
    };
    let _late = tokio::time::timeout(GOODBYE, goodbye).await;
}

async fn wrap(io: Upgraded, role: Role, limit: usize) -> (Sending, Receiving) {
    let protocol = Protocol::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(limit + READ_BUFFER)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit));
    WebSocketStream::from_raw_socket(TokioIo::new(io), role, Some(protocol))
        .await
        .split()
}
