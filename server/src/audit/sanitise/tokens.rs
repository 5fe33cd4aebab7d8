//! Secrets that are told by their looks: tokens, keys, credentials in addresses.

/// How known services' keys begin.
const PREFIXES: [&str; 38] = [
    "sk_live_",
    "sk_test_",
    "pk_live_",
    "rk_live_",
    "rk_test_",
    "whsec_",
    "sk-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "SG.",
    "sb_secret_",
    "sb_publishable_",
    "sbp_",
    "npm_",
    "pypi-",
    "dop_v1_",
    "shpat_",
    "sq0atp-",
    "EAAC",
    "hf_",
    "key-",
    "AC0",
    "lin_api_",
    "ntn_",
];

/// Fewer characters behind the prefix are a word.
const FEWEST_BEHIND: usize = 12;

/// A run of letters and digits of this length is no word of any language.
const LONG_RUN: usize = 32;

/// As much of a run is looked at before it is taken for a secret, since each of its words may begin one.
const MOST_AHEAD: usize = 128;

/// The end of the secret at the start of a text, and what it is.
pub(super) fn find(text: &str) -> Option<(usize, &'static str)> {
    pem(text)
        .map(|end| (end, "[secret]"))
        .or_else(|| jwt(text).map(|end| (end, "[token]")))
        .or_else(|| scheme(text).map(|end| (end, "[token]")))
        .or_else(|| key(text).map(|end| (end, "[secret]")))
        .or_else(|| long_run(text).map(|end| (end, "[secret]")))
}

/// `user:password` of an address whose `//` has just been passed: where the `@` behind it ends.
pub(super) fn credentials(text: &str) -> Option<usize> {
    let end = text.find(['/', '?', '#', ' ', '"', '\'']).unwrap_or(text.len());
    let at = text.get(..end)?.rfind('@')?;
    text.get(..at)?.contains(':').then_some(at + 1)
}

/// The end of a UUID, which names a row and nobody.
pub(super) fn uuid(text: &str) -> Option<usize> {
    let candidate = text.get(..36)?;
    let ends = !text.as_bytes().get(36).is_some_and(|byte| in_key(*byte));
    (ends && uuid::Uuid::try_parse(candidate).is_ok()).then_some(36)
}

fn pem(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("-----BEGIN ")?;
    if !rest.split("-----").next()?.contains("PRIVATE KEY") {
        return None;
    }
    let end = text.find("-----END ").map(|at| {
        let tail = text.get(at + 9..).unwrap_or_default();
        at + 9 + tail.find("-----").map_or(tail.len(), |end| end + 5)
    });
    Some(end.unwrap_or(text.len()))
}

fn jwt(text: &str) -> Option<usize> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let belongs = |byte| in_key(byte) || byte == b'.';
    let ahead = text.get(..run(beginning(text), belongs))?;
    (ahead.len() >= 20 && ahead.contains('.')).then(|| run(text, belongs))
}

fn scheme(text: &str) -> Option<usize> {
    let name = ["bearer ", "basic ", "apikey "].into_iter().find(|name| {
        text.get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
    })?;
    let behind = text.get(name.len()..)?;
    let length = run(behind, |byte| in_key(byte) || b".+/=~".contains(&byte));
    let secret = behind.get(..length)?;
    let is_word = secret.bytes().all(|byte| byte.is_ascii_lowercase());
    (length >= 8 && !is_word).then_some(name.len() + length)
}

fn key(text: &str) -> Option<usize> {
    let prefix = PREFIXES.iter().find(|prefix| text.starts_with(**prefix))?;
    let behind = text.get(prefix.len()..)?;
    let length = run(behind, |byte| in_key(byte) || byte == b'.');
    (length >= FEWEST_BEHIND).then_some(prefix.len() + length)
}

fn long_run(text: &str) -> Option<usize> {
    let belongs = |byte| in_key(byte) || b"+/=".contains(&byte);
    let found = text.get(..run(beginning(text), belongs))?;
    let digits = found.bytes().filter(u8::is_ascii_digit).count();
    let letters = found.bytes().filter(u8::is_ascii_alphabetic).count();
    let breaks = found.len() - digits - letters;
    let is_secret = found.len() >= LONG_RUN && digits >= 3 && letters >= 3 && breaks * 8 <= found.len();
    is_secret.then(|| run(text, belongs))
}

fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MOST_AHEAD)).unwrap_or(text)
}

fn run(text: &str, belongs: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len())
}

fn in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_identifiers_are_no_secrets() {
        for text in [
            "a-rather-long-name-of-an-article-about-2-things",
            "basic understanding",
            "bearer of news",
            "sk-short",
            "5f2b6c1e-9d3a-4c8b-8f7e-0a1b2c3d4e5f",
        ] {
            assert!(uuid(text).is_some() || find(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_address_gives_up_its_password_and_nothing_else() {
        assert_eq!(credentials("user:hush@host/db?x=a@b"), Some(10));
        assert_eq!(credentials("host/path?mail=a:b@c"), None);
        assert_eq!(credentials("user@host"), None);
    }
}
