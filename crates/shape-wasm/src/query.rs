//! The query builder: steps in words, on the crate `postgrest`, to one request.

use postgrest::{Builder, Postgrest};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// Describes a request. `steps` are flat: a step's name, the number of its words, the words. The answer is flat too:
/// method, URL, body, and then name and value of each header.
///
/// # Errors
/// A step is not one of the builder's, or lacks a word.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "a list crosses the boundary owned")]
pub fn build_query(url: &str, schema: &str, steps: Vec<String>) -> Result<Vec<String>, JsError> {
    describe(url, schema, &steps).map_err(|step| JsError::new(&["there is no step \"", &step, "\""].concat()))
}

/// A request as [`build_query`] gives it, or the step that is none.
///
/// # Errors
/// A step is not one of the builder's, or lacks a word.
pub fn describe(url: &str, schema: &str, steps: &[String]) -> Result<Vec<String>, String> {
    let mut client = Postgrest::new(url);
    if !schema.is_empty() {
        client = client.schema(schema);
    }
    let mut builder = None;
    let mut pairs = Vec::new();
    let mut rest = steps;
    while let [name, count, words @ ..] = rest {
        let unknown = || name.clone();
        let count: usize = count.parse().map_err(|_| unknown())?;
        let (words, following) = words.split_at_checked(count).ok_or_else(unknown)?;
        rest = following;
        builder = match (name.as_str(), words, builder) {
            ("from", [table], None) => Some(client.from(table)),
            ("rpc", [function, body], None) => Some(client.rpc(function, body)),
            ("pair", [column, value], found) => {
                pairs.push((column.clone(), value.clone()));
                found
            }
            (_, _, Some(found)) => Some(step(found, name, words).ok_or_else(unknown)?),
            (_, _, None) => return Err(unknown()),
        };
    }
    let Some(builder) = builder else {
        return Err("from".to_owned());
    };
    let request = builder
        .build()
        .query(&pairs)
        .build()
        .map_err(|error| error.to_string())?;
    let mut described = vec![request.method.as_str().to_owned(), request.url, request.body];
    for (name, value) in request.headers.iter() {
        described.push(name.to_owned());
        described.push(value.to_owned());
    }
    Ok(described)
}

fn step(builder: Builder, name: &str, words: &[String]) -> Option<Builder> {
    Some(match (name, words) {
        ("select", [columns]) => builder.select(columns),
        ("eq", [column, value]) => builder.eq(column, value),
        ("neq", [column, value]) => builder.neq(column, value),
        ("gt", [column, value]) => builder.gt(column, value),
        ("gte", [column, value]) => builder.gte(column, value),
        ("lt", [column, value]) => builder.lt(column, value),
        ("lte", [column, value]) => builder.lte(column, value),
        ("is", [column, value]) => builder.is(column, value),
        ("in", [column, values @ ..]) => builder.in_(column, values),
        ("contains", [column, value]) => builder.cs(column, value),
        ("containedBy", [column, value]) => builder.cd(column, value),
        ("overlaps", [column, value]) => builder.ov(column, value),
        ("not", [column, operator, value]) => builder.not(operator, column, value),
        ("or", [filters]) => builder.or(filters),
        ("order", [columns]) => builder.order(columns),
        ("single", []) => builder.single(),
        ("insert", [body]) => builder.insert(body),
        ("upsert", [body]) => builder.upsert(body),
        ("onConflict", [columns]) => builder.on_conflict(columns),
        ("update", [body]) => builder.update(body),
        ("delete", []) => builder.delete(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(steps: &[&str]) -> Result<Vec<String>, String> {
        let steps: Vec<String> = steps.iter().map(|word| (*word).to_owned()).collect();
        describe("/rest/v1", "", &steps)
    }

    #[test]
    fn steps_become_a_request() {
        let request = described(&[
            "from", "1", "t", "select", "1", "a,b", "eq", "2", "a", "x y", "pair", "2", "limit", "5",
        ])
        .unwrap();
        assert_eq!(request[0], "GET");
        assert_eq!(request[1], "/rest/v1/t?select=a%2Cb&a=eq.x+y&limit=5");
        assert_eq!(request[2..], ["", "accept", "application/json"]);
    }

    #[test]
    fn what_is_no_step_is_named() {
        assert_eq!(
            described(&["from", "1", "t", "sleect", "1", "a"]),
            Err("sleect".to_owned())
        );
        assert_eq!(described(&["select", "1", "a"]), Err("select".to_owned()));
        assert_eq!(
            described(&["from", "1", "t", "eq", "1", "a"]),
            Err("eq".to_owned())
        );
        assert_eq!(described(&[]), Err("from".to_owned()));
    }
}
