//! The real clamd, one for each test that asks it, with a signature database that knows the EICAR file alone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The industry's test file, in two halves so that no scanner takes this source for it.
pub(crate) fn eicar() -> Vec<u8> {
    [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR",
        "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
    .into_bytes()
}

/// A running clamd; ended when dropped.
pub(crate) struct Clamd {
    address: SocketAddr,
    process: Child,
    folder: PathBuf,
}

impl Clamd {
    pub(crate) async fn start() -> Self {
        let address = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let folder =
            std::env::temp_dir().join(format!("seawall-clamd-{}-{}", std::process::id(), address.port()));
        std::fs::create_dir_all(folder.join("signatures")).unwrap();
        let hex: String = eicar().iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(
            folder.join("signatures/own.ndb"),
            format!("Eicar-Signature:0:0:{hex}\n"),
        )
        .unwrap();
        let settings = format!(
            "Foreground yes\nTCPSocket {}\nTCPAddr 127.0.0.1\nDatabaseDirectory {}\nTemporaryDirectory {}\nStreamMaxLength 256M\n",
            address.port(),
            folder.join("signatures").display(),
            folder.display(),
        );
        std::fs::write(folder.join("clamd.conf"), settings).unwrap();
        let process = Command::new(program())
            .arg("--config-file")
            .arg(folder.join("clamd.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("clamd cannot be started: `npm run setup` installs it");
        let clamd = Self {
            address,
            process,
            folder,
        };
        clamd.answers().await;
        clamd
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    async fn answers(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Ok(mut stream) = TcpStream::connect(self.address).await {
                stream.write_all(b"zPING\0").await.unwrap();
                let mut answer = String::new();
                let _ = stream.read_to_string(&mut answer).await;
                if answer.starts_with("PONG") {
                    return;
                }
            }
            assert!(Instant::now() < until, "clamd does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

/// On the path, or where Debian keeps it.
fn program() -> &'static Path {
    let debian = Path::new("/usr/sbin/clamd");
    if debian.exists() {
        debian
    } else {
        Path::new("clamd")
    }
}
