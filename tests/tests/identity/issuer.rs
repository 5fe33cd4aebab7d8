//! Somebody who issues tokens: with keys of every kind, a key set to fetch, and a user to ask for.
//!
//! It counts what it is asked, and fails when it is told to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a key is made of, and so which algorithm it signs by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// RS256.
    Rsa,
    /// ES256.
    Curve,
    /// `EdDSA`.
    Edwards,
}

/// A key pair with an id.
#[derive(Clone)]
pub(crate) struct SigningKey {
    id: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl SigningKey {
    pub(crate) fn new(id: &str, kind: Kind) -> Self {
        let algorithm = match kind {
            Kind::Rsa => Algorithm::RS256,
            Kind::Curve => Algorithm::ES256,
            Kind::Edwards => Algorithm::EdDSA,
        };
        let key = match kind {
            Kind::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
                // PKCS#1 is what PKCS#8 holds, behind twenty-six bytes for a key of this size.
                EncodingKey::from_rsa_der(&der.as_ref()[26..])
            }
            Kind::Curve => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref())
            }
            Kind::Edwards => {
                let pair = Ed25519KeyPair::generate().unwrap();
                EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref())
            }
        };
        Self {
            id: id.to_owned(),
            algorithm,
            key,
        }
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }

    /// What anybody may know of it.
    pub(crate) fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.id.clone());
        serde_json::to_value(jwk).unwrap()
    }
}

/// How the issuer behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Answers 503.
    Failing,
    /// Accepts and says nothing.
    Silent,
    /// Answers with something else.
    Garbled,
}

/// The running issuer.
#[derive(Clone)]
pub(crate) struct Issuer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    keys: Vec<Value>,
    /// The user of each token that is still good.
    users: HashMap<String, String>,
    asked: HashMap<String, usize>,
}

impl Issuer {
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(State {
                mood: Mood::Well,
                keys: keys.iter().map(|key| key.public()).collect(),
                users: HashMap::new(),
                asked: HashMap::new(),
            })),
        };
        let serving = issuer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        issuer
    }

    pub(crate) fn keys_url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    pub(crate) fn user_url(&self) -> String {
        format!("http://{}/auth/v1/user", self.address)
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        self.with(|state| state.keys = keys.iter().map(|key| key.public()).collect());
    }

    pub(crate) fn publish_also(&self, key: &Value) {
        self.with(|state| state.keys.push(key.clone()));
    }

    pub(crate) fn become_(&self, mood: Mood) {
        self.with(|state| state.mood = mood);
    }

    pub(crate) fn knows(&self, token: &str, user: &str) {
        self.with(|state| state.users.insert(token.to_owned(), user.to_owned()));
    }

    pub(crate) fn forgets(&self, token: &str) {
        self.with(|state| state.users.remove(token));
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.with(|state| state.asked.get(path).copied().unwrap_or(0))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut head = Vec::new();
        let mut buffer = [0; 4096];
        while !head.windows(4).any(|window| window == b"\r\n\r\n") {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(length) => head.extend_from_slice(&buffer[..length]),
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let mood = self.with(|state| {
            *state.asked.entry(path.clone()).or_default() += 1;
            state.mood
        });
        let (status, body) = match mood {
            Mood::Well => self.answer(&path, &head),
            Mood::Failing => (503, json!({"msg": "unwell"}).to_string()),
            Mood::Garbled => (200, "<html>welcome to the hotel</html>".to_owned()),
            Mood::Silent => return tokio::time::sleep(Duration::from_secs(60)).await,
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _caller_left = stream.write_all(answer.as_bytes()).await;
    }

    fn answer(&self, path: &str, head: &str) -> (u16, String) {
        match path {
            "/keys" => (200, self.with(|state| json!({"keys": state.keys}).to_string())),
            "/auth/v1/user" => {
                let token = head
                    .lines()
                    .find_map(|line| line.strip_prefix("authorization: Bearer "));
                let user = self.with(|state| state.users.get(token.unwrap_or_default()).cloned());
                match user {
                    Some(user) => (200, json!({"id": user, "role": "authenticated"}).to_string()),
                    None => (
                        403,
                        json!({"code": 403, "error_code": "session_not_found"}).to_string(),
                    ),
                }
            }
            _ => (404, "{}".to_owned()),
        }
    }
}
