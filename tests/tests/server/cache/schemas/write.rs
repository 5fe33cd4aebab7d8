//! Random writes that change what is seen, and by whom.

use http::Method;
use seawall_e2e::TestApp;
use serde_json::{Map, Value, json};

use super::super::dice::Dice;
use super::make::{ROWS, Schema, owner, words};
use super::people::TEAMS;

/// A write through a server, and what is written behind it instead where everybody hears that.
#[derive(Debug, Clone)]
pub(super) struct Write {
    method: Method,
    path: String,
    body: Option<Value>,
    behind: Option<String>,
}

impl Write {
    pub(super) fn random(schema: &Schema, dice: &mut Dice, serial: usize) -> Self {
        let place = dice.roll(schema.tables.len());
        let table = schema.tables.get(place);
        let name = table.map(|table| table.name.as_str()).unwrap_or_default();
        let above = table.map(|table| table.above.as_slice()).unwrap_or_default();
        let row = dice.roll(ROWS + 2);
        let (who, team) = (owner(dice), dice.roll(TEAMS));
        let of_row = format!("{name}?id=eq.{row}");
        let teams = &schema.teams;
        let (method, path, body) = match dice.roll(12) {
            0 | 1 => (
                Method::PATCH,
                of_row,
                Some(json!({"words": words(place, row, serial)})),
            ),
            2 | 3 => (Method::PATCH, of_row, Some(json!({"owner": who}))),
            4 => (Method::PATCH, of_row, Some(json!({"team": team}))),
            5 => (Method::DELETE, of_row, None),
            6 | 7 => {
                let mut whole = Map::new();
                whole.insert("id".to_owned(), json!(row));
                whole.insert("owner".to_owned(), json!(who));
                whole.insert("team".to_owned(), json!(team));
                whole.insert("words".to_owned(), json!(words(place, row, serial)));
                for above in above {
                    whole.insert(format!("to_{above}"), json!(dice.roll(ROWS)));
                }
                let path = format!("{name}?on_conflict=id");
                (Method::POST, path, Some(Value::Object(whole)))
            }
            8 => (
                Method::PATCH,
                format!("{name}?team=eq.{team}"),
                Some(json!({"owner": who})),
            ),
            9 | 10 => (
                Method::DELETE,
                format!("{teams}?who=eq.{who}&team=eq.{team}"),
                None,
            ),
            _ => (
                Method::POST,
                format!("{teams}?on_conflict=who,team"),
                Some(json!({"who": who, "team": team})),
            ),
        };
        let statements = [
            format!("update {name} set words = '<{place}.' || id || '.{serial}>' where team = {team}"),
            format!(
                "begin; delete from {teams} where who = '{who}'; update {name} set owner = '{who}'; commit"
            ),
            format!("delete from {teams} where team = {team}"),
            format!("insert into {teams} values ('{who}', {team}) on conflict do nothing"),
        ];
        let behind = statements.into_iter().nth(dice.roll(12));
        Self {
            method,
            path: format!("/rest/v1/{path}"),
            body,
            behind: behind.filter(|_| schema.watched),
        }
    }

    pub(super) fn through_a_server(mut self) -> Self {
        self.behind = None;
        self
    }

    pub(super) async fn send(&self, app: &TestApp) {
        if let Some(sql) = &self.behind {
            app.database().run(sql).await;
            return;
        }
        let service = app.with_claims(&json!({"role": "service_role"}));
        let request = service
            .request(self.method.clone(), &self.path)
            .prefer("resolution=merge-duplicates");
        let request = match &self.body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await;
        // A row above may be gone.
        assert!(
            answer.status.is_success() || answer.status == 409,
            "{self:?}: {:?}",
            answer.body
        );
    }
}
