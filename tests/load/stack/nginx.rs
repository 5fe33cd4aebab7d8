//! nginx in one process, serving a file of the same size, with and without two limit zones.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::load::Target;

const BODY: &str = r#"{"code":"PGRST205","details":null,"hint":null,"message":"Could not find the table 'public.no_such_table' in the schema cache"}"#;

/// A running nginx; ended when dropped.
pub(crate) struct Nginx {
    process: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Nginx {
    /// Starts it, where there is one.
    pub(crate) fn start() -> Outcome<Option<Self>> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let folder = std::env::temp_dir().join(format!("seawall-nginx-{}", address.port()));
        std::fs::create_dir_all(&folder)?;
        for name in ["plain", "limited"] {
            std::fs::write(folder.join(name), BODY)?;
        }
        let config = folder.join("nginx.conf");
        std::fs::write(&config, configuration(&folder.to_string_lossy(), address))?;
        let started = Command::new("nginx")
            .arg("-c")
            .arg(&config)
            .arg("-p")
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            return Ok(None);
        };
        let nginx = Self {
            process,
            address,
            folder,
        };
        let until = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > until {
                return Err("nginx does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(nginx))
    }

    pub(crate) fn target(&self, name: &'static str, path: &'static str, token: &str) -> Target {
        Target {
            name,
            address: self.address,
            pid: self.process.id(),
            path,
            token: Some(token.to_owned()),
            status: 200,
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _already_gone = self.process.kill();
        let _reaped = self.process.wait();
        let _nobody_needs_it = std::fs::remove_dir_all(&self.folder);
    }
}

/// One zone by address and one by token, with rates that nothing reaches.
fn configuration(folder: &str, address: SocketAddr) -> String {
    format!(
        "daemon off;\nmaster_process off;\nerror_log {folder}/error.log;\npid {folder}/nginx.pid;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n access_log off;\n keepalive_requests 100000000;\n default_type application/json;\n\
         client_body_temp_path {folder}/body;\n proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi;\n uwsgi_temp_path {folder}/uwsgi;\n scgi_temp_path {folder}/scgi;\n\
         limit_req_zone $binary_remote_addr zone=address:10m rate=1000000r/s;\n\
         limit_req_zone $http_authorization zone=token:10m rate=1000000r/s;\n\
         server {{\n listen {address};\n root {folder};\n location /plain {{ }}\n\
         location /limited {{ limit_req zone=address burst=10000 nodelay; limit_req zone=token burst=10000 nodelay; }}\n }}\n}}\n"
    )
}
