//! SVG that does nothing: an image that is a document can carry scripts in many spellings.
//!
//! The document is read by an XML parser and held against what runs: elements, handlers,
//! addresses that are code or come from elsewhere, entities that could hide any of them.
//! What does not parse is refused too, for a browser may read it more kindly.

use std::io::{BufReader, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::refusal::Refusal;

/// An image with more markup than this is not one.
pub(super) const MOST_BYTES: u64 = 8 << 20;

const RUNNING: [&str; 14] = [
    "script",
    "foreignobject",
    "iframe",
    "embed",
    "object",
    "handler",
    "listener",
    "link",
    "meta",
    "base",
    "audio",
    "video",
    "html",
    "body",
];
const ANIMATING: [&str; 5] = [
    "set",
    "animate",
    "animatetransform",
    "animatemotion",
    "animatecolor",
];
const SAFE_DATA: [&str; 4] = [
    "data:image/png",
    "data:image/jpeg",
    "data:image/gif",
    "data:image/webp",
];

/// Refuses an SVG that could do something.
pub(super) fn is_still(content: impl Read) -> Result<(), Refusal> {
    let mut reader = Reader::from_reader(BufReader::new(content.take(MOST_BYTES)));
    reader.config_mut().check_end_names = true;
    let mut buffer = Vec::new();
    let mut inside_style = false;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| unreadable())? {
            Event::Start(element) => {
                check(&element)?;
                inside_style = local(element.name().as_ref())? == "style";
            }
            Event::Empty(element) => check(&element)?,
            Event::End(_) => inside_style = false,
            Event::Text(text) if inside_style => style(&lower(&text)?)?,
            Event::CData(text) if inside_style => style(&lower(&text)?)?,
            Event::GeneralRef(name) if !is_plain_reference(&name) => {
                return Err(Refusal::Script("an entity"));
            }
            Event::GeneralRef(_) if inside_style => return Err(Refusal::Script("an escaped style")),
            Event::DocType(text) if text.contains(&b'[') || lower(&text)?.contains("<!") => {
                return Err(Refusal::Script("a document type with entities"));
            }
            Event::PI(_) => return Err(Refusal::Script("a processing instruction")),
            Event::Eof => return Ok(()),
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

fn check(element: &BytesStart<'_>) -> Result<(), Refusal> {
    let name = local(element.name().as_ref())?;
    if RUNNING.contains(&name.as_str()) {
        return Err(Refusal::Script("an element that runs or loads"));
    }
    let (animating, linking) = (ANIMATING.contains(&name.as_str()), name == "a");
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|_| unreadable())?;
        let name = local(attribute.key.as_ref())?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| unreadable())?;
        let value: String = value
            .chars()
            .filter(|letter| !letter.is_whitespace() && !letter.is_control())
            .flat_map(char::to_lowercase)
            .collect();
        check_attribute(&name, &value, (animating, linking))?;
    }
    Ok(())
}

fn check_attribute(name: &str, value: &str, (animating, linking): (bool, bool)) -> Result<(), Refusal> {
    if name.starts_with("on") {
        return Err(Refusal::Script("an event handler"));
    }
    if animating && name == "attributename" && (value.ends_with("href") || value.starts_with("on")) {
        return Err(Refusal::Script("an animated address"));
    }
    if ["href", "src", "action", "from", "to", "values", "by"].contains(&name) {
        let loads = matches!(name, "href" | "src");
        let leads = |prefix: &str| value.starts_with(prefix);
        if value.contains("javascript:") || value.contains("vbscript:") {
            return Err(Refusal::Script("an address that is code"));
        }
        if leads("data:") && !SAFE_DATA.iter().any(|safe| leads(safe)) {
            return Err(Refusal::Script("a document inside the image"));
        }
        let inside = leads("#") || leads("data:") || value.is_empty();
        if loads && !inside && !(linking && is_link(value)) {
            return Err(Refusal::Script("an address outside the image"));
        }
    }
    if name == "style" { style(value) } else { Ok(()) }
}

/// An ordinary link of a page; following it takes a person.
fn is_link(value: &str) -> bool {
    value.starts_with("https://") || value.starts_with("http://") || value.starts_with("mailto:")
}

fn style(text: &str) -> Result<(), Refusal> {
    let tight: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let running = [
        "@import",
        "expression(",
        "javascript:",
        "-moz-binding",
        "behavior:",
        "\\",
    ];
    if running.iter().any(|word| tight.contains(word)) {
        return Err(Refusal::Script("a style that runs or loads"));
    }
    Ok(())
}

/// One of the five that XML knows, or a letter by its number.
fn is_plain_reference(name: &[u8]) -> bool {
    name.starts_with(b"#") || [&b"amp"[..], b"lt", b"gt", b"quot", b"apos"].contains(&name)
}

/// A name without its namespace's prefix, in small letters.
fn local(name: &[u8]) -> Result<String, Refusal> {
    let name = lower(name)?;
    Ok(name.rsplit(':').next().unwrap_or_default().to_owned())
}

fn lower(text: &[u8]) -> Result<String, Refusal> {
    let text = std::str::from_utf8(text).map_err(|_| unreadable())?;
    Ok(text.to_lowercase())
}

fn unreadable() -> Refusal {
    Refusal::Script("the image is not well-formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(inside: &str) -> Result<(), Refusal> {
        let text = format!(
            "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">{inside}</svg>"
        );
        is_still(text.as_bytes())
    }

    #[test]
    fn an_image_that_does_nothing_passes() {
        for inside in [
            "<path d=\"M0 0h10\" style=\"fill: red\"/>",
            "<defs><g id=\"a\"/></defs><use href=\"#a\"/><use xlink:href=\"#a\"/>",
            "<image href=\"data:image/png;base64,AAAA\"/>",
            "<text>on time &amp; &#233;</text><style>.a { fill: url(#g) }</style>",
            "<a href=\"https://example.com\"><circle r=\"1\"/></a>",
            "<!-- <script> --><desc>script</desc>",
        ] {
            assert_eq!(svg(inside), Ok(()), "{inside}");
        }
    }

    #[test]
    fn no_spelling_of_a_script_passes() {
        for inside in [
            "<script>alert(1)</script>",
            "<SCRIPT/>",
            "<x:script xmlns:x=\"http://www.w3.org/2000/svg\"/>",
            "<g onload=\"alert(1)\"/>",
            "<g OnClick='a()'/>",
            "<a href=\"javascript:alert(1)\"/>",
            "<a xlink:href=\" java&#115;cript&#58;alert(1)\"/>",
            "<a href=\"java\tscript:alert(1)\"/>",
            "<use href=\"data:image/svg+xml;base64,AAAA\"/>",
            "<use href=\"//evil.example/x.svg#a\"/>",
            "<image href=\"https://evil.example/x.png\"/>",
            "<foreignObject><p/></foreignObject>",
            "<set attributeName=\"href\" to=\"x\"/>",
            "<animate attributeName=\"xlink:href\" values=\"javascript:alert(1)\"/>",
            "<set attributeName=\"onmouseover\" to=\"alert(1)\"/>",
            "<style>@import url(//evil.example)</style>",
            "<style><![CDATA[@im\nport 'x']]></style>",
            "<g style=\"behavior: url(x)\"/>",
            "<?xml-stylesheet href=\"x\"?>",
            "&evil;",
        ] {
            assert!(svg(inside).is_err(), "{inside}");
        }
    }

    #[test]
    fn what_cannot_be_read_does_not_pass() {
        for text in [
            "<!DOCTYPE svg [<!ENTITY x \"<script/>\">]><svg>&x;</svg>",
            "<svg><g></svg>",
            "<svg a=b/>",
            "<svg><",
        ] {
            assert!(is_still(text.as_bytes()).is_err(), "{text}");
        }
    }
}
