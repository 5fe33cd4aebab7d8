//! The hot path of the policy core as JavaScript sees it: numbers in, numbers out.
