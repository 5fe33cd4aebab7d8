//! The select that opens every transaction.

use seawall_pgrest::ident::Qualified;
use seawall_pgrest::sql::session::{self, Context};
use serde_json::json;

use crate::subject::{Sent, cache};

#[test]
fn everything_is_local_to_the_transaction_and_the_role_is_told() {
    let mut sent = Sent::get("/rpc/films_of?director=1");
    sent.headers
        .push(("Prefer".to_owned(), "timezone=Europe/Lisbon".to_owned()));
    let (request, plan) = sent.plan(cache()).unwrap();
    let claims = json!({ "sub": "7", "role": "forged" });
    let statement = session::context(
        &plan,
        &request,
        &Context {
            role: "member",
            claims: claims.as_object().unwrap(),
            extra_search_path: &["public".to_owned()],
            app_settings: &[("app.settings.x".to_owned(), "1".to_owned())],
            role_settings: &[("statement_timeout".to_owned(), "5s".to_owned())],
            hoisted_settings: &["statement_timeout".to_owned()],
        },
    );
    assert_eq!(
        statement.text,
        "SELECT set_config('search_path', $1, true), set_config($2, $3, true), set_config('role', $4, true), \
         set_config('request.jwt.claims', $5, true), set_config('request.method', $6, true), \
         set_config('request.path', $7, true), set_config('request.headers', $8, true), \
         set_config('request.cookies', $9, true), set_config('timezone', $10, true), \
         set_config($11, $12, true), set_config($13, $14, true), current_user::text AS role_in_force"
    );
    let binds: Vec<&str> = statement
        .binds
        .iter()
        .map(|bind| bind.0.as_deref().unwrap())
        .collect();
    assert_eq!(
        binds,
        [
            r#""api", "public""#,
            "statement_timeout",
            "5s",
            "member",
            r#"{"role":"member","sub":"7"}"#,
            "GET",
            "/rpc/films_of",
            r#"{"prefer":"timezone=Europe/Lisbon"}"#,
            "{}",
            "Europe/Lisbon",
            "statement_timeout",
            "1s",
            "app.settings.x",
            "1",
        ]
    );
}

#[test]
fn the_pre_request_function_is_quoted() {
    let statement = session::pre_request(&Qualified::parse("auth.check\"; drop"));
    assert_eq!(statement.text, r#"SELECT "auth"."check""; drop"()"#);
}
