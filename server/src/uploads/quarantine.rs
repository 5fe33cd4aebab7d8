//! Keeping what was infected, for those who must find out: the file, and beside it what is known of it.
//!
//! Neither the object's name nor who sent it is kept. The folder is as bounded as the spool.

use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::json;

use super::spool::{CHUNK, Slice};

/// What is known of an infected upload.
pub(super) struct Finding<'a> {
    pub(super) signature: &'a str,
    pub(super) bucket: &'a str,
    pub(super) request_id: Option<&'a str>,
    pub(super) at_ms: u64,
}

/// Copies a file into the folder. Blocks.
pub(super) fn keep(folder: &Path, limit: u64, content: &Slice, finding: &Finding<'_>) -> std::io::Result<()> {
    if used(folder)?.saturating_add(content.len()) > limit {
        return Err(std::io::Error::other("the quarantine is full"));
    }
    let name = uuid::Uuid::now_v7().to_string();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(folder.join(format!("{name}.infected")))?;
    let mut digest = Context::new(&SHA256);
    let mut content = content.again();
    let mut piece = vec![0; CHUNK];
    loop {
        let count = content.read(&mut piece)?;
        let piece = piece.get(..count).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        digest.update(piece);
        std::io::Write::write_all(&mut file, piece)?;
    }
    let sha256: String = digest
        .finish()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let about = json!({
        "signature": finding.signature, "bucket": finding.bucket, "requestId": finding.request_id,
        "atMs": finding.at_ms, "bytes": content.len(), "sha256": sha256,
    });
    std::fs::write(folder.join(format!("{name}.json")), about.to_string())
}

fn used(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0_u64;
    for entry in std::fs::read_dir(folder)? {
        sum = sum.saturating_add(entry?.metadata()?.len());
    }
    Ok(sum)
}
