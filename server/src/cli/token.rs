//! `seawall token`: a token for development, on standard output.

use std::time::Duration;

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use crate::auth::mint;
use crate::cli::CommandError;
use crate::clock::Clock;
use crate::config::Source;
use crate::config::{ConfigError, token_secret};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// PostgreSQL role of the request
    #[arg(long, default_value = "authenticated")]
    role: String,
    /// User the token stands for
    #[arg(long, value_name = "USER")]
    sub: Option<String>,
    /// How long it is valid: 90s, 15m, 12h, 30d
    #[arg(long, default_value = "1h", value_name = "SPAN", value_parser = span)]
    expires_in: Duration,
    /// Audience the token is for
    #[arg(long, value_name = "AUDIENCE")]
    aud: Option<String>,
    /// A further claim, its value as JSON or text; may be repeated
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
    claims: Vec<(String, Value)>,
}

pub(super) fn run(source: &Source, arguments: &Arguments) -> Result<(), CommandError> {
    let secret = token_secret(source)?;
    let missing = || {
        ConfigError::new(
            "jwt-secret",
            "JWT_SECRET",
            "is needed to mint a token, as plain text",
        )
    };
    let secret = secret.ok_or_else(missing)?;
    let claims = claims(arguments, Clock::system().unix_seconds());
    let token = mint::mint(secret.expose_secret(), &claims)
        .map_err(|error| CommandError::Token(error.to_string()))?;
    println!("{token}");
    Ok(())
}

fn claims(arguments: &Arguments, now_s: u64) -> Value {
    let mut claims: Map<String, Value> = arguments.claims.iter().cloned().collect();
    claims.insert("role".to_owned(), arguments.role.clone().into());
    claims.insert("iat".to_owned(), now_s.into());
    claims.insert(
        "exp".to_owned(),
        now_s.saturating_add(arguments.expires_in.as_secs()).into(),
    );
    for (name, value) in [("sub", &arguments.sub), ("aud", &arguments.aud)] {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value.clone().into());
        }
    }
    Value::Object(claims)
}

fn span(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit_s = match text.strip_prefix(digits) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        Some(_) | None => return Err("must end in s, m, h or d".to_owned()),
    };
    let count: u64 = digits
        .parse()
        .map_err(|_| "must begin with a whole number".to_owned())?;
    Ok(Duration::from_secs(count.saturating_mul(unit_s)))
}

fn claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| "must be NAME=VALUE".to_owned())?;
    Ok((
        name.to_owned(),
        serde_json::from_str(value).unwrap_or_else(|_| value.into()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        assert_eq!(span("90"), Ok(Duration::from_secs(90)));
        assert_eq!(span("2h"), Ok(Duration::from_secs(7200)));
        assert!(span("2w").is_err() && span("h").is_err());
    }

    #[test]
    fn claims_are_json_or_text() {
        assert_eq!(claim("a=1"), Ok(("a".to_owned(), 1.into())));
        assert_eq!(claim("a=b=c"), Ok(("a".to_owned(), "b=c".into())));
        assert!(claim("a").is_err());
    }
}
