//! Opening a connection: a socket, TLS where it is asked for, and saying who we are.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol has some thirty messages, and each that does not belong is the same fault"
)]

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding as Binding, Host, TargetSessionAttrs};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect as _};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::cancel::Cancel;
use super::flight::Way;
use super::incoming::Incoming;
use super::socket::Socket;
use super::{Pipeline, Refusal, Wire, WireError};

const DEFAULT_PORT: u16 = 5432;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// One place where the server may be.
#[derive(Debug, Clone)]
pub(super) enum Door {
    Tcp {
        host: String,
        address: Option<std::net::IpAddr>,
        port: u16,
        keepalive: Option<Duration>,
    },
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Wire {
    /// Connects to the first of the configured places that lets us in.
    ///
    /// # Errors
    /// With what the last of them said.
    pub(crate) async fn connect(config: &Config, tls: Option<&MakeRustlsConnect>) -> Result<Self, WireError> {
        if config.get_channel_binding() == Binding::Require {
            return Err(WireError::Unsupported(
                "channel_binding=require is not spoken to the database",
            ));
        }
        let patience = config.get_connect_timeout().copied().unwrap_or(DEFAULT_TIMEOUT);
        let mut problem = WireError::Unsupported("the connection string names no host");
        for door in doors(config) {
            let attempt = tokio::time::timeout(patience, enter(door, config, tls)).await;
            match attempt.unwrap_or(Err(WireError::Timeout)) {
                Ok(wire) => return Ok(wire),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    /// A connection on which nothing was said yet.
    pub(super) fn over(socket: Socket, door: Door, tls: Option<MakeRustlsConnect>) -> Self {
        Self {
            socket,
            incoming: Incoming::new(),
            trail: None,
            cancel: Cancel {
                door,
                process_id: 0,
                secret_key: 0,
                tls,
            },
            closed: false,
        }
    }
}

fn doors(config: &Config) -> Vec<Door> {
    let ports = config.get_ports();
    let port_of = |index: usize| match ports {
        [] => DEFAULT_PORT,
        [one] => *one,
        many => many.get(index).copied().unwrap_or(DEFAULT_PORT),
    };
    let keepalive = config.get_keepalives().then(|| config.get_keepalives_idle());
    let hosts = config.get_hosts().iter().enumerate();
    hosts
        .map(|(index, host)| match host {
            Host::Tcp(name) => Door::Tcp {
                host: name.clone(),
                address: config.get_hostaddrs().get(index).copied(),
                port: port_of(index),
                keepalive,
            },
            #[cfg(unix)]
            Host::Unix(folder) => Door::Unix(folder.join(format!(".s.PGSQL.{}", port_of(index)))),
        })
        .collect()
}

/// Opens the socket, encrypted where that is asked for.
pub(super) async fn open(door: &Door, tls: Option<MakeRustlsConnect>) -> Result<Socket, WireError> {
    match door {
        #[cfg(unix)]
        Door::Unix(path) => Ok(Socket::Unix(tokio::net::UnixStream::connect(path).await?)),
        Door::Tcp {
            host,
            address,
            port,
            keepalive,
        } => {
            let stream = match address {
                Some(address) => TcpStream::connect((*address, *port)).await?,
                None => TcpStream::connect((host.as_str(), *port)).await?,
            };
            stream.set_nodelay(true)?;
            if let Some(idle) = keepalive {
                SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(*idle))?;
            }
            match tls {
                None => Ok(Socket::Tcp(stream)),
                Some(tls) => encrypt(stream, host, tls).await,
            }
        }
    }
}

async fn encrypt(mut stream: TcpStream, host: &str, mut tls: MakeRustlsConnect) -> Result<Socket, WireError> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    let mut answer = [0];
    stream.read_exact(&mut answer).await?;
    if answer != *b"S" {
        return Err(WireError::Unsupported("the database does not speak TLS"));
    }
    let maker = <MakeRustlsConnect as MakeTlsConnect<TcpStream>>::make_tls_connect(&mut tls, host);
    let connector = maker.map_err(|error| WireError::Io(io::Error::other(error)))?;
    let stream = connector.connect(stream).await?;
    Ok(Socket::Tls(Box::new(stream)))
}

async fn enter(door: Door, config: &Config, tls: Option<&MakeRustlsConnect>) -> Result<Wire, WireError> {
    let socket = open(&door, tls.cloned()).await?;
    let mut wire = Wire::over(socket, door, tls.cloned());
    introduce(&mut wire, config).await?;
    authenticate(&mut wire, config).await?;
    settle(&mut wire).await?;
    check_role(&mut wire, config).await?;
    Ok(wire)
}

async fn introduce(wire: &mut Wire, config: &Config) -> Result<(), WireError> {
    let user = config
        .get_user()
        .ok_or(WireError::Unsupported("the connection string names no user"))?;
    let mut parameters = vec![("client_encoding", "UTF8"), ("user", user)];
    parameters.extend(config.get_dbname().map(|name| ("database", name)));
    parameters.extend(config.get_options().map(|options| ("options", options)));
    parameters.extend(
        config
            .get_application_name()
            .map(|name| ("application_name", name)),
    );
    say(wire, |out| {
        frontend::startup_message(parameters.iter().copied(), out)
    })
    .await
}

async fn authenticate(wire: &mut Wire, config: &Config) -> Result<(), WireError> {
    let password = || {
        config.get_password().ok_or(WireError::Unsupported(
            "the database asks for a password and there is none",
        ))
    };
    match wire.next().await? {
        Message::AuthenticationOk => return Ok(()),
        Message::AuthenticationCleartextPassword => {
            let password = password()?;
            say(wire, |out| frontend::password_message(password, out)).await?;
        }
        Message::AuthenticationMd5Password(body) => {
            let user = config.get_user().unwrap_or_default();
            let hash = md5_hash(user.as_bytes(), password()?, body.salt());
            say(wire, |out| frontend::password_message(hash.as_bytes(), out)).await?;
        }
        Message::AuthenticationSasl(body) => {
            let offered: Vec<String> = body.mechanisms().map(|name| Ok(name.to_owned())).collect()?;
            if !offered.iter().any(|name| name == SCRAM_SHA_256) {
                return Err(WireError::Unsupported(
                    "the database asks for a way of signing in that is not spoken",
                ));
            }
            scram(wire, password()?).await?;
        }
        Message::ErrorResponse(body) => return Err(refused(Refusal::read(body.fields())?)),
        _ => {
            return Err(WireError::Unsupported(
                "the database asks for a way of signing in that is not spoken",
            ));
        }
    }
    match wire.next().await? {
        Message::AuthenticationOk => Ok(()),
        Message::ErrorResponse(body) => Err(refused(Refusal::read(body.fields())?)),
        _ => Err(WireError::Protocol("signing in")),
    }
}

async fn scram(wire: &mut Wire, password: &[u8]) -> Result<(), WireError> {
    let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
    say(wire, |out| {
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), out)
    })
    .await?;
    match wire.next().await? {
        Message::AuthenticationSaslContinue(body) => scram.update(body.data())?,
        Message::ErrorResponse(body) => return Err(refused(Refusal::read(body.fields())?)),
        _ => return Err(WireError::Protocol("signing in")),
    }
    say(wire, |out| frontend::sasl_response(scram.message(), out)).await?;
    match wire.next().await? {
        Message::AuthenticationSaslFinal(body) => Ok(scram.finish(body.data())?),
        Message::ErrorResponse(body) => Err(refused(Refusal::read(body.fields())?)),
        _ => Err(WireError::Protocol("signing in")),
    }
}

/// Hears what the server tells at the beginning, up to its being ready.
async fn settle(wire: &mut Wire) -> Result<(), WireError> {
    loop {
        match wire.next().await? {
            Message::BackendKeyData(body) => {
                wire.cancel.process_id = body.process_id();
                wire.cancel.secret_key = body.secret_key();
            }
            Message::ParameterStatus(_) | Message::NoticeResponse(_) => {}
            Message::ReadyForQuery(_) => return Ok(()),
            Message::ErrorResponse(body) => return Err(refused(Refusal::read(body.fields())?)),
            _ => return Err(WireError::Protocol("the beginning")),
        }
    }
}

/// `target_session_attrs`: a standby is no place to write.
async fn check_role(wire: &mut Wire, config: &Config) -> Result<(), WireError> {
    let wanted = match config.get_target_session_attrs() {
        TargetSessionAttrs::ReadWrite => "off",
        TargetSessionAttrs::ReadOnly => "on",
        TargetSessionAttrs::Any | _ => return Ok(()),
    };
    let mut pipeline = Pipeline::default();
    pipeline.add("SHOW transaction_read_only", &[], Way::Once)?;
    let (landing, _) = wire.send(&pipeline.synchronised(), None).await?;
    let answer = landing
        .done
        .first()
        .and_then(|rows| rows.first())
        .and_then(|row| row.text(0));
    if answer.as_deref() == Some(wanted) {
        Ok(())
    } else {
        Err(WireError::Unsupported(
            "the database is not the kind that target_session_attrs asks for",
        ))
    }
}

async fn say(wire: &mut Wire, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<(), WireError> {
    let mut out = BytesMut::new();
    write(&mut out)?;
    Ok(wire.socket.write_all(&out).await?)
}

fn refused(refusal: Refusal) -> WireError {
    WireError::Refused(Box::new(refusal))
}
