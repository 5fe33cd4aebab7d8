//! Secrets that the commands make up: kept under `.seawall/secrets`, readable by their owner only.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use crate::failure::{Outcome, when, with_file};
use crate::project::Project;

/// The secret of that name; made up when there is none yet.
pub(crate) fn kept(project: &Project, name: &str) -> Outcome<String> {
    let path = project.state(&format!("secrets/{name}"))?;
    if let Some(folder) = path.parent() {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(with_file("protect", folder))?;
    }
    match fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= 32 => return Ok(text.trim().to_owned()),
        Ok(_) => fs::remove_file(&path).map_err(with_file("replace", &path))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(with_file("read", &path)(error)),
    }
    let secret = made_up()?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path);
    file.as_mut().map_err(|error| with_file("create", &path)(error))?;
    file.and_then(|mut file| writeln!(file, "{secret}"))
        .map_err(with_file("write", &path))?;
    Ok(secret)
}

/// 256 random bits in hexadecimal.
pub(crate) fn made_up() -> Outcome<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(when("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
