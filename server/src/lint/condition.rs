//! What a policy's condition comes to, as far as its text tells.

use super::tokens::{Call, Token, Tokens};

/// Whom a condition lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// Everybody, for every row.
    Always,
    /// Everybody who is signed in, for every row.
    AnyUser,
    /// Nobody.
    Never,
    /// It depends on the row or on the caller.
    Depends,
}

/// Judges a condition.
pub(super) fn truth(text: &str) -> Truth {
    either(&Tokens::of(text).all)
}

fn either(tokens: &[Token]) -> Truth {
    let parts = split(tokens, "or");
    let truths: Vec<Truth> = parts.iter().map(|part| both(part)).collect();
    if truths.contains(&Truth::Always) {
        Truth::Always
    } else if truths.contains(&Truth::AnyUser) {
        Truth::AnyUser
    } else if truths.iter().all(|truth| *truth == Truth::Never) {
        Truth::Never
    } else {
        Truth::Depends
    }
}

fn both(tokens: &[Token]) -> Truth {
    // BETWEEN has an AND of its own: what is around it is not judged.
    if split(tokens, "between").len() > 1 {
        return Truth::Depends;
    }
    let truths: Vec<Truth> = split(tokens, "and").into_iter().map(negated).collect();
    if truths.contains(&Truth::Never) {
        Truth::Never
    } else if truths.contains(&Truth::Depends) {
        Truth::Depends
    } else if truths.contains(&Truth::AnyUser) {
        Truth::AnyUser
    } else {
        Truth::Always
    }
}

fn negated(tokens: &[Token]) -> Truth {
    match tokens.split_first() {
        Some((first, rest)) if first.is("not") => match negated(rest) {
            Truth::Always => Truth::Never,
            Truth::Never => Truth::Always,
            Truth::AnyUser | Truth::Depends => Truth::Depends,
        },
        Some(_) | None => single(tokens),
    }
}

fn single(tokens: &[Token]) -> Truth {
    if let Some(inner) = inside(tokens) {
        return either(inner);
    }
    if let [word] = tokens {
        return match word.name() {
            Some("true") => Truth::Always,
            Some("false" | "null") => Truth::Never,
            Some(_) | None => Truth::Depends,
        };
    }
    if let Some(operand) = before(tokens, &["is", "not", "null"]) {
        return if asks_only_who(operand) {
            Truth::AnyUser
        } else {
            Truth::Depends
        };
    }
    compared(tokens)
}

/// `1 = 1`, `id = id`, `auth.role() = 'authenticated'`.
fn compared(tokens: &[Token]) -> Truth {
    let sides = split(tokens, "=");
    let [left, right] = sides.as_slice() else {
        return Truth::Depends;
    };
    let (left, right) = (bare(left), bare(right));
    if left == right && !left.is_empty() && !left.iter().any(|token| token.is("(")) {
        return Truth::Always;
    }
    let signed_in = [Token::Text("authenticated".to_owned())];
    if (left == signed_in && asks_only_who(right)) || (right == signed_in && asks_only_who(left)) {
        return Truth::AnyUser;
    }
    if is_constant(left) && is_constant(right) {
        Truth::Never
    } else {
        Truth::Depends
    }
}

fn is_constant(tokens: &[Token]) -> bool {
    matches!(tokens, [Token::Text(_) | Token::Number(_)])
}

/// Whether an operand is made of the request alone: calls without columns, such as `auth.uid()`.
fn asks_only_who(operand: &[Token]) -> bool {
    let operand = scalar(bare(operand));
    let calls = operand.iter().any(|token| token.is("("));
    let mut previous: Option<&Token> = None;
    for (index, token) in operand.iter().enumerate() {
        let next = operand.get(index + 1);
        let is_column = token.name().is_some_and(|_| {
            let opens = next.is_some_and(|next| next.is("(") || next.is("."));
            let typed = previous.is_some_and(|previous| previous.is("::") || previous.is("as"));
            !opens && !typed && !token.is("as") && !token.is("true") && !token.is("select")
        });
        if is_column {
            return false;
        }
        previous = Some(token);
    }
    calls
}

/// Without parentheses and casts around it.
fn bare(tokens: &[Token]) -> &[Token] {
    if let Some(inner) = inside(tokens) {
        return bare(inner);
    }
    match tokens {
        [before @ .., cast, Token::Name(_)] if cast.is("::") => bare(before),
        _ => tokens,
    }
}

/// What a scalar sub-select without FROM selects.
fn scalar(tokens: &[Token]) -> &[Token] {
    match tokens {
        [select, rest @ ..] if select.is("select") => match rest {
            [before @ .., word, Token::Name(_)] if word.is("as") => bare(before),
            _ => bare(rest),
        },
        _ => tokens,
    }
}

/// What is inside parentheses that span everything.
fn inside(tokens: &[Token]) -> Option<&[Token]> {
    let [first, inner @ .., last] = tokens else {
        return None;
    };
    if !first.is("(") || !last.is(")") {
        return None;
    }
    let mut depth = 0_i32;
    for token in inner {
        depth += step(token);
        if depth < 0 {
            return None;
        }
    }
    Some(inner)
}

fn before<'a>(tokens: &'a [Token], end: &[&str]) -> Option<&'a [Token]> {
    let at = tokens.len().checked_sub(end.len())?;
    let (operand, words) = tokens.split_at_checked(at)?;
    let same = words.iter().zip(end).all(|(token, word)| token.is(word));
    (same && split(operand, "=").len() == 1).then_some(operand)
}

/// Splits at a word that is in no parentheses.
fn split<'a>(tokens: &'a [Token], word: &str) -> Vec<&'a [Token]> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (index, token) in tokens.iter().enumerate() {
        depth += step(token);
        if depth == 0 && token.is(word) {
            parts.extend(tokens.get(start..index));
            start = index + 1;
        }
    }
    parts.extend(tokens.get(start..));
    parts
}

fn step(token: &Token) -> i32 {
    i32::from(token.is("(")) - i32::from(token.is(")"))
}

/// Whether a column is compared for equality, with `=`, `IN` or `= ANY`.
pub(super) fn compares(text: &str, column: &str) -> bool {
    let tokens = Tokens::of(text);
    let places = tokens.all.iter().enumerate();
    let mut named = places.filter(|(index, token)| {
        token.name() == Some(column) && !tokens.is(index + 1, "(") && !tokens.is(index + 1, ".")
    });
    named.any(|(index, _)| {
        let mut after = index + 1;
        while tokens.is(after, ")") || tokens.is(after, "::") {
            after += if tokens.is(after, "::") { 2 } else { 1 };
        }
        let mut start = if tokens.follows(index, ".") {
            index.saturating_sub(2)
        } else {
            index
        };
        while tokens.follows(start, "(") {
            start -= 1;
        }
        tokens.is(after, "=") || tokens.is(after, "in") || tokens.follows(start, "=")
    })
}

/// A use of `current_setting` that fails where nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unset {
    /// The setting may never have been made, and that is an error without the second argument.
    Missing,
    /// After a transaction the setting is `''`, which is no JSON, number or uuid.
    Empty,
}

/// The first such use in a condition or in a function's body.
pub(super) fn unset(text: &str) -> Option<Unset> {
    let tokens = Tokens::of(text);
    let calls: Vec<Call> = tokens
        .calls()
        .filter(|call| call.name == "current_setting")
        .collect();
    calls.iter().find_map(|call| {
        let custom = matches!(tokens.at(call.open + 1), Some(Token::Text(name)) if name.contains('.'));
        let arguments = tokens.all.get(call.open..call.close).unwrap_or_default();
        if custom && !arguments.iter().any(|token| token.is("true")) {
            return Some(Unset::Missing);
        }
        (custom && is_cast_raw(&tokens, call)).then_some(Unset::Empty)
    })
}

/// Whether the value of a call is cast to something that `''` is not, with nothing between that turns it into null.
fn is_cast_raw(tokens: &Tokens, call: &Call) -> bool {
    let (mut start, mut close) = (call.start, call.close);
    loop {
        if tokens.is(close + 1, "::") {
            match tokens.at(close + 2).and_then(Token::name) {
                Some("text" | "varchar" | "name") => close += 2,
                Some(_) | None => return true,
            }
            continue;
        }
        let Some(around) = tokens
            .around(start)
            .next()
            .filter(|group| group.open + 1 == start)
        else {
            return false;
        };
        match tokens.call(around).map(|call| (call.name, call.start)) {
            None if around.close == close + 1 => (start, close) = (around.open, around.close),
            Some((name, at)) if name == "coalesce" => (start, close) = (at, around.close),
            Some((name, _)) if name == "cast" => return !tokens.is(close + 2, "text"),
            None | Some(_) => return false,
        }
    }
}

/// Whether what users may write about themselves decides.
pub(super) fn believes_users(text: &str) -> bool {
    Tokens::of(text).all.iter().any(|token| match token {
        Token::Text(name) | Token::Name(name) => {
            matches!(name.as_str(), "user_metadata" | "raw_user_meta_data")
                || name
                    .split(['{', '}', ',', '.'])
                    .any(|part| part == "user_metadata")
        }
        Token::Number(_) | Token::Mark(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_always_true_is_seen_through() {
        let always = [
            "true",
            "(true)",
            "(1 = 1)",
            "((1 = 1) OR (owner = x))",
            "(NOT false)",
            "('a'::text = 'a'::text)",
            "(id = id)",
            "((NOT (NOT true)) AND (2 = 2))",
        ];
        for text in always {
            assert_eq!(truth(text), Truth::Always, "{text}");
        }
        for text in ["false", "(1 = 2)", "(NOT true)", "((a = b) AND false)", "NULL"] {
            assert_eq!(truth(text), Truth::Never, "{text}");
        }
    }

    #[test]
    fn being_signed_in_is_not_a_condition_on_rows() {
        let any_user = [
            "(auth.uid() IS NOT NULL)",
            "(( SELECT auth.uid() AS uid) IS NOT NULL)",
            "(auth.role() = 'authenticated'::text)",
            "((auth.jwt() ->> 'role'::text) = 'authenticated'::text)",
            "('authenticated'::text = ( SELECT auth.role() AS role))",
            "(auth.uid() IS NOT NULL) AND true",
        ];
        for text in any_user {
            assert_eq!(truth(text), Truth::AnyUser, "{text}");
        }
    }

    #[test]
    fn what_depends_on_rows_or_rights_is_left_alone() {
        let depends = [
            "(user_id = ( SELECT auth.uid() AS uid))",
            "(published OR (owner = x))",
            "(deleted_at IS NOT NULL)",
            "(((auth.jwt() -> 'app_metadata'::text) ->> 'role'::text) = 'admin'::text)",
            "(room_id IN ( SELECT m.room_id FROM public.memberships m WHERE (true)))",
            "(age BETWEEN 1 AND 1)",
            "(random() = random())",
            "(NOT (auth.uid() IS NOT NULL))",
        ];
        for text in depends {
            assert_eq!(truth(text), Truth::Depends, "{text}");
        }
    }

    #[test]
    fn equality_on_a_column_is_found_on_either_side() {
        for text in [
            "(user_id = x)",
            "(x = m.user_id)",
            "(m.user_id IN ( SELECT 1))",
            "((user_id)::text = 'a')",
            "(x = ANY (y)) AND (x = (user_id))",
        ] {
            assert!(compares(text, "user_id"), "{text}");
        }
        for text in [
            "(user_id > x)",
            "(user_id IS NULL)",
            "(user_id() = 1)",
            "(user_id.x = 1)",
        ] {
            assert!(!compares(text, "user_id"), "{text}");
        }
    }

    #[test]
    fn settings_that_may_be_unset_are_found() {
        let empty = [
            "((current_setting('request.jwt.claims'::text, true))::jsonb ->> 'sub')",
            "(COALESCE(current_setting('request.jwt.claims', true), '{}'))::json",
            "cast(current_setting('app.tenant', true) as uuid)",
            "current_setting('app.tenant', true)::text::int",
        ];
        for text in empty {
            assert_eq!(unset(text), Some(Unset::Empty), "{text}");
        }
        assert_eq!(
            unset("(tenant = current_setting('app.tenant'::text))"),
            Some(Unset::Missing)
        );
        let safe = [
            "((NULLIF(current_setting('request.jwt.claims'::text, true), ''::text))::jsonb ->> 'sub')",
            "(tenant = current_setting('app.tenant'::text, true))",
            "(tenant = (current_setting('app.tenant'::text, true))::text)",
            "(current_setting('server_version_num')::int > 1)",
        ];
        for text in safe {
            assert_eq!(unset(text), None, "{text}");
        }
    }

    #[test]
    fn user_metadata_is_found_as_key_path_and_column() {
        for text in [
            "auth.jwt() -> 'user_metadata'",
            "auth.jwt() #>> '{user_metadata,org}'",
            "u.raw_user_meta_data ->> 'a'",
        ] {
            assert!(believes_users(text), "{text}");
        }
        assert!(!believes_users("auth.jwt() -> 'app_metadata'"));
    }
}
