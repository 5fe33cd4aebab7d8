//! Media types, in `Accept` and in `Content-Type`.

mod accept;

use std::fmt;

pub use accept::accepted;

/// A media type as far as it changes what is done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/vnd.pgrst.array+json;nulls=stripped`
    ArrayStripped,
    /// `application/vnd.pgrst.object+json`: exactly one row, without the array around it.
    Object {
        /// `nulls=stripped`
        stripped: bool,
    },
    /// `application/geo+json`
    GeoJson,
    /// `text/csv`
    Csv,
    /// `text/plain`
    Text,
    /// `text/xml`
    Xml,
    /// `application/openapi+json`, or `application/vnd.oai.openapi+json;version=3.1`
    OpenApi(OpenApiVersion),
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/octet-stream`
    Binary,
    /// `*/*`
    Any,
    /// `application/vnd.pgrst.plan`
    Plan {
        /// The media type whose statement is explained; never a plan itself.
        of: Box<MediaType>,
        /// How the plan is printed.
        format: PlanFormat,
        /// EXPLAIN's options.
        options: Vec<PlanOption>,
    },
    /// Anything else, as sent: the database may have a handler for it.
    Other(String),
}

/// The form of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenApiVersion {
    /// Swagger 2.0, which is PostgREST's.
    V2,
    /// OpenAPI 3.1.
    V31,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanFormat {
    /// `+text`
    Text,
    /// `+json`
    Json,
}

/// EXPLAIN's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanOption {
    /// `analyze`
    Analyze,
    /// `verbose`
    Verbose,
    /// `settings`
    Settings,
    /// `buffers`
    Buffers,
    /// `wal`
    Wal,
}

impl MediaType {
    /// Reads one media type with its parameters. What is malformed is merely unknown.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match Tokens::read(text) {
            Some(tokens) => tokens.media_type(text, Nesting::Allowed),
            None => Self::Other(text.to_owned()),
        }
    }

    /// The value of a `Content-Type` header. Text says its encoding.
    #[must_use]
    pub fn content_type(&self) -> String {
        match self {
            Self::Binary | Self::OpenApi(OpenApiVersion::V31) | Self::Other(_) => self.to_string(),
            Self::Json
            | Self::ArrayStripped
            | Self::Object { .. }
            | Self::GeoJson
            | Self::Csv
            | Self::Text
            | Self::Xml
            | Self::OpenApi(OpenApiVersion::V2)
            | Self::Form
            | Self::Any
            | Self::Plan { .. } => format!("{self}; charset=utf-8"),
        }
    }

    /// Whether the answer is one object rather than an array.
    #[must_use]
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object { .. })
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json => f.write_str("application/json"),
            Self::ArrayStripped => f.write_str("application/vnd.pgrst.array+json;nulls=stripped"),
            Self::Object { stripped: true } => {
                f.write_str("application/vnd.pgrst.object+json;nulls=stripped")
            }
            Self::Object { stripped: false } => f.write_str("application/vnd.pgrst.object+json"),
            Self::GeoJson => f.write_str("application/geo+json"),
            Self::Csv => f.write_str("text/csv"),
            Self::Text => f.write_str("text/plain"),
            Self::Xml => f.write_str("text/xml"),
            Self::OpenApi(OpenApiVersion::V2) => f.write_str("application/openapi+json"),
            Self::OpenApi(OpenApiVersion::V31) => f.write_str("application/vnd.oai.openapi+json;version=3.1"),
            Self::Form => f.write_str("application/x-www-form-urlencoded"),
            Self::Binary => f.write_str("application/octet-stream"),
            Self::Any => f.write_str("*/*"),
            Self::Plan { of, format, options } => {
                write!(f, "application/vnd.pgrst.plan+{}; for=\"{of}\"", format.name())?;
                for (index, option) in options.iter().enumerate() {
                    let separator = if index == 0 { "; options=" } else { "|" };
                    write!(f, "{separator}{}", option.name())?;
                }
                Ok(())
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl PlanFormat {
    /// The suffix of the media type, and EXPLAIN's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl PlanOption {
    const ALL: [Self; 5] = [
        Self::Analyze,
        Self::Verbose,
        Self::Settings,
        Self::Buffers,
        Self::Wal,
    ];

    /// EXPLAIN's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Analyze => "analyze",
            Self::Verbose => "verbose",
            Self::Settings => "settings",
            Self::Buffers => "buffers",
            Self::Wal => "wal",
        }
    }
}

/// A media type taken apart: `type/subtype; name=value`.
struct Tokens<'a> {
    essence: String,
    parameters: Vec<(String, &'a str)>,
}

/// Whether a plan may be meant: the plan of a plan is none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nesting {
    Allowed,
    Refused,
}

impl<'a> Tokens<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = accept::split_outside_quotes(text, ';');
        let (main, sub) = parts.next()?.trim().split_once('/')?;
        if !is_token(main, ".*") || !is_token(sub, ".*+-") {
            return None;
        }
        let parameters = parts.filter_map(parameter).collect();
        Some(Self {
            essence: format!("{main}/{sub}").to_ascii_lowercase(),
            parameters,
        })
    }

    fn media_type(&self, text: &str, nesting: Nesting) -> MediaType {
        match self.essence.as_str() {
            "application/json" => MediaType::Json,
            "application/geo+json" => MediaType::GeoJson,
            "text/csv" => MediaType::Csv,
            "text/plain" => MediaType::Text,
            "text/xml" => MediaType::Xml,
            "application/openapi+json" => MediaType::OpenApi(OpenApiVersion::V2),
            "application/vnd.oai.openapi+json" if self.parameter("version").is_none_or(is_3_1) => {
                MediaType::OpenApi(OpenApiVersion::V31)
            }
            "application/x-www-form-urlencoded" => MediaType::Form,
            "application/octet-stream" => MediaType::Binary,
            "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object" => MediaType::Object {
                stripped: self.strips_nulls(),
            },
            "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array" => match self.strips_nulls() {
                true => MediaType::ArrayStripped,
                false => MediaType::Json,
            },
            "application/vnd.pgrst.plan" | "application/vnd.pgrst.plan+text"
                if nesting == Nesting::Allowed =>
            {
                self.plan(PlanFormat::Text)
            }
            "application/vnd.pgrst.plan+json" if nesting == Nesting::Allowed => self.plan(PlanFormat::Json),
            "*/*" => MediaType::Any,
            _ => MediaType::Other(text.to_owned()),
        }
    }

    fn plan(&self, format: PlanFormat) -> MediaType {
        let of = match self.parameter("for") {
            None => MediaType::Json,
            Some(text) => match Tokens::read(text) {
                Some(tokens) => tokens.media_type(text, Nesting::Refused),
                None => MediaType::Other(text.to_owned()),
            },
        };
        let wanted: Vec<_> = self.parameter("options").unwrap_or_default().split('|').collect();
        let options = PlanOption::ALL
            .into_iter()
            .filter(|option| wanted.contains(&option.name()))
            .collect();
        MediaType::Plan {
            of: Box::new(of),
            format,
            options,
        }
    }

    fn strips_nulls(&self) -> bool {
        self.parameter("nulls") == Some("stripped")
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters
            .iter()
            .rfind(|(candidate, _)| candidate == name)
            .map(|(_, value)| *value)
    }
}

fn is_3_1(version: &str) -> bool {
    matches!(version, "3" | "3.1") || version.starts_with("3.1.")
}

/// `name=value` or `name="value"`; anything else says nothing.
fn parameter(text: &str) -> Option<(String, &str)> {
    let (name, value) = text.split_once('=')?;
    let value = value.trim();
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => value,
    };
    (!value.contains('"')).then(|| (name.trim().to_ascii_lowercase(), value))
}

fn is_token(text: &str, also: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || also.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(of: MediaType, format: PlanFormat, options: &[PlanOption]) -> MediaType {
        MediaType::Plan {
            of: Box::new(of),
            format,
            options: options.to_vec(),
        }
    }

    #[test]
    fn known_types_are_known_in_any_case_and_with_any_parameters() {
        let cases = [
            ("application/json", MediaType::Json),
            ("application/json; charset=utf-8", MediaType::Json),
            ("TEXT/csv", MediaType::Csv),
            (
                "ApplicatIon/vnd.PgRsT.object+json",
                MediaType::Object { stripped: false },
            ),
            (
                "application/vnd.pgrst.object; NULLS=stripped",
                MediaType::Object { stripped: true },
            ),
            ("application/vnd.pgrst.array+json", MediaType::Json),
            (
                "application/vnd.pgrst.array+json;nulls=stripped",
                MediaType::ArrayStripped,
            ),
            ("*/*", MediaType::Any),
        ];
        for (text, expected) in cases {
            assert_eq!(MediaType::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn unknown_and_malformed_types_are_kept_as_sent() {
        for text in [
            "application/vnd.twkb",
            "undefined",
            "a/b/c",
            "",
            ";",
            "text/*",
            "/",
        ] {
            assert_eq!(MediaType::parse(text), MediaType::Other(text.to_owned()));
        }
    }

    #[test]
    fn a_plan_says_of_what_how_and_with_which_options() {
        let cases = [
            (
                "application/vnd.pgrst.plan;",
                plan(MediaType::Json, PlanFormat::Text, &[]),
            ),
            (
                "application/vnd.pgrst.plan+json;for=\"text/csv\"",
                plan(MediaType::Csv, PlanFormat::Json, &[]),
            ),
            (
                "application/vnd.pgrst.plan ; for=\"text/xml\" ; options=wal|analyze|nonsense",
                plan(
                    MediaType::Xml,
                    PlanFormat::Text,
                    &[PlanOption::Analyze, PlanOption::Wal],
                ),
            ),
            (
                "application/vnd.pgrst.plan; for=\"application/vnd.pgrst.object+json;nulls=stripped\"",
                plan(MediaType::Object { stripped: true }, PlanFormat::Text, &[]),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(MediaType::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_plan_of_a_plan_is_none() {
        let text = "application/vnd.pgrst.plan; for=\"application/vnd.pgrst.plan\"";
        let of = MediaType::Other("application/vnd.pgrst.plan".to_owned());
        assert_eq!(MediaType::parse(text), plan(of, PlanFormat::Text, &[]));
    }

    #[test]
    fn a_parameter_with_stray_quotes_says_nothing() {
        for text in [
            "application/vnd.pgrst.plan; for=,\"text/csv\"x",
            "application/vnd.pgrst.plan; for=\"text/csv",
            "application/vnd.pgrst.plan; for",
        ] {
            assert_eq!(
                MediaType::parse(text),
                plan(MediaType::Json, PlanFormat::Text, &[]),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_printed_reads_the_same() {
        let all = [
            MediaType::Json,
            MediaType::ArrayStripped,
            MediaType::Object { stripped: true },
            MediaType::Object { stripped: false },
            plan(
                MediaType::Object { stripped: true },
                PlanFormat::Json,
                &[PlanOption::Verbose, PlanOption::Wal],
            ),
            MediaType::Other("application/vnd.twkb".to_owned()),
        ];
        for media_type in all {
            assert_eq!(MediaType::parse(&media_type.to_string()), media_type);
        }
    }
}
