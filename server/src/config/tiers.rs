//! Tiers: what a plan allows, as a table that the file or the environment replaces.
//!
//! A tier is named by a claim that only the operator can set (`tier-claim`). What the
//! table does not know counts as the lowest tier, so a typing mistake in a token never
//! gives anybody more.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use seawall_policy::limit::Quota;
use seawall_policy::queue::Priority;
use seawall_policy::time::Span;
use serde_json::{Map, Value, json};

use super::key;
use super::{ClaimPath, ConfigError, Source};

const MINUTE: Span = Span::from_secs(60);
const HOUR: Span = Span::from_secs(3600);

/// What one tier allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its name, as claims and headers have it.
    pub name: String,
    /// All requests of one user.
    pub general: Quota,
    /// Expensive operations of one user.
    pub expensive: Quota,
    /// All requests of one organisation.
    pub organisation: Quota,
    /// Days of history its users may ask for; none for all.
    pub history_days: Option<u32>,
    /// Who goes first, and who is shed last, when there is too much to do.
    pub priority: Priority,
}

/// The tiers, the lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers {
    table: Vec<Tier>,
    lowest: Tier,
    default: String,
    of_role: BTreeMap<String, String>,
    /// Where the tier is in the claims.
    pub claim: ClaimPath,
}

impl Tier {
    /// The tier as documents and refusals describe it.
    #[must_use]
    pub fn describe(&self) -> Value {
        json!({
            "tier": self.name,
            "general": described(self.general),
            "expensive": described(self.expensive),
            "organisation": described(self.organisation),
            "historyDays": self.history_days,
        })
    }

    /// The tier of that name as it is from the start; another name begins as the lowest.
    fn initial(name: &str) -> Result<Self, String> {
        let (minute, hour, organisation, history_days, priority) = match name {
            "pro" => (100, 100, 1_000, Some(90), Priority::Normal),
            "enterprise" => (500, 1_000, 5_000, None, Priority::High),
            _ => (20, 10, 100, Some(7), Priority::Low),
        };
        Ok(Self {
            name: name.to_owned(),
            general: checked(minute, MINUTE)?,
            expensive: checked(hour, HOUR)?,
            organisation: checked(organisation, MINUTE)?,
            history_days,
            priority,
        })
    }
}

impl Tiers {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let mut given = source.parsed(&key::TIERS, documents)?.unwrap_or_default();
        let refused = |path: &str, problem: String| ConfigError::new(path, source.file_name(), problem);
        for (path, text) in source.below(&key::TIERS) {
            let wrong = |problem: String| refused(&format!("{}.{path}", key::TIERS.name), problem);
            let (name, setting) = path
                .rsplit_once('.')
                .ok_or_else(|| wrong("needs a tier and a setting, such as free.general-limit".to_owned()))?;
            put(&mut given, name, setting, text).map_err(wrong)?;
        }
        if given.is_empty() {
            for name in ["free", "pro", "enterprise"] {
                let tier = Tier::initial(name).map_err(|problem| refused(key::TIERS.name, problem))?;
                given.insert(name.to_owned(), tier);
            }
        }
        let mut table: Vec<Tier> = given.into_values().collect();
        // Who may more stands higher; a rate is compared by what an hour allows.
        table.sort_by_key(|tier| per_hour(tier.general));
        let lowest = table
            .first()
            .cloned()
            .ok_or_else(|| refused(key::TIERS.name, "must have a tier".to_owned()))?;
        let mut tiers = Self {
            default: lowest.name.clone(),
            lowest,
            table,
            of_role: BTreeMap::new(),
            claim: source
                .parsed(&key::TIER_CLAIM, ClaimPath::parse)?
                .unwrap_or_else(|| ClaimPath::in_app_metadata("tier")),
        };
        if let Some(name) = source.parsed(&key::DEFAULT_TIER, |name| tiers.known(name))? {
            tiers.default = name;
        }
        let of_role = source.parsed(&key::ROLE_TIERS, |text| tiers.roles(text))?;
        tiers.of_role = of_role.unwrap_or_else(|| tiers.service_key());
        Ok(tiers)
    }

    /// The tier of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Tier> {
        self.table.iter().find(|tier| tier.name == name)
    }

    /// The tier of those whose token names none.
    #[must_use]
    pub fn of_role(&self, role: &str) -> &Tier {
        let name = self.of_role.get(role).unwrap_or(&self.default);
        self.named(name).unwrap_or(&self.lowest)
    }

    /// The tier of those whose token names one that does not exist.
    #[must_use]
    pub fn lowest(&self) -> &Tier {
        &self.lowest
    }

    /// The next tier up.
    #[must_use]
    pub fn above(&self, name: &str) -> Option<&Tier> {
        let place = self.table.iter().position(|tier| tier.name == name)?;
        self.table.get(place + 1)
    }

    /// Every tier, the lowest first.
    #[must_use]
    pub fn all(&self) -> &[Tier] {
        &self.table
    }

    /// Puts other quotas in a tier's place; false where there is no such tier.
    pub fn adjust(&mut self, name: &str, general: Option<Quota>, expensive: Option<Quota>) -> bool {
        let Some(tier) = self.table.iter_mut().find(|tier| tier.name == name) else {
            return false;
        };
        tier.general = general.unwrap_or(tier.general);
        tier.expensive = expensive.unwrap_or(tier.expensive);
        if self.lowest.name == name {
            self.lowest = tier.clone();
        }
        true
    }

    fn known(&self, name: &str) -> Result<String, String> {
        match self.named(name) {
            Some(tier) => Ok(tier.name.clone()),
            None => {
                let names: Vec<&str> = self.table.iter().map(|tier| tier.name.as_str()).collect();
                Err(format!("must be one of {}, not {name:?}", names.join(", ")))
            }
        }
    }

    /// `service_role=enterprise, …`
    fn roles(&self, text: &str) -> Result<BTreeMap<String, String>, String> {
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (role, tier) = pair
                    .split_once('=')
                    .ok_or_else(|| format!("must be pairs such as service_role=enterprise, not {pair:?}"))?;
                Ok((role.trim().to_owned(), self.known(tier.trim())?))
            })
            .collect()
    }

    /// A server's own key has no plan; it may what the highest may.
    fn service_key(&self) -> BTreeMap<String, String> {
        let highest = self.table.last().unwrap_or(&self.lowest);
        BTreeMap::from([("service_role".to_owned(), highest.name.clone())])
    }
}

/// `{"free": {"general-limit": 20}}`
fn documents(text: &str) -> Result<BTreeMap<String, Tier>, String> {
    let document: BTreeMap<String, Map<String, Value>> = serde_json::from_str(text)
        .map_err(|error| format!("must be an object of objects by tier: {error}"))?;
    let mut tiers = BTreeMap::new();
    for (name, settings) in document {
        tiers.insert(name.clone(), Tier::initial(&name)?);
        for (setting, value) in settings {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            put(&mut tiers, &name, &setting, &text)
                .map_err(|problem| format!("{name}.{setting} {problem}"))?;
        }
    }
    Ok(tiers)
}

fn put(tiers: &mut BTreeMap<String, Tier>, name: &str, setting: &str, text: &str) -> Result<(), String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        return Err("must be a name of letters, digits, - and _, since headers carry it".to_owned());
    }
    let tier = match tiers.entry(name.to_owned()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(Tier::initial(name)?),
    };
    let quota = match setting.split_once('-') {
        Some(("general", part)) => Some((&mut tier.general, part)),
        Some(("expensive", part)) => Some((&mut tier.expensive, part)),
        Some(("organisation", part)) => Some((&mut tier.organisation, part)),
        Some(_) | None => None,
    };
    match (quota, setting) {
        (Some((quota, "limit")), _) => {
            *quota = checked(number(text, 1_000_000)?, quota.window())?;
        }
        (Some((quota, "window")), _) => {
            *quota = checked(
                quota.limit(),
                Span::from_millis(u64::from(number(text, 86_400_000)?)),
            )?;
        }
        (None, "history-days") if text == "unlimited" => tier.history_days = None,
        (None, "history-days") => tier.history_days = Some(number(text, 36_500)?),
        (None, "priority") => {
            let known = Priority::ALL.into_iter().find(|priority| priority.name() == text);
            tier.priority = known.ok_or("must be one of critical, high, normal, low")?;
        }
        (Some(_) | None, _) => {
            return Err(
                "is none of general-limit, general-window, expensive-limit, expensive-window, \
                        organisation-limit, organisation-window, history-days, priority"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

fn number(text: &str, most: u32) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| format!("must be a whole number from 1 to {most}, not {text:?}"))
}

fn checked(limit: u32, window: Span) -> Result<Quota, String> {
    Quota::try_new(limit, window).map_err(|error| error.to_string())
}

fn per_hour(quota: Quota) -> u64 {
    u64::from(quota.limit()).saturating_mul(HOUR.as_nanos()) / quota.window().as_nanos().max(1)
}

fn described(quota: Quota) -> Value {
    json!({ "limit": quota.limit(), "window": quota.window().as_millis() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(pairs: &[(&str, &str)]) -> Tiers {
        Tiers::read(&Source::from_pairs(pairs.iter().copied())).unwrap()
    }

    fn numbers(tier: &Tier) -> (u32, u32, Option<u32>) {
        (tier.general.limit(), tier.expensive.limit(), tier.history_days)
    }

    #[test]
    fn three_tiers_are_there_from_the_start() {
        let tiers = tiers(&[]);
        assert_eq!(numbers(tiers.named("free").unwrap()), (20, 10, Some(7)));
        assert_eq!(numbers(tiers.named("pro").unwrap()), (100, 100, Some(90)));
        assert_eq!(numbers(tiers.named("enterprise").unwrap()), (500, 1_000, None));
        assert_eq!(tiers.lowest().name, "free");
        assert_eq!(tiers.of_role("authenticated").name, "free");
        assert_eq!(tiers.of_role("service_role").name, "enterprise");
        assert_eq!(tiers.above("free").map(|tier| tier.name.as_str()), Some("pro"));
        assert_eq!(tiers.above("enterprise"), None);
    }

    #[test]
    fn a_table_of_ones_own_takes_its_place_and_is_ordered_by_what_it_allows() {
        let file = "[tiers.gold]\ngeneral-limit = 50\nhistory-days = \"unlimited\"\n\
                    [tiers.basic]\ngeneral-limit = 600\ngeneral-window = 3600000\npriority = \"critical\"";
        let source = Source::default().with_toml("seawall.toml", file).unwrap();
        let tiers = Tiers::read(&source).unwrap();
        let names: Vec<&str> = tiers.all().iter().map(|tier| tier.name.as_str()).collect();
        assert_eq!(names, ["basic", "gold"]);
        assert_eq!(tiers.lowest().priority, Priority::Critical);
        assert_eq!(tiers.of_role("service_role").name, "gold");
    }

    #[test]
    fn the_environment_says_the_same_as_json() {
        let tiers = tiers(&[
            ("SEAWALL_TIERS", r#"{"free": {"general-limit": 5}, "pro": {}}"#),
            ("SEAWALL_DEFAULT_TIER", "pro"),
            ("SEAWALL_ROLE_TIERS", "robot = free"),
        ]);
        assert_eq!(tiers.named("free").unwrap().general.limit(), 5);
        assert_eq!(tiers.of_role("authenticated").name, "pro");
        assert_eq!(tiers.of_role("robot").name, "free");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |name: &str, text: &str| {
            Tiers::read(&Source::from_pairs([(name, text)]))
                .unwrap_err()
                .to_string()
        };
        assert!(error("SEAWALL_TIERS", r#"{"free": {"limit": 5}}"#).contains("free.limit is none of"));
        assert!(error("SEAWALL_TIERS", r#"{"free": {"general-limit": 0}}"#).contains("from 1 to"));
        assert!(error("SEAWALL_TIERS", r#"{"fr ee": {"general-limit": 2}}"#).contains("headers carry it"));
        assert!(error("SEAWALL_DEFAULT_TIER", "gold").contains("one of free, pro, enterprise"));
        assert!(error("SEAWALL_ROLE_TIERS", "robot").contains("pairs such as"));
    }
}
