//! Random questions along the keys of a random schema.

use std::collections::HashSet;

use seawall_e2e::{Answer, TestApp};

use super::super::dice::Dice;
use super::make::{ROWS, Schema, owner};
use super::people::{PEOPLE, TEAMS};

/// How deep tables are embedded in each other.
const DEPTH: usize = 3;

/// Who asks what, and how.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) who: usize,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
}

impl Question {
    pub(super) fn random(schema: &Schema, dice: &mut Dice) -> Self {
        let place = dice.roll(schema.tables.len());
        let mut asked = Asked {
            schema,
            parameters: vec!["order=id".to_owned()],
            embeds: 0,
        };
        let select = asked.level(place, "", 1, dice);
        asked.parameters.push(format!("select={select}"));
        if dice.roll(5) == 0 {
            asked.parameters.push(format!("limit={}", 1 + dice.roll(4)));
        }
        let name = schema.tables.get(place).map(|table| table.name.as_str());
        let path = format!(
            "/rest/v1/{}?{}",
            name.unwrap_or_default(),
            asked.parameters.join("&")
        );
        let headers = match dice.roll(8) {
            0 => vec![("prefer", "count=exact")],
            1 => vec![("range-unit", "items"), ("range", "1-3")],
            2 => vec![("accept", "text/csv")],
            3 => vec![("accept", "application/vnd.pgrst.object+json")],
            4 => vec![("accept", "application/vnd.pgrst.array+json;nulls=stripped")],
            5 => vec![("origin", "https://app.example")],
            _ => Vec::new(),
        };
        Self {
            who: 0,
            path,
            headers,
        }
    }

    /// The same, asked by one of the people.
    pub(super) fn by(&self, who: usize) -> Self {
        Self { who, ..self.clone() }
    }

    /// Past the cache or not.
    pub(super) async fn send(&self, app: &TestApp, past: bool) -> Answer {
        let person = PEOPLE.get(self.who).unwrap_or(&PEOPLE[0]);
        let mut request = person.on(app).get(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if past {
            request = request.header("cache-control", "no-store");
        }
        request.send().await
    }
}

struct Asked<'schema> {
    schema: &'schema Schema,
    parameters: Vec<String>,
    embeds: usize,
}

impl Asked<'_> {
    /// What is selected of a table, `prefix` being the way to it.
    fn level(&mut self, place: usize, prefix: &str, depth: usize, dice: &mut Dice) -> String {
        let restriction = self.restriction(place, dice);
        if !restriction.is_empty() {
            self.parameters.push(format!("{prefix}{restriction}"));
        }
        let mut columns = vec!["id".to_owned(), "words".to_owned()];
        let ways = self.schema.ways(place);
        if depth < DEPTH && !ways.is_empty() {
            for _ in 0..dice.roll(3) {
                let Some(way) = ways.get(dice.roll(ways.len())) else {
                    continue;
                };
                self.embeds += 1;
                let alias = format!("e{}", self.embeds);
                let inner = if dice.roll(4) == 0 { "!inner" } else { "" };
                let way_to = format!("{prefix}{alias}.");
                self.parameters.push(format!("{way_to}order=id"));
                let selected = self.level(way.to, &way_to, depth + 1, dice);
                let name = self.schema.tables.get(way.to).map(|table| table.name.as_str());
                columns.push(format!(
                    "{alias}:{}!{}{inner}({selected})",
                    name.unwrap_or_default(),
                    way.hint
                ));
            }
        }
        columns.join(",")
    }

    fn restriction(&self, place: usize, dice: &mut Dice) -> String {
        let above = self.schema.tables.get(place).map(|table| table.above.as_slice());
        let above = above.unwrap_or_default();
        match dice.roll(8) {
            0 => format!("id=eq.{}", dice.roll(ROWS)),
            1 => format!("id=in.({},{})", dice.roll(ROWS), dice.roll(ROWS)),
            2 => format!("owner=eq.{}", owner(dice)),
            3 => format!("team=eq.{}", dice.roll(TEAMS)),
            4 | 5 => {
                let above = above.get(dice.roll(above.len().max(1)));
                let row = dice.roll(ROWS);
                above.map_or_else(String::new, |above| format!("to_{above}=eq.{row}"))
            }
            _ => String::new(),
        }
    }
}

/// The texts of rows in whatever form they come.
pub(super) fn texts(body: &str) -> HashSet<String> {
    let pieces = body.split('<').skip(1);
    pieces
        .filter_map(|piece| piece.split_once('>'))
        .map(|(text, _)| text.to_owned())
        .collect()
}
