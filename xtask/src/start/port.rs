//! A port that is taken, and by whom.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// Fails if the port is taken, and says by which program where the system tells.
pub(super) fn check_free(address: SocketAddr) -> Outcome {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(taken(address.port())),
        Err(error) => Err(Failure::because(format!("cannot listen on {address}: {error}"))),
    }
}

fn taken(port: u16) -> Failure {
    let by = listener(port).map_or_else(String::new, |program| format!(" by {program}"));
    Failure::because(format!(
        "port {port} is taken{by}: stop that, or choose another with `npm start -- --port N`"
    ))
}

// Linux lists sockets with their inodes, and each process's open files by the same number.
fn listener(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .find_map(|table| listening_inode(table, port))?;
    let wanted = format!("socket:[{inode}]");
    processes()?
        .filter(|process| opened(process, &wanted))
        .find_map(|process| described(&process))
}

fn processes() -> Option<impl Iterator<Item = PathBuf>> {
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let entries = fs::read_dir("/proc").ok()?.flatten();
    Some(
        entries
            .filter(move |entry| is_number(&entry.file_name().to_string_lossy()))
            .map(|entry| entry.path()),
    )
}

fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let text = fs::read_to_string(table).ok()?;
    let suffix = format!(":{port:04X}");
    text.lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find_map(|fields| {
            let listens = fields.get(1)?.ends_with(&suffix) && *fields.get(3)? == LISTEN;
            listens.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
        })
}

fn opened(process: &Path, wanted: &str) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    files
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == wanted))
}

fn described(process: &Path) -> Option<String> {
    let name = fs::read_to_string(process.join("comm")).ok()?;
    Some(format!(
        "{} (process {})",
        name.trim(),
        process.file_name()?.to_string_lossy()
    ))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn names_the_program_that_holds_the_port() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        let sentence = check_free(address).unwrap_err().to_string();
        assert!(
            sentence.contains(&format!("(process {})", std::process::id())),
            "{sentence}"
        );
    }
}
