//! One file, judged: what it is, whether it is called so and taken here, and what is inside it.

use super::archive::Weighing;
use super::content::{self, Family};
use super::polyglot;
use super::refusal::Refusal;
use super::rules::{self, Claims};
use super::spool::{Slice, Spool};
use super::svg;
use super::xml;
use crate::config::UploadConfig;

/// Judges a file by everything but its malware. Blocks.
pub(super) fn judge(
    content: &Slice,
    claims: &Claims,
    bucket: &str,
    spool: &Spool,
    config: &UploadConfig,
) -> Result<(), Refusal> {
    let head = content
        .head(content::HEAD)
        .map_err(|error| Refusal::Spool(format!("an upload could not be read again: {error}")))?;
    let kind = content::of(&head);
    rules::is_what_it_is_called(kind, claims)?;
    rules::is_taken(kind, claims, config.types.of(bucket))?;
    polyglot::is_one_thing(content, kind.family)?;
    match kind.family {
        Family::Svg if content.len() > svg::MOST_BYTES => Err(Refusal::TooLarge(svg::MOST_BYTES)),
        Family::Svg => svg::is_still(content.again()),
        Family::Text if rules::is_xml(kind, claims) => xml::is_data(content.again()),
        Family::Zip | Family::Gzip => Weighing { spool, config }.weigh(content, kind.family),
        Family::Image
        | Family::Media
        | Family::Pdf
        | Family::Sealed
        | Family::Program
        | Family::Text
        | Family::Other
        | Family::Unknown => Ok(()),
    }
}
