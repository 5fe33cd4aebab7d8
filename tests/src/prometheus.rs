//! A Prometheus of a test's own: real, scraping a server every half second.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::request::Request;
use crate::{must, port};

/// A running Prometheus; ended when dropped.
pub struct Prometheus {
    address: SocketAddr,
    folder: PathBuf,
    process: Child,
}

impl Prometheus {
    /// Starts one that scrapes a server.
    #[must_use]
    pub fn start(target: SocketAddr) -> Self {
        let address = port::free();
        let folder = std::env::temp_dir().join(format!("seawall-prometheus-{}", address.port()));
        must("the folder of Prometheus", std::fs::create_dir_all(&folder));
        let configuration = format!(
            "global: {{ scrape_interval: 500ms }}\nscrape_configs:\n- job_name: seawall\n  static_configs: [{{ targets: ['{target}'] }}]\n"
        );
        let file = folder.join("prometheus.yml");
        must(
            "the configuration of Prometheus",
            std::fs::write(&file, configuration),
        );
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = must(
            "prometheus cannot be started (`npm run setup` installs it)",
            process,
        );
        Self {
            address,
            folder,
            process,
        }
    }

    /// Asks a question in PromQL; the answer as Prometheus gives it, nothing while it does not answer.
    pub async fn query(&self, question: &str) -> Option<Value> {
        let question = utf8_percent_encode(question, NON_ALPHANUMERIC);
        let path = format!("/api/v1/query?query={question}");
        let answer = Request::new(self.address, Method::GET, &path).try_send().await?;
        Some(answer.json())
    }

    /// Runs promtool.
    #[must_use]
    pub fn tool(folder: &Path, words: &[&str]) -> Output {
        let output = Command::new("promtool").args(words).current_dir(folder).output();
        must("promtool cannot be started (`npm run setup` installs it)", output)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _already_gone = self.process.kill();
        let _already_gone = self.process.wait();
        let _nobody_needs_it = std::fs::remove_dir_all(&self.folder);
    }
}
