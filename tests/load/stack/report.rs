//! The figures as a table and, where `BENCH_JSON` says, as JSON.

use seawall_e2e::measure::median;
use serde_json::{Value, json};

use crate::Outcome;
use crate::load::Figures;

/// Every round so far, by target in the order of their first.
#[derive(Default)]
pub(crate) struct Report(Vec<(&'static str, Vec<Figures>)>);

impl Report {
    pub(crate) fn add(&mut self, name: &'static str, figures: Figures) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rounds)) => rounds.push(figures),
            None => self.0.push((name, vec![figures])),
        }
    }

    /// Prints the medians, each beside nginx with its two zones where that was measured.
    pub(crate) fn finish(&self) -> Outcome<()> {
        let peer = self
            .0
            .iter()
            .find(|(name, _)| name.ends_with("two limit zones"))
            .map(|(_, rounds)| middle(rounds));
        println!("{:<34}{:>12}{:>20}{:>12}", "", "CPU µs", "rounds", "to nginx");
        let mut rows = Vec::new();
        for (name, rounds) in &self.0 {
            let cpu_us = middle(rounds);
            let ratio = peer.map(|peer| cpu_us / peer);
            let (least, most) = rounds
                .iter()
                .fold((f64::INFINITY, 0.0_f64), |(least, most), round| {
                    (least.min(round.cpu_us), most.max(round.cpu_us))
                });
            let beside = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}×"));
            println!(
                "{name:<34}{cpu_us:>12.1}{:>20}{beside:>12}",
                format!("{least:.1} – {most:.1}")
            );
            let requests: u64 = rounds.iter().map(|round| round.requests).sum();
            rows.push(json!({
                "name": name, "cpuUs": cpu_us, "least": least, "most": most, "requests": requests, "toNginx": ratio,
            }));
        }
        if let Ok(path) = std::env::var("BENCH_JSON") {
            std::fs::write(path, format!("{:#}", Value::Array(rows)))?;
        }
        Ok(())
    }
}

fn middle(rounds: &[Figures]) -> f64 {
    median(rounds.iter().map(|round| round.cpu_us).collect())
}
