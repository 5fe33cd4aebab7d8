//! Which rows a write touches, as far as that can be told from its request.

/// The rows of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// These, by the text of their keys.
    Named(Vec<String>),
    /// New ones that nobody can name yet.
    New,
    /// Any: a filter, or a function.
    Any,
}

impl Rows {
    /// Whether two writes may touch the same row.
    #[must_use]
    pub fn may_meet(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(_), Self::Named(_)) => self.surely_meets(other),
            (Self::New, Self::New | Self::Named(_)) | (Self::Named(_), Self::New) => false,
            (Self::Any, Self::Named(_) | Self::New | Self::Any) | (Self::Named(_) | Self::New, Self::Any) => {
                true
            }
        }
    }

    /// Whether both name the same row.
    #[must_use]
    pub fn surely_meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(ours), Self::Named(theirs)) => ours.iter().any(|row| theirs.contains(row)),
            (Self::New | Self::Any, _) | (Self::Named(_), Self::New | Self::Any) => false,
        }
    }

    /// What a request's query names: the one row of `key=eq.value` and no other filter that could widen it, or any.
    ///
    /// Further filters only narrow (PostgREST joins them by *and*), so they do not matter; a filter on an embedded
    /// resource has a dot in its name and is none of the key.
    #[must_use]
    pub fn in_query(query: &str, key: &str) -> Self {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| *name == key)
            .find_map(|(_, value)| value.strip_prefix("eq."))
            .map_or(Self::Any, |row| Self::Named(vec![row.to_owned()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(keys: &[&str]) -> Rows {
        Rows::Named(keys.iter().map(|&key| key.to_owned()).collect())
    }

    #[test]
    fn rows_meet_when_they_are_the_same_or_might_be() {
        assert!(named(&["1", "2"]).may_meet(&named(&["2"])));
        assert!(!named(&["1"]).may_meet(&named(&["2"])));
        assert!(!Rows::New.may_meet(&named(&["2"])) && !Rows::New.may_meet(&Rows::New));
        assert!(Rows::Any.may_meet(&Rows::New) && named(&["1"]).may_meet(&Rows::Any));
        assert!(!Rows::Any.surely_meets(&Rows::Any));
    }

    #[test]
    fn a_query_names_a_row_by_its_key() {
        assert_eq!(Rows::in_query("id=eq.7&select=id", "id"), named(&["7"]));
        assert_eq!(Rows::in_query("id=gt.7", "id"), Rows::Any);
        assert_eq!(Rows::in_query("rooms.id=eq.7", "id"), Rows::Any);
        assert_eq!(Rows::in_query("", "id"), Rows::Any);
        assert_eq!(Rows::in_query("or=(id.eq.7,id.eq.8)", "id"), Rows::Any);
    }
}
