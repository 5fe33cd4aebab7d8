//! Stand-ins that speak the protocol of a Supabase project's services.

pub(crate) mod realtime;
pub(crate) mod storage;
