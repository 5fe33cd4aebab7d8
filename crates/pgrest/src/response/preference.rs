//! Which preferences were honoured.

use crate::{
    plan::MutatePlan,
    request::{
        ApiRequest, Count, Handling, Missing, Mutation, Preferences, Representation, Resolution, TxEnd,
    },
};

/// A read returns rows whatever was preferred, and touches none.
pub(super) fn of_read(preferences: &Preferences) -> Preferences {
    Preferences {
        max_affected: None,
        ..of_call(preferences)
    }
}

/// A call may touch rows.
pub(super) fn of_call(preferences: &Preferences) -> Preferences {
    Preferences {
        resolution: None,
        representation: None,
        missing: None,
        ..preferences.clone()
    }
}

/// What counts of a write depends on its kind.
pub(super) fn of_mutation(plan: &MutatePlan, request: &ApiRequest) -> Preferences {
    let preferences = &request.preferences;
    let resolvable = !plan.primary_key.is_empty() || request.query.on_conflict.is_some();
    let (resolution, missing, max_affected) = match plan.mutation {
        Mutation::Create => (
            preferences.resolution.filter(|_| resolvable),
            preferences.missing,
            None,
        ),
        Mutation::Update => (None, preferences.missing, preferences.max_affected),
        Mutation::Delete => (None, None, preferences.max_affected),
        Mutation::SingleUpsert => (None, None, None),
    };
    Preferences {
        resolution,
        missing,
        max_affected,
        ..preferences.clone()
    }
}

/// The value of `Preference-Applied`, if anything was.
pub(super) fn applied(preferences: &Preferences) -> Option<String> {
    let tokens = [
        preferences.resolution.map(Resolution::token),
        preferences.missing.map(Missing::token),
        preferences.representation.map(Representation::token),
        preferences.count.map(Count::token),
        preferences.tx.map(TxEnd::token),
        preferences.handling.map(Handling::token),
    ];
    let timezone = preferences
        .timezone
        .as_ref()
        .map(|zone| format!("timezone={zone}"));
    let max_affected = preferences
        .binding_max_affected()
        .map(|rows| format!("max-affected={rows}"));
    let all: Vec<String> = tokens
        .into_iter()
        .flatten()
        .map(ToOwned::to_owned)
        .chain(timezone)
        .chain(max_affected)
        .collect();
    (!all.is_empty()).then(|| all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_preferences_have_their_place() {
        let preferences = Preferences {
            resolution: Some(Resolution::MergeDuplicates),
            representation: Some(Representation::Full),
            count: Some(Count::Exact),
            tx: Some(TxEnd::Rollback),
            missing: Some(Missing::Default),
            handling: Some(Handling::Strict),
            timezone: Some("UTC".to_owned()),
            max_affected: Some(3),
            invalid: Vec::new(),
        };
        let expected = "resolution=merge-duplicates, missing=default, return=representation, count=exact, \
                        tx=rollback, handling=strict, timezone=UTC, max-affected=3";
        assert_eq!(applied(&preferences).as_deref(), Some(expected));
        assert_eq!(
            applied(&of_read(&preferences)).as_deref(),
            Some("count=exact, tx=rollback, handling=strict, timezone=UTC")
        );
    }

    #[test]
    fn a_cap_that_does_not_bind_was_not_applied() {
        let preferences = Preferences {
            max_affected: Some(3),
            ..Preferences::default()
        };
        assert_eq!(applied(&preferences), None);
    }
}
