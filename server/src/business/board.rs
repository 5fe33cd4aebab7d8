//! What is shown: the latest reading of each metric, as Prometheus text, until it is too old.
//!
//! Not in the registry of the other metrics, for that forgets no series, and a room that was closed must not be shown
//! for ever.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_policy::time::MonoTime;

use super::reading::Labels;
use crate::config::BusinessMetric;

/// The latest readings, by name.
#[derive(Default)]
pub(super) struct Board(BTreeMap<String, Family>);

struct Family {
    help: String,
    kind: &'static str,
    series: BTreeMap<Labels, f64>,
    until: MonoTime,
}

impl Board {
    /// Puts a reading in the place of the one before.
    pub(super) fn put(&mut self, metric: &BusinessMetric, series: BTreeMap<Labels, f64>, until: MonoTime) {
        let family = Family {
            help: metric.help.clone(),
            kind: metric.kind.word(),
            series,
            until,
        };
        self.0.insert(metric.name.clone(), family);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What is still worth showing.
    pub(super) fn render(&mut self, now: MonoTime) -> String {
        self.0.retain(|_, family| family.until > now);
        let mut text = String::new();
        for (name, family) in self.0.iter().filter(|(_, family)| !family.series.is_empty()) {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "# HELP {name} {}\n# TYPE {name} {}",
                escaped(&family.help, false),
                family.kind
            );
            for (labels, value) in &family.series {
                text.push_str(name);
                let mut before = '{';
                for (label, value) in labels {
                    let _ = write!(text, "{before}{label}=\"{}\"", escaped(value, true));
                    before = ',';
                }
                if !labels.is_empty() {
                    text.push('}');
                }
                let _ = writeln!(text, " {value}");
            }
            text.push('\n');
        }
        text
    }
}

/// As the text format wants it; quotes stand for themselves outside of labels.
fn escaped(text: &str, is_label: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if is_label { text.replace('"', "\\\"") } else { text }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use seawall_policy::time::Span;

    use super::*;
    use crate::config::BusinessKind;

    fn metric(kind: BusinessKind) -> BusinessMetric {
        BusinessMetric {
            name: "seawall_business_orders".to_owned(),
            help: "What is\nordered, \"all\".".to_owned(),
            kind,
            query: String::new(),
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(5),
            rows: 10,
        }
    }

    fn at(ms: u64) -> MonoTime {
        MonoTime::default() + Span::from_millis(ms)
    }

    #[test]
    fn a_reading_is_prometheus_text_until_it_is_too_old() {
        let mut board = Board::default();
        let labels = Labels::from([
            ("b".to_owned(), "x\"\\\ny".to_owned()),
            ("a".to_owned(), "1".to_owned()),
        ]);
        let series = BTreeMap::from([(labels, 2.5), (Labels::new(), 7.0)]);
        board.put(&metric(BusinessKind::Gauge), series, at(10));
        let expected = "# HELP seawall_business_orders What is\\nordered, \"all\".\n\
                        # TYPE seawall_business_orders gauge\nseawall_business_orders 7\n\
                        seawall_business_orders{a=\"1\",b=\"x\\\"\\\\\\ny\"} 2.5\n\n";
        assert_eq!(board.render(at(9)), expected);
        assert_eq!(board.render(at(10)), "");
    }

    #[test]
    fn a_series_that_is_not_read_any_more_is_gone() {
        let mut board = Board::default();
        let one = |word: &str| BTreeMap::from([(Labels::from([("room".to_owned(), word.to_owned())]), 1.0)]);
        board.put(&metric(BusinessKind::Counter), one("harbour"), at(10));
        board.put(&metric(BusinessKind::Counter), one("mole"), at(10));
        let text = board.render(at(1));
        assert!(text.contains("mole") && !text.contains("harbour"), "{text}");
        board.clear();
        assert_eq!(board.render(at(1)), "");
    }
}
